"""The embedded lease backend: all leases in memory, every change in Kea's CSV file before it is acknowledged.

In memory a lease is the row of the file (bytes), found by address, hardware address and client-id. One owner:
the file is locked while the store is open.

Runs in: connection (or embedded in a packet worker)
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from msgspec import structs

from kea_mp.config.model import Config4, MemfileAccess
from kea_mp.errors import BackendDown
from kea_mp.leases.csv4 import ETHERNET, RowError, lease_of, line_of, removal_of
from kea_mp.leases.expiry import Expiry
from kea_mp.leases.free import FreeAddresses
from kea_mp.leases.index import AddressIndex
from kea_mp.leases.journal import Journal
from kea_mp.leases.load import Loading, SubnetCheck, lease_files
from kea_mp.leases.memfile_reports import MemfileReports
from kea_mp.leases.model import DECLINED, DEFAULT, RECLAIMED, RELEASED, Lease4, same_version, usable_by_anyone
from kea_mp.leases.rows import Rows
from kea_mp.leases.store import (
    Changed,
    ClaimLease,
    Failed,
    FindLeases,
    Found,
    RemoveLease,
    Request,
    Result,
    Stored,
)
from kea_mp.leases.tally import Tally
from kea_mp.values import INFINITY, text4

logger = logging.getLogger("kea-dhcp4.dhcpsrv")
engine_logger = logging.getLogger("kea-dhcp4.alloc-engine")

_IN_USE = (DEFAULT, DECLINED)
_RECLAIMED, _RELEASED, _INFINITE = (b"%d" % value for value in (RECLAIMED, RELEASED, INFINITY))  #: in a row
_PENDING = Failed("not carried out")  #: the place of a write's result while the reads are done

Change = tuple[Lease4 | None, Lease4 | None, bytes]  #: the lease before and after, and the row that says so


class MemfileStore:
    """A LeaseStore on memory and a lease file. Made by `open_memfile`."""

    def __init__(self, rows: Rows, tally: Tally, now: int, journal: Journal | None = None) -> None:
        """journal None: nothing is written (Kea persist: false). now: seconds since the epoch."""
        self.journal = journal
        self.tally = tally
        self._rows = rows
        self._by_hw = AddressIndex(len(rows))
        self._by_client_id = AddressIndex()  #: of those that are not made of the hardware address
        self._free = FreeAddresses()
        self._expiry = Expiry(now)
        self._htypes: dict[int, bytes] = {}  #: address → hardware type where it is not Ethernet; the file has none
        self._index_all(now)

    # ---- LeaseStore -----------------------------------------------------------------------------------------

    def execute(self, requests: Sequence[Request]) -> list[Result]:
        """See `LeaseStore`. One write and one sync for the whole batch."""
        results: list[Result] = [
            self._find(request) if type(request) is FindLeases else _PENDING for request in requests
        ]
        changes: list[Change] = []
        for place, request in enumerate(requests):
            if type(request) is ClaimLease:
                results[place] = self._claim(request, changes)
            elif type(request) is RemoveLease:
                results[place] = self._remove(request, changes)
        self._commit(changes, durable=True)
        for old, new, _ in changes:
            self.tally.changed(old, new)
        return results

    def reclaim(self, now: int, max_leases: int, remove: bool) -> int:
        """See `LeaseStore`. A declined address is always removed: its probation is over. Not synced: a
        reclamation that a crash undoes is done again."""
        ended = self._expiry.ended
        changes: list[Change] = []
        done: list[Lease4] = []
        self._end_leases(now)
        while not max_leases or len(done) < max_leases:
            if not ended:
                if not self._expiry.has_more(now):
                    break
                self._end_leases(now)
                continue
            lease = self._lease(ended.popleft())
            if lease is None or lease.state == RECLAIMED or lease.expire > now:
                continue
            if remove or lease.state == DECLINED:
                self._erase(lease, changes)
            else:
                self._write(lease, reclaimed(lease), changes)
            done.append(lease)
        self._commit(changes, durable=False)
        for old in done:
            self.tally.reclaimed(old)
            if old.state == DECLINED:
                engine_logger.info(
                    "ALLOC_ENGINE_V4_DECLINED_RECOVERED IPv4 address %s was recovered after %s seconds of "
                    "probation-period", text4(old.address), old.valid_lft)  # fmt: skip
        return len(done)

    def remove_reclaimed(self, before: int, limit: int = 0) -> int:
        """See `LeaseStore`. limit: about so many at once (0: all)."""
        changes: list[Change] = []
        for address in self._expiry.reclaimed_until(before, self._reclaimed_end, limit):
            lease = self._lease(address)
            if lease is not None:
                self._erase(lease, changes)
        self._commit(changes, durable=False)
        return len(changes)

    def statistics(self) -> dict[str, int]:
        return self.tally.levels() | self.tally.counts()

    def recover(self) -> None:
        """After BackendDown: see to it that the lease file can be written again; BackendDown while it cannot. One that
        is gone is written anew from memory, which holds all that was acknowledged."""
        if self.journal is None:
            return
        if self.journal.in_place:
            self.journal.probe()
        else:
            self.journal.write_anew(line for _, line in self._rows)

    def close(self) -> None:
        if self.journal is not None:
            self.journal.close()

    # ---- beyond the contract --------------------------------------------------------------------------------

    def is_waiting(self, now: int) -> bool:
        """Whether ended leases wait for reclamation (it may turn out that they have been renewed since)."""
        self._end_leases(now)
        return bool(self._expiry.ended) or self._expiry.has_more(now)

    def reports(self) -> MemfileReports:
        """What commands may ask."""
        return MemfileReports(self._rows, self._by_hw, self._by_client_id, self._lease, self.tally)

    def __len__(self) -> int:
        return len(self._rows)

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

    # ---- writing --------------------------------------------------------------------------------------------

    def _claim(self, request: ClaimLease, changes: list[Change]) -> Result:
        lease = request.lease
        current = self._lease(lease.address)
        seen = request.seen
        if current is not seen and not same_version(current, seen):  # the same: there is no row and none was seen
            return Changed(current)
        try:
            self._write(current, lease, changes)
        except (RowError, UnicodeError) as error:
            return Failed(str(error))
        return Stored(lease)

    def _remove(self, request: RemoveLease, changes: list[Change]) -> Result:
        current = self._lease(request.seen.address)
        if current is None or not same_version(current, request.seen):
            return Changed(current)
        self._erase(current, changes)
        return Stored(current)

    def _write(self, old: Lease4 | None, new: Lease4, changes: list[Change]) -> None:
        line = line_of(new)
        self._put(old, new, line)
        changes.append((old, new, line))

    def _erase(self, old: Lease4, changes: list[Change]) -> None:
        line = removal_of(old)
        self._drop(old)
        changes.append((old, None, line))

    def _commit(self, changes: list[Change], durable: bool) -> None:
        """Write the rows of these changes; BackendDown, with the memory as it was, when that fails."""
        if not changes or self.journal is None:
            return
        try:
            self.journal.append([line for _, _, line in changes], durable)
        except BackendDown:
            for old, new, _ in reversed(changes):
                if old is not None:
                    self._put(new, old, line_of(old))
                elif new is not None:
                    self._drop(new)
            raise

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
        if new.state in _IN_USE and new.valid_lft:
            self._free.take(address)
        else:
            self._free.give_back(address)
        if new.state == RECLAIMED:
            self._expiry.keep_reclaimed(address, new.expire)
        elif new.valid_lft != INFINITY:
            self._expiry.watch(address, new.expire)

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

    # ---- time -----------------------------------------------------------------------------------------------

    def _end_leases(self, now: int) -> None:
        for address in self._expiry.end(now, self._end_of):
            self._free.give_back(address)

    def _end_of(self, address: int) -> int | None:
        line = self._rows.get(address)
        if line is None:
            return None
        fields = line.split(b",", 10)
        return None if fields[9] == _RECLAIMED or fields[3] == _INFINITE else int(fields[4])

    def _reclaimed_end(self, address: int) -> int | None:
        line = self._rows.get(address)
        if line is None:
            return None
        fields = line.split(b",", 10)
        return int(fields[4]) if fields[9] == _RECLAIMED else None

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


def reclaimed(lease: Lease4) -> Lease4:
    """A lease that has ended, as it is kept for a client that comes back: without its name and relay information."""
    return structs.replace(
        lease,
        state=RECLAIMED,
        hostname="",
        fqdn_fwd=False,
        fqdn_rev=False,
        user_context="",
        relay_id=b"",
        remote_id=b"",
    )


def open_memfile(config: Config4, now: int) -> tuple[MemfileStore, bool]:
    """The store of this configuration, all leases loaded, and whether its files are of another schema and want a
    clean-up at once. now: seconds since the epoch. ExitWith when the file cannot be had or read."""
    access = config.lease_database
    assert isinstance(access, MemfileAccess)
    tally = Tally(config.subnets)
    if not access.persist:
        logger.warning("DHCPSRV_MEMFILE_NO_STORAGE running in non-persistent mode, leases will be lost after restart")
        return MemfileStore(Rows(), tally, now), False
    journal = Journal(access.name, access.sync == "batch")
    loading = Loading(SubnetCheck(config.subnets, access.lease_checks), access.max_row_errors)
    for path in lease_files(access.name):
        loading.file(path)
    return MemfileStore(loading.finish(), tally, now, journal), loading.converted
