"""Commands about the configuration: config-get, config-hash-get, config-test, server-tag-get.

Runs in: supervisor
"""

from __future__ import annotations

from typing import Any

import msgspec

from kea_mp.config.load import config4_from_json
from kea_mp.control.answer import Answer, error, success
from kea_mp.control.arguments import typed
from kea_mp.control.daemon import Computed, Daemon, Handling
from kea_mp.errors import CommandError, ConfigError

AT_ONCE_BYTES = 16384  #: a configuration up to this size is checked in a few ms


class ConfigTest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole configuration, as in a file."""

    Dhcp4: dict[str, Any]


def config_get(daemon: Daemon, _: None) -> Answer:
    """What is in force, passwords included, as Kea shows it: the control socket is for those who may see them."""
    return success(arguments={f"Dhcp{daemon.family}": daemon.shown, "hash": daemon.config.digest})


def config_hash_get(daemon: Daemon, _: None) -> Answer:
    return success(arguments={"hash": daemon.config.digest})


def config_test(_: Daemon, arguments: msgspec.Raw) -> Handling:
    """Checks as at a start, without opening a backend, socket or file that the configuration names."""
    data = bytes(arguments)
    if len(data) <= AT_ONCE_BYTES:
        return _tested(data)
    answer: Answer = yield Computed(_tested, data)
    return answer


def _tested(data: bytes) -> Answer:
    """The answer to config-test with these arguments."""
    try:
        arguments: ConfigTest = typed("config-test", ConfigTest, msgspec.Raw(data))
        config = config4_from_json({"Dhcp4": arguments.Dhcp4})
    except (ConfigError, CommandError) as problem:
        return error(str(problem))
    warnings = "".join(f"; warning: {warning}" for warning in config.warnings)
    return success(f"the configuration is valid; backends and sockets were not tried{warnings}")


def server_tag_get(daemon: Daemon, _: None) -> Answer:
    return success(arguments={"server-tag": daemon.config.server_tag})
