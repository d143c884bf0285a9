"""Look-ups of clients and the free addresses that they may need: what goes into a batch, and what its answers mean.

Runs in: connection
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from kea_mp.leases.link import Done, Range, Search, Work
from kea_mp.leases.model import Lease4, usable_by_anyone
from kea_mp.leases.proposals import Proposals, Stretch
from kea_mp.leases.store import FindLeases, Found, Result

engine_logger = logging.getLogger("kea-dhcp4.alloc-engine")

SPARE = 4  #: free addresses looked up beyond those needed, for those that turn out to be taken
FULL_S = 60.0  #: between two lines that say that a subnet has no free address
ROUNDS = 8  #: of searches for one batch
RANGES_AT_ONCE = 16  #: ranges searched in one round trip

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


class Finder:
    """The reading half of a store. exchange: how it asks the database once more; took_s: by the last exchange."""

    def __init__(self, proposals: Proposals, exchange: Callable[[Work], Done]) -> None:
        self.proposals = proposals
        self.exhausted = 0  #: requests for which no address was free
        self.took_s = 0.0
        self._exchange = exchange
        self._full_at: dict[int, float] = {}  #: subnet id → when it was last said that nothing is free there
        self._searching: dict[Stretch, Sought] = {}  #: ranges searched with the exchange at hand

    def prepare(self, finds: Sequence[tuple[int, FindLeases]], work: Work) -> list[Asker]:
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
                stretches = self.proposals.stretches(request.pools, request.allocator)
                askers.append(Asker(place, request, stretches))
                for stretch in stretches:
                    wanted.setdefault(stretch, Demand()).add(request.skip)
        work.now = finds[0][1].now
        self.proposals.forget_offers(work.now)
        served: set[Stretch] = set()
        for asker in askers:  # the ranges that come first have to suffice for all who ask for them
            for stretch in asker.stretches:
                demand = wanted[stretch]
                if stretch not in served:
                    served.add(stretch)
                    addresses.update(self.proposals.prepare(stretch, demand.count + SPARE, work.now, demand.skip))
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
        parts = self.proposals.searches(stretch, whole)
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
            for address in self.proposals.prepare(stretch, demand.count + SPARE, work.now, demand.skip):
                looked_up.setdefault(address, True)
        self._searching = {}

    def answer(
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
        self._learn(work, done, self.took_s, looked_up, rows)
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
                self.proposals.keep_aside(request.address, request.pools, asker.client, request.now)
                continue
            free = self.proposals.propose(asker.stretches, request.skip, asker.client, request.now, looked_up)
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
                work.addresses += self.proposals.prepare(stretch, demand.count + SPARE, work.now, demand.skip)
                if stretch.may_search(work.now) and not self._plan_search(stretch, work, demand, whole=True):
                    unsearched = True
            aside = len(pending) + SPARE
            asked: set[tuple[int, ...]] = set()
            for asker in pending:
                request = asker.request
                count = 1 if request.pools in asked else aside  # those of one pool share what is kept aside there
                asked.add(request.pools)
                work.addresses += self.proposals.again(asker.stretches, request.skip, asker.client, count)
            if not work.addresses and not work.searches:
                break
            work.addresses = list(dict.fromkeys(work.addresses))
            rows: dict[int, Lease4] = {}
            done = self._exchange(work)
            rows.update((lease.address, lease) for lease in done.by_address)
            looked_up: dict[int, bool] = {}
            self._learn(work, done, self.took_s, looked_up, rows)
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
        free = self.proposals.propose(asker.stretches, request.skip, asker.client, now, looked_up)
        if not free and aside:
            again = self.proposals.again(asker.stretches, request.skip, asker.client, aside)
            free = next((address for address in again if looked_up.get(address)), 0)
            if free:
                self.proposals.offer_again(free, asker.client, now)
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
