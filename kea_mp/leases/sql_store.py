"""The lease backend on a database that other servers use too. Which database is the Link's business.

A batch is one exchange with the database: look-ups first, then all changes in one transaction, each under the
condition that its row is still as its client had seen it. Only what did not hold needs a second round trip. The
database settles who was first; nothing here locks anything.

Runs in: connection
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import TypeVar

from msgspec import structs

from kea_mp.config.model import Subnet4
from kea_mp.errors import BackendDown
from kea_mp.leases.link import Collision, Done, Link, LinkError, Lost, Mismatch, Range, Refused, Search, Silent, Work
from kea_mp.leases.memfile import reclaimed
from kea_mp.leases.model import DECLINED, RECLAIMED, Lease4, usable_by_anyone
from kea_mp.leases.proposals import Proposals, Stretch
from kea_mp.leases.sql_reports import SqlReports
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
from kea_mp.sql.errors import DatabaseRefused
from kea_mp.values import INFINITY, text4

logger = logging.getLogger("kea-dhcp4.dhcpsrv")
engine_logger = logging.getLogger("kea-dhcp4.alloc-engine")

SPARE = 4  #: free addresses looked up beyond those needed, for those that turn out to be taken
FULL_S = 60.0  #: between two lines that say that a subnet has no free address
TRIES = 5  #: of a transaction that collides with others (as Kea)
COLLIDING_S = 5.0  #: it is not tried again after that: whoever holds the rows goes on holding them
FRESH_S = 0.2  #: so long an answer is as good as a new one
PING_S = 1.0  #: how often the database is asked whether it still takes changes
COUNTS_S = 10.0  #: how often the numbers of leases are read again, since other servers change them too
ROUNDS = 8  #: of searches for one batch
RANGES_AT_ONCE = 16  #: ranges searched in one round trip
HW_LIMIT, TEXT_LIMIT, CONTEXT_LIMIT = 20, 255, 65535  #: bytes that Kea's columns hold

T = TypeVar("T")
Change = ClaimLease | RemoveLease
_BY_ADDRESS = attrgetter("address")


class Asker:
    """A FindLeases that wants a free address."""

    __slots__ = ("place", "request", "stretches")

    def __init__(self, place: int, request: FindLeases, stretches: list[Stretch]) -> None:
        self.place, self.request, self.stretches = place, request, stretches

    @property
    def client(self) -> bytes:
        return self.request.client_id or self.request.hw


class Demand:
    """How many ask for addresses of a range, and those that none of them may have."""

    __slots__ = ("count", "skip")

    def __init__(self) -> None:
        self.count = 0
        self.skip: frozenset[int] = frozenset()

    def add(self, skip: tuple[int, ...]) -> None:
        self.skip = self.skip & frozenset(skip) if self.count else frozenset(skip)
        self.count += 1


@dataclass(frozen=True, slots=True)
class Sought:
    """A search that goes with an exchange. parts: of the range, in order."""

    parts: list[Range]
    demand: Demand


class SqlLeaseStore:
    """A LeaseStore over a Link, which is connected when it is needed. Made by `open_sql`."""

    journal = None  #: there is no lease file to be cleaned up

    def __init__(self, link: Link, subnets: Sequence[Subnet4], seed: int | None = None) -> None:
        self.tally = Tally(subnets)
        self.exhausted = 0  #: requests for which no address was free
        self.collisions = 0  #: transactions that had to be run again
        self.round_trips = 0
        self.renew: Callable[[], None] = link.connect  #: how a connection is made anew; LinkError, Mismatch
        self._link = link
        self._proposals = Proposals(seed=seed)
        self._counted_at = self._asked_at = self._pinged_at = 0.0
        self.connections = 0  #: made so far
        self._capped_at = 0.0
        self._full_at: dict[int, float] = {}  #: subnet id → when it was last said that nothing is free there
        self._took_s = 0.0  #: by the last exchange
        self._searching: dict[Stretch, Sought] = {}  #: ranges searched with the exchange at hand

    # ---- LeaseStore -----------------------------------------------------------------------------------------

    def execute(self, requests: Sequence[Request]) -> list[Result]:
        """See `LeaseStore`. BackendDown also when the connection is lost for good in between."""
        results: list[Result | None] = [None] * len(requests)
        changes = self._first_changes(requests, results)
        finds = [(place, request) for place, request in enumerate(requests) if type(request) is FindLeases]
        work = Work()
        askers = self._prepare(finds, work) if finds else []
        done, later = self._first_exchange(work, changes, results)
        if finds:
            self._answer(finds, askers, work, done, results)
        # More rounds than changes: somebody changes the same rows again and again.
        rounds = 0
        while later:
            rounds += 1
            if rounds > len(requests) + TRIES:
                for place, change in later:
                    results[place] = Failed(f"the row of {text4(_address(change))} is not what it seems")
                break
            later = self._change(later, results)
        return results  # type: ignore[return-value]  # every place is filled now

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

    # ---- reading --------------------------------------------------------------------------------------------

    def _prepare(self, finds: Sequence[tuple[int, FindLeases]], work: Work) -> list[Asker]:
        """The keys of these look-ups, and the free addresses that they may need."""
        hws, client_ids, addresses = set(), set(), set()
        askers: list[Asker] = []
        wanted: dict[Stretch, Demand] = {}
        for place, request in finds:
            if request.hw:
                hws.add(request.hw[1:])
            if request.client_id:
                client_ids.add(request.client_id)
            if request.address:
                addresses.add(request.address)
            if request.pools:
                stretches = self._proposals.stretches(request.pools, request.allocator)
                askers.append(Asker(place, request, stretches))
                for stretch in stretches:
                    wanted.setdefault(stretch, Demand()).add(request.skip)
        work.now = finds[0][1].now
        self._proposals.forget_offers(work.now)
        served: set[Stretch] = set()
        for asker in askers:  # the ranges that come first have to suffice for all who ask for them
            for stretch in asker.stretches:
                demand = wanted[stretch]
                if stretch not in served:
                    served.add(stretch)
                    addresses.update(self._proposals.prepare(stretch, demand.count + SPARE, work.now, demand.skip))
                if len(stretch.ready) >= demand.count:
                    break
                if stretch.may_search(work.now) and self._plan_search(stretch, work, demand, whole=False):
                    break
        work.hws, work.client_ids, work.addresses = list(hws), list(client_ids), list(addresses)
        return askers

    def _plan_search(self, stretch: Stretch, work: Work, demand: Demand, whole: bool) -> bool:
        """Search this range with the work; False when it searches enough already."""
        if stretch in self._searching:
            return True
        if len(self._searching) >= RANGES_AT_ONCE:
            return False
        parts = self._proposals.searches(stretch, whole)
        self._searching[stretch] = Sought(parts, demand)
        work.searches += parts
        work.pieces = max(work.pieces, 2 * demand.count + SPARE)
        return True

    def _learn(
        self, work: Work, done: Done, took_s: float, looked_up: dict[int, bool], rows: dict[int, Lease4]
    ) -> None:
        """Take in what was looked up and what the searches found."""
        for address in work.addresses:
            row = rows.get(address)
            looked_up[address] = row is None or usable_by_anyone(row, work.now)
        found = iter(done.searches)
        for stretch, sought in self._searching.items():
            searches: list[Search] = [next(found) for _ in sought.parts]
            if not searches[0].complete:
                del searches[1:]  # it goes on where the first part breaks off
            pieces = [piece for search in searches for piece in search.pieces]
            all_seen = sought.parts[0][0] == stretch.bounds[0] or len(searches) > 1
            stretch.learn(pieces, all_seen and searches[-1].complete, work.now, took_s)
            rows.update((row.address, row) for search in searches for row in search.rows)
            demand = sought.demand
            for address in self._proposals.prepare(stretch, demand.count + SPARE, work.now, demand.skip):
                looked_up.setdefault(address, True)
        self._searching = {}

    def _answer(
        self,
        finds: Sequence[tuple[int, FindLeases]],
        askers: Sequence[Asker],
        work: Work,
        done: Done,
        results: list[Result | None],
    ) -> None:
        by_hw: dict[bytes, list[Lease4]] = {}
        by_client: dict[bytes, list[Lease4]] = {}
        for lease in sorted(done.by_hw, key=_BY_ADDRESS):
            by_hw.setdefault(lease.hw[1:], []).append(lease)
        for lease in sorted(done.by_client, key=_BY_ADDRESS):
            by_client.setdefault(lease.client_id, []).append(lease)
        rows = {lease.address: lease for lease in done.by_address}
        looked_up: dict[int, bool] = {}
        self._learn(work, done, self._took_s, looked_up, rows)
        asking = {asker.place: asker for asker in askers}
        pending: list[Asker] = []
        for place, request in finds:
            wanted = request.subnets
            mine = [lease for lease in by_client.get(request.client_id, ()) if lease.subnet_id in wanted]
            for lease in by_hw.get(request.hw[1:], ()) if request.hw else ():
                if lease.subnet_id in wanted and lease not in mine:
                    mine.append(lease)
            at = rows.get(request.address) if request.address else None
            results[place] = Found(tuple(mine), at)
            asker = asking.get(place)
            if asker is None or mine:
                continue
            if request.address and (at is None or usable_by_anyone(at, request.now)):
                self._proposals.keep_aside(request.address, request.pools, asker.client, request.now)
                continue
            free = self._proposals.propose(asker.stretches, request.skip, asker.client, request.now, looked_up)
            if free:
                results[place] = Found((), at, free, rows.get(free))
            else:
                pending.append(asker)
        self._find_more(pending, results)

    def _find_more(self, pending: list[Asker], results: list[Result | None]) -> None:
        """Free addresses for those whose lists had none: search more; then what is kept aside for others.

        As long as there are ranges that have not been searched to their end, another round follows, up to a bound that
        only very many full ranges reach.
        """
        for _ in range(ROUNDS):
            if not pending:
                return
            work = Work(now=pending[0].request.now)
            wanted: dict[Stretch, Demand] = {}
            for asker in pending:
                for stretch in asker.stretches:
                    wanted.setdefault(stretch, Demand()).add(asker.request.skip)
            unsearched = False
            for stretch, demand in wanted.items():
                work.addresses += self._proposals.prepare(stretch, demand.count + SPARE, work.now, demand.skip)
                if stretch.may_search(work.now) and not self._plan_search(stretch, work, demand, whole=True):
                    unsearched = True
            aside = len(pending) + SPARE
            asked: set[tuple[int, ...]] = set()
            for asker in pending:
                request = asker.request
                count = 1 if request.pools in asked else aside  # those of one pool share what is kept aside there
                asked.add(request.pools)
                work.addresses += self._proposals.again(asker.stretches, request.skip, asker.client, count)
            if not work.addresses and not work.searches:
                break
            work.addresses = list(dict.fromkeys(work.addresses))
            rows: dict[int, Lease4] = {}
            done = self._exchange(work)
            rows.update((lease.address, lease) for lease in done.by_address)
            looked_up: dict[int, bool] = {}
            self._learn(work, done, self._took_s, looked_up, rows)
            last = not unsearched and not any(stretch.may_search(work.now) for stretch in wanted)
            aside = aside if last else 0
            pending = [a for a in pending if not self._proposed(a, looked_up, rows, results, aside)]
            if last:
                break
        for asker in pending:
            self._exhausted(asker.request)

    def _proposed(
        self,
        asker: Asker,
        looked_up: dict[int, bool],
        rows: dict[int, Lease4],
        results: list[Result | None],
        aside: int,
    ) -> bool:
        """Whether there was an address for this asker. aside: so many of those kept aside are considered."""
        request, now = asker.request, asker.request.now
        free = self._proposals.propose(asker.stretches, request.skip, asker.client, now, looked_up)
        if not free and aside:
            again = self._proposals.again(asker.stretches, request.skip, asker.client, aside)
            free = next((address for address in again if looked_up.get(address)), 0)
            if free:
                self._proposals.offer_again(free, asker.client, now)
        if free:
            before = results[asker.place]
            at = before.at if isinstance(before, Found) else None
            results[asker.place] = Found((), at, free, rows.get(free))
        return bool(free)

    def _exhausted(self, request: FindLeases) -> None:
        self.exhausted += 1
        subnet, now = request.subnets[0] if request.subnets else 0, time.monotonic()
        if now - self._full_at.get(subnet, -FULL_S) >= FULL_S:
            self._full_at[subnet] = now
            engine_logger.warning(
                "ALLOC_ENGINE_V4_ALLOC_FAIL no address is free for a client in the subnet with id %d (said once a "
                "minute; %d requests so far, all subnets)", subnet, self.exhausted,
            )  # fmt: skip

    # ---- writing --------------------------------------------------------------------------------------------

    def _first_changes(self, requests: Sequence[Request], results: list[Result | None]) -> list[tuple[int, Change]]:
        """The changes, without those that no database would take."""
        changes: list[tuple[int, Change]] = []
        for place, request in enumerate(requests):
            if type(request) is ClaimLease:
                problem = refusal(request.lease)
                if problem:
                    results[place] = Failed(problem)
                else:
                    changes.append((place, self._within_time(request)))
            elif type(request) is RemoveLease:
                changes.append((place, request))
        return changes

    def _first_exchange(
        self, work: Work, changes: list[tuple[int, Change]], results: list[Result | None]
    ) -> tuple[Done, list[tuple[int, Change]]]:
        """Reads and changes together; what has to be done once more."""
        if not changes:
            return (self._exchange(work) if work.hws or work.client_ids or work.addresses or work.searches
                    else Done()), []  # fmt: skip
        now, later = _one_of_each_address(changes)
        _enter(work, now)
        try:
            done, doubtful = self._try_exchange(work)
        except Refused:
            _enter(work, [])
            done = self._exchange(work)
            return done, self._piecewise(now, results) + later
        return done, self._settle(now, done.written, doubtful, results) + later

    def _change(self, changes: list[tuple[int, Change]], results: list[Result | None]) -> list[tuple[int, Change]]:
        """Carry out changes alone; those that come after them."""
        now, later = _one_of_each_address(changes)
        work = Work()
        _enter(work, now)
        try:
            done, doubtful = self._try_exchange(work)
        except Refused:
            return self._piecewise(now, results) + later
        return self._settle(now, done.written, doubtful, results) + later

    def _piecewise(self, changes: list[tuple[int, Change]], results: list[Result | None]) -> list[tuple[int, Change]]:
        """The database refuses one row or several: halve until each stands alone, so that only they fail."""
        later: list[tuple[int, Change]] = []
        parts = [changes]
        while parts:
            part = parts.pop()
            work = Work()
            _enter(work, part)
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
        self, changes: list[tuple[int, Change]], written: set[int], doubtful: bool, results: list[Result | None]
    ) -> list[tuple[int, Change]]:
        """The results of changes that were carried out, except those that deserve another try."""
        missed = [(place, change) for place, change in changes if _address(change) not in written]
        current: dict[int, Lease4] = {}
        if missed:
            work = Work(addresses=[_address(change) for _, change in missed])
            current = {lease.address: lease for lease in self._exchange(work).by_address}
        again: list[tuple[int, Change]] = []
        for place, change in changes:
            address = _address(change)
            row = current.get(address)
            if address in written or (doubtful and _is_done(change, row)):
                results[place] = self._stored(change)
            elif _same(row, change.seen):
                again.append((place, change))  # what stood in the way is gone already
            else:
                results[place] = Changed(row)
                if isinstance(change, ClaimLease) and change.seen is None:
                    self._proposals.conflict(address)
        return again

    def _stored(self, change: Change) -> Stored:
        if isinstance(change, RemoveLease):
            self.tally.changed(change.seen, None)
            self._proposals.freed(change.seen.address)
            return Stored(change.seen)
        lease = change.lease
        self.tally.changed(change.seen, lease)
        if usable_by_anyone(lease, lease.cltt):
            self._proposals.freed(lease.address)
        else:
            self._proposals.taken(lease.address)
        return Stored(lease)

    def _within_time(self, request: ClaimLease) -> ClaimLease:
        """A lease that ends after the column's last moment is shortened, and the client is told what is stored."""
        lease, last = request.lease, self._link.last_time
        if lease.valid_lft == INFINITY or lease.cltt + lease.valid_lft <= last:
            return request
        now = time.monotonic()
        if now - self._capped_at > 60 or not self._capped_at:
            self._capped_at = now
            logger.warning(
                "KEA_MP_LEASE_TIME_CAPPED the lease of %s would end after %s, the last moment that the database can "
                "hold; it is given for %s seconds", text4(lease.address),
                time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(last)), max(0, last - lease.cltt),
            )  # fmt: skip
        return ClaimLease(structs.replace(lease, valid_lft=max(0, last - lease.cltt)), request.seen)

    def _reclaim(self, ended: list[Lease4], remove: bool) -> int:
        changes: list[tuple[int, Change]] = [
            (place, RemoveLease(lease) if remove or lease.state == DECLINED else ClaimLease(reclaimed(lease), lease))
            for place, lease in enumerate(ended)
        ]
        work = Work()
        _enter(work, changes)
        try:
            done, _ = self._try_exchange(work)
        except Refused as error:
            raise BackendDown(f"the database refuses to reclaim leases: {error}") from error
        for lease in ended:
            if lease.address not in done.written:
                continue
            self.tally.reclaimed(lease)
            self._proposals.freed(lease.address)
            if lease.state == DECLINED:
                engine_logger.info(
                    "ALLOC_ENGINE_V4_DECLINED_RECOVERED IPv4 address %s was recovered after %s seconds of "
                    "probation-period", text4(lease.address), lease.valid_lft)  # fmt: skip
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
                continue
            except Lost as error:
                self._link.close()
                if reconnected or isinstance(error, Silent):
                    raise BackendDown(str(error)) from error
                reconnected = True
                doubtful = doubtful or work.changes
                self._connect()
                continue
            self._took_s = time.perf_counter() - begun
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
        counts = {(subnet, pool, state): leases for subnet, pool, state, leases in self.asked(self._link.counts)}
        self.tally.levels_are(counts)


