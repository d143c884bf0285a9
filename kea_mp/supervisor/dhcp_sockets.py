"""The DHCP sockets over the daemon's life: opened at the start, tried again while some are missing.

Kea's rules (service-sockets-*): a socket that cannot be opened is a warning; there are `max-retries` more tries,
`retry-wait-time` apart; when they are used up the daemon goes on with what it has, or ends if `require-all` is set.
Unlike Kea it also ends (71) when interfaces are configured and not one socket could be opened.

Runs in: supervisor
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from kea_mp.config.model import Interfaces
from kea_mp.errors import ExitCode, ExitWith
from kea_mp.family import DHCP4, Family
from kea_mp.supervisor import interfaces
from kea_mp.supervisor.interfaces import Problem, Target, Target6
from kea_mp.supervisor.sockets import AnySocket, Opened, made4
from kea_mp.supervisor.sockets6 import made6
from kea_mp.supervisor.start_record import RAW, DhcpSocket, DhcpSocket6

AnyOpened = Opened[DhcpSocket] | Opened[DhcpSocket6]
AnyTarget = Target | Target6


@dataclass(frozen=True, slots=True)
class Plan:
    """The sockets of another configuration: those that stay, and new ones that are not bound yet. found: by interface,
    with what they were made for."""

    wanted: Interfaces
    workers: int
    found: dict[str, tuple[AnyTarget, AnyOpened]]
    fresh: frozenset[str]  #: names of those that are new

    def of_worker(self, index: int) -> tuple[AnySocket, ...]:
        """The shards of one packet worker, by interface."""
        return tuple(dhcp for _, opened in self.found.values() for dhcp in opened.shards[index])

    def close(self) -> None:
        """It is not carried out."""
        for name in self.fresh:
            self.found[name][1].close()


class DhcpSockets:
    """What is open, and what is still wanted. ports: (server, client)."""

    def __init__(self, wanted: Interfaces, workers: int, ports: tuple[int, int], family: Family = DHCP4) -> None:
        self._wanted, self._workers, self._ports, self._family = wanted, workers, ports, family
        self._logger, self._daemon_logger = (logging.getLogger(family.logger(part)) for part in ("dhcpsrv", ""))
        self._open: dict[str, AnyOpened] = {}
        self._targets: dict[str, AnyTarget] = {}  #: what is open was opened on
        self._retries_left = wanted.max_retries
        self._started = False
        self.next_try: float | None = None  #: monotonic seconds
        self.problems: tuple[str, ...] = ()
        self.status = "ready"  #: as in status-get: ready, retrying, failed

    def of_worker(self, index: int) -> tuple[AnySocket, ...]:
        """The shards of one packet worker, by interface."""
        return tuple(dhcp for found in self._open.values() for dhcp in found.shards[index])

    def prepare(self, wanted: Interfaces, workers: int) -> Plan:
        """What another configuration will have; nothing changes yet. Where nothing is different the sockets stay, and
        with them the packets that wait there. ExitWith 77 for permission."""
        same = (wanted.socket_type, workers) == (self._wanted.socket_type, self._workers)
        found: dict[str, tuple[AnyTarget, AnyOpened]] = {}
        fresh = set()
        for target in interfaces.chosen_by(wanted, self._family)[0]:
            if same and self._targets.get(target.name) == target:
                found[target.name] = target, self._open[target.name]
                continue
            try:
                found[target.name] = target, self._made(target, wanted, workers)
            except OSError:
                continue  # tried again, and said, by `change`
            fresh.add(target.name)
        return Plan(wanted, workers, found, frozenset(fresh))

    def change(self, plan: Plan, now: float) -> bool:
        """Carry it out; no packet worker of the configuration before runs. True when there is a socket more than was
        planned. ExitWith as `open`."""
        for name in list(self._open):
            if name not in plan.found or name in plan.fresh:
                self._open.pop(name).close()
                del self._targets[name]
        self._wanted, self._workers = plan.wanted, plan.workers
        self._retries_left, self._started = plan.wanted.max_retries, False
        for name in plan.fresh:
            target, found = plan.found[name]
            try:
                found.bind()
            except OSError:
                continue  # tried again, and said, by `open`
            self._open[name], self._targets[name] = found, target
            self._say_opened(target)
        return self.open(now)

    def open(self, now: float) -> bool:
        """Open what is missing; True when something was opened. ExitWith when it is hopeless (71) or forbidden (77)."""
        before = len(self._open)
        targets, problems = self._chosen()
        for target in targets:
            if target.name in self._open:
                continue
            try:
                found = self._made(target, self._wanted, self._workers)
                found.bind()
                self._open[target.name] = found
                self._targets[target.name] = target
            except OSError as error:
                text = f"Failed to open socket on interface {target.name}, reason: {error.strerror or error}"
                problems.append(Problem(target.name, text))
            else:
                self._say_opened(target)
        problems = [problem for problem in problems if problem.name not in self._open]
        for problem in problems:
            self._logger.warning("DHCPSRV_OPEN_SOCKET_FAIL failed to open socket: %s", problem.text)
        self.problems = tuple(problem.text for problem in problems)
        if not self._open:
            self._logger.warning("DHCPSRV_NO_SOCKETS_OPEN no interface configured to listen to DHCP traffic")
        self._plan(now)
        return len(self._open) > before

    def _made(self, target: AnyTarget, wanted: Interfaces, workers: int) -> AnyOpened:
        if isinstance(target, Target6):
            return made6(target, workers, *self._ports)
        return made4(target, wanted.socket_type, workers, *self._ports)

    def _chosen(self) -> tuple[Sequence[AnyTarget], list[Problem]]:
        try:
            return interfaces.chosen_by(self._wanted, self._family)
        except ExitWith as missing:
            if not self._started:
                raise
            # It was there at the start: that it has gone is no reason to leave the other interfaces.
            return [], [Problem("", str(missing))]
        finally:
            self._started = True

    def close(self) -> None:
        for found in self._open.values():
            found.close()
        self._open.clear()

    def _plan(self, now: float) -> None:
        """When to try again, or whether to give up."""
        self.next_try = None
        self.status = "ready"
        if not self.problems:
            return
        if self._retries_left > 0:
            self._retries_left -= 1
            self.next_try = now + self._wanted.retry_wait_ms / 1000
            self.status = "retrying"
            return
        self.status = "failed"
        text = f"maximum number of open service sockets attempts: {self._wanted.max_retries}, has been exhausted"
        if self._wanted.require_all or not self._open:
            why = f"{text} without success: {'; '.join(self.problems)}"
            raise ExitWith(ExitCode.OS_ERROR, self._family.message("FATAL_OPEN_SOCKETS_FAILED"), why)
        if self._wanted.max_retries:
            identifier = self._family.message("OPEN_SOCKETS_FAILED")
            self._daemon_logger.error("%s %s without success", identifier, text)

    def _say_opened(self, target: AnyTarget) -> None:
        self._logger.info("DHCPSRV_CFGMGR_ADD_IFACE listening on interface %s", interfaces.described(target))
        if isinstance(target, Target) and self._wanted.socket_type == RAW and len(target.addresses) > 1:
            text = "broadcasts are answered once, with the first address as server identifier"
            self._logger.info("KEA_MP_SEVERAL_ADDRESSES %s: %s", interfaces.described(target), text)
