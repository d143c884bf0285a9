from __future__ import annotations

from typing import Any

import pytest

from kea_mp.control.answer import Answer, error
from kea_mp.control.daemon import Acknowledged, Ordered, PauseReason
from tests.unit.control.fake_daemon import NOW, FakeDaemon, command


@pytest.mark.parametrize(
    ("arguments", "origin", "limit"),
    [
        ({}, 1, None),
        ({"origin": "user"}, 1, None),
        ({"origin": "ha-partner"}, 2000, None),
        ({"origin": 1500, "max-period": 60}, 1500, 60),
        ({"origin": "bogus", "origin-id": 2001}, 2001, None),
        ({"unknown": 1}, 1, None),
        ({"origin-id": 3001}, 3001, None),
    ],
)
def test_dhcp_disable_pauses_for_its_origin(arguments: dict[str, Any], origin: int, limit: int | None) -> None:
    daemon = FakeDaemon()
    outcome = command(daemon, "dhcp-disable", arguments)
    assert (outcome.answer.result, daemon.log) == (0, [("disable", origin, limit)])


def test_dhcp_disable_answers_when_every_worker_has_stopped() -> None:
    assert command(FakeDaemon(), "dhcp-disable").waits == [Acknowledged()]


@pytest.mark.parametrize(
    "arguments",
    [
        {"max-period": 0},
        {"max-period": -1},
        {"max-period": "x"},
        {"max-period": 1.5},
        {"origin": "bogus"},
        {"origin": ""},
        {"origin": True},
        {"origin": None},
        {"origin-id": "x"},
        {"origin-id": -1},
        {"origin-id": 3000, "max-period": 5},
    ],
)
def test_dhcp_disable_refuses_and_changes_nothing(arguments: dict[str, Any]) -> None:
    daemon = FakeDaemon()
    answer = command(daemon, "dhcp-disable", arguments).answer
    assert (answer.result, daemon.log) == (1, [])


def test_dhcp_enable_takes_back_what_its_origin_has_disabled() -> None:
    daemon = FakeDaemon()
    command(daemon, "dhcp-disable", {"origin": "ha-partner"})
    outcome = command(daemon, "dhcp-enable", {"origin": "ha-partner"})
    assert (outcome.answer, outcome.waits) == (Answer(0, "DHCPv4 service enabled"), [Acknowledged()])


def test_dhcp_enable_says_who_still_pauses_the_service() -> None:
    daemon = FakeDaemon(others=(PauseReason("lease-database", NOW, 3000, text="lost"),))
    answer = command(daemon, "dhcp-enable", {"origin-id": 3000}).answer
    assert (answer.result, answer.text) == (0, "DHCPv4 service is still disabled: lease-database (lost)")


def test_leases_reclaim_is_the_lease_backends_work() -> None:
    outcome = command(
        FakeDaemon(), "leases-reclaim", {"remove": True}, lambda wait: error("lease-database is not running")
    )
    assert [(wait.child, wait.command, wait.arguments) for wait in outcome.waits if isinstance(wait, Ordered)] == [
        ("connection-lease-database", "leases-reclaim", {"remove": True})
    ]
    assert outcome.answer.result == 1


@pytest.mark.parametrize("arguments", [{}, {"remove": 1}, {"remove": "true"}])
def test_leases_reclaim_needs_a_boolean(arguments: dict[str, Any]) -> None:
    outcome = command(FakeDaemon(), "leases-reclaim", arguments)
    assert (outcome.answer.result, outcome.waits) == (1, [])


@pytest.mark.parametrize(("arguments", "value"), [({}, 0), ({"exit-value": 3}, 3), ({"other": 1}, 0)])
def test_shutdown_stops_with_its_exit_value(arguments: dict[str, Any], value: int) -> None:
    daemon = FakeDaemon()
    assert command(daemon, "shutdown", arguments).answer.result == 0
    assert daemon.log == [("stop", value)]


@pytest.mark.parametrize("value", ["x", 1.5, None, 256, -1])
def test_shutdown_refuses_what_no_process_can_end_with(value: object) -> None:
    daemon = FakeDaemon()
    assert command(daemon, "shutdown", {"exit-value": value}).answer.result == 1
    assert daemon.log == []
