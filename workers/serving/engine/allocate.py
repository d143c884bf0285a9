"""Which address a client gets. Decides; the writing is the caller's.

As Kea: the reserved address, then the client's own lease, then the address asked for, then a free one that the store
proposes; never one that the subnet reserves for somebody else. A DHCPREQUEST gets the address it names or nothing.
Generators yield lease requests; an answer that is no answer raises BackendDown.

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from kea_mp.errors import BackendDown
from kea_mp.leases.model import Lease4, usable_by_anyone
from kea_mp.leases.store import FindLeases, Found, Request, Result
from kea_mp.values import text4
from workers.serving.engine import trace
from workers.serving.engine.context import Exchange, belongs
from workers.serving.engine.lifetimes import offer_lifetime
from workers.serving.engine.plan import Ranges, SubnetPlan
from workers.serving.engine.reservations import address_reservation, circle_for, reserved_for_others
from workers.serving.engine.trace import listening
from workers.serving.full import Exhausted, counters, say

MOST_PROPOSALS = 64  #: proposals refused for one client before it gets nothing

Asking = Generator[Request, Result, "Choice | None"]


class Choice(msgspec.Struct, frozen=True, gc=False):
    """address: what the client gets. seen: the row there. own: that row is this client's, so that this is a renewal.
    discard: another lease of the client, to be removed once this one is stored (after a DHCPREQUEST)."""

    address: int
    seen: Lease4 | None
    own: bool = False
    discard: Lease4 | None = None


class Reach(NamedTuple):
    """The subnets that may serve a client, from one of them on. ids: for lookups. pools: address ranges in order, with
    the allocator of each row. skip: addresses in them that are not for this client. match_client_id: in any of them."""

    circle: tuple[SubnetPlan, ...]
    ids: tuple[int, ...]
    pools: tuple[tuple[int, Ranges], ...]
    skip: tuple[int, ...]
    match_client_id: bool


NO_POOLS: tuple[tuple[int, Ranges], ...] = ((0, ()),)


def reach_of(x: Exchange) -> Reach:
    """From the selected subnet on."""
    assert x.plan is not None
    return _reach(x, x.plan)


def reach_for_proposals(x: Exchange) -> Reach:
    """From that subnet of the shared network on from which an address was taken last, since the ones before it are
    probably full; only among subnets for the same classes."""
    plan = x.plan
    assert plan is not None
    used = x.know.used
    if used and len(plan.circle) > 1:
        for member in plan.circle:
            if member.subnet.classes == plan.subnet.classes and used.get(member, 0) > used.get(plan, 0):
                plan = member
    return _reach(x, plan)


def _reach(x: Exchange, plan: SubnetPlan) -> Reach:
    key = (plan, x.classes.names)
    found: Reach | None = x.know.reaches.get(key)
    if found is None:
        if len(x.know.reaches) >= 4096:
            x.know.reaches.clear()
        circle = circle_for(x, plan)
        groups: list[tuple[int, Ranges]] = []
        for member in circle:
            ranges = member.ranges_for(x.classes.members)
            if groups and groups[-1][0] == member.allocator:
                groups[-1] = (member.allocator, groups[-1][1] + ranges)
            elif ranges:
                groups.append((member.allocator, ranges))
        match = any(member.parameters.match_client_id for member in circle)
        skip = tuple(address for member in circle for address in member.forbidden)
        found = Reach(circle, tuple(member.id for member in circle), tuple(groups) or NO_POOLS, skip, match)
        x.know.reaches[key] = found
    return found


def find(x: Exchange, reach: Reach, address: int, propose: bool) -> FindLeases:
    """The request that tells all about this client in one round trip."""
    if not propose:
        return FindLeases(x.hw, x.client_id, reach.ids, x.now, address)
    from_here = reach_for_proposals(x) if x.know.used else reach
    allocator, pools = from_here.pools[0]
    return FindLeases(x.hw, x.client_id, reach.ids, x.now, address, pools, allocator, from_here.skip)


def found_in(result: Result) -> Found:
    """The answer to a FindLeases."""
    if type(result) is Found:
        return result
    raise BackendDown(getattr(result, "reason", "the lease store gave no answer to a lookup"))


def row_at(x: Exchange, address: int) -> Generator[Request, Result, Lease4 | None]:
    """The row at an address that was not asked for before."""
    result = yield FindLeases(b"", b"", (), x.now, address)
    return found_in(result).at


def own_lease(x: Exchange, reach: Reach, mine: tuple[Lease4, ...]) -> Lease4 | None:
    """The client's lease: by client-id where it counts, else by hardware address; moves to the subnet that has it."""
    if x.client_id and reach.match_client_id:
        for plan in reach.circle:
            if plan.parameters.match_client_id:
                for lease in mine:
                    if lease.subnet_id == plan.id and lease.client_id == x.client_id:
                        x.plan = plan
                        return lease
    for plan in reach.circle:
        client_id = x.client_id if plan.parameters.match_client_id else b""
        for lease in mine:
            if lease.subnet_id == plan.id and lease.hw == x.hw and belongs(lease, x.hw, client_id):
                x.plan = plan
                return lease
    return None


