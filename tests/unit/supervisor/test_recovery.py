"""The recovery of one backend: every row of what a backend's state means, and of what happens to the service."""

from __future__ import annotations

import pytest

from kea_mp.bus.messages import SCHEMA_MISMATCH
from kea_mp.supervisor.recovery import (
    FIRST_PROBE_S,
    GRACE_S,
    JITTER,
    LONGEST_PROBE_S,
    SETTLED_S,
    Connected,
    Due,
    End,
    Event,
    Failed,
    Gone,
    Lost,
    News,
    OnFail,
    Phase,
    Policy,
    Recovery,
    Tell,
    pauses,
    step,
)

TRIES, WAIT_S = 3, 2.0
STOP, SERVE_EXIT, CONTINUE = OnFail.STOP_EXIT, OnFail.SERVE_EXIT, OnFail.SERVE_CONTINUE
EVERY = pytest.mark.parametrize("on_fail", OnFail)
EXITS = pytest.mark.parametrize("on_fail", [STOP, SERVE_EXIT])
SERVES = pytest.mark.parametrize("on_fail", [SERVE_EXIT, CONTINUE])


class Scene:
    """One backend, its worker and a clock."""

    def __init__(
        self, on_fail: OnFail = STOP, tries: int = TRIES, wait_s: float = WAIT_S,
        retry_first: bool = False, reconfiguring: bool = False,
    ) -> None:  # fmt: skip
        self.policy = Policy(on_fail, tries, wait_s, retry_first)
        self.state = Recovery(since=0.0, reconfiguring=reconfiguring)
        self.now, self.draw = 0.0, 0.0
        self.news: list[News] = []
        self.told: list[Tell] = []
        self.exit_code: int | None = None

    def feed(self, event: Event) -> None:
        self.state, actions = step(self.policy, self.state, event, self.now, self.draw)
        for action in actions:
            match action:
                case Tell(news):
                    self.news.append(news)
                    self.told.append(action)
                case End(code):
                    assert self.exit_code is None
                    self.exit_code = code

    def connect(self) -> None:
        assert self.state.wanted is not None
        self.feed(Connected())

    def fail(self, error_class: str = "unreachable") -> None:
        assert self.state.wanted is not None, "nothing was to be attempted"
        self.feed(Failed(self.state.wanted, "connection refused", error_class))

    def lose(self) -> None:
        self.feed(Lost(self.state.attempt, "the server has gone away", "unreachable"))

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.feed(Due())

    def exhaust(self) -> None:
        """All tries fail."""
        for number in range(TRIES):
            self.fail()
            if number < TRIES - 1:
                self.wait(WAIT_S)

    @property
    def paused(self) -> bool:
        return pauses(self.policy, self.state)


def up(on_fail: OnFail = STOP, **policy: float) -> Scene:
    scene = Scene(on_fail, **policy)  # type: ignore[arg-type]
    scene.connect()
    return scene


# ---- states of a backend ------------------------------------------------------------------------------------------


@EVERY
def test_connecting_connected_is_up(on_fail: OnFail) -> None:
    scene = Scene(on_fail)
    assert (scene.state.shown, scene.state.wanted, scene.paused) == ("connecting", 1, True)
    scene.connect()
    assert (scene.state.shown, scene.state.wanted, scene.paused, scene.news) == ("up", None, False, [])


@EVERY
def test_up_lost_is_retrying_with_the_first_try_at_once(on_fail: OnFail) -> None:
    scene = up(on_fail)
    scene.lose()
    assert (scene.state.shown, scene.state.tries, scene.state.wanted) == ("retrying", 1, 2)


@EVERY
def test_retrying_connected_is_up(on_fail: OnFail) -> None:
    scene = up(on_fail)
    scene.lose()
    scene.connect()
    assert (scene.state.shown, scene.paused, scene.news) == ("up", False, [News.LOST, News.RECOVERED])


def test_retrying_waits_after_the_previous_attempt_has_failed() -> None:
    scene = up()
    scene.lose()
    scene.now = 5.0  # that is how long the attempt takes
    scene.fail()
    assert (scene.state.shown, scene.state.wanted, scene.state.due) == ("retrying", None, 5.0 + WAIT_S)
    scene.wait(WAIT_S - 0.001)
    assert scene.state.wanted is None
    scene.wait(0.001)
    assert (scene.state.wanted, scene.state.tries) == (3, 2)


