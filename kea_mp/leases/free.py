"""Which addresses are free, and which of them the next client is offered.

A byte per address, in pages of 65536 that exist only where something is taken, searched with `bytes.find`. An
address whose lease has ended is as free as one that never had a lease: Kea's allocators go by the order of
addresses (or chance), not by the kind of freedom. What was proposed is kept aside for some seconds.

Runs in: connection
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Collection
from itertools import chain
from random import Random

from kea_mp.leases.store import FREE_QUEUE, ITERATIVE, RANDOM

_TAKEN, _FREE, _OFFERED, _QUEUED = 0, 1, 2, 3
_ALL_FREE = b"\x01" * 65536

Range = tuple[int, int]  #: first and last address, both included


class FreeAddresses:
    """The byte map and the proposals. offer_s: for how long a proposal is kept aside, seconds."""

    __slots__ = ("_by_client", "_cursors", "_offer_s", "_offers", "_pages", "_queued_ranges", "_queues", "_random")

    def __init__(self, offer_s: int = 4, seed: int | None = None) -> None:
        self._offer_s = offer_s
        self._pages: dict[int, bytearray] = {}
        self._cursors: dict[Range, int] = {}  #: where the iterative allocator goes on
        self._queues: dict[Range, deque[int]] = {}  #: free queues: addresses in the order they became free again
        self._queued_ranges: dict[int, list[Range]] = {}  #: address >> 16 → the ranges there that have a queue
        # Taken from the front all the time, which a plain dict is slow at.
        self._offers: OrderedDict[int, tuple[int, bytes]] = OrderedDict()  #: address → (until, client), oldest first
        self._by_client: dict[bytes, int] = {}
        self._random = Random(seed)

    def take(self, address: int) -> None:
        """Somebody holds the address now."""
        page = self._pages.get(address >> 16)
        if page is None:
            page = self._pages[address >> 16] = bytearray(_ALL_FREE)
        page[address & 65535] = _TAKEN
        if self._offers:
            self._forget_offer(address)

    def give_back(self, address: int) -> None:
        """The address has no lease any more, or one that has ended."""
        page = self._pages.get(address >> 16)
        if page is not None and page[address & 65535] == _TAKEN:
            page[address & 65535] = self._freed(address)

    def _freed(self, address: int) -> int:
        """The state of an address that is free again: where free queues are in use it goes to the end of its queue."""
        for bounds in self._queued_ranges.get(address >> 16, ()):
            if bounds[0] <= address <= bounds[1]:
                self._queues[bounds].append(address)
                return _QUEUED
        return _FREE

    def page(self, number: int) -> bytearray:
        """The bytes of one /16, to be filled with 0 where a row is in use: for loading a million at once."""
        return self._pages.setdefault(number, bytearray(_ALL_FREE))

    def propose(self, pools: tuple[int, ...], allocator: int, skip: tuple[int, ...], client: bytes, now: int) -> int:
        """A free address for this client from the first of the ranges that has one, 0 when there is none.

        An address that somebody else was offered less than `offer_s` ago comes last. Ranges of the free-queue
        allocator begin their queue at the first call.
        """
        self._forget_offers(now)
        refused: Collection[int] = skip if len(skip) <= 16 else frozenset(skip)
        ranges = list(zip(pools[::2], pools[1::2], strict=True))
        for bounds in ranges:
            address = self._pick(bounds, allocator, refused)
            if address:
                self._offer(address, client, now)
                return address
        address = self._again(ranges, refused, client)
        if address:
            self._offer(address, client, now)
        return address

    def keep_aside(self, address: int, pools: tuple[int, ...], client: bytes, now: int) -> None:
        """The client asked for this free address and will get it: a proposal like any other, unless it is outside of
        the ranges or kept aside already."""
        if self._state(address) in (_FREE, _QUEUED) and any(
            first <= address <= last for first, last in zip(pools[::2], pools[1::2], strict=True)
        ):
            self._offer(address, client, now)

    def _offer(self, address: int, client: bytes, now: int) -> None:
        page = self._pages.get(address >> 16)
        if page is None:
            page = self._pages[address >> 16] = bytearray(_ALL_FREE)
        page[address & 65535] = _OFFERED
        self._forget_offer(address)
        self._offers[address] = (now + self._offer_s, client)
        self._by_client[client] = address

    def _forget_offer(self, address: int) -> None:
        offer = self._offers.pop(address, None)
        if offer is not None and self._by_client.get(offer[1]) == address:
            del self._by_client[offer[1]]

    def _forget_offers(self, now: int) -> None:
        offers = self._offers
        while offers:
            address = next(iter(offers))
            if now < offers[address][0] <= now + self._offer_s:  # not over, and the clock has not been put back
                return
            self._forget_offer(address)
            page = self._pages[address >> 16]
            if page[address & 65535] == _OFFERED:
                page[address & 65535] = self._freed(address)

    def _again(self, ranges: list[Range], refused: Collection[int], client: bytes) -> int:
        """An address that is kept aside: this client's own, or the one offered longest ago."""
        if not any(self._search(first, last, _OFFERED) for first, last in ranges):
            return 0
        mine = self._by_client.get(client)
        for address in chain(() if mine is None else (mine,), self._offers):
            if address not in refused and any(first <= address <= last for first, last in ranges):
                return address
        return 0

    def _pick(self, bounds: Range, allocator: int, refused: Collection[int]) -> int:
        first, last = bounds
        if allocator == FREE_QUEUE:
            return self._queued(bounds, refused)
        if allocator == RANDOM:
            return self._from(self._random.randint(first, last), bounds, refused)
        if allocator != ITERATIVE:
            raise ValueError(f"allocator {allocator} is unknown")
        address = self._from(self._cursors.get(bounds, first), bounds, refused)
        if address:
            self._cursors[bounds] = address + 1 if address < last else first
        return address

    def _queued(self, bounds: Range, refused: Collection[int]) -> int:
        """The address that has been free longest. Those free from the start come first, beginning at a random
        one; then those that became free again, in that order."""
        queue = self._queues.get(bounds)
        if queue is None:
            queue = self._begin_queue(bounds)
        fresh = self._from(self._cursors[bounds], bounds, refused)
        if fresh:
            self._cursors[bounds] = fresh + 1 if fresh < bounds[1] else bounds[0]
            return fresh
        for _ in range(len(queue)):
            address = queue.popleft()
            if self._pages[address >> 16][address & 65535] != _QUEUED:
                continue  # claimed by a client that asked for it
            if address not in refused:
                return address
            queue.append(address)
        return 0

    def _begin_queue(self, bounds: Range) -> deque[int]:
        for number in range(bounds[0] >> 16, (bounds[1] >> 16) + 1):
            self._queued_ranges.setdefault(number, []).append(bounds)
        self._cursors[bounds] = self._random.randint(*bounds)
        queue = self._queues[bounds] = deque()
        return queue

    def _state(self, address: int) -> int:
        page = self._pages.get(address >> 16)
        return page[address & 65535] if page is not None else _FREE

    def _from(self, start: int, bounds: Range, refused: Collection[int]) -> int:
        """The first free address at or after `start`, going on at the first of the range; 0 when none is left."""
        first, last = bounds
        address = self._search(start, last)
        if address and address not in refused:
            return address
        for low, high in ((start, last), (first, start - 1)):
            address = self._search(low, high)
            while address and address in refused:
                address = self._search(address + 1, high)
            if address:
                return address
        return 0

    def _search(self, low: int, high: int, state: int = _FREE) -> int:
        """The first address in this state, 0 when there is none."""
        while low <= high:
            base = low & ~65535
            end = min(high - base, 65535) + 1
            page = self._pages.get(low >> 16)
            if page is None:
                if state == _FREE:
                    return low
            else:
                found = page.find(state, low - base, end)
                if found >= 0:
                    return base + found
            low = base + end
        return 0
