"""What is reserved for a client, and for others.

Runs in: any
"""

from __future__ import annotations

import pytest

from kea_mp.config.model6 import ClientClass6, ReservedPrefix, Subnet6
from kea_mp.dhcp.message6 import ADVERTISE, IA_NA, IA_PD, RENEW, REQUEST, SOLICIT, StatusCode
from kea_mp.leases.model import RECLAIMED
from tests.unit.serving.engine6.world import (
    DUID,
    HW,
    MAC,
    OTHER_DUID,
    Store,
    a,
    answered,
    dropped,
    engine,
    host,
    lease,
    na,
    option,
    options,
    packet,
    parameters,
    pd,
    pd_pool,
    pool,
    prefix,
    subnet,
)

OTHERS = {"value": OTHER_DUID}
PD_EXCLUDE = {6: b"\0\x43"}


@pytest.mark.parametrize(("kind", "value"), [("duid", DUID), ("hw-address", HW)])
def test_a_reserved_address_is_given_to_its_client(kind: str, value: bytes) -> None:
    store = Store()
    server = engine(subnet(hosts=(host("::99", kind=kind, value=value),)))
    assert answered(server, packet(REQUEST, na()), store).address.address == a("::99")
    assert store.rows[a("::99")] == lease("::99", age=0)
    assert store.trips == 2


def test_a_flex_id_matches_nobody() -> None:
    server = engine(subnet(hosts=(host("::99", kind="flex-id", value=DUID),)), host_identifiers=("flex-id", "duid"))
    assert answered(server, packet(REQUEST, na())).address.address == a("::10")


def test_the_first_identifier_that_has_a_reservation_counts() -> None:
    hosts = (host("::98"), host("::99", kind="hw-address", value=HW))
    assert answered(engine(subnet(hosts=hosts)), packet(SOLICIT, na())).address.address == a("::99")
    server = engine(subnet(hosts=hosts), host_identifiers=("duid", "hw-address"))
    assert answered(server, packet(SOLICIT, na())).address.address == a("::98")


def test_hardware_addresses_are_compared_without_their_type() -> None:
    server = engine(subnet(hosts=(host("::99", kind="hw-address", value=b"\x06" + MAC),)))
    assert answered(server, packet(SOLICIT, na())).address.address == a("::99")


def test_several_reserved_addresses_go_to_several_associations() -> None:
    store = Store()
    answer = answered(engine(subnet(hosts=(host("::98", "::99"),))), packet(REQUEST, na(1), na(2), na(3)), store)
    assert [answer.ia(IA_NA, n).leases[0].address for n in range(3)] == [a("::98"), a("::99"), a("::10")]


def test_reserved_addresses_and_prefixes_are_given_together() -> None:
    server = engine(subnet(pd_pools=(pd_pool(),), hosts=(host("::98", prefixes=("2001:db8:7000::",)),)))
    store = Store()
    answer = answered(server, packet(REQUEST, na(1), pd(2)), store)
    assert (answer.address.address, answer.prefix.address) == (a("::98"), a("2001:db8:7000::"))
    assert store.trips == 2


def test_a_reserved_address_that_has_a_row_is_not_given() -> None:
    store = Store.of(lease("::99", duid=OTHER_DUID, state=RECLAIMED))
    assert answered(engine(subnet(hosts=(host("::99"),))), packet(REQUEST, na()), store).address.address == a("::10")


def test_a_client_that_has_its_reserved_address_keeps_it() -> None:
    store = Store.of(lease("::99", age=2000))
    answer = answered(engine(subnet(hosts=(host("::98", "::99"),))), packet(REQUEST, na()), store)
    assert answer.address.address == a("::99")


def test_a_client_with_another_lease_gets_its_reserved_address_and_loses_that() -> None:
    store = Store.of(lease("::11", age=2000))
    answer = answered(engine(subnet(hosts=(host("::99"),))), packet(REQUEST, na()), store)
    assert answer.address.address == a("::99")
    assert list(store.rows) == [a("::99")]


