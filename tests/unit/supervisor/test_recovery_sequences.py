"""Every sequence of up to six events of one backend, under every policy, with what must hold after each of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

import pytest

from kea_mp.bus.messages import SCHEMA_MISMATCH
from kea_mp.supervisor.recovery import (
    Action,
    Connected,
    Due,
    End,
    Event,
    Failed,
    Gone,
    Lost,
    OnFail,
    Phase,
    Policy,
    Recovery,
    pauses,
    step,
)

LENGTH = 6
TRIES, WAIT_S, GRACE_S = 2, 5.0, 2.0
STARTS = ("start", "reconfiguration", "reconfiguration while serving")


@dataclass(frozen=True)
class Truth:
    """What is so, kept by the test itself. connected: the worker has a connection. ever: it had one under this
    configuration. outage: it is known that the backend is away; tries: since then. gone_at: when the process ended
    over a connection. moment: until then packets may wait for a reconfiguration."""

    connected: bool = False
    ever: bool = False
    tries: int = 0
    outage: bool = False
    gone_at: float | None = None
    moment: float = 0.0


@dataclass(frozen=True)
class Case:
    policy: Policy
    reconfiguring: bool
    state: Recovery
    truth: Truth
    now: float = 0.0


def possible(case: Case) -> list[tuple[str, Event, float]]:
    """What can happen now: events of the worker that there is, time in part and in full, and old reports."""
    state, found = case.state, []
    if case.truth.connected:
        found.append(("lost", Lost(state.attempt, "lost"), 0.0))
    if state.wanted is not None:
        found.append(("connected", Connected(), 0.0))
        found.append(("failed", Failed(state.wanted, "refused"), 0.0))
        found.append(("schema", Failed(state.wanted, "version", SCHEMA_MISMATCH), 0.0))
    found.append(("gone", Gone("killed"), 0.0))
    found.append(("old", Failed(state.attempt - 1, "old"), 0.0))
    if state.due is not None:
        left = state.due - case.now
        found.append(("some time", Due(), left / 2))
        found.append(("time", Due(), left))
    return found


def seen(truth: Truth, name: str, before: Recovery, after: Recovery, now: float) -> Truth:
    """The truth after an event. A try is a new number that is wanted in an outage."""
    match name:
        case "connected":
            return Truth(connected=True, ever=True)
        case "gone" if truth.connected:
            return replace(truth, connected=False, gone_at=now)
        case "gone" if truth.gone_at is not None and not truth.outage:
            return truth
        case "lost" | "failed" | "schema" if not truth.outage:
            asked = 1 if truth.gone_at is not None else 0  # the attempt of a new process was the first try
            truth = Truth(ever=truth.ever, outage=True, tries=asked, gone_at=truth.gone_at)
    new = after.wanted is not None and after.attempt > before.attempt and truth.outage
    return replace(truth, tries=truth.tries + 1) if new else truth


def check(case: Case, after: Case, name: str, actions: tuple[Action, ...], path: str) -> None:
    policy, state, truth = case.policy, after.state, after.truth
    paused = pauses(policy, state)
    codes = [action.code for action in actions if isinstance(action, End)]
    grace_end = truth.moment if truth.gone_at is None else truth.gone_at + GRACE_S
    in_grace = not truth.outage and after.now < grace_end
    if policy.stops and not truth.connected and not in_grace:
        assert paused, f"{path}: serves although the backend is not up"
    if truth.connected:
        assert not paused, f"{path}: pauses although the backend is up"
    probing = state.phase in (Phase.PROBING, Phase.GIVEN_UP)
    if policy.recovers and not probing and truth.outage:
        assert truth.tries <= policy.tries, f"{path}: too many tries"
    if case.state.wanted is not None and state.attempt > case.state.attempt:
        assert name in ("failed", "schema", "gone"), f"{path}: two attempts under way"
    if state.phase in (Phase.WAITING, Phase.GIVEN_UP):
        assert state.due is not None, f"{path}: nothing ends the wait"
        assert state.due > after.now, f"{path}: nothing ends the wait"
    if not truth.connected and state.phase not in (Phase.ENDED, Phase.REFUSED):
        assert state.wanted is not None or state.due is not None, f"{path}: nobody looks for the backend any more"
    if name == "old":
        assert state == case.state, path
    if codes:
        assert codes == [expected_exit(case, name)], path
        assert state.phase is Phase.ENDED, path
    elif state.phase is Phase.ENDED:
        raise AssertionError(f"{path}: ended without a code")


def expected_exit(case: Case, name: str) -> int | None:
    """The code that the table gives for an end at this point; None: there must be none."""
    first = not case.truth.ever and not case.truth.outage
    if first and not case.reconfiguring and name == "schema":
        return 76
    if first and not case.policy.retry_first:
        return None if case.reconfiguring else 69
    return 75 if case.policy.exits else None


def explore(case: Case, path: str, depth: int) -> int:
    count = 0
    for name, event, seconds in possible(case):
        now = case.now + seconds
        state, actions = step(case.policy, case.state, event, now, 0.5)
        truth = seen(case.truth, name, case.state, state, now)
        after = replace(case, state=state, truth=truth, now=now)
        check(case, after, name, actions, f"{path}, {name}")
        count += 1
        if depth > 1 and state.phase not in (Phase.ENDED, Phase.REFUSED):
            count += explore(after, f"{path}, {name}", depth - 1)
    return count


@pytest.mark.parametrize("tries", [TRIES, 0])
@pytest.mark.parametrize("on_fail", OnFail)
def test_the_invariants_hold_in_every_sequence_of_six_events(on_fail: OnFail, tries: int) -> None:
    for start, retry_first in product(STARTS, (False, True)):
        policy = Policy(on_fail, tries, WAIT_S, retry_first)
        reconfiguring, moment = start != "start", GRACE_S if start.endswith("serving") else 0.0
        state = Recovery(reconfiguring=reconfiguring, due=moment or None)
        case = Case(policy, reconfiguring, state, Truth(moment=moment))
        assert explore(case, f"{start} {policy}", LENGTH) > 100
