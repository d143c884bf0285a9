"""What the supervisor decides: `(event, now) -> actions`, and when it wants to be asked again.

Joins the service (reasons → directive), the children (wanted → start, stop, kill) and the recovery of each backend.
Holds no socket, process or clock; the loop does the actions and reports back what happened.

To leave: packet workers are asked first and have `DRAIN_S` for their exchanges; connection workers, which these need,
are asked when the last packet worker is gone and have `STOP_S`; then the daemon exits.

Another configuration: its children are started beside those in force, which go on (`fleets`). When all are there its
generation is in force: the older children end in the same order, and when the last is gone the new connection workers
are told to connect. If they cannot be started, it is called off and nothing has changed.

A connection worker that dies while its backend is well is started again at once, and until then what packet workers
ask of it waits in their lanes (`recovery`: RESTARTING).

Runs in: supervisor
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kea_mp.bus.messages import SERVE, Directive, Health
from kea_mp.errors import ExitCode
from kea_mp.family import DHCP4, Family
from kea_mp.supervisor import backends, children, recovery, service
from kea_mp.supervisor.backends import Backend
from kea_mp.supervisor.children import Child, CrashLoop, Final, Kill, Kind, Phase, Start, Terminate
from kea_mp.supervisor.fleets import DRAIN_S, Fleets
from kea_mp.supervisor.recovery import End, Gone, Tell
from kea_mp.supervisor.recovery_words import line
from kea_mp.supervisor.service import Service

HEARTBEAT_S = 0.25
HURRY_S = 0.15  #: between directives while somebody has not acknowledged the newest
SILENCE_S = 2.0
READY_S = 120.0  #: how long the children of another configuration may take to be there
RECONFIGURATION = "reconfiguration"  #: the reason of one that failed; the next that succeeds takes it away


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class Started:
    """A process runs for this child."""

    child: str
    pid: int
    generation: int = 1


@dataclass(frozen=True, slots=True)
class Died:
    """A child's process has ended. code: exit code, or minus the signal."""

    child: str
    code: int
    generation: int = 1


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
class Reconfigured:
    """Another configuration is to be in force, as `next_generation`: these are its backends and children, which are
    started now. children: None when they are named as those in force. When they are there, what the old backends were
    about to do, and a reconfiguration that failed, are forgotten, and all backends are connected anew."""

    rows: tuple[Backend, ...]
    children: tuple[tuple[str, Kind], ...] | None = None


@dataclass(frozen=True, slots=True)
class Leave:
    """The daemon ends with this code."""

    code: int = 0


Event = Tick | Started | Died | Heard | Disable | Enable | AskReports | Replace | Reconfigured | Leave


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


@dataclass(frozen=True, slots=True)
class Switch:
    """This generation is in force, and no process of the one before runs any more."""

    generation: int


@dataclass(frozen=True, slots=True)
class CallOff:
    """This generation will never be in force, since its children cannot be started; the one in force goes on."""

    generation: int
    why: str


@dataclass(frozen=True, slots=True)
class Discard:
    """The last process of this generation is gone, and none will follow."""

    generation: int


Action = Start | Terminate | Kill | Publish | Say | Exit | Switch | CallOff | Discard


