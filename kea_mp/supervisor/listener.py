"""The UNIX control sockets: many clients at once, none of which can hold the loop.

A client sends one request and gets one answer, then the connection is closed, as in Kea. Its handler is a generator
that says what it waits for; between two turns of the loop it is looked at again (`Waiting`).

Runs in: supervisor
"""

from __future__ import annotations

import logging
import os
import select
import socket
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kea_mp.bus.messages import Answered
from kea_mp.config.model import ControlSocket
from kea_mp.control.answer import Answer, error
from kea_mp.control.daemon import Handling, Wait
from kea_mp.control.framing import TIMEOUT_S, Framing
from kea_mp.errors import CommandError, ConfigError, ExitCode, ExitWith
from kea_mp.family import Family
from kea_mp.supervisor.waiting import Waiting

CLIENTS = 256  #: at once; more wait in the backlog
BACKLOG = 1024
READ_BYTES = 65536

Begin = Callable[[bytes], Handling]  #: the handling of a complete request


@dataclass(slots=True)
class Client:
    """One connection: reads a request, handles it, writes the answer. active: when it last moved."""

    connection: socket.socket
    active: float
    framing: Framing = field(default_factory=Framing)
    handling: Handling | None = None
    waiting: Waiting | None = None
    output: memoryview | None = None

    @property
    def interest(self) -> int:
        if self.output is not None:
            return select.POLLOUT
        return select.POLLIN if self.handling is None else 0


