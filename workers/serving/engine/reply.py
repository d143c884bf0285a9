"""Replies: header, options in order, and where they go (RFC 2131 4.1, RFC 8357).

Runs in: serving
"""

from __future__ import annotations

from kea_mp.dhcp.message4 import (
    ACK,
    BOOTREPLY,
    BROADCAST,
    CLIENT_PORT,
    INFORM,
    NAK,
    OFFER,
    SERVER_PORT,
    encode4,
    pack_option,
)
from kea_mp.values import packed4
from workers.serving.engine.agent import RELAY_PORT, echoed, sub_option
from workers.serving.engine.client_names import NO_NAMES, Names
from workers.serving.engine.context import Exchange
from workers.serving.engine.lifetimes import tee_times
from workers.serving.engine.options import CLIENT_ID, FQDN, HOST_NAME, SELECTION, SERVER_ID, Template
from workers.serving.engine.packet import Reply4
from workers.serving.engine.plan import SubnetPlan

MOST_PLAIN = 64  #: finished options kept with a template; a client may ask for any lifetime
EVERYBODY = 0xFFFFFFFF
EVERYBODY_MAC = b"\xff" * 6

_KIND = {kind: b"\x35\x01%c" % kind for kind in (OFFER, ACK, NAK)}


def times(x: Exchange, plan: SubnetPlan, sent: int, kept: int) -> tuple[bytes, bytes]:
    """Option 51 and options 58 and 59. sent: seconds told to the client; kept: of the lease, for T1 and T2."""
    found = x.know.times.get((plan, sent, kept))
    if found is None:
        if len(x.know.times) >= 4096:
            x.know.times.clear()
        found = x.know.times[plan, sent, kept] = packed_times(sent, *tee_times(plan.parameters, kept))
    return found


def packed_times(sent: int, t1: int, t2: int) -> tuple[bytes, bytes]:
    """Option 51, and options 58 and 59 as far as they are not 0."""
    tees = b"".join(b"%c\x04%b" % (code, packed4(value)) for code, value in ((58, t1), (59, t2)) if value)
    return b"\x33\x04" + packed4(sent), tees


def template_for(x: Exchange, address: int) -> Template:
    """The configured part of a reply with this address (0: none)."""
    plan = x.plan
    return _template(x, bool(address), plan.pool_index(address) if address and plan is not None else -1)


def _template(x: Exchange, lease: bool, pool: int) -> Template:
    """lease: the reply has one. pool: index of the one that has its address, or -1."""
    host, options = x.host() if x.hosts else None, x.options
    key = (
        x.plan,
        pool,
        x.classes.names,
        id(host) if host is not None else 0,
        options.get(55, b""),
        options.get(124, b""),
        options.get(125, b""),
        lease,
        x.local,
    )
    return x.know.options.template(key, x.classes, host)


def lease_reply(x: Exchange, kind: int, address: int, pool: int, sent: int, kept: int, names: Names) -> Reply4:
    """DHCPOFFER or DHCPACK with an address. pool: index of the one that has it, or -1."""
    plan = x.plan
    assert plan is not None
    template = _template(x, True, pool)
    lease_time, tees = times(x, plan, sent, kept)
    return answer(x, kind, template, yiaddr=address, names=names, lease_time=lease_time, tees=tees)


def answer(
    x: Exchange,
    kind: int,
    template: Template,
    *,
    yiaddr: int = 0,
    names: Names = NO_NAMES,
    lease_time: bytes = b"",
    tees: bytes = b"",
) -> Reply4:
    """A reply made of a template and of what is this client's own."""
    a, b, c, d, e, f, g, own, _, siaddr, sname, file, plain = template
    options = x.options
    echo, selection = b"", options.get(SELECTION)
    if CLIENT_ID in options and x.know.config.echo_client_id:
        echo = pack_option(CLIENT_ID, options[CLIENT_ID])
    if names is NO_NAMES and not own and not echo and selection is None:
        packed = plain.get((kind, lease_time, tees), b"")
        if not packed:
            if len(plain) >= MOST_PLAIN:
                plain.clear()
            packed = plain[kind, lease_time, tees] = b"".join((_KIND[kind], a, b, lease_time, c, tees, d, e, f, g))
        return _sent(x, kind, packed, yiaddr, siaddr, sname, file)
    hostname, fqdn, _, _ = names
    if own:
        lease_time = lease_time or own.get(51, b"")
        tees = tees_with(tees, own)
    packed = b"".join((
        _KIND[kind],
        a,
        own.get(HOST_NAME, b"") if hostname is None else pack_option(HOST_NAME, hostname),
        b,
        lease_time,
        c,
        tees,
        d,
        echo or own.get(CLIENT_ID, b""),
        e,
        own.get(FQDN, b"") if fqdn is None else pack_option(FQDN, fqdn),
        f,
        own.get(SELECTION, b"") if selection is None else pack_option(SELECTION, selection),
        g,
    ))  # fmt: skip
    return _sent(x, kind, packed, yiaddr, siaddr, sname, file)


