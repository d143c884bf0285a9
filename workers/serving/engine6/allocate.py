"""Which addresses and prefixes an association gets. Decides; the writing is the caller's.

As Kea: what is reserved for the client, then its own leases, then what it asks for, then a free one that the store
proposes; never one that the subnet reserves for somebody else. Generators yield lease requests; an answer that is no
answer raises BackendDown.

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Generator
from typing import cast

from kea_mp.hosts.from_config import GLOBAL
from kea_mp.leases.model import NA, PD, RECLAIMED, REGISTERED, RELEASED, Lease6, usable_by_anyone
from kea_mp.leases.store import FindLeases6, Found6, Result6
from kea_mp.values import masked6, text6
from workers.serving.engine6 import trace
from workers.serving.engine6.association import Ask, Association, Choice6, Told, found_in, is_taken, row_at
from workers.serving.engine6.context import Exchange6, reserves
from workers.serving.engine6.plan import SubnetPlan6, fits, length_of
from workers.serving.engine6.reach import Phase, Reach6, reach_for_proposals, reach_of
from workers.serving.engine6.reservations import circle_for, is_mine, reserved_for_others, reserved_places
from workers.serving.full import Exhausted, counters, say

MOST_PROPOSALS = 64  #: proposals refused for one association before it gets nothing

Deciding = Generator[Ask, Told, None]
Choosing = Generator[Ask, Told, "Choice6 | None"]


def lookup(x: Exchange6, one: Association, spoken_for: set[bytes]) -> FindLeases6:
    """The request that tells all about an association in one round trip. spoken_for: reserved addresses that other
    associations of the message will get."""
    assert x.plan is not None
    plan = x.plan
    reach = reach_of(x, plan, one.kind, one.length)
    wish = _first_reserved(x, plan, one.kind, spoken_for) if x.hosts else b""
    if wish:
        spoken_for.add(wish)
    elif one.wish:
        wish = _hint_in(x, reach, one, reach.phases[0])
    from_here = reach_for_proposals(x, plan, one.kind, one.length) if x.know.used else reach
    groups = from_here.phases[0].groups
    one.asked = wish
    if not groups:
        one.ranges = ()
        return FindLeases6(x.duid, one.ia.iaid, one.kind, reach.ids, x.now, wish)
    allocator, one.ranges = groups[0]
    return FindLeases6(
        x.duid, one.ia.iaid, one.kind, reach.ids, x.now, wish, one.ranges, allocator, from_here.skip
    )  # fmt: skip


def _first_reserved(x: Exchange6, plan: SubnetPlan6, kind: int, spoken_for: set[bytes]) -> bytes:
    for host in (*(x.hosts.get(member.id) for member in plan.circle), x.hosts.get(GLOBAL)):
        if host is not None:
            for address, _ in reserved_places(host, kind):
                if address not in spoken_for:
                    return address
    return b""


def _hint_in(x: Exchange6, reach: Reach6, one: Association, phase: Phase) -> bytes:
    """What the client asks for, if a pool has it; of a prefix the one of the pool's length."""
    for member in reach.circle:
        pool = member.open_pool_at(one.kind, one.wish, x.classes.members)
        if pool is not None and fits(pool, phase.match, one.length):
            return masked6(one.wish, length_of(pool)) if one.kind == PD else one.wish
    return b""


def decide(x: Exchange6, one: Association, extends: bool) -> Deciding:
    """Fill `choices` and `gone` of an association. extends: it is to be renewed, which has an order of its own."""
    one.begin()
    found = one.found
    assert x.plan is not None
    assert found is not None
    held = _held(x.plan, found.mine) if found.mine else []
    knew = bool(held)
    if extends and held:
        _drop_foreign(x, one, held)
    if x.hosts:
        reserved = yield from _take_reserved(x, one, held)
        if reserved is not None:
            one.choices.append(reserved)
    if not extends and held:
        _drop_foreign(x, one, held)
    if x.hosts and (knew or extends):
        _drop_unreserved(x, one, held)
    one.choices[:0] = [_renewed(x, one, lease) for lease in held]
    if extends:
        _drop_outside(x, one)
    if not one.choices:
        choice = yield from _unreserved(x, one)
        if choice is not None:
            one.choices.append(choice)
    x.places += tuple((one.kind, choice.address) for choice in one.choices)
    one.plan = x.plan


