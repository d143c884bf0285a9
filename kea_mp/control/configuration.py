"""Commands about the configuration: config-get, -hash-get, -test, -set, -reload, -write, -backend-pull, server-tag-get.

What is read or written is read or written beside the loop (`Computed`); a configuration that is small enough is checked
in it.

Runs in: supervisor, and the process that computes
"""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec

from kea_mp.config.load import config_from_file, config_from_json
from kea_mp.config.model import Config4
from kea_mp.config.model6 import Config6
from kea_mp.config.parse import load_file
from kea_mp.config.show import digest
from kea_mp.control.answer import Answer, Result, error, success, to_json
from kea_mp.control.arguments import NONE, decoded
from kea_mp.control.daemon import Applied, Computed, Daemon, Handling
from kea_mp.errors import CommandError, ConfigError
from kea_mp.family import FAMILIES, Family

AT_ONCE_BYTES = 16384  #: a configuration up to this size is checked in a few ms


class ConfigWrite(msgspec.Struct, frozen=True):
    """Where to: a name in the folder of the configuration file, with or without that folder; "" is that file."""

    filename: str = ""


def config_get(daemon: Daemon, _: None) -> Answer:
    """What is in force, passwords included, as Kea shows it: the control socket is for those who may see them."""
    return success(arguments={f"Dhcp{daemon.family}": daemon.shown, "hash": daemon.config.digest})


def config_hash_get(daemon: Daemon, _: None) -> Answer:
    return success(arguments={"hash": daemon.config.digest})


def server_tag_get(daemon: Daemon, _: None) -> Answer:
    return success(arguments={"server-tag": daemon.config.server_tag})


def config_backend_pull(_: Daemon, __: None) -> Answer:
    """As Kea answers without config-control."""
    return Answer(Result.EMPTY, "no configuration database is configured")


# ---- another configuration ------------------------------------------------------------------------------------------


def config_test(daemon: Daemon, arguments: msgspec.Raw) -> Handling:
    """Checks as at a start, without opening a backend, socket or file that the configuration names."""
    return (yield from _computed(_tested, daemon, bytes(arguments), len(bytes(arguments)) <= AT_ONCE_BYTES))


def config_set(daemon: Daemon, arguments: msgspec.Raw) -> Handling:
    """Another configuration, in memory only."""
    if arguments is NONE:
        raise CommandError("config-set needs arguments: a whole configuration")
    return (yield from _apply(daemon, _read_json, bytes(arguments), len(bytes(arguments)) <= AT_ONCE_BYTES))


def config_reload(daemon: Daemon, _: None) -> Handling:
    """The file that the daemon was started with, read again; what SIGHUP does."""
    family, file = FAMILIES[daemon.family], daemon.config_file
    logger = logging.getLogger(family.logger())
    logger.info("%s reading %s again", family.message("DYNAMIC_RECONFIGURATION"), file)
    answer: Answer = yield from _apply(daemon, _read_file, os.fsencode(file))
    if answer.result == Result.SUCCESS:
        logger.info("%s %s is in force", family.message("DYNAMIC_RECONFIGURATION_SUCCESS"), file)
    else:
        logger.error("%s using file %s: %s", family.message("DYNAMIC_RECONFIGURATION_FAIL"), file, answer.text)
    return answer


def _apply(daemon: Daemon, read: Callable[[bytes], Answer], data: bytes, at_once: bool = False) -> Handling:
    """Read it, put it in force, and say how that went."""
    found: Answer = yield from _computed(read, daemon, data, at_once)
    if found.result != Result.SUCCESS:
        return _refused(daemon, (found.arguments or {}).get("hash", ""), error(found.text))
    config: Config4 | Config6 = pickle.loads(found.arguments["config"])
    failure: Answer | None = yield Applied(config, found.arguments["shown"])
    if failure is not None:
        return _refused(daemon, config.digest, failure)
    away = "; ".join(backend.summary for backend in daemon.snapshot().backends if backend.summary)
    text = f"the configuration is in force{f', but {away}' if away else ''}"
    return success(text, {"hash": config.digest})


def _refused(daemon: Daemon, its_digest: str, answer: Answer) -> Answer:
    family = FAMILIES[daemon.family]
    logging.getLogger(family.logger()).error("%s %s", family.message("CONFIG_LOAD_FAIL"), answer.text)
    daemon.refuse(its_digest, answer.text)
    return answer


def _computed(function: Callable[[bytes], Answer], daemon: Daemon, data: bytes, at_once: bool) -> Handling:
    """The function of family and data; at_once: it takes no time."""
    packed = msgspec.msgpack.encode((daemon.family, data))
    if at_once:
        return function(packed)
    answer: Answer = yield Computed(function, packed)
    return answer


