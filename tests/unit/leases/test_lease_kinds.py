"""How addresses and prefixes are counted, and what a command's question becomes."""

from __future__ import annotations

import pytest

from kea_mp.leases.lease_kinds import LEASES4, LEASES6
from kea_mp.leases.link import search_of
from kea_mp.leases.model import DECLINED, NA, PD, REGISTERED, Lease6
from kea_mp.leases.proposals import Proposals
from kea_mp.leases.store import FREE_QUEUE, ITERATIVE, RANDOM, FindLeases6, Range6, Wanted6
from kea_mp.leases.tally import place6
from kea_mp.values import address6

NOW = 1_800_000_000


def prefix(number: int, length: int = 56) -> bytes:
    return (int.from_bytes(address6("2001:db8::"), "big") + (number << 128 - length)).to_bytes(16, "big")


def lease(address: bytes, length: int = 56) -> Lease6:
    return Lease6(address, b"\0\1\2", 1, PD, length, 1, 2, NOW, 1)


@pytest.mark.parametrize("length", [1, 8, 56, 64, 127, 128])
def test_neighbours_are_one_apart_and_come_back_as_they_were(length: int) -> None:
    for number in (0, 1, (1 << length) - 1):
        address = (number << 128 - length).to_bytes(16, "big")
        counted = LEASES6.number(address, length)
        assert LEASES6.address(counted) == address
        assert LEASES6.length(counted) == length
        assert counted - LEASES6.number(bytes(16), length) == number


def test_prefixes_of_another_length_are_elsewhere() -> None:
    assert LEASES6.number(prefix(0, 56), 56) != LEASES6.number(prefix(0, 57), 57)


def test_a_row_inside_of_a_prefix_takes_it() -> None:
    low, high = (LEASES6.number(prefix(number), 56) for number in (0, 9))
    rows = [(lease(prefix(2)), False, prefix(0x51, 60)), (lease(prefix(0x51, 60), 60), True, None)]
    found = search_of(LEASES6, (low, high), prefix(2), rows, 8)
    assert found.pieces == [(low, low + 1), (low + 3, low + 4), (low + 6, high)]
    assert found.rows == []


@pytest.mark.parametrize("allocator", [ITERATIVE, RANDOM, FREE_QUEUE])
def test_a_range_of_any_size_is_remembered_in_a_few_pages(allocator: int) -> None:
    proposals = Proposals(seed=1, kind=LEASES6)
    whole = Range6(bytes(16), b"\xff" * 16)
    (stretch,) = proposals.stretches((whole,), allocator)
    stretch.learn([stretch.bounds], True, NOW, 0.0)
    (number,) = proposals.prepare(stretch, 1, NOW)
    assert proposals.propose([stretch], (), (b"duid", 1, NA), NOW, {number: True}) == number
    proposals.taken(number)
    assert number in stretch.taken


def test_leases_are_looked_for_by_identity_association_and_only_where_they_count() -> None:
    asked = [
        FindLeases6(b"a", 1, NA, (1,), NOW), FindLeases6(b"a", 1, PD, (1,), NOW), FindLeases6(b"b", 2, NA, (), NOW),
        FindLeases6(b"", 0, NA, (), NOW, bytes(16)),
    ]  # fmt: skip
    assert LEASES6.looks(asked) == {"by_ia": [(b"a", 1)]}


def test_what_an_index_finds_is_not_read_page_by_page() -> None:
    assert LEASES6.looks_for(Wanted6(duid=b"a", iaid=3, lease_type=NA)) == {"by_ia": [(b"a", 3)]}
    assert LEASES6.looks_for(Wanted6(duid=b"a")) == {"by_duid": [b"a"]}
    assert LEASES6.looks_for(Wanted6(hostname="a.")) == {"by_name": ["a."]}
    assert LEASES6.looks_for(Wanted6(hw=b"\1\2", subnets=(1,))) == {}
    assert LEASES6.is_filter(Wanted6(hw=b"\1\2"))


def test_what_has_no_client_any_more_ends_for_good() -> None:
    ended = {state: Lease6(bytes(16), b"\0\1\2", 1, NA, 128, 1, 2, NOW, 1, state=state) for state in range(5)}
    assert {state for state, one in ended.items() if LEASES6.ends_for_good(one)} == {DECLINED, REGISTERED}


def test_a_shortened_lease_is_not_preferred_for_longer_than_it_is_valid() -> None:
    short = LEASES6.shortened(Lease6(bytes(16), b"\0\1\2", 1, NA, 128, 900, 1000, NOW, 1), 500)
    assert (short.pref_lft, short.valid_lft) == (500, 500)


def test_rows_of_statistics_are_counted_where_their_leases_are() -> None:
    assert LEASES4.place(7, 0) == 7
    assert LEASES6.place(7, PD, 0) == place6(PD, 7, 0)
    assert LEASES6.place(0, NA, REGISTERED) == place6(NA, 0, REGISTERED)
