"""What every LeaseStore promises to the engine, whatever it is made of and whatever kind of lease it holds."""

from __future__ import annotations

from typing import Any

import pytest

from kea_mp.leases.model import DEFAULT, RECLAIMED, RELEASED
from kea_mp.leases.store import FREE_QUEUE, ITERATIVE, RANDOM, Changed, ClaimLease, Failed, RemoveLease, Stored
from kea_mp.values import INFINITY
from tests.contracts.kinds import KINDS, NOW, Kind, Opener, Store, hw

POOL = ((0, 3),)
ON_V4 = [(kind, name) for kind in KINDS if kind.name == "v4" for name in kind.backends]


def find(kind: Kind, store: Store, client: int = 1, **changes: Any) -> Any:
    (found,) = store.execute([kind.request(client, **changes)])
    return found


def claim(store: Store, new: Any, seen: Any = None) -> Any:
    assert store.execute([ClaimLease(new, seen)]) == [Stored(new)]
    return new


# ---- claims -------------------------------------------------------------------------------------------------


def test_a_claimed_lease_is_found_by_its_client_and_at_its_address(kind: Kind, store: Store) -> None:
    mine = claim(store, kind.lease())
    assert find(kind, store, at=0) == kind.found((mine,), mine)


def test_a_client_may_hold_leases_in_several_subnets(kind: Kind, store: Store) -> None:
    here = claim(store, kind.lease(0))
    there = claim(store, kind.lease(9, subnet_id=2))
    assert find(kind, store, subnets=(1,)).mine == (here,)
    assert set(find(kind, store, subnets=(2, 1)).mine) == {here, there}


def test_every_field_comes_back(kind: Kind, store: Store) -> None:
    full = kind.lease(
        **kind.rarely, valid_lft=INFINITY, fqdn_fwd=True, fqdn_rev=True, hostname="a,b&c\u00fc",
        user_context='{ "a": "b,c" }', state=DEFAULT,
    )  # fmt: skip
    claim(store, full)
    assert find(kind, store, at=0).at == full


def test_of_two_claims_to_a_free_address_in_one_batch_the_second_is_told_of_the_first(kind: Kind, store: Store) -> None:
    first, second = kind.lease(client=1), kind.lease(client=2)
    assert store.execute([ClaimLease(first), ClaimLease(second)]) == [Stored(first), Changed(first)]


def test_a_claim_to_a_row_that_was_not_seen_is_refused_even_when_that_lease_has_ended(kind: Kind, store: Store) -> None:
    old = claim(store, kind.lease(cltt=NOW - 9999))
    assert store.execute([ClaimLease(kind.lease(client=2))]) == [Changed(old)]
    assert store.execute([ClaimLease(kind.lease(client=2), old)]) == [Stored(kind.lease(client=2))]
    assert find(kind, store, client=1).mine == ()


def test_a_claim_on_a_row_that_is_gone_is_refused(kind: Kind, store: Store) -> None:
    assert store.execute([ClaimLease(kind.lease(), kind.lease())]) == [Changed(None)]


def test_reads_of_a_batch_see_the_state_before_its_writes(kind: Kind, store: Store) -> None:
    new = kind.lease()
    results = store.execute([ClaimLease(new), kind.request(at=0)])
    assert results == [Stored(new), kind.found()]


def test_a_lease_without_any_identity_fails_alone(kind: Kind, store: Store) -> None:
    good = kind.lease(1)
    failed, stored = store.execute([ClaimLease(kind.lease(**kind.nobody)), ClaimLease(good)])
    assert isinstance(failed, Failed)
    assert stored == Stored(good)


def test_a_declined_address_belongs_to_nobody(kind: Kind, store: Store) -> None:
    mine = claim(store, kind.lease())
    declined = claim(store, kind.declined_lease(), mine)
    assert find(kind, store).mine == ()
    assert find(kind, store, client=2, at=0).at == declined