def tees_with(tees: bytes, own: dict[int, bytes]) -> bytes:
    """T1 and T2 as computed, completed by configured options 58 and 59 where there is none."""
    t1 = tees[:6] if tees[:1] == b"\x3a" else own.get(58, b"")
    t2 = tees[-6:] if tees[-6:-5] == b"\x3b" else own.get(59, b"")
    return t1 + t2


def nak(x: Exchange) -> Reply4:
    """DHCPNAK: server identifier and echoes only."""
    options = x.options
    packed = _KIND[NAK] + pack_option(SERVER_ID, packed4(x.local))
    if CLIENT_ID in options and x.know.config.echo_client_id:
        packed += pack_option(CLIENT_ID, options[CLIENT_ID])
    if SELECTION in options:
        packed += pack_option(SELECTION, options[SELECTION])
    return _sent(x, NAK, packed, 0, 0, b"", b"")


def _sent(x: Exchange, kind: int, options: bytes, yiaddr: int, siaddr: int, sname: bytes, file: bytes) -> Reply4:
    message, packet = x.message, x.packet
    giaddr, hops, flags, ciaddr = message.giaddr, message.hops, message.flags, message.ciaddr
    destination, flags = destination_of(x, kind, yiaddr)
    if x.type == INFORM:
        if destination != giaddr:
            giaddr = hops = 0
        elif x.agent:
            options += agent_echo(x.agent)
    else:
        ciaddr = ciaddr if kind == ACK else 0
        if x.agent and not x.stashed:
            options += agent_echo(x.agent)
    # secs is 0, as in Kea.
    payload = encode4(BOOTREPLY, message.htype, message.hlen, hops, message.xid, 0, flags, ciaddr, yiaddr, siaddr,
                      giaddr, message.chaddr, sname, file, options)  # fmt: skip
    mac = b""
    if packet.raw:
        mac = EVERYBODY_MAC if flags & BROADCAST and not giaddr else packet.source_mac
    source = 0 if x.know.by_routes and message.giaddr else packet.local_address
    return Reply4(payload, destination, port_of(x), source, mac, kind, x.statistics)


def agent_echo(agent: bytes) -> bytes:
    """Option 82, unless there is nothing in it."""
    payload = echoed(agent)
    return pack_option(82, payload) if payload else b""


def destination_of(x: Exchange, kind: int, yiaddr: int) -> tuple[int, int]:
    """IPv4 destination, and the flags of the reply."""
    message, packet = x.message, x.packet
    flags = message.flags
    if x.type == INFORM:
        if message.ciaddr:
            return message.ciaddr, flags
        if message.giaddr:
            return message.giaddr, flags | BROADCAST
        return packet.source, flags
    if message.giaddr:
        return message.giaddr, BROADCAST if kind == NAK else flags
    if message.ciaddr:
        return message.ciaddr, flags
    if kind == NAK:
        return EVERYBODY, flags
    if yiaddr:
        return EVERYBODY if flags & BROADCAST or not packet.raw else yiaddr, flags
    return packet.source, flags


def port_of(x: Exchange) -> int:
    """UDP destination port: the client's, or the relay's, which may have chosen one (RFC 8357)."""
    message = x.message
    if x.type == INFORM:
        to_client = bool(message.ciaddr) or (not message.giaddr and bool(x.packet.source))
    else:
        to_client = not message.giaddr
    if to_client:
        return CLIENT_PORT
    if x.agent and sub_option(x.agent, RELAY_PORT) is not None:
        return x.packet.source_port
    return SERVER_PORT
