"""Logging as Kea has it: levels, patterns, and the child's way to the supervisor's outputs.

Logger names form Kea's hierarchy under "kea-dhcp4" or "kea-dhcp6". Severity DEBUG has levels 0 (`logger.debug`) to 99:
log with `logger.log(debug(40), …)`; Kea's rule of thumb is 0 start and stop, 10 commands, 15 drops, 40 decisions, 50
packets, 55 everything.

A child hands its lines over on a socket of its own, several at once, and never waits for it: what does not fit is
dropped and counted (`dropped_records`). INFO has two lines an exchange, so that each microsecond a line counts here.
Levels are applied in the child already, outputs and patterns in the supervisor.

Runs in: any
"""

from __future__ import annotations

import errno
import logging
import os
import select
import socket
import threading
import time
from bisect import bisect_right
from collections.abc import Sequence
from logging.handlers import QueueHandler
from queue import Empty, Full
from typing import TYPE_CHECKING

import msgspec

from kea_mp.config.model import Logger

if TYPE_CHECKING:
    from kea_mp.supervisor.start_record import LogChannel

NONE = logging.CRITICAL + 10  #: severity NONE: nothing at all
SEVERITIES = {
    "FATAL": logging.CRITICAL,
    "ERROR": logging.ERROR,
    "WARN": logging.WARNING,
    "INFO": logging.INFO,
    "NONE": NONE,
}
_STEPS = (10, 15, 40, 45, 50, 55)  #: the debug levels that Kea's messages have, above 0
BATCH, FLUSH_S = 64, 0.02  #: lines that a child sends at once; how long a line waits for more
CHANNEL_BYTES = 1 << 20  #: of lines that the supervisor has not taken yet, some thousand; per child
CLOSE_S = 1.0  #: how long a leaving child waits for the supervisor to take its last lines

_STARTED = time.time()
_EXCEPTIONS = logging.Formatter()
_dropped = 0


def debug(level: int) -> int:
    """The logging level of Kea's debug level 0..99: 10 for 0, one less from each of Kea's steps on."""
    return logging.DEBUG - bisect_right(_STEPS, level)


def level(severity: str, debug_level: int) -> int:
    """The logging level from which on a logger of this severity (Kea `severity`, `debuglevel`) speaks."""
    return debug(debug_level) if severity == "DEBUG" else SEVERITIES[severity]


def levels(root: str, loggers: Sequence[Logger], verbose: bool) -> tuple[tuple[str, int], ...]:
    """Each configured logger and its level, that of `root` first. verbose (-d): everything, whatever is configured."""
    if verbose:
        return ((root, debug(99)),)
    configured = {logger.name: level(logger.severity, logger.debug_level) for logger in loggers}
    return ((root, configured.pop(root, logging.INFO)), *configured.items())


def apply_levels(chosen: Sequence[tuple[str, int]], before: Sequence[tuple[str, int]] = ()) -> None:
    """Set the loggers' levels; those of `before` that are not chosen any more inherit again."""
    for name, _ in before:
        logging.getLogger(name).setLevel(logging.NOTSET)
    for name, number in chosen:
        logging.getLogger(name).setLevel(number)


def dropped_records() -> int:
    """How many records this process could not hand over; goes into its Health as `kea-mp-log-dropped`."""
    return _dropped


class NeverBlockingHandler(QueueHandler):
    """Puts records on a queue of this process if there is room, else drops and counts."""

    def enqueue(self, record: logging.LogRecord) -> None:
        global _dropped
        try:
            self.queue.put_nowait(record)
        except Full:
            _dropped += 1


