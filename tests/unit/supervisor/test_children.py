"""A child's life: starts, back-off, crash loop, stops."""

from __future__ import annotations

import pytest

from kea_mp.bus.messages import Health
from kea_mp.errors import ExitCode
from kea_mp.supervisor.children import (
    DEATHS_IN_WINDOW,
    FAILED_STARTS,
    FINAL_CODES,
    HANG_S,
    STEADY_S,
    WINDOW_S,
    Child,
    CrashLoop,
    Final,
    Kill,
    Kind,
    Phase,
    Start,
    Terminate,
    deadline,
    died,
    due,
    reported,
    started,
    stopped,
)


def running(kind: Kind = Kind.SERVING, now: float = 0.0, state: str = "up") -> Child:
    child, _ = due(Child("child", kind), now)
    return reported(started(child, 100, now), Health("child", 100, 1, state=state), now)


def test_a_new_child_is_started_at_once() -> None:
    child, action = due(Child("child", Kind.SERVING), 0.0)
    assert (child.phase, action) == (Phase.STARTING, Start("child"))


def test_a_child_that_was_asked_for_is_not_started_twice() -> None:
    child, _ = due(Child("child", Kind.SERVING), 0.0)
    assert due(child, 1.0)[1] is None


def test_a_packet_worker_is_healthy_with_its_first_report() -> None:
    assert running(Kind.SERVING, state="").healthy


def test_a_connection_worker_is_healthy_once_its_backend_is_up() -> None:
    child = running(Kind.CONNECTION, state="connecting")
    assert (child.phase, child.healthy) == (Phase.RUNNING, False)
    assert reported(child, Health("child", 100, 2, state="up"), 1.0).healthy


def test_a_report_of_a_dead_predecessor_changes_nothing() -> None:
    child = running()
    assert reported(child, Health("child", 99, 7), 1.0) is child


@pytest.mark.parametrize("state", ["failed", "lost"])
def test_a_connection_worker_is_healthy_once_it_has_said_that_its_backend_is_away(state: str) -> None:
    child = running(Kind.CONNECTION, state="idle")
    assert not child.healthy
    assert reported(child, Health("child", 100, 2, state=state), 1.0).healthy


def test_a_healthy_child_that_is_killed_is_started_again_at_once() -> None:
    child, verdict = died(running(), -9, 5.0)
    assert (child.phase, child.start_at, verdict) == (Phase.WAITING, 5.0, None)


def test_further_deaths_wait_longer_up_to_a_bound() -> None:
    now, waits, child = 0.0, [], running()
    for _ in range(8):
        child, verdict = died(child, 70, now)
        assert verdict is None
        waits.append(child.start_at - now)
        now = child.start_at
        child, _ = due(child, now)
        child = reported(started(child, 100, now), Health("child", 100, 1), now)
    assert waits == [0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0]


def test_deaths_of_long_ago_are_forgotten() -> None:
    child, _ = died(running(), -9, 0.0)
    child, _ = died(running_again(child), -9, WINDOW_S + 1)
    assert child.start_at == WINDOW_S + 1


def running_again(child: Child) -> Child:
    again, action = due(child, child.start_at)
    assert action == Start("child")
    return reported(started(again, 100, child.start_at), Health("child", 100, 1, state="up"), child.start_at)


def test_failed_starts_in_a_row_are_a_crash_loop() -> None:
    child, now = Child("child", Kind.SERVING), 0.0
    for attempt in range(1, FAILED_STARTS + 1):
        child, _ = due(child, now)
        child, verdict = died(started(child, 100, now), 70, now)
        assert (verdict is not None) == (attempt == FAILED_STARTS)
        now = child.start_at
    assert verdict == CrashLoop("child", FAILED_STARTS)
    assert child.phase is Phase.ENDED


