"""What is left unanswered when more arrives than can be served."""

from __future__ import annotations

from workers.serving.overload import CALM, PERSIST_S, STALE_S, TARGET_S, Queue, Shed, looked, shed
from workers.serving.traffic4 import is_discover

LONG, SHORT = TARGET_S + 0.1, TARGET_S - 0.1


def after(*looks: tuple[float, float], queue: Queue = CALM) -> Queue:
    """The queue after these looks: when, and how long packets had waited."""
    for now, waited_s in looks:
        queue = looked(queue, waited_s, now)
    return queue


OVERLOADED = after((0.0, LONG), (PERSIST_S, LONG))


def test_nothing_is_shed_while_packets_wait_for_a_short_time() -> None:
    queue = after(*((second, SHORT) for second in range(100)))
    assert shed(queue, SHORT) is Shed.NOTHING


def test_a_burst_is_served_although_its_packets_wait() -> None:
    queue = after((0.0, LONG), (PERSIST_S - 0.01, LONG))
    assert shed(queue, LONG) is Shed.NOTHING


def test_two_bursts_are_no_overload() -> None:
    queue = after((0.0, LONG), (PERSIST_S / 2, SHORT), (PERSIST_S, LONG), (PERSIST_S * 1.5, LONG))
    assert shed(queue, LONG) is Shed.NOTHING


def test_discovers_that_have_waited_for_long_are_shed_when_that_goes_on() -> None:
    assert shed(OVERLOADED, LONG) is Shed.FIRSTS
    assert shed(OVERLOADED, SHORT) is Shed.NOTHING


def test_shedding_goes_on_when_the_queue_is_short_for_a_moment() -> None:
    queue = after((2.0, SHORT), (2.0 + PERSIST_S / 2, SHORT), (3.0, LONG), queue=OVERLOADED)
    assert shed(queue, LONG) is Shed.FIRSTS


def test_shedding_ends_when_the_queue_has_been_short_for_a_while() -> None:
    queue = after((2.0, SHORT), (2.0 + PERSIST_S, SHORT), queue=OVERLOADED)
    assert shed(queue, LONG) is Shed.NOTHING


def test_what_clients_have_given_up_on_is_not_answered_at_all() -> None:
    assert shed(Queue(), STALE_S + 0.1) is Shed.ALL


def message(options: bytes) -> bytes:
    return bytes(236) + b"\x63\x82\x53\x63" + options


def test_a_discover_is_known_at_a_glance() -> None:
    assert is_discover(message(b"\x35\x01\x01\xff"))
    assert not is_discover(message(b"\x35\x01\x03\xff"))
    assert not is_discover(message(b"\x3d\x01\x01\x35\x01\x01\xff"))
    assert not is_discover(bytes(243))
    assert not is_discover(b"")
