"""From keys to addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kea_mp.leases.index import AddressIndex

KEYS = st.integers(0, 5).map(lambda number: b"key%d" % number)
ADDRESSES = st.integers(2, 9)


@given(st.lists(st.tuples(KEYS, ADDRESSES), max_size=60))
def test_it_holds_what_was_added_and_not_removed(pairs: list[tuple[bytes, int]]) -> None:
    index = AddressIndex()
    held: set[tuple[bytes, int]] = set()
    for key, address in pairs:  # the second time a pair comes it is removed
        if (key, address) in held:
            index.remove(key, address)
            held.remove((key, address))
        else:
            index.add(key, address)
            held.add((key, address))
        assert sorted(index.find(key)) == sorted(a for k, a in held if k == key)


def test_many_pairs_are_found_after_growing_and_shrinking() -> None:
    index = AddressIndex()
    for number in range(2, 50_000):
        index.add(b"%d" % number, number)
    for number in range(2, 49_000):
        index.remove(b"%d" % number, number)
    index.fill((b"%d" % number, number) for number in range(2, 1000))
    for number in (2, 999, 49_000, 49_999):
        assert index.find(b"%d" % number) == [number]
    assert index.find(b"1000") == []


def test_room_made_beforehand_changes_nothing() -> None:
    index = AddressIndex(100_000)
    index.fill((b"%d" % number, number) for number in range(2, 100_000))
    assert index.find(b"77777") == [77777]


def test_removing_what_is_not_there_is_an_error() -> None:
    index = AddressIndex()
    index.add(b"key", 2)
    with pytest.raises(KeyError):
        index.remove(b"key", 3)
