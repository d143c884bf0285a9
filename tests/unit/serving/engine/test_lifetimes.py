"""Lifetimes, timers, and leases that are given out again unchanged.

Runs in: any
"""

from __future__ import annotations

import pytest

from kea_mp.config.model import ClientClass4, Lifetime
from kea_mp.dhcp.message4 import DISCOVER, REQUEST
from kea_mp.leases.model import RELEASED
from kea_mp.values import INFINITY, packed4
from tests.unit.serving.engine.world import (
    CLIENT_ID,
    HW,
    NOW,
    SERVER,
    Store,
    a,
    answered,
    config,
    lease,
    packet,
    parameters,
    subnet,
)
from workers.serving.engine.exchange import Engine4
from workers.serving.engine.lifetimes import reusable_lifetime, tee_times


def told(engine: Engine4, **opts) -> int:
    return int.from_bytes(answered(engine, packet(DISCOVER, **opts))[51], "big")


@pytest.mark.parametrize(
    ("asked", "given"), [(None, 3600), (0, 3600), (100, 1800), (2000, 2000), (9999, 7200), (INFINITY, 7200)]
)
def test_the_lifetime_asked_for_is_kept_within_the_limits(asked, given):
    assert told(Engine4(config()), opts={} if asked is None else {51: packed4(asked)}) == given


def test_an_unlimited_lifetime_may_be_configured():
    one = subnet(parameters=parameters(valid_lifetime=Lifetime(INFINITY, INFINITY, INFINITY)))
    assert told(Engine4(config(one))) == INFINITY


def test_the_first_class_with_a_lifetime_decides():
    classes = (ClientClass4("VENDOR_CLASS_x", valid_lifetime=Lifetime(100, 50, 200)),)
    engine = Engine4(config(classes=classes))
    assert (told(engine, opts={60: b"x"}), told(engine, opts={60: b"x", 51: packed4(999)})) == (100, 200)


@pytest.mark.parametrize(
    ("rules", "times"),
    [
        ({}, (0, 0)),
        ({"renew_timer": 900, "rebind_timer": 1800}, (900, 1800)),
        ({"calculate_tee_times": True}, (1800, 3150)),
        ({"calculate_tee_times": True, "t1_percent": 0.25, "t2_percent": 0.5}, (900, 1800)),
        ({"calculate_tee_times": True, "renew_timer": 900}, (900, 3150)),
        ({"renew_timer": 1800, "rebind_timer": 900}, (0, 900)),
        ({"renew_timer": 4000, "rebind_timer": 5000}, (0, 0)),
        ({"renew_timer": 900}, (900, 0)),
        ({"rebind_timer": 900}, (0, 900)),
        ({"renew_timer": 0, "calculate_tee_times": True}, (0, 3150)),
    ],
)
def test_timers_are_sent_as_far_as_they_make_sense(rules, times):
    assert tee_times(parameters(**rules), 3600) == times


@pytest.mark.parametrize(
    ("rules", "row", "left"),
    [
        ({}, {"age": 100}, 3500),
        ({}, {"age": 900}, 2700),
        ({}, {"age": 901}, 0),
        ({}, {"age": -5}, 0),
        ({}, {"age": 100, "state": RELEASED}, 0),
        ({}, {"age": 100, "valid_lft": 50}, 0),
        ({"cache_threshold": 0.0}, {"age": 0}, 0),
        ({"cache_max_age": 50}, {"age": 51}, 0),
        ({"cache_max_age": 50}, {"age": 50}, 3550),
    ],
)
def test_a_young_lease_is_reusable(rules, row, left):
    assert reusable_lifetime(lease(".10", **row), 3600, NOW, parameters(**rules)) == left


def test_an_unlimited_lease_is_always_reusable():
    assert reusable_lifetime(lease(".10", valid_lft=INFINITY), INFINITY, NOW, parameters()) == INFINITY


def renewing(**more):
    return packet(REQUEST, ciaddr=a(".10"), source=a(".10"), destination=SERVER, **more)


def test_a_young_lease_is_acknowledged_without_writing_and_counted():
    store = Store.of(lease(".10", age=100))
    answer = answered(Engine4(config()), renewing(), store)
    assert (store.writes, answer[51]) == ([], packed4(3500))
    assert answer.reply.statistics == ("v4-lease-reuses", "subnet[1].v4-lease-reuses")


def test_a_young_lease_is_offered_with_what_is_left_of_it():
    answer = answered(Engine4(config()), packet(DISCOVER), Store.of(lease(".10", age=100)))
    assert answer[51] == packed4(3500)


def test_an_old_lease_is_written_anew():
    store = Store.of(lease(".10", age=1000))
    assert answered(Engine4(config()), renewing(), store)[51] == packed4(3600)
    assert store.rows[a(".10")].cltt == NOW


@pytest.mark.parametrize(
    "row",
    [
        {"valid_lft": 3000},
        {"hostname": "pc"},
        {"client_id": CLIENT_ID},
        {"fqdn_rev": True},
    ],
)
def test_a_young_lease_that_would_change_is_written_anew(row):
    store = Store.of(lease(".10", age=10, **row))
    answered(Engine4(config()), renewing(), store)
    assert len(store.writes) == 1


def test_a_young_lease_is_never_reused_on_the_word_of_an_earlier_discover():
    engine, store = Engine4(config()), Store.of(lease(".10", age=100))
    answered(engine, packet(DISCOVER), store)
    store.rows.clear()
    answered(engine, packet(REQUEST, opts={54: packed4(SERVER), 50: packed4(a(".10"))}), store)
    assert store.rows[a(".10")].hw == HW
