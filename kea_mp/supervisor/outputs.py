"""Where log records go: Kea's output-options, one bounded channel per child, and a queue for the supervisor itself.

The supervisor's loop never writes to an output: a pipe that nobody reads would hold it, its directives would cease, and
the workers would pause. So its own records take a bounded queue too, and threads do the writing. What does not fit is
dropped and counted.

Runs in: supervisor
"""

from __future__ import annotations

import logging
import os
import queue
import sys
import syslog
import threading
import time
from collections.abc import Sequence
from contextlib import nullcontext
from logging.handlers import QueueListener, RotatingFileHandler
from multiprocessing.queues import Queue
from typing import Any, TextIO

from multiprocessing_logging import MultiProcessingHandler

from kea_mp import patterns
from kea_mp.config.model import Logger, LogOutput
from kea_mp.errors import ConfigError
from kea_mp.log import Channel, Line, NeverBlockingHandler, apply_levels, levels
from kea_mp.supervisor.start_record import LogChannel

QUEUE_RECORDS = 4096  #: of the supervisor itself
DRAIN_S = 2.0  #: how long the end of the daemon waits for the outputs
FACILITIES = frozenset(
    {"auth", "authpriv", "cron", "daemon", "ftp", "kern", "lpr", "mail", "news", "syslog", "user", "uucp"}
    | {f"local{number}" for number in range(8)}
)
Record = logging.LogRecord | Line
_DEFAULT_OUTPUT = LogOutput("stdout")


class Layout(logging.Formatter):
    """A record as a pattern says; a traceback follows on lines of its own."""

    def __init__(self, pattern: str) -> None:
        super().__init__()
        try:
            self._written = patterns.compiled(pattern)
        except ValueError as error:
            raise ConfigError(str(error), "loggers[].output-options[].pattern") from error
        self.shows_callers = patterns.shows_callers(pattern)

    def format(self, record: Record) -> str:
        text = self._written(record)
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        return f"{text.rstrip()}\n{record.exc_text}\n" if record.exc_text else text


class Output(logging.Handler):
    """Where lines end. They come several at once, and are written with one call where that is possible."""

    layout: Layout

    def take(self, records: Sequence[Record]) -> None:
        with self.lock or nullcontext():
            try:
                self.write([self.layout.format(record) for record in records], records)
            except Exception:  # noqa: BLE001  an output that fails (a full disk) must not end the others
                self.handleError(logging.makeLogRecord({"msg": "cannot be written"}))

    def emit(self, record: logging.LogRecord) -> None:
        self.take((record,))

    def write(self, texts: Sequence[str], records: Sequence[Record]) -> None:
        """Each text with its newline, and the records that they are of."""
        raise NotImplementedError


class Stream(Output):
    """stdout or stderr. flushes: after each write, else the stream's own buffer decides (output-options flush)."""

    def __init__(self, stream: TextIO, flushes: bool = True) -> None:
        super().__init__()
        self._stream, self._flushes = stream, flushes

    def write(self, texts: Sequence[str], records: Sequence[Record]) -> None:
        self._stream.write("".join(texts))
        if self._flushes:
            self._stream.flush()

    def close(self) -> None:
        self._stream.flush()
        super().close()


class File(Output):
    """A file that is renamed to FILE.1 … FILE.maxver before it would be longer than maxsize bytes (0: never)."""

    def __init__(self, output: LogOutput) -> None:
        super().__init__()
        self._flushes, self._most = output.flush, output.max_size
        try:
            self._file = RotatingFileHandler(
                output.output,
                maxBytes=output.max_size,
                backupCount=max(output.max_versions, 1),
                encoding="utf-8",
                errors="backslashreplace",
            )
        except OSError as error:
            where = "loggers[].output-options[].output"
            raise ConfigError(f"the log file {output.output} cannot be opened: {error.strerror}", where) from error
        self._size = os.stat(output.output).st_size

    def write(self, texts: Sequence[str], records: Sequence[Record]) -> None:
        text = "".join(texts)
        size = len(text.encode("utf-8", "backslashreplace"))
        if self._most and self._size + size > self._most and len(texts) > 1:
            for one in texts:
                self.write((one,), records)
            return
        if self._most and self._size and self._size + size > self._most:
            self._file.doRollover()
            self._size = 0
        self._size += size
        stream = self._file.stream or self._file._open()  # none when an earlier rollover has failed
        self._file.stream = stream
        stream.write(text)
        if self._flushes:
            stream.flush()

    def close(self) -> None:
        self._file.close()
        super().close()


