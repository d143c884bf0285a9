"""From a request to a command under way: the envelope, the name, the typed arguments.

The envelope is Kea's: `command` (mandatory), `arguments`, and `service` and `remote-address`, which a daemon
carries but does not look at; anything else is an error. Unknown arguments are ignored where Kea ignores them.

Runs in: supervisor
"""

from __future__ import annotations

import logging
import re
from typing import Any

import msgspec

from kea_mp.control.answer import Answer, Result
from kea_mp.control.catalog import find
from kea_mp.control.daemon import Daemon, Handling
from kea_mp.errors import CommandError

MEMBERS = frozenset({"command", "arguments", "service", "remote-address"})

_VALIDATION = re.compile(r"(?P<problem>.*?)(?: - at `\$\.?(?P<path>.*)`)?", re.DOTALL)


def handle(daemon: Daemon, request: bytes) -> Handling:
    """The command of one complete request (see framing), under way."""
    try:
        name, arguments = envelope(request)
    except CommandError as refusal:
        return Answer(refusal.result, refusal.text)
    return (yield from run(daemon, name, arguments))


def run(daemon: Daemon, name: str, arguments: Any = msgspec.UNSET) -> Handling:
    """One command under way. arguments: JSON as Python values; UNSET: none were given."""
    logger = logging.getLogger(f"kea-dhcp{daemon.family}.commands")
    logger.info("COMMAND_RECEIVED command %r", name)
    row = find(name, daemon.family)
    if row is None:
        return Answer(Result.UNSUPPORTED, f"command {name!r} is not supported")
    try:
        outcome = row.handler(daemon, typed(name, row.arguments, arguments))
        answer = outcome if isinstance(outcome, Answer) else (yield from outcome)
    except CommandError as refusal:
        answer = Answer(refusal.result, refusal.text)
    if answer.result not in (Result.SUCCESS, Result.EMPTY):
        logger.warning("COMMAND_PROCESS_ERROR1 command %r: %s", name, answer.text)
    return answer


def envelope(request: bytes) -> tuple[str, Any]:
    """Command name and arguments (UNSET when there are none) of a request. CommandError when it is none."""
    try:
        members = msgspec.json.decode(request)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise CommandError(f"not JSON: {problem}") from problem
    if not isinstance(members, dict):
        raise CommandError("a command is a map")
    name = members.get("command")
    if "command" not in members:
        raise CommandError("the mandatory 'command' is missing")
    if not isinstance(name, str):
        raise CommandError("'command' must be a string")
    for member in members:
        if member not in MEMBERS:
            raise CommandError(f"a command has no member {member!r}")
    return name, members.get("arguments", msgspec.UNSET)


def typed(name: str, wanted: type[msgspec.Struct] | None, arguments: Any) -> Any:
    """The arguments as the command's own type; None for a command that takes none and, as in Kea, ignores any."""
    if wanted is None:
        return None
    if arguments is msgspec.UNSET:
        arguments = {}
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
