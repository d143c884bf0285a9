"""Leases as PostgreSQL takes them, in binary arrays of columns, and gives them back.

Runs in: connection
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import pq

from kea_mp.leases.lease_kinds import Address, AnyLease
from kea_mp.leases.model import NA, Lease4, Lease6
from kea_mp.leases.sql_tables import Column, Kind
from kea_mp.values import INFINITY

_ETHERNET = b"\x01"
_INT8, _BYTEA, _TEXT, _BOOL, _INET = 20, 17, 25, 16, 869  #: oids of the elements
_INET6 = b"\x03\x80\x00\x10"  #: before the address: family, bits of its mask, not a network, length

Answer = list[tuple[bytes | None, ...]]


def in_int(value: int) -> bytes:
    return value.to_bytes(8, "big", signed=True)


def in_double(value: float) -> bytes:
    return struct.pack(">d", value)


def in_ints(values: Sequence[int]) -> bytes:
    pairs = [8] * (2 * len(values))
    pairs[1::2] = values
    return struct.pack(f">iiiii{'iq' * len(values)}", 1, 0, _INT8, len(values), 1, *pairs)


def _array(kind: int, values: Sequence[bytes | None]) -> bytes:
    """An array of elements that are bytes on the wire already; None is NULL. Mostly all have one length, which is put
    between them at once."""
    head = struct.pack(">iiiii", 1, 1, kind, len(values), 1)
    if values.count(None) == len(values):
        return head + b"\xff\xff\xff\xff" * len(values)
    if None not in values and len(lengths := set(map(len, values))) == 1:  # type: ignore[arg-type]
        length = lengths.pop().to_bytes(4, "big")
        return head + length + length.join(values)  # type: ignore[arg-type]
    parts = [head]
    for value in values:
        if value is None:
            parts.append(b"\xff\xff\xff\xff")
        else:
            parts.append(len(value).to_bytes(4, "big"))
            parts.append(value)
    return b"".join(parts)


_TRUTH = (b"\x00", b"\x01")


def in_address(value: Address) -> bytes:
    """An address; b"" is before the first."""
    return in_int(value) if isinstance(value, int) else _INET6 + (value or bytes(16))


def columns_of(columns: Iterable[Column], leases: Sequence[AnyLease]) -> list[bytes]:
    """These columns of these leases."""
    return [in_array(column, column.full_values(leases)) for column in columns]


def in_array(column: Column, values: Sequence[Any]) -> bytes:
    """An array of what a column may hold."""
    match column.kind:
        case Kind.BYTES:
            return _array(_BYTEA, values)
        case Kind.TEXT:
            return _array(_TEXT, [value.encode() for value in values])
        case Kind.FLAG:
            return _array(_BOOL, [_TRUTH[value] for value in values])
        case Kind.ADDRESS6:
            return _array(_INET, [_INET6 + value for value in values])
        case Kind.SIGNED:
            return in_ints([value - (value >> 31 << 32) for value in values])
        case _:
            return in_ints(values)


def rows_of(result: pq.abc.PGresult) -> Answer:
    get, columns = result.get_value, range(result.nfields)
    return [tuple([get(row, column) for column in columns]) for row in range(result.ntuples)]


def number(value: bytes | None) -> int:
    return int.from_bytes(value, "big", signed=True) if value is not None else 0


def _text(value: bytes | None) -> str:
    return value.decode(errors="replace") if value else ""


def leases4_of(rows: Answer) -> list[AnyLease]:
    return [_lease4(row) for row in rows]


def leases6_of(rows: Answer) -> list[AnyLease]:
    return [_lease6(row) for row in rows]


def _lease4(row: tuple[bytes | None, ...]) -> Lease4:
    (address, hw, client_id, lifetime, expire, subnet, forward, reverse, hostname, state, context, relay, remote,
     pool) = row[:14]  # fmt: skip
    valid = number(lifetime)
    return Lease4(
        number(address),
        _ETHERNET + hw if hw else b"",
        client_id or b"",
        valid,
        number(expire) - (valid if valid != INFINITY else 0),
        number(subnet),
        forward == b"\x01",
        reverse == b"\x01",
        _text(hostname),
        number(state),
        _text(context),
        number(pool),
        relay or b"",
        remote or b"",
    )


def _lease6(row: tuple[bytes | None, ...]) -> Lease6:
    (address, duid, lifetime, expire, subnet, preferred, lease_type, iaid, length, forward, reverse, hostname, hw,
     hw_type, source, state, context, pool) = row[:18]  # fmt: skip
    valid, kind = number(lifetime), number(lease_type)
    return Lease6(
        (address or b"")[4:],
        duid or b"",
        number(iaid) & 0xFFFFFFFF,
        kind,
        128 if kind == NA else number(length),
        number(preferred),
        valid,
        number(expire) - (valid if valid != INFINITY else 0),
        number(subnet),
        forward == b"\x01",
        reverse == b"\x01",
        _text(hostname),
        number(state),
        _text(context),
        number(pool),
        bytes([number(hw_type) & 0xFF]) + hw if hw else b"",
        number(source) if hw else 0,
    )
