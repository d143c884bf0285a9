"""RENEW and REBIND, and what is said without a subnet.

Runs in: any
"""

from __future__ import annotations

import pytest

from kea_mp.dhcp.message6 import IA_NA, IA_PD, REBIND, RENEW, SOLICIT, StatusCode
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


@pytest.mark.parametrize("kind", [RENEW, REBIND])
def test_a_renewal_extends_the_lease(kind: int) -> None:
    store = Store.of(lease("::10", age=2000))
    answer = answered(engine(), packet(kind, na(1, "::10")), store)
    assert (answer.address.address, answer.address.valid) == (a("::10"), 4000)
    assert (answer.ia().t1, answer.ia().t2) == (1500, 2400)
    assert store.rows[a("::10")].cltt == NOW
    assert store.trips == 2


def test_a_renewal_of_a_lease_that_is_not_known_makes_it() -> None:
    store = Store()
    assert answered(engine(), packet(REBIND, na(1, "::15")), store).address.address == a("::15")
    assert store.rows[a("::15")] == lease("::15", age=0)


def test_a_renewal_tells_which_addresses_the_client_does_not_have() -> None:
    store = Store.of(lease("::10", age=2000), lease("::11", duid=OTHER_DUID))
    answer = answered(engine(), packet(RENEW, na(1, "::10", "::11")), store)
    assert [(one.address, one.valid) for one in answer.ia().leases] == [(a("::10"), 4000), (a("::11"), 0)]


def test_a_renewal_of_what_is_in_no_pool_ends_it_and_gives_another() -> None:
    store = Store.of(lease("::99", age=2000))
    answer = answered(engine(), packet(RENEW, na(1, "::99")), store)
    assert [(one.address, one.valid) for one in answer.ia().leases] == [(a("::10"), 4000), (a("::99"), 0)]
    assert list(store.rows) == [a("::10")]


def test_a_renewal_with_nothing_left_says_so_and_ends_what_was_named() -> None:
    full = subnet(pools=(pool("::10", "::10"),), pd_pools=(pd_pool("2001:db8:8000::", 56, 56),))
    store = Store.of(lease("::10", duid=OTHER_DUID), prefix("2001:db8:8000::", duid=OTHER_DUID))
    answer = answered(engine(full), packet(RENEW, na(1, "::10"), pd(2, "2001:db8:8000::")), store)
    assert answer.status(IA_NA) == StatusCode.NO_ADDRS_AVAIL
    assert answer.status(IA_PD) == StatusCode.NO_PREFIX_AVAIL
    assert [(one.address, one.valid) for one in answer.ia(IA_PD).leases] == [(a("2001:db8:8000::"), 0)]


def test_several_prefixes_of_an_association_are_renewed_together() -> None:
    store = Store.of(prefix("2001:db8:8000::", age=2000), prefix("2001:db8:8000:100::", age=2000, pref_lft=100))
    answer = answered(engine(subnet(pd_pools=(pd_pool(),))), packet(RENEW, pd(1, "2001:db8:8000::")), store)
    assert [one.valid for one in answer.ia(IA_PD).leases] == [4000, 4000]
    assert len(store.writes) == 2


def test_a_prefix_length_alone_is_not_ended_in_a_renewal() -> None:
    store = Store.of(prefix("2001:db8:8000::", age=2000))
    answer = answered(engine(subnet(pd_pools=(pd_pool(),))), packet(RENEW, pd(1, "::", length=48)), store)
    assert [one.address for one in answer.ia(IA_PD).leases] == [a("2001:db8:8000::")]


def test_a_renewal_notes_a_new_hardware_address() -> None:
    store = Store.of(lease("::10", hw=b"\x01\x0a\x0b\x0c\x0d\x0e\x0f"))
    answered(engine(), packet(RENEW, na(1, "::10")), store)
    assert store.rows[a("::10")] == lease("::10", age=0)


def test_a_young_lease_is_renewed_without_writing() -> None:
    store = Store.of(lease("::10", age=500))
    answer = answered(engine(), packet(RENEW, na(1, "::10")), store)
    assert (answer.address.preferred, answer.address.valid) == (2500, 3500)
    assert not store.writes


def test_an_expired_lease_of_the_client_is_renewed() -> None:
    store = Store.of(lease("::10", age=5000))
    assert answered(engine(), packet(RENEW, na(1, "::10")), store).address.valid == 4000
    assert store.rows[a("::10")].cltt == NOW


def test_without_a_subnet_there_is_nothing_to_give() -> None:
    elsewhere = engine(subnet(interface="eth9"))
    answer = answered(elsewhere, packet(SOLICIT, na(1), pd(2)))
    assert answer.status(IA_NA) == StatusCode.NO_ADDRS_AVAIL
    assert answer.status(IA_PD) == StatusCode.NO_PREFIX_AVAIL


def test_without_a_subnet_a_renewal_has_no_binding() -> None:
    answer = answered(engine(subnet(interface="eth9")), packet(RENEW, na(1), pd(2)))
    assert answer.status(IA_NA) == StatusCode.NO_BINDING
    assert answer.status(IA_PD) == StatusCode.NO_BINDING


def test_without_a_subnet_a_rebind_of_prefixes_is_left_to_other_servers() -> None:
    assert dropped(engine(subnet(interface="eth9")), packet(REBIND, pd(2))).statistic == "pkt6-receive-drop"
    assert answered(engine(subnet(interface="eth9")), packet(REBIND, na(1))).status() == StatusCode.NO_BINDING
