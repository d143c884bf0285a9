"""Where a request on a UNIX control socket ends: sans-IO.

Kea's protocol has no length and no newline: a request is one JSON map, it ends where its JSON ends, and what comes
after is not read. `#`, `//` and `/* */` comments are left out. Feed it what arrives; it gives the request
without comments as soon as it is complete, and refuses what cannot become one.

Runs in: supervisor
"""

from __future__ import annotations

import re
from enum import Enum

from kea_mp.control.answer import Answer, error
from kea_mp.errors import CommandError

TIMEOUT_S = 10.0  #: how long a client may be silent before its request is complete
LARGEST = 64 << 20  #: bytes of one request, comments included
DEEPEST = 100  #: nested maps and lists, as in Kea

_BLANK = re.compile(rb"[ \t\r\n]*")
_PLAIN = re.compile(rb'(?:[^"{}\[\]#/]++|"[^"\\]*+")*+')  #: whole strings included: most of a request is in here
_IN_STRING = re.compile(rb'["\\]')
_CLOSES = {b"}": b"{", b"]": b"["}


class _Inside(Enum):
    NOTHING = 0  #: before the first bracket
    JSON = 1
    STRING = 2
    LINE = 3  #: a comment until the end of the line
    BLOCK = 4  #: a comment until */


class Framing:
    """One request. Feed until it gives bytes or raises CommandError; then it is used up."""

    def __init__(self) -> None:
        self._input = bytearray()  #: not scanned yet
        self._request = bytearray()  #: scanned, without comments and leading blanks
        self._taken = 0
        self._open: list[bytes] = []
        self._inside = _Inside.NOTHING

    def feed(self, data: bytes) -> bytes | None:
        """The whole request once it is complete, None before. CommandError when it can never be one."""
        self._taken += len(data)
        if self._taken > LARGEST:
            raise CommandError(f"a request may not be longer than {LARGEST >> 20} MiB")
        self._input += data
        scanned, complete = self._scan(bytes(self._input))
        del self._input[:scanned]
        return bytes(self._request) if complete else None

    def timed_out(self) -> Answer:
        """What a client is told that has been silent for TIMEOUT_S."""
        size = len(self._request) + (0 if self._inside is _Inside.NOTHING else len(self._input))
        discarded = f"; discarded a partial command of {size} bytes" if size else ""
        return error(f"the control channel timed out after {TIMEOUT_S:.0f} s of silence{discarded}")

    def _scan(self, data: bytes) -> tuple[int, bool]:
        """How much of data is scanned, and whether the request is complete with it."""
        at = 0
        while at < len(data):
            match self._inside:
                case _Inside.NOTHING:
                    after = self._begin(data, at)
                case _Inside.JSON:
                    after = self._structure(data, at)
                case _Inside.STRING:
                    after = self._string(data, at)
                case _:
                    after = self._comment(data, at)
            if after is None:  # the next step needs more than there is
                return at, False
            at = after
            if self._inside is _Inside.JSON and not self._open:
                return at, True
        return at, False

    def _begin(self, data: bytes, at: int) -> int | None:
        blank = _BLANK.match(data, at)
        at = blank.end() if blank else at
        first = data[at : at + 1]
        if first in (b"{", b"["):
            self._inside = _Inside.JSON
            return self._bracket(first, data, at, at)
        if first in (b"#", b"/"):
            return self._comment_begins(data, at, at)
        if first:
            raise CommandError(f"a request begins with {{, not with {first.decode('latin-1')!r}")
        return at

    def _structure(self, data: bytes, at: int) -> int | None:
        plain = _PLAIN.match(data, at)
        place = plain.end() if plain else at
        sign = data[place : place + 1]
        if sign == b'"':
            self._inside = _Inside.STRING
        elif sign in (b"#", b"/"):
            return self._comment_begins(data, at, place)
        elif sign:
            return self._bracket(sign, data, at, place)
        self._request += data[at : place + 1]
        return place + len(sign)

    def _bracket(self, sign: bytes, data: bytes, at: int, place: int) -> int:
        opener = _CLOSES.get(sign)
        if opener is None:
            self._open.append(sign)
            if len(self._open) > DEEPEST:
                raise CommandError(f"a request may not be nested deeper than {DEEPEST} levels")
        elif self._open.pop() != opener:
            raise CommandError(f"not JSON: {opener.decode()} is closed by {sign.decode()}")
        self._request += data[at : place + 1]
        return place + 1

    def _string(self, data: bytes, at: int) -> int | None:
        found = _IN_STRING.search(data, at)
        if not found:
            self._request += data[at:]
            return len(data)
        if found.group() == b"\\":
            if found.end() == len(data):
                return None
            end = found.end() + 1
        else:
            self._inside = _Inside.JSON
            end = found.end()
        self._request += data[at:end]
        return end

    def _comment_begins(self, data: bytes, at: int, place: int) -> int | None:
        sign = data[place : place + 2]
        if sign == b"/":
            return None
        if sign.startswith(b"#") or sign == b"//":
            self._inside = _Inside.LINE
        elif sign == b"/*":
            self._inside = _Inside.BLOCK
        else:
            raise CommandError("not JSON: a / that begins no comment")
        self._request += data[at:place]
        return place + (1 if sign.startswith(b"#") else 2)

    def _comment(self, data: bytes, at: int) -> int | None:
        end = b"\n" if self._inside is _Inside.LINE else b"*/"
        found = data.find(end, at)
        if found < 0:
            half = end == b"*/" and data.endswith(b"*")  # its / may be on the way
            return len(data) - half if len(data) - half > at else None
        self._inside = _Inside.JSON if self._open else _Inside.NOTHING
        return found + len(end)
