"""From a client's identity to the addresses it holds, small enough for millions of leases.

A dict would keep 74 bytes for each entry; this keeps about 12: open addressing in `array`s, an entry being 32 bits
of the key's hash and the address. The key itself stands in the lease's row, so an answer is a candidate that
the caller checks against the row. Many small tables, so that growing one never takes long.

Runs in: connection
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable

_SHARD_BITS = 10
_SHARDS = (1 << _SHARD_BITS) - 1
_HASH = 0xFFFFFFFF
_GONE = 1  #: a removed entry (the hash 0 of address 0.0.0.1, which nobody gets)


class AddressIndex:
    """A multimap from keys (bytes) to addresses. The caller adds a pair once and removes it once."""

    __slots__ = ("_free", "_tables")

    def __init__(self, expected: int = 0) -> None:
        """expected: how many pairs will come soon; saves growing again and again."""
        size = _size_for(expected // (_SHARDS + 1))
        self._tables = [array("Q", bytes(8 * size)) for _ in range(_SHARDS + 1)]
        self._free = [_room(size)] * (_SHARDS + 1)  #: how many more slots may be taken before the table is rebuilt

    def add(self, key: bytes, address: int) -> None:
        spread = hash(key)
        shard = spread & _SHARDS
        table = self._tables[shard]
        mark = spread >> _SHARD_BITS & _HASH
        mask = len(table) - 1
        slot = mark & mask
        while table[slot] > _GONE:
            slot = slot + 1 & mask
        if not table[slot]:
            self._free[shard] -= 1
        table[slot] = mark << 32 | address
        if self._free[shard] <= 0:
            self._rebuild(shard)

    def fill(self, pairs: Iterable[tuple[bytes, int]]) -> None:
        """`add` for many at once."""
        tables, free = self._tables, self._free
        for key, address in pairs:
            spread = hash(key)
            shard = spread & _SHARDS
            table = tables[shard]
            mark = spread >> _SHARD_BITS & _HASH
            mask = len(table) - 1
            slot = mark & mask
            while table[slot]:
                slot = slot + 1 & mask
            table[slot] = mark << 32 | address
            free[shard] -= 1
            if free[shard] <= 0:
                self._rebuild(shard)

    def remove(self, key: bytes, address: int) -> None:
        """KeyError when the pair is not there: the index and the rows no longer agree."""
        spread = hash(key)
        table = self._tables[spread & _SHARDS]
        mark = spread >> _SHARD_BITS & _HASH
        wanted = mark << 32 | address
        mask = len(table) - 1
        slot = mark & mask
        while entry := table[slot]:
            if entry == wanted:
                table[slot] = _GONE
                return
            slot = slot + 1 & mask
        raise KeyError(key)

    def find(self, key: bytes) -> list[int]:
        """Addresses that may be of this key; the caller compares the keys."""
        spread = hash(key)
        table = self._tables[spread & _SHARDS]
        mark = spread >> _SHARD_BITS & _HASH
        mask = len(table) - 1
        slot = mark & mask
        found: list[int] = []
        while entry := table[slot]:
            if entry >> 32 == mark and entry != _GONE:
                found.append(entry & _HASH)
            slot = slot + 1 & mask
        return found

    def _rebuild(self, shard: int) -> None:
        entries = [entry for entry in self._tables[shard] if entry > _GONE]
        size = _size_for(len(entries))
        table = array("Q", bytes(8 * size))
        mask = size - 1
        for entry in entries:
            slot = entry >> 32 & mask
            while table[slot]:
                slot = slot + 1 & mask
            table[slot] = entry
        self._tables[shard] = table
        self._free[shard] = _room(size) - len(entries)


def _size_for(entries: int) -> int:
    """Slots for so many entries, at most 45% taken."""
    size = 8
    while entries * 9 >= size * 4:
        size *= 2
    return size


def _room(size: int) -> int:
    """How many slots of a table may be taken."""
    return size * 2 // 3
