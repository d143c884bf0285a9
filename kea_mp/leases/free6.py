"""Free IPv6 addresses and prefixes. Pools are too large for a map of them, so what is not free stands in order: a gap
in a run of neighbours is found by halving, since the place of number i in a run without gaps is known.

Addresses, and prefixes of each length that is delegated, are kept apart, each as numbers with a fixed distance.

Runs in: connection
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from sortedcontainers import SortedList

from kea_mp.leases.free import FREE, OFFERED, TAKEN, FreePlaces, Range
from kea_mp.leases.model import PD
from kea_mp.leases.store import Range6

_ADDRESSES = (1,)


class FreePlaces6(FreePlaces):
    """What is not free, and the proposals."""

    __slots__ = ("_held", "_known", "_marks", "_offered", "_steps")

    def __init__(self, lengths: Iterable[int], offer_s: int = 4, seed: int | None = None) -> None:
        """lengths: of the prefixes that are delegated."""
        super().__init__(offer_s, seed)
        prefixes = tuple(sorted({1 << 128 - length for length in lengths}))
        self._steps: dict[int, tuple[int, ...]] = {PD: prefixes}  #: by lease type
        self._held: dict[int, SortedList[int]] = {}  #: distance → places that are taken, offered or queued
        self._offered: dict[int, SortedList[int]] = {}
        for step in {1, *prefixes}:
            self._held[step], self._offered[step] = SortedList(), SortedList()
        self._marks: dict[tuple[int, int], int] = {}  #: (place, distance) → OFFERED or QUEUED
        self._known: dict[Range6, Range] = {}

    def take(self, address: bytes, lease_type: int) -> None:
        """Somebody holds the address or prefix now. A prefix is taken whatever its length is: a row stands at its first
        address."""
        place = int.from_bytes(address, "big")
        for step in self._steps.get(lease_type, _ADDRESSES):
            if not place % step:
                self._mark(place, step, TAKEN)
        if self._offers:
            self._forget_offer(place)

    def take_all(self, places: Sequence[int], lease_type: int) -> None:
        """`take` for many at once, while nothing is taken: for loading."""
        for step in self._steps.get(lease_type, _ADDRESSES):
            self._held[step].update(places if step == 1 else [place for place in places if not place % step])

    def give_back(self, address: bytes, lease_type: int) -> None:
        """There is no lease any more, or one that has ended."""
        place = int.from_bytes(address, "big")
        for step in self._steps.get(lease_type, _ADDRESSES):
            if not place % step and self._state(place, step) == TAKEN:
                self._mark(place, step, self._freed(place, step))

    def propose(
        self, pools: tuple[Range6, ...], allocator: int, skip: tuple[bytes, ...], client: bytes, now: int
    ) -> tuple[bytes, int]:
        """A free address or prefix for this client and its length; b"" when there is none. See `_propose`."""
        refused = [int.from_bytes(address, "big") for address in skip]
        place, step = self._propose(self._ranges(pools), allocator, refused, client, now)
        return (place.to_bytes(16, "big"), 129 - step.bit_length()) if place else (b"", 128)

    def keep_aside(self, address: bytes, pools: tuple[Range6, ...], client: bytes, now: int) -> None:
        """The client asked for this free place and will get it; see `_keep_aside`."""
        self._keep_aside(int.from_bytes(address, "big"), self._ranges(pools), client, now)

    def _ranges(self, pools: tuple[Range6, ...]) -> list[Range]:
        known, ranges = self._known, []
        for pool in pools:
            bounds = known.get(pool)
            if bounds is None:
                first, last = int.from_bytes(pool.first, "big"), int.from_bytes(pool.last, "big")
                bounds = known[pool] = (first, last, 1 << 128 - pool.length)
            ranges.append(bounds)
        return ranges

    def _queue_of(self, place: int, step: int) -> deque[int] | None:
        for bounds, queue in self._queues.items():
            if bounds[2] == step and bounds[0] <= place <= bounds[1]:
                return queue
        return None

    def _begin_queue(self, bounds: Range) -> None:
        """Nothing more to prepare: queues are few."""

    def _state(self, place: int, step: int) -> int:
        mark = self._marks.get((place, step))
        if mark is not None:
            return mark
        return TAKEN if place in self._held[step] else FREE

    def _mark(self, place: int, step: int, state: int) -> None:
        held, mark = self._held[step], self._marks.pop((place, step), None)
        if mark == OFFERED:
            self._offered[step].remove(place)
        known = mark is not None or place in held
        if state == FREE:
            if known:
                held.remove(place)
            return
        if not known:
            held.add(place)
        if state != TAKEN:
            self._marks[place, step] = state
        if state == OFFERED:
            self._offered[step].add(place)

    def _search(self, low: int, high: int, step: int, state: int) -> int:
        if low > high:
            return 0
        if state == OFFERED:
            return next(iter(self._offered[step].irange(low, high)), 0)
        return first_gap(self._held[step], low, high, step)


def first_gap(held: SortedList[int], low: int, high: int, step: int) -> int:
    """The first place from low to high, step by step, that is not held; 0 when all are. held: multiples of step."""
    origin = begin = held.bisect_left(low)
    if begin == len(held) or held[begin] != low:
        return low if low <= high else 0
    end = held.bisect_right(high)
    while begin < end:
        middle = (begin + end) // 2
        if held[middle] == low + (middle - origin) * step:  # none is missing up to here
            begin = middle + 1
        else:
            end = middle
    place = low + (begin - origin) * step
    return place if place <= high else 0
