"""Changes of leases as a store carries them out: which go together, and what tells versions of a row apart. Pure.

Runs in: connection
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kea_mp.leases.lease_kinds import Address, AnyLease, LeaseKind
from kea_mp.leases.link import Work
from kea_mp.leases.sql_tables import Kind
from kea_mp.leases.store import ClaimLease, RemoveLease

Change = ClaimLease[Any] | RemoveLease[Any]
Placed = tuple[int, Change]  #: with the place of its request in the batch


def refusals(kind: LeaseKind) -> Callable[[AnyLease], str]:
    """Why no database of Kea's schema takes a lease; "" when it does."""
    limited = [(column.of, column.limit, column.name) for column in kind.table.columns if column.limit]
    texts = [column.of for column in kind.table.columns if column.kind is Kind.TEXT]

    def refusal(lease: AnyLease) -> str:
        problem = kind.problem(lease)
        for of, limit, name in limited:
            if (value := of(lease)) and len(value) > limit:
                problem = f"has a {name} of more than {limit} bytes"
        for of in texts:
            if (value := of(lease)) and "\0" in value:
                problem = "has a NUL in its text"
        return f"lease {kind.text(lease)} {problem}" if problem else ""

    return refusal


def address_of(change: Change) -> Address:
    lease: AnyLease = change.lease if isinstance(change, ClaimLease) else change.seen
    return lease.address


def _order(placed: Placed) -> Any:
    return address_of(placed[1])


def one_of_each_address(changes: list[Placed]) -> tuple[list[Placed], list[Placed]]:
    """The first change of every address in the order of addresses (who locks in one order does not deadlock), and the
    others, which follow when those are settled."""
    first: dict[Address, Placed] = {}
    later = []
    for item in changes:
        if first.setdefault(address_of(item[1]), item) is not item:
            later.append(item)
    return sorted(first.values(), key=_order), later


def enter(work: Work, changes: list[Placed]) -> None:
    work.inserts, work.updates, work.removals = [], [], []
    for _, change in changes:
        if isinstance(change, RemoveLease):
            work.removals.append(change.seen)
        elif change.seen is None:
            work.inserts.append(change.lease)
        else:
            work.updates.append((change.lease, change.seen))


def same(kind: LeaseKind, row: AnyLease | None, seen: AnyLease | None) -> bool:
    if row is None or seen is None:
        return row is seen
    return kind.version(row) == kind.version(seen)


def is_done(kind: LeaseKind, change: Change, row: AnyLease | None) -> bool:
    """Whether the row is what the change would have made of it."""
    if isinstance(change, RemoveLease):
        return row is None
    return row is not None and same(kind, row, change.lease) and row.hostname == change.lease.hostname