@EXITS
def test_retrying_with_all_tries_failed_is_given_up_and_exits_75(on_fail: OnFail) -> None:
    scene = up(on_fail)
    scene.lose()
    scene.exhaust()
    assert (scene.exit_code, scene.state.phase) == (75, Phase.ENDED)
    assert scene.news[-1] is News.EXHAUSTED


def test_retrying_with_all_tries_failed_is_given_up_and_goes_on_probing() -> None:
    scene = up(CONTINUE)
    scene.lose()
    scene.exhaust()
    assert (scene.exit_code, scene.state.shown, scene.state.due) == (None, "given-up", scene.now + FIRST_PROBE_S)


def test_probes_come_after_waits_that_double_up_to_a_minute() -> None:
    scene = up(CONTINUE)
    scene.lose()
    scene.exhaust()
    waits = []
    for _ in range(9):
        assert scene.state.due is not None
        waits.append(scene.state.due - scene.now)
        scene.wait(waits[-1])
        scene.fail()
    assert waits == [1, 1, 2, 4, 8, 16, 32, LONGEST_PROBE_S, LONGEST_PROBE_S]


def test_the_waits_between_probes_have_jitter() -> None:
    scene = up(CONTINUE)
    scene.draw = 0.5
    scene.lose()
    scene.exhaust()
    assert scene.state.due == scene.now + FIRST_PROBE_S * (1 - JITTER / 2)


def test_given_up_connected_is_up() -> None:
    scene = up(CONTINUE)
    scene.lose()
    scene.exhaust()
    scene.wait(FIRST_PROBE_S)
    scene.connect()
    assert (scene.state.shown, scene.news[-1], scene.paused) == ("up", News.RECOVERED, False)


@EVERY
def test_schema_mismatch_at_the_start_exits_76_and_is_not_retried(on_fail: OnFail) -> None:
    for retry_first in (False, True):
        scene = Scene(on_fail, retry_first=retry_first)
        scene.fail(SCHEMA_MISMATCH)
        assert (scene.exit_code, scene.state.wanted, scene.news) == (76, None, [News.WRONG_SCHEMA])


def test_schema_mismatch_during_a_retry_is_a_failed_attempt_with_its_own_class() -> None:
    scene = up()
    scene.lose()
    scene.fail(SCHEMA_MISMATCH)
    assert (scene.exit_code, scene.state.shown, scene.state.error_class) == (None, "retrying", SCHEMA_MISMATCH)


@pytest.mark.parametrize("tries", [1, 2, 10])
def test_n_tries_are_n_attempts_and_n_minus_1_waits(tries: int) -> None:
    scene = up(tries=tries)
    scene.lose()
    attempts, began = 0, scene.now
    while scene.exit_code is None:
        if scene.state.wanted:
            attempts += 1
            scene.fail()
        else:
            scene.wait(WAIT_S)
    assert (attempts, scene.now - began) == (tries, (tries - 1) * WAIT_S)


def test_tries_are_counted_afresh_after_each_success() -> None:
    scene = up()
    for _ in range(5):
        scene.wait(SETTLED_S)
        scene.lose()
        assert scene.state.tries == 1
        for _ in range(TRIES - 1):
            scene.fail()
            scene.wait(WAIT_S)
        scene.connect()
    assert scene.exit_code is None


def test_a_backend_that_is_lost_as_soon_as_it_has_recovered_is_not_connected_to_all_the_time() -> None:
    scene = up()
    scene.lose()
    scene.connect()
    scene.now += SETTLED_S / 2
    scene.lose()
    assert (scene.state.shown, scene.state.wanted, scene.state.tries, scene.paused) == ("retrying", None, 0, True)
    scene.wait(WAIT_S)
    assert (scene.state.wanted, scene.state.tries) == (3, 1)
    scene.connect()
    scene.now += SETTLED_S
    scene.lose()
    assert scene.state.wanted == 4


def test_probes_are_not_at_once_either_after_a_return_that_did_not_last() -> None:
    scene = up(CONTINUE, tries=0)
    scene.lose()
    scene.connect()
    scene.lose()
    assert (scene.state.shown, scene.state.wanted, scene.state.due) == ("given-up", None, scene.now + FIRST_PROBE_S)


def test_the_next_attempt_is_known_while_it_is_waited_for() -> None:
    scene = up(CONTINUE)
    scene.feed(Gone("killed"))
    assert scene.state.next_attempt is None  # the end of the grace is none
    scene.fail()
    assert scene.state.next_attempt == WAIT_S
    scene.wait(WAIT_S)
    assert scene.state.next_attempt is None
    scene.fail()
    scene.wait(WAIT_S)
    scene.fail()
    assert scene.state.next_attempt == scene.now + FIRST_PROBE_S


