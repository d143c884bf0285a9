"""A command's arguments, from JSON to their own type.

Runs in: any
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from kea_mp.errors import CommandError

NONE = msgspec.Raw(b"{}")  #: what a request without arguments has

_VALIDATION = re.compile(r"(?P<problem>.*?)(?: - at `\$\.?(?P<path>.*)`)?", re.DOTALL)


def decoded(text: bytes | msgspec.Raw, wanted: Any = Any) -> Any:
    """JSON as Python values. CommandError when it is none."""
    try:
        return msgspec.json.decode(text, type=wanted)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise CommandError(f"not JSON: {problem}") from problem


def typed(name: str, wanted: type[msgspec.Struct], text: msgspec.Raw) -> Any:
    """The arguments of command `name` as the type that it wants. CommandError says what is wrong with them."""
    arguments = decoded(text)
    if not isinstance(arguments, dict):
        raise CommandError(f"the arguments of {name!r} must be a map")
    try:
        return msgspec.convert(arguments, wanted)
    except msgspec.ValidationError as problem:
        raise CommandError(f"the arguments of {name!r}: {_in_words(str(problem))}") from problem


def _in_words(problem: str) -> str:
    match = _VALIDATION.fullmatch(problem)
    assert match is not None
    text = match["problem"].replace("`", "'").replace("Object missing required field", "missing mandatory")
    return f"{match['path']!r}: {text}" if match["path"] else text
