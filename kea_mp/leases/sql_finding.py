"""Look-ups of clients and the free addresses that they may need: what goes into a batch, and what its answers mean.

Runs in: connection
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kea_mp.leases.lease_kinds import Address, AnyFind, AnyLease, Client, LeaseKind, Range
from kea_mp.leases.link import Done, Search, Work
from kea_mp.leases.model import usable_by_anyone
from kea_mp.leases.proposals import Proposals, Stretch

SPARE = 4  #: free addresses looked up beyond those needed, for those that turn out to be taken
FULL_S = 60.0  #: between two lines that say that a subnet has no free address
ROUNDS = 8  #: of searches for one batch
RANGES_AT_ONCE = 16  #: ranges searched in one round trip

Finds = Sequence[tuple[int, AnyFind]]  #: requests with their places in the batch
Results = list[Any]


class Asker:
    """A request that wants a free address."""

    __slots__ = ("client", "place", "request", "stretches")

    def __init__(self, place: int, request: AnyFind, stretches: list[Stretch], client: Client) -> None:
        self.place, self.request, self.stretches, self.client = place, request, stretches, client


class Demand:
    """How many ask for addresses of a range, and those that none of them may have."""

    __slots__ = ("count", "skip")

    def __init__(self) -> None:
        self.count = 0
        self.skip: frozenset[Address] = frozenset()

    def add(self, skip: tuple[Address, ...]) -> None:
        self.skip = self.skip & frozenset(skip) if self.count else frozenset(skip)
        self.count += 1


@dataclass(frozen=True, slots=True)
class Sought:
    """A search that goes with an exchange. parts: of the range, in order."""

    parts: list[Range]
    demand: Demand


class Finder:
    """The reading half of a store. exchange: how it asks the database once more; took_s: by the last exchange."""

    def __init__(self, kind: LeaseKind, proposals: Proposals, exchange: Callable[[Work], Done]) -> None:
        self.proposals = proposals
        self._kind = kind
        self._logger = logging.getLogger(kind.family.logger("alloc-engine"))
        self.exhausted = 0  #: requests for which no address was free
        self.took_s = 0.0
        self._exchange = exchange
        self._full_at: dict[int, float] = {}  #: subnet id → when it was last said that nothing is free there
        self._searching: dict[Stretch, Sought] = {}  #: ranges searched with the exchange at hand
        self._numbers: list[int] = []  #: of addresses that are looked up with it, since they may be proposed

    def prepare(self, finds: Finds, work: Work) -> list[Asker]:
        """The keys of these look-ups, and the free addresses that they may need."""
        addresses: set[Address] = set()
        numbers: set[int] = set()
        askers: list[Asker] = []
        wanted: dict[Stretch, Demand] = {}
        for place, request in finds:
            if request.address:
                addresses.add(request.address)
            if request.pools:
                stretches = self.proposals.stretches(request.pools, request.allocator)
                askers.append(Asker(place, request, stretches, self._kind.client(request)))
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
                    numbers.update(self.proposals.prepare(stretch, demand.count + SPARE, work.now, demand.skip))
                if len(stretch.ready) >= demand.count:
                    break
                if stretch.may_search(work.now) and self._plan_search(stretch, work, demand, whole=False):
                    break
        work.looks = self._kind.looks(request for _, request in finds)
        self._numbers = list(numbers)
        addresses.update(map(self._kind.address, numbers))
        work.addresses = list(addresses)
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

    def _learn(self, work: Work, done: Done, rows: dict[Address, AnyLease]) -> dict[int, bool]:
        """Take in what was looked up and what the searches found; which numbers are free."""
        looked_up: dict[int, bool] = {}
        for number in self._numbers:
            row = rows.get(self._kind.address(number))
            looked_up[number] = row is None or usable_by_anyone(row, work.now)
        found = iter(done.searches)
        for stretch, sought in self._searching.items():
            searches: list[Search] = [next(found) for _ in sought.parts]
            if not searches[0].complete:
                del searches[1:]  # it goes on where the first part breaks off
            pieces = [piece for search in searches for piece in search.pieces]
            all_seen = sought.parts[0][0] == stretch.bounds[0] or len(searches) > 1
            stretch.learn(pieces, all_seen and searches[-1].complete, work.now, self.took_s)
            rows.update((row.address, row) for search in searches for row in search.rows)
            demand = sought.demand
            for address in self.proposals.prepare(stretch, demand.count + SPARE, work.now, demand.skip):
                looked_up.setdefault(address, True)
        self._searching = {}
        return looked_up

    def answer(self, finds: Finds, askers: Sequence[Asker], work: Work, done: Done, results: Results) -> None:
        """Fill in the results of these requests; another exchange follows when free addresses are still wanted."""
        kind = self._kind
        by_client = kind.by_client(done.looks)
        rows: dict[Address, AnyLease] = {lease.address: lease for lease in done.by_address}
        looked_up = self._learn(work, done, rows)
        asking = {asker.place: asker for asker in askers}
        pending: list[Asker] = []
        for place, request in finds:
            mine = kind.mine(request, by_client)
            at = rows.get(request.address) if request.address else None
            results[place] = kind.found(mine, at)
            asker = asking.get(place)
            if asker is None or mine:
                continue
            if request.address and (at is None or usable_by_anyone(at, request.now)):
                self.proposals.keep_aside(request.address, asker.stretches, asker.client, request.now)
                continue
            free = self.proposals.propose(asker.stretches, request.skip, asker.client, request.now, looked_up)
            if free:
                results[place] = kind.found((), at, free, rows.get(kind.address(free)))
            else:
                pending.append(asker)
        self._find_more(pending, results)

    def _find_more(self, pending: list[Asker], results: Results) -> None:
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
            numbers: list[int] = []
            for stretch, demand in wanted.items():
                numbers += self.proposals.prepare(stretch, demand.count + SPARE, work.now, demand.skip)
                if stretch.may_search(work.now) and not self._plan_search(stretch, work, demand, whole=True):
                    unsearched = True
            aside = len(pending) + SPARE
            asked: set[tuple[Any, ...]] = set()
            for asker in pending:
                request = asker.request
                count = 1 if request.pools in asked else aside  # those of one pool share what is kept aside there
                asked.add(request.pools)
                numbers += self.proposals.again(asker.stretches, request.skip, asker.client, count)
            if not numbers and not work.searches:
                break
            self._numbers = list(dict.fromkeys(numbers))
            work.addresses = list(map(self._kind.address, self._numbers))
            done = self._exchange(work)
            rows: dict[Address, AnyLease] = {lease.address: lease for lease in done.by_address}
            looked_up = self._learn(work, done, rows)
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
        rows: dict[Address, AnyLease],
        results: Results,
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
            row = rows.get(self._kind.address(free))
            results[asker.place] = self._kind.found((), results[asker.place].at, free, row)
        return bool(free)

    def _exhausted(self, request: AnyFind) -> None:
        self.exhausted += 1
        subnet, now = request.subnets[0] if request.subnets else 0, time.monotonic()
        if now - self._full_at.get(subnet, -FULL_S) >= FULL_S:
            self._full_at[subnet] = now
            self._logger.warning(
                "ALLOC_ENGINE_V%d_ALLOC_FAIL no lease is free for a client in the subnet with id %d (said once a "
                "minute; %d requests so far, all subnets)", self._kind.family.number, subnet, self.exhausted,
            )  # fmt: skip
