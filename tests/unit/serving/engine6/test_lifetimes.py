"""Lifetimes, T1 and T2 of what is given.

Runs in: any
"""

from __future__ import annotations

import pytest

from kea_mp.config.model import Lifetime
from kea_mp.config.model6 import ClientClass6
from kea_mp.dhcp.message6 import SOLICIT
from kea_mp.values import INFINITY
from tests.unit.serving.engine6.world import (
    answered,
    engine,
    na,
    packet,
    parameters,
    subnet,
)


@pytest.mark.parametrize(
    ("asked", "given"),
    [((0, 0), (3000, 4000)), ((1500, 2500), (1500, 2500)), ((1, 1), (1000, 2000)), ((9999, 9999), (6000, 8000))],
)
def test_lifetimes_are_what_is_asked_for_within_the_limits(asked: tuple[int, int], given: tuple[int, int]) -> None:
    answer = answered(engine(), packet(SOLICIT, na(1, "::15", preferred=asked[0], valid=asked[1])))
    assert (answer.address.preferred, answer.address.valid) == given


def test_a_preferred_lifetime_that_is_not_set_is_five_eighths_of_the_valid_one() -> None:
    server = engine(subnet(parameters=parameters(preferred_lifetime=None)))
    assert answered(server, packet(SOLICIT, na())).address.preferred == 2500


def test_a_preferred_lifetime_longer_than_the_valid_one_is_five_eighths_of_it() -> None:
    server = engine(subnet(parameters=parameters(preferred_lifetime=Lifetime(5000, 5000, 5000))))
    assert answered(server, packet(SOLICIT, na())).address.preferred == 2500


def test_a_class_sets_both_lifetimes() -> None:
    named = ClientClass6(
        "VENDOR_CLASS_x", preferred_lifetime=Lifetime(10, 10, 10), valid_lifetime=Lifetime(20, 20, 20)
    )  # fmt: skip
    of_vendor = {16: b"\0\0\0\7\0\1x"}
    answer = answered(engine(classes=(named,)), packet(SOLICIT, na(), opts=of_vendor))
    assert (answer.address.preferred, answer.address.valid) == (10, 20)


def test_unlimited_lifetimes_stay_unlimited() -> None:
    forever = Lifetime(INFINITY, INFINITY, INFINITY)
    server = engine(subnet(parameters=parameters(valid_lifetime=forever, preferred_lifetime=None)))
    answer = answered(server, packet(SOLICIT, na()))
    assert (answer.address.preferred, answer.address.valid) == (INFINITY, INFINITY)


@pytest.mark.parametrize(
    ("more", "times"),
    [
        ({"renew_timer": 900, "rebind_timer": 1800}, (900, 1800)),
        ({"renew_timer": 1800, "rebind_timer": 900}, (0, 900)),
        ({"calculate_tee_times": False}, (0, 0)),
        ({"rebind_timer": 9999}, (1500, 9999)),
        ({"t1_percent": 0.25, "t2_percent": 0.75}, (750, 2250)),
    ],
)
def test_t1_and_t2_are_configured_or_computed(more: dict[str, float], times: tuple[int, int]) -> None:
    answer = answered(engine(subnet(parameters=parameters(**more))), packet(SOLICIT, na()))
    assert (answer.ia().t1, answer.ia().t2) == times
