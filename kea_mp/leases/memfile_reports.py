"""What commands ask of memfile: one lease, pages of leases, numbers of leases, and the rows themselves for a copy.

A page looks at a bounded number of rows, so that the packets that wait meanwhile do not notice.

Runs in: connection
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator

from kea_mp.leases.csv4 import escape
from kea_mp.leases.index import AddressIndex
from kea_mp.leases.model import Lease4
from kea_mp.leases.rows import Rows
from kea_mp.leases.store import Page, Wanted
from kea_mp.leases.tally import Tally

LOOKS = 2048  #: rows looked at for one page: about a millisecond
OF_A_PAGE = 8  #: what a /24 costs beyond its rows, in rows

_SUBNET, _HOSTNAME = 5, 8  #: columns of a row


class MemfileReports:
    """LeaseReports on the rows and indexes of a MemfileStore."""

    def __init__(
        self,
        rows: Rows,
        by_hw: AddressIndex,
        by_client_id: AddressIndex,
        lease: Callable[[int], Lease4 | None],
        tally: Tally,
    ) -> None:
        """by_client_id: of those client-ids that are not made of the hardware address. lease: address → its lease."""
        self._rows, self._by_hw, self._by_client_id = rows, by_hw, by_client_id
        self._lease, self._tally = lease, tally

    def at(self, address: int) -> Lease4 | None:
        return self._lease(address)

    def page(self, wanted: Wanted, after: int, limit: int) -> Page:
        if wanted.hw or wanted.client_id:
            return self._page_of_identity(wanted, after, limit)
        subnets = frozenset(b"%d" % subnet for subnet in wanted.subnets)
        hostname = escape(wanted.hostname).encode()
        found: list[Lease4] = []
        looks = 0
        for last, rows in self._behind(after):
            for address, line in rows:
                if _is_wanted(line, subnets, hostname):
                    lease = self._lease(address)
                    assert lease is not None
                    found.append(lease)
                    if len(found) == limit:
                        return Page(tuple(found), address)
            looks += OF_A_PAGE + len(rows)
            if looks >= LOOKS:
                return Page(tuple(found), last)
        return Page(tuple(found))

    def counts(self, first: int, last: int) -> dict[int, tuple[int, int]]:
        return self._tally.in_use(first, last)

    def lines(self, after: int) -> tuple[list[bytes], int | None]:
        """Some rows of the lease file behind the address `after`, and behind which to go on (None: that was all)."""
        found: list[bytes] = []
        looks = 0
        for last, rows in self._behind(after):
            found += [line for _, line in rows]
            looks += OF_A_PAGE + len(rows)
            if looks >= LOOKS:
                return found, last
        return found, None

    def _behind(self, after: int) -> Iterator[tuple[int, list[tuple[int, bytes]]]]:
        """The rows behind an address in groups of a /24 each: its last address, and (address, row)."""
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

    def _page_of_identity(self, wanted: Wanted, after: int, limit: int) -> Page:
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


def _is_wanted(line: bytes, subnets: frozenset[bytes], hostname: bytes) -> bool:
    """Whether a row is of one of the subnets (none given: any) and has this host name (b"": any)."""
    if not subnets and not hostname:
        return True
    if hostname and hostname not in line:
        return False
    fields = line.split(b",", _HOSTNAME + 1)
    return (not subnets or fields[_SUBNET] in subnets) and (not hostname or fields[_HOSTNAME] == hostname)
