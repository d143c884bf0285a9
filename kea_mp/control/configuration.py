"""Commands about the configuration: config-get, config-hash-get, config-test, server-tag-get.

Runs in: supervisor
"""

from __future__ import annotations

from typing import Any

import msgspec

from kea_mp.config.load import config4_from_json
from kea_mp.control.answer import Answer, error, success
from kea_mp.control.daemon import Daemon
from kea_mp.errors import ConfigError


class ConfigTest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole configuration, as in a file."""

    Dhcp4: dict[str, Any]


def config_get(daemon: Daemon, _: None) -> Answer:
    """What is in force, passwords included, as Kea shows it: the control socket is for those who may see them."""
    return success(arguments={f"Dhcp{daemon.family}": daemon.config.raw, "hash": daemon.config.digest})


def config_hash_get(daemon: Daemon, _: None) -> Answer:
    return success(arguments={"hash": daemon.config.digest})


def config_test(_: Daemon, arguments: ConfigTest) -> Answer:
    """Checks as at a start, without opening a backend, socket or file that the configuration names."""
    try:
        config = config4_from_json({"Dhcp4": arguments.Dhcp4})
    except ConfigError as problem:
        return error(str(problem))
    warnings = "".join(f"; warning: {warning}" for warning in config.warnings)
    return success(f"the configuration is valid; backends and sockets were not tried{warnings}")


def server_tag_get(daemon: Daemon, _: None) -> Answer:
    return success(arguments={"server-tag": daemon.config.server_tag})
