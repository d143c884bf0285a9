"""The supervisor's poll loop: wait, feed the core what happened, do what it decides.

It waits for the bus, the children's sentinels, signals, the control sockets and the core's next deadline, and for
nothing else: no database, no output of the log, no slow client.

Runs in: supervisor
"""

from __future__ import annotations

import logging
import os
import select
import signal
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import FrameType
from typing import assert_never

from kea_mp.bus.messages import Answered, Health
from kea_mp.bus.sockets import ParentBus
from kea_mp.config.model import ControlSocket
from kea_mp.control.daemon import Handling, Wait
from kea_mp.control.dispatch import handle, run
from kea_mp.errors import ExitCode, ExitWith
from kea_mp.supervisor.children import Kill, Kind, Start, Terminate
from kea_mp.supervisor.core import (
    Action,
    CallOff,
    Died,
    Discard,
    Event,
    Exit,
    Heard,
    Leave,
    Publish,
    Replace,
    Say,
    Started,
    Switch,
    Tick,
)
from kea_mp.supervisor.daemon import RunningDaemon
from kea_mp.supervisor.dhcp_sockets import DhcpSockets
from kea_mp.supervisor.listener import Listener
from kea_mp.supervisor.notify import Nanny, standing
from kea_mp.supervisor.outputs import SupervisorLog
from kea_mp.supervisor.pulse import Pulse
from kea_mp.supervisor.reconfigure import Reconfiguring
from kea_mp.supervisor.spawn import Computation, Processes
from kea_mp.supervisor.waiting import Aside, Waiting, begun


class Signals:
    """SIGTERM, SIGINT and SIGHUP as something to poll."""

    WANTED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def __init__(self) -> None:
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        for number in self.WANTED:
            signal.signal(number, self._received)

    def fileno(self) -> int:
        return self._read

    def received(self) -> list[signal.Signals]:
        try:
            return [signal.Signals(number) for number in os.read(self._read, 64)]
        except BlockingIOError:
            return []

    def _received(self, number: int, _frame: FrameType | None) -> None:
        try:
            os.write(self._write, bytes([number]))
        except BlockingIOError:
            return  # dozens wait to be read already


class Loop:
    """Runs until the core says Exit; `run` returns the exit code."""

    def __init__(
        self,
        daemon: RunningDaemon,
        bus: ParentBus,
        processes: Processes,
        sockets: DhcpSockets,
        signals: Signals,
        log: SupervisorLog,
        workers: int | None,
    ) -> None:
        """workers: how many packet workers the command line has asked for, if it has."""
        self._daemon, self._core, self._clock = daemon, daemon.core, daemon.clock
        self._family = daemon.config.family
        self._logger = logging.getLogger(self._family.logger())
        self._bus, self._processes, self._sockets, self._signals = bus, processes, sockets, signals
        self._listener = Listener(self._family, self._begin, self._begin_wait, self._settle)
        self._aside = Aside(Computation)
        self._reconfiguring = Reconfiguring(daemon, processes, sockets, log, self._listener, workers, self.feed)
        self._pulse = Pulse(bus)
        self._nanny = Nanny.of(os.environ, self._logger)
        self._exit_code: int | None = None

    def run(self, folder: Path, control_sockets: Sequence[ControlSocket]) -> int:
        self._listener.open(folder, control_sockets)
        self.feed(Tick())
        self._pulse.start()
        while self._exit_code is None:
            sentinels = self._processes.sentinels()
            ready = self._wait(sentinels)
            self._pulse.turned(self._clock())
            for number in self._signals.received():
                self._on_signal(number)
            for record in self._bus.receive():
                self._on_record(record)
            for descriptor in ready & sentinels.keys():
                child, generation = sentinels[descriptor]
                self.feed(Died(child, self._processes.reap(child, generation), generation))
            self._try_sockets()
            self.feed(Tick())
            self._aside.turn(self._clock())
            self._reconfiguring.turn(self._clock())
            self._listener.turn(ready, self._clock())
            self._nanny.follow(standing(self._core), self._clock())
        return self._exit_code

    def close(self) -> None:
        self._pulse.stop()
        self._listener.close()
        self._aside.close()
        self._nanny.close()

    def _begin(self, request: bytes) -> Handling:
        return handle(self._daemon, request)

    def _begin_wait(self, wait: Wait, now: float) -> Waiting:
        return begun(wait, self._core, self.feed, self._bus.publish, self._aside, self._reconfiguring.join, now)

    def _settle(self) -> None:
        """What a command has asked for reaches the core before the command goes on."""
        for event in self._daemon.take_events():
            self.feed(event)

    def feed(self, event: Event) -> None:
        """Let the core decide about an event, and do it."""
        for action in self._core.receive(event, self._clock()):
            self._do(action)

    def _wait(self, sentinels: Iterable[int]) -> set[int]:
        """Descriptors that are ready, at the latest when somebody has something to do."""
        poll = select.poll()
        for descriptor in (self._bus.fileno(), self._signals.fileno(), *sentinels, *self._aside.sentinels):
            poll.register(descriptor, select.POLLIN)
        for descriptor, events in self._listener.interests().items():
            poll.register(descriptor, events)
        now = self._clock()
        moments = (self._core.next_deadline(now), self._sockets.next_try, self._listener.next_deadline())
        until = min(moment for moment in moments if moment is not None)
        return {descriptor for descriptor, _ in poll.poll(max(0.0, until - now) * 1000)}

    def _do(self, action: Action) -> None:
        match action:
            case Publish(directive):
                self._bus.publish(directive)
            case Start(child, generation):
                self._start(child, generation)
            case Terminate(child, generation):
                self._processes.terminate(child, generation)
            case Kill(child, generation):
                self._processes.kill(child, generation)
            case Say(level, identifier, text):
                self._logger.log(level, "%s %s", identifier, text)
            case Switch(generation):
                self._reconfiguring.switch(generation, self._clock())
            case CallOff(_, why):
                self._reconfiguring.call_off(why)
            case Discard(generation):
                self._processes.discard(generation)
            case Exit(code):
                self._exit_code = code
            case _:
                assert_never(action)

    def _start(self, child: str, generation: int) -> None:
        try:
            pid = self._processes.start(child, generation)
        except OSError as error:
            self._logger.error("KEA_MP_CHILD_NOT_STARTED %s cannot be started: %s", child, error)
            self.feed(Died(child, ExitCode.SOFTWARE, generation))
        else:
            self.feed(Started(child, pid, generation))

    def _on_signal(self, number: signal.Signals) -> None:
        if number is signal.SIGHUP:
            self._listener.run(run(self._daemon, "config-reload"), self._clock())
            return
        self._logger.info(
            "%s shutdown of server requested by %s", self._family.message("SHUTDOWN_REQUEST"), number.name
        )
        self.feed(Leave())

    def _on_record(self, record: Health | Answered) -> None:
        match record:
            case Health():
                self._daemon.heard(record)
                self.feed(Heard(record))
            case Answered():
                self._listener.answered(record)

    def _try_sockets(self) -> None:
        if self._sockets.next_try is None or self._sockets.next_try > self._clock():
            return
        try:
            grown = self._sockets.open(self._clock())
        except ExitWith as end:
            self._logger.critical("%s %s", end.identifier, end)
            self.feed(Leave(end.code))
            return
        if grown:
            for child in self._core.of_kind(Kind.SERVING):
                self.feed(Replace(child.name))
