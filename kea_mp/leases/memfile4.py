"""The leases of DHCPv4 in memory, found by address, hardware address and client-id.

Runs in: connection (or embedded in a packet worker)
"""

from __future__ import annotations

from collections import Counter

from kea_mp.family import DHCP4
from kea_mp.leases import csv4
from kea_mp.leases.csv4 import lease_of
from kea_mp.leases.csv_fields import ETHERNET
from kea_mp.leases.free4 import FreeAddresses
from kea_mp.leases.index import AddressIndex
from kea_mp.leases.journal import Journal
from kea_mp.leases.memfile import IN_USE, MemfileStore
from kea_mp.leases.memfile_reports import MemfileReports4
from kea_mp.leases.model import RECLAIMED, RELEASED, Lease4, usable_by_anyone
from kea_mp.leases.rows import Rows
from kea_mp.leases.store import FindLeases, Found
from kea_mp.leases.tally import Tally
from kea_mp.values import INFINITY, text4

_RECLAIMED, _RELEASED, _INFINITE = (b"%d" % value for value in (RECLAIMED, RELEASED, INFINITY))  #: in a row


class MemfileStore4(MemfileStore[Lease4, FindLeases, Found, int]):
    """See `MemfileStore`."""

    family = DHCP4
    columns = (3, 4, 9)
    line_of = staticmethod(csv4.line_of)
    removal_of = staticmethod(csv4.removal_of)
    text_of = staticmethod(text4)

    def __init__(self, rows: Rows, tally: Tally, now: int, journal: Journal | None = None) -> None:
        super().__init__(tally, now, journal)
        self._rows = rows
        self._by_hw = AddressIndex(len(rows))
        self._by_client_id = AddressIndex()  #: of those that are not made of the hardware address
        self._free = FreeAddresses()
        self._htypes: dict[int, bytes] = {}  #: address → hardware type where it is not Ethernet; the file has none
        self._index_all(now)

    def reports(self) -> MemfileReports4:
        return MemfileReports4(self._rows, self._by_hw, self._by_client_id, self._lease, self.tally)

    # ---- reading --------------------------------------------------------------------------------------------

    def _find(self, request: FindLeases) -> Found:
        hw, client_id, wanted = request.hw, request.client_id, request.subnets
        mine: list[Lease4] = []
        places = self._by_hw.find(hw[1:].hex(":").encode()) if hw else []
        if client_id:
            candidates = self._by_client_id.find(client_id.hex(":").encode())
            if client_id[:1] == ETHERNET:
                same = client_id[1:] == hw[1:]
                candidates += places if same else self._by_hw.find(client_id[1:].hex(":").encode())
            for address in candidates:
                lease = self._lease(address)
                if lease is not None and lease.client_id == client_id and lease.subnet_id in wanted:
                    mine.append(lease)
        for address in places:
            lease = self._lease(address)
            if lease is not None and lease.hw[1:] == hw[1:] and lease.subnet_id in wanted and lease not in mine:
                mine.append(lease)
        address = request.address
        at = self._lease(address) if address else None
        if not request.pools or mine:
            return Found(tuple(mine), at)
        now = request.now
        self._end_leases(now)
        client = client_id or hw
        if address and (at is None or usable_by_anyone(at, now)):
            self._free.keep_aside(address, request.pools, client, now)
            return Found((), at)
        free = self._free.propose(request.pools, request.allocator, request.skip, client, now)
        return Found((), at, free, self._lease(free) if free else None)

    def _lease(self, address: int) -> Lease4 | None:
        page = self._rows.pages.get(address >> 8)
        line = page[address & 255] if page is not None else None
        if line is None:
            return None
        return lease_of(address, line, self._htypes.get(address, ETHERNET) if self._htypes else ETHERNET)

    def _current(self, lease: Lease4) -> Lease4 | None:
        return self._lease(lease.address)

    # ---- writing --------------------------------------------------------------------------------------------

    def _put(self, old: Lease4 | None, new: Lease4, line: bytes) -> None:
        address = new.address
        self._rows.put(address, line)
        if old is None or old.hw != new.hw or old.client_id != new.client_id:
            if old is not None:
                self._forget_identity(old)
            if new.hw:
                self._by_hw.add(new.hw[1:].hex(":").encode(), address)
                if new.hw[0] != ETHERNET[0]:
                    self._htypes[address] = new.hw[:1]
            if client_id := _own_client_id(new):
                self._by_client_id.add(client_id.hex(":").encode(), address)
        if new.state in IN_USE and new.valid_lft:
            self._free.take(address)
        else:
            self._free.give_back(address)
        self._watch(address, new)

    def _drop(self, old: Lease4) -> None:
        self._rows.remove(old.address)
        self._forget_identity(old)
        self._free.give_back(old.address)

    def _forget_identity(self, old: Lease4) -> None:
        if old.hw:
            self._by_hw.remove(old.hw[1:].hex(":").encode(), old.address)
            if self._htypes:
                self._htypes.pop(old.address, None)
        if client_id := _own_client_id(old):
            self._by_client_id.remove(client_id.hex(":").encode(), old.address)

    def _is_over(self, number: int) -> None:
        self._free.give_back(number)

    def _index_all(self, now: int) -> None:
        """Everything that is derived from the rows, in one walk over all of them."""
        counts: Counter[tuple[bytes, bytes, bytes]] = Counter()
        ended: list[int] = []
        for number, page in sorted(self._rows.pages.items()):
            taken = self._free.page(number >> 8)
            by_hw: list[tuple[bytes, int]] = []
            by_client_id: list[tuple[bytes, int]] = []
            ends: list[tuple[int, int]] = []
            for address, line in enumerate(page, number << 8):
                if line is None:
                    continue
                _, hw, client_id, valid, expire, subnet_id, _, _, _, state, _, pool_id = line.split(b",")
                if hw:
                    by_hw.append((hw, address))
                if client_id and client_id != b"01:" + hw:
                    by_client_id.append((client_id, address))
                counts[subnet_id, pool_id, state] += 1
                end = int(expire)
                if state == _RECLAIMED:
                    self._expiry.keep_reclaimed(address, end)
                    continue
                if valid != _INFINITE:
                    if end <= now:
                        ended.append(end << 32 | address)
                        continue
                    ends.append((address, end))
                if state != _RELEASED:
                    taken[address & 65535] = 0
            self._by_hw.fill(by_hw)
            self._by_client_id.fill(by_client_id)
            self._expiry.watch_page(number, ends)
        self._expiry.ended.extend([item & 0xFFFFFFFF for item in sorted(ended)])
        for (subnet_id, pool_id, state), count in counts.items():
            self.tally.loaded(int(subnet_id), int(pool_id), int(state), count)


def _own_client_id(lease: Lease4) -> bytes:
    """The client-id that has to be indexed: one made of the hardware address is found by that (RFC 2132 9.14)."""
    return b"" if len(lease.hw) > 1 and lease.client_id == ETHERNET + lease.hw[1:] else lease.client_id
