"""The daemon as its nanny sees it: exit codes, signals, processes that come and go. No network is needed here."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes.daemon import Daemon, eventually, gone


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(tmp_path)
    made.configure()
    yield made
    made.stop()


@pytest.fixture
def running(daemon: Daemon) -> Daemon:
    daemon.start()
    daemon.until_serving()
    return daemon


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_stop_ends_with_0_and_leaves_nothing(running: Daemon, number: signal.Signals) -> None:
    pids = list(running.pids().values())
    running.signal(number)
    assert running.wait() == 0
    assert gone(pids)
    assert list((running.folder / "run").iterdir()) == []
    assert "DHCP4_SHUTDOWN" in running.said()


def test_ctrl_c_to_the_whole_group_ends_with_0(daemon: Daemon) -> None:
    line = daemon.command_line("dhcp4", "-c", str(daemon.folder / "daemon.conf"), "--workers", "1")
    with daemon.log.open("wb") as log:
        daemon.process = subprocess.Popen(line, env=daemon.environment, stdout=log, stderr=log, start_new_session=True)
    daemon.until_serving()
    os.killpg(daemon.pid, signal.SIGINT)
    assert daemon.wait() == 0
    assert "Traceback" not in daemon.said()


def test_sighup_reads_the_configuration_again(running: Daemon) -> None:
    before = running.pids()["serving-0"]
    running.signal(signal.SIGHUP)
    running.successor("serving-0", before)
    running.until_serving()
    assert "DHCP4_DYNAMIC_RECONFIGURATION" in running.said()


@pytest.mark.parametrize(("arguments", "code"), [({"exit-value": 7}, 7), (None, 0)])
def test_shutdown_ends_with_its_value(running: Daemon, arguments: dict[str, int] | None, code: int) -> None:
    assert running.ask("shutdown", arguments)["result"] == 0
    assert running.wait() == code


def test_a_second_instance_exits_73_and_does_not_disturb_the_first(running: Daemon) -> None:
    second = running.run("-c", str(running.folder / "daemon.conf"))
    assert second.returncode == 73
    assert "DHCP4_ALREADY_RUNNING" in second.stdout
    assert str(running.pid) in second.stdout
    assert running.is_in("serve")


def test_a_stale_pid_file_is_not_in_the_way(daemon: Daemon) -> None:
    folder = daemon.folder / "run"
    folder.mkdir()
    (folder / "daemon.kea-dhcp4.pid").write_text(f"{os.getpid()}\n")
    daemon.start()
    daemon.until_serving()
    assert (folder / "daemon.kea-dhcp4.pid").read_text() == f"{daemon.pid}\n"


def test_after_kill_9_the_next_one_starts(running: Daemon) -> None:
    running.signal(signal.SIGKILL)
    running.wait()
    running.start()
    running.until_serving()


@pytest.mark.parametrize(
    "arguments",
    [["-x"], [], ["-p", "0"], ["-p", "65536"], ["-c"], ["--workers", "0", "-c", "f"], ["-c", "f", "stray"]],
    ids=lambda arguments: " ".join(arguments) or "nothing",
)
def test_a_wrong_command_line_exits_64(daemon: Daemon, arguments: list[str]) -> None:
    assert daemon.run(*arguments).returncode == 64


@pytest.mark.parametrize("text", ['{"Dhcp4": {"no-such-key": 1}}', "{", "[]", '{"Dhcp6": {}}'])
def test_a_bad_configuration_exits_78(daemon: Daemon, text: str) -> None:
    file = daemon.folder / "bad.conf"
    file.write_text(text)
    ended = daemon.run("-c", str(file))
    assert ended.returncode == 78
    assert "DHCP4_CONFIG_LOAD_FAIL" in ended.stdout


def test_a_missing_configuration_exits_78(daemon: Daemon) -> None:
    assert daemon.run("-c", "/nowhere/to/be.conf").returncode == 78


def test_a_check_says_0_or_78_and_starts_nothing(daemon: Daemon) -> None:
    good = daemon.run("-t", str(daemon.folder / "daemon.conf"))
    assert (good.returncode, good.stdout, good.stderr) == (0, "", "")
    file = daemon.configure(**{"no-such-key": 1})
    bad = daemon.run("-t", str(file))
    assert bad.returncode == 78
    assert "no-such-key" in bad.stderr
    assert not (daemon.folder / "run").exists()


def test_a_deep_check_says_71_for_an_interface_that_is_not_there(daemon: Daemon) -> None:
    file = daemon.configure(**{"interfaces-config": {"interfaces": ["nosuch0"]}})
    assert daemon.run("-t", str(file)).returncode == 0
    assert daemon.run("-T", str(file)).returncode == 71


@pytest.mark.parametrize(("flag", "text"), [("-v", "0."), ("-V", "kea_mp"), ("-W", "Python")])
def test_versions_are_printed(daemon: Daemon, flag: str, text: str) -> None:
    ended = daemon.run(flag)
    assert ended.returncode == 0
    assert text in ended.stdout


def test_an_interface_that_is_not_there_exits_71(daemon: Daemon) -> None:
    file = daemon.configure(**{"interfaces-config": {"interfaces": ["nosuch0"]}})
    ended = daemon.run("-c", str(file))
    assert ended.returncode == 71
    assert "nosuch0" in ended.stdout


def test_loopback_alone_gives_no_raw_socket_and_exits_71(daemon: Daemon) -> None:
    file = daemon.configure(**{"interfaces-config": {"interfaces": ["lo"], "dhcp-socket-type": "raw"}})
    ended = daemon.run("-c", str(file))
    assert ended.returncode == 71
    assert "DHCPSRV_OPEN_SOCKET_FAIL" in ended.stdout


def test_a_lease_file_that_cannot_be_written_exits_73(daemon: Daemon) -> None:
    access = {"type": "memfile", "name": "/proc/no/leases.csv"}
    ended = daemon.run("-c", str(daemon.configure(**{"lease-database": access})))
    assert ended.returncode == 73
    assert "FATAL" in ended.stdout


def test_kill_9_of_the_supervisor_takes_all_children(running: Daemon) -> None:
    pids = list(running.pids().values())
    running.signal(signal.SIGKILL)
    running.wait()
    eventually(lambda: gone(pids), "the children are gone", 2.0)


@pytest.mark.parametrize("child", ["serving-0", "connection-lease-database"])
def test_a_killed_child_is_replaced_and_serves_again(running: Daemon, child: str) -> None:
    before = running.pids()
    os.kill(before[child], signal.SIGKILL)
    eventually(lambda: running.pids().get(child, 0) not in (0, before[child]), "a new process")
    running.until_serving()
    after = running.pids()
    assert {name for name in before if before[name] != after[name]} == {child}


def test_a_child_that_always_dies_ends_the_daemon_with_70(running: Daemon) -> None:
    until = time.monotonic() + 60
    while running.process and running.process.poll() is None and time.monotonic() < until:
        pid = running.pids().get("serving-0", 0)
        if pid:
            try:
                os.kill(pid, signal.SIGSEGV)
            except ProcessLookupError:
                continue
        time.sleep(0.05)
    assert running.wait() == 70
    assert "DHCP4_SERVER_FAILED" in running.said()


def test_a_supervisor_that_is_frozen_pauses_the_workers_and_resumes_them(running: Daemon) -> None:
    running.signal(signal.SIGSTOP)
    time.sleep(2.6)
    running.signal(signal.SIGCONT)
    running.until_serving()
    eventually(lambda: running.said().count("the supervisor has been silent") == 2, "both workers say so")


def test_dhcp_disable_is_answered_when_all_workers_have_stopped(running: Daemon) -> None:
    assert running.ask("dhcp-disable")["result"] == 0
    service = running.status()["service"]
    assert (service["state"], service["acknowledged"]) == ("pause", True)
    assert [reason["who"] for reason in service["reasons"]] == ["user"]
    assert running.ask("dhcp-enable")["result"] == 0
    assert running.is_in("serve")


def test_dhcp_disable_ends_by_its_own_limit(running: Daemon) -> None:
    running.ask("dhcp-disable", {"max-period": 1})
    assert running.is_in("pause")
    eventually(lambda: running.is_in("serve"), "serving again", 3.0)


def test_a_child_that_is_stopped_does_not_hold_dhcp_disable_for_long(running: Daemon) -> None:
    pid = running.pids()["serving-0"]
    os.kill(pid, signal.SIGSTOP)
    try:
        before = time.monotonic()
        assert running.ask("dhcp-disable")["result"] == 0
        assert time.monotonic() - before < 2.5
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_client_that_says_nothing_does_not_hold_the_others(running: Daemon) -> None:
    with socket.socket(socket.AF_UNIX) as silent, socket.socket(socket.AF_UNIX) as half:
        for connection in (silent, half):
            connection.connect(str(running.folder / "run" / "dhcp4.sock"))
        half.sendall(b'{"command": "status-')
        assert running.is_in("serve")
        half.sendall(b'get"}')
        assert b'"result"' in half.recv(65536)


def test_a_reader_of_the_log_that_is_stuck_does_not_hold_the_service(daemon: Daemon) -> None:
    """Nobody reads the pipe; everything is logged, which soon fills it."""
    read, write = os.pipe()
    line = daemon.command_line("dhcp4", "-d", "-c", str(daemon.folder / "daemon.conf"), "--workers", "2")
    daemon.process = subprocess.Popen(line, env=daemon.environment, stdout=write, stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        daemon.log.touch()
        daemon.until_serving()
        for _ in range(800):
            daemon.ask("list-commands")
        time.sleep(2.5)
        assert daemon.is_in("serve")
        daemon.signal(signal.SIGTERM)
        assert daemon.wait() == 0
    finally:
        os.close(read)
