"""The recovery policy: one backend's state machine, `step(policy, state, event, now, draw) -> (state, actions)`.

```
CONNECTING ──Connected──▶ UP ──Lost──▶ TRYING ──Failed──▶ WAITING ──due──▶ TRYING …
    │                     │ ▲            │ N failed
    │Failed               │ └────────────┼──Connected (from anywhere)
    ├─▶ ENDED (69, 76)    │Gone          ├─▶ ENDED (75)
    ├─▶ REFUSED           ▼              └─▶ GIVEN_UP ──due──▶ PROBING ──Failed──▶ GIVEN_UP …
    └─▶ as Lost         RESTARTING ──Failed──▶ as Lost, with one try made
```

A *try* is an attempt after a loss: the first at once, the next `reconnect-wait-time` after the one before has failed,
`max-reconnect-tries` in all, counted afresh after each success. (One that does not last `SETTLED_S` earns no try at
once: a server that lets us in and then does nothing would have us connect all the time.) The attempt of a start is none
of them, as in Kea. A process that dies over an attempt has failed it; one that dies while its backend is well says
nothing about the backend, and has `GRACE_S` to come back before its absence counts.

The worker makes the attempt whose number is `wanted`; numbers only grow, so what is heard about an older one is old.

Runs in: supervisor
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from kea_mp.bus.messages import SCHEMA_MISMATCH
from kea_mp.errors import ExitCode

GRACE_S = 2.0  #: how long a connection worker may be away before its absence is a reason to pause
SETTLED_S = 1.0  #: a recovered backend that is lost again sooner gets no try at once: it connects and is of no use
FIRST_PROBE_S, LONGEST_PROBE_S = 1.0, 60.0
JITTER = 0.25  #: how much of a wait between probes is left to chance
PROCESS = "process"  #: error class: the connection worker itself has ended


class OnFail(Enum):
    """on-fail: what the loss of the backend means for the service, and its end for the daemon."""

    STOP_EXIT = "stop-retry-exit"
    SERVE_EXIT = "serve-retry-exit"
    SERVE_CONTINUE = "serve-retry-continue"


@dataclass(frozen=True, slots=True)
class Policy:
    """tries: max-reconnect-tries; wait_s: reconnect-wait-time in seconds; retry_first: retry-on-startup."""

    on_fail: OnFail = OnFail.STOP_EXIT
    tries: int = 0
    wait_s: float = 0.0
    retry_first: bool = False

    @property
    def recovers(self) -> bool:
        return self.tries > 0 and self.wait_s > 0

    @property
    def stops(self) -> bool:
        return self.on_fail is OnFail.STOP_EXIT

    @property
    def exits(self) -> bool:
        return self.on_fail is not OnFail.SERVE_CONTINUE


class Phase(Enum):
    """Where a backend is. The values are what status shows."""

    CONNECTING = "connecting"  #: the first attempt under this configuration
    UP = "up"
    RESTARTING = "restarting"  #: its process has ended, the backend is thought to be well
    TRYING = "retrying"  #: attempt under way
    WAITING = "retrying, waiting"  #: for the next try
    PROBING = "given-up, probing"  #: attempt under way
    GIVEN_UP = "given-up"  #: until the next probe
    REFUSED = "refused"  #: by a reconfiguration that waits for a better one
    ENDED = "ended"  #: the daemon leaves because of it


ATTEMPTING = frozenset({Phase.CONNECTING, Phase.RESTARTING, Phase.TRYING, Phase.PROBING})
_SHOWN = {Phase.WAITING: Phase.TRYING, Phase.PROBING: Phase.GIVEN_UP}


@dataclass(frozen=True, slots=True)
class Recovery:
    """The state of one backend. Times are monotonic seconds.

    reconfiguring: its configuration came by command, so that a failure of the first attempt pauses and ends nothing.
    attempt: the number of the newest one. tries: made or under way since the loss. probes: failed since it was given
    up. since: of the state as shown; lost_at: of the loss; recovered_at: of the last return; due: when time alone
    changes something. ever_up: under this configuration. error: the last one.
    """

    phase: Phase = Phase.CONNECTING
    reconfiguring: bool = False
    attempt: int = 1
    tries: int = 0
    probes: int = 0
    since: float = 0.0
    lost_at: float | None = None
    recovered_at: float | None = None
    due: float | None = None
    ever_up: bool = False
    error: str = ""
    error_class: str = ""

    @property
    def wanted(self) -> int | None:
        """The attempt that the connection worker has to make now."""
        return self.attempt if self.phase in ATTEMPTING else None

    @property
    def next_attempt(self) -> float | None:
        """When the next one begins, while it is waited for."""
        return self.due if self.phase in (Phase.WAITING, Phase.GIVEN_UP) else None

    @property
    def shown(self) -> str:
        """The state by the name that people know: what is under way makes no difference to it."""
        return _SHOWN.get(self.phase, self.phase).value


@dataclass(frozen=True, slots=True)
class Connected:
    """The attempt has succeeded."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection that this attempt made is gone."""

    attempt: int
    error: str = ""
    error_class: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """This attempt has failed."""

    attempt: int
    error: str = ""
    error_class: str = ""


