"""When leases end: one small entry per lease, in buckets of a minute, looked at only when their minute comes.

A renewal leaves its entry where it is: when the minute comes, the row is asked for its end and the entry moves
on. Entries lie at most a day ahead, so there are never more than 1440 buckets. Leases that have ended and wait
for reclamation stand in the order in which they ended; reclaimed rows wait in buckets of their own for removal.

Runs in: connection
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Callable, Iterable
from heapq import heappop, heappush

_AHEAD = 1440  #: minutes
_CYCLE = 65535  #: entries remember their minute modulo this, plus one; 0 is "no entry"
_NO_ENTRIES = bytes(2 * 256)

_ADDRESS = 0xFFFFFFFF

AT_ONCE = 1000  #: entries that are looked at in one call: about a millisecond

EndOf = Callable[[int], int | None]  #: address → end of its lease that is to be watched, None: nothing to watch


class Expiry:
    """The schedule. now: seconds since the epoch at which it begins."""

    __slots__ = ("_buckets", "_due", "_entries", "_opened", "_reclaimed", "_soon", "ended")

    def __init__(self, now: int) -> None:
        self._opened = now // 60  #: buckets up to this minute have been opened
        self._buckets: dict[int, array[int]] = {}
        self._entries: dict[int, array[int]] = {}  #: /24 → the minute of each address's entry
        self._due: deque[int] = deque()  #: minutes that have come and are not looked through yet
        self._soon: list[int] = []  #: heap of end << 32 | address: what ends within the opened minute
        self._reclaimed: dict[int, array[int]] = {}
        self.ended: deque[int] = deque()  #: addresses whose lease has ended, to be reclaimed; check the row

    def watch(self, address: int, end: int) -> None:
        """The lease at this address ends then (a new lease, or a changed one)."""
        entries = self._entries.get(address >> 8)
        if entries is None:
            entries = self._entries[address >> 8] = array("H", _NO_ENTRIES)
        minute = end // 60
        if minute <= self._opened:
            entries[address & 255] = 0
            heappush(self._soon, end << 32 | address)
            return
        minute = min(minute, self._opened + _AHEAD)
        entry = entries[address & 255]
        if entry and (entry - 1 - self._opened) % _CYCLE <= minute - self._opened:
            return
        entries[address & 255] = minute % _CYCLE + 1
        bucket = self._buckets.get(minute)
        if bucket is None:
            bucket = self._buckets[minute] = array("I")
        bucket.append(address)

    def watch_page(self, number: int, ends: Iterable[tuple[int, int]]) -> None:
        """`watch` for many leases of one /24 (the addresses of `number`) that have no entries yet, as (address, end)
        with ends after the time it is now: for loading."""
        entries = self._entries[number] = array("H", _NO_ENTRIES)
        buckets, opened = self._buckets, self._opened
        last = opened + _AHEAD
        for address, end in ends:
            minute = min(end // 60, last)
            if minute <= opened:
                heappush(self._soon, end << 32 | address)
                continue
            entries[address & 255] = minute % _CYCLE + 1
            bucket = buckets.get(minute)
            if bucket is None:
                bucket = buckets[minute] = array("I")
            bucket.append(address)

    def end(self, now: int, end_of: EndOf) -> list[int]:
        """Addresses whose leases have ended and were not told before, in the order of their ends; they are added to
        `ended` too. Not more than some thousand at once: call again while `has_more`."""
        minute = now // 60
        if minute <= self._opened and not self.has_more(now):
            return []
        if minute > self._opened:
            self._due.extend(sorted(number for number in self._buckets if self._opened < number <= minute))
            self._opened = minute
        found: list[int] = []
        budget = AT_ONCE
        while self._due and budget > 0:
            budget = self._open(self._due[0], budget, now, end_of, found)
        soon = self._soon
        while soon and soon[0] >> 32 <= now and budget > 0:
            item = heappop(soon)
            if end_of(item & _ADDRESS) == item >> 32:
                found.append(item)
                budget -= 1
        found.sort()
        addresses = [item & _ADDRESS for item in found]
        self.ended.extend(addresses)
        return addresses

    def has_more(self, now: int) -> bool:
        """Whether `end` has more to look at."""
        return bool(self._due) or (bool(self._soon) and self._soon[0] >> 32 <= now)

    def _open(self, minute: int, budget: int, now: int, end_of: EndOf, found: list[int]) -> int:
        """Look at some entries of a minute that has come; how many more may be looked at."""
        mark = minute % _CYCLE + 1
        bucket = self._buckets[minute]
        while bucket and budget > 0:
            budget -= 1
            address = bucket.pop()
            entries = self._entries[address >> 8]
            if entries[address & 255] != mark:
                continue  # another entry took over
            entries[address & 255] = 0
            end = end_of(address)
            if end is None:
                continue
            if end <= now:
                found.append(end << 32 | address)
            else:
                self.watch(address, end)
        if not bucket:
            del self._buckets[minute]
            self._due.popleft()
        return budget

    def keep_reclaimed(self, address: int, end: int) -> None:
        """The row at this address is reclaimed; its lease had ended at `end`."""
        bucket = self._reclaimed.get(end // 60)
        if bucket is None:
            bucket = self._reclaimed[end // 60] = array("I")
        bucket.append(address)

    def reclaimed_until(self, before: int, end_of: EndOf, limit: int = 0) -> list[int]:
        """Reclaimed rows whose leases ended at or before this time, not more than `limit` (0: all). end_of: None for
        rows that are not reclaimed (any more). The caller deletes the rows; what it gets is forgotten here."""
        found: list[int] = []
        last = before // 60
        for minute in sorted(number for number in self._reclaimed if number <= last):
            bucket = self._reclaimed[minute]
            if minute == last and len(bucket) > AT_ONCE:
                break  # once its minute is over it need not be looked through again and again
            rest = array("I")
            while bucket and not 0 < limit <= len(found):
                address = bucket.pop()
                end = end_of(address)
                if end is None or end // 60 != minute:
                    continue
                (found if end <= before else rest).append(address)
            bucket.extend(rest)
            if not bucket:
                del self._reclaimed[minute]
        return found
