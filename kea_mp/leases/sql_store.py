"""The lease backend on a database that other servers use too. Which database is the Link's business.

A batch is one exchange with the database: look-ups first, then all changes in one transaction, each under the
condition that its row is still as its client had seen it. Only what did not hold needs a second round trip. The
database settles who was first; nothing here locks anything.

Runs in: connection
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from random import random
from typing import Any, TypeVar

from kea_mp.config.model import Subnet4
from kea_mp.config.model6 import Subnet6
from kea_mp.errors import BackendDown
from kea_mp.leases.lease_kinds import Address, AnyLease
from kea_mp.leases.link import Collision, Done, Link, LinkError, Lost, Mismatch, Refused, Silent, Work
from kea_mp.leases.model import DECLINED, reclaimed, usable_by_anyone
from kea_mp.leases.proposals import Proposals
from kea_mp.leases.sql_changes import Change, Placed, address_of, enter, is_done, one_of_each_address, refusals, same
from kea_mp.leases.sql_finding import Finder, Results
from kea_mp.leases.sql_reports import SqlReports
from kea_mp.leases.store import Changed, ClaimLease, Failed, RemoveLease, Request, Request6, Stored
from kea_mp.sql.errors import DatabaseRefused
from kea_mp.values import INFINITY

TRIES = 20  #: of a transaction that collides with others
APART_S = 0.002  #: two that collide try again so far apart by chance, and farther with every try
COLLIDING_S = 5.0  #: it is not tried again after that: whoever holds the rows goes on holding them
FRESH_S = 0.2  #: so long an answer is as good as a new one
PING_S = 1.0  #: how often the database is asked whether it still takes changes
COUNTS_S = 10.0  #: how often the numbers of leases are read again, since other servers change them too

T = TypeVar("T")


class SqlLeaseStore:
    """A LeaseStore over a Link, which is connected when it is needed, and says whose leases these are. Made by
    `open_sql`."""

    journal = None  #: there is no lease file to be cleaned up

    def __init__(self, link: Link, subnets: Sequence[Subnet4] | Sequence[Subnet6], seed: int | None = None) -> None:
        self.tally = link.kind.tally(subnets)
        self.collisions = 0  #: transactions that had to be run again
        self.round_trips = 0
        self.renew: Callable[[], None] = link.connect  #: how a connection is made anew; LinkError, Mismatch
        self._link, self._kind = link, link.kind
        self.family = link.kind.family
        self._logger = logging.getLogger(self._kind.family.logger("dhcpsrv"))
        self._engine_logger = logging.getLogger(self._kind.family.logger("alloc-engine"))
        self._refusal = refusals(self._kind)
        self._proposals = Proposals(seed=seed, kind=self._kind)
        self._finder = Finder(self._kind, self._proposals, self._exchange)
        self._counted_at = self._asked_at = self._pinged_at = 0.0
        self.connections = 0  #: made so far
        self._capped_at = 0.0

    # ---- LeaseStore -----------------------------------------------------------------------------------------

    def execute(self, requests: Sequence[Request | Request6]) -> Results:
        """See `LeaseStore`. BackendDown also when the connection is lost for good in between."""
        results: Results = [None] * len(requests)
        changes = self._first_changes(requests, results)
        find = self._kind.find
        finds: list[tuple[int, Any]] = [one for one in enumerate(requests) if type(one[1]) is find]
        work = Work()
        askers = self._finder.prepare(finds, work) if finds else []
        done, later = self._first_exchange(work, changes, results)
        if finds:
            self._finder.answer(finds, askers, work, done, results)
        # More rounds than changes: somebody changes the same rows again and again.
        rounds = 0
        while later:
            rounds += 1
            if rounds > len(requests) + TRIES:
                for place, change in later:
                    lease = change.lease if isinstance(change, ClaimLease) else change.seen
                    results[place] = Failed(f"the row of {self._kind.text(lease)} is not what it seems")
                break
            later = self._change(later, results)
        return results  # every place is filled now

    def reclaim(self, now: int, max_leases: int, remove: bool) -> int:
        """See `LeaseStore`. Each row is changed under the condition that it is as it was, so that servers that reclaim
        at the same time do not disturb each other."""
        count = 0
        while not max_leases or count < max_leases:
            limit = min(max_leases - count, 512) if max_leases else 512
            ended = self.asked(partial(self._link.ended, now, limit))
            if not ended:
                break
            done = self._reclaim(ended, remove)
            count += done
            if len(ended) < limit or not done:
                break
        return count

    def remove_reclaimed(self, before: int, limit: int = 0) -> int:
        """See `LeaseStore`. limit: at most so many at once (0: all)."""
        count = 0
        while True:
            deleted = self.asked(lambda: self._link.flush(before, limit or 512))
            count += deleted
            if limit or deleted < 512:
                return count

    def statistics(self) -> dict[str, int]:
        self._count_leases()
        return self.tally.levels() | self.tally.counts()

    def close(self) -> None:
        self._link.close()

    def take(self, link: Link) -> None:
        """Go on with the connection of another link of the same kind."""
        self.connections += 1
        self._link.take(link)
        self._counted_at = self._pinged_at = 0.0

    @property
    def exhausted(self) -> int:
        """Requests for which no address was free."""
        return self._finder.exhausted

    # ---- beyond the contract --------------------------------------------------------------------------------

    def is_waiting(self, now: int) -> bool:
        """Whether leases that have ended wait for reclamation."""
        return bool(self.asked(lambda: self._link.ended(now, 1)))

    def reports(self) -> SqlReports:
        """What commands ask of this store."""
        return SqlReports(self._link, self.asked)

    def probe(self) -> None:
        """Whether the database can be used; BackendDown when not. A broken connection is made anew."""
        self.asked(self._link.ping)

    def assure(self, now: float) -> None:
        """`probe`, unless the database has just answered."""
        if now - self._asked_at > FRESH_S:
            self._asked_at = now
            self.probe()

    def idle(self, now: float) -> None:
        """What is done from time to time: whether the database answers and takes changes, and its numbers of leases.
        now: seconds on the monotonic clock. BackendDown."""
        if now - self._pinged_at < PING_S:
            return
        self._pinged_at = self._asked_at = now
        self.probe()
        if now - self._counted_at >= COUNTS_S:
            self._count_leases()
            self._counted_at = now

    def fileno(self) -> int:
        return self._link.fileno()

    # ---- writing --------------------------------------------------------------------------------------------

    def _first_changes(self, requests: Sequence[Request | Request6], results: Results) -> list[Placed]:
        """The changes, without those that no database would take."""
        changes: list[Placed] = []
        for place, request in enumerate(requests):
            if type(request) is ClaimLease:
                problem = self._refusal(request.lease)
                if problem:
                    results[place] = Failed(problem)
                else:
                    changes.append((place, self._within_time(request)))
            elif type(request) is RemoveLease:
                changes.append((place, request))
        return changes

    def _first_exchange(self, work: Work, changes: list[Placed], results: Results) -> tuple[Done, list[Placed]]:
        """Reads and changes together; what has to be done once more."""
        if not changes:
            return self._exchange(work) if work.reads else Done(), []
        now, later = one_of_each_address(changes)
        enter(work, now)
        try:
            done, doubtful = self._try_exchange(work)
        except Refused:
            enter(work, [])
            done = self._exchange(work)
            return done, self._piecewise(now, results) + later
        return done, self._settle(now, done.written, doubtful, results) + later

    def _change(self, changes: list[Placed], results: Results) -> list[Placed]:
        """Carry out changes alone; those that come after them."""
        now, later = one_of_each_address(changes)
        work = Work()
        enter(work, now)
        try:
            done, doubtful = self._try_exchange(work)
        except Refused:
            return self._piecewise(now, results) + later
        return self._settle(now, done.written, doubtful, results) + later

    def _piecewise(self, changes: list[Placed], results: Results) -> list[Placed]:
        """The database refuses one row or several: halve until each stands alone, so that only they fail."""
        later: list[Placed] = []
        parts = [changes]
        while parts:
            part = parts.pop()
            work = Work()
            enter(work, part)
            try:
                done, doubtful = self._try_exchange(work)
            except Refused as error:
                if len(part) == 1:
                    results[part[0][0]] = Failed(str(error))
                else:
                    half = len(part) // 2
                    parts += [part[half:], part[:half]]
                continue
            later += self._settle(part, done.written, doubtful, results)
        return later

    def _settle(
        self, changes: list[Placed], written: set[Address], doubtful: bool, results: Results
    ) -> list[Placed]:  # fmt: skip
        """The results of changes that were carried out, except those that deserve another try."""
        missed = [(place, change) for place, change in changes if address_of(change) not in written]
        current: dict[Address, AnyLease] = {}
        if missed:
            work = Work(addresses=[address_of(change) for _, change in missed])
            current = {lease.address: lease for lease in self._exchange(work).by_address}
        again: list[Placed] = []
        for place, change in changes:
            address = address_of(change)
            row = current.get(address)
            if address in written or (doubtful and is_done(self._kind, change, row)):
                results[place] = self._stored(change)
            elif same(self._kind, row, change.seen):
                again.append((place, change))  # what stood in the way is gone already
            else:
                results[place] = Changed(row)
                if isinstance(change, ClaimLease) and change.seen is None:
                    self._proposals.conflict(self._kind.number_of(change.lease))
        return again

    def _stored(self, change: Change) -> Stored[Any]:
        if isinstance(change, RemoveLease):
            self.tally.changed(change.seen, None)
            self._proposals.freed(self._kind.number_of(change.seen))
            return Stored(change.seen)
        lease = change.lease
        self.tally.changed(change.seen, lease)
        if usable_by_anyone(lease, lease.cltt):
            self._proposals.freed(self._kind.number_of(lease))
        else:
            self._proposals.taken(self._kind.number_of(lease))
        return Stored(lease)

    def _within_time(self, request: ClaimLease[Any]) -> ClaimLease[Any]:
        """A lease that ends after the column's last moment is shortened, and the client is told what is stored."""
        lease, last = request.lease, self._link.last_time
        if lease.valid_lft == INFINITY or lease.cltt + lease.valid_lft <= last:
            return request
        now = time.monotonic()
        if now - self._capped_at > 60 or not self._capped_at:
            self._capped_at = now
            self._logger.warning(
                "KEA_MP_LEASE_TIME_CAPPED the lease of %s would end after %s, the last moment that the database can "
                "hold; it is given for %s seconds", self._kind.text(lease),
                time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(last)), max(0, last - lease.cltt),
            )  # fmt: skip
        return ClaimLease(self._kind.shortened(lease, max(0, last - lease.cltt)), request.seen)

    def _reclaim(self, ended: list[AnyLease], remove: bool) -> int:
        kind = self._kind
        changes: list[Placed] = [
            (place, RemoveLease(lease) if remove or kind.ends_for_good(lease)
             else ClaimLease(reclaimed(lease), lease))
            for place, lease in enumerate(ended)
        ]  # fmt: skip
        work = Work()
        enter(work, changes)
        try:
            done, _ = self._try_exchange(work)
        except Refused as error:
            raise BackendDown(f"the database refuses to reclaim leases: {error}") from error
        for lease in ended:
            if lease.address not in done.written:
                continue
            self.tally.reclaimed(lease)
            self._proposals.freed(kind.number_of(lease))
            if lease.state == DECLINED:
                self._engine_logger.info(
                    "ALLOC_ENGINE_V%d_DECLINED_RECOVERED IPv%d address %s was recovered after %s seconds of "
                    "probation-period", kind.family.number, kind.family.number, kind.text(lease), lease.valid_lft,
                )  # fmt: skip
        return len(done.written)

    # ---- the link -------------------------------------------------------------------------------------------

    def _exchange(self, work: Work) -> Done:
        """An exchange without changes."""
        try:
            return self._try_exchange(work)[0]
        except Refused as error:
            raise BackendDown(str(error)) from error

    def _try_exchange(self, work: Work) -> tuple[Done, bool]:
        """What came of it, and whether an earlier try may have been carried out too. Refused, BackendDown.

        A connection that breaks is made anew at once, once: a session that was killed on a healthy server is
        noticed by nobody.
        """
        doubtful = reconnected = False
        tries, first = 0, time.perf_counter()
        while True:
            if self._link.fileno() < 0:
                self._connect()
            begun = time.perf_counter()
            self.round_trips += 1
            try:
                done = self._link.exchange(work)
            except Collision as error:
                tries += 1
                self.collisions += 1
                if tries == TRIES or time.perf_counter() - first > COLLIDING_S:
                    raise BackendDown(f"{tries} tries collided with other servers: {error}") from error
                time.sleep(random() * APART_S * tries)
                continue
            except Lost as error:
                self._link.close()
                if reconnected or isinstance(error, Silent):
                    raise BackendDown(str(error)) from error
                reconnected = True
                doubtful = doubtful or work.changes
                self._connect()
                continue
            self._finder.took_s = time.perf_counter() - begun
            self._asked_at = time.monotonic()
            return done, doubtful

    def _connect(self) -> None:
        self.connections += 1
        try:
            self.renew()
        except (LinkError, Mismatch, DatabaseRefused) as error:
            raise BackendDown(str(error)) from error

    def asked(self, ask: Callable[[], T]) -> T:
        """The answer to a question, asked a second time when the connection breaks or others are in the way."""
        for last in (False, True):
            if self._link.fileno() < 0:
                self._connect()
            try:
                return ask()
            except Collision as error:
                if last:
                    raise BackendDown(str(error)) from error
            except Lost as error:
                self._link.close()
                if last or isinstance(error, Silent):
                    raise BackendDown(str(error)) from error
            except Refused as error:
                raise BackendDown(str(error)) from error
        raise AssertionError("the second try ends it")

    def _count_leases(self) -> None:
        """Bring the numbers of leases in line with the database's."""
        counts: Counter[tuple[int, int, int]] = Counter()
        for subnet_id, *place, leases in self.asked(self._link.counts):
            counts[subnet_id, self._kind.place(*place), place[-1]] += leases
        self.tally.levels_are(counts)
