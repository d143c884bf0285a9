"""Logging as Kea has it: levels, patterns, and the child's way to the supervisor's outputs.

Logger names form Kea's hierarchy under "kea-dhcp4". Severity DEBUG has levels 0 (`logger.debug`) to 99: log with
`logger.log(debug(40), …)`; Kea's rule of thumb is 0 start and stop, 10 commands, 15 drops, 40 decisions, 50 packets,
55 everything.

A child puts records on a bounded queue of its own and never waits for it: what does not fit is dropped and counted
(`dropped_records`). Levels are applied in the child already.

Runs in: any
"""

from __future__ import annotations

import logging
import threading
from bisect import bisect_right
from collections.abc import Sequence
from logging.handlers import QueueHandler
from queue import Full
from typing import TYPE_CHECKING

from kea_mp.config.model import Logger

if TYPE_CHECKING:
    from kea_mp.supervisor.start_record import LogChannel

ROOT = "kea-dhcp4"
NONE = logging.CRITICAL + 10  #: severity NONE: nothing at all
SEVERITIES = {
    "FATAL": logging.CRITICAL,
    "ERROR": logging.ERROR,
    "WARN": logging.WARNING,
    "INFO": logging.INFO,
    "NONE": NONE,
}
_STEPS = (10, 15, 40, 45, 50, 55)  #: the debug levels that Kea's messages have, above 0
FLUSH_S = 1.0  #: how long a leaving child waits for the supervisor to take its last records

_dropped = 0


def debug(level: int) -> int:
    """The logging level of Kea's debug level 0..99: 10 for 0, one less from each of Kea's steps on."""
    return logging.DEBUG - bisect_right(_STEPS, level)


def level(severity: str, debug_level: int) -> int:
    """The logging level from which on a logger of this severity (Kea `severity`, `debuglevel`) speaks."""
    return debug(debug_level) if severity == "DEBUG" else SEVERITIES[severity]


def levels(loggers: Sequence[Logger], verbose: bool) -> tuple[tuple[str, int], ...]:
    """Each configured logger and its level, the root one first. verbose (-d): everything, whatever is configured."""
    if verbose:
        return ((ROOT, debug(99)),)
    configured = {logger.name: level(logger.severity, logger.debug_level) for logger in loggers}
    return ((ROOT, configured.pop(ROOT, logging.INFO)), *configured.items())


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
    """Puts records on a queue if there is room, else drops and counts."""

    def enqueue(self, record: logging.LogRecord) -> None:
        global _dropped
        try:
            self.queue.put_nowait(record)
        except Full:
            _dropped += 1


class ChildLog:
    """The log of a child process, open from its first line to its last."""

    def __init__(self, channel: LogChannel) -> None:
        self._queue = channel.queue
        root = logging.getLogger(ROOT)
        root.propagate = False
        root.addHandler(NeverBlockingHandler(self._queue))
        apply_levels(channel.levels)

    def close(self) -> None:
        """Wait a moment for the last records to go out; a supervisor that does not read must not hold us."""
        self._queue.close()
        waiting = threading.Thread(target=self._queue.join_thread, daemon=True)
        waiting.start()
        waiting.join(FLUSH_S)
        if waiting.is_alive():
            self._queue.cancel_join_thread()
