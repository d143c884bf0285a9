from __future__ import annotations

import time

import pytest
from msgspec.structs import replace

from kea_mp.leases.model import DECLINED, NA, RELEASED, Lease4, Lease6
from kea_mp.leases.store import (
    Changed,
    ClaimLease,
    Failed,
    FindLeases,
    FindLeases6,
    Found,
    Found6,
    RemoveLease,
    Stored,
)
from kea_mp.values import INFINITY
from workers.serving.committed import Committed, scaled, time_left

A, B, C = 0xC0000201, 0xC0000202, 0xC0000203
NOW = 1_700_000_000


def lease(address: int = A, cltt: int = NOW, **more: object) -> Lease4:
    return replace(Lease4(address, b"\x01mac", b"", 3600, cltt, 1), **more)


def look(address: int = A) -> FindLeases:
    return FindLeases(b"\x01mac", b"", (1,), NOW, address)


@pytest.fixture
def memory() -> Committed[Lease4]:
    return Committed(10)


def test_a_stored_claim_is_remembered(memory: Committed[Lease4]) -> None:
    memory.saw(ClaimLease(lease()), Stored(lease()))
    assert memory.get(A) == lease()


def test_a_lease_that_the_client_was_found_to_have_is_remembered(memory: Committed[Lease4]) -> None:
    memory.saw(look(B), Found((lease(),)))
    assert memory.get(A) == lease()


def test_a_row_of_somebody_else_is_not_remembered(memory: Committed[Lease4]) -> None:
    memory.saw(look(), Found((), lease(hw=b"\x01you")))
    assert memory.get(A) is None


def test_an_address_that_was_found_without_row_is_forgotten(memory: Committed[Lease4]) -> None:
    memory.saw(ClaimLease(lease()), Stored(lease()))
    memory.saw(look(), Found(()))
    assert memory.get(A) is None


def test_a_row_that_another_server_has_written_replaces_what_was_remembered(memory: Committed[Lease4]) -> None:
    memory.saw(ClaimLease(lease()), Stored(lease()))
    theirs = lease(hw=b"\x01you")
    memory.saw(look(), Found((), theirs))
    assert memory.get(A) == theirs


def test_a_refused_claim_shows_what_is_there(memory: Committed[Lease4]) -> None:
    memory.saw(ClaimLease(lease()), Stored(lease()))
    theirs = lease(hw=b"\x01you")
    memory.saw(ClaimLease(lease(cltt=NOW + 9), lease()), Changed(theirs))
    assert memory.get(A) == theirs
    memory.saw(RemoveLease(lease()), Changed(None))
    assert memory.get(A) is None


@pytest.mark.parametrize("state", [DECLINED, RELEASED])
def test_a_lease_that_was_given_back_is_forgotten(memory: Committed[Lease4], state: int) -> None:
    memory.saw(ClaimLease(lease()), Stored(lease()))
    memory.saw(ClaimLease(lease(state=state), lease()), Stored(lease(state=state)))
    assert memory.get(A) is None


def test_a_removed_lease_is_forgotten(memory: Committed[Lease4]) -> None:
    memory.saw(ClaimLease(lease()), Stored(lease()))
    memory.saw(RemoveLease(lease()), Stored(lease()))
    assert memory.get(A) is None


def test_a_released_lease_that_is_found_is_not_remembered(memory: Committed[Lease4]) -> None:
    memory.saw(look(), Found((lease(state=RELEASED),), lease(state=RELEASED)))
    assert memory.get(A) is None


def test_a_failure_changes_nothing(memory: Committed[Lease4]) -> None:
    memory.saw(ClaimLease(lease()), Stored(lease()))
    memory.saw(ClaimLease(lease(cltt=NOW + 9), lease()), Failed("away"))
    memory.saw(look(), Failed("away"))
    assert memory.get(A) == lease()


def test_what_others_have_changed_is_forgotten(memory: Committed[Lease4]) -> None:
    memory.saw(ClaimLease(lease()), Stored(lease()))
    memory.forget(A, B)
    assert memory.get(A) is None


def test_the_lease_seen_longest_ago_makes_room() -> None:
    memory: Committed[Lease4] = Committed(2)
    for address in (A, B):
        memory.saw(ClaimLease(lease(address)), Stored(lease(address)))
    memory.saw(ClaimLease(lease(A)), Stored(lease(A)))
    memory.saw(ClaimLease(lease(C)), Stored(lease(C)))
    assert [memory.get(address) is not None for address in (A, B, C)] == [True, False, True]
    assert (len(memory), memory.evicted) == (2, 1)


def test_a_lease_that_has_ended_makes_room_uncounted() -> None:
    memory: Committed[Lease4] = Committed(1)
    memory.saw(ClaimLease(lease(A)), Stored(lease(A)))
    later = lease(B, cltt=NOW + 3600)
    memory.saw(ClaimLease(later), Stored(later))
    assert (memory.get(B), memory.evicted) == (later, 0)


def test_nothing_is_remembered_with_a_limit_of_0() -> None:
    memory: Committed[Lease4] = Committed(0)
    memory.saw(ClaimLease(lease()), Stored(lease()))
    assert (len(memory), memory.evicted) == (0, 0)


def test_ipv6_leases_are_remembered_alike() -> None:
    memory: Committed[Lease6] = Committed(1)
    address = bytes(15) + b"\x01"
    row = Lease6(address, b"duid", 1, NA, 128, 1800, 3600, NOW, 1)
    memory.saw(ClaimLease(row), Stored(row))
    assert memory.get(address) == row
    memory.saw(FindLeases6(b"duid", 1, NA, (1,), NOW, address), Found6(()))
    assert memory.get(address) is None


@pytest.mark.parametrize(
    ("row", "now", "left"),
    [
        (lease(), NOW, 3600),
        (lease(), NOW + 1000, 2600),
        (lease(), NOW + 3599, 1),
        (lease(), NOW + 3600, 0),
        (lease(), NOW + 9999, 0),
        (lease(), NOW - 1000, 3600),  # the clock was set back
        (lease(valid_lft=INFINITY), NOW + 10**9, INFINITY),
        (lease(state=DECLINED), NOW, 0),
    ],
)
def test_what_is_left_of_a_lease(row: Lease4, now: int, left: int) -> None:
    assert time_left(row, now) == left


def test_times_follow_what_is_left_in_proportion() -> None:
    assert [scaled(1800, left, 3600) for left in (3600, 1800, 2, 1)] == [1800, 900, 1, 0]
    assert scaled(0, 100, 3600) == 0
    assert scaled(7, INFINITY, INFINITY) == 7


def test_making_room_takes_no_longer_the_more_is_remembered() -> None:
    limit = 100_000
    committed: Committed[Lease4] = Committed(limit)
    claims = [ClaimLease(one) for one in map(lease, range(1, limit + 60_001))]
    for claim in claims[:limit]:
        committed.saw(claim, Stored(claim.lease))
    begun = time.process_time()
    for claim in claims[limit:]:
        committed.saw(claim, Stored(claim.lease))
    assert len(committed) == limit
    assert time.process_time() - begun < 1.0  # about 0.06; many when the oldest has to be looked for
