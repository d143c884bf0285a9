from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from kea_mp.control.daemon import BackendStatus, PauseReason, SocketsStatus
from kea_mp.control.screen import Verdict, age, screen, verdict
from tests.unit.control.fake_daemon import NOW, FakeDaemon, command, daemon6, worker

LOST = BackendStatus(
    "lease-database", "mysql", "kea", "db1", 3306, state="retrying", since=NOW - 12, on_fail="serve-retry-exit",
    tries=3, max_tries=10, next_try_ms=4000, error="refused [111] on [db1]", error_class="unreachable",
    summary="lease-database lost 12 s ago, try 4 of 10 in 4 s: refused [111] on [db1]",
)  # fmt: skip


def status(**changes: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = command(FakeDaemon(**changes), "status-get").answer.arguments
    return arguments


def shown(**changes: Any) -> str:
    output = io.StringIO()
    Console(file=output, width=160, highlight=False).print(screen(status(**changes)))
    return output.getvalue()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Verdict.SERVING),
        ({"backends": (LOST,)}, Verdict.DEGRADED),
        ({"processes": (worker(0, state="waiting", pid=0),)}, Verdict.DEGRADED),
        ({"processes": (worker(0, mode="pause"),)}, Verdict.DEGRADED),
        ({"processes": (worker(0, silent_s=3.0),)}, Verdict.DEGRADED),
        ({"sockets": SocketsStatus("retrying", ("eth1 is down",))}, Verdict.DEGRADED),
        ({"others": (PauseReason("user", NOW, 1),)}, Verdict.PAUSED),
        ({"others": (PauseReason("lease-database", NOW, 3000),), "backends": (LOST,)}, Verdict.PAUSED),
    ],
)
def test_the_verdict_is_the_exit_code(changes: dict[str, Any], expected: Verdict) -> None:
    assert verdict(status(**changes)) is expected


def test_a_healthy_daemon_fits_on_one_screen() -> None:
    text = shown()
    assert "SERVING for 30 s" in text
    assert len(text.splitlines()) < 24


def test_a_pause_says_what_it_means_and_who_wants_it() -> None:
    text = shown(others=(PauseReason("user", NOW - 5, 1, NOW + 55, "dhcp-disable"),))
    assert "PAUSED" in text
    assert "clients get no answer" in text
    assert "user since 5 s, dhcp-disable, ends by itself in 55 s" in text


def test_a_backend_that_pauses_is_told_of_once() -> None:
    text = shown(others=(PauseReason("lease-database", NOW - 12, 6001, text=LOST.summary),), backends=(LOST,))
    assert "lease-database since 12 s, lost 12 s ago, try 4 of 10 in 4 s: refused [111] on [db1]" in text
    assert text.count("refused [111]") == 1


def test_degraded_service_says_why() -> None:
    text = shown(backends=(LOST,))
    assert "DEGRADED" in text
    assert "lease-database lost 12 s ago, try 4 of 10 in 4 s: refused [111] on [db1]" in text
    assert "retrying 3/10, next in 4 s" in text


def test_a_backend_shows_its_batches_its_server_and_its_session() -> None:
    gauges = {"batch-size-p50": 12.0, "batch-latency-ms-p50": 0.84, "batch-latency-ms-p99": 3.02}
    backend = replace(LOST, state="up", error="", tls="TLSv1.3", gauges=gauges)
    line = next(line for line in shown(backends=(backend,)).splitlines() if line.startswith("lease-database"))
    assert line.split() == [
        "lease-database", "mysql", "db1:3306", "kea", "(TLSv1.3)", "up", "12", "s", "12", "0.8/3.0",
    ]  # fmt: skip


def test_a_refused_configuration_is_shown() -> None:
    assert "was refused: no such interface" in shown(refused=("ABCDEF", "no such interface"))


def test_full_pools_are_counted() -> None:
    daemon = FakeDaemon()
    daemon.statistics().heard("connection-lease-database", 9, {}, {"subnet[1].assigned-addresses": 26}, NOW)
    output = io.StringIO()
    Console(file=output, width=160).print(screen(command(daemon, "status-get").answer.arguments))
    assert "26 of 269 addresses (9.7 %)" in output.getvalue()


def test_a_narrow_terminal_loses_nothing_that_is_wrong() -> None:
    output = io.StringIO()
    Console(file=output, width=80).print(screen(status(backends=(LOST,), processes=(worker(0, state="waiting"),))))
    assert "serving-0 is waiting" in output.getvalue()
    assert "refused [111] on [db1]" in " ".join(output.getvalue().split())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"),
        (0.9, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (14700, "4 h 5 min"),
        (86400, "1 d"),
        (183600, "2 d 3 h"),
    ],
)
def test_an_age_is_told_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert age(seconds) == text


def test_a_dhcpv6_server_shows_addresses_prefixes_and_who_it_is() -> None:
    output = io.StringIO()
    arguments = command(daemon6(), "status-get").answer.arguments
    Console(file=output, width=160, highlight=False).print(screen(arguments))
    text = output.getvalue()
    for wanted in ("DHCPv6 SERVING", "0 of 2^64 addresses", "0 of 65,536 prefixes", "00:02:00:00:09:bf:01"):
        assert wanted in text
