"""From one configuration to another while the daemon runs.

What can fail without a backend is tried first: interfaces, the lease file, outputs of the log, control sockets. If it
does, the old configuration goes on untouched. Then the core ends the old processes, packet workers before connection
workers, while packets wait in the sockets; when the last is gone (`switch`), sockets, lanes and the start record change
together, and the new processes start. So no packet is ever in the hands of two configurations.

Runs in: supervisor
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from kea_mp.bus.messages import Answered
from kea_mp.config.model import Config, Config4
from kea_mp.config.model6 import Config6
from kea_mp.control.answer import Answer, error
from kea_mp.control.daemon import APPLY_S, Applied
from kea_mp.errors import ConfigError, ExitWith
from kea_mp.supervisor import interfaces
from kea_mp.supervisor.backends import configured
from kea_mp.supervisor.checks import check_lease_file
from kea_mp.supervisor.core import RECONFIGURATION, Disable, Event, Reconfigured
from kea_mp.supervisor.daemon import RunningDaemon
from kea_mp.supervisor.dhcp_sockets import DhcpSockets
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
            first.refused = self._begin(first.wait.config)

    def _begin(self, config: Config4 | Config6) -> str:
        """Everything up to the point of no return; why not, or ""."""
        added: Sequence[Path] = ()
        try:
            check_lease_file(config.lease_database, config.family)
            interfaces.check_usable(config.interfaces, config.family)
            added = self._listener.add(config.control_sockets)
            self._line[0].server_duid = server_duid_of(config, interfaces.present(), int(time.time()))
            self._log.configure(config.loggers)
        except (ConfigError, ExitWith) as problem:
            self._listener.remove(added)
            return str(problem)
        for warning in config.warnings:
            logging.getLogger(config.family.logger()).warning("%s", warning)
        self._listener.keep(config.control_sockets)
        names = [(name, spec.kind) for spec in self._specs(config) for name in spec.names]
        self._feed(Reconfigured(configured(config), tuple(names)))
        return ""

    def switch(self, generation: int, now: float) -> None:
        """No process of the old configuration is left, none of the new is there."""
        applied, duid = self._line[0].wait, self._line[0].server_duid
        config, workers = applied.config, worker_count(self._asked, applied.config)
        self._log.close_old()
        try:
            self._sockets.change(config.interfaces, workers, now)
        except ExitWith as problem:
            logging.getLogger(config.family.logger()).critical("%s %s", problem.identifier, problem)
            self._line[0].failure = str(problem)
        outfit = self._processes.outfit
        outfit.config.close()
        outfit.config, outfit.generation, outfit.server_duid = Parcel(config), generation, duid
        self._processes.refit(self._specs(config))
        self._daemon.apply(config, applied.shown, duid)
        if self._line[0].failure:
            self._feed(Disable(RECONFIGURATION, text=self._line[0].failure))

    def _specs(self, config: Config) -> tuple[ChildSpec, ...]:
        return table(worker_count(self._asked, config))


class ForReconfiguration:
    """Until all backends were tried and the workers follow the new configuration, or it was refused."""

    def __init__(self, daemon: RunningDaemon, wait: Applied, now: float) -> None:
        self._core = daemon.core
        self.wait, self.until = wait, now + APPLY_S
        self.begun, self.refused, self.failure = False, "", ""
        self.server_duid = b""

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
