"""The commands, as rows: name, arguments, what carries them out.

A row's `arguments` is the type that a request's arguments are checked against, None for a command that takes none, Raw
for one that reads the text itself.
Its handler gets the daemon and these arguments, and gives the answer or, when it has to wait, a generator of it.

Runs in: supervisor
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from kea_mp.config.hooks import LEASE_CMDS, STAT_CMDS
from kea_mp.control import (
    configuration,
    lease_arguments,
    lease_arguments6,
    lease_cmds,
    report,
    select_test,
    service,
    stat_cmds,
    statistics,
)
from kea_mp.control.answer import Answer, success
from kea_mp.control.daemon import Daemon, Handling


@dataclass(frozen=True, slots=True)
class Command:
    """One command. families: the daemons that have it. library: the hook library it comes with. optional: a request
    without arguments is another one than a request with an empty map; the handler gets None."""

    name: str
    arguments: type[msgspec.Struct] | type[msgspec.Raw] | None
    handler: Callable[[Daemon, Any], Answer | Handling]
    families: tuple[int, ...] = (4, 6)
    library: str = ""
    optional: bool = False

    def is_in(self, family: int, libraries: tuple[str, ...]) -> bool:
        """Whether a daemon of this family and with these libraries has it."""
        return family in self.families and (not self.library or self.library in libraries)


def _of_leases(
    name: str, arguments: type[msgspec.Struct], handler: Callable[[Daemon, Any], Answer | Handling],
    optional: bool = False,
) -> Command:  # fmt: skip
    return Command(name, arguments, handler, (4,) if name.startswith("lease4-") else (6,), LEASE_CMDS, optional)


def list_commands(daemon: Daemon, _: None) -> Answer:
    there = (row.name for row in CATALOG if row.is_in(daemon.family, daemon.config.libraries))
    return success(arguments=sorted(there))


CATALOG = (
    Command("build-report", None, report.build_report),
    Command("config-backend-pull", None, configuration.config_backend_pull),
    Command("config-get", None, configuration.config_get),
    Command("config-hash-get", None, configuration.config_hash_get),
    Command("config-reload", None, configuration.config_reload),
    Command("config-set", msgspec.Raw, configuration.config_set),
    Command("config-test", msgspec.Raw, configuration.config_test),
    Command("config-write", configuration.ConfigWrite, configuration.config_write),
    Command("dhcp-disable", service.DhcpDisable, service.dhcp_disable),
    Command("dhcp-enable", service.DhcpEnable, service.dhcp_enable),
    _of_leases("lease4-add", lease_arguments.NewLease, lease_cmds.lease_add),
    _of_leases("lease4-del", lease_arguments.OneLease, lease_cmds.lease_del),
    _of_leases("lease4-get", lease_arguments.OneLease, lease_cmds.lease_get),
    _of_leases("lease4-get-all", lease_cmds.Subnets, lease_cmds.lease_get_all, optional=True),
    _of_leases("lease4-get-by-client-id", lease_cmds.ClientId, lease_cmds.lease4_get_by_client_id),
    _of_leases("lease4-get-by-hostname", lease_cmds.Hostname, lease_cmds.lease_get_by_hostname),
    _of_leases("lease4-get-by-hw-address", lease_cmds.HwAddress, lease_cmds.lease4_get_by_hw_address),
    _of_leases("lease4-get-page", lease_cmds.PageOf, lease_cmds.lease_get_page),
    _of_leases("lease4-resend-ddns", lease_cmds.Address, lease_cmds.lease_resend_ddns),
    _of_leases("lease4-update", lease_arguments.NewLease, lease_cmds.lease_update),
    _of_leases("lease4-wipe", lease_cmds.OneSubnet, lease_cmds.lease_wipe),
    _of_leases("lease4-write", lease_cmds.FileName, lease_cmds.lease_write),
    _of_leases("lease6-add", lease_arguments6.NewLease6, lease_cmds.lease_add),
    _of_leases("lease6-bulk-apply", lease_arguments6.BulkLeases, lease_cmds.lease6_bulk_apply),
    _of_leases("lease6-del", lease_arguments6.OneLease6, lease_cmds.lease_del),
    _of_leases("lease6-get", lease_arguments6.OneLease6, lease_cmds.lease_get),
    _of_leases("lease6-get-all", lease_cmds.Subnets, lease_cmds.lease_get_all, optional=True),
    _of_leases("lease6-get-by-duid", lease_arguments6.Duid, lease_cmds.lease6_get_by_duid),
    _of_leases("lease6-get-by-hostname", lease_cmds.Hostname, lease_cmds.lease_get_by_hostname),
    _of_leases("lease6-get-page", lease_cmds.PageOf, lease_cmds.lease_get_page),
    _of_leases("lease6-resend-ddns", lease_cmds.Address, lease_cmds.lease_resend_ddns),
    _of_leases("lease6-update", lease_arguments6.NewLease6, lease_cmds.lease_update),
    _of_leases("lease6-wipe", lease_cmds.OneSubnet, lease_cmds.lease_wipe),
    _of_leases("lease6-write", lease_cmds.FileName, lease_cmds.lease_write),
    Command("leases-reclaim", service.LeasesReclaim, service.leases_reclaim),
    Command("list-commands", None, list_commands),
    Command("server-tag-get", None, configuration.server_tag_get),
    Command("shutdown", service.Shutdown, service.shutdown),
    Command("stat-lease4-get", stat_cmds.Selection, stat_cmds.stat_lease_get, (4,), STAT_CMDS),
    Command("stat-lease6-get", stat_cmds.Selection, stat_cmds.stat_lease_get, (6,), STAT_CMDS),
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
    Command("subnet4-select-test", msgspec.Raw, select_test.subnet4_select_test, (4,)),
    Command("subnet4o6-select-test", msgspec.Raw, select_test.subnet4o6_select_test, (4,)),
    Command("version-get", None, report.version_get),
)

_ROWS = {row.name: row for row in CATALOG}


def find(name: str, family: int, libraries: tuple[str, ...] = ()) -> Command | None:
    """The command of this name, if a daemon of this family, with these hook libraries, has it."""
    row = _ROWS.get(name)
    return row if row is not None and row.is_in(family, libraries) else None
