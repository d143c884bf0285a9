"""Free addresses and proposals."""

from __future__ import annotations

import time

import pytest

from kea_mp.leases.free4 import FreeAddresses
from kea_mp.leases.store import FREE_QUEUE, ITERATIVE, RANDOM
from kea_mp.values import address4

NOW = 1_800_000_000
FIRST = address4("10.0.0.1")


def propose(free: FreeAddresses, *pools: int, client: bytes = b"c", skip: tuple[int, ...] = (), now: int = NOW) -> int:
    return free.propose(pools, ITERATIVE, skip, client, now)


def test_a_pool_of_16_million_addresses_costs_nothing_while_it_is_empty() -> None:
    free = FreeAddresses()
    last = FIRST + (1 << 24) - 3
    assert propose(free, FIRST, last) == FIRST
    assert propose(free, FIRST, last) == FIRST + 1


def test_the_last_free_address_of_a_million_is_found_in_much_less_than_a_millisecond() -> None:
    free = FreeAddresses()
    last = FIRST + 999_999
    for number in range(FIRST >> 16, (last >> 16) + 1):
        free.page(number)[:] = bytes(65536)
    free.give_back(last - 1)
    begun = time.perf_counter()
    assert propose(free, FIRST, last) == last - 1
    assert time.perf_counter() - begun < 0.001


def test_a_proposal_that_nobody_took_is_free_again_after_a_while() -> None:
    free = FreeAddresses(offer_s=4)
    assert propose(free, FIRST, FIRST + 1, client=b"a") == FIRST
    assert propose(free, FIRST, FIRST + 1, client=b"b") == FIRST + 1
    assert propose(free, FIRST, FIRST + 1, client=b"c", now=NOW + 3) == FIRST
    assert propose(free, FIRST, FIRST + 1, client=b"d", now=NOW + 4) == FIRST + 1


def test_a_clock_that_was_put_back_does_not_keep_proposals_for_ever() -> None:
    free = FreeAddresses()
    propose(free, FIRST, FIRST, client=b"a", now=NOW)
    propose(free, FIRST, FIRST + 1, client=b"b", now=NOW - 10_000)
    assert propose(free, FIRST, FIRST, client=b"c", now=NOW - 10_000) == FIRST


def test_an_offer_passed_on_to_somebody_else_is_no_longer_the_first_ones() -> None:
    free = FreeAddresses()
    assert propose(free, FIRST, FIRST, client=b"a") == FIRST
    assert propose(free, FIRST, FIRST, client=b"b") == FIRST
    free.take(FIRST)
    assert propose(free, FIRST, FIRST, client=b"a") == 0


def test_an_address_kept_aside_for_its_asker_is_not_proposed_to_others() -> None:
    free = FreeAddresses()
    free.keep_aside(FIRST, (FIRST, FIRST + 1), b"a", NOW)
    assert propose(free, FIRST, FIRST + 1, client=b"b") == FIRST + 1


def test_an_address_outside_of_the_pools_is_not_kept_aside() -> None:
    free = FreeAddresses()
    free.keep_aside(FIRST, (FIRST + 1, FIRST + 2), b"a", NOW)
    assert propose(free, FIRST, FIRST, client=b"b") == FIRST


def test_every_address_refused_means_none() -> None:
    free = FreeAddresses()
    skip = tuple(range(FIRST, FIRST + 20))
    assert propose(free, FIRST, FIRST + 19, skip=skip) == 0
    assert propose(free, FIRST, FIRST + 20, skip=skip) == FIRST + 20


def test_addresses_across_pages_of_65536_are_found() -> None:
    free = FreeAddresses()
    first, last = address4("10.0.255.254"), address4("10.1.0.2")
    assert [propose(free, first, last, client=b"%d" % n) for n in range(5)] == list(range(first, last + 1))


def test_the_random_allocator_does_not_begin_at_the_first_address_each_time() -> None:
    begun = {FreeAddresses(seed=seed).propose((FIRST, FIRST + 999), RANDOM, (), b"c", NOW) for seed in range(20)}
    assert len(begun) > 10


def test_the_free_queue_gives_what_has_been_free_longest() -> None:
    free = FreeAddresses()
    pool = (FIRST, FIRST + 2)
    given = [free.propose(pool, FREE_QUEUE, (), b"%d" % n, NOW) for n in range(3)]
    for address in given:
        free.take(address)
    for address in (given[2], given[0], given[1]):
        free.give_back(address)
    again = [free.propose(pool, FREE_QUEUE, (), b"%d" % n, NOW) for n in range(3)]
    assert again == [given[2], given[0], given[1]]


def test_a_queued_address_that_was_claimed_directly_is_passed_over() -> None:
    free = FreeAddresses()
    pool = (FIRST, FIRST + 1)
    for client in (b"a", b"b"):
        free.take(free.propose(pool, FREE_QUEUE, (), client, NOW))
    for address in pool:
        free.give_back(address)
    free.take(FIRST)
    assert free.propose(pool, FREE_QUEUE, (), b"c", NOW) == FIRST + 1


def test_an_unknown_allocator_is_an_error() -> None:
    with pytest.raises(ValueError, match="allocator 9"):
        FreeAddresses().propose((FIRST, FIRST), 9, (), b"c", NOW)