def test_a_removed_lease_is_gone(kind: Kind, store: Store) -> None:
    mine = claim(store, kind.lease())
    assert store.execute([RemoveLease(mine), RemoveLease(mine)]) == [Stored(mine), Changed(None)]
    assert find(kind, store, at=0) == kind.found()


def test_a_removal_of_a_renewed_lease_is_refused(kind: Kind, store: Store) -> None:
    mine = claim(store, kind.lease())
    renewed = claim(store, kind.lease(cltt=NOW + 1), mine)
    assert store.execute([RemoveLease(mine)]) == [Changed(renewed)]


def test_everything_is_there_after_opening_again(kind: Kind, opened: Opener) -> None:
    store = opened()
    kept = claim(store, kind.lease(hostname="kept"))
    gone = claim(store, kind.lease(1, client=2))
    store.execute([RemoveLease(gone)])
    store.close()
    again = opened()
    assert find(kind, again).mine == (kept,)
    assert find(kind, again, client=2).mine == ()
    again.close()


# ---- clients of DHCPv4 --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind_and_backend", ON_V4)
def test_a_lease_is_found_by_client_id_before_those_found_by_hardware_address(kind: Kind, store: Store) -> None:
    by_hw = claim(store, kind.lease(0, client=1))
    by_id = claim(store, kind.lease(1, client=2, client_id=b"\xff\x00\x01"))
    assert find(kind, store, client=1, client_id=b"\xff\x00\x01").mine == (by_id, by_hw)


@pytest.mark.parametrize("kind_and_backend", ON_V4)
def test_a_client_id_made_of_the_hardware_address_is_found_from_any_hardware_address(kind: Kind, store: Store) -> None:
    mine = claim(store, kind.lease(client_id=hw(1)))
    assert find(kind, store, client=9, client_id=hw(1)).mine == (mine,)
    assert find(kind, store, client=1, client_id=hw(1)).mine == (mine,)


# ---- proposals ----------------------------------------------------------------------------------------------


def test_the_first_proposal_is_the_first_address_and_the_next_goes_on_from_there(kind: Kind, store: Store) -> None:
    offered = [find(kind, store, client=c, pools=POOL).free for c in (1, 2, 3)]
    assert offered == [kind.place(number) for number in (0, 1, 2)]


def test_a_freed_lower_address_waits_until_the_pool_has_been_gone_through(kind: Kind, store: Store) -> None:
    mine = claim(store, kind.lease(address=find(kind, store, pools=POOL).free))
    store.execute([RemoveLease(mine)])
    offered = [find(kind, store, client=c, pools=POOL).free for c in (2, 3, 4, 5)]
    assert offered == [kind.place(number) for number in (1, 2, 3, 0)]


def test_taken_and_skipped_addresses_are_not_proposed(kind: Kind, store: Store) -> None:
    claim(store, kind.lease(0))
    assert find(kind, store, client=2, pools=POOL, skip=(1,)).free == kind.place(2)


def test_nothing_is_proposed_to_a_client_that_has_a_lease(kind: Kind, store: Store) -> None:
    mine = claim(store, kind.lease())
    assert find(kind, store, pools=POOL) == kind.found((mine,), None)


def test_nothing_is_proposed_when_the_wanted_address_is_free(kind: Kind, store: Store) -> None:
    assert find(kind, store, at=3, pools=POOL) == kind.found()


def test_a_taken_wanted_address_is_answered_with_another_one(kind: Kind, store: Store) -> None:
    other = claim(store, kind.lease(3, client=2))
    assert find(kind, store, client=1, at=3, pools=POOL) == kind.found((), other, 0)


@pytest.mark.parametrize("allocator", [ITERATIVE, RANDOM, FREE_QUEUE])
def test_clients_are_offered_different_addresses_while_there_are_any(kind: Kind, store: Store, allocator: int) -> None:
    offered = [find(kind, store, client=c, pools=POOL, allocator=allocator).free for c in range(4)]
    assert sorted(offered) == [kind.place(number) for number in range(4)]


