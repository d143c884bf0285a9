"""The control sockets of a real daemon: files, permissions, slow and broken clients."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.processes.daemon import Daemon


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(tmp_path)
    made.configure(**{"control-socket": {"socket-type": "unix", "socket-name": "own.sock"}})
    yield made
    made.stop()


@pytest.fixture
def running(daemon: Daemon) -> Daemon:
    daemon.start(workers=1)
    daemon.until_serving()
    return daemon


def connected(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(15)
    made.connect(str(path))
    return made


def answer(connection: socket.socket) -> dict[str, object]:
    received = b""
    while data := connection.recv(65536):
        received += data
    answered: dict[str, object] = json.loads(received)
    return answered


def test_the_configured_and_the_default_socket_answer_and_are_private(running: Daemon) -> None:
    for name in ("own.sock", "dhcp4.sock"):
        path = running.folder / "run" / name
        assert path.stat().st_mode & 0o777 == 0o660
        with connected(path) as connection:
            connection.sendall(b'{"command": "version-get"}')
            assert answer(connection)["result"] == 0


def test_a_socket_that_a_dead_daemon_left_is_replaced(daemon: Daemon) -> None:
    folder = daemon.folder / "run"
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(folder / "own.sock"))
    daemon.start(workers=1)
    daemon.until_serving()
    with connected(folder / "own.sock") as connection:
        connection.sendall(b'{"command": "version-get"}')
        assert answer(connection)["result"] == 0


def test_a_file_that_is_no_socket_is_not_removed(daemon: Daemon) -> None:
    folder = daemon.folder / "run"
    folder.mkdir()
    (folder / "own.sock").write_text("precious")
    ended = daemon.run("-c", str(daemon.folder / "daemon.conf"))
    assert ended.returncode == 78
    assert "is not a socket" in ended.stdout
    assert (folder / "own.sock").read_text() == "precious"


def test_a_socket_that_another_daemon_has_exits_73(running: Daemon) -> None:
    second = running.folder / "second.conf"
    second.write_text((running.folder / "daemon.conf").read_text())
    ended = running.run("-c", str(second))
    assert ended.returncode == 73
    assert "in use by another process" in ended.stdout


def test_two_daemons_of_different_names_share_a_run_folder_but_not_the_default_socket(running: Daemon) -> None:
    other = Daemon(running.folder)
    file = other.folder / "other.conf"
    file.write_text(other.configure().read_text().replace("leases.csv", "other.csv"))
    other.log = other.folder / "other.log"
    other.start(workers=1, file=file)
    try:
        deadline = time.monotonic() + 15
        while "DHCP4_STARTED" not in other.said() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert "no default control socket" in other.said()
        assert running.status()["configuration"]["file"].endswith("daemon.conf")
    finally:
        other.stop()


def test_many_clients_at_once_are_all_answered(running: Daemon) -> None:
    path = running.folder / "run" / "own.sock"
    with ExitStack() as stack:
        clients = [stack.enter_context(connected(path)) for _ in range(100)]
        for client in reversed(clients):
            client.sendall(b'{"command": "status-get"}')
        assert all(answer(client)["result"] == 0 for client in clients)


def test_a_client_that_does_not_read_does_not_hold_the_others(running: Daemon) -> None:
    path = running.folder / "run" / "own.sock"
    with ExitStack() as stack:
        for _ in range(20):
            client = stack.enter_context(connected(path))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.sendall(b'{"command": "config-get"}')
        before = time.monotonic()
        assert running.ask("version-get")["result"] == 0
        assert time.monotonic() - before < 0.5


@pytest.mark.parametrize(
    ("request_", "result"),
    [(b'{"command": "no-such-thing"}', 2), (b'{"command": 1}', 1), (b"nonsense", 1), (b"[]", 1), (b'{"x": 1}', 1)],
)
def test_what_is_no_command_is_answered_with_its_result(running: Daemon, request_: bytes, result: int) -> None:
    with connected(running.folder / "run" / "own.sock") as connection:
        connection.sendall(request_)
        assert answer(connection)["result"] == result


def test_a_client_that_leaves_in_the_middle_is_forgotten(running: Daemon) -> None:
    path = running.folder / "run" / "own.sock"
    for _ in range(200):
        with connected(path) as connection:
            connection.sendall(b'{"command": "dhcp-')
    for _ in range(50):
        with connected(path) as connection:
            connection.sendall(b'{"command": "statistic-get-all"}')
    assert running.ask("version-get")["result"] == 0


def test_ten_seconds_of_silence_are_answered_with_an_error(running: Daemon) -> None:
    with connected(running.folder / "run" / "own.sock") as connection:
        before = time.monotonic()
        connection.sendall(b'{"command": ')
        answered = answer(connection)
        assert 9.5 < time.monotonic() - before < 12
        assert answered["result"] == 1
        assert "timed out" in str(answered["text"])