def _renewed(x: Exchange6, one: Association, lease: Lease6) -> Choice6:
    plan = x.know.plan.by_id[lease.subnet_id]
    return Choice6(lease.address, lease.prefix_len, plan, lease, True)


def _held(plan: SubnetPlan6, mine: tuple[Lease6, ...]) -> list[Lease6]:
    """The leases of the association in the order of the subnets; registered addresses are no leases."""
    return [lease for member in plan.circle for lease in mine if lease.subnet_id == member.id and _counts(lease)]


def _counts(lease: Lease6) -> bool:
    return lease.state != REGISTERED


def _drop_foreign(x: Exchange6, one: Association, held: list[Lease6]) -> None:
    """The client loses what is reserved for somebody else, and what is in no pool that it may use."""
    plan = x.plan
    assert plan is not None
    parameters = plan.parameters
    reserving = parameters.reservations_in_subnet or parameters.reservations_global
    for lease in tuple(held):
        if reserving:
            if is_mine(x, one.kind, lease.address, lease.prefix_len, lease.subnet_id):
                continue
            if lease.address in plan.hosts.by_address:
                _lose(one, held, lease)
                continue
        if not _in_open_pool(x, plan, one.kind, lease.address):
            _lose(one, held, lease)


def _in_open_pool(x: Exchange6, plan: SubnetPlan6, kind: int, address: bytes) -> bool:
    members = x.classes.members
    return any(one.open_pool_at(kind, address, members) is not None for one in circle_for(x, plan))


def _drop_unreserved(x: Exchange6, one: Association, held: list[Lease6]) -> None:
    """Of a client with reservations only those are kept, and one lease at least."""
    for lease in tuple(held):
        if len(held) + len(one.choices) <= 1:
            return
        if not is_mine(x, one.kind, lease.address, lease.prefix_len, lease.subnet_id):
            _lose(one, held, lease)


def _lose(one: Association, held: list[Lease6], lease: Lease6) -> None:
    held.remove(lease)
    one.gone.append(lease)


def _drop_outside(x: Exchange6, one: Association) -> None:
    """A renewal stays in the subnet of its lease, if that still lets the client in and has the address."""
    for choice in tuple(one.choices):
        if not choice.own or choice.seen is None:
            continue
        plan = x.plan = choice.plan
        if is_mine(x, one.kind, choice.address, choice.length, 0):
            continue
        if (one.kind == NA and not plan.contains(choice.address)) or not plan.supports(x.classes.members):
            one.choices.remove(choice)
            one.gone.append(choice.seen)


def _take_reserved(x: Exchange6, one: Association, held: list[Lease6]) -> Choosing:
    """A reserved address or prefix for an association that has none of them yet; moves to its subnet."""
    plan = x.plan
    assert plan is not None
    for lease in held:
        lives = lease.valid_lft or lease.state in (RECLAIMED, RELEASED)
        if lives and reserves(x.hosts.get(lease.subnet_id), one.kind, lease.address, lease.prefix_len):
            if plan.network:
                x.plan = x.know.plan.by_id[lease.subnet_id]
            return None
    for member in circle_for(x, plan):
        host = x.hosts.get(member.id)
        if host is None:
            continue
        in_subnet = member.parameters.reservations_in_subnet
        if in_subnet and not host.addresses and not host.prefixes:
            x.plan = member
            return None
        for address, length in reserved_places(host, one.kind):
            elsewhere = member.out_of_pool and member.pool_at(one.kind, address) is not None
            if not in_subnet or elsewhere or is_taken(x, one.kind, address):
                continue
            if (yield from _row(x, one, address)) is None:
                x.plan = member
                return Choice6(address, length, member)
    return (yield from _take_global(x, one, held))