def in_allowed_pool(x: Exchange, address: int) -> bool:
    """Whether the client may have this pool address; moves to the subnet of the pool."""
    plan = x.plan
    assert plan is not None
    members = x.classes.members
    for member in circle_for(x, plan):
        if member.in_pool(address, members):
            x.plan = member
            return True
    return False


def _first_wish(x: Exchange) -> int:
    """The address about which a DISCOVER most likely needs to know: the reserved one, else the one asked for."""
    start = x.plan
    wish = address_reservation(x) if x.hosts else 0
    if not wish and x.hint and in_allowed_pool(x, x.hint) and not reserved_for_others(x, x.hint):
        wish = x.hint
    x.plan = start
    return wish


def discover(x: Exchange) -> Asking:
    """For a DHCPDISCOVER. None: nothing to offer, and it is counted why."""
    reach = reach_of(x)
    wish = _first_wish(x) if x.hint or x.hosts else 0
    found = found_in((yield find(x, reach, wish, True)))
    start = x.plan
    lease = own_lease(x, reach, found.mine) if found.mine else None
    assert x.plan is not None
    x.offer_lifetime = offer_lifetime(x, x.plan.parameters)
    reserved = address_reservation(x) if x.hosts else 0
    if reserved:
        if lease is not None and lease.address == reserved:
            return Choice(reserved, lease, True)
        row = found.at if reserved == wish else (yield from row_at(x, reserved))
        if row is None or usable_by_anyone(row, x.now):
            return Choice(reserved, row, False, lease)
        _conflict(x, reserved, row)
    if lease is not None and in_allowed_pool(x, lease.address) and not reserved_for_others(x, lease.address):
        if x.offer_lifetime and x.now + x.offer_lifetime < lease.expire:
            x.offer_lifetime = 0
        return Choice(lease.address, lease, True)
    hint = x.hint
    if hint and in_allowed_pool(x, hint) and not reserved_for_others(x, hint):
        row = found.at if hint == wish else (yield from row_at(x, hint))
        if row is None or usable_by_anyone(row, x.now):
            return Choice(hint, row, False, lease)
    if not found.mine and x.plan is start:
        return _accepted(x, reach_for_proposals(x), found) or (yield from _propose(x, found))
    choice = yield from _propose(x, None)
    return choice if choice is None or lease is None else replace(choice, discard=lease)


def _conflict(x: Exchange, reserved: int, row: Lease4) -> None:
    trace.alloc_engine.warning(
        "ALLOC_ENGINE_V4_DISCOVER_ADDRESS_CONFLICT %s: conflicting reservation for address %s with existing lease of "
        "subnet %d",
        trace.label(x.message), text4(reserved), row.subnet_id,
    )  # fmt: skip
    x.count(f"subnet[{row.subnet_id}].v4-reservation-conflicts", "v4-reservation-conflicts")


def _propose(x: Exchange, found: Found | None) -> Asking:
    """A free address of the store's choice; found: an answer that may have one already."""
    reach = reach_for_proposals(x)
    refused = 0
    skip = reach.skip
    for allocator, pools in reach.pools:
        if not pools:
            continue
        while refused < MOST_PROPOSALS:
            if found is None:
                # No subnet counts here: leases that the client has are of no use to it, see the callers.
                found = found_in((yield FindLeases(x.hw, x.client_id, (), x.now, 0, pools, allocator, skip)))
            address = found.free
            if not address:
                found = None
                break
            choice = _accepted(x, reach, found)
            if choice is not None:
                return choice
            found = None
            refused += 1
            plan = _home(reach, address)
            skip += plan.forbidden_run(address) if plan is not None else (address,)
    _nothing_left(x, reach)
    return None


