"""From a request to a command under way: the envelope, the name, the typed arguments.

The envelope is Kea's: `command` (mandatory), `arguments`, and `service` and `remote-address`, which a daemon
carries but does not look at; anything else is an error. Unknown arguments are ignored where Kea ignores them.
Arguments stay text until it is clear whose they are: those of config-test may be large, and are read elsewhere.

Runs in: supervisor
"""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from kea_mp.control.answer import Answer, Result
from kea_mp.control.arguments import NONE, decoded, typed
from kea_mp.control.catalog import Command, find
from kea_mp.control.daemon import Daemon, Handling
from kea_mp.errors import CommandError

MEMBERS = frozenset({"command", "arguments", "service", "remote-address"})


def handle(daemon: Daemon, request: bytes) -> Handling:
    """The command of one complete request (see framing), under way."""
    try:
        name, arguments = envelope(request)
    except CommandError as refusal:
        return Answer(refusal.result, refusal.text)
    return (yield from run(daemon, name, arguments))


def run(daemon: Daemon, name: str, arguments: msgspec.Raw = NONE) -> Handling:
    """One command under way."""
    logger = logging.getLogger(f"kea-dhcp{daemon.family}.commands")
    logger.info("COMMAND_RECEIVED command %r", name)
    row = find(name, daemon.family, daemon.config.libraries)
    if row is None:
        return Answer(Result.UNSUPPORTED, f"command {name!r} is not supported")
    try:
        outcome = row.handler(daemon, _as_wanted(row, arguments))
        answer = outcome if isinstance(outcome, Answer) else (yield from outcome)
    except CommandError as refusal:
        answer = Answer(refusal.result, refusal.text)
    if answer.result not in (Result.SUCCESS, Result.EMPTY):
        logger.warning("COMMAND_PROCESS_ERROR1 command %r: %s", name, answer.text)
        if row.library:
            _say_failed(row, daemon.family, answer)
    return answer


def _say_failed(row: Command, family: int, answer: Answer) -> None:
    """In the words of the library: LEASE_CMDS_ADD4_FAILED for lease4-add, of a conflict LEASE_CMDS_ADD4_CONFLICT."""
    what, library = row.name.split("-", 1)[1], row.library.removeprefix("libdhcp_").removesuffix(".so")
    logger = logging.getLogger(f"kea-dhcp{family}.{library.replace('_', '-')}-hooks")
    if library != "lease_cmds":
        logger.error("STAT_CMDS_LEASE%d_GET_FAILED %s command failed: %s", family, row.name, answer.text)
    elif what != "write":  # Kea has no line for it
        verb = "GET" if what.startswith("get") else what.upper().replace("-", "_")
        how = "CONFLICT" if answer.result == Result.CONFLICT else "FAILED"
        logger.error("LEASE_CMDS_%s%d_%s %s command failed: %s", verb, family, how, row.name, answer.text)


def envelope(request: bytes) -> tuple[str, msgspec.Raw]:
    """Command name and arguments of a request. CommandError when it is none."""
    try:
        members = decoded(request, dict[str, msgspec.Raw])
    except CommandError as problem:
        if isinstance(problem.__cause__, msgspec.ValidationError):
            raise CommandError("a command is a map") from problem
        raise
    if "command" not in members:
        raise CommandError("the mandatory 'command' is missing")
    name = decoded(members["command"])
    if not isinstance(name, str):
        raise CommandError("'command' must be a string")
    for member in members:
        if member not in MEMBERS:
            raise CommandError(f"a command has no member {member!r}")
    return name, members.get("arguments", NONE)


def _as_wanted(row: Command, arguments: msgspec.Raw) -> Any:
    """Typed, as they are, or None for a command that takes none and, as in Kea, ignores any."""
    if row.arguments is None or row.arguments is msgspec.Raw:
        return arguments if row.arguments else None
    if row.optional and arguments is NONE:
        return None
    return typed(row.name, row.arguments, arguments)
