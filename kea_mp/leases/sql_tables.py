"""The tables lease4 and lease6 as data: which column holds what of a lease, for statements and values of both
databases.

What Kea leaves NULL in MySQL is mostly an empty value in PostgreSQL, and both are written as Kea does.

Runs in: connection
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from operator import attrgetter
from typing import Any

from kea_mp.leases.model import DECLINED, DEFAULT, REGISTERED, RELEASED
from kea_mp.values import INFINITY


class Kind(Enum):
    """What a column holds. SIGNED: 32 bits that PostgreSQL has with a sign. TIME: seconds since the epoch here."""

    ADDRESS4 = auto()
    ADDRESS6 = auto()
    NUMBER = auto()
    SIGNED = auto()
    TIME = auto()
    FLAG = auto()
    TEXT = auto()
    BYTES = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a lease table. of: its value in a lease, None for NULL. limit: octets or characters that it holds.
    absent: what PostgreSQL has where MySQL has NULL; None: NULL too."""

    name: str
    kind: Kind
    of: Callable[[Any], Any]
    limit: int = 0
    absent: object = None

    @property
    def is_null_when_empty(self) -> bool:
        """Whether an empty value from elsewhere has to become NULL in MySQL."""
        return self.kind is Kind.BYTES or self.absent == ""

    def values(self, leases: Iterable[Any]) -> list[Any]:
        """The values in these leases, None for NULL."""
        return list(map(self.of, leases))

    def full_values(self, leases: Iterable[Any]) -> list[Any]:
        """As `values`, in the form of PostgreSQL."""
        values = list(map(self.of, leases))
        if self.absent is not None and None in values:
            return [self.absent if value is None else value for value in values]
        return values


@dataclass(frozen=True, slots=True)
class Look:
    """A look-up of leases by a key that is these columns. folds: in any case of letters."""

    columns: tuple[Column, ...]
    folds: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A lease table. columns: in Kea's order, the first is the address; seen: those that tell versions of a row apart;
    looks: by name; lasting: states in which a lease can end and wait for reclamation; counts: the columns of Kea's
    statistics tables by which leases are counted, without the pool."""

    name: str
    columns: tuple[Column, ...]
    seen: tuple[Column, ...]
    looks: dict[str, Look]
    lasting: tuple[int, ...]
    counts: tuple[str, ...]

    @property
    def address(self) -> Column:
        return self.columns[0]

    @property
    def names(self) -> str:
        return ", ".join(column.name for column in self.columns)


def end_of(lease: Any) -> int:
    """The column `expire`: that of an unlimited lease is its beginning, as Kea has it."""
    end: int = lease.cltt if lease.valid_lft == INFINITY else lease.cltt + lease.valid_lft
    return end


def _number(name: str, field: str = "") -> Column:
    return Column(name, Kind.NUMBER, attrgetter(field or name))


def _octets(name: str, of: Callable[[Any], Any], limit: int, absent: object = None) -> Column:
    return Column(name, Kind.BYTES, of, limit, absent)


_VALID, _SUBNET, _STATE = _number("valid_lifetime", "valid_lft"), _number("subnet_id"), _number("state")
_EXPIRE = Column("expire", Kind.TIME, end_of)
_NAMES = (
    Column("fqdn_fwd", Kind.FLAG, attrgetter("fqdn_fwd")),
    Column("fqdn_rev", Kind.FLAG, attrgetter("fqdn_rev")),
    Column("hostname", Kind.TEXT, attrgetter("hostname"), 255),
)
_CONTEXT = Column("user_context", Kind.TEXT, lambda lease: lease.user_context or None, 65535, "")
_HW = _octets("hwaddr", lambda lease: lease.hw[1:] or None, 20, b"")
_CLIENT_ID = _octets("client_id", lambda lease: lease.client_id or None, 255, b"")
_DUID = _octets("duid", attrgetter("duid"), 130)
_PREFERRED = _number("pref_lifetime", "pref_lft")
_IAID = Column("iaid", Kind.SIGNED, attrgetter("iaid"))
_TYPE = _number("lease_type")
_BY_NAME = Look((_NAMES[-1],), folds=True)

LEASE4 = Table(
    "lease4",
    (
        Column("address", Kind.ADDRESS4, attrgetter("address")), _HW, _CLIENT_ID, _VALID, _EXPIRE, _SUBNET, *_NAMES,
        _STATE, _CONTEXT, _octets("relay_id", lambda lease: lease.relay_id or None, 255),
        _octets("remote_id", lambda lease: lease.remote_id or None, 255), _number("pool_id"),
    ),
    (_EXPIRE, _VALID, _STATE, _SUBNET, _HW, _CLIENT_ID),
    {"by_hw": Look((_HW,)), "by_client": Look((_CLIENT_ID,)), "by_name": _BY_NAME},
    (DEFAULT, DECLINED, RELEASED),
    ("subnet_id", "state"),
)  # fmt: skip

LEASE6 = Table(
    "lease6",
    (
        Column("address", Kind.ADDRESS6, attrgetter("address")), _DUID, _VALID, _EXPIRE, _SUBNET,
        _PREFERRED, _TYPE, _IAID, _number("prefix_len"), *_NAMES, _HW,
        Column("hwtype", Kind.NUMBER, lambda lease: lease.hw[0] if lease.hw else None, absent=0),
        Column("hwaddr_source", Kind.NUMBER, lambda lease: lease.hw_source if lease.hw else None, absent=0),
        _STATE, _CONTEXT, _number("pool_id"),
    ),
    (_EXPIRE, _VALID, _STATE, _SUBNET, _PREFERRED, _DUID, _IAID, _TYPE),
    {"by_ia": Look((_DUID, _IAID)), "by_duid": Look((_DUID,)), "by_name": _BY_NAME},
    (DEFAULT, DECLINED, RELEASED, REGISTERED),
    ("subnet_id", "lease_type", "state"),
)  # fmt: skip