def test_the_loss_is_told_once_and_dated_from_its_beginning() -> None:
    scene = up()
    scene.now = 10.0
    scene.lose()
    scene.fail()
    scene.wait(WAIT_S)
    scene.fail()
    assert (scene.state.lost_at, scene.state.since, scene.news.count(News.LOST)) == (10.0, 10.0, 1)


# ---- what happens to the service ------------------------------------------------------------------------------------


@EVERY
def test_start_up_with_retry_false_and_an_unreachable_backend_exits_69(on_fail: OnFail) -> None:
    scene = Scene(on_fail)
    scene.fail()
    assert (scene.exit_code, scene.paused, scene.news) == (69, True, [News.CANNOT_START])
    assert scene.told[0].error == "connection refused"


def test_start_up_with_retry_true_and_stop_is_paused_and_retried() -> None:
    scene = Scene(STOP, retry_first=True)
    scene.fail()
    assert (scene.exit_code, scene.paused, scene.state.shown) == (None, True, "retrying")
    assert scene.news == [News.RETRY_FIRST, News.LOST]


@SERVES
def test_start_up_with_retry_true_and_serve_is_served_and_retried(on_fail: OnFail) -> None:
    scene = Scene(on_fail, retry_first=True)
    scene.fail()
    assert (scene.exit_code, scene.paused, scene.state.shown) == (None, False, "retrying")


@EVERY
def test_start_up_with_retry_true_recovers_by_itself(on_fail: OnFail) -> None:
    scene = Scene(on_fail, retry_first=True)
    scene.fail()
    scene.fail()
    scene.wait(WAIT_S)
    scene.connect()
    assert (scene.paused, scene.state.shown, scene.state.ever_up) == (False, "up", True)


@EXITS
def test_start_up_with_retry_true_given_up_exits_75_after_n_tries_besides_the_first_attempt(on_fail: OnFail) -> None:
    scene = Scene(on_fail, retry_first=True)
    scene.fail()
    scene.exhaust()
    assert (scene.exit_code, scene.state.attempt) == (75, 1 + TRIES)


def test_running_lost_rec_stop_is_paused_until_it_is_back() -> None:
    scene = up(STOP)
    scene.lose()
    assert scene.paused
    scene.fail()
    assert scene.paused
    scene.wait(WAIT_S)
    assert scene.paused
    scene.connect()
    assert not scene.paused


@SERVES
def test_running_lost_rec_serve_is_served_throughout(on_fail: OnFail) -> None:
    scene = up(on_fail)
    scene.lose()
    assert not scene.paused
    scene.fail()
    assert not scene.paused
    scene.wait(WAIT_S)
    scene.connect()
    assert not scene.paused


def test_running_lost_rec_serve_continue_stays_and_keeps_probing_after_n_failed() -> None:
    scene = up(CONTINUE)
    scene.lose()
    scene.exhaust()
    assert (scene.exit_code, scene.paused, scene.news[-1]) == (None, False, News.EXHAUSTED)
    scene.wait(FIRST_PROBE_S)
    assert scene.state.wanted is not None


@pytest.mark.parametrize(("tries", "wait_s"), [(0, 0.0), (0, 5.0), (5, 0.0)])
@EXITS
def test_running_lost_no_rec_exits_75_because_recovery_is_not_configured(
    on_fail: OnFail, tries: int, wait_s: float
) -> None:
    scene = up(on_fail, tries=tries, wait_s=wait_s)
    scene.lose()
    assert (scene.exit_code, scene.news) == (75, [News.LOST, News.NOT_CONFIGURED])
    assert scene.state.wanted is None


def test_running_lost_no_rec_serve_continue_probes_the_first_time_at_once() -> None:
    scene = up(CONTINUE, tries=0)
    scene.lose()
    assert (scene.exit_code, scene.paused, scene.state.shown) == (None, False, "given-up")
    assert scene.state.wanted is not None
    scene.fail()
    assert scene.state.due == scene.now + FIRST_PROBE_S
    scene.wait(FIRST_PROBE_S)
    scene.connect()
    assert scene.state.shown == "up"


def test_start_up_with_retry_true_no_rec_is_as_a_loss_without_recovery() -> None:
    assert _failed_first(STOP).exit_code == 75
    assert _failed_first(CONTINUE).state.shown == "given-up"