def test_a_renewal_moves_the_client_to_its_reserved_address() -> None:
    store = Store.of(lease("::11", age=2000))
    answer = answered(engine(subnet(hosts=(host("::99"),))), packet(RENEW, na(1, "::11")), store)
    assert [(one.address, one.valid) for one in answer.ia().leases] == [(a("::99"), 4000), (a("::11"), 0)]


def test_a_reserved_address_is_not_given_to_others() -> None:
    server = engine(subnet(hosts=(host("::10", **OTHERS),)))
    store = Store()
    assert answered(server, packet(REQUEST, na(1, "::10")), store).address.address == a("::11")


def test_a_reserved_address_is_taken_from_a_client_that_has_it() -> None:
    store = Store.of(lease("::10", age=2000))
    answer = answered(engine(subnet(hosts=(host("::10", **OTHERS),))), packet(RENEW, na(1, "::10")), store)
    assert [(one.address, one.valid) for one in answer.ia().leases] == [(a("::11"), 4000), (a("::10"), 0)]


def test_a_reserved_prefix_is_not_given_to_others() -> None:
    server = engine(subnet(pd_pools=(pd_pool(),), hosts=(host(prefixes=("2001:db8:8000::",), **OTHERS),)))
    assert answered(server, packet(SOLICIT, pd(1, "2001:db8:8000::"))).prefix.address == a("2001:db8:8000:100::")


def test_out_of_pool_reservations_are_not_looked_for_in_pools() -> None:
    told = parameters(reservations_out_of_pool=True)
    server = engine(subnet(parameters=told, hosts=(host("::10", **OTHERS), host("::11"))))
    assert answered(server, packet(SOLICIT, na(1, "::10"))).address.address == a("::10")


def test_without_reservations_in_the_subnet_none_holds() -> None:
    told = parameters(reservations_in_subnet=False)
    server = engine(subnet(parameters=told, hosts=(host("::99"),)))
    assert answered(server, packet(SOLICIT, na())).address.address == a("::10")


GLOBALLY = {"reservations_global": True}


def test_a_global_reservation_is_used_where_it_is_allowed() -> None:
    world = (host("::99", subnet_id=0),)
    server = engine(subnet(parameters=parameters(**GLOBALLY)), global_hosts=world)
    assert answered(server, packet(SOLICIT, na())).address.address == a("::99")
    assert answered(engine(global_hosts=world), packet(SOLICIT, na())).address.address == a("::10")


def test_a_global_address_outside_of_the_subnet_is_of_no_use() -> None:
    server = engine(subnet(parameters=parameters(**GLOBALLY)), global_hosts=(host("2001:db8:9::1", subnet_id=0),))
    assert answered(server, packet(SOLICIT, na())).address.address == a("::10")


def test_a_global_prefix_may_come_from_anywhere() -> None:
    world = (host(prefixes=("2001:db8:9000::",), subnet_id=0),)
    server = engine(subnet(parameters=parameters(**GLOBALLY)), global_hosts=world)
    assert answered(server, packet(SOLICIT, pd())).prefix.address == a("2001:db8:9000::")


def test_a_reservation_of_the_subnet_comes_before_the_global_one() -> None:
    server = engine(
        subnet(parameters=parameters(**GLOBALLY), hosts=(host("::98"),)), global_hosts=(host("::99", subnet_id=0),)
    )
    assert answered(server, packet(SOLICIT, na())).address.address == a("::98")


def in_network(**more: object) -> Subnet6:
    there = "2001:db8:1::"
    return subnet(2, there, pools=(pool(there + "10", there + "1f"),), network="net", interface="", **more)


def test_a_reservation_in_another_subnet_of_the_shared_network_is_found() -> None:
    server = engine(subnet(network="net"), in_network(hosts=(host("2001:db8:1::99", subnet_id=2),)))
    store = Store()
    assert answered(server, packet(REQUEST, na()), store).address.address == a("2001:db8:1::99")
    assert store.rows[a("2001:db8:1::99")].subnet_id == 2


# ---- excluded prefixes


