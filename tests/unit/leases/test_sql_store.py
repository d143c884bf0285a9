"""What a store on a database does when the database collides, refuses, breaks off or is silent."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from kea_mp.config.model import Lifetime, Parameters4, Pool4, Subnet4
from kea_mp.errors import BackendDown
from kea_mp.leases.lease_kinds import LEASES4
from kea_mp.leases.link import Collision, Lost, Refused, Silent, kind_behind
from kea_mp.leases.model import DECLINED, Lease4
from kea_mp.leases.sql_changes import refusals
from kea_mp.leases.sql_store import TRIES, SqlLeaseStore
from kea_mp.leases.store import Changed, ClaimLease, Failed, FindLeases, Found, RemoveLease, Stored
from kea_mp.values import INFINITY
from tests.unit.leases.fake_link import FakeLink

NOW = 1_800_000_000
FIRST = 0x0A000001
POOL = (FIRST, FIRST + 9)
SUBNET = Subnet4(1, 0x0A000000, 8, (Pool4(*POOL),), Parameters4(Lifetime(3600, 3600, 3600)))


@pytest.fixture
def link() -> FakeLink:
    return FakeLink()


@pytest.fixture
def store(link: FakeLink) -> SqlLeaseStore:
    return SqlLeaseStore(link, (SUBNET,), seed=1)  # the next place by chance is another one


def hw(client: int) -> bytes:
    return bytes([1, 2, 0, 0, 0, 0, client])


def lease(number: int = 0, client: int = 1, **changes: object) -> Lease4:
    fields = {"address": FIRST + number, "hw": hw(client), "client_id": b"", "valid_lft": 3600, "cltt": NOW}
    return Lease4(**{**fields, "subnet_id": 1, **changes})  # type: ignore[arg-type]


def ask(client: int, **changes: object) -> FindLeases:
    fields = {"hw": hw(client), "client_id": b"", "subnets": (1,), "now": NOW, "pools": POOL}
    return FindLeases(**{**fields, **changes})  # type: ignore[arg-type]


# ---- round trips --------------------------------------------------------------------------------------------


def test_reads_and_changes_of_a_batch_are_one_round_trip(store: SqlLeaseStore) -> None:
    store.execute([ask(1), ClaimLease(lease(5, client=5)), ask(2)])
    assert store.round_trips == 1


def test_offers_to_a_whole_batch_are_different_and_one_round_trip(store: SqlLeaseStore) -> None:
    found = store.execute([ask(client) for client in range(8)])
    assert len({one.free for one in found if isinstance(one, Found)}) == 8
    assert store.round_trips == 1


def test_the_last_free_address_of_a_pool_takes_at_most_two_round_trips(store: SqlLeaseStore, link: FakeLink) -> None:
    link.rows = {FIRST + n: lease(n, client=n) for n in range(9)}
    (found,) = store.execute([ask(99)])
    assert isinstance(found, Found)
    assert found.free == FIRST + 9
    assert store.round_trips <= 2


def test_when_everything_is_kept_aside_each_of_a_batch_is_offered_something_of_that(store: SqlLeaseStore) -> None:
    store.execute([ask(client) for client in range(10)])
    again = store.execute([ask(client) for client in range(50, 60)])
    assert len({one.free for one in again if isinstance(one, Found) and one.free}) == 10


def test_a_full_pool_is_not_searched_again_within_the_second(store: SqlLeaseStore, link: FakeLink) -> None:
    link.rows = {FIRST + n: lease(n, client=n) for n in range(10)}
    for _ in range(5):
        assert store.execute([ask(99)]) == [Found(())]
    assert sum(len(work.searches) for work in link.works) == 1
    assert store.exhausted == 5


def test_a_full_pool_is_said_once_a_minute(
    store: SqlLeaseStore, link: FakeLink, caplog: pytest.LogCaptureFixture
) -> None:
    link.rows = {FIRST + n: lease(n, client=n) for n in range(10)}
    with caplog.at_level(logging.WARNING):
        for second in range(5):
            store.execute([ask(99, now=NOW + second)])
    assert [record.getMessage().split()[0] for record in caplog.records] == ["ALLOC_ENGINE_V4_ALLOC_FAIL"]


def test_an_offer_that_another_server_has_taken_meanwhile_is_not_made(store: SqlLeaseStore, link: FakeLink) -> None:
    (first,) = store.execute([ask(1)])
    assert first == Found((), None, FIRST)
    link.rows[FIRST + 1] = lease(1, client=77)
    assert store.execute([ask(2)]) == [Found((), None, FIRST + 2)]


def test_after_a_conflict_the_offers_come_from_elsewhere(store: SqlLeaseStore, link: FakeLink) -> None:
    wide = (FIRST, FIRST + 5000)
    (found,) = store.execute([ask(1, pools=wide)])
    assert found == Found((), None, FIRST)
    link.rows[FIRST] = other = lease(0, client=77)
    assert store.execute([ClaimLease(lease())]) == [Changed(other)]
    (found,) = store.execute([ask(1, pools=wide)])
    assert isinstance(found, Found)
    assert found.free > FIRST + 1


# ---- collisions and refusals --------------------------------------------------------------------------------


def test_a_transaction_that_collides_is_run_again_whole(store: SqlLeaseStore, link: FakeLink) -> None:
    link.before.extend([Collision("deadlock"), Collision("deadlock"), None])
    assert store.execute([ClaimLease(lease(0)), ClaimLease(lease(1, client=2))]) == [
        Stored(lease(0)), Stored(lease(1, client=2)),
    ]  # fmt: skip
    assert store.collisions == 2


def test_a_transaction_that_always_collides_is_given_up(store: SqlLeaseStore, link: FakeLink) -> None:
    link.before.extend([Collision("deadlock")] * TRIES)
    with pytest.raises(BackendDown, match="collided"):
        store.execute([ClaimLease(lease())])


def test_a_row_that_the_database_refuses_fails_alone(store: SqlLeaseStore, link: FakeLink) -> None:
    link.refused, link.refusal = {FIRST + 3, FIRST + 6}, Refused
    claims = [ClaimLease(lease(n, client=n)) for n in range(8)]
    results = store.execute([*claims, ask(50, pools=())])
    assert [type(result) for result in results] == [
        Failed if n in (3, 6) else Stored for n in range(8)
    ] + [Found]  # fmt: skip
    assert sorted(link.rows) == [FIRST + n for n in range(8) if n not in (3, 6)]


def test_changes_go_in_the_order_of_addresses(store: SqlLeaseStore, link: FakeLink) -> None:
    store.execute([ClaimLease(lease(n, client=n)) for n in (5, 1, 3)])
    assert [one.address for one in link.works[0].inserts] == [FIRST + 1, FIRST + 3, FIRST + 5]


def test_changes_of_one_address_follow_each_other(store: SqlLeaseStore, link: FakeLink) -> None:
    first, second = lease(), lease(cltt=NOW + 1)
    assert store.execute([ClaimLease(first), ClaimLease(second, first), RemoveLease(second), ClaimLease(first)]) == [
        Stored(first), Stored(second), Stored(second), Stored(first),
    ]  # fmt: skip


# ---- losses -------------------------------------------------------------------------------------------------


def test_a_connection_that_breaks_is_made_anew_and_the_batch_run_again(store: SqlLeaseStore, link: FakeLink) -> None:
    link.before.append(Lost("reset"))
    assert store.execute([ClaimLease(lease())]) == [Stored(lease())]
    assert store.connections == 2


def test_whether_it_takes_changes_is_asked_every_second_whatever_the_traffic(
    store: SqlLeaseStore, link: FakeLink
) -> None:
    store.idle(100.0)
    store.execute([ask(1)])
    link.before.append(Lost("takes no changes", "read-only"))
    store.idle(100.5)
    assert store.connections == 1
    store.idle(101.0)
    assert store.connections == 2


def test_what_makes_a_connection_anew_can_say_no(store: SqlLeaseStore, link: FakeLink) -> None:
    def renew() -> None:
        raise Lost("nobody answers", "unreachable")

    store.renew = renew
    with pytest.raises(BackendDown, match="nobody answers") as caught:
        store.execute([ask(1)])
    assert kind_behind(caught.value) == "unreachable"


def test_a_commit_whose_answer_is_lost_is_found_out_by_reading_back(store: SqlLeaseStore, link: FakeLink) -> None:
    link.rows[FIRST + 1] = old = lease(1, client=2)
    link.rows[FIRST + 2] = gone = lease(2, client=3)
    link.after.append(Lost("reset during COMMIT"))
    new, renewed = lease(), lease(1, client=2, cltt=NOW + 9)
    assert store.execute([ClaimLease(new), ClaimLease(renewed, old), RemoveLease(gone)]) == [
        Stored(new), Stored(renewed), Stored(gone),
    ]  # fmt: skip
    assert link.rows == {FIRST: new, FIRST + 1: renewed}


def test_a_lost_answer_does_not_make_anothers_lease_ours(store: SqlLeaseStore, link: FakeLink) -> None:
    link.rows[FIRST] = other = lease(client=9)
    link.after.append(Lost("reset during COMMIT"))
    assert store.execute([ClaimLease(lease())]) == [Changed(other)]


def test_a_database_that_stays_away_is_backend_down(store: SqlLeaseStore, link: FakeLink) -> None:
    link.before.append(Lost("reset"))
    link.connecting.extend([None, Lost("connection refused")])
    with pytest.raises(BackendDown, match="connection refused"):
        store.execute([ClaimLease(lease())])
    assert store.execute([ClaimLease(lease())]) == [Stored(lease())]


def test_a_silent_database_is_not_asked_a_second_time(store: SqlLeaseStore, link: FakeLink) -> None:
    link.before.append(Silent("no answer"))
    with pytest.raises(BackendDown, match="no answer"):
        store.execute([ask(1)])
    assert (len(link.works), link.connected) == (1, False)


# ---- values -------------------------------------------------------------------------------------------------


def test_a_lease_beyond_the_last_moment_of_the_column_is_shortened_and_the_client_told_so(
    store: SqlLeaseStore, link: FakeLink, caplog: pytest.LogCaptureFixture
) -> None:
    late = lease(valid_lft=0x7FFFFFFF)
    with caplog.at_level(logging.WARNING):
        (stored,) = store.execute([ClaimLease(late)])
    assert isinstance(stored, Stored)
    assert stored.lease.cltt + stored.lease.valid_lft == link.last_time
    assert "2038-01-19 03:14:07" in caplog.text


def test_an_unlimited_lease_stays_unlimited(store: SqlLeaseStore) -> None:
    assert store.execute([ClaimLease(lease(valid_lft=INFINITY))]) == [Stored(lease(valid_lft=INFINITY))]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hw": b""}, "neither"),
        ({"hw": b"\x01" + bytes(21)}, "more than 20"),
        ({"client_id": bytes(256)}, "more than 255"),
        ({"hostname": "a" * 256}, "more than 255"),
        ({"hostname": "a\0b"}, "NUL"),
        ({"user_context": "x" * 70000}, "more than 65535"),
        ({}, ""),
        ({"hw": b"", "state": DECLINED}, ""),
    ],
)
def test_what_no_column_holds_is_refused_before_it_is_sent(changes: dict[str, Any], said: str) -> None:
    problem = refusals(LEASES4)(lease(**changes))
    assert said in problem
    assert bool(problem) == bool(said)


def test_reclamation_leaves_what_another_server_has_renewed(store: SqlLeaseStore, link: FakeLink) -> None:
    link.rows = {FIRST: lease(cltt=NOW - 9000), FIRST + 1: lease(1, client=2, cltt=NOW - 9000)}
    ended = link.ended(NOW, 10)
    link.rows[FIRST] = renewed = lease()
    link.ended = lambda now, limit: ended  # type: ignore[method-assign]  # what was read before the renewal
    assert store.reclaim(NOW, 2, remove=True) == 1
    assert link.rows == {FIRST: renewed}
