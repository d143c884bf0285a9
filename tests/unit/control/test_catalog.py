from __future__ import annotations

import inspect
from types import UnionType
from typing import Any, get_args, get_type_hints

import pytest

from kea_mp.config.hooks import LEASE_CMDS, STAT_CMDS
from kea_mp.control import catalog, configuration, lease_cmds, report, select_test, service, stat_cmds, statistics
from kea_mp.control.answer import Answer, Result
from kea_mp.control.catalog import CATALOG, Command, find
from kea_mp.control.daemon import Handling
from tests.unit.control.fake_daemon import FakeDaemon, command
from tests.unit.control.fake_daemon import configuration as configured

MODULES = (catalog, configuration, lease_cmds, report, select_test, service, stat_cmds, statistics)


@pytest.mark.parametrize("row", CATALOG, ids=lambda row: row.name)
def test_a_row_has_the_handler_of_its_name_and_argument_type(row: Command) -> None:
    hints = get_type_hints(row.handler)
    _, wanted = inspect.signature(row.handler).parameters
    name = row.name.replace("-", "_")
    of_both = name.replace("lease4_", "lease_").replace("lease6_", "lease_")  # one handler serves both families
    assert row.handler.__name__ in (name, of_both)
    expected: Any = row.arguments or type(None)
    taken = get_args(hints[wanted]) if isinstance(hints[wanted], UnionType) else (hints[wanted],)
    assert any(issubclass(expected, one) for one in taken)
    assert row.optional == (len(taken) > 1 and type(None) in taken)
    assert hints["return"] in (Answer, Handling)


def test_every_handler_has_a_row() -> None:
    found = {
        function
        for module in MODULES
        for _, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and get_type_hints(function).get("return") in (Answer, Handling)
    }
    assert {row.handler for row in CATALOG} == {f for f in found if not f.__name__.startswith("_")}


def test_names_are_unique_and_in_order() -> None:
    names = [row.name for row in CATALOG]
    assert names == sorted(set(names))


def test_the_commands_of_issue_2_are_there() -> None:
    wanted = """list-commands version-get build-report status-get config-get config-test config-hash-get shutdown
        dhcp-disable dhcp-enable leases-reclaim statistic-get statistic-get-all statistic-reset statistic-reset-all
        statistic-remove statistic-remove-all server-tag-get"""
    assert [name for name in wanted.split() if find(name, 4) is None] == []


def test_list_commands_lists_them() -> None:
    listed = command(FakeDaemon(), "list-commands").answer.arguments
    assert listed == [row.name for row in CATALOG if not row.library]


@pytest.mark.parametrize("library", [LEASE_CMDS, STAT_CMDS])
def test_the_commands_of_a_library_are_there_when_it_is_listed(library: str) -> None:
    names = [row.name for row in CATALOG if row.library == library and 4 in row.families]
    with_it = FakeDaemon(configured(**{"hooks-libraries": [{"library": f"/usr/lib/kea/hooks/{library}"}]}))
    assert names
    for daemon, there in ((FakeDaemon(), False), (with_it, True)):
        listed = command(daemon, "list-commands").answer.arguments
        for name in names:
            assert (name in listed) == there
            assert (command(daemon, name, 5).answer.result == Result.UNSUPPORTED) != there
