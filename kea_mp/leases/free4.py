"""Free IPv4 addresses: a byte per address, in pages of 65536 that exist only where something is taken, searched with
`bytes.find`.

Runs in: connection
"""

from __future__ import annotations

from collections import deque

from kea_mp.leases.free import FREE, TAKEN, FreePlaces, Range

_ALL_FREE = b"\x01" * 65536


class FreeAddresses(FreePlaces):
    """The byte map and the proposals."""

    __slots__ = ("_pages", "_queued_ranges")

    def __init__(self, offer_s: int = 4, seed: int | None = None) -> None:
        super().__init__(offer_s, seed)
        self._pages: dict[int, bytearray] = {}
        self._queued_ranges: dict[int, list[Range]] = {}  #: address >> 16 → the ranges there that have a queue

    def take(self, address: int) -> None:
        """Somebody holds the address now."""
        page = self._pages.get(address >> 16)
        if page is None:
            page = self._pages[address >> 16] = bytearray(_ALL_FREE)
        page[address & 65535] = TAKEN
        if self._offers:
            self._forget_offer(address)

    def give_back(self, address: int) -> None:
        """The address has no lease any more, or one that has ended."""
        page = self._pages.get(address >> 16)
        if page is not None and page[address & 65535] == TAKEN:
            page[address & 65535] = self._freed(address, 1)

    def page(self, number: int) -> bytearray:
        """The bytes of one /16, to be filled with 0 where a row is in use: for loading a million at once."""
        return self._pages.setdefault(number, bytearray(_ALL_FREE))

    def propose(self, pools: tuple[int, ...], allocator: int, skip: tuple[int, ...], client: bytes, now: int) -> int:
        """A free address for this client from the first of the pools (first, last, first, last …) that has one, 0 when
        there is none; see `_propose`."""
        return self._propose(_ranges(pools), allocator, skip, client, now)[0]

    def keep_aside(self, address: int, pools: tuple[int, ...], client: bytes, now: int) -> None:
        """The client asked for this free address and will get it; see `_keep_aside`."""
        self._keep_aside(address, _ranges(pools), client, now)

    def _queue_of(self, place: int, step: int) -> deque[int] | None:
        for bounds in self._queued_ranges.get(place >> 16, ()):
            if bounds[0] <= place <= bounds[1]:
                return self._queues[bounds]
        return None

    def _begin_queue(self, bounds: Range) -> None:
        for number in range(bounds[0] >> 16, (bounds[1] >> 16) + 1):
            self._queued_ranges.setdefault(number, []).append(bounds)

    def _state(self, place: int, step: int) -> int:
        page = self._pages.get(place >> 16)
        return page[place & 65535] if page is not None else FREE

    def _mark(self, place: int, step: int, state: int) -> None:
        page = self._pages.get(place >> 16)
        if page is None:
            page = self._pages[place >> 16] = bytearray(_ALL_FREE)
        page[place & 65535] = state

    def _search(self, low: int, high: int, step: int, state: int) -> int:
        while low <= high:
            base = low & ~65535
            end = min(high - base, 65535) + 1
            page = self._pages.get(low >> 16)
            if page is None:
                if state == FREE:
                    return low
            else:
                found = page.find(state, low - base, end)
                if found >= 0:
                    return base + found
            low = base + end
        return 0


def _ranges(pools: tuple[int, ...]) -> list[Range]:
    return [(first, last, 1) for first, last in zip(pools[::2], pools[1::2], strict=True)]
