"""From one configuration to another while the daemon runs.

What can fail without a backend is tried first: interfaces, the lease file, outputs of the log, control sockets. Then
the new processes are started, with lanes of their own, beside the old ones, which serve meanwhile. If any of this
fails, the old configuration goes on untouched (`call_off`). When all new processes are there the core puts them in
force and ends the old ones, packet workers before connection workers; when the last is gone (`switch`), new sockets
are bound, and the new connection workers are told to connect. So no packet is ever in the hands of two configurations,
and what arrives meanwhile waits in sockets that stay, or in the lanes.

Runs in: supervisor
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from kea_mp.bus.messages import Answered
from kea_mp.config.model import Config
from kea_mp.control.answer import Answer, error
from kea_mp.control.daemon import APPLY_S, Applied
from kea_mp.errors import ConfigError, ExitWith
from kea_mp.supervisor import interfaces
from kea_mp.supervisor.backends import configured
from kea_mp.supervisor.checks import check_lease_file
from kea_mp.supervisor.children import Kind
from kea_mp.supervisor.core import RECONFIGURATION, Disable, Event, Reconfigured, Replace
from kea_mp.supervisor.daemon import RunningDaemon
from kea_mp.supervisor.dhcp_sockets import DhcpSockets, Plan
from kea_mp.supervisor.listener import Listener
from kea_mp.supervisor.outputs import SupervisorLog
from kea_mp.supervisor.parcel import Parcel
from kea_mp.supervisor.processes import ChildSpec, table
from kea_mp.supervisor.recovery import Phase
from kea_mp.supervisor.server_id import server_duid_of
from kea_mp.supervisor.spawn import Processes

Feed = Callable[[Event], object]


def worker_count(asked: int | None, config: Config) -> int:
    """Packet workers: of the command line, of the configuration, or one for each processor that we may use."""
    return asked or config.workers or len(os.sched_getaffinity(0))


class Reconfiguring:
    """One reconfiguration at a time; `join` puts one into the line. asked: number of workers on the command line."""

    def __init__(
        self,
        daemon: RunningDaemon,
        processes: Processes,
        sockets: DhcpSockets,
        log: SupervisorLog,
        listener: Listener,
        asked: int | None,
        feed: Feed,
    ) -> None:
        self._daemon, self._processes, self._sockets, self._log = daemon, processes, sockets, log
        self._listener, self._asked, self._feed = listener, asked, feed
        self._line: list[ForReconfiguration] = []

    def join(self, wait: Applied, now: float) -> ForReconfiguration:
        waiting = ForReconfiguration(self._daemon, wait, now)
        self._line.append(waiting)
        self.turn(now)
        return waiting

    def turn(self, now: float) -> None:
        """Begin what is next."""
        while self._line and self._line[0].over(now) and not self._daemon.core.changing:
            self._line.pop(0)
        if self._line and not self._line[0].begun:
            first = self._line[0]
            first.begun = True
            first.refused = self._begin(first)

    def _begin(self, change: ForReconfiguration) -> str:
        """Everything up to the start of its processes; why not, or ""."""
        config = change.wait.config
        added: Sequence[Path] = ()
        try:
            check_lease_file(config.lease_database, config.family)
            interfaces.check_usable(config.interfaces, config.family)
            added = self._listener.add(config.control_sockets)
            change.server_duid = server_duid_of(config, interfaces.present(), int(time.time()))
            self._log.configure(config.loggers)
        except (ConfigError, ExitWith) as problem:
            self._listener.remove(added)
            return str(problem)
        change.added = added
        try:
            self._make_crew(change)
        except (OSError, ExitWith) as problem:
            self._take_back(change)
            return f"its processes cannot be started: {problem}"
        for warning in config.warnings:
            logging.getLogger(config.family.logger()).warning("%s", warning)
        names = [(name, spec.kind) for spec in self._specs(config) for name in spec.names]
        self._feed(Reconfigured(configured(config), tuple(names)))
        return ""

    def _make_crew(self, change: ForReconfiguration) -> None:
        """The next generation's processes with all that they need, none of which runs."""
        config, fleets = change.wait.config, self._daemon.core.fleets
        change.plan = plan = self._sockets.prepare(config.interfaces, worker_count(self._asked, config))
        before = self._processes.outfit(fleets.generation)
        parcel = Parcel(replace(config, raw={}))
        outfit = replace(
            before,
            config=parcel,
            generation=fleets.next_generation,
            sockets=plan.of_worker,
            server_duid=change.server_duid,
        )
        try:
            self._processes.add(self._specs(config), outfit)
        except OSError:
            parcel.close()
            raise

    def call_off(self, why: str) -> None:
        """Its processes cannot be started."""
        self._line[0].refused = why
        self._take_back(self._line[0])

    def _take_back(self, change: ForReconfiguration) -> None:
        self._listener.remove(change.added)
        self._log.back()
        if change.plan is not None:
            change.plan.close()

    def switch(self, generation: int, now: float) -> None:
        """This generation is in force, and no process of the one before is left."""
        change = self._line[0]
        config, plan = change.wait.config, change.plan
        assert plan is not None
        self._log.close_old()
        self._listener.keep(config.control_sockets)
        grown = False
        try:
            grown = self._sockets.change(plan, now)
        except ExitWith as problem:
            logging.getLogger(config.family.logger()).critical("%s %s", problem.identifier, problem)
            change.failure = str(problem)
        self._processes.outfit(generation).sockets = self._sockets.of_worker
        self._daemon.apply(config, change.wait.shown, change.server_duid)
        if change.failure:
            self._feed(Disable(RECONFIGURATION, text=change.failure))
        elif grown:
            for child in self._daemon.core.of_kind(Kind.SERVING):
                self._feed(Replace(child.name))

    def _specs(self, config: Config) -> tuple[ChildSpec, ...]:
        return table(worker_count(self._asked, config))


class ForReconfiguration:
    """Until all backends were tried and the workers follow the new configuration, or it was refused."""

    def __init__(self, daemon: RunningDaemon, wait: Applied, now: float) -> None:
        self._core = daemon.core
        self.wait, self.until = wait, now + APPLY_S
        self.begun, self.refused, self.failure = False, "", ""
        self.server_duid = b""
        self.added: Sequence[Path] = ()  #: control sockets that it has opened
        self.plan: Plan | None = None

    def over(self, now: float) -> bool:
        if self.refused or now >= self.until:
            return True
        if not self.begun or self._core.changing:
            return False
        return self._core.backends.settled and self._core.acknowledged(now)

    def value(self, now: float) -> Answer | None:
        if self.refused:
            return error(f"{self.refused}; the configuration before goes on")
        core = self._core
        away = [core.backends.away(c, now) for c, s in core.backends.states.items() if s.phase is Phase.REFUSED]
        if away or self.failure:
            why = "; ".join([*away, *filter(None, [self.failure])])
            return error(f"the service is paused until another configuration is given: {why}")
        if now >= self.until:
            return error("the configuration is not in force yet: status-get shows what is waited for")
        return None

    def answered(self, record: Answered) -> None:
        """Not for us."""
