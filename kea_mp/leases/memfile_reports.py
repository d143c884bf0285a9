"""What commands ask of memfile: one lease, pages of leases, numbers of leases, and the rows themselves for a copy.

A page looks at a bounded number of rows, so that the packets that wait meanwhile do not notice.

Runs in: connection
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Generic, TypeVar

from sortedcontainers import SortedList

from kea_mp.leases import csv4, csv6
from kea_mp.leases.csv6 import identity_of, lease_of
from kea_mp.leases.csv_fields import escape
from kea_mp.leases.index import AddressIndex
from kea_mp.leases.model import Lease4, Lease6
from kea_mp.leases.rows import Rows
from kea_mp.leases.store import Page, Wanted, Wanted6
from kea_mp.leases.tally import Places
from kea_mp.values import colons

LOOKS, LOOKS6 = 2048, 512  #: rows of each family looked at for one page: about a millisecond
OF_A_PAGE = 8  #: what a group of rows costs beyond these, in rows
_GROUP = 256  #: rows of DHCPv6 looked at together

L = TypeVar("L", bound=Lease4 | Lease6)
A = TypeVar("A", bound=int | bytes)  #: an address
W = TypeVar("W", bound=Wanted | Wanted6)

Groups = Iterator[tuple[A, list[tuple[A, bytes]]]]  #: the last address it is about, (address, row)


class MemfileReports(ABC, Generic[L, A, W]):
    """LeaseReports on the rows of a MemfileStore."""

    header: bytes  #: of the file
    beginning: A  #: behind it are all addresses
    looks: int  #: rows looked at for one page

    def __init__(self, tally: Places[L]) -> None:
        self._tally = tally

    @abstractmethod
    def at(self, address: A) -> L | None:
        """See `LeaseReports`."""

    @abstractmethod
    def page(self, wanted: W, after: A, limit: int) -> Page[L, A]:
        """See `LeaseReports`."""

    @abstractmethod
    def _behind(self, after: A) -> Groups[A]:
        """The rows behind an address in groups."""

    def counts(self, first: int, last: int) -> Mapping[int, tuple[int, ...]]:
        """See `LeaseReports`."""
        return self._tally.in_use(first, last)

    def lines(self, after: A) -> tuple[list[bytes], A | None]:
        """Some rows of the lease file behind an address, and behind which to go on (None: that was all)."""
        found: list[bytes] = []
        looks = 0
        for last, rows in self._behind(after):
            found += [line for _, line in rows]
            looks += OF_A_PAGE + len(rows)
            if looks >= self.looks:
                return found, last
        return found, None

    def _page_by(self, is_wanted: Callable[[bytes], bool], after: A, limit: int) -> Page[L, A]:
        """The leases whose rows are wanted."""
        found: list[L] = []
        looks = 0
        for last, rows in self._behind(after):
            for address, line in rows:
                if is_wanted(line):
                    lease = self.at(address)
                    assert lease is not None
                    found.append(lease)
                    if len(found) == limit:
                        return Page(tuple(found), address)
            looks += OF_A_PAGE + len(rows)
            if looks >= self.looks:
                return Page(tuple(found), last)
        return Page(tuple(found))


class MemfileReports4(MemfileReports[Lease4, int, Wanted]):
    """Those of DHCPv4."""

    header, beginning, looks = csv4.HEADER, -1, LOOKS

    def __init__(
        self,
        rows: Rows,
        by_hw: AddressIndex,
        by_client_id: AddressIndex,
        lease: Callable[[int], Lease4 | None],
        tally: Places[Lease4],
    ) -> None:
        """by_client_id: of those client-ids that are not made of the hardware address. lease: address → its lease."""
        super().__init__(tally)
        self._rows, self._by_hw, self._by_client_id, self._lease = rows, by_hw, by_client_id, lease

    def at(self, address: int) -> Lease4 | None:
        return self._lease(address)

    def page(self, wanted: Wanted, after: int, limit: int) -> Page[Lease4, int]:
        if wanted.hw or wanted.client_id:
            return self._page_of_identity(wanted, after, limit)
        subnets = frozenset(b"%d" % subnet for subnet in wanted.subnets)
        hostname = escape(wanted.hostname).encode()

        def is_wanted(line: bytes) -> bool:
            if not subnets and not hostname:
                return True
            if hostname and hostname not in line:
                return False
            fields = line.split(b",", 9)
            return (not subnets or fields[5] in subnets) and (not hostname or fields[8] == hostname)

        return self._page_by(is_wanted, after, limit)

    def _behind(self, after: int) -> Groups[int]:
        """A group is what a /24 has."""
        order, pages = self._rows.order(), self._rows.pages
        first = after + 1
        for place in range(bisect_left(order, first >> 8), len(order)):
            page = pages.get(order[place])
            if page is None:
                continue
            base = order[place] << 8
            start = max(0, first - base)
            yield (
                base + 255,
                [(base + offset, line) for offset, line in enumerate(page[start:], start) if line is not None],
            )

    def _page_of_identity(self, wanted: Wanted, after: int, limit: int) -> Page[Lease4, int]:
        hw, client_id = wanted.hw[1:], wanted.client_id
        addresses = self._by_client_id.find(client_id.hex(":").encode()) if client_id else []
        addresses += self._by_hw.find((client_id[1:] if client_id else hw).hex(":").encode())
        found: list[Lease4] = []
        for address in sorted(set(addresses)):
            lease = self._lease(address) if address > after else None
            if lease is None or (wanted.subnets and lease.subnet_id not in wanted.subnets):
                continue
            if lease.client_id == client_id if client_id else lease.hw[1:] == hw:
                found.append(lease)
                if len(found) == limit:
                    return Page(tuple(found), address)
        return Page(tuple(found))


class MemfileReports6(MemfileReports[Lease6, bytes, Wanted6]):
    """Those of DHCPv6."""

    header, beginning, looks = csv6.HEADER, b"", LOOKS6

    def __init__(
        self,
        rows: Rows,
        order: SortedList[bytes],
        numbers: Mapping[bytes, int],
        by_identity: AddressIndex,
        lease: Callable[[int], Lease6 | None],
        tally: Places[Lease6],
    ) -> None:
        """order: the addresses of all rows. numbers: of rows, by address. lease: number → its lease."""
        super().__init__(tally)
        self._rows, self._order, self._numbers = rows, order, numbers
        self._by_identity, self._lease = by_identity, lease

    def at(self, address: bytes) -> Lease6 | None:
        line = self._row(address)
        return lease_of(address, line) if line is not None else None

    def page(self, wanted: Wanted6, after: bytes, limit: int) -> Page[Lease6, bytes]:
        if wanted.duid and wanted.iaid >= 0 and wanted.lease_type >= 0:
            key = identity_of(wanted.duid, wanted.iaid, wanted.lease_type)
            places = (self._lease(number) for number in self._by_identity.find(key))
            found = [lease for lease in places if lease is not None and lease.address > after]
            found = sorted((lease for lease in found if is_wanted6(lease, wanted)), key=lambda lease: lease.address)
            return Page(tuple(found[:limit]), found[limit - 1].address if len(found) > limit else None)
        # What the row of such a lease has in it; whether that is in the right place is seen afterwards.
        texts = (colons(wanted.duid), colons(wanted.hw[1:]), escape(wanted.hostname))
        marks = [f",{text},".encode() for text in texts if text]
        return self._page_by(lambda line: _has(line, marks, wanted), after, limit)

    def _behind(self, after: bytes) -> Groups[bytes]:
        """Some hundred neighbours are a group."""
        addresses = self._order.irange(after, None, (False, False))
        while group := list(islice(addresses, _GROUP)):
            yield group[-1], list(self._with_rows(group))

    def _with_rows(self, addresses: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
        for address in addresses:
            line = self._row(address)
            assert line is not None
            yield address, line

    def _row(self, address: bytes) -> bytes | None:
        number = self._numbers.get(address)
        return None if number is None else self._rows.get(number)


def _has(line: bytes, marks: list[bytes], wanted: Wanted6) -> bool:
    """Whether a row is wanted. marks: in lower case, as hexadecimal digits are; host names need not be."""
    if marks:
        low = line.lower()
        return all(mark in low for mark in marks) and is_wanted6(lease_of(b"", line), wanted)
    if wanted.lease_type < 0 and not wanted.subnets:
        return True
    fields = line.split(b",", csv6.TYPE + 1)
    return (wanted.lease_type < 0 or int(fields[csv6.TYPE]) == wanted.lease_type) and (
        not wanted.subnets or int(fields[csv6.SUBNET]) in wanted.subnets
    )


def is_wanted6(lease: Lease6, wanted: Wanted6) -> bool:
    """Whether a lease is one of those that are wanted."""
    return (
        (not wanted.subnets or lease.subnet_id in wanted.subnets)
        and (not wanted.duid or lease.duid == wanted.duid)
        and (wanted.iaid < 0 or lease.iaid == wanted.iaid)
        and (wanted.lease_type < 0 or lease.lease_type == wanted.lease_type)
        and (not wanted.hw or lease.hw[1:] == wanted.hw[1:])
        and (not wanted.hostname or lease.hostname.lower() == wanted.hostname)
    )