@pytest.mark.parametrize("allocator", [ITERATIVE, RANDOM, FREE_QUEUE])
def test_an_address_offered_to_somebody_else_is_offered_again_when_nothing_else_is_left(
    kind: Kind, store: Store, allocator: int
) -> None:
    offered = [find(kind, store, client=c, pools=POOL, allocator=allocator).free for c in range(4)]
    assert find(kind, store, client=9, pools=POOL, allocator=allocator).free == offered[0]


def test_a_client_that_asks_again_when_nothing_else_is_left_is_offered_its_own_address(
    kind: Kind, store: Store
) -> None:
    offered = {c: find(kind, store, client=c, pools=POOL).free for c in range(4)}
    assert find(kind, store, client=2, pools=POOL).free == offered[2]


@pytest.mark.parametrize("allocator", [ITERATIVE, RANDOM, FREE_QUEUE])
def test_the_last_free_address_is_found_and_then_there_is_none(kind: Kind, store: Store, allocator: int) -> None:
    for number in (0, 1, 3):
        claim(store, kind.lease(number, client=10 + number))
    assert find(kind, store, pools=POOL, allocator=allocator).free == kind.place(2)
    claim(store, kind.lease(2))
    assert not find(kind, store, client=2, pools=POOL, allocator=allocator).free


def test_the_next_pool_is_used_when_the_first_is_full(kind: Kind, store: Store) -> None:
    claim(store, kind.lease(0))
    assert find(kind, store, client=2, pools=((0, 0), (3, 3))).free == kind.place(3)


@pytest.mark.parametrize("allocator", [ITERATIVE, RANDOM, FREE_QUEUE])
def test_an_ended_lease_is_free_and_its_row_comes_along(kind: Kind, store: Store, allocator: int) -> None:
    for number in range(4):
        claim(store, kind.lease(number, client=10 + number, valid_lft=60 if number == 3 else 3600))
    assert not find(kind, store, client=1, pools=POOL, allocator=allocator, now=NOW + 59).free
    found = find(kind, store, client=1, pools=POOL, allocator=allocator, now=NOW + 60)
    assert found == kind.found((), None, 3, kind.lease(3, client=13, valid_lft=60))


@pytest.mark.parametrize("state", [RELEASED, RECLAIMED])
def test_a_released_or_reclaimed_row_is_free(kind: Kind, store: Store, state: int) -> None:
    row = claim(store, kind.lease(0, state=state))
    assert find(kind, store, client=2, pools=((0, 0),)) == kind.found((), None, 0, row)


def test_a_renewed_lease_does_not_end_at_its_first_end(kind: Kind, store: Store) -> None:
    mine = claim(store, kind.lease(valid_lft=60))
    claim(store, kind.lease(cltt=NOW + 30), mine)
    assert store.reclaim(NOW + 61, 0, remove=True) == 0
    assert not find(kind, store, client=2, pools=((0, 0),), now=NOW + 61).free


# ---- expiry and statistics ----------------------------------------------------------------------------------


def test_reclamation_keeps_the_row_without_its_name(kind: Kind, store: Store) -> None:
    claim(store, kind.lease(hostname="name", fqdn_fwd=True, fqdn_rev=True, user_context='{ "ISC": {} }'))
    assert store.reclaim(NOW + 3599, 0, remove=False) == 0
    assert store.reclaim(NOW + 3600, 0, remove=False) == 1
    assert find(kind, store, now=NOW + 3600).mine == (kind.lease(state=RECLAIMED),)


def test_reclamation_with_remove_deletes_the_row(kind: Kind, store: Store) -> None:
    claim(store, kind.lease())
    assert store.reclaim(NOW + 3600, 0, remove=True) == 1
    assert find(kind, store, at=0) == kind.found()


def test_reclamation_begins_with_the_lease_that_ended_first_and_stops_at_its_limit(kind: Kind, store: Store) -> None:
    for number, lifetime in enumerate((30, 10, 20)):
        claim(store, kind.lease(number, client=number, valid_lft=lifetime))
    assert store.reclaim(NOW + 100, 2, remove=True) == 2
    assert [find(kind, store, client=c).mine != () for c in range(3)] == [True, False, False]


