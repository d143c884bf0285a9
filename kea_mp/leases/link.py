"""What a lease store asks of one database, whichever it is: a batch of look-ups and changes in as few round trips as
the driver allows.

```
LinkError
├─ Lost       the connection is gone or of no use; changes that were under way may be committed or not
│  └─ Silent  nothing came in time: trying again at once would only take more time
├─ Collision  deadlock, serialisation, somebody was faster: nothing is committed, the whole may be tried again
└─ Refused    the database does not take a row of this work; nothing is committed
```

Runs in: connection
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kea_mp.errors import ExitCode, ExitWith, KeaMpError
from kea_mp.family import Family
from kea_mp.leases.lease_kinds import Address, AnyLease, LeaseKind, Looks, Range
from kea_mp.sql.errors import Trouble, kind_of
from kea_mp.sql.reference import VERSIONS

SLICE_S = 0.02  #: a link that waits for its database looks up this often


class Mismatch(ExitWith):
    """The schema is of another version: fatal at start-up, a failed attempt later."""


class LinkError(KeaMpError):
    """Something went wrong between us and the database; the text is for people. kind: of the error, in a word or two
    ("authentication", "read-only", "timeout" …; see `sql.errors.kind_of`)."""

    def __init__(self, text: str, kind: str = "") -> None:
        super().__init__(text)
        self.kind = kind or kind_of("", text)


class Lost(LinkError):
    pass


class Silent(Lost):
    pass


class Collision(LinkError):
    pass


class Refused(LinkError):
    pass


@dataclass(slots=True)
class Work:
    """Keys to look up (looks: by other columns than the address), ranges of numbers to search for free addresses, and
    changes in the order of their addresses. An update or removal holds only where the row is still as seen."""

    looks: Looks = field(default_factory=dict)
    addresses: list[Address] = field(default_factory=list)
    searches: list[Range] = field(default_factory=list)
    now: int = 0
    pieces: int = 64  #: entries of one search
    inserts: list[AnyLease] = field(default_factory=list)
    updates: list[tuple[AnyLease, AnyLease]] = field(default_factory=list)  #: (new, seen)
    removals: list[AnyLease] = field(default_factory=list)

    @property
    def changes(self) -> bool:
        return bool(self.inserts or self.updates or self.removals)

    @property
    def reads(self) -> bool:
        return bool(self.looks or self.addresses or self.searches)


@dataclass(slots=True)
class Search:
    """Free parts of a range, in order, rows in them that anyone may have; complete: that is all."""

    pieces: list[Range] = field(default_factory=list)
    rows: list[AnyLease] = field(default_factory=list)
    complete: bool = True


@dataclass(slots=True)
class Done:
    """What came of a Work. written: addresses of the changes that held."""

    looks: dict[str, list[AnyLease]] = field(default_factory=dict)
    by_address: list[AnyLease] = field(default_factory=list)
    searches: list[Search] = field(default_factory=list)
    written: set[Address] = field(default_factory=set)


#: subnet id, (pool id,) (lease type in DHCPv6,) state, leases
Count = tuple[int, ...]


class Link(Protocol):
    """One database, connected or not. Everything but `close` raises LinkError."""

    kind: LeaseKind  #: the leases that it is for
    last_time: int  #: the latest moment that the column `expire` holds
    place: str  #: the host in use or last tried, "name:port"
    tls: str  #: the protocol of the session's encryption, "" in clear
    meanwhile: Callable[[], None]  #: called every SLICE_S while the database is waited for; it must not use the link

    def connect(self) -> None:
        """Connect anew, to the first usable of the hosts. Lost; ExitWith SCHEMA when the schema is of another
        version."""
        ...

    def connect_to(self, host: str, port: int) -> None:
        """Connect anew, to this host. Lost, Mismatch."""
        ...

    def take(self, other: Link) -> None:
        """Go on with the connection of another link of the same kind, which is given up by that."""
        ...

    def exchange(self, work: Work) -> Done:
        """Look up and search in the state before the changes; then all changes in one durable transaction."""
        ...

    def ended(self, now: int, limit: int) -> list[AnyLease]:
        """Leases that have ended and are not reclaimed, the first to end first."""
        ...

    def flush(self, before: int, limit: int) -> int:
        """Delete reclaimed rows that ended at or before this time; how many."""
        ...

    def counts(self) -> list[Count]:
        """The leases per subnet, pool and state, from Kea's statistics tables."""
        ...

    def counts_of(self, first: int, last: int) -> list[Count]:
        """The same without pools, of these subnets."""
        ...

    def page(self, after: Address, limit: int) -> list[AnyLease]:
        """The leases behind this address (-1, b"": from the first), in the order of addresses."""
        ...

    def behind(self, after: Address, count: int) -> Address | None:
        """The address of the lease that `count` others separate from the address `after`; None when there is none."""
        ...

    def page_of(self, subnets: Sequence[int], after: Address, last: Address, limit: int) -> list[AnyLease]:
        """The leases of these subnets behind the address `after` and not behind `last`, in the order of addresses."""
        ...

    def ping(self) -> None:
        """Whether the database still answers, and still takes changes."""
        ...

    def fileno(self) -> int:
        """Readable while idle means that the server has closed the connection. -1 when there is none."""
        ...

    def close(self) -> None: ...


