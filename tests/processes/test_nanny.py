"""scripts/nanny with children that end in every way, and the real daemon under it; what systemd is told."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.lab import databases
from tests.lab.daemon import KeaMp
from tests.lab.lease_database import database_on
from tests.lab.net import Lab
from tests.lab.sql_daemon import access, site
from tests.lab.waiting import eventually

pytestmark = [pytest.mark.root, pytest.mark.timeout(120)]

ROOT = Path(__file__).resolve().parents[2]
NANNY = [sys.executable, str(ROOT / "scripts/nanny"), "--first", "0.05", "--most", "0.2"]
SUBNET = {"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.100 - 192.0.2.199"}]}
CONFIG: dict[str, Any] = {"interfaces-config": {"interfaces": ["srv0"]}, "subnet4": [SUBNET]}


@contextmanager
def at_rest(config: dict[str, Any], namespace: str) -> Iterator[KeaMp]:
    """A daemon that is not started yet."""
    daemon = KeaMp(config, namespace)
    try:
        yield daemon
    finally:
        daemon.remove()


def nanny(*command: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*NANNY, *command], capture_output=True, text=True, timeout=60, check=False, **more)


@contextmanager
def host() -> Iterator[str]:
    with Lab() as lab:
        server, client = lab.hosts("server", "client")
        lab.link((server, "srv0"), (client, "cli0"), addresses=(["192.0.2.1/24"], ["192.0.2.9/24"]))
        yield server


@pytest.mark.parametrize("code", [0, 64, 73, 76, 77, 78])
def test_what_only_a_person_can_mend_is_not_started_again(code: int) -> None:
    done = nanny("sh", "-c", f"exit {code}")
    assert done.returncode == code
    assert done.stderr.count("started sh") == 1
    assert f"exit code {code}: " in done.stderr


@pytest.mark.parametrize("ending", ["exit 69", "exit 70", "exit 71", "exit 75", "exit 1", "kill -9 $$"])
def test_what_may_get_better_is_tried_again_with_longer_waits(tmp_path: Path, ending: str) -> None:
    lives = tmp_path / "lives"
    done = nanny("sh", "-c", f"echo >> {lives}; [ $(wc -l < {lives}) -lt 5 ] || exit 0; {ending}")
    assert done.returncode == 0
    waits = [line.rpartition(" in ")[2] for line in done.stderr.splitlines() if "starting it again" in line]
    assert waits == ["0.05 s", "0.1 s", "0.2 s", "0.2 s"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_end_reaches_the_daemon_which_is_not_started_again(tmp_path: Path, number: signal.Signals) -> None:
    log = tmp_path / "log"
    script = f"trap 'echo HUP >> {log}' HUP; trap 'echo {number.name} >> {log}; exit 1' TERM INT; echo up >> {log}; "
    with subprocess.Popen([*NANNY, "bash", "-c", script + "while :; do sleep 0.05; done"]) as process:
        eventually(log.exists, 10, "the child is up")
        process.send_signal(signal.SIGHUP)
        eventually(lambda: "HUP" in log.read_text(), 10, "HUP goes on")
        process.send_signal(number)
        assert process.wait(10) == 1
    assert log.read_text().split() == ["up", "HUP", number.name]


# ---- the real daemon ------------------------------------------------------------------------------------------------


def ends(daemon: KeaMp, *arguments: str) -> int:
    """The exit code of a daemon that ends by itself, as its nanny sees it; the first life only."""
    command = daemon.command_line(*arguments)
    with subprocess.Popen([*NANNY, *command], env=daemon.env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          text=True) as process:  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            if "nanny: exit code" in line:
                process.terminate()
                return int(line.split("exit code ")[1].split(":")[0])
    raise AssertionError("the nanny said nothing")


def test_64_and_78_and_71() -> None:
    with host() as server:
        with at_rest(CONFIG, server) as daemon:
            assert nanny(sys.executable, "-m", "kea_mp", "dhcp4", "--what").returncode == 64
            plain = shutil.copy(daemon.config_file, daemon.folder / "other.conf")
            Path(plain).write_text("{")
            assert ends(daemon, "dhcp4", "-c", str(plain)) == 78
        with at_rest({**CONFIG, "interfaces-config": {"interfaces": ["srv0/192.0.2.77"]}}, server) as daemon:
            assert ends(daemon, "dhcp4", "-c", str(daemon.config_file)) == 71


def test_73_for_the_second_and_0_for_the_first_and_the_value_of_shutdown() -> None:
    with host() as server, at_rest(CONFIG, server) as daemon:
        daemon.start()
        daemon.wait_serving()
        assert ends(daemon, "dhcp4", "-c", str(daemon.config_file)) == 73
        assert daemon.stop() == 0
        daemon.start()
        daemon.wait_serving()
        daemon.command("shutdown", {"exit-value": 9})
        assert daemon.process is not None
        assert daemon.process.wait(15) == 9


def test_70_for_workers_that_keep_dying() -> None:
    with host() as server, at_rest(CONFIG, server) as daemon:
        daemon.start()
        daemon.wait_serving()
        process = daemon.process
        assert process is not None

        def kill_all() -> bool:
            for pid in daemon.worker_pids() if process.exit_code is None else ():
                if pid > 0:  # 0: it waits for its next start
                    os.kill(pid, signal.SIGKILL)
            return process.exit_code is not None

        eventually(kill_quietly(kill_all), 60, "it gives up")
        assert process.exit_code == 70


def kill_quietly(kill: Any) -> Any:
    def attempt() -> bool:
        try:
            return bool(kill())
        except (OSError, KeyError, ValueError):
            return False  # it is just ending, or restarting

    return attempt


@pytest.fixture(scope="module")
def postgresql() -> Iterator[databases.Server]:
    if not databases.available("postgresql"):
        pytest.skip("no postgresql server can be started here")
    with databases.running("postgresql") as running:
        yield running


def test_69_76_75_for_databases(postgresql: databases.Server) -> None:
    with host() as server:
        database = database_on(postgresql)
        unreachable = {**CONFIG, "lease-database": access(database, host="127.0.0.1", port=1)}
        with at_rest(unreachable, server) as daemon:
            assert ends(daemon, "dhcp4", "-c", str(daemon.config_file)) == 69
        postgresql.run(database.name, "UPDATE schema_version SET version = 1")
        with at_rest({**CONFIG, "lease-database": access(database)}, server) as daemon:
            assert ends(daemon, "dhcp4", "-c", str(daemon.config_file)) == 76
    limits: dict[str, Any] = {"on-fail": "stop-retry-exit", "max-reconnect-tries": 2, "reconnect-wait-time": 100}
    with site(database_on(postgresql), **limits) as here:
        here.daemon.start()
        here.daemon.wait_serving()
        postgresql.kill()
        process = here.daemon.process
        assert process is not None
        assert process.wait(30) == 75
    postgresql.start()


# ---- systemd --------------------------------------------------------------------------------------------------------


def test_systemd_is_told_ready_status_watchdog_and_stopping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with host() as server, at_rest(CONFIG, server) as daemon, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        path = f"{daemon.folder}/notify"
        told.bind(path)
        told.settimeout(15)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        monkeypatch.setenv("WATCHDOG_USEC", "500000")
        heard: list[str] = []

        def hear_until(wanted: str) -> None:
            while wanted not in heard:
                heard.extend(told.recv(4096).decode().splitlines())

        daemon.start()
        hear_until("READY=1")
        assert "STATUS=serving" in heard
        for _ in range(3):
            heard.clear()
            hear_until("WATCHDOG=1")
        daemon.command("dhcp-disable")
        hear_until("STATUS=paused: user: dhcp-disable")
        daemon.stop()
        hear_until("STOPPING=1")
        assert "READY=1" not in heard


def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    unit = (ROOT / "scripts/systemd/kea-mp-dhcp4.service").read_text()
    copy = tmp_path / "kea-mp-dhcp4.service"
    copy.write_text(unit.replace("/usr/bin/kea-mp", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False)
    own = [line for line in done.stderr.splitlines() if copy.name in line and "Restart" not in line]
    assert own == []
    assert "RestartPreventExitStatus=64 73 76 77 78" in unit