class Core:
    """The supervisor's mind. `receive` each event, do its actions; call it with Tick no later than `next_deadline`."""

    def __init__(
        self,
        names: Iterable[tuple[str, Kind]],
        rows: Iterable[Backend],
        version: str,
        now: float,
        family: Family = DHCP4,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """rows: the backends, each that of one connection worker. draw: between 0 and 1, for waits left to chance."""
        self.service = Service(since=now)
        self.fleets = Fleets(names)
        self.backends = backends.started(rows, now)
        self.exit_code = 0
        self.started = False  #: whether the beginning is over, paused or not
        self._version, self._family, self._draw = version, family, draw
        self._coming: tuple[tuple[Backend, ...], float] = (), now  #: backends, and until when the children are there
        self._beat_at = now
        self._weigh_backends(now)

    @property
    def children(self) -> dict[str, Child]:
        """Those of the configuration in force."""
        return self.fleets.current

    def of_kind(self, kind: Kind) -> list[Child]:
        return [child for child in self.children.values() if child.kind is kind]

    @property
    def changing(self) -> bool:
        """There are children of a configuration that is not in force yet, or not any more."""
        return self.fleets.coming is not None or bool(self.fleets.ending)

    def acknowledged(self, now: float) -> bool:
        """Every packet worker follows the present directive."""
        draining = any(child.alive for child in self.fleets.older if child.kind is Kind.SERVING)
        return not draining and all(
            service.acknowledged(self.service.directive, child.health, now - child.heard, SILENCE_S)
            for child in self.of_kind(Kind.SERVING)
        )

    def next_deadline(self, now: float) -> float:
        """When to call `receive(Tick())` at the latest."""
        moments = [self._beat_at, self.service.next_end, *map(children.deadline, self.fleets.all)]
        moments.append(self.backends.next_due)
        if self.fleets.coming is not None:
            moments.append(self._coming[1])
        return max(now, min(moment for moment in moments if moment is not None))

    def receive(self, event: Event, now: float) -> list[Action]:
        """The actions that follow, in order."""
        before = self.service
        actions = self._take(event, now)
        actions += self._time_for_backends(now)
        self.service = service.ended(self.service, now)
        actions += self._leaving(now)
        actions += self._changing(now)
        actions += self._due(now)
        if self.service.directive != before.directive:
            actions += self._spoken(before)
            actions.append(self._publish(now))
        elif self._beat_at <= now:
            actions.append(self._publish(now))
        actions += self._beginning(now)
        return actions

    def _take(self, event: Event, now: float) -> list[Action]:
        match event:
            case Tick():
                return []
            case Started(name, pid, generation):
                self.fleets.put(children.started(self.fleets.of(generation)[name], pid, now))
            case Heard(health):
                return self._heard(health, now)
            case Died(name, code, generation):
                return self._died(name, code, generation, now)
            case Disable(who, limit_s, text):
                until = None if limit_s is None else now + limit_s
                self.service = service.paused(self.service, who, now, until, text)
            case Enable(who):
                self.service = service.resumed(self.service, who, now)
            case AskReports():
                self.service = service.asked_to_report(self.service)
            case Replace(name):
                return [*self.fleets.stop(self.children[name], now, DRAIN_S, replace_it=True)]
            case Reconfigured(rows, names):
                self._prepare(rows, names, now)
            case Leave(code):
                return self._leave(code, now)
        return []

    def _heard(self, health: Health, now: float) -> list[Action]:
        known = self.fleets.find(health.child, health.pid)
        if known is None:
            return []
        self.fleets.put(children.reported(known, health, now))
        actions: list[Action] = []
        # What the process of another configuration finds says nothing about the backends of this one.
        if known.kind is Kind.CONNECTION and known.generation == self.fleets.generation:
            event = backends.event_of(health)
            actions += [] if event is None else self._feed_backend(known.name, event, now)
        if known.health is None:
            actions.append(self._publish(now))  # a newcomer need not wait for the next heartbeat
        return actions

    # ---- backends -------------------------------------------------------------------------------------------

    def _feed_backend(self, child: str, event: recovery.Event, now: float) -> list[Action]:
        """What one backend's recovery makes of an event."""
        if child not in self.backends.states or self.service.leaving:
            return []
        self.backends, found = self.backends.fed(child, event, now, self._draw())
        actions: list[Action] = []
        for action in found:
            match action:
                case Tell():
                    actions.append(Say(*line(self._family, self.backends.rows[child], action)))
                case End(code):
                    actions += self._leave(code, now)
        self._weigh_backends(now)
        return actions

    def _time_for_backends(self, now: float) -> list[Action]:
        due = self.backends.next_due
        if due is None or due > now:
            return []
        return [action for child in self.backends.rows for action in self._feed_backend(child, recovery.Due(), now)]

    def _weigh_backends(self, now: float) -> None:
        """Each backend's own reason, and the attempts that are wanted."""
        for child in self.backends.rows:
            if self.backends.states[child].phase is recovery.Phase.REFUSED:
                text = self.backends.away(child, now)
                self.service = service.paused(self.service, RECONFIGURATION, now, text=text)
                self.service = service.resumed(self.service, child, now)
            elif self.backends.pausing(child):
                text = self.backends.states[child].shown
                self.service = service.paused(self.service, child, now, text=text)
            else:
                self.service = service.resumed(self.service, child, now)
        # Two processes are never connected for one backend: the lease file, for one, is locked.
        self.service = service.wanting(self.service, {} if self.fleets.older else self.backends.attempts)

    def _died(self, name: str, code: int, generation: int, now: float) -> list[Action]:
        child = self.fleets.of(generation)[name]
        after, verdict = children.died(child, code, now)
        self.fleets.put(after)
        if generation in self.fleets.ending:
            return []
        if generation == self.fleets.coming and verdict is not None:
            return self._call_off(f"{name} ended before it was ready, {ending(code)}: its line in the log says why")
        said: list[Action] = []
        if generation == self.fleets.generation:
            said = self._feed_backend(name, Gone(f"its process ended ({ending(code)})"), now)
        match verdict:
            case CrashLoop(deaths=deaths):
                text = f"server failed: {name} died {deaths} times in short order, last {ending(code)}"
                failed = Say(logging.CRITICAL, self._family.message("SERVER_FAILED"), text)
                return [failed, *self._leave(ExitCode.SOFTWARE, now)]
            case Final() if self._is_refused(name, code, now, said):
                return said
            case Final():
                text = f"failed to initialize Kea server: {name} cannot go on, {ending(code)}"
                return [Say(logging.CRITICAL, self._family.message("INIT_FAIL"), text), *self._leave(code, now)]
        if after.phase is Phase.WAITING and not child.replace_it and not self.service.leaving:
            wait_ms = round((after.start_at - now) * 1000)
            text = f"{name} (pid {child.pid}) ended by itself, {ending(code)}; starting it again in {wait_ms} ms"
            return [Say(logging.ERROR, "KEA_MP_CHILD_DIED", text), *said]
        return said

    def _is_refused(self, name: str, code: int, now: float, said: list[Action]) -> bool:
        """Whether the end of this child is that of a reconfiguration, not of the daemon; `said` is completed."""
        state = self.backends.states.get(name)
        if state is None or state.phase is not recovery.Phase.CONNECTING or not state.reconfiguring:
            return False
        text = f"its process ended ({ending(code)}), and its line in the log says why"
        said += self._feed_backend(name, recovery.Failed(state.attempt, text, recovery.PROCESS), now)
        return True

    def _leave(self, code: int, now: float) -> list[Action]:
        if self.service.leaving:
            return []
        self.exit_code = code
        self.service = service.leaving(self.service, now)
        return []

    def _due(self, now: float) -> list[Action]:
        actions: list[Action] = []
        for child in self.fleets.all:
            after, action = children.due(child, now)
            self.fleets.put(after)
            if action is not None:
                actions.append(action)
            if isinstance(action, Kill):
                text = f"{child.name} (pid {child.pid}) does not answer and is killed"
                actions.append(Say(logging.ERROR, "KEA_MP_CHILD_KILLED", text))
        return actions

    def _leaving(self, now: float) -> list[Action]:
        """The next step of the way out, if we are on it."""
        if not self.service.leaving:
            return []
        actions: list[Action] = []
        gone = True
        for generation in {child.generation for child in self.fleets.all}:
            some, over = self.fleets.end(generation, now)
            actions += some
            gone &= over
        return [*actions, Exit(self.exit_code)] if gone else actions

    # ---- from one configuration to another ------------------------------------------------------------------

    def _prepare(self, rows: tuple[Backend, ...], names: tuple[tuple[str, Kind], ...] | None, now: float) -> None:
        if not self.service.leaving:
            self._coming = rows, now + READY_S
            self.fleets.prepare(names or [(child.name, child.kind) for child in self.children.values()], now)

    def _call_off(self, why: str) -> list[Action]:
        generation, self.fleets.coming = self.fleets.coming, None
        assert generation is not None
        return [CallOff(generation, why)]

    def _take_over(self, now: float) -> None:
        """What was prepared is in force from now on."""
        served = self.service.mode == SERVE
        for who in (*self.backends.rows, RECONFIGURATION):
            self.service = service.resumed(self.service, who, now)
        self.fleets.take_over()
        self.service = service.reconfigured(self.service, self.fleets.generation)
        self.backends = backends.started(self._coming[0], now, self.backends, served)
        self._weigh_backends(now)

    def _changing(self, now: float) -> list[Action]:
        """The next step from one configuration to another, if there is one to take."""
        if self.service.leaving:
            return []
        actions: list[Action] = []
        if self.fleets.ready:
            self._take_over(now)
        elif self.fleets.coming is not None and self._coming[1] <= now:
            actions += self._call_off(f"its processes were not there after {READY_S:.0f} s")
        for generation in self.fleets.ending:
            some, gone = self.fleets.end(generation, now)
            actions += some
            if gone:
                self.fleets.forget(generation)
                actions.append(Discard(generation))
                if generation < self.fleets.generation:
                    self._weigh_backends(now)
                    actions.append(Switch(self.fleets.generation))
        return actions

    def _publish(self, now: float) -> Publish:
        self._beat_at = now + (HEARTBEAT_S if self.acknowledged(now) and self._attempts_begun() else HURRY_S)
        return Publish(self.service.directive)

    def _attempts_begun(self) -> bool:
        """Every connection worker has begun the attempt that is wanted of it."""
        healths = {child: self.children[child].health for child in self.service.attempts}
        return all(
            health is not None and health.attempt >= self.service.attempts[child] for child, health in healths.items()
        )

    def _spoken(self, before: Service) -> list[Action]:
        """A change of the service in words; the way up and the way out have their own lines."""
        if not self.started or self.service.leaving or before.mode == self.service.mode:
            return []
        if self.service.mode == SERVE:
            return [Say(logging.INFO, "KEA_MP_SERVICE_RESUMED", "DHCP is served again")]
        return [self._paused()]

    def _paused(self) -> Say:
        return Say(logging.WARNING, "KEA_MP_SERVICE_PAUSED", f"DHCP is not served: {described(self.service)}")

    def _beginning(self, now: float) -> list[Action]:
        """Its end: all workers are there and it is known of each backend how it starts, even when that is a pause."""
        heard = all(child.health is not None for child in self.of_kind(Kind.SERVING))
        settled = heard and self.backends.settled and self.acknowledged(now)
        if self.started or self.service.leaving or not settled:
            return []
        self.started = True
        text = f"kea_mp {self._family.protocol} server version {self._version} started"
        said: list[Action] = [Say(logging.INFO, self._family.message("STARTED"), text)]
        return said if self.service.mode == SERVE else [*said, self._paused()]


def described(state: Service) -> str:
    """The reasons in words."""
    named = ((who.removeprefix("connection-"), reason.text) for who, reason in state.reasons.items())
    return "; ".join(f"{who}: {text}" if text else who for who, text in named)


def ending(code: int) -> str:
    """How a process ended, in words."""
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"
