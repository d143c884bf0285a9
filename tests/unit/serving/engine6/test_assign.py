"""Leases for SOLICIT and REQUEST.

Runs in: any
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from kea_mp.dhcp.message6 import ADVERTISE, IA_NA, IA_PD, RENEW, REPLY, REQUEST, SOLICIT, StatusCode
from kea_mp.leases.model import DECLINED, DEFAULT, RECLAIMED, REGISTERED, RELEASED
from kea_mp.leases.store import ClaimLease, FindLeases6, RemoveLease
from tests.unit.serving.engine6.world import (
    NOW,
    OTHER_DUID,
    Store,
    a,
    answered,
    dropped,
    engine,
    lease,
    na,
    packet,
    pd,
    pd_pool,
    pool,
    prefix,
    subnet,
)

RAPID_COMMIT = 14


def test_a_solicit_is_answered_with_an_address_and_writes_nothing() -> None:
    store = Store()
    answer = answered(engine(), packet(SOLICIT, na()), store)
    assert answer.type == ADVERTISE
    assert (answer.address.address, answer.address.preferred, answer.address.valid) == (a("::10"), 3000, 4000)
    assert (answer.ia().t1, answer.ia().t2) == (1500, 2400)
    assert answer.codes == [1, 2, IA_NA]
    assert not store.writes


def test_a_request_writes_the_lease_that_was_advertised_in_one_round_trip() -> None:
    store, server = Store(), engine()
    answered(server, packet(SOLICIT, na()), store)
    answer = answered(server, packet(REQUEST, na(1, "::10")), store)
    assert answer.type == REPLY
    assert answer.address.address == a("::10")
    assert store.rows[a("::10")] == lease("::10", age=0)
    assert store.trips == 2


def test_a_request_with_address_and_prefix_is_written_in_one_round_trip() -> None:
    store, server = Store(), engine(subnet(pd_pools=(pd_pool(),)))
    answered(server, packet(SOLICIT, na(1), pd(2)), store)
    answer = answered(server, packet(REQUEST, na(1, "::10"), pd(2, "2001:db8:8000::")), store)
    assert (answer.prefix.address, answer.prefix.length) == (a("2001:db8:8000::"), 56)
    assert store.trips == 2
    assert len(store.writes) == 2
    assert store.rows[a("2001:db8:8000::")] == prefix("2001:db8:8000::", iaid=2, age=0)


def test_addresses_come_before_prefixes_whatever_the_order_of_the_request() -> None:
    answer = answered(engine(subnet(pd_pools=(pd_pool(),))), packet(SOLICIT, pd(2), na(1)))
    assert answer.codes == [1, 2, IA_NA, IA_PD]


def test_two_associations_get_two_addresses_in_two_round_trips() -> None:
    store = Store()
    answer = answered(engine(), packet(REQUEST, na(1), na(2)), store)
    assert [answer.ia(IA_NA, n).leases[0].address for n in (0, 1)] == [a("::10"), a("::11")]
    assert [answer.ia(IA_NA, n).iaid for n in (0, 1)] == [1, 2]
    assert store.trips == 2


def test_two_associations_that_ask_for_one_address_do_not_both_get_it() -> None:
    answer = answered(engine(), packet(REQUEST, na(1, "::15"), na(2, "::15")))
    assert [answer.ia(IA_NA, n).leases[0].address for n in (0, 1)] == [a("::15"), a("::10")]


def test_an_association_that_comes_twice_is_one() -> None:
    store = Store()
    answer = answered(engine(), packet(REQUEST, na(1, "::15"), na(1, "::17")), store)
    assert [answer.ia(IA_NA, n).leases[0].address for n in (0, 1)] == [a("::15"), a("::15")]
    assert list(store.rows) == [a("::15")]


def test_temporary_addresses_are_not_answered() -> None:
    answer = answered(engine(), packet(SOLICIT, na(), opts={4: b"\0\0\0\7"}))
    assert answer.codes == [1, 2, IA_NA]


def test_a_message_without_associations_is_answered_without() -> None:
    assert answered(engine(), packet(SOLICIT)).codes == [1, 2]


# ---- rapid commit


def test_rapid_commit_writes_at_once_where_the_subnet_allows_it() -> None:
    store = Store()
    answer = answered(engine(subnet(rapid_commit=True)), packet(SOLICIT, na(), opts={RAPID_COMMIT: b""}), store)
    assert answer.type == REPLY
    assert answer.codes == [1, 2, IA_NA, RAPID_COMMIT]
    assert a("::10") in store.rows


def test_rapid_commit_is_an_ordinary_solicit_where_it_is_not_configured() -> None:
    answer = answered(engine(), packet(SOLICIT, na(), opts={RAPID_COMMIT: b""}))
    assert answer.type == ADVERTISE
    assert RAPID_COMMIT not in answer


# ---- hints


def test_a_free_address_of_the_pool_is_given_when_asked_for() -> None:
    store = Store()
    assert answered(engine(), packet(SOLICIT, na(1, "::15")), store).address.address == a("::15")
    assert store.trips == 1


@pytest.mark.parametrize("hint", ["::99", "2001:db8:9::1", "::"])
def test_a_hint_that_no_pool_has_is_ignored(hint: str) -> None:
    assert answered(engine(), packet(SOLICIT, na(1, hint))).address.address == a("::10")


def test_an_address_that_another_client_has_is_not_given() -> None:
    store = Store.of(lease("::15", duid=OTHER_DUID))
    assert answered(engine(), packet(REQUEST, na(1, "::15")), store).address.address == a("::10")
    assert store.rows[a("::15")].duid == OTHER_DUID


@pytest.mark.parametrize("state", [RECLAIMED, RELEASED])
def test_an_address_that_was_given_back_is_given_when_asked_for(state: int) -> None:
    store = Store.of(lease("::15", duid=OTHER_DUID, state=state))
    assert answered(engine(), packet(REQUEST, na(1, "::15")), store).address.address == a("::15")
    assert store.rows[a("::15")] == lease("::15", age=0)


def test_an_expired_lease_of_another_client_may_be_taken() -> None:
    store = Store.of(lease("::10", duid=OTHER_DUID, age=5000))
    assert answered(engine(), packet(REQUEST, na()), store).address.address == a("::10")
    assert store.rows[a("::10")] == lease("::10", age=0)


def test_a_registered_address_is_never_taken_from_its_client() -> None:
    store = Store.of(lease("::10", duid=OTHER_DUID, age=5000, state=REGISTERED))
    assert answered(engine(), packet(REQUEST, na(1, "::10")), store).address.address == a("::11")


def test_an_address_on_probation_is_not_given() -> None:
    store = Store.of(lease("::10", duid=b"\0\0\0", age=10, state=DECLINED))
    assert answered(engine(), packet(REQUEST, na(1, "::10")), store).address.address == a("::11")


# ---- prefixes

PREFIXES = (
    pd_pool("2001:db8:8000::", 40, 48),
    pd_pool("2001:db8:9000::", 40, 56),
    pd_pool("2001:db8:a000::", 40, 64),
)


@pytest.mark.parametrize(
    ("length", "prefix"),
    [(48, "2001:db8:8000::"), (56, "2001:db8:9000::"), (64, "2001:db8:a000::"), (0, "2001:db8:8000::")],
)
def test_a_prefix_of_the_wanted_length_is_preferred(length: int, prefix: str) -> None:
    answer = answered(engine(subnet(pd_pools=PREFIXES)), packet(SOLICIT, pd(1, "::", length=length)))
    assert answer.prefix.address == a(prefix)
    assert not length or answer.prefix.length == length


def test_without_the_wanted_length_a_shorter_prefix_comes_before_a_longer_one() -> None:
    server = engine(subnet(pd_pools=PREFIXES))
    assert answered(server, packet(SOLICIT, pd(1, "::", length=60))).prefix.length == 48
    assert answered(server, packet(SOLICIT, pd(1, "::", length=40))).prefix.length == 48


def test_a_prefix_asked_for_by_another_length_is_given_as_the_pool_has_it() -> None:
    answer = answered(engine(subnet(pd_pools=(pd_pool(),))), packet(SOLICIT, pd(1, "2001:db8:8000:4242::", length=64)))
    assert (answer.prefix.address, answer.prefix.length) == (a("2001:db8:8000:4200::"), 56)


def test_a_subnet_without_prefixes_says_so() -> None:
    answer = answered(engine(), packet(SOLICIT, na(1), pd(2)))
    assert answer.status(IA_PD) == StatusCode.NO_PREFIX_AVAIL
    assert answer.address.address == a("::10")


# ---- own leases


def test_a_solicit_shows_a_lease_that_the_client_has_as_it_is() -> None:
    store = Store.of(lease("::1a", pref_lft=111, valid_lft=2222))
    answer = answered(engine(), packet(SOLICIT, na()), store)
    assert (answer.address.address, answer.address.preferred, answer.address.valid) == (a("::1a"), 111, 2222)
    assert not store.writes


def test_a_request_for_a_lease_that_the_client_has_renews_its_time_only() -> None:
    store = Store.of(lease("::1a", age=2000, pref_lft=111, valid_lft=3333))
    answered(engine(), packet(REQUEST, na()), store)
    assert store.rows[a("::1a")] == lease("::1a", age=0, pref_lft=111, valid_lft=3333)


def test_a_released_lease_comes_back_to_its_client_with_new_times() -> None:
    store = Store.of(lease("::1a", state=RELEASED, valid_lft=0, pref_lft=0))
    answer = answered(engine(), packet(REQUEST, na()), store)
    assert (answer.address.address, answer.address.valid) == (a("::1a"), 4000)
    assert store.rows[a("::1a")].state == DEFAULT


def test_a_lease_in_no_pool_is_taken_away_and_replaced() -> None:
    store = Store.of(lease("::99"))
    answer = answered(engine(), packet(REQUEST, na()), store)
    assert answer.address.address == a("::10")
    assert a("::99") not in store.rows


def test_leases_of_other_associations_are_not_touched() -> None:
    store = Store.of(lease("::1a", iaid=7))
    assert answered(engine(), packet(REQUEST, na(1)), store).address.address == a("::10")
    assert store.rows[a("::1a")].iaid == 7


def test_a_young_lease_is_given_again_without_writing() -> None:
    store = Store.of(lease("::1a", age=1000))
    answer = answered(engine(), packet(REQUEST, na()), store)
    assert (answer.address.preferred, answer.address.valid) == (2000, 3000)
    assert not store.writes
    assert answer.reply.statistics == ("v6-ia-na-lease-reuses", "subnet[1].v6-ia-na-lease-reuses")


def test_a_lease_beyond_the_cache_threshold_is_written() -> None:
    store = Store.of(lease("::1a", age=1001))
    answered(engine(), packet(REQUEST, na()), store)
    assert len(store.writes) == 1


# ---- nothing left


def test_an_exhausted_pool_is_said_to_the_client_and_counted() -> None:
    store = Store.of(lease("::10", duid=OTHER_DUID))
    answer = answered(engine(subnet(pools=(pool("::10", "::10"),))), packet(SOLICIT, na()), store)
    assert answer.status() == StatusCode.NO_ADDRS_AVAIL
    assert answer.ia().status is not None
    assert answer.ia().status.text == "Sorry, no address could be allocated."  # type: ignore[union-attr]
    assert answer.reply.statistics == (
        "v6-allocation-fail-subnet", "subnet[1].v6-allocation-fail-subnet",
        "v6-allocation-fail", "subnet[1].v6-allocation-fail",
        "v6-allocation-fail-classes", "subnet[1].v6-allocation-fail-classes",
    )  # fmt: skip
    assert store.trips == 1


def test_no_pool_for_the_client_is_counted_apart() -> None:
    answer = answered(engine(subnet(pools=(pool("::10", "::10", classes=("gold",)),))), packet(SOLICIT, na()))
    assert "v6-allocation-fail-no-pools" in answer.reply.statistics


def test_a_full_subnet_is_said_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    server = engine(subnet(pools=(pool("::10", "::10"),)))
    for now in (NOW, NOW + 59, NOW + 60):
        answered(server, packet(SOLICIT, na()), Store.of(lease("::10", duid=OTHER_DUID)), now)
    said = [line for line in caplog.messages if line.startswith("ALLOC_ENGINE_V6_ALLOC_FAIL_SUBNET")]
    assert len(said) == 2


# ---- shared networks


def shared(**more: object) -> tuple[object, ...]:
    return (
        subnet(1, pools=(pool("::10", "::10"),), network="net", **more),
        subnet(2, "2001:db8:1::", pools=(pool("2001:db8:1::10", "2001:db8:1::1f"),), network="net", interface=""),
    )


def test_a_shared_network_goes_on_with_its_next_subnet() -> None:
    store = Store.of(lease("::10", duid=OTHER_DUID))
    answer = answered(engine(*shared()), packet(REQUEST, na()), store)  # type: ignore[arg-type]
    assert answer.address.address == a("2001:db8:1::10")
    assert store.rows[a("2001:db8:1::10")].subnet_id == 2


def test_a_lease_in_another_subnet_of_the_shared_network_is_renewed() -> None:
    store = Store.of(lease("2001:db8:1::11", subnet_id=2, age=2000))
    answer = answered(engine(*shared()), packet(RENEW, na(1, "2001:db8:1::11")), store)  # type: ignore[arg-type]
    assert (answer.address.address, answer.address.valid) == (a("2001:db8:1::11"), 4000)


def test_a_lease_of_a_foreign_subnet_does_not_count() -> None:
    store = Store.of(lease("2001:db8:7::11", subnet_id=7))
    assert answered(engine(), packet(REQUEST, na()), store).address.address == a("::10")
    assert a("2001:db8:7::11") in store.rows


# ---- races


def test_an_address_that_is_taken_in_between_is_replaced_by_another() -> None:
    store = Store(intruder=lease("::10", duid=OTHER_DUID))
    answer = answered(engine(), packet(REQUEST, na()), store)
    assert answer.address.address == a("::11")
    assert store.rows[a("::10")].duid == OTHER_DUID


def test_of_several_associations_only_the_beaten_one_is_decided_anew() -> None:
    store = Store(intruder=lease("::10", duid=OTHER_DUID))
    answer = answered(engine(), packet(REQUEST, na(1), na(2)), store)
    assert [answer.ia(IA_NA, n).leases[0].address for n in (0, 1)] == [a("::12"), a("::11")]
    claims = [request.lease.address for request in store.asked if isinstance(request, ClaimLease)]
    assert claims == [a("::10"), a("::11"), a("::12")]


def test_what_the_solicit_found_is_looked_up_again_when_it_does_not_hold() -> None:
    store, server = Store(), engine()
    answered(server, packet(SOLICIT, na()), store)
    store.rows[a("::10")] = lease("::10", duid=OTHER_DUID)
    answer = answered(server, packet(REQUEST, na(1, "::10")), store)
    assert answer.address.address == a("::11")


def test_a_client_that_is_always_beaten_gets_no_answer() -> None:
    class Contested(Store):
        def answers(self, requests):  # type: ignore[no-untyped-def]
            for request in requests:
                if isinstance(request, ClaimLease):
                    self.intruder = replace(request.lease, duid=OTHER_DUID, iaid=self.trips)
            return super().answers(requests)

    assert dropped(engine(), packet(REQUEST, na()), Contested()).identifier == "ALLOC_ENGINE_V6_ALLOC_ERROR"


def test_a_lease_that_is_to_be_removed_may_change_meanwhile() -> None:
    store = Store.of(lease("::99"))
    store.intruder = lease("::99", age=0)
    answer = answered(engine(), packet(REQUEST, na()), store)
    assert answer.address.address == a("::10")
    assert any(isinstance(request, RemoveLease) for request in store.writes)
    assert a("::99") in store.rows


def test_the_lookup_names_the_pools_and_the_hint() -> None:
    store = Store()
    answered(engine(), packet(SOLICIT, na(9, "::15")), store)
    (request,) = store.asked
    assert isinstance(request, FindLeases6)
    assert (request.iaid, request.address, request.subnets) == (9, a("::15"), (1,))
    assert [(one.first, one.last, one.length) for one in request.pools] == [(a("::10"), a("::1f"), 128)]
