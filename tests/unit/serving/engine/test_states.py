"""What each message gets in each state of the client.

Runs in: any
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from kea_mp.config.model import ExpiredLeases
from kea_mp.dhcp.message4 import ACK, DECLINE, DISCOVER, INFORM, NAK, OFFER, RELEASE, REQUEST
from kea_mp.leases.model import DECLINED, RECLAIMED, RELEASED
from kea_mp.leases.store import ClaimLease, FindLeases, RemoveLease
from kea_mp.values import INFINITY, packed4
from tests.unit.serving.engine.world import (
    CLIENT_ID,
    HW,
    NOW,
    OTHER_HW,
    SERVER,
    Engine4,
    Store,
    a,
    answered,
    config,
    dropped,
    lease,
    packet,
    parameters,
    pool,
    subnet,
)

ME = packed4(SERVER)


def selecting(address: str, **more):
    return packet(REQUEST, opts={54: ME, 50: packed4(a(address)), **more.pop("opts", {})}, **more)


def rebooting(address: str, **more):
    return packet(REQUEST, opts={50: packed4(a(address)), **more.pop("opts", {})}, **more)


def renewing(address: str, **more):
    return packet(REQUEST, ciaddr=a(address), source=a(address), destination=SERVER, **more)


def rebinding(address: str, **more):
    return packet(REQUEST, ciaddr=a(address), source=a(address), **more)


@pytest.fixture
def engine() -> Engine4:
    return Engine4(config(subnet()))


def test_discover_offers_the_first_free_address_and_writes_nothing(engine):
    store = Store()
    answer = answered(engine, packet(DISCOVER), store)
    assert (answer.reply.kind, answer.message.yiaddr, store.writes) == (OFFER, a(".10"), [])


def test_discover_asks_the_store_once(engine):
    store = Store()
    answered(engine, packet(DISCOVER), store)
    assert len(store.asked) == 1


def test_discover_offers_the_address_asked_for(engine):
    assert answered(engine, packet(DISCOVER, opts={50: packed4(a(".15"))})).message.yiaddr == a(".15")


def test_discover_passes_over_an_address_asked_for_that_is_taken_in_one_round_trip(engine):
    store = Store.of(lease(".15", hw=OTHER_HW))
    answer = answered(engine, packet(DISCOVER, opts={50: packed4(a(".15"))}), store)
    assert (answer.message.yiaddr, len(store.asked)) == (a(".10"), 1)


def test_discover_passes_over_an_address_asked_for_outside_the_pools(engine):
    assert answered(engine, packet(DISCOVER, opts={50: packed4(a(".99"))})).message.yiaddr == a(".10")


def test_discover_offers_the_lease_that_the_client_has(engine):
    store = Store.of(lease(".13"))
    assert answered(engine, packet(DISCOVER, opts={50: packed4(a(".15"))}), store).message.yiaddr == a(".13")


def test_discover_offers_a_released_lease_to_its_former_owner(engine):
    store = Store.of(lease(".13", state=RELEASED, valid_lft=0))
    assert answered(engine, packet(DISCOVER), store).message.yiaddr == a(".13")


def test_discover_offers_a_new_address_when_the_lease_is_in_no_pool_any_more(engine):
    store = Store.of(lease(".99"))
    assert answered(engine, packet(DISCOVER), store).message.yiaddr == a(".10")


def test_discover_finds_the_lease_by_client_id_first(engine):
    store = Store.of(lease(".11", client_id=b"\x00other"), lease(".12", hw=OTHER_HW, client_id=CLIENT_ID))
    assert answered(engine, packet(DISCOVER, opts={61: CLIENT_ID}), store).message.yiaddr == a(".12")


def test_a_lease_of_the_same_hardware_with_another_client_id_is_not_ours(engine):
    store = Store.of(lease(".11", client_id=b"\x00other"))
    assert answered(engine, packet(DISCOVER, opts={61: CLIENT_ID}), store).message.yiaddr == a(".10")


def test_without_match_client_id_the_hardware_address_decides():
    engine = Engine4(config(subnet(parameters=parameters(match_client_id=False))))
    store = Store.of(lease(".11", client_id=b"\x00other"), lease(".12", hw=OTHER_HW, client_id=CLIENT_ID))
    assert answered(engine, packet(DISCOVER, opts={61: CLIENT_ID}), store).message.yiaddr == a(".11")


def test_without_match_client_id_the_lease_keeps_no_client_id():
    engine = Engine4(config(subnet(parameters=parameters(match_client_id=False))))
    store = Store()
    answered(engine, selecting(".10", opts={61: CLIENT_ID}), store)
    assert store.rows[a(".10")].client_id == b""


def test_discover_is_not_answered_when_nothing_is_free():
    engine = Engine4(config(subnet(pools=(pool(".10", ".10"),))))
    outcome = dropped(engine, packet(DISCOVER), Store.of(lease(".10", hw=OTHER_HW)))
    assert outcome.statistic == ""
    assert outcome.statistics == (
        "v4-allocation-fail-subnet", "subnet[1].v4-allocation-fail-subnet",
        "v4-allocation-fail", "subnet[1].v4-allocation-fail",
        "v4-allocation-fail-classes", "subnet[1].v4-allocation-fail-classes",
    )  # fmt: skip


def test_discover_in_a_subnet_without_pools_is_counted_as_such():
    outcome = dropped(Engine4(config(subnet(pools=()))), packet(DISCOVER))
    assert "v4-allocation-fail-no-pools" in outcome.statistics


def test_discover_reuses_an_expired_lease_of_another_client():
    engine = Engine4(config(subnet(pools=(pool(".10", ".10"),))))
    store = Store.of(lease(".10", hw=OTHER_HW, age=4000))
    assert answered(engine, packet(DISCOVER), store).message.yiaddr == a(".10")


def test_request_after_discover_claims_in_one_round_trip(engine):
    store = Store()
    offered = answered(engine, packet(DISCOVER), store).message.yiaddr
    store.asked.clear()
    answer = answered(engine, packet(REQUEST, opts={54: ME, 50: packed4(offered)}), store)
    assert (answer.reply.kind, answer.message.yiaddr) == (ACK, offered)
    assert [type(request) for request in store.asked] == [ClaimLease]


def test_request_after_discover_looks_again_when_somebody_was_faster(engine):
    store = Store()
    answered(engine, packet(DISCOVER), store)
    store.intruder = lease(".10", hw=OTHER_HW)
    assert answered(engine, selecting(".10"), store).reply.kind == NAK


def test_what_a_discover_found_is_forgotten_after_some_seconds(engine):
    store = Store()
    answered(engine, packet(DISCOVER), store)
    store.asked.clear()
    answered(engine, selecting(".10"), store, NOW + 60)
    assert [type(request) for request in store.asked] == [FindLeases, ClaimLease]


def test_selecting_stores_the_lease_as_it_is_told(engine):
    store = Store()
    answer = answered(engine, selecting(".10", opts={61: CLIENT_ID}), store)
    row = store.rows[a(".10")]
    assert (row.hw, row.client_id, row.cltt, row.valid_lft, row.subnet_id) == (HW, CLIENT_ID, NOW, 3600, 1)
    assert int.from_bytes(answer[51], "big") == 3600


def test_selecting_an_address_of_another_client_is_refused(engine):
    assert answered(engine, selecting(".10"), Store.of(lease(".10", hw=OTHER_HW))).reply.kind == NAK


def test_selecting_an_address_that_is_in_no_pool_is_ignored(engine):
    assert dropped(engine, selecting(".99")).identifier == "DHCP4_UNKNOWN_ADDRESS_REQUESTED"


def test_selecting_an_address_of_a_pool_for_others_is_refused():
    engine = Engine4(config(subnet(pools=(pool(".10", ".20", classes=("VIP",)), pool(".30", ".40")))))
    assert answered(engine, selecting(".10")).reply.kind == NAK


def test_selecting_a_new_address_removes_the_former_lease(engine):
    store = Store.of(lease(".13"))
    answered(engine, selecting(".15"), store)
    assert set(store.rows) == {a(".15")}
    assert isinstance(store.asked[-1], RemoveLease)


def test_selecting_another_server_is_none_of_our_business(engine):
    outcome = dropped(engine, packet(REQUEST, opts={54: b"\x0a\0\0\1", 50: packed4(a(".10"))}))
    assert (outcome.statistic, outcome.identifier) == ("pkt4-receive-drop", "DHCP4_PACKET_DROP_0003")


def test_selecting_the_address_of_another_of_our_sockets_is_for_us():
    engine = Engine4(config(subnet()), addresses=[a("10.0.0.1")])
    assert answered(engine, packet(REQUEST, opts={54: b"\x0a\0\0\1", 50: packed4(a(".10"))})).reply.kind == ACK


def test_request_without_any_address_gets_a_free_one(engine):
    answer = answered(engine, packet(REQUEST, opts={54: ME}))
    assert (answer.reply.kind, answer.message.yiaddr) == (ACK, a(".10"))


def test_request_without_any_address_gets_the_clients_lease(engine):
    assert answered(engine, packet(REQUEST, opts={54: ME}), Store.of(lease(".13"))).message.yiaddr == a(".13")


def test_init_reboot_of_a_known_client_is_acknowledged(engine):
    store = Store.of(lease(".13"))
    answer = answered(engine, rebooting(".13"), store)
    assert (answer.reply.kind, answer.message.yiaddr, store.rows[a(".13")].cltt) == (ACK, a(".13"), NOW)


def test_init_reboot_of_a_known_client_with_a_wrong_address_is_refused(engine):
    assert answered(engine, rebooting(".14"), Store.of(lease(".13"))).reply.kind == NAK


def test_init_reboot_of_an_unknown_client_is_ignored(engine):
    assert dropped(engine, rebooting(".13")).identifier == "DHCP4_NO_LEASE_INIT_REBOOT"


def test_init_reboot_of_an_unknown_client_is_refused_by_an_authority():
    engine = Engine4(config(subnet(parameters=parameters(authoritative=True))))
    assert answered(engine, rebooting(".13")).reply.kind == NAK


def test_init_reboot_from_an_unknown_network_is_ignored(engine):
    assert dropped(engine, rebooting(".13", giaddr=a("10.9.9.9"))).identifier == "DHCP4_NO_LEASE_INIT_REBOOT"


def test_init_reboot_from_an_unknown_network_is_refused_by_an_authority():
    engine = Engine4(config(subnet(), global_parameters=parameters(authoritative=True)))
    assert answered(engine, rebooting(".13", giaddr=a("10.9.9.9"))).reply.kind == NAK


def test_renewing_extends_the_lease_and_keeps_ciaddr(engine):
    store = Store.of(lease(".13"))
    answer = answered(engine, renewing(".13"), store)
    assert (answer.reply.kind, answer.message.ciaddr, answer.message.yiaddr) == (ACK, a(".13"), a(".13"))
    assert (answer.reply.destination, store.rows[a(".13")].cltt) == (a(".13"), NOW)


def test_renewing_a_lease_of_another_client_is_refused_at_ciaddr(engine):
    answer = answered(engine, renewing(".13"), Store.of(lease(".13", hw=OTHER_HW)))
    assert (answer.reply.kind, answer.reply.destination, answer.message.ciaddr) == (NAK, a(".13"), 0)


def test_renewing_without_a_lease_gets_one_when_the_address_is_free(engine):
    assert answered(engine, renewing(".13")).reply.kind == ACK


def test_renewing_from_an_unknown_network_is_refused(engine):
    assert answered(engine, renewing("10.9.9.9")).reply.kind == NAK


def test_rebinding_is_answered_as_renewing(engine):
    assert answered(engine, rebinding(".13"), Store.of(lease(".13"))).reply.kind == ACK


def test_rebinding_from_an_unknown_network_is_ignored():
    engine = Engine4(config(subnet(prefix="10.0.0.0", pools=(pool("10.0.0.10", "10.0.0.20"),))))
    outcome = dropped(engine, rebinding("10.9.9.9"))
    assert (outcome.identifier, outcome.statistic) == ("", "")


def test_selecting_from_an_unknown_network_is_refused(engine):
    assert answered(engine, selecting(".10", giaddr=a("10.9.9.9"))).reply.kind == NAK


def test_discover_from_an_unknown_network_is_not_answered(engine):
    assert dropped(engine, packet(DISCOVER, giaddr=a("10.9.9.9"))).identifier == "DHCP4_PACKET_NAK_0001"


def test_a_store_that_fails_gets_nobody_refused(engine):
    store = Store(fails=True)
    for query in (packet(DISCOVER), selecting(".10"), renewing(".10"), rebooting(".10"), packet(RELEASE)):
        assert dropped(engine, query, store).statistic == "pkt4-processing-failed"


def test_release_keeps_the_row_for_its_owner(engine):
    store = Store.of(lease(".13"))
    assert dropped(engine, packet(RELEASE, ciaddr=a(".13"), opts={54: ME}), store).identifier == ""
    row = store.rows[a(".13")]
    assert (row.state, row.valid_lft, row.hw) == (RELEASED, 0, HW)


@pytest.mark.parametrize("expired", [ExpiredLeases(flush_wait=0), ExpiredLeases(hold_reclaimed=0)])
def test_release_removes_the_row_without_affinity(expired):
    store = Store.of(lease(".13"))
    dropped(Engine4(config(subnet(), expired=expired)), packet(RELEASE, ciaddr=a(".13")), store)
    assert store.rows == {}


def test_release_removes_an_unlimited_lease(engine):
    store = Store.of(lease(".13", valid_lft=INFINITY))
    dropped(engine, packet(RELEASE, ciaddr=a(".13")), store)
    assert store.rows == {}


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (None, "DHCP4_RELEASE_FAIL_NO_LEASE"),
        (lease(".13", hw=OTHER_HW), "DHCP4_RELEASE_FAIL_WRONG_CLIENT"),
        (lease(".13", client_id=b"\x00other"), "DHCP4_RELEASE_FAIL_WRONG_CLIENT"),
        (lease(".13", client_id=CLIENT_ID, state=RECLAIMED), "DHCP4_RELEASE_FAIL_NOT_ASSIGNED"),
    ],
)
def test_release_of_what_is_not_the_clients_changes_nothing(engine, row, problem):
    store = Store.of(*([row] if row else []))
    outcome = dropped(engine, packet(RELEASE, ciaddr=a(".13"), opts={61: CLIENT_ID}), store)
    assert (outcome.identifier, store.writes) == (problem, [])


def test_decline_puts_the_address_on_probation(engine):
    store = Store.of(lease(".13", client_id=CLIENT_ID, hostname="pc", fqdn_rev=True, user_context="{ }", pool_id=7))
    dropped(engine, packet(DECLINE, opts={50: packed4(a(".13")), 54: ME, 61: CLIENT_ID}), store)
    row = store.rows[a(".13")]
    assert (row.state, row.valid_lft, row.cltt, row.hw, row.client_id) == (DECLINED, 86400, NOW, b"", b"")
    assert (row.hostname, row.fqdn_rev, row.user_context, row.pool_id) == ("", False, "", 7)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (None, "DHCP4_DECLINE_LEASE_NOT_FOUND"),
        (lease(".13", hw=OTHER_HW), "DHCP4_DECLINE_LEASE_MISMATCH"),
        (lease(".13", age=9999), "DHCP4_DECLINE_LEASE_MISMATCH"),
        (replace(lease(".13"), state=DECLINED), "DHCP4_DECLINE_LEASE_MISMATCH"),
    ],
)
def test_decline_of_what_is_not_the_clients_changes_nothing(engine, row, problem):
    store = Store.of(*([row] if row else []))
    outcome = dropped(engine, packet(DECLINE, opts={50: packed4(a(".13"))}), store)
    assert (outcome.identifier, store.writes) == (problem, [])


def test_decline_without_an_address_is_counted_as_dropped(engine):
    outcome = dropped(engine, packet(DECLINE))
    assert (outcome.statistic, outcome.identifier) == ("pkt4-receive-drop", "DHCP4_PACKET_DROP_0007")


def test_inform_is_answered_at_ciaddr_without_a_lease(engine):
    store = Store()
    answer = answered(engine, packet(INFORM, ciaddr=a(".50"), source=a(".50")), store)
    assert (answer.reply.kind, answer.message.yiaddr, answer.message.ciaddr) == (ACK, 0, a(".50"))
    assert (answer.reply.destination, answer.reply.port, answer.codes, store.asked) == (a(".50"), 68, [53, 54], [])


def test_inform_without_ciaddr_is_answered_at_its_source(engine):
    assert answered(engine, packet(INFORM, source=a(".50"))).reply.destination == a(".50")


def test_inform_from_nowhere_is_dropped(engine):
    assert dropped(engine, packet(INFORM)).identifier == "DHCP4_PACKET_DROP_0002"


def test_inform_past_a_relay_goes_directly_to_ciaddr_without_traces_of_the_relay(engine):
    query = packet(INFORM, ciaddr=a(".50"), giaddr=a(".1"), hops=1, opts={82: b"\x01\x01x"})
    answer = answered(engine, query)
    assert (answer.reply.destination, answer.message.giaddr, answer.message.hops, 82 in answer) == (
        a(".50"),
        0,
        0,
        False,
    )


def test_inform_past_a_relay_without_ciaddr_goes_back_as_broadcast(engine):
    answer = answered(engine, packet(INFORM, giaddr=a(".1"), hops=1, opts={82: b"\x01\x01x"}))
    assert (answer.reply.destination, answer.reply.port, answer.message.flags) == (a(".1"), 67, 0x8000)
    assert answer[82] == b"\x01\x01x"


def test_inform_from_an_unknown_network_gets_only_our_identifier(engine):
    assert answered(engine, packet(INFORM, ciaddr=a("10.9.9.9"), source=a("10.9.9.9"), destination=SERVER)).codes == [
        53,
        54,
    ]


@pytest.mark.parametrize(
    ("kind", "identifier"),
    [
        (None, "DHCP4_PACKET_DROP_0009"),
        (OFFER, "DHCP4_PACKET_DROP_0006"),
        (10, "DHCP4_PACKET_DROP_0006"),
        (200, "DHCP4_PACKET_DROP_0005"),
    ],
)
def test_messages_that_are_not_for_servers_are_dropped(engine, kind, identifier):
    outcome = dropped(engine, packet(kind))
    assert (outcome.statistic, outcome.identifier) == ("pkt4-receive-drop", identifier)


def test_discover_that_names_a_server_is_dropped(engine):
    outcome = dropped(engine, packet(DISCOVER, opts={54: ME}))
    assert "pkt4-receive-drop" in outcome.statistics


def test_discover_of_nobody_is_dropped(engine):
    assert "pkt4-receive-drop" in dropped(engine, packet(DISCOVER, mac=b"")).statistics


def test_a_client_id_is_enough_without_hardware_address(engine):
    assert answered(engine, packet(DISCOVER, mac=b"", opts={61: CLIENT_ID})).reply.kind == OFFER