class Listener:
    """All control sockets of the daemon. `wait` begins a wait; `settle` is called after each step of a handler."""

    def __init__(
        self, family: Family, begin: Begin, wait: Callable[[Wait, float], Waiting], settle: Callable[[], None]
    ) -> None:
        self._family, self._logger = family, logging.getLogger(family.logger("commands"))
        self._begin, self._wait, self._settle = begin, wait, settle
        self._clients: dict[int, Client] = {}
        self._listening: dict[int, socket.socket] = {}
        self._paths: dict[Path, socket.socket] = {}
        self._default = Path()

    def open(self, folder: Path, configured: Sequence[ControlSocket]) -> None:
        """The configured sockets, and the default one. ConfigError or ExitWith (73, 77) when that cannot be."""
        default = self._default = folder / f"{self._family.name}.sock"
        self.add(configured)
        if default not in self._paths:
            try:
                self._listen(default)
            except ExitWith as problem:  # a daemon with another configuration file was first
                self._logger.warning("COMMAND_ACCEPTOR_START no default control socket: %s", problem)

    def add(self, configured: Sequence[ControlSocket]) -> list[Path]:
        """Open those that are not open yet; which they were. ConfigError or ExitWith, and none is open."""
        added: list[Path] = []
        try:
            for path in dict.fromkeys(Path(entry.path) for entry in configured):
                if path not in self._paths:
                    self._listen(path)
                    added.append(path)
        except (ConfigError, ExitWith):
            self.remove(added)
            raise
        return added

    def keep(self, configured: Sequence[ControlSocket]) -> None:
        """Close all others but the default one. Whoever is connected goes on."""
        wanted = {self._default, *(Path(entry.path) for entry in configured)}
        self.remove([path for path in self._paths if path not in wanted])

    def remove(self, paths: Sequence[Path]) -> None:
        for path in paths:
            listening = self._paths.pop(path)
            del self._listening[listening.fileno()]
            listening.close()
            path.unlink(missing_ok=True)

    def run(self, handling: Handling, now: float) -> None:
        """A command that nobody has sent and nobody hears the answer of."""
        connection, nobody = socket.socketpair()
        nobody.close()
        client = self._clients[connection.fileno()] = Client(connection, now, handling=handling)
        self._step(client, None, now)

    def interests(self) -> dict[int, int]:
        """Descriptors to poll, and for what."""
        wanted = {descriptor: client.interest for descriptor, client in self._clients.items() if client.interest}
        if len(self._clients) < CLIENTS:
            wanted |= dict.fromkeys(self._listening, select.POLLIN)
        return wanted

    def next_deadline(self) -> float | None:
        moments = [
            client.active + TIMEOUT_S if client.waiting is None else client.waiting.until
            for client in self._clients.values()
        ]
        return min(moments, default=None)

    def turn(self, ready: set[int], now: float) -> None:
        """Serve the descriptors that are ready, and whoever has waited long enough."""
        for descriptor in ready & self._listening.keys():
            self._accept(self._listening[descriptor], now)
        for descriptor, client in list(self._clients.items()):
            if descriptor in ready:
                self._move(client, now)
            if client.waiting is not None and client.waiting.over(now):
                self._step(client, client.waiting.value(now), now)
            elif client.waiting is None and client.active + TIMEOUT_S <= now:
                self._time_out(client, now)

    def answered(self, record: Answered) -> None:
        """A child has carried out an order."""
        for client in self._clients.values():
            if client.waiting is not None:
                client.waiting.answered(record)

    def close(self) -> None:
        for client in list(self._clients.values()):
            self._drop(client)
        for listening in self._listening.values():
            listening.close()
        for path in self._paths:
            path.unlink(missing_ok=True)

    def _listen(self, path: Path) -> None:
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        before = os.umask(0o117)  # rw-rw----
        try:
            _remove_stale(path, self._family)
            listening.bind(str(path))
        except OSError as problem:
            listening.close()
            text = f"control socket {path} cannot be opened: {problem.strerror or problem}"
            if isinstance(problem, PermissionError):
                raise ExitWith(ExitCode.NO_PERMISSION, self._family.message("INIT_FAIL"), text) from problem
            raise ConfigError(text, f"{self._family.top}.control-sockets") from problem
        except ExitWith:
            listening.close()
            raise
        finally:
            os.umask(before)
        listening.listen(BACKLOG)
        self._listening[listening.fileno()] = listening
        self._paths[path] = listening
        self._logger.info(
            "COMMAND_ACCEPTOR_START Starting to accept connections via unix domain socket bound to %s", path
        )

    def _accept(self, listening: socket.socket, now: float) -> None:
        while len(self._clients) < CLIENTS:
            try:
                connection, _ = listening.accept()
            except BlockingIOError:
                return
            except OSError as problem:
                self._logger.error("COMMAND_SOCKET_ACCEPT_FAIL Failed to accept incoming connection: %s", problem)
                return
            connection.setblocking(False)
            self._clients[connection.fileno()] = Client(connection, now)

    def _move(self, client: Client, now: float) -> None:
        try:
            if client.output is not None:
                self._write(client, now)
            elif client.handling is None:
                self._read(client, now)
        except BlockingIOError:
            return
        except OSError as problem:
            self._logger.debug("COMMAND_SOCKET_READ_FAIL Encountered error %s on a command socket", problem)
            self._drop(client)

    def _read(self, client: Client, now: float) -> None:
        data = client.connection.recv(READ_BYTES)
        client.active = now
        if not data:
            self._drop(client)
            return
        try:
            request = client.framing.feed(data)
            if request is None:
                return
            client.handling = self._begin(request)
        except CommandError as problem:
            self._answer(client, Answer(problem.result, problem.text), now)
        else:
            self._step(client, None, now)

    def _step(self, client: Client, value: object, now: float) -> None:
        """Run the handler until it waits for something that is not there yet, or has its answer."""
        assert client.handling is not None
        client.waiting = None
        while True:
            try:
                wait = client.handling.send(value)
            except StopIteration as end:
                self._answer(client, end.value, now)
                self._settle()
                return
            except CommandError as problem:
                self._answer(client, Answer(problem.result, problem.text), now)
                self._settle()
                return
            except Exception as problem:  # the outermost loop of a command: a fault in one must not end the daemon
                self._logger.exception("COMMAND_PROCESS_ERROR2 Error while processing command: an error in the program")
                self._answer(client, error(f"internal error: {problem!r}"), now)
                self._settle()
                return
            self._settle()
            client.waiting = self._wait(wait, now)
            if not client.waiting.over(now):
                return
            value, client.waiting = client.waiting.value(now), None

    def _answer(self, client: Client, answer: Answer, now: float) -> None:
        client.output, client.active = memoryview(answer.to_json()), now
        self._move(client, now)

    def _write(self, client: Client, now: float) -> None:
        assert client.output is not None
        sent = client.connection.send(client.output)
        client.output, client.active = client.output[sent:], now
        if not client.output:
            self._drop(client)

    def _time_out(self, client: Client, now: float) -> None:
        """Ten seconds without a byte: say so to a client that is sending, drop one that does not read its answer."""
        if client.output is not None:
            self._drop(client)
        else:
            self._answer(client, client.framing.timed_out(), now)

    def _drop(self, client: Client) -> None:
        self._clients.pop(client.connection.fileno(), None)
        if client.handling is not None:
            client.handling.close()
        client.connection.close()


def _remove_stale(path: Path, family: Family) -> None:
    """Remove the socket of a daemon that is gone. ExitWith 73 when somebody listens on it."""
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise OSError(f"{path} exists and is not a socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except BlockingIOError:
            pass  # its backlog is full: somebody is there
    raise ExitWith(
        ExitCode.CANT_CREATE, family.message("INIT_FAIL"), f"control socket {path} is in use by another process"
    )
