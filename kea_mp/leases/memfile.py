"""The embedded lease backend: all leases in memory, every change in Kea's CSV file before it is acknowledged. What both
families share; `memfile4` and `memfile6` have what is found by what.

In memory a lease is the row of the file (bytes). A row has a number, by which it is found, indexed and watched; in
DHCPv4 the address is that number. One owner: the file is locked while the store is open.

Runs in: connection (or embedded in a packet worker)
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Generic, TypeVar, cast

from kea_mp.errors import BackendDown
from kea_mp.family import Family
from kea_mp.leases.csv_fields import RowError
from kea_mp.leases.expiry import Expiry
from kea_mp.leases.journal import Journal
from kea_mp.leases.memfile_reports import MemfileReports
from kea_mp.leases.model import DECLINED, DEFAULT, RECLAIMED, REGISTERED, Lease4, Lease6, reclaimed, same_version
from kea_mp.leases.rows import Rows
from kea_mp.leases.store import Changed, ClaimLease, Failed, RemoveLease, Stored
from kea_mp.leases.tally import Places
from kea_mp.values import INFINITY

IN_USE = (DEFAULT, DECLINED, REGISTERED)
REMOVED = (DECLINED, REGISTERED)  #: states whose leases are never kept when they have ended
_RECLAIMED, _INFINITE = b"%d" % RECLAIMED, b"%d" % INFINITY  #: in a row
_PENDING = Failed("not carried out")  #: the place of a write's result while the reads are done

L = TypeVar("L", bound=Lease4 | Lease6)
F = TypeVar("F")  #: the request that finds
G = TypeVar("G")  #: its answer
A = TypeVar("A", bound=int | bytes)  #: an address

Change = tuple[L | None, L | None, bytes]  #: the lease before and after, and the row that says so
Written = Stored[L] | Changed[L] | Failed


class MemfileStore(ABC, Generic[L, F, G, A]):
    """A LeaseStore on memory and a lease file. Made by `open_memfile`."""

    family: ClassVar[Family]
    columns: ClassVar[tuple[int, int, int]]  #: where valid_lifetime, expire and state are in a row
    line_of: Callable[[L], bytes]
    removal_of: Callable[[L], bytes]
    text_of: Callable[[A], str]

    def __init__(self, tally: Places[L], now: int, journal: Journal | None) -> None:
        """journal None: nothing is written (Kea persist: false). now: seconds since the epoch."""
        self.journal = journal
        self.tally = tally
        self._rows = Rows()
        self._expiry = Expiry(now)
        self._engine_logger = logging.getLogger(self.family.logger("alloc-engine"))

    # ---- what differs ---------------------------------------------------------------------------------------

    @abstractmethod
    def reports(self) -> MemfileReports[L, A, Any]:
        """What commands may ask."""

    @abstractmethod
    def _find(self, request: F) -> G:
        """Answer a request that finds."""

    @abstractmethod
    def _lease(self, number: int) -> L | None:
        """The lease of the row with this number."""

    @abstractmethod
    def _current(self, lease: L) -> L | None:
        """The lease that is at the address of this one."""

    @abstractmethod
    def _put(self, old: L | None, new: L, line: bytes) -> None:
        """Into the memory."""

    @abstractmethod
    def _drop(self, old: L) -> None:
        """Out of the memory."""

    @abstractmethod
    def _is_over(self, number: int) -> None:
        """The lease of this row has ended: its address is free, unless it is not for others."""

    # ---- LeaseStore -----------------------------------------------------------------------------------------

    def execute(self, requests: Sequence[F | ClaimLease[L] | RemoveLease[L]]) -> list[G | Written[L]]:
        """See `LeaseStore`. One write and one sync for the whole batch."""
        results: list[G | Written[L]] = [
            _PENDING if isinstance(request, (ClaimLease, RemoveLease)) else self._find(request) for request in requests
        ]
        changes: list[Change[L]] = []
        for place, request in enumerate(requests):
            if isinstance(request, ClaimLease):
                results[place] = self._claim(request, changes)
            elif isinstance(request, RemoveLease):
                results[place] = self._remove(request, changes)
        self._commit(changes, durable=True)
        for old, new, _ in changes:
            self.tally.changed(old, new)
        return results

    def reclaim(self, now: int, max_leases: int, remove: bool) -> int:
        """See `LeaseStore`. A declined address is always removed: its probation is over, and so is one that
        its client has registered. Not synced: a
        reclamation that a crash undoes is done again."""
        ended = self._expiry.ended
        changes: list[Change[L]] = []
        done: list[L] = []
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
            if remove or lease.state in REMOVED:
                self._erase(lease, changes)
            else:
                self._write(lease, reclaimed(lease), changes)
            done.append(lease)
        self._commit(changes, durable=False)
        for old in done:
            self.tally.reclaimed(old)
            if old.state == DECLINED:
                self._engine_logger.info(
                    "ALLOC_ENGINE_V%s_DECLINED_RECOVERED IPv%s address %s was recovered after %s seconds of "
                    "probation-period", self.family.number, self.family.number, self.text_of(cast(A, old.address)),
                    old.valid_lft,
                )  # fmt: skip
        return len(done)

    def remove_reclaimed(self, before: int, limit: int = 0) -> int:
        """See `LeaseStore`. limit: about so many at once (0: all)."""
        changes: list[Change[L]] = []
        for number in self._expiry.reclaimed_until(before, self._reclaimed_end, limit):
            lease = self._lease(number)
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

    def __len__(self) -> int:
        return len(self._rows)

    # ---- writing --------------------------------------------------------------------------------------------

    def _claim(self, request: ClaimLease[L], changes: list[Change[L]]) -> Written[L]:
        lease = request.lease
        current = self._current(lease)
        seen = request.seen
        if current is not seen and not same_version(current, seen):  # the same: there is no row and none was seen
            return Changed(current)
        try:
            self._write(current, lease, changes)
        except (RowError, UnicodeError) as error:
            return Failed(str(error))
        return Stored(lease)

    def _remove(self, request: RemoveLease[L], changes: list[Change[L]]) -> Written[L]:
        current = self._current(request.seen)
        if current is None or not same_version(current, request.seen):
            return Changed(current)
        self._erase(current, changes)
        return Stored(current)

    def _write(self, old: L | None, new: L, changes: list[Change[L]]) -> None:
        line = self.line_of(new)
        self._put(old, new, line)
        changes.append((old, new, line))

    def _erase(self, old: L, changes: list[Change[L]]) -> None:
        line = self.removal_of(old)
        self._drop(old)
        changes.append((old, None, line))

    def _commit(self, changes: list[Change[L]], durable: bool) -> None:
        """Write the rows of these changes; BackendDown, with the memory as it was, when that fails."""
        if not changes or self.journal is None:
            return
        try:
            self.journal.append([line for _, _, line in changes], durable)
        except BackendDown:
            for old, new, _ in reversed(changes):
                if old is not None:
                    self._put(new, old, self.line_of(old))
                elif new is not None:
                    self._drop(new)
            raise

    def _watch(self, number: int, lease: L) -> None:
        """When something is to be done about a lease that is in memory now."""
        if lease.state == RECLAIMED:
            self._expiry.keep_reclaimed(number, lease.expire)
        elif lease.valid_lft != INFINITY:
            self._expiry.watch(number, lease.expire)

    # ---- time -----------------------------------------------------------------------------------------------

    def _end_leases(self, now: int) -> None:
        for number in self._expiry.end(now, self._end_of):
            self._is_over(number)

    def _end_of(self, number: int) -> int | None:
        line = self._rows.get(number)
        if line is None:
            return None
        valid, expire, state = self.columns
        fields = line.split(b",", state + 1)
        return None if fields[state] == _RECLAIMED or fields[valid] == _INFINITE else int(fields[expire])

    def _reclaimed_end(self, number: int) -> int | None:
        line = self._rows.get(number)
        if line is None:
            return None
        _, expire, state = self.columns
        fields = line.split(b",", state + 1)
        return int(fields[expire]) if fields[state] == _RECLAIMED else None


AnyMemfileStore = MemfileStore[Any, Any, Any, Any]  #: of either family