def test_the_excluded_prefix_of_a_pool_is_told_when_asked_for() -> None:
    server = engine(subnet(pd_pools=(pd_pool(excluded=a("2001:db8:8000:80::"), excluded_length=64),)))
    answer = answered(server, packet(SOLICIT, pd(), opts=PD_EXCLUDE))
    assert answer.prefix.options[67] == [b"\x40\x80"]
    assert 67 not in answered(server, packet(SOLICIT, pd())).prefix.options


def test_the_excluded_prefix_of_a_reservation_comes_first() -> None:
    reserved = ReservedPrefix(a("2001:db8:8000::"), 56, a("2001:db8:8000:11::"), 64)
    pools = (pd_pool(excluded=a("2001:db8:8000:80::"), excluded_length=64),)
    server = engine(subnet(pd_pools=pools, hosts=(host(prefixes=(reserved,)),)))
    assert answered(server, packet(SOLICIT, pd(), opts=PD_EXCLUDE)).prefix.options[67] == [b"\x40\x11"]


# ---- classes


def test_known_and_unknown_clients_have_pools_of_their_own() -> None:
    pools = (pool("::10", "::1f", classes=("UNKNOWN",)), pool("::20", "::2f", classes=("KNOWN",)))
    assert answered(engine(subnet(pools=pools)), packet(SOLICIT, na())).address.address == a("::10")
    server = engine(subnet(pools=pools, hosts=(host(),)))
    assert answered(server, packet(SOLICIT, na())).address.address == a("::20")


def test_a_class_of_a_reservation_opens_a_pool() -> None:
    pools = (pool("::20", "::2f", classes=("gold",)),)
    server = engine(subnet(pools=pools, hosts=(host(classes=("gold",)),)), classes=(ClientClass6("gold"),))
    assert answered(server, packet(SOLICIT, na())).address.address == a("::20")


def test_a_reservation_in_the_class_drop_is_not_answered() -> None:
    assert dropped(engine(subnet(hosts=(host(classes=("DROP",)),))), packet(SOLICIT, na())).identifier == (
        "DHCP6_PACKET_DROP_DROP_CLASS2"
    )


def test_an_early_global_reservation_takes_part_in_the_choice_of_the_subnet() -> None:
    gold = subnet(2, "2001:db8:1::", pools=(pool("2001:db8:1::10", "2001:db8:1::1f"),), classes=("gold",))
    plain = subnet(3, "2001:db8:2::", pools=(pool("2001:db8:2::10", "2001:db8:2::1f"),))
    world = (host(classes=("gold",), subnet_id=0),)
    late = engine(gold, plain, global_hosts=world)
    assert answered(late, packet(SOLICIT, na())).address.address == a("2001:db8:2::10")
    early = engine(gold, plain, global_hosts=world, early_global_reservations=True)
    assert answered(early, packet(SOLICIT, na())).address.address == a("2001:db8:1::10")


def test_a_class_guards_a_shared_networks_member() -> None:
    members = (subnet(network="net", pools=()), in_network(classes=("gold",)))
    assert answered(engine(*members), packet(SOLICIT, na())).status() == StatusCode.NO_ADDRS_AVAIL
    server = engine(members[0], members[1], global_hosts=())
    assert answered(server, packet(SOLICIT, na(), opts={16: b"\0\0\0\7\0\1x"})).type == ADVERTISE


# ---- options of reservations


def test_options_of_the_reservation_come_first() -> None:
    ours = options(option(23, a("::53"), always_send=True))
    theirs = options(option(23, a("::54")))
    server = engine(subnet(hosts=(host(options=theirs),)), options=ours)
    assert answered(server, packet(SOLICIT, na()))[23] == a("::54")


def test_an_own_lease_beside_the_reserved_ones_is_given_up() -> None:
    store = Store.of(prefix("2001:db8:8000::", age=2000), prefix("2001:db8:8000:100::", age=2000))
    hosts = (host(prefixes=("2001:db8:8000::",)),)
    answer = answered(engine(subnet(pd_pools=(pd_pool(),), hosts=hosts)), packet(REQUEST, pd(1)), store)
    assert [one.address for one in answer.ia(IA_PD).leases] == [a("2001:db8:8000::")]
    assert list(store.rows) == [a("2001:db8:8000::")]