@dataclass(frozen=True, slots=True)
class Gone:
    """The connection worker's process has ended."""

    error: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """Time has passed."""


Event = Connected | Lost | Failed | Gone | Due


class News(Enum):
    """What a transition is worth a line of log for."""

    CANNOT_START = "cannot start"
    WRONG_SCHEMA = "wrong schema"
    RETRY_FIRST = "first attempt failed, retrying"
    CANNOT_RECONFIGURE = "cannot reconfigure"
    LOST = "lost"
    NOT_CONFIGURED = "recovery is not configured"
    ATTEMPT_FAILED = "attempt failed"
    SCHEDULED = "next attempt scheduled"
    PROBE_FAILED = "probe failed"
    EXHAUSTED = "all tries have failed"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True)
class Tell:
    """One line of log. tries: which try it is about; wait_s: until the next attempt."""

    news: News
    error: str = ""
    tries: int = 0
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class End:
    """The daemon ends with this code."""

    code: ExitCode


Action = Tell | End
Outcome = tuple[Recovery, tuple[Action, ...]]


def pauses(policy: Policy, state: Recovery) -> bool:
    """Whether this backend is a reason against serving."""
    match state.phase:
        case Phase.UP:
            return False
        case Phase.REFUSED | Phase.ENDED:
            return True
        case Phase.CONNECTING:
            return state.due is None
        case Phase.RESTARTING:
            return policy.stops and state.due is None
    return policy.stops


def step(policy: Policy, state: Recovery, event: Event, now: float, draw: float) -> Outcome:
    """The state after an event, and what it is worth. draw: 0 ≤ draw < 1, the chance in a wait between probes."""
    row = TABLE.get((state.phase, type(event)))
    if row is None or _is_old(state, event):
        return state, ()
    return row(_At(policy, state, event, now, draw))


@dataclass(frozen=True, slots=True)
class _At:
    """One call of `step`, for the rows of the table."""

    policy: Policy
    state: Recovery
    event: Event
    now: float
    draw: float

    @property
    def error(self) -> str:
        return getattr(self.event, "error", "")

    def to(self, phase: Phase, **changes: object) -> Recovery:
        """In another phase, with no end of its own unless given; `since` follows the name that is shown."""
        after = replace(self.state, phase=phase, due=None)
        since = self.state.since if after.shown == self.state.shown else self.now
        return replace(after, since=since, **changes)  # type: ignore[arg-type]  # names of fields, from below


def _is_old(state: Recovery, event: Event) -> bool:
    """Whether it is about an attempt that is over. While up, no loss is old: what was up is the newest."""
    match event:
        case Failed(attempt):
            return attempt != state.attempt
        case Lost(attempt):
            return state.phase is not Phase.UP and attempt != state.attempt
    return False


