"""What command handlers wait for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from kea_mp.bus.messages import Answered, Health, Order
from kea_mp.control.answer import Answer
from kea_mp.control.daemon import COMPUTE_S, REPORT_S, Acknowledged, Applied, Computed, Ordered, Reported, Wait
from kea_mp.supervisor.backends import Backend, Role
from kea_mp.supervisor.children import Kind
from kea_mp.supervisor.core import SILENCE_S, Core, Died, Disable, Heard, Started, Tick
from kea_mp.supervisor.recovery import Policy
from kea_mp.supervisor.waiting import Aside, Waiting, begun

LEASES, WORKER = "connection-lease-database", "serving-0"
PIDS = {LEASES: 10, WORKER: 20}
BACKEND = Backend(LEASES, Role.LEASES, "postgresql", "kea", policy=Policy(tries=10, wait_s=4.0))


@dataclass
class FakeComputing:
    """A process that ends when the test says so."""

    function: Callable[[bytes], Answer]
    data: bytes
    sentinel: int = 7
    over: bool = False
    killed: bool = False

    def finish(self) -> Answer | None:
        self.killed = not self.over
        return self.function(self.data) if self.over else None


def told(data: bytes) -> Answer:
    return Answer(0, data.decode())


class Scene:
    """A core with two children that run, and the orders that were sent."""

    def __init__(self) -> None:
        self.core = Core(((LEASES, Kind.CONNECTION), (WORKER, Kind.SERVING)), (BACKEND,), "1.0", 0.0)
        self.sent: list[Order] = []
        self.computing: list[FakeComputing] = []
        self.aside = Aside(self.compute)
        self.core.receive(Tick(), 0.0)
        for child, pid in PIDS.items():
            self.core.receive(Started(child, pid), 0.0)
            self.report(child)

    def report(self, child: str, now: float = 0.0) -> None:
        directive = self.core.service.directive
        state = "up" if child == LEASES else ""
        health = Health(child, PIDS[child], 1, directive.epoch, 1, directive.mode, directive.report, state)
        self.core.receive(Heard(health), now)

    def compute(self, function: Callable[[bytes], Answer], data: bytes) -> FakeComputing:
        self.computing.append(FakeComputing(function, data))
        return self.computing[-1]

    def begin(self, wait: Wait, now: float = 0.0) -> Waiting:
        feed = partial(self.core.receive, now=now)
        return begun(wait, self.core, feed, self.sent.append, self.aside, lambda applied, _: self.apply(applied), now)

    def apply(self, wait: Applied) -> Waiting:
        raise AssertionError("no test of this file changes the configuration")


def test_acknowledged_is_over_when_every_worker_follows() -> None:
    scene = Scene()
    scene.report(WORKER)
    scene.core.receive(Disable("user"), 0.0)
    waiting = scene.begin(Acknowledged())
    assert not waiting.over(0.1)
    scene.report(WORKER, 0.2)
    assert waiting.over(0.2)


def test_acknowledged_ends_by_the_silence_limit() -> None:
    scene = Scene()
    scene.core.receive(Disable("user"), 0.0)
    waiting = scene.begin(Acknowledged())
    assert waiting.over(SILENCE_S)


def test_reported_asks_and_is_over_when_every_child_has_reported() -> None:
    scene = Scene()
    before = scene.core.service.report
    waiting = scene.begin(Reported())
    assert scene.core.service.report == before + 1
    scene.report(LEASES)
    assert not waiting.over(0.01)
    scene.report(WORKER)
    assert waiting.over(0.02)


def test_reported_ends_by_its_bound() -> None:
    assert Scene().begin(Reported()).over(REPORT_S)


def test_reported_does_not_wait_for_the_dead() -> None:
    scene = Scene()
    waiting = scene.begin(Reported())
    scene.report(LEASES)
    scene.core.receive(Died(WORKER, -9), 0.01)
    assert waiting.over(0.02)


def test_an_order_is_sent_and_its_answer_comes_back() -> None:
    scene = Scene()
    waiting = scene.begin(Ordered(LEASES, "leases-reclaim", {"remove": True}))
    (order,) = scene.sent
    assert (order.child, order.command, order.arguments) == (LEASES, "leases-reclaim", {"remove": True})
    assert not waiting.over(0.1)
    waiting.answered(Answered(LEASES, order.number, 0, "done", {"count": 3}))
    assert waiting.value(0.1) == Answer(0, "done", {"count": 3})


def test_an_answer_to_another_order_is_not_ours() -> None:
    scene = Scene()
    waiting = scene.begin(Ordered(LEASES, "leases-reclaim"))
    waiting.answered(Answered(LEASES, scene.sent[0].number + 1, 0))
    assert not waiting.over(0.1)


def test_an_order_to_a_child_that_does_not_run_fails_at_once_and_is_not_sent() -> None:
    scene = Scene()
    scene.core.receive(Died(LEASES, -9), 0.0)
    waiting = scene.begin(Ordered(LEASES, "leases-reclaim"))
    answer = waiting.value(0.0)
    assert waiting.over(0.0)
    assert scene.sent == []
    assert answer is not None
    assert (answer.result, "lease-database is being opened again" in answer.text) == (1, True)


def test_a_child_that_dies_over_an_order_ends_the_wait() -> None:
    scene = Scene()
    waiting = scene.begin(Ordered(LEASES, "leases-reclaim"))
    scene.core.receive(Died(LEASES, -9), 0.1)
    scene.core.receive(Started(LEASES, 11), 0.1)
    assert waiting.over(0.2)


def test_a_child_that_is_too_slow_ends_the_wait_with_an_error() -> None:
    scene = Scene()
    waiting = scene.begin(Ordered(LEASES, "leases-reclaim", patience_s=3.0))
    scene.report(LEASES, 2.0)
    assert not waiting.over(2.9)
    assert waiting.over(3.0)
    answer = waiting.value(3.0)
    assert answer is not None
    assert answer.result == 1


def test_an_order_to_a_child_that_is_frozen_ends_by_the_silence_limit() -> None:
    scene = Scene()
    scene.report(LEASES, 1.0)
    waiting = scene.begin(Ordered(LEASES, "leases-reclaim", patience_s=60.0), 1.5)
    assert waiting.until == 1.5 + SILENCE_S
    assert not waiting.over(1.4 + SILENCE_S)
    assert waiting.over(1.5 + SILENCE_S)
    answer = waiting.value(1.5 + SILENCE_S)
    assert answer is not None
    assert (answer.result, "has not reported for 2.5 s" in answer.text) == (1, True)


def test_a_child_that_reports_may_take_its_time_over_an_order() -> None:
    scene = Scene()
    waiting = scene.begin(Ordered(LEASES, "leases-reclaim", patience_s=60.0))
    for second in range(60):
        scene.report(LEASES, second)
        assert not waiting.over(second + 0.5)
    assert waiting.over(60.0)


def test_computations_go_one_after_the_other() -> None:
    scene = Scene()
    first, second = (scene.begin(Computed(told, data)) for data in (b"one", b"two"))
    assert [one.data for one in scene.computing] == [b"one"]
    assert scene.aside.sentinels == [7]
    scene.computing[0].over = True
    scene.aside.turn(0.1)
    assert (first.over(0.1), second.over(0.1)) == (True, False)
    assert first.value(0.1) == Answer(0, "one")
    scene.computing[1].over = True
    scene.aside.turn(0.2)
    assert second.value(0.2) == Answer(0, "two")
    assert scene.aside.sentinels == []


def test_a_computation_that_takes_too_long_is_killed_and_the_next_begins() -> None:
    scene = Scene()
    first = scene.begin(Computed(told, b"one"))
    second = scene.begin(Computed(told, b"two"), 1.0)
    assert first.over(COMPUTE_S)
    answer = first.value(COMPUTE_S)
    assert answer is not None
    assert answer.result == 1
    scene.aside.turn(COMPUTE_S)
    assert [one.killed for one in scene.computing] == [True, False]
    assert not second.over(COMPUTE_S)


def test_without_room_for_a_process_a_computation_fails() -> None:
    def no_room(_function: Callable[[bytes], Answer], _data: bytes) -> FakeComputing:
        raise OSError(11, "Resource temporarily unavailable")

    scene = Scene()
    scene.aside = Aside(no_room)
    answer = scene.begin(Computed(told, b"")).value(0.0)
    assert answer is not None
    assert (answer.result, "Resource" in answer.text) == (1, True)


def test_at_the_end_no_computation_goes_on() -> None:
    scene = Scene()
    scene.begin(Computed(told, b""))
    scene.aside.close()
    assert scene.computing[0].killed


def lose(scene: Scene, now: float) -> None:
    scene.core.receive(Heard(Health(LEASES, PIDS[LEASES], 2, state="lost", generation=1, attempt=1)), now)


def test_an_order_to_a_backend_that_is_away_is_refused_at_once_with_its_state_and_not_sent() -> None:
    scene = Scene()
    lose(scene, 1.0)
    scene.core.receive(Heard(Health(LEASES, 10, 3, state="failed", generation=1, attempt=2, error="refused")), 2.0)
    waiting = scene.begin(Ordered(LEASES, "lease-get"), 3.0)
    assert (waiting.over(3.0), scene.sent) == (True, [])
    assert waiting.value(3.0) == Answer(1, "lease-database lost 2 s ago, try 2 of 10 in 3 s: refused")


def test_a_backend_that_is_lost_over_an_order_ends_the_wait() -> None:
    scene = Scene()
    waiting = scene.begin(Ordered(LEASES, "lease-get"))
    assert not waiting.over(0.1)
    lose(scene, 0.2)
    assert waiting.over(0.2)
    answer = waiting.value(0.2)
    assert answer is not None
    assert (answer.result, answer.text) == (1, "lease-database lost 0 s ago, try 1 of 10 under way")
