"""Pools, shared networks, races, and offers that are stored.

Runs in: any
"""

from __future__ import annotations

from kea_mp.config.model import ClientClass4, Compatibility, Lifetime
from kea_mp.dhcp.message4 import ACK, DISCOVER, NAK, OFFER, REQUEST
from kea_mp.leases.model import RELEASED
from kea_mp.leases.store import RANDOM, ClaimLease, FindLeases
from kea_mp.values import packed4
from tests.unit.serving.engine.world import (
    HW,
    NOW,
    OTHER_HW,
    SERVER,
    Store,
    a,
    answered,
    config,
    dropped,
    host,
    lease,
    packet,
    parameters,
    pool,
    subnet,
)
from workers.serving.engine.exchange import Engine4

ME = packed4(SERVER)
FIRST = subnet(1, pools=(pool(".10", ".10"),), network="n")
SECOND = subnet(2, "10.1.0.0", pools=(pool("10.1.0.10", "10.1.0.11"),), network="n")


def selecting(address: str):
    return packet(REQUEST, opts={54: ME, 50: packed4(a(address))})


def test_the_second_pool_serves_when_the_first_is_full():
    engine = Engine4(config(subnet(pools=(pool(".30", ".31"), pool(".10", ".10")))))
    assert answered(engine, packet(DISCOVER), Store.of(lease(".10", hw=OTHER_HW))).message.yiaddr == a(".30")


def test_the_other_subnet_of_a_network_serves_when_the_first_is_full():
    answer = answered(Engine4(config(FIRST, SECOND)), packet(DISCOVER), Store.of(lease(".10", hw=OTHER_HW)))
    assert (answer.message.yiaddr, answer[1]) == (a("10.1.0.10"), packed4(a("255.255.255.0")))


def test_a_network_goes_on_with_the_subnet_that_served_last():
    engine, store = Engine4(config(FIRST, SECOND)), Store.of(lease(".10", hw=OTHER_HW))
    answered(engine, packet(DISCOVER), store)
    assert answered(engine, packet(DISCOVER, mac=b"\x02\0\0\0\0\x07"), Store()).message.yiaddr == a("10.1.0.10")


def test_a_client_may_ask_for_an_address_of_another_subnet_of_the_network():
    query = packet(DISCOVER, opts={50: packed4(a("10.1.0.11"))})
    assert answered(Engine4(config(FIRST, SECOND)), query).message.yiaddr == a("10.1.0.11")


def test_the_lease_in_another_subnet_of_the_network_is_renewed():
    store = Store.of(lease("10.1.0.11", subnet_id=2))
    answer = answered(Engine4(config(FIRST, SECOND)), selecting("10.1.0.11"), store)
    assert (answer.reply.kind, store.rows[a("10.1.0.11")].subnet_id) == (ACK, 2)


def test_a_full_network_is_counted_for_its_last_subnet():
    rows = [lease(".10", hw=OTHER_HW), *(lease(f"10.1.0.{n}", hw=OTHER_HW, subnet_id=2) for n in (10, 11))]
    outcome = dropped(Engine4(config(FIRST, SECOND)), packet(DISCOVER), Store.of(*rows))
    assert outcome.statistics[:2] == (
        "v4-allocation-fail-shared-network", "subnet[2].v4-allocation-fail-shared-network",
    )  # fmt: skip


def test_a_guarded_subnet_of_the_network_is_left_out():
    guarded = subnet(2, "10.1.0.0", pools=(pool("10.1.0.10", "10.1.0.11"),), network="n", classes=("gold",))
    store = Store.of(lease(".10", hw=OTHER_HW))
    assert "v4-allocation-fail" in dropped(Engine4(config(FIRST, guarded)), packet(DISCOVER), store).statistics


def test_an_address_in_a_pool_for_others_anywhere_in_the_network_is_refused_not_ignored():
    guarded = subnet(2, "10.1.0.0", pools=(pool("10.1.0.10", "10.1.0.11"),), network="n", classes=("gold",))
    assert answered(Engine4(config(FIRST, guarded)), selecting("10.1.0.10")).reply.kind == NAK


def test_subnets_with_different_allocators_are_asked_one_after_the_other():
    second = subnet(2, "10.1.0.0", pools=(pool("10.1.0.10", "10.1.0.11"),), network="n",
                    parameters=parameters(allocator="random"))  # fmt: skip
    store = Store.of(lease(".10", hw=OTHER_HW))
    assert answered(Engine4(config(FIRST, second)), packet(DISCOVER), store).message.yiaddr == a("10.1.0.10")
    assert [request.allocator for request in store.asked if isinstance(request, FindLeases)][-1] == RANDOM


def test_addresses_that_end_in_0_and_255_can_be_left_out():
    wide = subnet(1, "10.1.0.0", 23, pools=(pool("10.1.0.255", "10.1.1.1"),), interface="eth0")
    engine = Engine4(config(wide, compatibility=Compatibility(exclude_first_last_24=True)))
    assert answered(engine, packet(DISCOVER)).message.yiaddr == a("10.1.1.1")


