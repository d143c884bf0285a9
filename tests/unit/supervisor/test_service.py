"""The service: reasons → directive."""

from __future__ import annotations

from kea_mp.bus.messages import EXIT, PAUSE, SERVE, Directive, Health
from kea_mp.supervisor.service import (
    Service,
    acknowledged,
    asked_to_report,
    ended,
    leaving,
    paused,
    resumed,
)


def test_without_a_reason_it_serves() -> None:
    assert Service().mode == SERVE


def test_a_reason_pauses_and_raises_the_epoch() -> None:
    after = paused(Service(), "user", 5.0)
    assert (after.mode, after.epoch, after.since) == (PAUSE, 2, 5.0)


def test_a_second_reason_does_not_raise_the_epoch() -> None:
    once = paused(Service(), "user", 5.0)
    assert paused(once, "lease-database", 6.0).epoch == once.epoch


def test_the_same_reason_twice_is_lifted_by_one_removal() -> None:
    twice = paused(paused(Service(), "user", 1.0), "user", 2.0)
    assert resumed(twice, "user", 3.0).mode == SERVE


def test_removing_one_reason_leaves_the_others() -> None:
    both = paused(paused(Service(), "user", 1.0), "lease-database", 2.0)
    assert resumed(both, "user", 3.0).mode == PAUSE


def test_removing_a_reason_that_is_not_there_changes_nothing() -> None:
    state = paused(Service(), "lease-database", 1.0)
    assert resumed(state, "user", 2.0) is state


def test_a_reason_keeps_its_beginning_and_takes_the_new_limit() -> None:
    twice = paused(paused(Service(), "user", 1.0, until=10.0), "user", 5.0, until=20.0)
    assert (twice.reasons["user"].since, twice.reasons["user"].until) == (1.0, 20.0)


def test_a_limit_that_is_taken_back_leaves_a_pause_for_good() -> None:
    twice = paused(paused(Service(), "user", 1.0, until=10.0), "user", 5.0)
    assert ended(twice, 1000.0).mode == PAUSE


def test_a_reason_ends_at_its_limit_and_not_before() -> None:
    state = paused(Service(), "user", 1.0, until=10.0)
    assert ended(state, 9.9) is state
    assert ended(state, 10.0).mode == SERVE


def test_the_next_end_is_the_earliest_limit() -> None:
    state = paused(paused(paused(Service(), "a", 0.0, until=9.0), "b", 0.0, until=7.0), "c", 0.0)
    assert state.next_end == 7.0
    assert Service().next_end is None


def test_leaving_outweighs_everything_and_raises_the_epoch_once() -> None:
    state = leaving(paused(Service(), "user", 1.0), 2.0)
    assert (state.mode, state.epoch) == (EXIT, 3)
    assert leaving(state, 3.0).epoch == 3
    assert resumed(state, "user", 4.0).mode == EXIT


def test_asking_for_reports_changes_the_directive_but_not_its_epoch() -> None:
    before, after = Service(), asked_to_report(Service())
    assert before.directive != after.directive
    assert before.directive.epoch == after.directive.epoch


def directive(mode: str) -> Directive:
    return Directive(epoch=4, mode=mode, generation=2)


def report(epoch: int = 4, generation: int = 2, mode: str = SERVE) -> Health:
    return Health("serving-0", 100, 1, epoch=epoch, generation=generation, mode=mode)


def test_a_worker_that_says_so_follows() -> None:
    assert acknowledged(directive(SERVE), report(), 0.1, 2.0)


def test_a_worker_that_has_heard_serve_but_holds_back_does_not_follow() -> None:
    assert not acknowledged(directive(SERVE), report(mode=PAUSE), 0.1, 2.0)


def test_a_worker_with_an_older_epoch_does_not_follow_yet() -> None:
    assert not acknowledged(directive(PAUSE), report(epoch=3), 0.1, 2.0)


def test_a_worker_of_an_older_generation_does_not_follow() -> None:
    assert not acknowledged(directive(SERVE), report(generation=1), 0.1, 2.0)


def test_a_silent_worker_does_not_serve_so_a_pause_holds_for_it() -> None:
    assert acknowledged(directive(PAUSE), report(epoch=3), 2.1, 2.0)
    assert not acknowledged(directive(SERVE), report(epoch=4), 2.1, 2.0)


def test_a_worker_that_was_never_heard_does_not_serve() -> None:
    assert acknowledged(directive(PAUSE), None, 0.0, 2.0)
    assert not acknowledged(directive(SERVE), None, 0.0, 2.0)