class Syslog(Output):
    """syslog(3) with a facility. Lines have no newline at their end."""

    _PRIORITIES = (
        (logging.CRITICAL, syslog.LOG_CRIT),
        (logging.ERROR, syslog.LOG_ERR),
        (logging.WARNING, syslog.LOG_WARNING),
        (logging.INFO, syslog.LOG_INFO),
    )

    def __init__(self, facility: str, program: str) -> None:
        super().__init__()
        if facility.lower() not in FACILITIES:
            raise ConfigError(f"unknown syslog facility {facility!r}", "loggers[].output-options[].output")
        self._facility: int = getattr(syslog, f"LOG_{facility.upper()}")
        syslog.openlog(program, 0, self._facility)

    def write(self, texts: Sequence[str], records: Sequence[Record]) -> None:
        for text, record in zip(texts, records, strict=True):
            priority = next((p for least, p in self._PRIORITIES if record.levelno >= least), syslog.LOG_DEBUG)
            syslog.syslog(self._facility | priority, text.rstrip("\n"))


def handler(output: LogOutput, program: str) -> Output:
    """One configured output of this program. ConfigError when it cannot be opened or its pattern is wrong."""
    kind, _, facility = output.output.partition(":")
    layout = _layout(output)
    made: Output
    match kind:
        case "stdout" | "stderr":
            made = Stream(sys.stdout if kind == "stdout" else sys.stderr, output.flush)
        case "syslog":
            made = Syslog(facility or "local0", program)
        case _:
            made = File(output)
    made.layout = layout
    return made


def check(loggers: Sequence[Logger], program: str) -> None:
    """ConfigError when an output could not be used; opens no file."""
    for output in (output for logger in loggers for output in logger.outputs):
        _layout(output)
        kind, _, facility = output.output.partition(":")
        if kind == "syslog":
            Syslog(facility or "local0", program)


def _layout(output: LogOutput) -> Layout:
    default = patterns.SYSLOG if output.output.startswith("syslog") else patterns.CONSOLE
    return Layout(output.pattern or default)


class Outputs(logging.Handler):
    """Gives a record to the outputs of the most specific logger that has been configured."""

    def __init__(self, root: str, loggers: Sequence[Logger], before: Outputs | None = None) -> None:
        """root: the logger above all others, named as the program. before: what is open there, and is wanted
        here too, is not opened twice."""
        super().__init__()
        there: dict[LogOutput, Output] = before.by_place if before else {}
        same: dict[LogOutput, Output] = {}  # two loggers may share a file; it is opened once

        def handlers(outputs: Sequence[LogOutput]) -> tuple[Output, ...]:
            return tuple(same.setdefault(o, same.get(o) or there.get(o) or handler(o, root)) for o in outputs)

        configured = {logger.name: logger for logger in loggers}
        top = configured.get(root)
        self._root = handlers((top.outputs if top else ()) or (_DEFAULT_OUTPUT,))
        self._by_name = {
            name: handlers(logger.outputs) if logger.outputs else self._root for name, logger in configured.items()
        }
        self._all = tuple(same.values())
        self.by_place: dict[LogOutput, Output] = same
        self.on_console = any(isinstance(output, Stream) for output in self._root)
        self.shows_callers = any(output.layout.shows_callers for output in self._all)

    def emit(self, record: logging.LogRecord) -> None:
        self.take((record,))

    def take(self, records: Sequence[Record]) -> None:
        """Write these records, each output's in their order."""
        shares: dict[Output, list[Record]] = {}
        for record in records:
            for output in self._of(record.name):
                shares.setdefault(output, []).append(record)
        for output, share in shares.items():
            output.take(share)

    def _of(self, name: str) -> tuple[Output, ...]:
        while name not in self._by_name and "." in name:
            name = name.rpartition(".")[0]
        return self._by_name.get(name, self._root)

    def createLock(self) -> None:
        """No lock here: each output has its own, and one that is stuck must not hold the others."""
        self.lock = None

    def close(self, after: Outputs | None = None) -> None:
        """after: what goes on being used by these stays open."""
        kept = set(after.by_place.values()) if after else set()
        for output in self._all:
            if output not in kept:
                output.close()
        super().close()


class Handover(logging.Handler):
    """What `MultiProcessingHandler` gives its records to: ours come several at once, as the child has sent them."""

    def __init__(self, outputs: Outputs) -> None:
        super().__init__()
        self._outputs = outputs

    def emit(self, record: Any) -> None:
        self._outputs.take(record)


