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

EndOf = Callable[[int], int | None]  #: address → end of its lease that is to be watched, None: nothing to watch


class Expiry:
    """The schedule. now: seconds since the epoch at which it begins."""

    __slots__ = ("_buckets", "_entries", "_opened", "_reclaimed", "_soon", "ended")

    def __init__(self, now: int) -> None:
        self._opened = now // 60  #: buckets up to this minute have been opened
        self._buckets: dict[int, array[int]] = {}
        self._entries: dict[int, array[int]] = {}  #: /24 → the minute of each address's entry
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
        """Addresses whose leases have ended since the last call; they are added to `ended` too."""
        minute = now // 60
        found: list[int] = []
        if minute > self._opened:
            due = sorted(number for number in self._buckets if number <= minute)
            self._opened = minute
            for number in due:
                self._open(number, now, end_of, found)
        soon = self._soon
        while soon and soon[0] >> 32 <= now:
            item = heappop(soon)
            address = item & 0xFFFFFFFF
            if end_of(address) == item >> 32:
                found.append(address)
        self.ended.extend(found)
        return found

    def _open(self, minute: int, now: int, end_of: EndOf, found: list[int]) -> None:
        mark = minute % _CYCLE + 1
        for address in self._buckets.pop(minute):
            entries = self._entries[address >> 8]
            if entries[address & 255] != mark:
                continue  # another entry took over
            entries[address & 255] = 0
            end = end_of(address)
            if end is None:
                continue
            if end <= now:
                found.append(address)
            else:
                self.watch(address, end)

    def keep_reclaimed(self, address: int, end: int) -> None:
        """The row at this address is reclaimed; its lease had ended at `end`."""
        bucket = self._reclaimed.get(end // 60)
        if bucket is None:
            bucket = self._reclaimed[end // 60] = array("I")
        bucket.append(address)

    def reclaimed_until(self, before: int, end_of: EndOf, limit: int = 0) -> list[int]:
        """Reclaimed rows whose leases ended at or before this time, some `limit` of them (0: all). end_of: None for
        rows that are not reclaimed (any more). The caller deletes the rows; what it gets is forgotten here."""
        found: list[int] = []
        for minute in sorted(number for number in self._reclaimed if number <= before // 60):
            rest = array("I")
            for address in self._reclaimed.pop(minute):
                end = end_of(address)
                if end is None or end // 60 != minute:
                    continue
                if end <= before and not 0 < limit <= len(found):
                    found.append(address)
                else:
                    rest.append(address)
            if rest:
                self._reclaimed[minute] = rest
            if 0 < limit <= len(found):
                break
        return found
