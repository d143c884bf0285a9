"""Free IPv6 places in ranges that are too large to be gone through."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from sortedcontainers import SortedList

from kea_mp.leases.free6 import FreePlaces6, first_gap
from kea_mp.leases.model import NA, PD
from kea_mp.leases.store import FREE_QUEUE, ITERATIVE, RANDOM, Range6
from kea_mp.values import address6

NOW = 1_800_000_000
WIDE = (Range6(address6("2001:db8::"), address6("2001:db8::ffff:ffff:ffff:ffff")),)
PREFIXES = (Range6(address6("2001:db8::"), address6("2001:db8:ff:ff00::"), 56),)


@given(st.sets(st.integers(0, 40)), st.integers(0, 40), st.integers(0, 40), st.sampled_from([1, 4, 1 << 72]))
def test_the_first_gap_is_found_by_halving(held: set[int], low: int, high: int, step: int) -> None:
    found = first_gap(SortedList((place + 1) * step for place in held), (low + 1) * step, (high + 1) * step, step)
    free = [place for place in range(low, high + 1) if place not in held]
    assert found == ((free[0] + 1) * step if free else 0)


def test_a_pool_of_64_bits_is_never_enumerated() -> None:
    free = FreePlaces6(())
    places = {free.propose(WIDE, kind, (), b"%d" % kind, NOW)[0] for kind in (ITERATIVE, RANDOM, FREE_QUEUE)}
    assert len(places) == 3
    assert all(WIDE[0].first <= place <= WIDE[0].last for place in places)


def test_a_prefix_of_another_length_is_in_the_way_of_one_that_begins_where_it_does() -> None:
    free = FreePlaces6((56,))
    free.take(address6("2001:db8::"), PD)
    free.take(address6("2001:db8:0:110::"), PD)  # within a prefix of 56 bits, but not where that begins
    assert [free.propose(PREFIXES, ITERATIVE, (), b"%d" % n, NOW) for n in range(2)] == [
        (address6("2001:db8:0:100::"), 56),
        (address6("2001:db8:0:200::"), 56),
    ]


def test_an_address_is_not_in_the_way_of_prefixes() -> None:
    free = FreePlaces6((56,))
    free.take(address6("2001:db8::"), NA)
    assert free.propose(PREFIXES, ITERATIVE, (), b"a", NOW) == (address6("2001:db8::"), 56)


def test_a_queue_gives_back_first_what_became_free_first() -> None:
    free, pool = FreePlaces6((62,)), (Range6(address6("2001:db8::"), address6("2001:db8:0:c::"), 62),)
    places = [free.propose(pool, FREE_QUEUE, (), b"%d" % number, NOW)[0] for number in range(4)]
    for place in places:
        free.take(place, PD)
    assert free.propose(pool, FREE_QUEUE, (), b"x", NOW) == (b"", 128)
    for number in (2, 0, 3):
        free.give_back(places[number], PD)
    assert [free.propose(pool, FREE_QUEUE, (), b"y%d" % n, NOW)[0] for n in range(3)] == [
        places[2], places[0], places[3],
    ]  # fmt: skip
