"""DHCPv6 replies: options in order, relay headers around them, and where they go (RFC 8415 19.3, RFC 8357, RFC 6422).

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Iterable

from kea_mp.dhcp.judge6 import judge
from kea_mp.dhcp.message6 import (
    CLIENT_PORT,
    IA_NA,
    IA_PD,
    RELAY_SOURCE_PORT,
    SERVER_PORT,
    STATUS_CODE,
    Option6,
    Relay6,
    encode6,
    pack_option6,
)
from kea_mp.dhcp.special6 import sub_options6
from kea_mp.errors import WireError
from workers.serving.engine6.context import Exchange6
from workers.serving.engine6.options import CLIENT_ID, FQDN, ORO, RAPID_COMMIT, VENDOR_CLASS, VENDOR_OPTS, Template6
from workers.serving.engine6.packet import Reply6
from workers.serving.engine6.plan import AnyPool6

NO_TEMPLATE = Template6(b"", b"", b"", b"", {})
NOTHING: tuple[bytes, ...] = ()
NO_POOLS: tuple[AnyPool6, ...] = ()
PACKED_RAPID_COMMIT = pack_option6(RAPID_COMMIT, b"")


def template_for(x: Exchange6) -> Template6:
    """The configured part of a reply that gives the client its `places`."""
    options, plan = x.message.options, x.plan
    pools = pools_of(x) if plan is not None and plan.pools_tell and x.places else NO_POOLS
    host = x.host() if x.hosts else None
    asked = options.get(ORO)
    key = (
        plan, tuple(map(id, pools)), x.classes.names, 0 if host is None else id(host), asked[0] if asked else b"",
        tuple(options.get(VENDOR_CLASS, NOTHING)), tuple(options.get(VENDOR_OPTS, NOTHING)),
    )  # fmt: skip
    return x.know.options.template(key, pools, x.classes, host)


def pools_of(x: Exchange6) -> tuple[AnyPool6, ...]:
    """The pools of the selected subnet from which the client gets something, in the order of addresses."""
    plan = x.plan
    if plan is None:
        return NO_POOLS
    places = sorted(x.places, key=lambda place: place[1])
    pools = {id(pool): pool for kind, address in places if (pool := plan.pool_at(kind, address)) is not None}
    return tuple(pools.values())


def answer6(
    x: Exchange6,
    kind: int,
    template: Template6,
    *,
    addresses: bytes = b"",
    status: bytes = b"",
    rapid_commit: bool = False,
    prefixes: bytes = b"",
    fqdn: bytes | None = None,
) -> Reply6:
    """A reply. kind: its type; addresses, prefixes: IA_NA and IA_PD options, status: a status code option, all packed;
    fqdn: payload of option 39."""
    client = x.message.options.get(CLIENT_ID)
    a, b, c, d, own = template
    rapid = PACKED_RAPID_COMMIT if rapid_commit else b""
    name = pack_option6(FQDN, fqdn) if fqdn is not None else b""
    if own:
        addresses = addresses or own.get(IA_NA, b"")
        status += own.get(STATUS_CODE, b"")
        rapid = rapid or own.get(RAPID_COMMIT, b"")
        prefixes = prefixes or own.get(IA_PD, b"")
        name = name or own.get(FQDN, b"")
    packed = b"".join((
        pack_option6(CLIENT_ID, client[0]) if client else b"",
        x.know.options.server_id,
        addresses,
        a,
        status,
        rapid,
        b,
        prefixes,
        c,
        name,
        d,
    ))  # fmt: skip
    return sent6(x, kind, packed)


def sent6(x: Exchange6, kind: int, options: bytes) -> Reply6:
    """The datagram for packed options, completed by what the relays supply."""
    packet, relays = x.packet, x.message.relays
    if not relays:
        payload = encode6(kind, x.message.xid, options)
        return Reply6(payload, packet.source, CLIENT_PORT, packet.ifindex, kind, x.statistics)
    if any(Option6.RSOO in relay.options for relay in relays):
        options = _completed(options, relays, x.know.config.relay_supplied_options)
    port = packet.source_port if RELAY_SOURCE_PORT in relays[0].options else SERVER_PORT
    payload = encode6(kind, x.message.xid, options, relays)
    return Reply6(payload, packet.source, port, packet.ifindex, kind, x.statistics)


def _completed(options: bytes, relays: Iterable[Relay6], may_supply: frozenset[int]) -> bytes:
    """The options with those that relays supply (RSOO) and the reply does not have; of several relays the one nearest
    to the client counts."""
    found, _ = sub_options6(options)
    for relay in reversed(tuple(relays)):
        supplied, _ = sub_options6(relay.option(Option6.RSOO) or b"")
        for code, payloads in supplied.items():
            if code in may_supply and code not in found and is_sound(code, payloads[0]):
                found[code] = payloads[:1]
    return b"".join(pack_option6(code, payload) for code in sorted(found) for payload in found[code])


def is_sound(code: int, payload: bytes) -> bool:
    """Whether a client can read the option."""
    try:
        return judge(code, payload, False) is not None
    except WireError:
        return False