def search_of(
    kind: LeaseKind,
    bounds: Range,
    first: Address | None,
    rows: list[tuple[AnyLease, bool, Address | None]],
    limit: int,
) -> Search:
    """The free parts of a range. first: the lowest address with a row; rows: (lease, free for anyone, the address
    with the next row, None when there is none) where something is free at or behind the row."""
    low, high = bounds
    if first is None:
        return Search([bounds])
    search = Search(complete=len(rows) < limit)
    length = kind.length(low)
    if (lowest := kind.number(first, length)) > low:
        search.pieces.append((low, lowest - 1))
    for lease, free, following in rows:
        begin = kind.number(lease.address, length)
        end = min(kind.number(following, length) - 1, high) if following is not None else high
        if free and kind.address(begin) == lease.address:
            search.rows.append(lease)
            end = max(end, begin)
        else:
            begin += 1
        if begin <= end:
            search.pieces.append((begin, end))
    return search


def first_of(hosts: Sequence[tuple[str, int]], connect: Callable[[str, int], None]) -> None:
    """Connect to the first of the hosts that serves; Lost names them all."""
    problems: list[LinkError] = []
    for host, port in hosts:
        try:
            connect(host, port)
            return
        except Lost as error:
            problems.append(error)
    raise all_failed(problems)


def all_failed(problems: Sequence[LinkError]) -> Lost:
    """None of the hosts serves."""
    return Lost("; ".join(map(str, problems)), problems[-1].kind)


def kind_behind(error: BaseException) -> str:
    """The kind of the LinkError that an error comes from."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, LinkError):
            return cause.kind
        cause = cause.__cause__
    return kind_of("", str(error))


def require_version(family: Family, type_: str, found: tuple[int, ...] | None, where: str) -> None:
    """Mismatch when the schema is not that of Kea 3.0. type_: of the database. found: None when the database says no
    version."""
    wanted = VERSIONS[type_]
    if found != tuple(wanted):
        said = "has no schema version" if found is None else f"holds schema version {'.'.join(map(str, found))}"
        text = f"{where} {said}, but schema version {wanted[0]}.{wanted[1]} (Kea 3.0) is needed"
        raise Mismatch(ExitCode.SCHEMA, family.message("INIT_FAIL"), text)


def link_error(trouble: Trouble, about_a_row: bool, text: str, code: str = "") -> LinkError:
    """What a trouble means for a batch. A refusal that is not about a row (a missing table, a right taken away) makes
    the database useless. code: as for `kind_of`."""
    kind = kind_of(code, text)
    if trouble is Trouble.RETRY:
        return Collision(text, kind)
    return Refused(text, kind) if trouble is Trouble.REFUSED and about_a_row else Lost(text, kind)
