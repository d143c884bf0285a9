"""Which free address the next client is offered, when other servers write to the same table.

The database knows which addresses are free; here stands a short list of them for each range, fetched in pieces, and
what was proposed in the last seconds. Every proposal is looked up once more with the batch that needs it, so a list
that has aged costs nothing but its length. Addresses are numbers here (see `lease_kinds`), those in requests are not.
Pure: whoever asks the database brings what it said.

Runs in: connection
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from random import Random
from typing import Any

from kea_mp.leases.lease_kinds import LEASES4, Client, LeaseKind, Range
from kea_mp.leases.store import FREE_QUEUE, ITERATIVE, RANDOM

AGE_S = 10  #: a list older than this is fetched again
LISTS = 1 << 12  #: of ranges that are remembered as lists
PAGE_BITS = 16
LONGEST_WAIT_S = 600  #: between two searches of a full range


class Stretch:
    """What is known of one range. cursor: where the next search begins; ready: addresses to propose next, in order;
    free: the list behind them; taken: claimed here since the list was fetched."""

    __slots__ = ("allocator", "bounds", "cursor", "fetched", "free", "jumps", "not_before", "ready", "taken")

    def __init__(self, bounds: Range, allocator: int, random: Random) -> None:
        self.bounds = bounds
        self.allocator = allocator
        self.cursor = bounds[0] if allocator == ITERATIVE else random.randint(*bounds)
        self.free: deque[Range] = deque()
        self.ready: deque[int] = deque()
        self.taken: set[int] = set()
        self.fetched = -1
        self.not_before = 0  #: the list was complete: no other search before this time
        self.jumps = 0

    def drop(self) -> None:
        """Forget the list; the next search begins with what would have been proposed next."""
        if self.ready:
            self.cursor = self.ready[0]
        self.ready.clear()
        self.free.clear()
        self.fetched = -1
        self.not_before = 0

    def may_search(self, now: int) -> bool:
        return not self.not_before - LONGEST_WAIT_S <= now < self.not_before

    def learn(self, pieces: Iterable[Range], complete: bool, now: int, took_s: float) -> None:
        """Free parts of the range, in the order in which they are to be used. complete: there are no others.
        Searches that cannot find more are repeated so seldom that they take a twentieth of the database's time."""
        self.free = deque(pieces)
        self.taken.clear()
        self.fetched = now
        self.not_before = now + min(LONGEST_WAIT_S, max(1, int(20 * took_s))) if complete else 0