def _take_global(x: Exchange6, one: Association, held: list[Lease6]) -> Choosing:
    """The same with the global reservation."""
    plan, host = x.plan, x.hosts.get(GLOBAL)
    assert plan is not None
    if host is None or not plan.parameters.reservations_global:
        return None
    if any(lease.valid_lft and reserves(host, one.kind, lease.address, lease.prefix_len) for lease in held):
        return None
    for address, length in reserved_places(host, one.kind):
        if is_taken(x, one.kind, address) or (yield from _row(x, one, address)) is not None:
            continue
        if one.kind == NA:
            home = next((member for member in plan.circle if member.contains(address)), None)
            if home is None:
                continue
            x.plan = plan = home
        return Choice6(address, length, plan)
    return None


def _row(x: Exchange6, one: Association, address: bytes) -> Generator[Ask, Told, Lease6 | None]:
    """What is at an address, from the first lookup if that was about it."""
    if one.found is not None and address == one.asked:
        return one.found.at
    return (yield from row_at(x, one.kind, address))


def _unreserved(x: Exchange6, one: Association) -> Choosing:
    """What the client asks for, else a free one; moves to its subnet."""
    start = x.plan
    assert start is not None
    reach = reach_of(x, start, one.kind, one.length)
    for number, phase in enumerate(reach.phases):
        choice = (yield from _at_hint(x, one, reach, phase)) if one.wish else None
        if choice is None:
            choice = yield from _proposed(x, one, start, number)
        if choice is not None:
            return choice
    _nothing_left(x, reach)
    return None


def _nothing_left(x: Exchange6, reach: Reach6) -> None:
    """Say and count that, and why, there is no address or prefix."""
    if not reach.circle:
        return
    last = reach.circle[-1]
    no_pools = not any(phase.groups for phase in reach.phases)
    place = Exhausted(6, last.network, f"{text6(last.first)}/{last.length}", last.id, no_pools)
    x.count(*counters(place))
    say(place, x.know.full_said, x.now, trace.alloc_engine, lambda: trace.label6(x.message), x.classes.names)


def _at_hint(x: Exchange6, one: Association, reach: Reach6, phase: Phase) -> Choosing:
    members = x.classes.members
    for member in reach.circle:
        pool = member.open_pool_at(one.kind, one.wish, members)
        if pool is None or not fits(pool, phase.match, one.length):
            continue
        x.plan = member
        address = masked6(one.wish, length_of(pool)) if one.kind == PD else one.wish
        if is_taken(x, one.kind, address):
            continue
        row = yield from _row(x, one, address)
        if (row is None or usable_by_anyone(row, x.now)) and not reserved_for_others(member, one.kind, address):
            return Choice6(address, length_of(pool), member, row, False, pool)
    return None


def _proposed(x: Exchange6, one: Association, start: SubnetPlan6, phase: int) -> Choosing:
    """A free address or prefix of the store's choice."""
    reach = reach_for_proposals(x, start, one.kind, one.length)
    skip = reach.skip
    refused = 0
    for allocator, ranges in reach.phases[phase].groups:
        found = _said_already(x, one) if ranges is one.ranges else None
        while refused < MOST_PROPOSALS:
            if found is None:
                # No subnet counts here: leases that the client has are of no use to it, see `decide`.
                asked = FindLeases6(x.duid, one.ia.iaid, one.kind, (), x.now, b"", ranges, allocator, skip)
                found = found_in(cast(Result6, (yield asked)))
            if not found.free:
                break
            choice = _accepted(x, one, reach, found)
            if choice is not None:
                return choice
            refused += 1
            skip += (found.free,)
            found = None
    return None


def _said_already(x: Exchange6, one: Association) -> Found6 | None:
    """The first lookup, if it has a proposal or would have had one."""
    found = one.found
    if found is None or one.recalled:
        return None
    if found.free:
        return found
    looked = not found.mine and (not one.asked or (found.at is not None and not usable_by_anyone(found.at, x.now)))
    return found if looked else None


def _accepted(x: Exchange6, one: Association, reach: Reach6, found: Found6) -> Choice6 | None:
    """The proposal of the store, if it may be offered; moves to its subnet."""
    address = found.free
    for member in reach.circle:
        pool = member.pool_at(one.kind, address)
        if pool is not None:
            if not member.allowed(address) or is_taken(x, one.kind, address):
                return None
            x.plan = member
            if member.network:
                x.know.mark_used(one.kind, member)
            return Choice6(address, length_of(pool), member, found.free_row, False, pool)
    return None
