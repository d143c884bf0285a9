"""One child's life as the supervisor sees it: wanted against running, back-off, crash loop.

A child that dies is started again: at once the first time or when it was well for 5 s, else after 0.25 s, 0.5 s, 1 s …
up to 8 s, counted over the deaths of the last 60 s. Two patterns are a crash loop, which ends the daemon with 70: five
deaths in a row before the child was ever healthy, and twelve deaths within 60 s however healthy it was in between. A
child that says with its exit code that a new start cannot help (`FINAL_CODES`) ends the daemon with that code.

A stop is polite first (SIGTERM, the directive says it too) and SIGKILL after a limit. A child that has not reported
for `HANG_S` is killed, and so started again.

Runs in: supervisor
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from kea_mp.bus.messages import FAILED, LOST, UP, Health
from kea_mp.errors import ExitCode

WINDOW_S = 60.0  #: deaths older than this are forgotten
DEATHS_IN_WINDOW = 12
FAILED_STARTS = 5
STEADY_S = 5.0  #: a child that was well for so long is started again at once, however often it died before
FIRST_WAIT_S, LONGEST_WAIT_S = 0.25, 8.0
HANG_S = 60.0

FINAL_CODES = frozenset(
    {
        ExitCode.UNAVAILABLE,
        ExitCode.CANT_CREATE,
        ExitCode.TEMP_FAIL,
        ExitCode.SCHEMA,
        ExitCode.NO_PERMISSION,
        ExitCode.CONFIG,
    }
)


class Kind(Enum):
    """What a child is; connection workers are stopped last."""

    SERVING = "serving"
    CONNECTION = "connection"


class Phase(Enum):
    """Where a child is in its life."""

    WAITING = "waiting"  #: for its (next) start at `start_at`
    STARTING = "starting"  #: asked for, or running but not heard yet
    RUNNING = "running"
    STOPPING = "stopping"  #: asked to end; killed at `kill_at`
    ENDED = "ended"  #: gone, and not wanted back


@dataclass(frozen=True, slots=True)
class Child:
    """A child. Times are monotonic seconds. deaths: when it died, within the window. failed_starts: deaths in a row
    before it was healthy. replace_it: what follows its stop is a new start. healthy: it has done its work once; a
    connection worker's is to say whether there is a connection. health, heard: its last report. generation: of the
    configuration that it is of."""

    name: str
    kind: Kind
    phase: Phase = Phase.WAITING
    pid: int = 0
    started: float = 0.0
    start_at: float = 0.0
    kill_at: float | None = None
    replace_it: bool = False
    healthy: bool = False
    health: Health | None = None
    heard: float = 0.0
    starts: int = 0
    failed_starts: int = 0
    deaths: tuple[float, ...] = ()
    generation: int = 1

    @property
    def alive(self) -> bool:
        return self.phase in (Phase.STARTING, Phase.RUNNING, Phase.STOPPING)

    @property
    def watched(self) -> bool:
        """Whether its silence means that it hangs: a connection worker may load millions of leases before it is up."""
        return self.healthy or self.kind is Kind.SERVING


@dataclass(frozen=True, slots=True)
class Start:
    """Start a new process for this child."""

    child: str
    generation: int = 1


@dataclass(frozen=True, slots=True)
class Terminate:
    """Ask the child to end (SIGTERM)."""

    child: str
    generation: int = 1


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL."""

    child: str
    generation: int = 1


@dataclass(frozen=True, slots=True)
class CrashLoop:
    """Starting this child again is hopeless."""

    child: str
    deaths: int


@dataclass(frozen=True, slots=True)
class Final:
    """The child ended with a code that ends the daemon."""

    child: str
    code: int


def due(child: Child, now: float) -> tuple[Child, Start | Kill | None]:
    """What time alone makes necessary."""
    match child.phase:
        case Phase.WAITING if child.start_at <= now:
            return replace(child, phase=Phase.STARTING, started=now, heard=now), Start(child.name, child.generation)
        case Phase.STOPPING if child.kill_at is not None and child.kill_at <= now:
            return replace(child, kill_at=None), Kill(child.name, child.generation)
        case Phase.STARTING | Phase.RUNNING if child.watched and child.heard + HANG_S <= now:
            after = replace(child, phase=Phase.STOPPING, kill_at=None, replace_it=True)
            return after, Kill(child.name, child.generation)
    return child, None


def deadline(child: Child) -> float | None:
    """When `due` has something to do."""
    match child.phase:
        case Phase.WAITING:
            return child.start_at
        case Phase.STOPPING:
            return child.kill_at
        case Phase.STARTING | Phase.RUNNING if child.watched:
            return child.heard + HANG_S
    return None


def started(child: Child, pid: int, now: float) -> Child:
    """A process was made."""
    fresh = replace(child, pid=pid, started=now, heard=now, health=None, healthy=False)
    return replace(fresh, starts=child.starts + 1)


def reported(child: Child, health: Health, now: float) -> Child:
    """A report came in; one of a dead predecessor changes nothing."""
    if health.pid != child.pid or not child.alive:
        return child
    healthy = child.healthy or child.kind is Kind.SERVING or health.state in (UP, LOST, FAILED)
    phase = Phase.RUNNING if child.phase is Phase.STARTING else child.phase
    failed = 0 if healthy else child.failed_starts
    after = replace(child, phase=phase, health=health, heard=now)
    return replace(after, healthy=healthy, failed_starts=failed)


def stopped(child: Child, now: float, limit_s: float, *, replace_it: bool = False) -> tuple[Child, Terminate | None]:
    """Ask it to end; with replace_it a new process follows."""
    match child.phase:
        case Phase.WAITING if not replace_it:
            return replace(child, phase=Phase.ENDED), None
        case Phase.STARTING | Phase.RUNNING:
            after = replace(child, phase=Phase.STOPPING, kill_at=now + limit_s, replace_it=replace_it)
            return after, Terminate(child.name, child.generation)
        case Phase.STOPPING if not replace_it:
            return replace(child, replace_it=False), None
    return child, None


def died(child: Child, code: int, now: float) -> tuple[Child, CrashLoop | Final | None]:
    """Its process is gone; code as in multiprocessing (negative: killed by that signal)."""
    gone = replace(child, pid=0, health=None, healthy=False, kill_at=None)
    if child.phase is Phase.STOPPING and not child.replace_it:
        return replace(gone, phase=Phase.ENDED), None
    if child.phase is Phase.STOPPING and code == 0:
        return replace(gone, phase=Phase.WAITING, start_at=now, replace_it=False), None
    if code in FINAL_CODES:
        return replace(gone, phase=Phase.ENDED), Final(child.name, code)
    deaths = (*(d for d in child.deaths if d > now - WINDOW_S), now)
    failed = 0 if child.healthy else child.failed_starts + 1
    if failed >= FAILED_STARTS or len(deaths) >= DEATHS_IN_WINDOW:
        return replace(gone, phase=Phase.ENDED), CrashLoop(child.name, max(failed, len(deaths)))
    steady = child.healthy and now - child.started >= STEADY_S
    wait = 0.0 if steady or len(deaths) == 1 else min(FIRST_WAIT_S * 2 ** (len(deaths) - 2), LONGEST_WAIT_S)
    after = replace(gone, phase=Phase.WAITING, start_at=now + wait, replace_it=False)
    return replace(after, failed_starts=failed, deaths=deaths), None
