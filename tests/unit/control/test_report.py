from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from kea_mp.control.daemon import BackendStatus, PauseReason, SocketsStatus
from tests.unit.control.fake_daemon import NOW, FakeDaemon, command, configuration, daemon6, worker


def status(daemon: FakeDaemon) -> dict[str, Any]:
    arguments: dict[str, Any] = command(daemon, "status-get").answer.arguments
    return arguments


def test_status_get_has_keas_fields() -> None:
    shown = status(FakeDaemon())
    assert {name: shown[name] for name in shown if name != "kea-mp"} == {
        "pid": 42,
        "uptime": 120,
        "reload": 60,
        "multi-threading-enabled": False,
        "dhcp-state": {
            "globally-disabled": False,
            "disabled-by-user": False,
            "disabled-by-local-command": [],
            "disabled-by-remote-command": [],
            "disabled-by-db-connection": [],
        },
        "sockets": {"status": "ready"},
    }


def test_status_get_lists_origins_by_kind() -> None:
    daemon = FakeDaemon()
    for origin in (1, 5, 1500, 2001, 2000, 3001):
        daemon.disable(origin, None)
    assert status(daemon)["dhcp-state"] == {
        "globally-disabled": True,
        "disabled-by-user": True,
        "disabled-by-local-command": [1500],
        "disabled-by-remote-command": [2000, 2001],
        "disabled-by-db-connection": [3001],
    }


def test_status_get_tells_what_is_wrong_with_the_sockets() -> None:
    daemon = FakeDaemon(sockets=SocketsStatus("retrying", ("eth1 is down",)))
    assert status(daemon)["sockets"] == {"status": "retrying", "errors": ["eth1 is down"]}


def test_status_get_tells_who_pauses_the_service_since_when_and_until_when() -> None:
    daemon = FakeDaemon(others=(PauseReason("user", NOW - 5, 1, NOW + 55, "dhcp-disable"),))
    service = status(daemon)["kea-mp"]["service"]
    assert service["state"] == "pause"
    assert service["reasons"] == [
        {"who": "user", "origin": 1, "since": NOW - 5, "until": NOW + 55, "text": "dhcp-disable"}
    ]


def test_status_get_tells_of_a_configuration_that_was_refused() -> None:
    shown = status(FakeDaemon(refused=("ABC", "no such interface")))["kea-mp"]["configuration"]
    assert shown["refused"] == {"hash": "ABC", "why": "no such interface"}


def test_status_get_tells_everything_of_a_backend() -> None:
    backend = BackendStatus(
        "lease-database", "postgresql", "kea", "db2", 5432, "TLSv1.3", "retrying", NOW - 12, "stop-retry-exit",
        3, 10, 4000, "refused", "unreachable", "lease-database lost", 7, {"batch-size-p50": 2, "subnet[1].x": 1},
    )  # fmt: skip
    assert status(FakeDaemon(backends=(backend,)))["kea-mp"]["backends"] == [
        {
            "role": "lease-database",
            "type": "postgresql",
            "name": "kea",
            "host": "db2",
            "port": 5432,
            "tls": "TLSv1.3",
            "state": "retrying",
            "since": NOW - 12,
            "on-fail": "stop-retry-exit",
            "try": 3,
            "max-reconnect-tries": 10,
            "next-try-ms": 4000,
            "last-error": "refused",
            "last-error-class": "unreachable",
            "queue-depth": 7,
            "gauges": {"batch-size-p50": 2},
            "summary": "lease-database lost",
        }
    ]


def test_status_get_leaves_single_subnets_to_the_statistics() -> None:
    busy = worker(0, counters={"pkt4-received": 5, "subnet[1].cumulative-assigned-addresses": 4})
    shown = status(FakeDaemon(processes=(busy,)))["kea-mp"]["processes"]
    assert shown[0]["counters"] == {"pkt4-received": 5}


def test_status_get_sums_up_how_full_the_pools_are() -> None:
    daemon = FakeDaemon()
    daemon.statistics().heard("connection-lease-database", 9, {}, {"subnet[1].assigned-addresses": 3}, NOW)
    assert status(daemon)["kea-mp"]["leases"] == {
        "total-addresses": 269,
        "assigned-addresses": 3,
        "declined-addresses": 0,
    }


def test_status_get_of_dhcpv6_counts_addresses_and_prefixes_and_tells_who_we_are() -> None:
    daemon = daemon6()
    levels = {"subnet[1].assigned-nas": 3.0, "subnet[1].assigned-pds": 2.0}
    daemon.statistics().heard("connection-lease-database", 9, {}, levels, NOW)
    own = status(daemon)["kea-mp"]
    assert own["leases"] == {
        "total-nas": 2**64,
        "assigned-nas": 3,
        "total-pds": 65536,
        "assigned-pds": 2,
        "declined-addresses": 0,
    }
    assert own["server-duid"] == "00:02:00:00:09:bf:01"


def test_status_get_can_be_written_as_json() -> None:
    for daemon in (FakeDaemon(), daemon6()):
        assert msgspec.json.decode(msgspec.json.encode(status(daemon)))


def test_no_password_of_the_configuration_is_in_status() -> None:
    config = configuration()
    secret = replace(config, raw={**config.raw, "lease-database": {"type": "mysql", "password": "geheim"}})
    assert "geheim" not in repr(status(FakeDaemon(config=secret)))


def test_version_get_has_a_short_and_a_long_version() -> None:
    answer = command(FakeDaemon(), "version-get").answer
    assert answer.text
    assert answer.text in answer.arguments["extended"]


@pytest.mark.parametrize("word", ["kea_mp", "Python", "pyzmq", "memfile"])
def test_build_report_tells_what_the_installation_is_made_of(word: str) -> None:
    assert word in command(FakeDaemon(), "build-report").answer.text