def test_many_scattered_reservations_are_skipped_by_asking_again():
    reserved = [
        host(f"10.1.{n >> 7}.{(n & 127) * 2}", value=bytes((1, 2, 0, 0, 0, n >> 8, n & 255))) for n in range(600)
    ]
    wide = subnet(1, "10.1.0.0", 16, pools=(pool("10.1.0.0", "10.1.9.255"),), interface="eth0", hosts=tuple(reserved))
    store = Store()
    query = packet(DISCOVER, mac=b"\x06\0\0\0\0\1")
    assert answered(Engine4(config(wide)), query, store).message.yiaddr == a("10.1.0.1")
    assert store.asked[0].pools == (a("10.1.0.0"), a("10.1.9.255"))


def test_a_claim_that_another_client_has_spoilt_is_decided_anew():
    store = Store()
    store.intruder = lease(".10", hw=OTHER_HW)
    assert answered(Engine4(config()), selecting(".10"), store).reply.kind == NAK


def test_a_renewal_that_was_changed_by_ourselves_meanwhile_is_tried_again():
    store = Store.of(lease(".10"))
    store.intruder = lease(".10", age=5)
    query = packet(REQUEST, ciaddr=a(".10"), source=a(".10"), destination=SERVER)
    assert answered(Engine4(config()), query, store).reply.kind == ACK


def test_a_store_that_always_changes_gets_no_answer_in_the_end():
    class Restless(Store):
        def answer(self, request):
            if isinstance(request, ClaimLease):
                self.intruder = lease(".10", hw=HW, age=2000 + len(self.asked))
            return super().answer(request)

    outcome = dropped(Engine4(config()), selecting(".10"), Restless())
    assert (outcome.statistic, outcome.identifier) == ("pkt4-receive-drop", "ALLOC_ENGINE_V4_ALLOC_ERROR")


STORED = parameters(offer_lifetime=60, calculate_tee_times=True)


def test_a_stored_offer_is_kept_for_the_offer_lifetime_and_tells_the_real_one():
    store = Store()
    answer = answered(Engine4(config(subnet(parameters=STORED))), packet(DISCOVER), store)
    assert (answer.reply.kind, store.rows[a(".10")].valid_lft) == (OFFER, 60)
    assert [int.from_bytes(answer[code], "big") for code in (51, 58, 59)] == [3600, 30, 53]


def test_a_stored_offer_is_repeated_without_writing():
    engine, store = Engine4(config(subnet(parameters=STORED))), Store()
    answered(engine, packet(DISCOVER), store)
    store.asked.clear()
    answer = answered(engine, packet(DISCOVER), store, NOW + 2)
    assert (answer.message.yiaddr, store.writes) == (a(".10"), [])


def test_a_stored_offer_becomes_a_lease():
    engine, store = Engine4(config(subnet(parameters=STORED))), Store()
    answered(engine, packet(DISCOVER), store)
    answered(engine, selecting(".10"), store)
    assert store.rows[a(".10")].valid_lft == 3600


def test_a_stored_offer_never_shortens_a_lease():
    store = Store.of(lease(".12"))
    answered(Engine4(config(subnet(parameters=STORED))), packet(DISCOVER), store)
    assert store.writes == []


def test_a_stored_offer_that_lost_its_address_finds_another():
    store = Store()
    store.intruder = lease(".10", hw=OTHER_HW)
    answer = answered(Engine4(config(subnet(parameters=STORED))), packet(DISCOVER), store)
    assert answer.message.yiaddr == a(".11")


def test_a_class_may_set_the_offer_lifetime():
    classes = (ClientClass4("VENDOR_CLASS_x", offer_lifetime=30),)
    store = Store()
    answered(Engine4(config(classes=classes)), packet(DISCOVER, opts={60: b"x"}), store)
    assert store.rows[a(".10")].valid_lft == 30


def test_a_released_lease_is_free_for_others():
    store = Store.of(lease(".10", hw=OTHER_HW, state=RELEASED, valid_lft=0))
    answered(Engine4(config()), selecting(".10"), store)
    assert store.rows[a(".10")].hw == HW


def test_the_lease_has_the_id_of_its_pool():
    engine, store = Engine4(config(subnet(pools=(pool(".10", ".20", pool_id=7),)))), Store()
    answered(engine, selecting(".10"), store)
    assert store.rows[a(".10")].pool_id == 7


def test_the_lifetime_of_an_offer_and_its_lease_agree():
    engine, store = Engine4(config(subnet(parameters=parameters(valid_lifetime=Lifetime(100, 50, 200))))), Store()
    offer = answered(engine, packet(DISCOVER, opts={51: packed4(150)}), store)
    assert (offer[51], NOW) == (packed4(150), NOW)
