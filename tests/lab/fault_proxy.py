"""A TCP proxy that does to a connection what networks and dying servers do: refuse, black hole, reset, delay, cut.

>>> with FaultProxy(("127.0.0.1", 5432)) as proxy:
...     connect_to("127.0.0.1", proxy.port)
...     proxy.black_hole()  # bytes go nowhere, connections stay open
...     proxy.heal()

It runs in a thread of its own. Each method is in force when it returns; what an earlier one has ordered stays until
`heal`. A target or a listener that is a path is a UNIX socket: namespaces do not keep those apart. `namespace` makes it
listen in a network namespace, while the target is reached from where the test is.

Runs in: any (root for a namespace)
"""

from __future__ import annotations

import os
import queue
import select
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial

from tests.lab.net import inside

Place = tuple[str, int] | str  #: (host, port), or the path of a UNIX socket

_CHUNK = 1 << 16
_RESET = struct.pack("ii", 1, 0)  #: SO_LINGER that makes close() send a RST


@dataclass(eq=False)
class _Pair:
    """A client's connection and ours to the server for it; what waits to be sent to each, and from when on."""

    client: socket.socket
    server: socket.socket
    waiting: dict[socket.socket, deque[tuple[float, bytes]]] = field(default_factory=dict)
    doomed: bool = False  #: the next thing that the server says is its end

    def __post_init__(self) -> None:
        self.waiting = {self.client: deque(), self.server: deque()}

    def other(self, end: socket.socket) -> socket.socket:
        return self.server if end is self.client else self.client