def test_a_healthy_life_between_failed_starts_begins_the_count_again() -> None:
    child, now = Child("child", Kind.SERVING), 0.0
    for attempt in range(FAILED_STARTS * 2):
        child, _ = due(child, now)
        child = started(child, 100, now)
        if attempt % 2:
            child = reported(child, Health("child", 100, 1), now)
        child, verdict = died(child, 70, now)
        assert verdict is None
        now = child.start_at


def test_many_deaths_in_short_order_are_a_crash_loop_even_of_healthy_children() -> None:
    child, verdict = running(), None
    for number in range(DEATHS_IN_WINDOW):
        assert verdict is None
        child, verdict = died(child, 70, number * 0.1)
        if verdict is None:
            child = running_again(child)
    assert verdict == CrashLoop("child", DEATHS_IN_WINDOW)


@pytest.mark.parametrize("code", sorted(FINAL_CODES))
def test_a_code_that_says_no_use_ends_the_daemon(code: ExitCode) -> None:
    child, verdict = died(running(), code, 1.0)
    assert (child.phase, verdict) == (Phase.ENDED, Final("child", code))


@pytest.mark.parametrize("code", [0, 1, 70, -9, -11])
def test_any_other_end_is_answered_by_a_start(code: int) -> None:
    child, verdict = died(running(), code, 1.0)
    assert (child.phase, verdict) == (Phase.WAITING, None)


def test_a_stop_is_polite_and_then_not() -> None:
    child, action = stopped(running(), 1.0, 3.0)
    assert action == Terminate("child")
    assert due(child, 3.9)[1] is None
    child, then = due(child, 4.0)
    assert then == Kill("child")
    assert due(child, 5.0)[1] is None


def test_a_stopped_child_stays_away() -> None:
    child, _ = stopped(running(), 1.0, 3.0)
    child, verdict = died(child, 0, 2.0)
    assert (child.phase, verdict, due(child, 99.0)[1]) == (Phase.ENDED, None, None)


def test_a_child_that_waits_for_its_start_needs_no_signal() -> None:
    child, _ = died(running(), -9, 0.0)
    child, action = stopped(child, 0.0, 3.0)
    assert (child.phase, action) == (Phase.ENDED, None)


def test_a_stop_is_asked_for_once() -> None:
    child, _ = stopped(running(), 1.0, 3.0)
    again, action = stopped(child, 2.0, 3.0)
    assert (action, again.kill_at) == (None, 4.0)


def test_a_replaced_child_starts_again_without_counting_as_dead() -> None:
    child, action = stopped(running(), 1.0, 3.0, replace_it=True)
    assert action == Terminate("child")
    child, verdict = died(child, 0, 2.0)
    assert (child.phase, child.start_at, child.deaths, verdict) == (Phase.WAITING, 2.0, (), None)


def test_a_final_stop_overrules_a_replacement() -> None:
    child, _ = stopped(running(), 1.0, 3.0, replace_it=True)
    child, _ = stopped(child, 1.5, 3.0)
    assert died(child, 0, 2.0)[0].phase is Phase.ENDED


@pytest.mark.parametrize("heard", [True, False])
def test_a_child_that_does_not_report_is_killed_and_started_again(heard: bool) -> None:
    child = running() if heard else started(due(Child("child", Kind.SERVING), 0.0)[0], 100, 0.0)
    assert deadline(child) == HANG_S
    child, action = due(child, HANG_S)
    assert action == Kill("child")
    child, _ = died(child, -9, HANG_S + 0.1)
    assert child.phase is Phase.WAITING


def test_a_connection_worker_that_loads_its_leases_is_not_hung() -> None:
    child = running(Kind.CONNECTION, state="connecting")
    assert deadline(child) is None
    assert due(child, HANG_S * 100)[1] is None


def test_a_child_that_was_well_for_a_while_is_started_again_at_once() -> None:
    child, now = running(), 0.0
    for _ in range(4):
        now += STEADY_S
        child, _ = died(child, -9, now)
        assert child.start_at == now
        child = running_again(child)
