"""The running daemon: the core with what surrounds it, as commands see and change it.

Implements `kea_mp.control.daemon.Daemon`. Times towards commands are seconds since the epoch; inside they are
monotonic.

Runs in: supervisor
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import psutil

from kea_mp import __version__
from kea_mp.bus.messages import Health
from kea_mp.config.model import Config4
from kea_mp.config.model6 import Config6
from kea_mp.control.answer import to_json
from kea_mp.control.daemon import BackendStatus, PauseReason, ProcessStatus, Snapshot, SocketsStatus
from kea_mp.counters import Statistics
from kea_mp.supervisor import interfaces
from kea_mp.supervisor.backends import Backend, Role, configured
from kea_mp.supervisor.children import Child, Kind, Phase
from kea_mp.supervisor.core import Core, Disable, Enable, Event, Leave
from kea_mp.supervisor.dhcp_sockets import DhcpSockets
from kea_mp.supervisor.processes import ChildSpec
from kea_mp.supervisor.service import Reason

USER, HA_LOCAL, HA_PARTNER = 1, 1000, 2000  #: Kea's origins of dhcp-disable
_STATES = {Phase.WAITING: "waiting", Phase.STARTING: "starting", Phase.RUNNING: "running", Phase.STOPPING: "stopping"}


class RunningDaemon:
    """One per process. Changes are events that the loop feeds to the core: `take_events` empties the list."""

    def __init__(
        self,
        config: Config4 | Config6,
        config_file: Path,
        specs: Sequence[ChildSpec],
        sockets: DhcpSockets,
        server_duid: bytes = b"",
    ) -> None:
        self._server_duid = server_duid
        self._config, self._config_file, self._sockets = config, config_file, sockets
        self._started = self._reloaded = time.time()
        names = [(name, spec.kind) for spec in specs for name in spec.names]
        self.core = Core(names, configured(config), __version__, self.clock(), config.family)
        self._shown = msgspec.Raw(to_json(config.raw))
        self._statistics = Statistics()
        self._statistics.configured(config, time.time())
        self._processes: dict[int, psutil.Process] = {}
        self._events: list[Event] = []
        self._refused = ("", "")  #: digest of a configuration that was refused since, and why

    clock = staticmethod(time.monotonic)

    @property
    def now(self) -> float:
        return time.time()

    @property
    def config(self) -> Config4 | Config6:
        return self._config

    @property
    def server_duid(self) -> bytes:
        return self._server_duid

    @property
    def shown(self) -> msgspec.Raw:
        return self._shown

    @property
    def config_file(self) -> str:
        return str(self._config_file)

    @property
    def family(self) -> int:
        return self._config.family.number

    @property
    def pid(self) -> int:
        return os.getpid()

    @property
    def started(self) -> float:
        return self._started

    @property
    def reloaded(self) -> float:
        return self._reloaded

    def statistics(self) -> Statistics:
        return self._statistics

    def disable(self, origin: int, max_period: int | None) -> None:
        text = "dhcp-disable" if max_period is None else f"dhcp-disable for {max_period} s"
        self._events.append(Disable(origin_name(origin), max_period, text))

    def enable(self, origin: int) -> None:
        self._events.append(Enable(origin_name(origin)))

    def stop(self, exit_value: int) -> None:
        self._events.append(Leave(exit_value % 256))

    def refuse(self, digest: str, why: str) -> None:
        self._refused = (digest, why)

    def apply(self, config: Config4 | Config6, shown: bytes, server_duid: bytes = b"") -> None:
        """Another configuration is in force."""
        self._server_duid = server_duid
        self._config, self._shown, self._refused = config, msgspec.Raw(shown), ("", "")
        self._reloaded = time.time()
        self._statistics.configured(config, self._reloaded)

    def take_events(self) -> list[Event]:
        """What commands have asked for since the last call."""
        events, self._events = self._events, []
        return events

    def heard(self, health: Health) -> None:
        """Count what a child has reported."""
        if any(child.name == health.child for child in self.core.fleets.all):
            # Levels of another configuration may be those of subnets that are not there any more, or not there yet.
            levels = health.gauges if health.generation == self.core.service.generation else {}
            self._statistics.heard(health.child, health.pid, health.counters, levels, time.time())

    def addresses_on(self, interface: str) -> tuple[int, ...] | None:
        return next((one.addresses for one in interfaces.present() if one.name == interface), None)

    def snapshot(self) -> Snapshot:
        now, offset = self.clock(), time.time() - self.clock()
        state = self.core.service
        return Snapshot(
            now=now + offset,
            mode=state.mode,
            since=state.since + offset,
            epoch=state.epoch,
            generation=state.generation,
            acknowledged=self.core.acknowledged(now),
            reasons=tuple(self._reason(who, reason, now, offset) for who, reason in state.reasons.items()),
            processes=(self._supervisor(), *(self._process(c, now, offset) for c in self.core.children.values())),
            backends=tuple(self._backend(child, now, offset) for child in self.core.backends.rows),
            sockets=SocketsStatus(self._sockets.status, self._sockets.problems),
            refused_digest=self._refused[0],
            refused_why=self._refused[1],
        )

    def _reason(self, who: str, reason: Reason, now: float, offset: float) -> PauseReason:
        backend = self.core.backends.rows.get(who)
        return PauseReason(
            who=backend.role if backend else who,
            since=reason.since + offset,
            origin=backend.origin(self.core.backends.states[who].ever_up) if backend else origin_of(who),
            until=None if reason.until is None else reason.until + offset,
            text=self.core.backends.away(who, now) if backend else reason.text,
        )

    def _supervisor(self) -> ProcessStatus:
        cpu, memory = self._usage(os.getpid())
        return ProcessStatus(
            "supervisor", os.getpid(), "running", started=self._started, cpu_percent=cpu, memory_bytes=memory
        )

    def _process(self, child: Child, now: float, offset: float) -> ProcessStatus:
        cpu, memory = self._usage(child.pid) if child.pid else (0.0, 0)
        health = child.health or Health(child.name, child.pid, 0)
        return ProcessStatus(
            name=child.name,
            pid=child.pid,
            state=_STATES.get(child.phase, "ended"),
            mode=health.mode if child.kind is Kind.SERVING else "",
            epoch=health.epoch,
            generation=health.generation,
            started=child.started + offset,
            restarts=max(child.starts - 1, 0),
            silent_s=now - child.heard,
            cpu_percent=cpu,
            memory_bytes=memory,
            counters=dict(health.counters),
            gauges=dict(health.gauges),
        )

    def _usage(self, pid: int) -> tuple[float, int]:
        """CPU in percent since the last look, resident memory in bytes; zeros for a process that has just gone."""
        try:
            process = self._processes.setdefault(pid, psutil.Process(pid))
            return process.cpu_percent(), process.memory_info().rss
        except psutil.NoSuchProcess:
            self._processes.pop(pid, None)
            return 0.0, 0

    def _backend(self, child: str, now: float, offset: float) -> BackendStatus:
        backend, state = self.core.backends.rows[child], self.core.backends.states[child]
        health = self.core.children[child].health
        host, port = _server(health, backend)
        return BackendStatus(
            role=backend.role,
            type=backend.type,
            name=backend.name,
            host=host,
            port=port,
            tls=health.tls if health else "",
            state=state.shown,
            since=state.since + offset,
            on_fail=backend.policy.on_fail.value,
            tries=state.tries,
            max_tries=backend.policy.tries,
            next_try_ms=_in_ms(state.next_attempt, now),
            error=state.error or (health.error if health else ""),
            error_class=state.error_class or (health.error_class if health else ""),
            summary=self.core.backends.away(child, now),
            queue_depth=self._waiting_for(backend),
            gauges=dict(health.gauges) if health else {},
        )

    def _waiting_for(self, backend: Backend) -> int:
        """Exchanges under way in the packet workers; all of them wait for the leases."""
        if backend.kind is not Role.LEASES:
            return 0
        healths = (child.health for child in self.core.of_kind(Kind.SERVING))
        return sum(int(health.gauges.get("kea-mp-exchanges-at-hand", 0)) for health in healths if health)


def _in_ms(moment: float | None, now: float) -> int | None:
    return None if moment is None else round(1000 * max(0.0, moment - now))


def _server(health: Health | None, backend: Backend) -> tuple[str, int]:
    """The server in use or last tried; the first of the list while nothing was heard."""
    if health is None or not health.host:
        return backend.hosts[0] if backend.hosts else ("", 0)
    name, _, port = health.host.rpartition(":")
    return name, int(port)


def origin_name(origin: int) -> str:
    """Who an origin of dhcp-disable is, as in status: "user", "ha-local", "ha-partner", "origin-7"."""
    return {USER: "user", HA_LOCAL: "ha-local", HA_PARTNER: "ha-partner"}.get(origin, f"origin-{origin}")


def origin_of(who: str) -> int:
    """Back to the number; 0 for reasons that no origin made."""
    named = {"user": USER, "ha-local": HA_LOCAL, "ha-partner": HA_PARTNER}
    if who in named:
        return named[who]
    return int(who.removeprefix("origin-")) if who.startswith("origin-") else 0
