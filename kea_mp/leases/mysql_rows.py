"""Leases as MySQL writes them in SQL, and as PyMySQL gives them back. What is a lease's own (its columns) stands here.

Runs in: connection
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from kea_mp.leases.link import Search, search_of
from kea_mp.leases.model import Lease4
from kea_mp.leases.statements import MYSQL as SQL
from kea_mp.values import INFINITY

LAST_TIME = 2**31 - 1  #: of a TIMESTAMP column

Rows = tuple[tuple[Any, ...], ...]


def moment(seconds: int) -> int:
    """A moment that FROM_UNIXTIME takes."""
    return max(0, min(seconds, LAST_TIME))


def in_bytes(value: bytes) -> str:
    return f"X'{value.hex()}'"


def in_text(value: str) -> str:
    """In hexadecimal, so that no session setting changes how it is read."""
    return f"_utf8mb4 X'{value.encode().hex()}'" if value else "''"


def end_of(lease: Lease4) -> int:
    """The column `expire`: that of an unlimited lease is its beginning, as Kea has it."""
    return lease.cltt if lease.valid_lft == INFINITY else lease.cltt + lease.valid_lft


def values_of(lease: Lease4) -> list[str]:
    """The columns of a lease, empty and NULL as Kea writes them."""
    return [
        str(lease.address),
        in_bytes(lease.hw[1:]) if lease.hw else "NULL",
        in_bytes(lease.client_id) if lease.client_id else "NULL",
        str(lease.valid_lft),
        f"FROM_UNIXTIME({end_of(lease)})",
        str(lease.subnet_id),
        "1" if lease.fqdn_fwd else "0",
        "1" if lease.fqdn_rev else "0",
        in_text(lease.hostname),
        str(lease.state),
        in_text(lease.user_context) if lease.user_context else "NULL",
        in_bytes(lease.relay_id) if lease.relay_id else "NULL",
        in_bytes(lease.remote_id) if lease.remote_id else "NULL",
        str(lease.pool_id),
    ]


def unchanged(seen: Lease4) -> str:
    return SQL["unchanged"] % (
        seen.address, end_of(seen), seen.valid_lft, seen.state, seen.subnet_id, seen.hw[1:].hex(), seen.client_id.hex(),
    )  # fmt: skip


def leases_of(rows: Rows) -> list[Lease4]:
    return [lease_of(row) for row in rows]


def lease_of(row: tuple[Any, ...]) -> Lease4:
    (address, hw, client_id, lifetime, expire, subnet, forward, reverse, hostname, state, context, relay, remote,
     pool) = row[:14]  # fmt: skip
    valid = int(lifetime or 0)
    return Lease4(
        address,
        b"\x01" + hw if hw else b"",
        client_id or b"",
        valid,
        int(expire or 0) - (valid if valid != INFINITY else 0),
        subnet or 0,
        bool(forward),
        bool(reverse),
        hostname or "",
        state or 0,
        context or "",
        pool,
        relay or b"",
        remote or b"",
    )


def found_in(bounds: tuple[int, int], first: Rows, gaps: Rows, ends: Rows, limit: int) -> Search:
    """ends: addresses behind a gap, in order: the first of them above an address ends the gap that begins there."""
    after = [int(row[0]) for row in ends]
    rows = []
    for row in gaps:
        lease, place = lease_of(row), bisect_right(after, row[0])
        behind = after[place] if place < len(after) else bounds[1] + 1
        rows.append((lease, bool(row[14]), behind if row[15] else lease.address + 1))
    return search_of(bounds, first[0][0], rows, limit)