def _unpacked(data: bytes) -> tuple[Family, bytes]:
    number, content = msgspec.msgpack.decode(data, type=tuple[int, bytes])
    return FAMILIES[number], content


def _tested(data: bytes) -> Answer:
    """The answer to config-test with these arguments."""
    try:
        config = config_from_json(*_of_wire(*_unpacked(data)))
    except (ConfigError, CommandError) as problem:
        return error(str(problem))
    warnings = "".join(f"; warning: {warning}" for warning in config.warnings)
    return success(f"the configuration is valid; backends and sockets were not tried{warnings}")


def _read_json(data: bytes) -> Answer:
    """The configuration in the arguments of config-set, ready to be put in force."""
    family, content = _unpacked(data)
    try:
        value, _ = _of_wire(family, content)
    except CommandError as problem:
        return error(str(problem))
    try:
        return _ready(config_from_json(value, family))
    except ConfigError as problem:
        return error(str(problem), _hash_of(value, family))


def _read_file(data: bytes) -> Answer:
    """The same of a file with this name."""
    family, content = _unpacked(data)
    file = os.fsdecode(content)
    try:
        return _ready(config_from_file(file, family))
    except ConfigError as problem:
        with contextlib.suppress(ConfigError):  # then it is no JSON, and has no hash
            return error(str(problem), _hash_of(load_file(file)[0], family))
        return error(str(problem))


def _of_wire(family: Family, content: bytes) -> tuple[dict[str, Any], Family]:
    arguments = decoded(content)
    if not isinstance(arguments, dict):
        raise CommandError("the arguments must be a map")
    return arguments, family


def _ready(config: Any) -> Answer:
    """What it takes to put it in force: bytes, which are quick to hand over."""
    shown, lean = to_json(config.raw), pickle.dumps(replace(config, raw={}), pickle.HIGHEST_PROTOCOL)
    return success(arguments={"config": lean, "shown": shown})


def _hash_of(value: Any, family: Family) -> dict[str, str]:
    """By which a refused configuration is known: of what was given, for there are no defaults in it."""
    own = value.get(family.top) if isinstance(value, dict) else None
    return {"hash": digest(own)} if isinstance(own, dict) else {}


# ---- config-write ---------------------------------------------------------------------------------------------------


def config_write(daemon: Daemon, arguments: ConfigWrite) -> Handling:
    """What config-get shows, into the configuration file or another one beside it: complete, or not at all."""
    file = arguments.filename and _beside(daemon.config_file, arguments.filename)
    # The file itself may be a link to where it is kept; another name is never followed out of the folder.
    target = file or os.path.realpath(daemon.config_file)
    content = b'{"Dhcp%d":%b}' % (daemon.family, bytes(daemon.shown))
    answer: Answer = yield Computed(_written, msgspec.msgpack.encode((os.fsencode(target), content)))
    if answer.result != Result.SUCCESS:
        return answer
    name = file or daemon.config_file
    return success(f"the configuration is written to {name}", {"size": answer.arguments, "filename": name})


def _beside(config_file: str, name: str) -> str:
    """The path of a file in the folder of the configuration file. CommandError for any other."""
    folder = os.path.dirname(config_file)
    given, base = os.path.split(name)
    if base in ("", ".", ".."):
        raise CommandError(f"not allowed to write the configuration into {name!r}: no file name")
    if given not in ("", folder) or "\0" in base:
        raise CommandError(
            f"not allowed to write the configuration into {name!r}: "
            f"it must be in the folder of the configuration file {config_file}"
        )
    return os.path.join(folder, base)


def _written(data: bytes) -> Answer:
    """Write a file anew, so that at any moment it is the old one or the new one; how many bytes it has."""
    packed, content = msgspec.msgpack.decode(data, type=tuple[bytes, bytes])
    target = os.fsdecode(packed)
    content = msgspec.json.format(content, indent=2) + b"\n"
    draft = f"{target}.{secrets.token_hex(4)}.new"
    try:
        _replace(target, draft, content)
    except OSError as problem:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(draft)
        return error(f"the configuration cannot be written to {target}: {problem.strerror}; {target} is as it was")
    return success(arguments=len(content))


def _replace(target: str, draft: str, content: bytes) -> None:
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    with os.fdopen(descriptor, "wb") as file:
        try:
            old = os.stat(target, follow_symlinks=False)
        except FileNotFoundError:
            pass
        else:
            if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
                with contextlib.suppress(PermissionError):  # only root gives files away
                    os.fchown(descriptor, old.st_uid, old.st_gid)
            os.fchmod(descriptor, old.st_mode & 0o777)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    os.rename(draft, target)
    folder = os.open(os.path.dirname(target) or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
