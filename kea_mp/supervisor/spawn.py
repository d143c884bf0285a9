"""Processes: made with multiprocessing's spawn context, signalled, and noticed when they end. The only place for them.

A crew is the children of one configuration, with all that they are started with. Each child has data-path lanes to the
children of the other kind in its crew; both ends of every lane stay open here, so that a child that is started again
finds what was sent to its predecessor, and its peer never sees an end of file.

Runs in: supervisor
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.context import SpawnProcess
from typing import cast

from kea_mp.bus.sockets import Endpoints
from kea_mp.config.model import Config4
from kea_mp.config.model6 import Config6
from kea_mp.control.answer import Answer
from kea_mp.supervisor.aside import blank, compute
from kea_mp.supervisor.children import Kind
from kea_mp.supervisor.entry import enter
from kea_mp.supervisor.parcel import Parcel
from kea_mp.supervisor.processes import LAUNCHER, ChildSpec
from kea_mp.supervisor.sockets import AnySocket
from kea_mp.supervisor.start_record import DhcpSocket, DhcpSocket6, LogChannel, StartRecord

LANE_BYTES = 4 << 20  #: socket buffer of a lane: a few thousand batched requests

context = multiprocessing.get_context("spawn")


@dataclass(slots=True)
class Outfit:
    """What children are started with, as it is now."""

    config: Parcel[Config4 | Config6]
    generation: int
    endpoints: Endpoints
    open_log: Callable[[str], LogChannel]  #: a fresh channel for one process of the child with this name
    close_log: Callable[[str], None]  #: nothing more is written to it by us
    sockets: Callable[[int], tuple[AnySocket, ...]]  #: those of the packet worker with this index
    server_duid: bytes = b""  #: of DHCPv6


class Crew:
    """The running children of one configuration."""

    def __init__(self, specs: Sequence[ChildSpec], outfit: Outfit) -> None:
        """OSError: there is no room for the lanes. The outfit is closed with this."""
        self.outfit = outfit
        self.running: dict[str, SpawnProcess] = {}
        self._specs = {name: (spec, index) for spec in specs for index, name in enumerate(spec.names)}
        self._lanes = _lanes(specs)

    def close(self) -> None:
        """None of them runs any more."""
        assert not self.running
        self.outfit.config.close()
        for end in {id(end): end for ends in self._lanes.values() for end in ends}.values():
            end.close()

    def start(self, child: str) -> int:
        """Start a process for this child; its pid. OSError when the system has no room for one more."""
        spec, index = self._specs[child]
        sockets = self.outfit.sockets(index) if spec.kind is Kind.SERVING else ()
        record = StartRecord(
            child=child,
            index=index,
            workers=sum(spec.kind is Kind.SERVING for spec, _ in self._specs.values()),
            config=cast(Config4 | Config6, self.outfit.config),  # that is what the child will find there
            generation=self.outfit.generation,
            endpoints=self.outfit.endpoints,
            parent=os.getpid(),
            log=self.outfit.open_log(child),
            lanes=self._lanes[child],
            dhcp_sockets=tuple(dhcp for dhcp in sockets if isinstance(dhcp, DhcpSocket)),
            dhcp_sockets6=tuple(dhcp for dhcp in sockets if isinstance(dhcp, DhcpSocket6)),
            server_duid=self.outfit.server_duid,
        )
        process = context.Process(target=enter, args=(LAUNCHER, spec.module, record), name=child)
        try:
            process.start()
        finally:
            self.outfit.close_log(child)
        self.running[child] = process
        assert process.pid is not None
        return process.pid

    def reap(self, child: str) -> int:
        """The exit code of a child whose sentinel was readable, or minus the signal that ended it."""
        process = self.running.pop(child)
        process.join()
        code = process.exitcode
        process.close()
        assert code is not None
        return code

    def signal(self, child: str, number: signal.Signals) -> None:
        process = self.running.get(child)
        if process is None or process.pid is None:
            return
        # Not reaped yet, so the pid is still this child's.
        os.kill(process.pid, number)


class Processes:
    """The crews, by generation. Nothing here decides; `start`, `terminate` and `kill` do as they are told."""

    def __init__(self, specs: Sequence[ChildSpec], outfit: Outfit) -> None:
        _keep_children_lean()
        self._crews: dict[int, Crew] = {}
        self.add(specs, outfit)

    def add(self, specs: Sequence[ChildSpec], outfit: Outfit) -> None:
        """One crew more, of which none runs. OSError: see `Crew`."""
        self._crews[outfit.generation] = Crew(specs, outfit)

    def outfit(self, generation: int) -> Outfit:
        return self._crews[generation].outfit

    def discard(self, generation: int) -> None:
        """A crew of which none runs, and none will be started."""
        self._crews.pop(generation).close()

    def start(self, child: str, generation: int) -> int:
        """Start a process for this child; its pid. OSError when the system has no room for one more."""
        return self._crews[generation].start(child)

    def sentinels(self) -> dict[int, tuple[str, int]]:
        """A descriptor per running child that is readable once it has ended; the child and its generation."""
        crews = self._crews.items()
        return {
            process.sentinel: (child, number) for number, crew in crews for child, process in crew.running.items()
        }  # fmt: skip

    def reap(self, child: str, generation: int) -> int:
        """The exit code of a child whose sentinel was readable, or minus the signal that ended it."""
        return self._crews[generation].reap(child)

    def terminate(self, child: str, generation: int) -> None:
        self._crews[generation].signal(child, signal.SIGTERM)

    def kill(self, child: str, generation: int) -> None:
        self._crews[generation].signal(child, signal.SIGKILL)

    def close(self) -> None:
        """However the supervisor ends, nothing of it stays."""
        for generation, crew in list(self._crews.items()):
            for child in list(crew.running):
                self.kill(child, generation)
                self.reap(child, generation)
            self.discard(generation)


class Computation:
    """One function that runs in a process of its own, which ends with it. OSError: the system has no room for one."""

    def __init__(self, function: Callable[[bytes], Answer], data: bytes) -> None:
        self._sheet, self._data = blank(), Parcel(data)
        arguments = function, self._data, self._sheet, os.getpid()
        self._process = context.Process(target=compute, args=arguments, name=function.__name__)
        try:
            self._process.start()
        except OSError:
            self._close()
            raise

    @property
    def sentinel(self) -> int:
        """Readable when it has ended."""
        return self._process.sentinel

    @property
    def over(self) -> bool:
        return not self._process.is_alive()

    def finish(self) -> Answer | None:
        """Its answer, None when it has left none; called once, for a computation that goes on ends with it."""
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        try:
            return self._sheet.read()
        finally:
            self._process.close()
            self._close()

    def _close(self) -> None:
        self._data.close()
        self._sheet.close()


def _lanes(specs: Sequence[ChildSpec]) -> dict[str, tuple[socket.socket, ...]]:
    """Per child its ends of the data path, in the order of its peers."""
    serving = [name for spec in specs if spec.kind is Kind.SERVING for name in spec.names]
    connection = [name for spec in specs if spec.kind is Kind.CONNECTION for name in spec.names]
    pairs = {(s, c): _lane() for s in serving for c in connection}
    return {s: tuple(pairs[s, c][0] for c in connection) for s in serving} | {
        c: tuple(pairs[s, c][1] for s in serving) for c in connection
    }


def _lane() -> tuple[socket.socket, socket.socket]:
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setblocking(False)
        for forced, plain in ((32, socket.SO_SNDBUF), (33, socket.SO_RCVBUF)):  # SO_SNDBUFFORCE, SO_RCVBUFFORCE
            try:
                end.setsockopt(socket.SOL_SOCKET, forced, LANE_BYTES)
            except PermissionError:
                end.setsockopt(socket.SOL_SOCKET, plain, LANE_BYTES)
    return ends


def _keep_children_lean() -> None:
    """A spawned child imports its parent's main module first, unless that has neither a spec nor a file. Ours is the
    command line, which no child needs and which would cost each of them its start-up time."""
    main = sys.modules["__main__"]
    main.__spec__ = None
    if hasattr(main, "__file__"):
        del main.__file__