class Line(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A log record on its way from a child, with the names of `logging.LogRecord`. text: the message, complete."""

    name: str
    levelno: int
    created: float
    process: int
    thread: int
    threadName: str
    text: str
    exc_text: str = ""
    pathname: str = ""
    lineno: int = 0
    funcName: str = ""
    exc_info: None = None

    @property
    def filename(self) -> str:
        return self.pathname.rpartition("/")[2]

    @property
    def relativeCreated(self) -> float:
        """Milliseconds since the daemon's start."""
        return 1000 * (self.created - _STARTED)

    def getMessage(self) -> str:
        return self.text


class Channel:
    """The supervisor's end of the way of one child's lines; the other end is `theirs`, for the child.

    The socket's buffer is the bound, and each message is whole or not there, so that a child that is killed leaves
    nothing half-written behind. It has the methods of a queue that `MultiProcessingHandler` uses.
    """

    def __init__(self, size: int = CHANNEL_BYTES) -> None:
        self._ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (self._ours, self.theirs):
            for forced, plain in ((32, socket.SO_SNDBUF), (33, socket.SO_RCVBUF)):  # SO_SNDBUFFORCE, SO_RCVBUFFORCE
                try:
                    end.setsockopt(socket.SOL_SOCKET, forced, size)
                except PermissionError:
                    end.setsockopt(socket.SOL_SOCKET, plain, size)
        self._buffer = bytearray(2 * size)  # the kernel doubles what it is asked for
        self._decode = msgspec.msgpack.Decoder(list[Line]).decode

    def get(self, timeout: float) -> list[Line]:
        """The next lines. queue.Empty: none within `timeout` seconds; EOFError: the child has ended."""
        self._ours.settimeout(timeout)
        try:
            size = self._ours.recv_into(self._buffer)
        except (TimeoutError, BlockingIOError):
            raise Empty from None
        if not size:
            raise EOFError
        return self._decode(memoryview(self._buffer)[:size])

    def qsize(self) -> int:
        """0 when there is nothing to get, else more."""
        return _ready(self._ours, select.POLLIN, 0)

    def close(self) -> None:
        self._ours.close()

    def join_thread(self) -> None:
        """Nothing is written from this end."""


class ChildHandler(logging.Handler):
    """Collects records as lines and sends them on: at BATCH lines, at a warning, and FLUSH_S after the first one."""

    def __init__(self, end: socket.socket) -> None:
        super().__init__()
        self._end = end
        end.setblocking(False)
        self._pid = os.getpid()
        self._encode = msgspec.msgpack.Encoder().encode
        self._lines: list[Line] = []
        self._guard = threading.RLock()
        self._some = threading.Event()
        threading.Thread(target=self._keep_flushing, name="log", daemon=True).start()

    def handle(self, record: logging.LogRecord) -> bool:  # not emit: a lock and a filter less
        line = Line(
            record.name,
            record.levelno,
            record.created,
            self._pid,
            record.thread or 0,
            record.threadName or "",
            record.getMessage(),
            _EXCEPTIONS.formatException(record.exc_info) if record.exc_info else "",
            record.pathname,
            record.lineno,
            record.funcName or "",
        )
        with self._guard:
            self._lines.append(line)
            waiting = len(self._lines)
        if waiting >= BATCH or record.levelno >= logging.WARNING:
            self.flush()
        elif waiting == 1:
            self._some.set()
        return True

    def flush(self) -> None:
        with self._guard:
            lines, self._lines = self._lines, []
            if lines:
                self._send(lines)

    def _send(self, lines: list[Line]) -> None:
        global _dropped
        try:
            data = self._encode(lines)
        except UnicodeEncodeError:  # bytes of a file or a packet that are no UTF-8
            data = self._encode([msgspec.structs.replace(line, text=_printable(line.text)) for line in lines])
        try:
            self._end.send(data)
        except OSError as problem:
            if problem.errno == errno.EMSGSIZE and len(lines) > 1:
                for line in lines:
                    self._send([line])
            else:  # there is no room, or nobody reads any more
                _dropped += len(lines)

    def _keep_flushing(self) -> None:
        while True:
            self._some.wait()
            self._some.clear()
            time.sleep(FLUSH_S)
            self.flush()

    def close(self) -> None:
        """Send what is left; a supervisor that does not read does not hold us for longer than CLOSE_S."""
        _ready(self._end, select.POLLOUT, CLOSE_S)
        self.flush()
        super().close()


class ChildLog:
    """The log of a child process, open from its first line to its last."""

    def __init__(self, channel: LogChannel) -> None:
        logging.logMultiprocessing = logging.logProcesses = False  # no pattern shows a process's name
        if not channel.callers:
            logging._srcfile = None  # as its manual says: no look at the stack for each record
        self._handler = ChildHandler(channel.end)
        root = logging.getLogger(channel.levels[0][0])
        root.propagate = False
        root.addHandler(self._handler)
        apply_levels(channel.levels)

    def close(self) -> None:
        self._handler.close()


def _ready(end: socket.socket, wanted: int, within_s: float) -> int:
    poll = select.poll()
    poll.register(end, wanted)
    return len(poll.poll(1000 * within_s))


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
