"""What the supervisor decides: `(event, now) -> actions`, and when it wants to be asked again.

Joins the service (reasons → directive) and the children (wanted → start, stop, kill). Holds no socket, process or
clock; the loop does the actions and reports back what happened.

To leave: packet workers are asked first and have `DRAIN_S` for their exchanges; connection workers, which these need,
are asked when the last packet worker is gone and have `STOP_S`; then the daemon exits.

A connection worker that dies while its backend is well is started again at once, and until then what packet workers
ask of it waits in their lanes: no loss of a backend, and a reason to pause only when it lasts longer than `GRACE_S`.

Runs in: supervisor
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from kea_mp.bus.messages import SERVE, Directive, Health
from kea_mp.errors import ExitCode
from kea_mp.supervisor import children, service
from kea_mp.supervisor.children import Child, CrashLoop, Final, Kill, Kind, Phase, Start, Terminate
from kea_mp.supervisor.service import Service

HEARTBEAT_S = 0.25
HURRY_S = 0.15  #: between directives while somebody has not acknowledged the newest
SILENCE_S = 2.0
DRAIN_S, STOP_S = 3.0, 10.0
GRACE_S = 2.0  #: how long a connection worker may be away before its absence is a reason to pause


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class Started:
    """A process runs for this child."""

    child: str
    pid: int


@dataclass(frozen=True, slots=True)
class Died:
    """A child's process has ended. code: exit code, or minus the signal."""

    child: str
    code: int


@dataclass(frozen=True, slots=True)
class Heard:
    """A child's report."""

    health: Health


@dataclass(frozen=True, slots=True)
class Disable:
    """Somebody wants a pause, for `limit_s` or until they withdraw it."""

    who: str
    limit_s: float | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Enable:
    """They withdraw it."""

    who: str


@dataclass(frozen=True, slots=True)
class AskReports:
    """A command needs exact numbers of every child."""


@dataclass(frozen=True, slots=True)
class Replace:
    """A child gets a new process because what it was started with has changed."""

    child: str


@dataclass(frozen=True, slots=True)
class Leave:
    """The daemon ends with this code."""

    code: int = 0


Event = Tick | Started | Died | Heard | Disable | Enable | AskReports | Replace | Leave


@dataclass(frozen=True, slots=True)
class Publish:
    """Send the directive to all."""

    directive: Directive


@dataclass(frozen=True, slots=True)
class Say:
    """One line for the log."""

    level: int
    identifier: str
    text: str


@dataclass(frozen=True, slots=True)
class Exit:
    """Everything is down: end the process."""

    code: int


Action = Start | Terminate | Kill | Publish | Say | Exit