class FaultProxy:
    """A proxy in front of `target`. accepted: connections so far; connections: those that are open now."""

    def __init__(self, target: Place, listen: Place = ("127.0.0.1", 0), namespace: str = "") -> None:
        self.target, self.accepted = target, 0
        self._namespace, self._listen = namespace, listen
        self._pairs: list[_Pair] = []
        self._orders: queue.SimpleQueue[tuple[Callable[[], None], threading.Event]] = queue.SimpleQueue()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK)
        self._listener: socket.socket | None = None
        self._swallowing = False
        self._delay_s = 0.0
        self._cut: tuple[int, bool] | None = None  #: bytes left, whether those of the server count
        self._doom: bytes | None = None
        self._running = True
        self._open()
        self._thread = threading.Thread(target=self._run, name="fault-proxy", daemon=True)
        self._thread.start()

    def __enter__(self) -> FaultProxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- what a test says ------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        assert not isinstance(self._listen, str), "it listens on a UNIX socket"
        return self._listen[1]

    @property
    def connections(self) -> int:
        return len(self._pairs)

    def heal(self) -> None:
        """Forward everything again, what was held back as well; new connections are accepted."""

        def do() -> None:
            self._swallowing, self._delay_s, self._cut, self._doom = False, 0.0, None, None
            if self._listener is None:
                self._open()

        self._ordered(do)

    def refuse(self) -> None:
        """New connections are refused; those that are open go on."""
        self._ordered(self._shut)

    def reset(self) -> None:
        """Every open connection is reset (RST)."""
        self._ordered(partial(self._drop_all, reset=True))

    def hang_up(self) -> None:
        """Every open connection is closed in order (FIN)."""
        self._ordered(partial(self._drop_all, reset=False))

    def down(self) -> None:
        """As if the server had been killed: connections are reset, new ones refused."""
        self.refuse()
        self.reset()

    def black_hole(self) -> None:
        """Nothing is forwarded any more, in no direction; connections stay, and new ones are never served."""
        self._ordered(lambda: setattr(self, "_swallowing", True))

    def delay(self, seconds: float) -> None:
        """What arrives from now on is forwarded so much later, in each direction."""
        self._ordered(lambda: setattr(self, "_delay_s", seconds))

    def cut_after(self, count: int, server: bool = False) -> None:
        """Reset the connection when so many bytes of the clients (or of the server) have been forwarded."""
        self._ordered(lambda: setattr(self, "_cut", (count, server)))

    def lose_answer(self, holding: bytes = b"") -> None:
        """The next thing that a client says with these bytes in it reaches the server, and its answer is lost: the
        connection is reset instead. That is a COMMIT whose outcome is unknown."""
        self._ordered(lambda: setattr(self, "_doom", holding))

    def close(self) -> None:
        self._ordered(lambda: setattr(self, "_running", False))
        self._thread.join()
        os.close(self._wake)

    # ---- the thread -------------------------------------------------------------------------------------------

    def _ordered(self, what: Callable[[], None]) -> None:
        done = threading.Event()
        self._orders.put((what, done))
        os.eventfd_write(self._wake, 1)
        assert done.wait(10), "the proxy's thread has ended"

    def _run(self) -> None:
        while self._running:
            ready = self._wait()
            if self._wake in ready:
                os.eventfd_read(self._wake)
                self._obey()
            if self._listener is not None and self._listener.fileno() in ready:
                self._accept(self._listener)
            for pair in list(self._pairs):
                self._turn(pair, ready)
        self._shut()
        self._drop_all(reset=False)

    def _obey(self) -> None:
        while not self._orders.empty():
            what, done = self._orders.get()
            what()
            done.set()

    def _wait(self) -> set[int]:
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        patience_ms = 1000.0
        if not self._swallowing:
            if self._listener is not None:
                poll.register(self._listener, select.POLLIN)
            now = time.monotonic()
            for pair in self._pairs:
                for end in (pair.client, pair.server):
                    queued = pair.waiting[end]
                    events = 0 if len(pair.waiting[pair.other(end)]) > 256 else select.POLLIN
                    if queued and queued[0][0] <= now:
                        events |= select.POLLOUT
                    elif queued:
                        patience_ms = min(patience_ms, 1000 * (queued[0][0] - now) + 1)
                    poll.register(end, events)
        return {descriptor for descriptor, _ in poll.poll(patience_ms)}

    def _turn(self, pair: _Pair, ready: set[int]) -> None:
        if self._swallowing:
            return
        try:
            for end in (pair.client, pair.server):
                if end.fileno() in ready:
                    self._send(end, pair.waiting[end])
                    if not self._receive(pair, end):
                        return
        except OSError:
            self._drop(pair, reset=True)

    def _send(self, end: socket.socket, queued: deque[tuple[float, bytes]]) -> None:
        while queued and queued[0][0] <= time.monotonic():
            due, data = queued.popleft()
            try:
                sent = end.send(data)
            except BlockingIOError:
                sent = 0
            if sent < len(data):
                queued.appendleft((due, data[sent:]))
                return

    def _receive(self, pair: _Pair, end: socket.socket) -> bool:
        """Take what one end says; whether the pair is still there."""
        try:
            data = end.recv(_CHUNK)
        except BlockingIOError:
            return True
        from_server = end is pair.server
        if not data or (from_server and pair.doomed):
            self._drop(pair, reset=bool(data))
            return False
        if self._doom is not None and not from_server and self._doom in data:
            pair.doomed, self._doom = True, None
        cut = self._cut is not None and self._cut[1] == from_server
        if cut:
            assert self._cut is not None
            data = data[: self._cut[0]]
            self._cut = (self._cut[0] - len(data), from_server)
        queued = pair.waiting[pair.other(end)]
        queued.append((time.monotonic() + self._delay_s, data))
        self._send(pair.other(end), queued)
        if cut and self._cut is not None and self._cut[0] <= 0:
            self._cut = None
            self._drop(pair, reset=True)
            return False
        return True

    def _accept(self, listener: socket.socket) -> None:
        client, _ = listener.accept()
        if client.family == socket.AF_INET:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # no delay of ours
        self.accepted += 1
        try:
            server = _connected(self.target)
        except OSError:
            _close(client, reset=True)
            return
        for end in (client, server):
            end.setblocking(False)
        self._pairs.append(_Pair(client, server))

    def _drop_all(self, reset: bool) -> None:
        for pair in list(self._pairs):
            self._drop(pair, reset)

    def _drop(self, pair: _Pair, reset: bool) -> None:
        self._pairs.remove(pair)
        _close(pair.client, reset)
        _close(pair.server, reset)

    def _open(self) -> None:
        family = socket.AF_UNIX if isinstance(self._listen, str) else socket.AF_INET
        with inside(self._namespace) if self._namespace else nullcontext():
            listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(self._listen)
        listener.listen(64)
        if isinstance(self._listen, str):
            os.chmod(self._listen, 0o777)
        else:
            self._listen = listener.getsockname()[:2]
        self._listener = listener

    def _shut(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
            if isinstance(self._listen, str):
                os.unlink(self._listen)


def _connected(target: Place) -> socket.socket:
    if isinstance(target, str):
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.connect(target)
        return made
    made = socket.create_connection(target, 5)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def _close(end: socket.socket, reset: bool) -> None:
    if reset and end.family == socket.AF_INET:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    end.close()
