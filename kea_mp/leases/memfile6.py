"""The leases of DHCPv6 in memory, found by address and by identity association.

An address of 128 bits is a number only for as long as it has a row, so that indexes and the schedule of ends, which
take 32 bits, serve both families; a number is given again when its row is gone.

Runs in: connection (or embedded in a packet worker)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sortedcontainers import SortedList

from kea_mp.config.model6 import Subnet6
from kea_mp.family import DHCP6
from kea_mp.leases import csv6
from kea_mp.leases.csv6 import identity_of, lease_of
from kea_mp.leases.free6 import FreePlaces6
from kea_mp.leases.index import AddressIndex
from kea_mp.leases.journal import Journal
from kea_mp.leases.memfile import IN_USE, MemfileStore
from kea_mp.leases.memfile_reports import MemfileReports6
from kea_mp.leases.model import NA, PD, RECLAIMED, REGISTERED, RELEASED, Lease6, usable_by_anyone
from kea_mp.leases.store import FindLeases6, Found6
from kea_mp.leases.tally import Tally6, place6
from kea_mp.values import INFINITY, address6, text6

_FIRST_NUMBER = 256  #: the index takes none below 2

_RECLAIMED, _RELEASED, _REGISTERED = b"%d" % RECLAIMED, b"%d" % RELEASED, b"%d" % REGISTERED  #: in a row
_INFINITE = b"%d" % INFINITY


class MemfileStore6(MemfileStore[Lease6, FindLeases6, Found6, bytes]):
    """See `MemfileStore`."""

    family = DHCP6
    columns = (csv6.VALID, csv6.EXPIRES, csv6.STATE)
    line_of = staticmethod(csv6.line_of)
    removal_of = staticmethod(csv6.removal_of)
    text_of = staticmethod(text6)

    def __init__(
        self, rows: Mapping[bytes, bytes], subnets: tuple[Subnet6, ...], now: int, journal: Journal | None = None
    ) -> None:
        """rows: address → row."""
        super().__init__(Tally6(subnets), now, journal)
        self._by_identity = AddressIndex(len(rows))
        self._free = FreePlaces6(pool.delegated_length for subnet in subnets for pool in subnet.pd_pools)
        self._numbers: dict[bytes, int] = {}
        self._unused: list[int] = []  #: numbers whose rows are gone
        self._order = SortedList(rows)  #: addresses of all rows
        self._index_all(rows, now)

    def reports(self) -> MemfileReports6:
        return MemfileReports6(self._rows, self._order, self._numbers, self._by_identity, self._lease, self.tally)

    # ---- reading --------------------------------------------------------------------------------------------

    def _find(self, request: FindLeases6) -> Found6:
        duid, iaid, kind, wanted, now = request.duid, request.iaid, request.lease_type, request.subnets, request.now
        mine: list[Lease6] = []
        key = b""
        if duid:
            key = identity_of(duid, iaid, kind)
            for number in self._by_identity.find(key):
                lease = self._lease(number)
                if (
                    lease is not None
                    and lease.duid == duid
                    and lease.iaid == iaid
                    and lease.lease_type == kind
                    and lease.subnet_id in wanted
                ):
                    mine.append(lease)
        address = request.address
        at = self._at(address) if address else None
        if not request.pools or mine:
            return Found6(tuple(mine), at)
        self._end_leases(now)
        if address and (at is None or usable_by_anyone(at, now)):
            self._free.keep_aside(address, request.pools, key, now)
            return Found6((), at)
        free, length = self._free.propose(request.pools, request.allocator, request.skip, key, now)
        return Found6((), at, free, length, self._at(free) if free else None)

    def _at(self, address: bytes) -> Lease6 | None:
        number = self._numbers.get(address)
        if number is None:
            return None
        line = self._rows.get(number)
        return lease_of(address, line) if line is not None else None

    def _lease(self, number: int) -> Lease6 | None:
        line = self._rows.get(number)
        return lease_of(address_in(line), line) if line is not None else None

    def _current(self, lease: Lease6) -> Lease6 | None:
        return self._at(lease.address)

    # ---- writing --------------------------------------------------------------------------------------------

    def _put(self, old: Lease6 | None, new: Lease6, line: bytes) -> None:
        address, key = new.address, identity_of(new.duid, new.iaid, new.lease_type)
        number = self._numbers.get(address)
        if number is None or old is None:
            number = self._numbers[address] = self._next_number()
            self._order.add(address)
            self._by_identity.add(key, number)
        else:
            before = identity_of(old.duid, old.iaid, old.lease_type)
            if before != key:
                self._by_identity.remove(before, number)
                self._by_identity.add(key, number)
            if old.lease_type != new.lease_type:
                self._free.give_back(address, old.lease_type)
        self._rows.put(number, line)
        if new.state in IN_USE and new.valid_lft:
            self._free.take(address, new.lease_type)
        else:
            self._free.give_back(address, new.lease_type)
        self._watch(number, new)

    def _next_number(self) -> int:
        return self._unused.pop() if self._unused else _FIRST_NUMBER + len(self._numbers)

    def _drop(self, old: Lease6) -> None:
        number = self._numbers.pop(old.address)
        self._rows.remove(number)
        self._order.remove(old.address)
        self._unused.append(number)
        self._by_identity.remove(identity_of(old.duid, old.iaid, old.lease_type), number)
        self._free.give_back(old.address, old.lease_type)

    def _is_over(self, number: int) -> None:
        lease = self._lease(number)
        if lease is not None and lease.state != REGISTERED:
            self._free.give_back(lease.address, lease.lease_type)

    def _index_all(self, rows: Mapping[bytes, bytes], now: int) -> None:
        """Everything that is derived from the rows, in one walk over all of them in the order of their addresses."""
        counts: Counter[tuple[bytes, bytes, bytes, bytes]] = Counter()
        ended: list[tuple[int, int]] = []
        taken: dict[int, list[int]] = {NA: [], PD: []}
        for number, address in enumerate(self._order, _FIRST_NUMBER):
            line = rows[address]
            self._numbers[address] = number
            self._rows.put(number, line)
            _, duid, valid, expire, subnet_id, _, kind, iaid, _, _, _, _, _, state, _, _, _, pool_id = line.split(b",")
            self._by_identity.add(b"%b/%b/%b" % (duid, iaid, kind), number)
            counts[subnet_id, kind, pool_id, state] += 1
            end = int(expire)
            if state == _RECLAIMED:
                self._expiry.keep_reclaimed(number, end)
                continue
            if valid != _INFINITE:
                if end <= now:
                    ended.append((end, number))
                    if state != _REGISTERED:
                        continue
                else:
                    self._expiry.watch(number, end)
            if state != _RELEASED:
                taken[PD if kind == b"2" else NA].append(int.from_bytes(address, "big"))
        for lease_type, places in taken.items():
            self._free.take_all(places, lease_type)
        self._expiry.ended.extend([number for _, number in sorted(ended)])
        for (subnet_id, kind, pool_id, state), count in counts.items():
            self.tally.loaded(int(subnet_id), place6(int(kind), int(pool_id), int(state)), int(state), count)


def address_in(line: bytes) -> bytes:
    return address6(line[: line.index(b",")].decode())
