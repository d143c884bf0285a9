"""Which free addresses are proposed next."""

from __future__ import annotations

from kea_mp.leases.proposals import AGE_S, Proposals, Stretch
from kea_mp.leases.store import FREE_QUEUE, ITERATIVE, RANDOM

NOW = 1_800_000_000
POOL = (100, 199)


def filled(
    proposals: Proposals, *pieces: tuple[int, int], allocator: int = ITERATIVE, complete: bool = True
) -> Stretch:
    (stretch,) = proposals.stretches(POOL, allocator)
    stretch.learn(pieces, complete, NOW, 0.001)
    return stretch


def propose(proposals: Proposals, stretch: Stretch, client: int, count: int = 1, now: int = NOW) -> int:
    free = dict.fromkeys(proposals.prepare(stretch, count, now), True)
    return proposals.propose([stretch], (), bytes([client]), now, free)


def test_the_iterative_search_begins_at_the_first_address() -> None:
    proposals = Proposals()
    (stretch,) = proposals.stretches(POOL, ITERATIVE)
    assert proposals.searches(stretch, whole=True) == [(100, 199)]


def test_the_next_search_begins_behind_the_last_address_that_was_taken_from_the_list() -> None:
    proposals = Proposals()
    stretch = filled(proposals, (100, 120))
    propose(proposals, stretch, 1)
    assert proposals.searches(stretch, whole=True) == [(101, 199), (100, 100)]


def test_random_searches_begin_anywhere() -> None:
    proposals = Proposals(seed=1)
    (stretch,) = proposals.stretches(POOL, RANDOM)
    assert len({proposals.searches(stretch, whole=False)[0] for _ in range(20)}) > 5


def test_random_proposals_are_all_different_and_all_of_the_list() -> None:
    proposals = Proposals(seed=1)
    stretch = filled(proposals, (100, 109), (150, 151), allocator=RANDOM)
    offered = [propose(proposals, stretch, client) for client in range(12)]
    assert sorted(offered) == [*range(100, 110), 150, 151]
    assert offered != sorted(offered)


def test_a_free_queue_begins_at_a_random_address() -> None:
    starts = {Proposals(seed=seed).stretches(POOL, FREE_QUEUE)[0].cursor for seed in range(10)}
    assert len(starts) > 3


def test_an_offer_comes_back_when_its_time_is_over() -> None:
    proposals = Proposals(offer_s=4)
    stretch = filled(proposals, (100, 100))
    assert propose(proposals, stretch, 1) == 100
    assert propose(proposals, stretch, 2) == 0
    proposals.forget_offers(NOW + 4)
    assert propose(proposals, stretch, 2, now=NOW + 4) == 100


def test_a_claimed_address_is_not_proposed_again_from_an_old_list() -> None:
    proposals = Proposals()
    stretch = filled(proposals, (100, 102))
    proposals.taken(100)
    assert propose(proposals, stretch, 1) == 101


def test_a_freed_address_is_the_last_of_its_list() -> None:
    proposals = Proposals()
    stretch = filled(proposals, (101, 102))
    proposals.freed(100)
    assert [propose(proposals, stretch, client) for client in (1, 2, 3)] == [101, 102, 100]


def test_an_address_that_turned_out_to_be_taken_leaves_the_list() -> None:
    proposals = Proposals()
    stretch = filled(proposals, (100, 102))
    proposals.prepare(stretch, 3, NOW)
    assert proposals.propose([stretch], (), b"1", NOW, {100: False, 101: True, 102: True}) == 101
    assert list(stretch.ready) == [102]


def test_a_skipped_address_stays_for_others() -> None:
    proposals = Proposals()
    stretch = filled(proposals, (100, 101))
    proposals.prepare(stretch, 2, NOW)
    free = {100: True, 101: True}
    assert proposals.propose([stretch], (100,), b"1", NOW, free) == 101
    assert proposals.propose([stretch], (), b"2", NOW, free) == 100


def test_an_old_list_is_dropped() -> None:
    proposals = Proposals()
    stretch = filled(proposals, (100, 150))
    assert proposals.prepare(stretch, 1, NOW + AGE_S - 1)
    assert not proposals.prepare(stretch, 1, NOW + AGE_S)


def test_a_complete_list_is_not_searched_again_at_once_and_a_long_search_waits_long() -> None:
    (stretch,) = Proposals().stretches(POOL, ITERATIVE)
    stretch.learn([], True, NOW, 0.5)
    assert not stretch.may_search(NOW + 9)
    assert stretch.may_search(NOW + 10)
    stretch.learn([(100, 100)], False, NOW, 0.5)
    assert stretch.may_search(NOW)


def test_many_conflicts_of_one_moment_are_one_jump() -> None:
    proposals = Proposals(seed=3)
    stretch = filled(proposals, (100, 150))
    offered = [propose(proposals, stretch, client) for client in range(5)]
    for address in offered:
        proposals.conflict(address)
    assert stretch.jumps == 1


def test_the_clients_own_offer_comes_first_when_nothing_else_is_left() -> None:
    proposals = Proposals()
    stretch = filled(proposals, (100, 102))
    offered = {client: propose(proposals, stretch, client) for client in (1, 2, 3)}
    assert proposals.again([stretch], (), bytes([2]), 1)[0] == offered[2]


def test_an_address_that_was_offered_again_and_lost_is_looked_up_once_more() -> None:
    proposals = Proposals()
    stretch = filled(proposals, (100, 100))
    address = propose(proposals, stretch, 1)
    proposals.offer_again(address, bytes([2]), NOW)
    proposals.conflict(address)
    assert proposals.prepare(stretch, 1, NOW) == [address]
