"""Reservations: who the client is, what is kept for it, and that nobody else gets it.

Runs in: any
"""

from __future__ import annotations

import pytest

from kea_mp.config.model import ClientClass4
from kea_mp.dhcp.message4 import ACK, DISCOVER, INFORM, NAK, REQUEST
from kea_mp.values import packed4
from tests.unit.serving.engine.world import (
    CLIENT_ID,
    MAC,
    OTHER_HW,
    SERVER,
    Store,
    a,
    answered,
    config,
    dropped,
    host,
    lease,
    option,
    options,
    packet,
    parameters,
    pool,
    subnet,
)
from workers.serving.engine.exchange import Engine4

ME = packed4(SERVER)
DUID = b"\x00\x01\x02\x03\x04\x05"
OTHER_MAC = OTHER_HW[1:]


def engine(*hosts, world=(), subnet_more=None, **more) -> Engine4:
    return Engine4(config(subnet(hosts=hosts, **(subnet_more or {})), global_hosts=world, **more))


def offered(engine: Engine4, store: Store | None = None, **query) -> int:
    return answered(engine, packet(DISCOVER, **query), store).message.yiaddr


@pytest.mark.parametrize(
    ("kind", "value", "sent"),
    [
        ("hw-address", b"\x01" + MAC, {}),
        ("client-id", CLIENT_ID, {61: CLIENT_ID}),
        ("duid", DUID, {61: b"\xff\0\0\0\1" + DUID}),
        ("circuit-id", b"port7", {82: b"\x01\x05port7"}),
    ],
)
def test_a_client_is_known_by_each_identifier(kind, value, sent):
    assert offered(engine(host(".50", kind=kind, value=value)), opts=sent) == a(".50")


def test_an_identifier_that_is_not_listed_is_not_looked_for():
    reserved = host(".50", kind="client-id", value=CLIENT_ID)
    assert offered(engine(reserved, host_identifiers=("hw-address",)), opts={61: CLIENT_ID}) == a(".10")


def test_the_first_identifier_in_the_list_decides():
    hosts = host(".50"), host(".60", kind="client-id", value=CLIENT_ID)
    assert offered(engine(*hosts, host_identifiers=("client-id", "hw-address")), opts={61: CLIENT_ID}) == a(".60")


def test_in_a_network_of_more_subnets_than_identifiers_the_last_one_decides():
    hosts = host(".50"), host(".60", kind="client-id", value=CLIENT_ID)
    members = [subnet(1, hosts=hosts, network="n")]
    members += [subnet(n, f"10.{n}.0.0", network="n", pools=()) for n in (2, 3, 4)]
    assert offered(Engine4(config(*members)), opts={61: CLIENT_ID}) == a(".60")


def test_a_reserved_address_is_offered_inside_and_outside_of_the_pools():
    assert [offered(engine(host(address))) for address in (".15", ".99")] == [a(".15"), a(".99")]


def test_a_reserved_address_is_offered_instead_of_the_clients_lease():
    assert offered(engine(host(".15")), Store.of(lease(".12"))) == a(".15")


def test_a_reserved_address_that_is_taken_leaves_the_client_with_another_and_is_counted():
    store = Store.of(lease(".15", hw=OTHER_HW))
    answer = answered(engine(host(".15")), packet(DISCOVER), store)
    assert answer.message.yiaddr == a(".10")
    assert answer.reply.statistics == ("subnet[1].v4-reservation-conflicts", "v4-reservation-conflicts")


def test_nobody_else_is_offered_a_reserved_address():
    reserved = host(".10", value=OTHER_HW)
    assert offered(engine(reserved)) == a(".11")


def test_nobody_else_is_offered_a_reserved_address_that_it_asks_for():
    assert offered(engine(host(".15", value=OTHER_HW)), opts={50: packed4(a(".15"))}) == a(".10")


def test_nobody_else_keeps_a_lease_on_a_reserved_address():
    store = Store.of(lease(".15"))
    assert offered(engine(host(".15", value=OTHER_HW)), store) == a(".10")


def test_nobody_else_gets_a_reserved_address_acknowledged():
    query = packet(REQUEST, opts={54: ME, 50: packed4(a(".15"))})
    assert answered(engine(host(".15", value=OTHER_HW)), query).reply.kind == NAK


def test_renewing_an_address_that_is_now_reserved_for_another_is_refused():
    query = packet(REQUEST, ciaddr=a(".15"), source=a(".15"), destination=SERVER)
    assert answered(engine(host(".15", value=OTHER_HW)), query, Store.of(lease(".15"))).reply.kind == NAK


def test_a_pool_of_reserved_addresses_is_exhausted_for_strangers():
    reserved = [host(f".{n}", value=bytes((1, 2, 0, 0, 0, 0, n))) for n in range(10, 21)]
    assert "v4-allocation-fail" in dropped(engine(*reserved), packet(DISCOVER)).statistics


def test_a_client_with_two_matching_reservations_may_have_either_address():
    hosts = host(".50"), host(".60", kind="client-id", value=CLIENT_ID)
    query = packet(REQUEST, opts={54: ME, 50: packed4(a(".50")), 61: CLIENT_ID})
    assert answered(engine(*hosts), query).reply.kind == ACK


def test_a_request_for_another_address_than_the_free_reserved_one_is_refused():
    query = packet(REQUEST, opts={54: ME, 50: packed4(a(".12"))})
    assert answered(engine(host(".15")), query).reply.kind == NAK


