"""What every LeaseStore promises to the engine, whatever it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from kea_mp.config.model import Config4, ExpiredLeases, Interfaces, Lifetime, MemfileAccess, Parameters4, Pool4, Subnet4
from kea_mp.leases.memfile import MemfileStore
from kea_mp.leases.model import DECLINED, DEFAULT, RECLAIMED, RELEASED, Lease4, same_version, usable_by_anyone
from kea_mp.leases.open_memfile import open_memfile4
from kea_mp.leases.open_sql import open_sql
from kea_mp.leases.store import (
    FREE_QUEUE,
    ITERATIVE,
    RANDOM,
    Changed,
    ClaimLease,
    Failed,
    FindLeases,
    Found,
    LeaseStore,
    RemoveLease,
    Result,
    Stored,
)
from kea_mp.values import INFINITY, address4
from tests.lab.lease_database import Database

NOW = 1_800_000_000
FIRST, LAST = address4("192.0.2.10"), address4("192.0.2.13")
POOL = (FIRST, LAST)
PARAMETERS = Parameters4(Lifetime(3600, 3600, 3600))
SUBNET = Subnet4(1, address4("192.0.2.0"), 24, (Pool4(FIRST, LAST, pool_id=7),), PARAMETERS)

Opener = Callable[[], LeaseStore]


def config(lease_database: MemfileAccess, *subnets: Subnet4) -> Config4:
    return Config4({}, "", Interfaces(), lease_database, ExpiredLeases(), subnets or (SUBNET,), PARAMETERS)


def memfile_in(folder: Path) -> Opener:
    path = Path(mkdtemp(dir=folder), "leases.csv")
    return lambda: open_memfile4(config(MemfileAccess(str(path), sync="none")), NOW)[0]


@pytest.fixture(params=["memfile", "postgresql", "mysql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Opener]:
    """Makes the backend under test anew, without leases."""
    if request.param == "memfile":
        return partial(memfile_in, tmp_path)
    database: Database = request.getfixturevalue(f"{request.param}_database")
    return partial(sql_in, database)


def sql_in(database: Database) -> Opener:
    database.clear()
    return lambda: open_sql(database.access, (SUBNET,))


@pytest.fixture
def opened(empty: Callable[[], Opener]) -> Opener:
    """Opens the backend under test; opening again after `close` finds the same leases."""
    return empty()


@pytest.fixture
def store(opened: Opener) -> Iterator[LeaseStore]:
    made = opened()
    yield made
    made.close()


def hw(number: int, htype: int = 1) -> bytes:
    return bytes([htype, 2, 0, 0, 0, 0, number])


def lease(address: int = FIRST, client: int = 1, **changes: object) -> Lease4:
    fields = {"address": address, "hw": hw(client), "client_id": b"", "valid_lft": 3600, "cltt": NOW, "subnet_id": 1}
    return Lease4(**{**fields, "pool_id": 7, **changes})  # type: ignore[arg-type]


def find(store: LeaseStore, client: int = 1, **changes: object) -> Found:
    fields = {"hw": hw(client), "client_id": b"", "subnets": (1,), "now": NOW}
    (found,) = store.execute([FindLeases(**{**fields, **changes})])  # type: ignore[arg-type]
    assert isinstance(found, Found)
    return found


def claim(store: LeaseStore, new: Lease4, seen: Lease4 | None = None) -> Lease4:
    assert store.execute([ClaimLease(new, seen)]) == [Stored(new)]
    return new


# ---- claims -------------------------------------------------------------------------------------------------


def test_a_claimed_lease_is_found_by_hardware_address_and_at_its_address(store: LeaseStore) -> None:
    mine = claim(store, lease())
    assert find(store, address=FIRST) == Found((mine,), mine)


def test_a_lease_is_found_by_client_id_before_those_found_by_hardware_address(store: LeaseStore) -> None:
    by_hw = claim(store, lease(FIRST, client=1))
    by_id = claim(store, lease(FIRST + 1, client=2, client_id=b"\xff\x00\x01"))
    assert find(store, client=1, client_id=b"\xff\x00\x01").mine == (by_id, by_hw)


def test_a_client_id_made_of_the_hardware_address_is_found_from_any_hardware_address(store: LeaseStore) -> None:
    mine = claim(store, lease(client_id=hw(1)))
    assert find(store, client=9, client_id=hw(1)).mine == (mine,)
    assert find(store, client=1, client_id=hw(1)).mine == (mine,)


def test_a_client_may_hold_leases_in_several_subnets(store: LeaseStore) -> None:
    here = claim(store, lease(FIRST))
    there = claim(store, lease(address4("198.51.100.1"), subnet_id=2))
    assert find(store, subnets=(1,)).mine == (here,)
    assert set(find(store, subnets=(2, 1)).mine) == {here, there}


def test_every_field_comes_back(store: LeaseStore) -> None:
    full = lease(
        client_id=b"\xff\x00\x01", valid_lft=INFINITY, fqdn_fwd=True, fqdn_rev=True, hostname="a,b&c\u00fc",
        user_context='{ "a": "b,c" }', state=DEFAULT,
    )  # fmt: skip
    claim(store, full)
    assert find(store, address=FIRST).at == full


def test_of_two_claims_to_a_free_address_in_one_batch_the_second_is_told_of_the_first(store: LeaseStore) -> None:
    first, second = lease(client=1), lease(client=2)
    assert store.execute([ClaimLease(first), ClaimLease(second)]) == [Stored(first), Changed(first)]


def test_a_claim_to_a_row_that_was_not_seen_is_refused_even_when_that_lease_has_ended(store: LeaseStore) -> None:
    old = claim(store, lease(cltt=NOW - 9999))
    assert store.execute([ClaimLease(lease(client=2))]) == [Changed(old)]
    assert store.execute([ClaimLease(lease(client=2), old)]) == [Stored(lease(client=2))]
    assert find(store, client=1).mine == ()


def test_a_claim_on_a_row_that_is_gone_is_refused(store: LeaseStore) -> None:
    assert store.execute([ClaimLease(lease(), lease())]) == [Changed(None)]


def test_reads_of_a_batch_see_the_state_before_its_writes(store: LeaseStore) -> None:
    new = lease()
    results = store.execute([ClaimLease(new), FindLeases(hw(1), b"", (1,), NOW, FIRST)])
    assert results == [Stored(new), Found((), None)]


def test_a_lease_without_any_identity_fails_alone(store: LeaseStore) -> None:
    good = lease(FIRST + 1)
    failed, stored = store.execute([ClaimLease(lease(hw=b"")), ClaimLease(good)])
    assert isinstance(failed, Failed)
    assert stored == Stored(good)


def test_a_declined_address_belongs_to_nobody(store: LeaseStore) -> None:
    mine = claim(store, lease())
    claim(store, lease(hw=b"", state=DECLINED), mine)
    assert find(store).mine == ()
    assert find(store, client=2, address=FIRST).at == lease(hw=b"", state=DECLINED)


def test_a_removed_lease_is_gone(store: LeaseStore) -> None:
    mine = claim(store, lease())
    assert store.execute([RemoveLease(mine), RemoveLease(mine)]) == [Stored(mine), Changed(None)]
    assert find(store, address=FIRST) == Found((), None)


def test_a_removal_of_a_renewed_lease_is_refused(store: LeaseStore) -> None:
    mine = claim(store, lease())
    renewed = claim(store, lease(cltt=NOW + 1), mine)
    assert store.execute([RemoveLease(mine)]) == [Changed(renewed)]


def test_everything_is_there_after_opening_again(opened: Opener) -> None:
    store = opened()
    kept = claim(store, lease(hostname="kept"))
    gone = claim(store, lease(FIRST + 1, client=2))
    store.execute([RemoveLease(gone)])
    store.close()
    again = opened()
    assert find(again).mine == (kept,)
    assert find(again, client=2).mine == ()
    again.close()


# ---- proposals ----------------------------------------------------------------------------------------------


def test_the_first_proposal_is_the_first_address_and_the_next_goes_on_from_there(store: LeaseStore) -> None:
    assert [find(store, client=c, pools=POOL).free for c in (1, 2, 3)] == [FIRST, FIRST + 1, FIRST + 2]


def test_a_freed_lower_address_waits_until_the_pool_has_been_gone_through(store: LeaseStore) -> None:
    mine = claim(store, lease(find(store, pools=POOL).free))
    store.execute([RemoveLease(mine)])
    assert [find(store, client=c, pools=POOL).free for c in (2, 3, 4, 5)] == [FIRST + 1, FIRST + 2, LAST, FIRST]


def test_taken_and_skipped_addresses_are_not_proposed(store: LeaseStore) -> None:
    claim(store, lease(FIRST))
    assert find(store, client=2, pools=POOL, skip=(FIRST + 1,)).free == FIRST + 2


def test_nothing_is_proposed_to_a_client_that_has_a_lease(store: LeaseStore) -> None:
    mine = claim(store, lease())
    assert find(store, pools=POOL) == Found((mine,), None)


def test_nothing_is_proposed_when_the_wanted_address_is_free(store: LeaseStore) -> None:
    assert find(store, address=LAST, pools=POOL) == Found((), None)


def test_a_taken_wanted_address_is_answered_with_another_one(store: LeaseStore) -> None:
    other = claim(store, lease(LAST, client=2))
    assert find(store, client=1, address=LAST, pools=POOL) == Found((), other, FIRST)


@pytest.mark.parametrize("allocator", [ITERATIVE, RANDOM, FREE_QUEUE])
def test_clients_are_offered_different_addresses_while_there_are_any(store: LeaseStore, allocator: int) -> None:
    offered = [find(store, client=c, pools=POOL, allocator=allocator).free for c in range(4)]
    assert sorted(offered) == list(range(FIRST, LAST + 1))


@pytest.mark.parametrize("allocator", [ITERATIVE, RANDOM, FREE_QUEUE])
def test_an_address_offered_to_somebody_else_is_offered_again_when_nothing_else_is_left(
    store: LeaseStore, allocator: int
) -> None:
    offered = [find(store, client=c, pools=POOL, allocator=allocator).free for c in range(4)]
    assert find(store, client=9, pools=POOL, allocator=allocator).free == offered[0]


def test_a_client_that_asks_again_when_nothing_else_is_left_is_offered_its_own_address(store: LeaseStore) -> None:
    offered = {c: find(store, client=c, pools=POOL).free for c in range(4)}
    assert find(store, client=2, pools=POOL).free == offered[2]


@pytest.mark.parametrize("allocator", [ITERATIVE, RANDOM, FREE_QUEUE])
def test_the_last_free_address_is_found_and_then_there_is_none(store: LeaseStore, allocator: int) -> None:
    for address in (FIRST, FIRST + 1, LAST):
        claim(store, lease(address, client=address & 255))
    assert find(store, pools=POOL, allocator=allocator).free == FIRST + 2
    claim(store, lease(FIRST + 2))
    assert find(store, client=2, pools=POOL, allocator=allocator).free == 0


def test_the_next_pool_is_used_when_the_first_is_full(store: LeaseStore) -> None:
    claim(store, lease(FIRST))
    assert find(store, client=2, pools=(FIRST, FIRST, LAST, LAST)).free == LAST


@pytest.mark.parametrize("allocator", [ITERATIVE, RANDOM, FREE_QUEUE])
def test_an_ended_lease_is_free_and_its_row_comes_along(store: LeaseStore, allocator: int) -> None:
    for address in range(FIRST, LAST + 1):
        claim(store, lease(address, client=address & 255, valid_lft=60 if address == LAST else 3600))
    assert find(store, client=1, pools=POOL, allocator=allocator, now=NOW + 59).free == 0
    found = find(store, client=1, pools=POOL, allocator=allocator, now=NOW + 60)
    assert (found.free, found.free_row) == (LAST, lease(LAST, client=LAST & 255, valid_lft=60))


@pytest.mark.parametrize("state", [RELEASED, RECLAIMED])
def test_a_released_or_reclaimed_row_is_free(store: LeaseStore, state: int) -> None:
    row = claim(store, lease(FIRST, state=state))
    assert find(store, client=2, pools=(FIRST, FIRST)) == Found((), None, FIRST, row)


def test_a_renewed_lease_does_not_end_at_its_first_end(store: LeaseStore) -> None:
    mine = claim(store, lease(valid_lft=60))
    claim(store, lease(cltt=NOW + 30), mine)
    assert store.reclaim(NOW + 61, 0, remove=True) == 0
    assert find(store, client=2, pools=(FIRST, FIRST), now=NOW + 61).free == 0


# ---- expiry and statistics ----------------------------------------------------------------------------------


def test_reclamation_keeps_the_row_without_its_name(store: LeaseStore) -> None:
    claim(store, lease(hostname="name", fqdn_fwd=True, fqdn_rev=True, user_context='{ "ISC": {} }'))
    assert store.reclaim(NOW + 3599, 0, remove=False) == 0
    assert store.reclaim(NOW + 3600, 0, remove=False) == 1
    assert find(store, now=NOW + 3600).mine == (lease(state=RECLAIMED),)


def test_reclamation_with_remove_deletes_the_row(store: LeaseStore) -> None:
    claim(store, lease())
    assert store.reclaim(NOW + 3600, 0, remove=True) == 1
    assert find(store, address=FIRST) == Found((), None)


def test_reclamation_begins_with_the_lease_that_ended_first_and_stops_at_its_limit(store: LeaseStore) -> None:
    for number, lifetime in enumerate((30, 10, 20)):
        claim(store, lease(FIRST + number, client=number, valid_lft=lifetime))
    assert store.reclaim(NOW + 100, 2, remove=True) == 2
    assert [find(store, client=c).mine != () for c in range(3)] == [True, False, False]


def test_an_unlimited_lease_is_never_reclaimed(store: LeaseStore) -> None:
    claim(store, lease(valid_lft=INFINITY))
    assert store.reclaim(NOW + 10**9, 0, remove=True) == 0


def test_a_declined_address_is_removed_after_its_probation(store: LeaseStore) -> None:
    claim(store, lease(hw=b"", state=DECLINED))
    assert store.reclaim(NOW + 3600, 0, remove=False) == 1
    assert find(store, address=FIRST).at is None


def test_reclaimed_rows_are_deleted_once_they_have_been_held(store: LeaseStore) -> None:
    claim(store, lease())
    store.reclaim(NOW + 4000, 0, remove=False)
    assert store.remove_reclaimed(NOW + 3599) == 0
    assert store.remove_reclaimed(NOW + 3600) == 1
    assert find(store, address=FIRST).at is None


def test_a_client_that_came_back_keeps_its_reclaimed_row(store: LeaseStore) -> None:
    claim(store, lease())
    store.reclaim(NOW + 4000, 0, remove=False)
    claim(store, lease(cltt=NOW + 4001), lease(state=RECLAIMED))
    assert store.remove_reclaimed(NOW + 4002) == 0


def numbers(store: LeaseStore) -> dict[str, int]:
    told = store.statistics()
    for name, value in told.items():
        if name.startswith("subnet[1].pool[7]."):
            assert told[name.replace("pool[7].", "")] == value, name
    return {name.removeprefix("subnet[1]."): value for name, value in told.items() if name.count(".") == 1 and value}


def test_statistics_follow_a_lease_through_its_life(store: LeaseStore) -> None:
    assert numbers(store) == {"total-addresses": 4}
    mine = claim(store, lease())
    mine = claim(store, lease(cltt=NOW + 1), mine)
    grown = {"total-addresses": 4, "cumulative-assigned-addresses": 1}
    assert numbers(store) == {**grown, "assigned-addresses": 1}
    declined = claim(store, lease(hw=b"", state=DECLINED, valid_lft=60), mine)
    assert numbers(store) == {**grown, "assigned-addresses": 1, "declined-addresses": 1}
    store.reclaim(NOW + 60, 0, remove=False)
    grown |= {"reclaimed-leases": 1, "reclaimed-declined-addresses": 1}
    assert numbers(store) == grown
    assert find(store, address=declined.address).at is None


def test_a_released_lease_no_longer_counts_as_assigned(store: LeaseStore) -> None:
    mine = claim(store, lease())
    claim(store, lease(state=RELEASED, valid_lft=0), mine)
    assert "assigned-addresses" not in numbers(store)
    store.reclaim(NOW + 1, 0, remove=False)
    assert numbers(store) == {"total-addresses": 4, "cumulative-assigned-addresses": 1, "reclaimed-leases": 1}


def test_a_lease_taken_over_after_its_end_counts_as_reclaimed_and_assigned_anew(store: LeaseStore) -> None:
    old = claim(store, lease(valid_lft=10))
    claim(store, lease(client=2, cltt=NOW + 20), old)
    assert numbers(store) == {
        "total-addresses": 4, "assigned-addresses": 1, "cumulative-assigned-addresses": 2, "reclaimed-leases": 1,
    }  # fmt: skip


def test_assigned_and_declined_are_counted_again_after_opening(opened: Opener) -> None:
    store = opened()
    claim(store, lease())
    claim(store, lease(FIRST + 1, hw=b"", state=DECLINED))
    store.close()
    again = opened()
    assert numbers(again) == {"total-addresses": 4, "assigned-addresses": 2, "declined-addresses": 1}
    again.close()


# ---- against a model ----------------------------------------------------------------------------------------

ADDRESSES = st.integers(FIRST, LAST)
CLIENTS = st.integers(0, 3)
CLIENT_IDS = st.sampled_from([b"", hw(1), hw(2), b"\xff\x01\x02"])
STATES = st.sampled_from([DEFAULT, DEFAULT, DEFAULT, DECLINED, RELEASED])
LIFETIMES = st.sampled_from([0, 1, 59, 60, 3600, INFINITY])


def machine_for(empty: Callable[[], Opener]) -> type[RuleBasedStateMachine]:
    """A store beside a plain dict that does the same."""

    class Beside(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            self.open = empty()
            self.store = self.open()
            self.now = NOW
            self.rows: dict[int, Lease4] = {}

        @rule(seconds=st.sampled_from([1, 30, 60, 61, 5000]))
        def pass_time(self, seconds: int) -> None:
            self.now += seconds

        @rule(data=st.data(), size=st.integers(1, 4))
        def change(self, data: st.DataObject, size: int) -> None:
            requests: list[ClaimLease | RemoveLease] = []
            expected: list[Result] = []
            for _ in range(size):
                address = data.draw(ADDRESSES)
                seen = data.draw(st.sampled_from([self.rows.get(address), None]))
                current = self.rows.get(address)
                if seen is not None and data.draw(st.booleans()):
                    requests.append(RemoveLease(seen))
                    new = None
                else:
                    new = Lease4(address, hw(data.draw(CLIENTS)), data.draw(CLIENT_IDS), data.draw(LIFETIMES), self.now,
                                 1, state=data.draw(STATES), pool_id=7)  # fmt: skip
                    requests.append(ClaimLease(new, seen))
                if not same_version(current, seen):
                    expected.append(Changed(current))
                elif new is None:
                    assert current is not None
                    expected.append(Stored(current))
                    del self.rows[address]
                else:
                    expected.append(Stored(new))
                    self.rows[address] = new
            assert self.store.execute(requests) == expected

        @rule(client=CLIENTS, client_id=CLIENT_IDS, address=st.sampled_from([0, FIRST, LAST]))
        def look(self, client: int, client_id: bytes, address: int) -> None:
            found = find(self.store, client=client, client_id=client_id, address=address, now=self.now)
            mine = {
                row for row in self.rows.values() if row.hw == hw(client) or (client_id and row.client_id == client_id)
            }
            assert set(found.mine) == mine
            assert len(found.mine) == len(mine)
            assert found.at == self.rows.get(address)

        @rule(client=st.integers(4, 9))
        def ask(self, client: int) -> None:
            found = find(self.store, client=client, pools=POOL, now=self.now)
            free = {
                address
                for address in range(FIRST, LAST + 1)
                if address not in self.rows or usable_by_anyone(self.rows[address], self.now)
            }
            assert (found.free in free) if free else found.free == 0
            assert found.free_row == self.rows.get(found.free)

        @rule(remove=st.booleans(), limit=st.integers(0, 2))
        def reclaim(self, remove: bool, limit: int) -> None:
            ended = sorted(
                (row for row in self.rows.values() if row.state != RECLAIMED and row.expire <= self.now),
                key=lambda row: row.expire,
            )
            count = self.store.reclaim(self.now, limit, remove)
            assert count == (min(limit, len(ended)) if limit else len(ended))
            for address in list(self.rows):
                at = find(self.store, address=address).at
                if at != self.rows[address]:
                    assert self.rows[address] in ended
                    assert at is None or at.state == RECLAIMED
                    if at is None:
                        del self.rows[address]
                    else:
                        self.rows[address] = at

        @rule(held=st.integers(0, 100))
        def flush(self, held: int) -> None:
            old = [
                row.address for row in self.rows.values() if row.state == RECLAIMED and row.expire <= self.now - held
            ]
            assert self.store.remove_reclaimed(self.now - held) == len(old)
            for address in old:
                del self.rows[address]

        @rule()
        def open_again(self) -> None:
            self.store.close()
            self.store = self.open()
            # A row without a lifetime is a removal in Kea's file: what was released does not outlive the process.
            if isinstance(self.store, MemfileStore):
                self.rows = {address: row for address, row in self.rows.items() if row.valid_lft}

        @invariant()
        def counts_agree(self) -> None:
            if not hasattr(self, "store"):
                return
            assigned = [row for row in self.rows.values() if row.state in (DEFAULT, DECLINED)]
            told = self.store.statistics()
            assert told["subnet[1].assigned-addresses"] == len(assigned)
            assert told["declined-addresses"] == sum(row.state == DECLINED for row in assigned)

        def teardown(self) -> None:
            if hasattr(self, "store"):
                self.store.close()

    return Beside


def test_a_store_behaves_like_a_dict_of_rows(empty: Callable[[], Opener]) -> None:
    run_state_machine_as_test(
        machine_for(empty), settings=settings(max_examples=40, stateful_step_count=30, deadline=None)
    )