class Core:
    """The supervisor's mind. `receive` each event, do its actions; call it with Tick no later than `next_deadline`."""

    def __init__(self, names: Iterable[tuple[str, Kind]], version: str, now: float) -> None:
        self.service = Service(since=now)
        self.children = {name: Child(name, kind) for name, kind in names}
        self.exit_code = 0
        self.was_serving = False
        self._version = version
        self._beat_at = now
        self._absent: dict[str, tuple[float, str]] = {}  #: connection workers in their grace: its end, why they ended
        for child in self.of_kind(Kind.CONNECTION):
            self.service = service.paused(self.service, child.name, now, text="starting")

    def of_kind(self, kind: Kind) -> list[Child]:
        return [child for child in self.children.values() if child.kind is kind]

    def acknowledged(self, now: float) -> bool:
        """Every packet worker follows the present directive."""
        return all(
            service.acknowledged(self.service.directive, child.health, now - child.heard, SILENCE_S)
            for child in self.of_kind(Kind.SERVING)
        )

    def next_deadline(self, now: float) -> float:
        """When to call `receive(Tick())` at the latest."""
        moments = [self._beat_at, self.service.next_end, *map(children.deadline, self.children.values())]
        moments += [end for end, _ in self._absent.values()]
        return max(now, min(moment for moment in moments if moment is not None))

    def receive(self, event: Event, now: float) -> list[Action]:
        """The actions that follow, in order."""
        before = self.service
        actions = self._take(event, now)
        self._end_graces(now)
        self.service = service.ended(self.service, now)
        actions += self._leaving(now)
        actions += self._due(now)
        if self.service.directive != before.directive:
            actions += self._spoken(before)
            actions.append(self._publish(now))
        elif self._beat_at <= now:
            actions.append(self._publish(now))
        actions += self._first_service(now)
        return actions

    def _take(self, event: Event, now: float) -> list[Action]:
        match event:
            case Tick():
                return []
            case Started(name, pid):
                self.children[name] = children.started(self.children[name], pid, now)
            case Heard(health):
                return self._heard(health, now)
            case Died(name, code):
                return self._died(name, code, now)
            case Disable(who, limit_s, text):
                until = None if limit_s is None else now + limit_s
                self.service = service.paused(self.service, who, now, until, text)
            case Enable(who):
                self.service = service.resumed(self.service, who, now)
            case AskReports():
                self.service = service.asked_to_report(self.service)
            case Replace(name):
                return self._stop(name, DRAIN_S, now, replace_it=True)
            case Leave(code):
                return self._leave(code, now)
        return []

    def _heard(self, health: Health, now: float) -> list[Action]:
        known = self.children.get(health.child)
        if known is None or known.pid != health.pid:
            return []
        self.children[known.name] = children.reported(known, health, now)
        if known.kind is Kind.CONNECTION:
            self._weigh_backend(known.name, health, now)
        elif known.health is None:
            return [self._publish(now)]  # a newcomer need not wait for the next heartbeat
        return []

    def _weigh_backend(self, name: str, health: Health, now: float) -> None:
        if health.state == "up":
            self._absent.pop(name, None)
            self.service = service.resumed(self.service, name, now)
        elif health.state != "connecting" or name not in self._absent:
            self._absent.pop(name, None)
            self.service = service.paused(self.service, name, now, text=health.error or health.state)

    def _miss(self, child: Child, code: int, now: float) -> None:
        """A connection worker's process has ended."""
        text = f"its process ended ({ending(code)})"
        if child.name in self._absent:
            return
        if child.healthy and child.name not in self.service.reasons:
            self._absent[child.name] = (now + GRACE_S, text)
        else:
            self.service = service.paused(self.service, child.name, now, text=text)

    def _end_graces(self, now: float) -> None:
        for name, (end, text) in list(self._absent.items()):
            if end <= now:
                del self._absent[name]
                self.service = service.paused(self.service, name, now, text=text)

    def _died(self, name: str, code: int, now: float) -> list[Action]:
        child = self.children[name]
        after, verdict = children.died(child, code, now)
        self.children[name] = after
        if child.kind is Kind.CONNECTION and not self.service.leaving:
            self._miss(child, code, now)
        match verdict:
            case CrashLoop(deaths=deaths):
                text = f"server failed: {name} died {deaths} times in short order, last {ending(code)}"
                return [Say(logging.CRITICAL, "DHCP4_SERVER_FAILED", text), *self._leave(ExitCode.SOFTWARE, now)]
            case Final():
                text = f"failed to initialize Kea server: {name} cannot go on, {ending(code)}"
                return [Say(logging.CRITICAL, "DHCP4_INIT_FAIL", text), *self._leave(code, now)]
        if after.phase is Phase.WAITING and not child.replace_it and not self.service.leaving:
            wait_ms = round((after.start_at - now) * 1000)
            text = f"{name} (pid {child.pid}) ended by itself, {ending(code)}; starting it again in {wait_ms} ms"
            return [Say(logging.ERROR, "KEA_MP_CHILD_DIED", text)]
        return []

    def _stop(self, name: str, limit_s: float, now: float, *, replace_it: bool = False) -> list[Action]:
        self.children[name], action = children.stopped(self.children[name], now, limit_s, replace_it=replace_it)
        return [] if action is None else [action]

    def _leave(self, code: int, now: float) -> list[Action]:
        if self.service.leaving:
            return []
        self.exit_code = code
        self.service = service.leaving(self.service, now)
        return []

    def _due(self, now: float) -> list[Action]:
        actions: list[Action] = []
        for name, child in self.children.items():
            self.children[name], action = children.due(child, now)
            if action is not None:
                actions.append(action)
            if isinstance(action, Kill):
                text = f"{name} (pid {child.pid}) does not answer and is killed"
                actions.append(Say(logging.ERROR, "KEA_MP_CHILD_KILLED", text))
        return actions

    def _leaving(self, now: float) -> list[Action]:
        """The next step of the way out, if we are on it."""
        if not self.service.leaving:
            return []
        actions: list[Action] = []
        serving, connection = self.of_kind(Kind.SERVING), self.of_kind(Kind.CONNECTION)
        waiting = [child for child in connection if child.phase is Phase.WAITING]
        for child in (*serving, *waiting):
            actions += self._stop(child.name, DRAIN_S, now)
        if any(self.children[child.name].alive for child in serving):
            return actions
        for child in connection:
            actions += self._stop(child.name, STOP_S, now)
        if not any(self.children[child.name].alive for child in connection):
            actions.append(Exit(self.exit_code))
        return actions

    def _publish(self, now: float) -> Publish:
        self._beat_at = now + (HEARTBEAT_S if self.acknowledged(now) else HURRY_S)
        return Publish(self.service.directive)

    def _spoken(self, before: Service) -> list[Action]:
        """A change of the service in words; the way up and the way out have their own lines."""
        if not self.was_serving or self.service.leaving or before.mode == self.service.mode:
            return []
        if self.service.mode == SERVE:
            return [Say(logging.INFO, "KEA_MP_SERVICE_RESUMED", "DHCP is served again")]
        return [Say(logging.WARNING, "KEA_MP_SERVICE_PAUSED", f"DHCP is not served: {described(self.service)}")]

    def _first_service(self, now: float) -> list[Action]:
        if self.was_serving or self.service.mode != SERVE or not self.acknowledged(now):
            return []
        self.was_serving = True
        return [Say(logging.INFO, "DHCP4_STARTED", f"kea_mp DHCPv4 server version {self._version} started")]


def described(state: Service) -> str:
    """The reasons in words."""
    return "; ".join(f"{who}: {reason.text}" if reason.text else who for who, reason in state.reasons.items())


def ending(code: int) -> str:
    """How a process ended, in words."""
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"