def test_a_request_for_another_address_is_granted_while_the_reserved_one_is_taken():
    query = packet(REQUEST, opts={54: ME, 50: packed4(a(".12"))})
    assert answered(engine(host(".15")), query, Store.of(lease(".15", hw=OTHER_HW))).reply.kind == ACK


def test_a_request_without_address_gets_the_reserved_one():
    assert answered(engine(host(".15")), packet(REQUEST, opts={54: ME})).message.yiaddr == a(".15")


def test_reservations_in_the_subnet_can_be_switched_off():
    off = {"parameters": parameters(reservations_in_subnet=False)}
    assert offered(engine(host(".15"), subnet_more=off)) == a(".10")


def test_out_of_pool_reservations_in_a_pool_count_for_nothing():
    out = {"parameters": parameters(reservations_out_of_pool=True)}
    assert offered(engine(host(".15"), subnet_more=out)) == a(".10")
    assert offered(engine(host(".10", value=OTHER_HW), subnet_more=out)) == a(".10")


def test_out_of_pool_reservations_outside_of_the_pools_hold():
    out = {"parameters": parameters(reservations_out_of_pool=True)}
    assert offered(engine(host(".99"), subnet_more=out)) == a(".99")


def test_a_global_reservation_is_not_looked_at_by_default():
    assert offered(engine(world=(host(".50", subnet_id=0),))) == a(".10")


WORLD = {"parameters": parameters(reservations_global=True)}


def test_a_global_reservation_gives_its_address_where_it_fits():
    assert offered(engine(world=(host(".50", subnet_id=0),), subnet_more=WORLD)) == a(".50")


def test_a_global_address_of_another_network_is_ignored():
    assert offered(engine(world=(host("10.0.0.5", subnet_id=0),), subnet_more=WORLD)) == a(".10")


def test_the_subnets_reservation_is_the_clients_before_the_global_one():
    here, there = host(hostname="here"), host(hostname="there", subnet_id=0)
    answer = answered(engine(here, world=(there,), subnet_more=WORLD), packet(DISCOVER))
    assert answer[12] == b"here"


def shared(*hosts, classes=()) -> Engine4:
    first = subnet(1, network="n", interface="eth0")
    second = subnet(2, "10.1.0.0", network="n", pools=(pool("10.1.0.10", "10.1.0.20"),), hosts=hosts)
    return Engine4(config(first, second, classes=classes))


def test_a_reservation_in_another_subnet_of_the_network_moves_the_client_there():
    answer = answered(shared(host("10.1.0.15", subnet_id=2, hostname="moved")), packet(DISCOVER))
    assert (answer.message.yiaddr, answer[12]) == (a("10.1.0.15"), b"moved")


def test_classes_of_a_reservation_elsewhere_in_the_network_come_only_when_the_client_is_moved_there():
    gold = ClientClass4("gold", options=options(option(15, b"gold.org")))
    resting = answered(shared(host(subnet_id=2, classes=("gold",)), classes=(gold,)), packet(DISCOVER))
    moved = answered(shared(host("10.1.0.15", subnet_id=2, classes=("gold",)), classes=(gold,)), packet(DISCOVER))
    assert (15 in resting, moved[15]) == (False, b"gold.org")


def test_a_reservation_makes_its_client_known():
    pools = {"pools": (pool(".10", ".19", classes=("KNOWN",)), pool(".20", ".29", classes=("UNKNOWN",)))}
    assert offered(engine(host(), subnet_more=pools)) == a(".10")
    assert offered(engine(subnet_more=pools)) == a(".20")


def test_reserved_classes_open_a_pool():
    pools = {"pools": (pool(".10", ".19", classes=("gold",)), pool(".20", ".29"))}
    assert offered(engine(host(classes=("gold",)), subnet_more=pools)) == a(".10")


def test_the_class_drop_of_a_reservation_drops_its_client():
    outcome = dropped(engine(host(classes=("DROP",))), packet(DISCOVER))
    assert (outcome.statistic, outcome.identifier) == ("pkt4-receive-drop", "DHCP4_PACKET_DROP_0013")


def test_an_early_global_reservation_takes_part_in_subnet_selection():
    golden = (host(subnet_id=0, classes=("gold",)),)
    subnets = subnet(1, classes=("gold",)), subnet(2, "192.0.0.0", 16)
    engine = Engine4(config(*subnets, global_hosts=golden, early_global_reservations=True))
    mine, other = (answered(engine, packet(DISCOVER, mac=mac)) for mac in (MAC, OTHER_MAC))
    assert (mine[1], other[1]) == (packed4(a("255.255.255.0")), packed4(a("255.255.0.0")))


def test_an_early_global_reservation_drops_early():
    dropping = (host(subnet_id=0, classes=("DROP",)),)
    outcome = dropped(Engine4(config(global_hosts=dropping, early_global_reservations=True)), packet(DISCOVER))
    assert outcome.identifier == "DHCP4_PACKET_DROP_0014"


def test_header_fields_of_a_reservation_go_before_the_subnets():
    reserved = host(next_server=a("10.0.0.1"), server_hostname="here", boot_file_name="boot")
    more = {"parameters": parameters(next_server=a("10.0.0.2"), boot_file_name="other")}
    sent = answered(engine(reserved, subnet_more=more), packet(DISCOVER)).message
    assert (sent.siaddr, sent.sname, sent.file) == (a("10.0.0.1"), b"here", b"boot")


def test_an_inform_gets_what_is_reserved():
    reserved = host(options=options(option(15, b"mine.org")))
    answer = answered(engine(reserved), packet(INFORM, ciaddr=a(".50"), source=a(".50")))
    assert answer[15] == b"mine.org"
