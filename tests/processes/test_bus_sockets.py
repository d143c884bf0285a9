"""The bus on real ZeroMQ sockets: nothing blocks, nothing old is believed, garbage is counted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from kea_mp.bus.messages import PAUSE, SERVE, Answered, Directive, Health, Order
from kea_mp.bus.sockets import STALE_S, ChildBus, ParentBus
from tests.processes.daemon import eventually


@pytest.fixture
def parent(tmp_path: Path) -> Iterator[ParentBus]:
    made = ParentBus(tmp_path)
    yield made
    made.close()


@pytest.fixture
def clock() -> list[float]:
    """How far the child's clock is ahead."""
    return [0.0]


@pytest.fixture
def child(parent: ParentBus, clock: list[float]) -> Iterator[ChildBus]:
    made = ChildBus(parent.endpoints, "serving-0", lambda: time.monotonic() + clock[0])
    yield made
    made.close()


def joined(parent: ParentBus, child: ChildBus) -> None:
    """Until the subscription has arrived."""

    def heard() -> bool:
        parent.publish(Directive(0, PAUSE, 0))
        return bool(child.receive())

    eventually(heard, "the child hears")
    time.sleep(0.05)
    child.receive()


def test_directives_come_down_and_reports_go_up(parent: ParentBus, child: ChildBus) -> None:
    joined(parent, child)
    parent.publish(Directive(7, SERVE, 1))
    assert eventually(child.receive, "a directive") == [Directive(7, SERVE, 1)]
    child.send(Health("serving-0", 5, 1))
    child.send(Answered("serving-0", 3, 0))
    records = eventually(parent.receive, "a report")
    records += parent.receive()
    assert records[0] == Health("serving-0", 5, 1)


def test_a_child_sees_its_own_orders_only(parent: ParentBus, child: ChildBus) -> None:
    joined(parent, child)
    parent.publish(Order("serving-1", 1, "other"))
    parent.publish(Order("serving-0", 2, "ours"))
    assert eventually(child.receive, "an order") == [Order("serving-0", 2, "ours")]


def test_a_directive_that_was_long_under_way_is_dropped(parent: ParentBus, child: ChildBus, clock: list[float]) -> None:
    joined(parent, child)
    parent.publish(Directive(7, SERVE, 1))
    clock[0] = STALE_S + 0.1
    time.sleep(0.2)
    assert child.receive() == []


def test_garbage_is_counted_and_dropped(parent: ParentBus, child: ChildBus) -> None:
    with zmq.Context() as context, context.socket(zmq.PUSH) as stranger:
        stranger.connect(parent.endpoints.up)
        for frame in (b"", b"\xff", b"\x01\xc1", b"\x02" + bytes(50)):
            stranger.send(frame)
        eventually(lambda: parent.receive() or parent.garbage == 4, "all garbage")
    assert parent.garbage == 4


def test_a_parent_that_does_not_read_never_blocks_a_child(parent: ParentBus, child: ChildBus) -> None:
    before = time.monotonic()
    for number in range(50_000):
        child.send(Health("serving-0", 5, number))
        if child.dropped:
            break
    assert child.dropped
    assert time.monotonic() - before < 10


def test_a_child_that_does_not_read_never_blocks_the_parent(parent: ParentBus, child: ChildBus) -> None:
    joined(parent, child)
    before = time.monotonic()
    for number in range(20_000):
        parent.publish(Directive(number, SERVE, 1))
    assert time.monotonic() - before < 10


def test_the_folder_is_private_and_goes_with_the_bus(tmp_path: Path) -> None:
    bus = ParentBus(tmp_path)
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    bus.close()
    assert list(tmp_path.iterdir()) == []


def test_folders_of_the_dead_are_swept(tmp_path: Path) -> None:
    (tmp_path / "bus-999999999").mkdir()
    ParentBus(tmp_path).close()
    assert list(tmp_path.iterdir()) == []


def test_a_run_folder_with_a_path_too_long_is_refused_with_a_reason(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 90)
    deep.mkdir()
    with pytest.raises(OSError, match="too long"):
        ParentBus(deep)
