"""Leases for SOLICIT, REQUEST, RENEW and REBIND.

Runs in: any
"""

from __future__ import annotations

from kea_mp.dhcp.message6 import ADVERTISE, IA_NA, RENEW, REPLY, REQUEST, SOLICIT
from tests.unit.serving.engine6.world import (
    NOW,
    Store,
    a,
    answered,
    engine,
    lease,
    na,
    packet,
    pd,
    pd_pool,
    prefix,
    subnet,
)


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


def test_a_renewal_extends_the_lease() -> None:
    store = Store.of(lease("::10", age=2000))
    answer = answered(engine(), packet(RENEW, na(1, "::10")), store)
    assert (answer.address.address, answer.address.valid) == (a("::10"), 4000)
    assert store.rows[a("::10")].cltt == NOW


def test_two_associations_get_two_addresses() -> None:
    store = Store()
    answer = answered(engine(), packet(REQUEST, na(1), na(2)), store)
    assert [answer.ia(IA_NA, n).leases[0].address for n in (0, 1)] == [a("::10"), a("::11")]
    assert [answer.ia(IA_NA, n).iaid for n in (0, 1)] == [1, 2]
    assert store.trips == 2
