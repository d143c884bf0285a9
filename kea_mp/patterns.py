"""Kea's log line patterns (log4cplus): `"%D{%Y-%m-%d %H:%M:%S.%q} %-5p [%c/%i.%t] %m\\n"` → a function of a log record.

All components that the Kea manual lists are known, with padding and truncation (`%-15.40m`); anything else is a
ValueError.

Runs in: any
"""

from __future__ import annotations

import logging
import os
import re
import socket
import time
from collections.abc import Callable
from functools import lru_cache
from logging import LogRecord

from kea_mp.log import Line

CONSOLE = "%D{%Y-%m-%d %H:%M:%S.%q} %-5p [%c/%i.%t] %m\n"  #: Kea's default for stdout, stderr and files
SYSLOG = "%-5p [%c.%t] %m\n"  #: Kea's default for syslog, which adds time and process itself

Piece = Callable[[LogRecord | Line], str]
CALLERS = "bFlLM"  #: components that show where in the program a line comes from

_COMPONENT = re.compile(
    r"%(?P<left>-)?(?P<width>\d+)?(?:\.(?P<most>\d+))?(?P<what>[A-Za-z%])(?:(?<=[cdDE])\{(?P<braces>[^}]*)\})?"
)
_MILLIS, _MICROS = "\x01", "\x02"  # where fractions of a second go in a text of strftime
_DATE = "%Y-%m-%d %H:%M:%S"
_NAMES = ((logging.CRITICAL, "FATAL"), (logging.ERROR, "ERROR"), (logging.WARNING, "WARN"), (logging.INFO, "INFO"))


@lru_cache(maxsize=128)
def severity(level: int) -> str:
    """Kea's word for a logging level."""
    return next((name for least, name in _NAMES if level >= least), "DEBUG")


_PLAIN: dict[str, Piece] = {
    "b": lambda r: r.filename,
    "F": lambda r: r.pathname,
    "h": lambda _: socket.gethostname().partition(".")[0],
    "H": lambda _: socket.getfqdn(),
    "i": lambda r: str(r.process),
    "l": lambda r: f"{r.pathname}:{r.lineno}",
    "L": lambda r: str(r.lineno),
    "m": lambda r: r.getMessage(),
    "M": lambda r: r.funcName or "",
    "n": lambda _: "\n",
    "p": lambda r: severity(r.levelno),
    "r": lambda r: str(int(r.relativeCreated)),
    "t": lambda r: str(r.thread),
    "T": lambda r: str(r.threadName),
    "%": lambda _: "%",
}


def shows_callers(pattern: str) -> bool:
    """Whether a valid pattern has one of CALLERS."""
    return any(found["what"] in CALLERS for found in _COMPONENT.finditer(pattern))


def compiled(pattern: str) -> Piece:
    """A function that writes a record as the pattern says. ValueError names the component that is not known."""
    pieces: list[Piece] = []
    position = 0
    while position < len(pattern):
        if pattern[position] != "%":
            end = pattern.find("%", position)
            end = len(pattern) if end < 0 else end
            pieces.append(_literal(pattern[position:end]))
        else:
            match = _COMPONENT.match(pattern, position)
            if match is None:
                raise ValueError(f"unfinished component {pattern[position:]!r} in the log pattern")
            pieces.append(_sized(_component(match["what"], match["braces"]), match))
            end = match.end()
        position = end
    return lambda record: "".join([piece(record) for piece in pieces])


def _literal(text: str) -> Piece:
    return lambda _: text


def _component(what: str, braces: str | None) -> Piece:
    match what:
        case "d" | "D":
            return _date(braces or _DATE, time.gmtime if what == "d" else time.localtime)
        case "E":
            value = os.environ.get(braces or "", "")
            return _literal(value)
        case "c":
            return _logger_name(braces)
        case _ if what in _PLAIN:
            return _PLAIN[what]
    raise ValueError(f"unknown component %{what} in the log pattern")


def _logger_name(precision: str | None) -> Piece:
    if not precision:
        return lambda r: r.name
    if not precision.isdigit() or not int(precision):
        raise ValueError(f"%c{{{precision}}} in the log pattern: a number is wanted")
    count = int(precision)
    return lambda r: ".".join(r.name.split(".")[-count:])


def _date(layout: str, broken_down: Callable[[float], time.struct_time]) -> Piece:
    layout = layout.replace("%q", _MILLIS).replace("%Q", f"{_MILLIS}.{_MICROS}")
    last: tuple[int, str] = (-1, "")

    def written(record: LogRecord | Line) -> str:
        nonlocal last
        second = int(record.created)
        if last[0] != second:  # the text of a second is the same for all its records, and takes long
            last = (second, time.strftime(layout, broken_down(second)))
        micros = int(record.created * 1_000_000) % 1_000_000
        return last[1].replace(_MILLIS, f"{micros // 1000:03}").replace(_MICROS, f"{micros % 1000:03}")

    return written


def _sized(piece: Piece, match: re.Match[str]) -> Piece:
    """Padded with blanks to the width, cut to the last `most` characters."""
    if not match["width"] and not match["most"]:
        return piece
    width, most = int(match["width"] or 0), int(match["most"] or 0)

    def sized(record: LogRecord | Line) -> str:
        text = piece(record)
        if most and len(text) > most:
            text = text[-most:]
        return text.ljust(width) if match["left"] else text.rjust(width)

    return sized