class Proposals:
    """The lists and the proposals. offer_s: for how long a proposal is kept aside, seconds."""

    def __init__(self, offer_s: int = 4, seed: int | None = None, kind: LeaseKind = LEASES4) -> None:
        self._kind = kind
        self._offer_s = offer_s
        self._random = Random(seed)
        self._stretches: dict[tuple[Range, int], Stretch] = {}
        self._lists: dict[tuple[tuple[Any, ...], int], list[Stretch]] = {}  #: what `stretches` has answered
        self._pages: dict[int, dict[int, list[Stretch]]] = {}  #: bits → address >> bits → the stretches there
        self._offers: dict[int, tuple[int, Client, int]] = {}  #: address → (until, client, jumps), oldest first
        self._by_client: dict[Client, int] = {}

    # ---- lists ----------------------------------------------------------------------------------------------

    def stretches(self, pools: tuple[Any, ...], allocator: int) -> list[Stretch]:
        """The pools of a request, in its order of preference."""
        found = self._lists.get((pools, allocator))
        if found is None:
            if allocator not in (ITERATIVE, RANDOM, FREE_QUEUE):
                raise ValueError(f"allocator {allocator} is unknown")
            bounds = self._kind.ranges(pools)
            found = [self._stretches.get((one, allocator)) or self._begin(one, allocator) for one in bounds]
            if len(self._lists) >= LISTS:
                self._lists.clear()
            self._lists[pools, allocator] = found
        return found

    def _begin(self, bounds: Range, allocator: int) -> Stretch:
        stretch = self._stretches[bounds, allocator] = Stretch(bounds, allocator, self._random)
        # However large it is, it has at most 256 pages.
        bits = max(PAGE_BITS, (bounds[1] - bounds[0]).bit_length() - 8)
        pages = self._pages.setdefault(bits, {})
        for number in range(bounds[0] >> bits, (bounds[1] >> bits) + 1):
            pages.setdefault(number, []).append(stretch)
        return stretch

    def _around(self, address: int) -> list[Stretch]:
        return [
            stretch
            for bits, pages in self._pages.items()
            for stretch in pages.get(address >> bits, ())
            if stretch.bounds[0] <= address <= stretch.bounds[1]
        ]

    def prepare(self, stretch: Stretch, count: int, now: int, skip: Collection[Any] = ()) -> list[int]:
        """Up to `count` addresses that would be proposed next, to be looked up. skip: nobody may have these now."""
        if stretch.fetched >= 0 and not 0 <= now - stretch.fetched < AGE_S and stretch.may_search(now):
            stretch.drop()
        ready = stretch.ready
        while len(ready) < count:
            address = self._next(stretch, skip)
            if not address:
                break
            ready.append(address)
        return [address for address, _ in zip(ready, range(count), strict=False)]

    def _next(self, stretch: Stretch, skip: Collection[Any]) -> int:
        """Take the next address out of the list; 0 when it is empty."""
        free = stretch.free
        while free:
            if stretch.allocator == RANDOM:
                free.rotate(self._random.randrange(len(free)))
                low, high = free.popleft()
                address = self._random.randint(low, high)
                free.extend(part for part in ((low, address - 1), (address + 1, high)) if part[0] <= part[1])
            else:
                address, high = free.popleft()
                if address < high:
                    free.appendleft((address + 1, high))
                stretch.cursor = address + 1 if address < stretch.bounds[1] else stretch.bounds[0]
            if address in self._offers or address in stretch.taken:
                continue
            if not skip or self._kind.address(address) not in skip:
                return address
        return 0

    def searches(self, stretch: Stretch, whole: bool) -> list[Range]:
        """The parts of a range in which to look for free addresses, in order. whole: what is before the cursor too."""
        first, last = stretch.bounds
        if stretch.allocator == RANDOM:
            stretch.cursor = self._random.randint(first, last)
        cursor = stretch.cursor
        return [(cursor, last), (first, cursor - 1)] if whole and cursor > first else [(cursor, last)]

    # ---- proposing ------------------------------------------------------------------------------------------

    def propose(
        self,
        stretches: Iterable[Stretch],
        skip: tuple[Any, ...],
        client: Client,
        now: int,
        looked_up: Mapping[int, bool],
    ) -> int:
        """A free address for this client from the first of the ranges that has one, 0 when there is none.

        looked_up: whether an address that was looked up is free; others stay in their lists.
        """
        refused: Collection[Any] = skip if len(skip) <= 16 else frozenset(skip)
        for stretch in stretches:
            ready, kept, found = stretch.ready, [], 0
            while ready and not found:
                address = ready.popleft()
                free = looked_up.get(address)
                if free is False or address in self._offers or address in stretch.taken:
                    continue
                if free is None or (refused and self._kind.address(address) in refused):
                    kept.append(address)
                else:
                    found = address
            ready.extendleft(reversed(kept))
            if found:
                self._offer(found, client, now, stretch.jumps)
                return found
        return 0

    def again(self, stretches: Collection[Stretch], skip: tuple[Any, ...], client: Client, count: int) -> list[int]:
        """Up to `count` addresses that are kept aside, to be proposed when nothing else is left: this client's own,
        then those offered longest ago."""
        wanted: dict[int, None] = {}
        mine = self._by_client.get(client, 0)
        for address in (*((mine,) if mine else ()), *self._offers):
            if (
                address in wanted
                or (skip and self._kind.address(address) in skip)
                or not any(s.bounds[0] <= address <= s.bounds[1] for s in stretches)
            ):
                continue
            wanted[address] = None
            if len(wanted) >= count:
                break
        return list(wanted)

    def offer_again(self, address: int, client: Client, now: int) -> None:
        """This address, which was kept aside, is proposed to the client."""
        self._offer(address, client, now, -1)

    def keep_aside(self, wanted: Any, stretches: Iterable[Stretch], client: Client, now: int) -> None:
        """The client asked for this free address and will get it: a proposal like any other, unless it is outside of
        the ranges or kept aside already."""
        for stretch in stretches:
            first, last = stretch.bounds
            address = self._kind.number(wanted, self._kind.length(first))
            if first <= address <= last:
                if address not in self._offers:
                    self._offer(address, client, now, -1)
                return

    def _offer(self, address: int, client: Client, now: int, jumps: int) -> None:
        self._offers.pop(address, None)
        self._offers[address] = (now + self._offer_s, client, jumps)
        self._by_client[client] = address

    def forget_offers(self, now: int) -> None:
        """Proposals that are over are free again."""
        offers = self._offers
        while offers:
            address = next(iter(offers))
            until, client, _ = offers[address]
            if now < until <= now + self._offer_s:  # not over, and the clock has not been put back
                return
            self._end_offer(address, client)
            self.freed(address)

    def _end_offer(self, address: int, client: Client) -> None:
        del self._offers[address]
        if self._by_client.get(client) == address:
            del self._by_client[client]

    # ---- what became of addresses ---------------------------------------------------------------------------

    def taken(self, address: int) -> None:
        """Somebody here holds the address now."""
        for stretch in self._around(address):
            stretch.taken.add(address)
        offer = self._offers.get(address)
        if offer is not None:
            self._end_offer(address, offer[1])

    def freed(self, address: int) -> None:
        """Nobody holds the address any more: it is the last of its list. (A second entry does no harm.)"""
        for stretch in self._around(address):
            stretch.taken.discard(address)
            if stretch.fetched >= 0:
                stretch.free.append((address, address))

    def conflict(self, address: int) -> None:
        """Another server was faster at an address: if it was a proposal of ours, both work on the same part of the
        range, so go elsewhere (once for all proposals made before)."""
        offer = self._offers.get(address)
        if offer is None:
            return
        self._end_offer(address, offer[1])
        for stretch in self._around(address):
            if offer[2] == stretch.jumps:
                stretch.drop()
                stretch.cursor = self._random.randint(*stretch.bounds)
                stretch.jumps += 1
        self.freed(address)  # it may be free all the same, behind a row that has ended: a look-up will tell
