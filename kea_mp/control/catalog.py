"""The commands, as rows: name, arguments, what carries them out.

A row's `arguments` is the type that a request's arguments are checked against, None for a command that takes none.
Its handler gets the daemon and these arguments, and gives the answer or, when it has to wait, a generator of it.

Runs in: supervisor
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from kea_mp.control import configuration, report, service, statistics
from kea_mp.control.answer import Answer, success
from kea_mp.control.daemon import Daemon, Handling


@dataclass(frozen=True, slots=True)
class Command:
    """One command. families: the daemons that have it."""

    name: str
    arguments: type[msgspec.Struct] | None
    handler: Callable[[Daemon, Any], Answer | Handling]
    families: tuple[int, ...] = (4, 6)


def list_commands(daemon: Daemon, _: None) -> Answer:
    return success(arguments=sorted(row.name for row in CATALOG if daemon.family in row.families))


CATALOG = (
    Command("build-report", None, report.build_report),
    Command("config-get", None, configuration.config_get),
    Command("config-hash-get", None, configuration.config_hash_get),
    Command("config-test", configuration.ConfigTest, configuration.config_test),
    Command("dhcp-disable", service.DhcpDisable, service.dhcp_disable),
    Command("dhcp-enable", service.DhcpEnable, service.dhcp_enable),
    Command("leases-reclaim", service.LeasesReclaim, service.leases_reclaim),
    Command("list-commands", None, list_commands),
    Command("server-tag-get", None, configuration.server_tag_get),
    Command("shutdown", service.Shutdown, service.shutdown),
    Command("statistic-get", statistics.Named, statistics.statistic_get),
    Command("statistic-get-all", None, statistics.statistic_get_all),
    Command("statistic-remove", statistics.Named, statistics.statistic_remove),
    Command("statistic-remove-all", None, statistics.statistic_remove_all),
    Command("statistic-reset", statistics.Named, statistics.statistic_reset),
    Command("statistic-reset-all", None, statistics.statistic_reset_all),
    Command("statistic-sample-age-set", statistics.NamedAge, statistics.statistic_sample_age_set),
    Command("statistic-sample-age-set-all", statistics.Age, statistics.statistic_sample_age_set_all),
    Command("statistic-sample-count-set", statistics.NamedCount, statistics.statistic_sample_count_set),
    Command("statistic-sample-count-set-all", statistics.Count, statistics.statistic_sample_count_set_all),
    Command("status-get", None, report.status_get),
    Command("version-get", None, report.version_get),
)

_ROWS = {row.name: row for row in CATALOG}


def find(name: str, family: int) -> Command | None:
    """The command of this name, if a daemon of this family has it."""
    row = _ROWS.get(name)
    return row if row is not None and family in row.families else None
