"""What is done for each DHCPv4 message, in which order: `respond` at the foot.

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Generator

from msgspec.structs import replace

from kea_mp.dhcp.message4 import ACK, DECLINE, DISCOVER, INFORM, OFFER, RELEASE, REQUEST
from kea_mp.errors import BackendDown
from kea_mp.leases.model import Lease4
from kea_mp.leases.store import ClaimLease, Failed, Found, Request, Result, Stored
from kea_mp.values import text4
from workers.serving import clients
from workers.serving.engine import trace
from workers.serving.engine.admit import DROP_CLASS, DROP_CLASS_EARLY, RECEIVE_DROP, is_insane, refusal
from workers.serving.engine.allocate import Reach, discover, find, found_in, reach_of, request, row_at
from workers.serving.engine.confirm import held, unanswered, with_time_left
from workers.serving.engine.context import Exchange
from workers.serving.engine.extended import may_recover_agent, stashed_agent
from workers.serving.engine.give_back import decline, discard, release
from workers.serving.engine.grant import granted, told_client
from workers.serving.engine.memory import Seen
from workers.serving.engine.packet import Drop, Reply4
from workers.serving.engine.plan import SubnetPlan
from workers.serving.engine.reply import answer, nak, template_for
from workers.serving.engine.reservations import find_reservations, identifiers_of
from workers.serving.engine.subnets import BROADCAST_ADDRESS
from workers.serving.engine.trace import listening
from workers.serving.engine.v6only import prefers_v6_only, v6_only_reply

MOST_TRIES = 4  #: times that a claim may be refused because somebody else was faster

Answering = Generator[Request, Result, Reply4 | Drop]
Outcome = Reply4 | Drop | Answering  #: the end of an exchange, or what still has to ask the store on its way there


def recover_agent(x: Exchange) -> Generator[Request, Result, None]:
    """stash-agent-options: a renewal that did not come past the relay is treated as if it had."""
    try:
        lease = yield from row_at(x, x.message.ciaddr)
    except BackendDown:
        lease = x.know.committed.get(x.message.ciaddr)
    agent = stashed_agent(x, lease)
    if agent:
        x.agent, x.stashed = agent, True
        x.classes = x.know.classes.added(x.classes, "STASH_AGENT_OPTIONS")


def settle(x: Exchange, address: int) -> None:
    """Classes that depend on the final subnet, and on the pool of an address (0: none)."""
    plan = x.plan
    if plan is None or not (plan.additional or x.hosts):
        return
    pool = plan.pool_at(address) if address and plan.additional else None
    clients.settle(x, (pool,) if pool is not None else ())


def offer(x: Exchange) -> Answering:
    """DHCPDISCOVER."""
    start = x.plan
    for _ in range(MOST_TRIES):
        x.plan, x.statistics = start, ()
        choice = yield from discover(x)
        if choice is None:
            return Drop("", "DHCP4_PACKET_NAK_0003", x.statistics)
        grant = granted(x, choice)
        if x.offer_lifetime and not grant.reused:
            result = yield ClaimLease(grant.lease, choice.seen)
            if type(result) is not Stored:
                _unless_failed(result)
                continue
            lease = result.lease
        else:
            lease = grant.lease
            mine = choice.seen if choice.own else choice.discard
            x.know.memory.remember((x.hw, x.client_id), Seen(choice.address, choice.seen, mine, x.now))
        settle(x, choice.address)
        return told_client(x, OFFER, grant, lease)
    return _outrun(x)


def acknowledge(x: Exchange, known: Found | None) -> Answering:
    """DHCPREQUEST, once it is clear that it is answered at all. known: what an earlier lookup found."""
    start = x.plan
    recalled = False
    if known is None and 54 in x.options and x.hint:
        seen = x.know.memory.recall((x.hw, x.client_id), x.hint, x.now)
        if seen is not None:
            known, recalled = Found((seen.mine,) if seen.mine is not None else (), seen.at), True
    for _ in range(MOST_TRIES):
        x.plan, x.statistics, x.unknown_address = start, (), False
        choice = yield from request(x, known)
        if choice is None and not recalled:
            return _refused(x, start)
        if choice is not None:
            grant = granted(x, choice)
            if not grant.reused:
                result = yield ClaimLease(grant.lease, choice.seen)
                if type(result) is Stored:
                    if choice.discard is not None:
                        yield from discard(x, choice.discard)
                    settle(x, choice.address)
                    return told_client(x, ACK, grant, result.lease)
                _unless_failed(result)
            elif not recalled:
                settle(x, choice.address)
                return told_client(x, ACK, grant, grant.lease)
        known, recalled = None, False  # memory or haste: look again
    return _outrun(x)


def confirm(x: Exchange) -> Reply4 | Drop:
    """DHCPREQUEST when the lease database could not be asked."""
    x.statistics = ()
    lease = held(x)
    if isinstance(lease, str):
        return unanswered(x, lease)
    settle(x, lease.address)
    return with_time_left(x, lease)


def _unless_failed(result: Result) -> None:
    if type(result) is Failed:
        raise BackendDown(result.reason)


def _outrun(x: Exchange) -> Drop:
    trace.alloc_engine.warning(
        "ALLOC_ENGINE_V4_ALLOC_ERROR %s: %d times another client was faster", trace.label(x.message), MOST_TRIES
    )
    return Drop(RECEIVE_DROP, "ALLOC_ENGINE_V4_ALLOC_ERROR", x.statistics)


def _refused(x: Exchange, start: SubnetPlan | None) -> Reply4 | Drop:
    """DHCPNAK; silence when the address is none of ours at all, for then another server may know better."""
    if x.unknown_address and start is not None and not any(plan.in_pool(x.hint) for plan in start.circle):
        return Drop("", "DHCP4_UNKNOWN_ADDRESS_REQUESTED", x.statistics)
    _say_nak(x, "DHCP4_PACKET_NAK_0004")
    return nak(x)


def _say_nak(x: Exchange, identifier: str) -> None:
    if listening.debug:
        trace.bad_packets.debug("%s %s: address %s", identifier, trace.label(x.message), text4(x.hint))


def reboot(x: Exchange) -> Answering:
    """INIT-REBOOT: the client asks whether its address still holds. Unknown clients are left to other servers unless
    we are authoritative."""
    plan = x.plan
    assert plan is not None
    if listening.info:
        trace.leases.info("DHCP4_INIT_REBOOT %s: address %s", trace.label(x.message), text4(x.hint))
    reach = reach_of(x)
    found = found_in((yield find(x, reach, x.hint, False)))
    lease = _remembered(x, reach, found.mine)
    known = lease is not None and x.owns(lease)
    if not known and not plan.parameters.authoritative:
        return Drop("", "DHCP4_NO_LEASE_INIT_REBOOT", x.statistics)
    if not known or lease is None or lease.address != x.hint:
        _say_nak(x, "DHCP4_PACKET_NAK_0002")
        return nak(x)
    return (yield from acknowledge(x, found))


def _remembered(x: Exchange, reach: Reach, mine: tuple[Lease4, ...]) -> Lease4 | None:
    """The first lease by client-id, else by hardware address, whatever match-client-id says."""
    for kind in ("client-id", "hw"):
        for plan in reach.circle:
            for lease in mine:
                same = lease.client_id == x.client_id != b"" if kind == "client-id" else lease.hw == x.hw != b""
                if same and lease.subnet_id == plan.id:
                    return lease
    return None


def placeless(x: Exchange, init_reboot: bool) -> Reply4 | Drop:
    """DHCPDISCOVER or DHCPREQUEST from a network that is not configured."""
    rebinds = x.type == REQUEST and 54 not in x.options and not init_reboot and x.message.ciaddr
    if rebinds and x.packet.destination == BROADCAST_ADDRESS:
        return Drop("", "", x.statistics)
    if init_reboot and not x.know.config.global_parameters.authoritative:
        return Drop("", "DHCP4_NO_LEASE_INIT_REBOOT", x.statistics)
    trace.bad_packets.error(
        "DHCP4_PACKET_NAK_0001 %s: no subnet for this client, packet from %s",
        trace.label(x.message), text4(x.packet.source),
    )  # fmt: skip
    return nak(x) if x.type == REQUEST else Drop("", "DHCP4_PACKET_NAK_0001", x.statistics)


def inform(x: Exchange) -> Reply4:
    """DHCPINFORM: options without an address."""
    settle(x, 0)
    return answer(x, ACK, template_for(x, 0))


def lease_for(x: Exchange) -> Outcome:
    """DHCPDISCOVER and DHCPREQUEST."""
    options = x.options
    if 108 in options.get(55, b"") and prefers_v6_only(x):
        settle(x, 0)
        return v6_only_reply(x, OFFER if x.type == DISCOVER else ACK)
    asked = options.get(50)
    x.hint = int.from_bytes(asked[:4], "big") if asked is not None else x.message.ciaddr
    init_reboot = asked is not None and x.type == REQUEST and 54 not in options
    if listening.debug:
        identifier = "DHCP4_DISCOVER" if x.type == DISCOVER else "DHCP4_REQUEST"
        trace.leases.debug("%s %s: address %s", identifier, trace.label(x.message), text4(x.hint))
    if x.plan is None:
        return placeless(x, init_reboot)
    if x.type == DISCOVER:
        return offer(x)
    return reboot(x) if init_reboot else acknowledge(x, None)


def _served(x: Exchange, insane: bool) -> Outcome:
    """What the type of the message asks for."""
    kind = x.type
    if kind == RELEASE:
        return release(x)
    if kind == DECLINE:
        return decline(x)
    if not insane:
        x.plan = x.know.subnets.of(x)
    refused = clients.meet(x, find_reservations, DROP_CLASS)
    if listening.debug:
        _say_where(x)
    if refused is not None:
        return refused
    return inform(x) if kind == INFORM else lease_for(x)


def _say_where(x: Exchange) -> None:
    who = trace.label(x.message)
    if x.plan is None:
        trace.packets.debug("DHCP4_SUBNET_SELECTION_FAILED %s: no subnet for this packet", who)
    else:
        trace.packets.debug("DHCP4_SUBNET_SELECTED %s: subnet with id %d", who, x.plan.id)
    names = ", ".join(x.classes.names)
    trace.dhcp4.debug("DHCP4_CLASSES_ASSIGNED_AFTER_SUBNET_SELECTION %s: classes %s", who, names)


def _counted(outcome: Reply4 | Drop) -> Reply4 | Drop:
    """Kea has counted the message as dropped before it went on with it."""
    return replace(outcome, statistics=(*outcome.statistics, RECEIVE_DROP))


def respond(x: Exchange) -> Answering:
    """The whole exchange. BackendDown: the store did not answer, so nobody is told anything."""
    know, options = x.know, x.options
    if 60 in options:
        x.classes = know.classes.of_vendor(options[60])
    if know.config.stash_agent_options and x.type == REQUEST and may_recover_agent(x):
        yield from recover_agent(x)
    refused = refusal(x, know.servers)
    if refused is not None:
        return refused
    if know.config.early_global_reservations:
        x.identifiers = identifiers_of(x)
        refused = clients.meet_globally(x, clients.global_reservation(x), DROP_CLASS_EARLY)
        if refused is not None:
            return refused
    insane = is_insane(x)
    served = _served(x, insane)
    outcome = served if isinstance(served, (Reply4, Drop)) else (yield from served)
    return _counted(outcome) if insane else outcome