def refusal(lease: Lease4) -> str:
    """Why no database of Kea's schema takes this lease; "" when it does."""
    problem = ""
    if len(lease.hw) < 2 and not lease.client_id and lease.state not in (DECLINED, RECLAIMED):
        problem = "has neither hardware address nor client-id"
    elif len(lease.hw) > HW_LIMIT + 1:
        problem = f"has a hardware address of more than {HW_LIMIT} bytes"
    elif max(map(len, (lease.client_id, lease.relay_id, lease.remote_id, lease.hostname))) > TEXT_LIMIT:
        problem = f"has a client-id, name or relay information of more than {TEXT_LIMIT} bytes"
    elif len(lease.user_context) > CONTEXT_LIMIT:
        problem = f"has a user context of more than {CONTEXT_LIMIT} characters"
    elif "\0" in lease.hostname or "\0" in lease.user_context:
        problem = "has a NUL in its text"
    return f"lease {text4(lease.address)} {problem}" if problem else ""


def _address(change: Change) -> int:
    return change.lease.address if type(change) is ClaimLease else change.seen.address  # type: ignore[union-attr]


def _one_of_each_address(
    changes: list[tuple[int, Change]],
) -> tuple[list[tuple[int, Change]], list[tuple[int, Change]]]:
    """The first change of every address in the order of addresses (who locks in one order does not deadlock), and the
    others, which follow when those are settled."""
    first: dict[int, tuple[int, Change]] = {}
    later = []
    for item in changes:
        if first.setdefault(_address(item[1]), item) is not item:
            later.append(item)
    return [first[address] for address in sorted(first)], later


def _enter(work: Work, changes: list[tuple[int, Change]]) -> None:
    work.inserts, work.updates, work.removals = [], [], []
    for _, change in changes:
        if isinstance(change, RemoveLease):
            work.removals.append(change.seen)
        elif change.seen is None:
            work.inserts.append(change.lease)
        else:
            work.updates.append((change.lease, change.seen))


def _version(lease: Lease4) -> tuple[int, int, int, bytes, bytes, int]:
    """What tells versions of a row apart. The tables have no hardware type."""
    return lease.cltt, lease.valid_lft, lease.state, lease.hw[1:], lease.client_id, lease.subnet_id


def _same(row: Lease4 | None, seen: Lease4 | None) -> bool:
    if row is None or seen is None:
        return row is seen
    return _version(row) == _version(seen)


def _is_done(change: Change, row: Lease4 | None) -> bool:
    """Whether the row is what the change would have made of it."""
    if isinstance(change, RemoveLease):
        return row is None
    return row is not None and _same(row, change.lease) and row.hostname == change.lease.hostname
