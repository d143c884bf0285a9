"""Which subnets may serve a client with one kind of lease, and in which order their pools are asked.

A client that names a prefix length gets one of that length, else the next shorter ones, else longer ones: one `Phase`
each, as in Kea.

Runs in: serving
"""

from __future__ import annotations

from typing import NamedTuple

from kea_mp.leases.model import PD
from kea_mp.leases.store import Range6
from workers.serving.engine6.context import Exchange6
from workers.serving.engine6.plan import ADDRESS_BITS, ANY_LENGTH, EQUAL, LONGER, SHORTER, SubnetPlan6
from workers.serving.engine6.reservations import circle_for

MOST_KEPT = 4096

Ranges6 = tuple[Range6, ...]
ReachKey = tuple[SubnetPlan6, int, int, tuple[str, ...]]  #: subnet, NA or PD, length asked for, classes


class Phase(NamedTuple):
    """match: which pd-pools count now. groups: ranges in order, with the allocator of each row."""

    match: str
    groups: tuple[tuple[int, Ranges6], ...]


class Reach6(NamedTuple):
    """The subnets that let a client in, from one of them on. ids: of all of the shared network, for lookups. skip:
    addresses and prefixes in them that are not for this client."""

    circle: tuple[SubnetPlan6, ...]
    ids: tuple[int, ...]
    phases: tuple[Phase, ...]
    skip: tuple[bytes, ...]


def reach_of(x: Exchange6, plan: SubnetPlan6, kind: int, length: int) -> Reach6:
    """From a subnet on. length: of the prefix that the client asks for, 0: any."""
    key = (plan, kind, length, x.classes.names)
    found = x.know.reaches.get(key)
    if found is None:
        if len(x.know.reaches) >= MOST_KEPT:
            x.know.reaches.clear()
        found = x.know.reaches[key] = _reach(x, plan, kind, length)
    return found


def reach_for_proposals(x: Exchange6, plan: SubnetPlan6, kind: int, length: int) -> Reach6:
    """From that subnet of the shared network on from which a lease of this kind was taken last, since the ones before
    it are probably full; only among subnets for the same classes."""
    used = x.know.used
    if used and len(plan.circle) > 1:
        start = plan
        for member in plan.circle:
            if member.subnet.classes == start.subnet.classes and used.get((kind, member), 0) > used.get(
                (kind, plan), 0
            ):
                plan = member
    return reach_of(x, plan, kind, length)


def _reach(x: Exchange6, plan: SubnetPlan6, kind: int, length: int) -> Reach6:
    circle = circle_for(x, plan)
    matches = (EQUAL, SHORTER, LONGER) if kind == PD and 0 < length < ADDRESS_BITS else (ANY_LENGTH,)
    phases = tuple(Phase(match, _groups(x, circle, kind, match, length)) for match in matches)
    skip = tuple(address for member in circle for address in member.rows[kind].forbidden)
    return Reach6(circle, tuple(member.id for member in plan.circle), phases, skip)


def _groups(
    x: Exchange6, circle: tuple[SubnetPlan6, ...], kind: int, match: str, length: int
) -> tuple[tuple[int, Ranges6], ...]:
    groups: list[tuple[int, Ranges6]] = []
    for member in circle:
        ranges = member.ranges(kind, x.classes.members, match, length)
        allocator = member.rows[kind].allocator
        if ranges and groups and groups[-1][0] == allocator:
            groups[-1] = (allocator, groups[-1][1] + ranges)
        elif ranges:
            groups.append((allocator, ranges))
    return tuple(groups)
