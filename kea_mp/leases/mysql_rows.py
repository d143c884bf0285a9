"""Leases as MySQL writes them in SQL, and as PyMySQL gives them back.

Runs in: connection
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from kea_mp.leases.lease_kinds import Address, AnyLease, LeaseKind, Range
from kea_mp.leases.link import Search, search_of
from kea_mp.leases.model import NA, Lease4, Lease6
from kea_mp.leases.sql_tables import LEASE6, Column, Kind, Look, Table
from kea_mp.leases.statements import MYSQL
from kea_mp.values import INFINITY

LAST_TIME = 2**31 - 1  #: of a TIMESTAMP column

Rows = tuple[tuple[Any, ...], ...]


def moment(seconds: int) -> int:
    """A moment that FROM_UNIXTIME takes."""
    return max(0, min(seconds, LAST_TIME))


def _in_bytes(value: bytes) -> str:
    return f"X'{value.hex()}'"


def in_address(value: Address) -> str:
    return str(value) if isinstance(value, int) else _in_bytes(value)


def _text(value: str) -> str:
    """In hexadecimal, so that no session setting changes how it is read."""
    return f"_utf8mb4 X'{value.encode().hex()}'" if value else "''"


_IN_SQL: dict[Kind, Callable[[Any], str]] = {
    Kind.ADDRESS4: str,
    Kind.ADDRESS6: _in_bytes,
    Kind.NUMBER: str,
    Kind.SIGNED: str,
    Kind.TIME: "FROM_UNIXTIME({})".format,
    Kind.FLAG: "{:d}".format,
    Kind.TEXT: _text,
    Kind.BYTES: _in_bytes,
}


def in_sql(column: Column, value: Any) -> str:
    """A value of this column."""
    return "NULL" if value is None else _IN_SQL[column.kind](value)


def values_of(columns: Iterable[Column], leases: Sequence[AnyLease]) -> list[tuple[str, ...]]:
    """These columns of each lease, empty and NULL as Kea writes them. By columns, since that is twice as fast."""
    written = []
    for column in columns:
        write = _IN_SQL[column.kind]
        written.append(["NULL" if value is None else write(value) for value in map(column.of, leases)])
    return list(zip(*written, strict=True))


def keys_of(look: Look, keys: Sequence[Any]) -> str:
    """The keys of a look-up, or the condition that finds them. A key of several columns is looked for by each column:
    rows of one key's first and another's second value come along, which is quicker than comparing pairs."""
    if len(look.columns) == 1:
        return _list(look.columns[0], keys)
    parts = zip(look.columns, zip(*keys, strict=True), strict=True)
    return " AND ".join([f"l.{column.name} IN ({_list(column, dict.fromkeys(part))})" for column, part in parts])


def _list(column: Column, values: Iterable[Any]) -> str:
    return ",".join([in_sql(column, value) for value in values])


def unchanged(table: Table, seen: AnyLease) -> str:
    """The condition that a row is as seen."""
    wanted: list[Any] = [in_address(seen.address)]
    for column in table.seen:
        value = column.of(seen)
        wanted.append(value if column.kind is Kind.TIME else in_sql(column, b"" if value is None else value))
    return MYSQL[table.name]["unchanged"] % tuple(wanted)


def range_values(kind: LeaseKind, bounds: Range) -> dict[str, Any]:
    """What statements about a range of addresses need."""
    low, high = (in_address(kind.address(number)) for number in bounds)
    if kind.table is not LEASE6:
        return {"low": low, "high": high}
    length = kind.length(bounds[0])
    last = (length + 7) // 8  # the bytes of the prefix; seven of them are counted with
    head = max(0, last - 7)
    return {"low": low, "high": high, "head": head, "step": 1 << 8 * (head + 7) - length, "tail": "00" * (9 - head)}


def leases4_of(rows: Rows) -> list[AnyLease]:
    return [_lease4(row) for row in rows]


def leases6_of(rows: Rows) -> list[AnyLease]:
    return [_lease6(row) for row in rows]


def _lease4(row: tuple[Any, ...]) -> Lease4:
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


def _lease6(row: tuple[Any, ...]) -> Lease6:
    (address, duid, lifetime, expire, subnet, preferred, lease_type, iaid, length, forward, reverse, hostname, hw,
     hw_type, source, state, context, pool) = row[:18]  # fmt: skip
    valid = int(lifetime or 0)
    return Lease6(
        address,
        duid or b"",
        iaid or 0,
        lease_type or NA,
        length or 0 if lease_type else 128,
        preferred or 0,
        valid,
        int(expire or 0) - (valid if valid != INFINITY else 0),
        subnet or 0,
        bool(forward),
        bool(reverse),
        hostname or "",
        state or 0,
        context or "",
        pool,
        bytes([(hw_type or 0) & 0xFF]) + hw if hw else b"",
        source or 0 if hw else 0,
    )


def found_in(
    kind: LeaseKind, bounds: Range, leases: list[AnyLease], answers: tuple[Rows, Rows, Rows], limit: int
) -> Search:
    """answers: to first, gaps, ends. ends: addresses behind a gap, in order: the first of them above an address ends
    the gap that begins there. leases: those of the gaps."""
    first, gaps, ends = answers
    after = [row[0] for row in ends]
    rows: list[tuple[AnyLease, bool, Address | None]] = []
    length = kind.length(bounds[0])
    for lease, row in zip(leases, gaps, strict=True):
        if row[-1]:
            place = bisect_right(after, lease.address)
            following = after[place] if place < len(after) else None
        else:
            following = kind.address(kind.number(lease.address, length) + 1)
        rows.append((lease, bool(row[-2]), following))
    return search_of(kind, bounds, first[0][0], rows, limit)