def test_an_unlimited_lease_is_never_reclaimed(kind: Kind, store: Store) -> None:
    claim(store, kind.lease(valid_lft=INFINITY))
    assert store.reclaim(NOW + 10**9, 0, remove=True) == 0


def test_a_declined_address_is_removed_after_its_probation(kind: Kind, store: Store) -> None:
    claim(store, kind.declined_lease())
    assert store.reclaim(NOW + 3600, 0, remove=False) == 1
    assert find(kind, store, at=0).at is None


def test_reclaimed_rows_are_deleted_once_they_have_been_held(kind: Kind, store: Store) -> None:
    claim(store, kind.lease())
    store.reclaim(NOW + 4000, 0, remove=False)
    assert store.remove_reclaimed(NOW + 3599) == 0
    assert store.remove_reclaimed(NOW + 3600) == 1
    assert find(kind, store, at=0).at is None


def test_a_client_that_came_back_keeps_its_reclaimed_row(kind: Kind, store: Store) -> None:
    claim(store, kind.lease())
    store.reclaim(NOW + 4000, 0, remove=False)
    claim(store, kind.lease(cltt=NOW + 4001), kind.lease(state=RECLAIMED))
    assert store.remove_reclaimed(NOW + 4002) == 0


def numbers(kind: Kind, store: Store) -> dict[str, int]:
    told = store.statistics()
    for name, value in told.items():
        if name.startswith(f"subnet[1].{kind.pool}[7]."):
            assert told[name.replace(f"{kind.pool}[7].", "")] == value, name
    return {name.removeprefix("subnet[1]."): value for name, value in told.items() if name.count(".") == 1 and value}


def test_statistics_follow_a_lease_through_its_life(kind: Kind, store: Store) -> None:
    if not kind.declined:
        pytest.skip("is never declined")
    assert numbers(kind, store) == {kind.total: 4}
    mine = claim(store, kind.lease())
    mine = claim(store, kind.lease(cltt=NOW + 1), mine)
    grown = {kind.total: 4, kind.cumulative: 1}
    assert numbers(kind, store) == {**grown, kind.assigned: 1}
    claim(store, kind.declined_lease(valid_lft=60), mine)
    assert numbers(kind, store) == {**grown, kind.assigned: 1, "declined-addresses": 1}
    store.reclaim(NOW + 60, 0, remove=False)
    grown |= {"reclaimed-leases": 1, "reclaimed-declined-addresses": 1}
    assert numbers(kind, store) == grown
    assert find(kind, store, at=0).at is None


def test_a_released_lease_no_longer_counts_as_assigned(kind: Kind, store: Store) -> None:
    mine = claim(store, kind.lease())
    claim(store, kind.lease(state=RELEASED, valid_lft=0), mine)
    assert kind.assigned not in numbers(kind, store)
    store.reclaim(NOW + 1, 0, remove=False)
    assert numbers(kind, store) == {kind.total: 4, kind.cumulative: 1, "reclaimed-leases": 1}


def test_a_lease_taken_over_after_its_end_counts_as_reclaimed_and_assigned_anew(kind: Kind, store: Store) -> None:
    old = claim(store, kind.lease(valid_lft=10))
    claim(store, kind.lease(client=2, cltt=NOW + 20), old)
    assert numbers(kind, store) == {
        kind.total: 4, kind.assigned: 1, kind.cumulative: 2, "reclaimed-leases": 1,
    }  # fmt: skip


def test_assigned_and_declined_are_counted_again_after_opening(kind: Kind, opened: Opener) -> None:
    store = opened()
    claim(store, kind.lease())
    claim(store, kind.declined_lease(1))
    store.close()
    again = opened()
    declined = {kind.declined: 1} if kind.declined else {}
    assert numbers(kind, again) == {kind.total: 4, kind.assigned: 2, **declined}
    again.close()