def _knows(at: _At) -> dict[str, object]:
    """The error of the event, kept until it is overcome."""
    kind = PROCESS if isinstance(at.event, Gone) else getattr(at.event, "error_class", "")
    return {"error": at.error, "error_class": kind}


# ---- the first attempt ------------------------------------------------------------------------------------------


def _first_succeeded(at: _At) -> Outcome:
    return _up(at), ()


def _first_failed(at: _At) -> Outcome:
    wrong_schema = getattr(at.event, "error_class", "") == SCHEMA_MISMATCH
    if at.policy.retry_first and not wrong_schema:
        after, actions = _lost(at)
        return after, (Tell(News.RETRY_FIRST, at.error), *actions)
    if at.state.reconfiguring:
        return at.to(Phase.REFUSED, **_knows(at)), (Tell(News.CANNOT_RECONFIGURE, at.error),)
    news, code = (News.WRONG_SCHEMA, ExitCode.SCHEMA) if wrong_schema else (News.CANNOT_START, ExitCode.UNAVAILABLE)
    return at.to(Phase.ENDED, **_knows(at)), (Tell(news, at.error), End(code))


def _again(at: _At) -> Outcome:
    """Its process ended over an attempt that counts for nothing: the next process makes it."""
    return replace(at.state, attempt=at.state.attempt + 1), ()


def _moment_over(at: _At) -> Outcome:
    """A reconfiguration has taken longer than packets should wait."""
    return (replace(at.state, due=None), ()) if _is_due(at) else (at.state, ())


# ---- loss -------------------------------------------------------------------------------------------------------


def _lost(at: _At) -> Outcome:
    """The first try at once, or what on-fail says when there are none."""
    told = Tell(News.LOST, at.error)
    lost = at.to(Phase.WAITING, tries=0, probes=0, lost_at=at.now, due=at.now + at.policy.wait_s, **_knows(at))
    again = at.state.recovered_at is not None and at.now - at.state.recovered_at < SETTLED_S
    if at.policy.recovers:
        if again:
            return lost, (told, Tell(News.SCHEDULED, at.error, 1, at.policy.wait_s))
        return replace(lost, phase=Phase.TRYING, attempt=lost.attempt + 1, tries=1, due=None), (told,)
    after, actions = _hopeless(at, lost)
    if after.phase is Phase.GIVEN_UP and not again:  # the first probe at once: it may have been a single session
        after = replace(after, phase=Phase.PROBING, attempt=after.attempt + 1, due=None)
    return after, (told, Tell(News.NOT_CONFIGURED, at.error), *actions)


def _hopeless(at: _At, state: Recovery) -> Outcome:
    """No try is left."""
    if at.policy.exits:
        return replace(state, phase=Phase.ENDED, due=None), (End(ExitCode.TEMP_FAIL),)
    return replace(state, phase=Phase.GIVEN_UP, since=at.now, due=at.now + _probe_wait(0, at.draw)), ()


def _restarting(at: _At) -> Outcome:
    after = at.to(Phase.RESTARTING, attempt=at.state.attempt + 1, due=at.now + GRACE_S, lost_at=at.now, **_knows(at))
    return after, ()


def _grace_over(at: _At) -> Outcome:
    if not _is_due(at):
        return at.state, ()
    return replace(at.state, due=None), (Tell(News.LOST, at.state.error),)


def _restart_failed(at: _At) -> Outcome:
    """The process is back, the backend is not: this was the loss, and the first try."""
    grace_over = at.state.due is None
    said = () if grace_over else (Tell(News.LOST, at.error),)
    state = at.to(Phase.TRYING, tries=1 if at.policy.recovers else 0, probes=0, **_knows(at))
    if at.policy.recovers:
        after, actions = _try_failed(replace(at, state=state))
        return after, (*said, *actions)
    after, actions = _hopeless(at, state)
    return after, (*said, Tell(News.NOT_CONFIGURED, at.error), *actions)


# ---- tries ------------------------------------------------------------------------------------------------------