def _failed_first(on_fail: OnFail) -> Scene:
    scene = Scene(on_fail, tries=0, retry_first=True)
    scene.fail()
    return scene


@EVERY
@pytest.mark.parametrize("error_class", ["unreachable", SCHEMA_MISMATCH])
def test_reconfiguration_with_r_false_and_an_unreachable_backend_pauses_and_ends_nothing(
    on_fail: OnFail, error_class: str
) -> None:
    scene = Scene(on_fail, reconfiguring=True)
    scene.fail(error_class)
    assert (scene.state.phase, scene.exit_code, scene.paused) == (Phase.REFUSED, None, True)
    scene.wait(1e6)
    assert (scene.state.wanted, scene.news) == (None, [News.CANNOT_RECONFIGURE])


@EVERY
def test_reconfiguration_with_r_true_is_as_start_up_with_r_true(on_fail: OnFail) -> None:
    scene = Scene(on_fail, reconfiguring=True, retry_first=True)
    scene.fail()
    assert (scene.exit_code, scene.paused, scene.state.shown) == (None, on_fail is STOP, "retrying")


# ---- the connection worker's process --------------------------------------------------------------------------------


@EVERY
def test_a_process_that_ends_while_its_backend_is_well_pauses_only_after_the_grace(on_fail: OnFail) -> None:
    scene = up(on_fail)
    scene.feed(Gone("killed"))
    assert (scene.paused, scene.state.wanted, scene.state.shown) == (False, 2, "restarting")
    scene.wait(GRACE_S - 0.01)
    assert not scene.paused
    scene.wait(0.02)
    assert scene.paused is (on_fail is STOP)
    scene.connect()
    assert (scene.state.shown, scene.paused) == ("up", False)


@EVERY
def test_nobody_notices_a_process_that_is_replaced_within_the_grace(on_fail: OnFail) -> None:
    scene = up(on_fail, tries=0)
    scene.feed(Gone("killed"))
    scene.feed(Gone("killed again"))
    assert scene.state.wanted == 3
    scene.connect()
    assert (scene.news, scene.exit_code, scene.state.tries) == ([], None, 0)


@EXITS
def test_a_process_that_comes_back_to_an_unreachable_backend_exits_75_and_never_69(on_fail: OnFail) -> None:
    scene = up(on_fail)
    scene.feed(Gone("killed"))
    scene.exhaust()
    assert (scene.exit_code, scene.state.attempt) == (75, 1 + TRIES)
    without = up(on_fail, tries=0)
    without.feed(Gone("killed"))
    without.fail()
    assert (without.exit_code, without.news) == (75, [News.LOST, News.NOT_CONFIGURED])


def test_a_process_that_is_killed_over_a_try_has_failed_it() -> None:
    scene = up()
    scene.lose()
    scene.feed(Gone("killed"))
    assert (scene.state.tries, scene.state.due, scene.state.error_class) == (1, scene.now + WAIT_S, "process")


def test_a_process_that_is_killed_between_two_tries_changes_nothing() -> None:
    scene = up()
    scene.lose()
    scene.fail()
    before = scene.state
    scene.feed(Gone("killed"))
    assert scene.state == before


def test_a_process_that_is_killed_before_it_was_ever_up_makes_the_first_attempt_again() -> None:
    scene = Scene()
    scene.feed(Gone("killed"))
    assert (scene.state.shown, scene.state.wanted, scene.exit_code) == ("connecting", 2, None)


# ---- old and repeated reports ---------------------------------------------------------------------------------------


def test_a_report_about_an_older_attempt_changes_nothing() -> None:
    scene = up()
    scene.lose()
    before = scene.state
    scene.feed(Lost(1, "again"))
    scene.feed(Failed(1, "old"))
    assert scene.state == before


def test_a_repeated_report_of_a_failure_is_no_second_try() -> None:
    scene = up()
    scene.lose()
    scene.fail()
    before = scene.state
    scene.feed(Failed(2, "connection refused"))
    assert scene.state == before


def test_a_connection_that_was_lost_before_anybody_heard_of_it_is_a_failed_try() -> None:
    scene = up()
    scene.lose()
    scene.feed(Lost(2, "lost at once"))
    assert (scene.state.shown, scene.state.due) == ("retrying", scene.now + WAIT_S)


def test_after_the_end_nothing_happens_any_more() -> None:
    scene = Scene()
    scene.fail()
    before = scene.state
    for event in (Connected(), Lost(1), Failed(1), Gone(), Due()):
        scene.feed(event)
    assert scene.state == before
