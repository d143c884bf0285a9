"""A daemon with a large configuration: no command and no start of a child silences it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes.daemon import Daemon, eventually


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(tmp_path)
    yield made
    made.stop()


def reservations(count: int) -> list[dict[str, str]]:
    return [
        {
            "hw-address": (1 << 41 | n).to_bytes(6, "big").hex(":"),
            "ip-address": f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}",
        }
        for n in range(1, count + 1)
    ]


def subnet(count: int) -> dict[str, Any]:
    pools = [{"pool": "10.250.0.0/16"}]
    return {"id": 1, "subnet": "10.0.0.0/8", "pools": pools, "reservations": reservations(count)}


def test_a_long_config_test_does_not_pause_the_workers(daemon: Daemon) -> None:
    """It takes longer than the silence limit, during which the loop does nothing else."""
    daemon.configure()
    daemon.start()
    daemon.until_serving()
    dhcp4 = json.loads((daemon.folder / "daemon.conf").read_text())["Dhcp4"] | {"subnet4": [subnet(150_000)]}
    assert daemon.ask("config-test", {"Dhcp4": dhcp4}, patience_s=60)["result"] == 0
    assert "has been silent" not in daemon.said()


def test_a_child_that_is_stopped_at_its_start_does_not_hold_the_supervisor(daemon: Daemon) -> None:
    """Its configuration is much larger than a pipe."""
    daemon.configure(subnet4=[subnet(20_000)])
    daemon.start(workers=2)
    daemon.until_serving()
    before = daemon.pids()["serving-0"]
    os.kill(before, signal.SIGKILL)
    pid = eventually(lambda: {daemon.pids().get("serving-0", 0)} - {0, before}, "a successor").pop()
    os.kill(pid, signal.SIGSTOP)
    try:
        assert daemon.ask("version-get", patience_s=2.0)["result"] == 0
    finally:
        os.kill(pid, signal.SIGCONT)
    daemon.until_serving()
