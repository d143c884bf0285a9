"""Changes of leases as a store carries them out: which go together, and what tells versions of a row apart. Pure.

Runs in: connection
"""

from __future__ import annotations

from kea_mp.leases.link import Work
from kea_mp.leases.model import DECLINED, RECLAIMED, Lease4
from kea_mp.leases.store import ClaimLease, RemoveLease
from kea_mp.values import text4

HW_LIMIT, TEXT_LIMIT, CONTEXT_LIMIT = 20, 255, 65535  #: bytes that Kea's columns hold

Change = ClaimLease | RemoveLease


def refusal(lease: Lease4) -> str:
    """Why no database of Kea's schema takes this lease; "" when it does."""
    problem = ""
    if len(lease.hw) < 2 and not lease.client_id and lease.state not in (DECLINED, RECLAIMED):
        problem = "has neither hardware address nor client-id"
    elif len(lease.hw) > HW_LIMIT + 1:
        problem = f"has a hardware address of more than {HW_LIMIT} bytes"
    elif max(map(len, (lease.client_id, lease.relay_id, lease.remote_id, lease.hostname))) > TEXT_LIMIT:
        problem = f"has a client-id, name or relay information of more than {TEXT_LIMIT} bytes"
    elif len(lease.user_context) > CONTEXT_LIMIT:
        problem = f"has a user context of more than {CONTEXT_LIMIT} characters"
    elif "\0" in lease.hostname or "\0" in lease.user_context:
        problem = "has a NUL in its text"
    return f"lease {text4(lease.address)} {problem}" if problem else ""


def address_of(change: Change) -> int:
    return change.lease.address if type(change) is ClaimLease else change.seen.address  # type: ignore[union-attr]


def one_of_each_address(
    changes: list[tuple[int, Change]],
) -> tuple[list[tuple[int, Change]], list[tuple[int, Change]]]:
    """The first change of every address in the order of addresses (who locks in one order does not deadlock), and the
    others, which follow when those are settled."""
    first: dict[int, tuple[int, Change]] = {}
    later = []
    for item in changes:
        if first.setdefault(address_of(item[1]), item) is not item:
            later.append(item)
    return [first[address] for address in sorted(first)], later


def enter(work: Work, changes: list[tuple[int, Change]]) -> None:
    work.inserts, work.updates, work.removals = [], [], []
    for _, change in changes:
        if isinstance(change, RemoveLease):
            work.removals.append(change.seen)
        elif change.seen is None:
            work.inserts.append(change.lease)
        else:
            work.updates.append((change.lease, change.seen))


def _version(lease: Lease4) -> tuple[int, int, int, bytes, bytes, int]:
    """What tells versions of a row apart. The tables have no hardware type."""
    return lease.cltt, lease.valid_lft, lease.state, lease.hw[1:], lease.client_id, lease.subnet_id


def same(row: Lease4 | None, seen: Lease4 | None) -> bool:
    if row is None or seen is None:
        return row is seen
    return _version(row) == _version(seen)


def is_done(change: Change, row: Lease4 | None) -> bool:
    """Whether the row is what the change would have made of it."""
    if isinstance(change, RemoveLease):
        return row is None
    return row is not None and same(row, change.lease) and row.hostname == change.lease.hostname
