"""Answers to commands: Kea's result codes, and their JSON.

Runs in: any
"""

from __future__ import annotations

import json
from enum import IntEnum
from typing import Any

import msgspec


class Result(IntEnum):
    """How a command ended (Kea control channel, `result`)."""

    SUCCESS = 0
    ERROR = 1
    UNSUPPORTED = 2  #: no such command here
    EMPTY = 3  #: well done, but nothing was found or affected
    CONFLICT = 4
    HALF_CHANGED = 5  #: failed, and the configuration may be between old and new


class Answer(msgspec.Struct, frozen=True):
    """What a command answers. A result other than 0 has a text. arguments: anything that JSON can hold."""

    result: int
    text: str = ""
    arguments: Any = None

    def to_json(self) -> bytes:
        """The answer as Kea sends it: `result`, then `text` and `arguments` where there are any."""
        members: dict[str, Any] = {}
        if self.arguments is not None:
            members["arguments"] = self.arguments
        members["result"] = int(self.result)
        if self.text:
            members["text"] = self.text
        return to_json(members)


def to_json(value: Any) -> bytes:
    """JSON in UTF-8. Bytes of a configuration file that are no UTF-8 (surrogate escapes in a string) come out as they
    were, as from Kea."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogateescape")


def success(text: str = "", arguments: Any = None) -> Answer:
    return Answer(Result.SUCCESS, text, arguments)


def error(text: str, arguments: Any = None) -> Answer:
    return Answer(Result.ERROR, text, arguments)