def _accepted(x: Exchange, reach: Reach, found: Found) -> Choice | None:
    """The proposal of the store, if there is one and it may be offered; moves to its subnet."""
    address = found.free
    plan = _home(reach, address) if address else None
    if plan is None or not plan.allowed(address):
        return None
    x.plan = plan
    if plan.network:
        x.know.mark_used(plan)
    return Choice(address, found.free_row)


def _home(reach: Reach, address: int) -> SubnetPlan | None:
    for plan in reach.circle:
        if plan.first <= address <= plan.last:
            return plan
    return None


def _nothing_left(x: Exchange, reach: Reach) -> None:
    """Say and count that, and why, there is no address."""
    last = reach.circle[-1]
    place = Exhausted(
        4, last.network, f"{text4(last.first)}/{last.subnet.length}", last.id, reach.pools is NO_POOLS
    )  # fmt: skip
    x.count(*counters(place))
    say(place, x.know.full_said, x.now, trace.alloc_engine, lambda: trace.label(x.message), x.classes.names)


def request(x: Exchange, known: Found | None) -> Asking:
    """For a DHCPREQUEST in any state. known: what was found before. None: it must not have what it asks for."""
    reach = reach_of(x)
    wish = x.hint
    if not wish and x.hosts:
        start = x.plan
        wish, x.plan = address_reservation(x), start
    found = known if known is not None else found_in((yield find(x, reach, wish, not wish)))
    lease = own_lease(x, reach, found.mine) if found.mine else None
    wanted = x.hint
    if wanted:
        if reserved_for_others(x, wanted):
            _say_refused(x, "ALLOC_ENGINE_V4_REQUEST_ADDRESS_RESERVED", wanted)
            return None
    elif x.hosts:
        wanted = address_reservation(x)
    if not wanted:
        if lease is not None and in_allowed_pool(x, lease.address):
            return Choice(lease.address, lease, True)
        proposed = yield from _propose(x, None if found.mine or wish else found)
        return replace(proposed, discard=lease) if proposed is not None else None
    row = found.at if wanted == wish else (yield from row_at(x, wanted))
    plan = x.plan
    assert plan is not None
    reserved = address_reservation(x) if x.hosts else 0
    other = (yield from row_at(x, reserved)) if reserved and reserved != wanted else None
    return _named(x, plan, wanted, row, lease, reserved, other)


def _named(
    x: Exchange, plan: SubnetPlan, wanted: int, row: Lease4 | None, lease: Lease4 | None, reserved: int,
    other: Lease4 | None,
) -> Choice | None:  # fmt: skip
    """Whether the client may have the address that it names. plan: the subnet so far. row: what is there. lease: the
    client's own. other: what is at the address that is reserved for the client."""
    client_id = x.client_id if plan.parameters.match_client_id else b""
    free = row is None or usable_by_anyone(row, x.now)
    mine = row is not None and belongs(row, x.hw, client_id)
    if not free and not mine:
        _say_refused(x, "ALLOC_ENGINE_V4_REQUEST_IN_USE", wanted)
        return None
    if reserved and reserved != wanted and (other is None or usable_by_anyone(other, x.now)):
        _say_refused(x, "ALLOC_ENGINE_V4_REQUEST_INVALID", wanted)
        return None
    if reserved != wanted and not in_allowed_pool(x, wanted):
        x.unknown_address = True
        _say_refused(x, "ALLOC_ENGINE_V4_REQUEST_OUT_OF_POOL", wanted)
        return None
    discard = lease if lease is not None and lease.address != wanted else None
    if lease is not None and discard is None:
        return Choice(wanted, lease, True)
    if row is not None and mine and discard is not None and offer_lifetime(x, plan.parameters):
        return Choice(wanted, row, True, discard)
    if free:
        return Choice(wanted, row, False, discard)
    return None


def _say_refused(x: Exchange, identifier: str, address: int) -> None:
    if listening.debug:
        trace.alloc_engine.debug("%s %s: address %s", identifier, trace.label(x.message), text4(address))