def _try_failed(at: _At) -> Outcome:
    failed = replace(at.state, **_knows(at))  # type: ignore[arg-type]  # names of fields
    told = Tell(News.ATTEMPT_FAILED, at.error, at.state.tries)
    if at.state.tries >= at.policy.tries:
        after, actions = _hopeless(at, failed)
        return after, (told, Tell(News.EXHAUSTED, at.error, at.state.tries), *actions)
    waiting = replace(failed, phase=Phase.WAITING, due=at.now + at.policy.wait_s)
    return waiting, (told, Tell(News.SCHEDULED, at.error, at.state.tries + 1, at.policy.wait_s))


def _next_try(at: _At) -> Outcome:
    if not _is_due(at):
        return at.state, ()
    return at.to(Phase.TRYING, attempt=at.state.attempt + 1, tries=at.state.tries + 1), ()


def _next_probe(at: _At) -> Outcome:
    if not _is_due(at):
        return at.state, ()
    return at.to(Phase.PROBING, attempt=at.state.attempt + 1), ()


def _probe_failed(at: _At) -> Outcome:
    wait_s = _probe_wait(at.state.probes, at.draw)
    after = at.to(Phase.GIVEN_UP, probes=at.state.probes + 1, due=at.now + wait_s, **_knows(at))
    return after, (Tell(News.PROBE_FAILED, at.error, wait_s=wait_s),)


def _probe_wait(failed: int, draw: float) -> float:
    """Twice as long each time, and never the same for two servers that lost one database."""
    longest = min(FIRST_PROBE_S * 2.0 ** min(failed, 10), LONGEST_PROBE_S)
    return longest * (1 - JITTER * draw)


def _is_due(at: _At) -> bool:
    return at.state.due is not None and at.state.due <= at.now


# ---- back -------------------------------------------------------------------------------------------------------


def _up(at: _At) -> Recovery:
    return at.to(Phase.UP, tries=0, probes=0, lost_at=None, ever_up=True, reconfiguring=False, error="", error_class="")


def _recovered(at: _At) -> Outcome:
    return replace(_up(at), recovered_at=at.now), (Tell(News.RECOVERED, tries=at.state.tries),)


def _restarted(at: _At) -> Outcome:
    """Silently, unless its absence was told."""
    return (_up(at), ()) if at.state.due is not None else _recovered(at)


Row = Callable[[_At], Outcome]

#: Pairs that are not here change nothing: what a phase cannot hear, and everything in ENDED and REFUSED.
TABLE: dict[tuple[Phase, type[Event]], Row] = {
    (Phase.CONNECTING, Connected): _first_succeeded,
    (Phase.CONNECTING, Failed): _first_failed,
    (Phase.CONNECTING, Lost): _first_failed,
    (Phase.CONNECTING, Gone): _again,
    (Phase.CONNECTING, Due): _moment_over,
    (Phase.UP, Lost): _lost,
    (Phase.UP, Failed): _lost,
    (Phase.UP, Gone): _restarting,
    (Phase.RESTARTING, Connected): _restarted,
    (Phase.RESTARTING, Failed): _restart_failed,
    (Phase.RESTARTING, Lost): _restart_failed,
    (Phase.RESTARTING, Gone): _again,
    (Phase.RESTARTING, Due): _grace_over,
    (Phase.TRYING, Connected): _recovered,
    (Phase.TRYING, Failed): _try_failed,
    (Phase.TRYING, Lost): _try_failed,
    (Phase.TRYING, Gone): _try_failed,
    (Phase.WAITING, Connected): _recovered,
    (Phase.WAITING, Due): _next_try,
    (Phase.PROBING, Connected): _recovered,
    (Phase.PROBING, Failed): _probe_failed,
    (Phase.PROBING, Lost): _probe_failed,
    (Phase.PROBING, Gone): _probe_failed,
    (Phase.GIVEN_UP, Connected): _recovered,
    (Phase.GIVEN_UP, Due): _next_probe,
}
