"""Which free place the next client is offered: what the allocators of both families do, whatever free places look like.

A place (address, or prefix by its first address) whose lease has ended is as free as one that never had a lease: Kea's
allocators go by the order of addresses (or chance), not by the kind of freedom. What was proposed is kept aside for
some seconds. Places are ints here in both families.

Runs in: connection
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import Collection, Sequence
from itertools import chain
from random import Random

from kea_mp.leases.store import FREE_QUEUE, ITERATIVE, RANDOM

TAKEN, FREE, OFFERED, QUEUED = 0, 1, 2, 3

Range = tuple[int, int, int]  #: first and last place, both included, and the distance between neighbours


class FreePlaces(ABC):
    """The allocators and the proposals. offer_s: for how long a proposal is kept aside, seconds."""

    __slots__ = ("_by_client", "_cursors", "_offer_s", "_offers", "_queues", "_random")

    def __init__(self, offer_s: int = 4, seed: int | None = None) -> None:
        self._offer_s = offer_s
        self._cursors: dict[Range, int] = {}  #: where the iterative allocator goes on
        self._queues: dict[Range, deque[int]] = {}  #: free queues: places in the order they became free again
        # Taken from the front all the time, which a plain dict is slow at.
        self._offers: OrderedDict[int, tuple[int, bytes, int]] = OrderedDict()  #: place → (until, client, distance)
        self._by_client: dict[bytes, int] = {}
        self._random = Random(seed)

    # ---- what differs ---------------------------------------------------------------------------------------

    @abstractmethod
    def _state(self, place: int, step: int) -> int:
        """TAKEN, FREE, OFFERED or QUEUED."""

    @abstractmethod
    def _mark(self, place: int, step: int, state: int) -> None:
        """Change the state of a place."""

    @abstractmethod
    def _search(self, low: int, high: int, step: int, state: int) -> int:
        """The first place from low to high in this state, FREE or OFFERED; 0 when there is none. `low` may be beyond
        `high`."""

    @abstractmethod
    def _queue_of(self, place: int, step: int) -> deque[int] | None:
        """The free queue of the range that has this place, if it has one."""

    @abstractmethod
    def _begin_queue(self, bounds: Range) -> None:
        """From now on places of this range that become free go to its queue."""

    # ---- what is the same -----------------------------------------------------------------------------------

    def _propose(
        self, ranges: Sequence[Range], allocator: int, refused: Collection[int], client: bytes, now: int
    ) -> tuple[int, int]:
        """A free place for this client from the first of the ranges that has one, and the distance between neighbours
        there; (0, 0) when there is none.

        What somebody else was offered less than `offer_s` ago comes last. Ranges of the free-queue allocator begin
        their queue at the first call.
        """
        self._forget_offers(now)
        if len(refused) > 16:
            refused = frozenset(refused)
        for bounds in ranges:
            place = self._pick(bounds, allocator, refused)
            if place:
                self._offer(place, bounds[2], client, now)
                return place, bounds[2]
        place, step = self._again(ranges, refused, client)
        if place:
            self._offer(place, step, client, now)
        return place, step

    def _keep_aside(self, place: int, ranges: Sequence[Range], client: bytes, now: int) -> None:
        """The client asked for this free place and will get it: a proposal like any other, unless it is outside of
        the ranges or kept aside already."""
        for bounds in ranges:
            if _holds(bounds, place):
                if self._state(place, bounds[2]) in (FREE, QUEUED):
                    self._offer(place, bounds[2], client, now)
                return

    def _freed(self, place: int, step: int) -> int:
        """The state of a place that is free again: where free queues are in use it goes to the end of its queue."""
        queue = self._queue_of(place, step)
        if queue is None:
            return FREE
        queue.append(place)
        return QUEUED

    def _offer(self, place: int, step: int, client: bytes, now: int) -> None:
        self._mark(place, step, OFFERED)
        self._forget_offer(place)
        self._offers[place] = (now + self._offer_s, client, step)
        self._by_client[client] = place

    def _forget_offer(self, place: int) -> None:
        offer = self._offers.pop(place, None)
        if offer is not None and self._by_client.get(offer[1]) == place:
            del self._by_client[offer[1]]

    def _forget_offers(self, now: int) -> None:
        offers = self._offers
        while offers:
            place = next(iter(offers))
            until, _, step = offers[place]
            if now < until <= now + self._offer_s:  # not over, and the clock has not been put back
                return
            self._forget_offer(place)
            if self._state(place, step) == OFFERED:
                self._mark(place, step, self._freed(place, step))

    def _again(self, ranges: Sequence[Range], refused: Collection[int], client: bytes) -> tuple[int, int]:
        """A place that is kept aside: this client's own, or the one offered longest ago."""
        if not any(self._search(first, last, step, OFFERED) for first, last, step in ranges):
            return 0, 0
        mine = self._by_client.get(client)
        for place in chain(() if mine is None else (mine,), self._offers):
            if place not in refused:
                for bounds in ranges:
                    if _holds(bounds, place):
                        return place, bounds[2]
        return 0, 0

    def _pick(self, bounds: Range, allocator: int, refused: Collection[int]) -> int:
        first, last, step = bounds
        if allocator == FREE_QUEUE:
            return self._queued(bounds, refused)
        if allocator == RANDOM:
            return self._from(self._by_chance(bounds), bounds, refused)
        if allocator != ITERATIVE:
            raise ValueError(f"allocator {allocator} is unknown")
        place = self._from(self._cursors.get(bounds, first), bounds, refused)
        if place:
            self._cursors[bounds] = place + step if place < last else first
        return place

    def _by_chance(self, bounds: Range) -> int:
        first, last, step = bounds
        return first + step * self._random.randint(0, (last - first) // step)

    def _queued(self, bounds: Range, refused: Collection[int]) -> int:
        """The place that has been free longest. Those free from the start come first, beginning at a random one; then
        those that became free again, in that order."""
        queue = self._queues.get(bounds)
        if queue is None:
            self._cursors[bounds] = self._by_chance(bounds)
            queue = self._queues[bounds] = deque()
            self._begin_queue(bounds)
        first, last, step = bounds
        fresh = self._from(self._cursors[bounds], bounds, refused)
        if fresh:
            self._cursors[bounds] = fresh + step if fresh < last else first
            return fresh
        for _ in range(len(queue)):
            place = queue.popleft()
            if self._state(place, step) != QUEUED:
                continue  # claimed by a client that asked for it
            if place not in refused:
                return place
            queue.append(place)
        return 0

    def _from(self, start: int, bounds: Range, refused: Collection[int]) -> int:
        """The first free place at or after `start`, going on at the first of the range; 0 when none is left."""
        first, last, step = bounds
        place = self._search(start, last, step, FREE)
        if place and place not in refused:
            return place
        for low, high in ((start, last), (first, start - step)):
            place = self._search(low, high, step, FREE)
            while place and place in refused:
                place = self._search(place + step, high, step, FREE)
            if place:
                return place
        return 0


def _holds(bounds: Range, place: int) -> bool:
    return bounds[0] <= place <= bounds[1]