class FromChild(MultiProcessingHandler):  # type: ignore[misc]
    """Reads the channel of one child process in a thread and hands the records to the outputs.

    The library makes an unbounded queue, which is not used. Once the child is started the writing end is closed here,
    so that the thread finds the end when the child has died, and ends.
    """

    def __init__(self, child: str, outputs: Outputs) -> None:
        self._channel = Channel()
        self.outputs = outputs
        super().__init__(f"log-{child}", Handover(outputs))

    @property
    def queue(self) -> Channel:
        return self._channel

    @queue.setter
    def queue(self, unbounded: Queue[Any]) -> None:
        unbounded.close()

    def child_has_it(self) -> None:
        self._channel.theirs.close()

    def ended(self, within_s: float) -> bool:
        """Whether all that the dead child wrote has been read."""
        self._receive_thread.join(within_s)
        return not self._receive_thread.is_alive()


class SupervisorLog:
    """All logging of the daemon. Before `configure` the lines go to stdout from INFO up, as in Kea."""

    def __init__(self, root: str, verbose: bool) -> None:
        """root: the logger above all others, named as the program."""
        self._root, self._verbose = root, verbose
        self._levels = self._before = levels(root, (), verbose)
        self._outputs = Outputs(root, ())
        self._children: dict[str, FromChild] = {}
        self._old: list[FromChild] = []
        self._replaced: list[Outputs] = []  #: still written to by children of the configuration before
        self._queue: queue.Queue[Any] = queue.Queue(QUEUE_RECORDS)
        logging.raiseExceptions = False  # an output that fails must not write a traceback per line on stderr
        logger = logging.getLogger(root)
        logger.propagate = False
        logger.addHandler(NeverBlockingHandler(self._queue))
        apply_levels(self._levels)
        self._listener = QueueListener(self._queue, self._outputs)
        self._listener.start()

    def configure(self, loggers: Sequence[Logger]) -> None:
        """Use these loggers from now on. ConfigError when an output is not usable; then nothing has changed."""
        outputs = Outputs(self._root, loggers, self._outputs)
        self._replaced.append(self._outputs)
        before, self._levels = self._levels, levels(self._root, loggers, self._verbose)
        self._before = before
        self._outputs = outputs
        self._listener.handlers = (outputs,)
        apply_levels(self._levels, before)

    def back(self) -> None:
        """What was configured last will not be used, and none of its processes runs any more."""
        before, self._levels = self._levels, self._before
        self._replaced.append(self._outputs)
        self._outputs = self._replaced.pop(0)
        self._listener.handlers = (self._outputs,)
        apply_levels(self._levels, before)
        self.close_old()

    def close_old(self) -> None:
        """The processes that wrote to what was replaced are gone; what they wrote is read to its end first."""
        there = (*self._old, *self._children.values())
        channels = [channel for channel in there if channel.outputs is not self._outputs]
        replaced, self._replaced = self._replaced, []
        threading.Thread(target=_close, args=(replaced, channels, self._outputs), daemon=True).start()

    def open(self, child: str) -> LogChannel:
        """A channel for one process, its own, so that its end shows."""
        self._old = [old for old in self._old if not old.ended(0)]
        if child in self._children:
            self._old.append(self._children.pop(child))
        self._children[child] = made = FromChild(child, self._outputs)
        return LogChannel(made.queue.theirs, self._levels, self._outputs.shows_callers)

    def opened(self, child: str) -> None:
        """The process has inherited its end."""
        self._children[child].child_has_it()

    def tell_console(self, text: str) -> None:
        """Why there is no start, on stderr, unless a line of the log on the console has said so (as Kea)."""
        if not self._outputs.on_console:
            print(f"{self._root}: {text}", file=sys.stderr)  # noqa: T201

    def close(self) -> bool:
        """Write what is left, for a limited time. False when an output is stuck."""
        until = time.monotonic() + DRAIN_S
        drained = [h.ended(max(0.0, until - time.monotonic())) for h in (*self._old, *self._children.values())]
        stopping = threading.Thread(target=self._listener.stop, daemon=True)
        stopping.start()
        stopping.join(max(0.1, until - time.monotonic()))
        return all(drained) and not stopping.is_alive()


def _close(replaced: Sequence[Outputs], channels: Sequence[FromChild], after: Outputs) -> None:
    for channel in channels:
        channel.ended(DRAIN_S)
    for outputs in replaced:
        outputs.close(after)
