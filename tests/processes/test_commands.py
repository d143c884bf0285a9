"""Commands and the command line against a running daemon."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kea_mp.control.client import NotReachable, ask
from tests.lab.daemon import KeaMp
from tests.lab.net import Lab
from tests.lab.waiting import eventually
from tests.processes.daemon import RELAY, SERVER, Relay

pytestmark = pytest.mark.root

COLUMNS = (
    "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id"
)
ENDED = 12  #: leases that had ended long before the daemon started

CONFIG: dict[str, Any] = {
    "interfaces-config": {"interfaces": ["srv0"]},
    "control-socket": {"socket-type": "unix", "socket-name": "configured.sock"},
    "expired-leases-processing": {"reclaim-timer-wait-time": 0, "flush-reclaimed-timer-wait-time": 0},
    "subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.100-192.0.2.250"}]}],
}


@pytest.fixture(scope="module")
def relay_and_daemon() -> Iterator[tuple[Relay, KeaMp]]:
    with Lab() as lab:
        server, client = lab.hosts("server", "client")
        lab.link((server, "srv0"), (client, "cli0"), addresses=([f"{SERVER}/24"], [f"{RELAY}/24"]))
        with KeaMp(CONFIG, server, workers=2) as daemon:
            relay = Relay(client)
            yield relay, daemon
            relay.close()


@pytest.fixture
def daemon(relay_and_daemon: tuple[Relay, KeaMp]) -> Iterator[KeaMp]:
    running = relay_and_daemon[1]
    yield running
    for origin in (1, 2000):
        running.command("dhcp-enable", {"origin-id": origin})


@pytest.fixture
def relay(relay_and_daemon: tuple[Relay, KeaMp]) -> Relay:
    return relay_and_daemon[0]


@pytest.fixture
def with_leases() -> Iterator[KeaMp]:
    """A daemon of its own that finds ENDED leases to reclaim and five to keep."""

    def lease(number: int, expire: int) -> str:
        return f"192.0.2.{100 + number},02:00:00:00:00:{number:02x},,3600,{expire},1,0,0,,0,,0"

    now = int(time.time())
    rows = [COLUMNS, *(lease(n, now - 9000) for n in range(ENDED)), *(lease(n, now + 9000) for n in range(20, 25))]
    with Lab() as lab:
        server, other = lab.hosts("server", "other")
        lab.link((server, "srv0"), (other, "cli0"), addresses=([f"{SERVER}/24"], []))
        with KeaMp(CONFIG, server, leases="\n".join(rows) + "\n") as daemon:
            yield daemon


def mac(number: int) -> bytes:
    return b"\x02\x00\x00\x01" + number.to_bytes(2, "big")


def statistic(daemon: KeaMp, name: str) -> int:
    value: int = daemon.command("statistic-get", {"name": name})["arguments"][name][0][0]
    return value


def test_the_configured_socket_and_the_default_one_both_answer(daemon: KeaMp) -> None:
    for name in ("configured.sock", "dhcp4.sock"):
        assert ask(daemon.run / name, "config-hash-get")["result"] == 0


def test_a_request_may_come_in_pieces_with_comments(daemon: KeaMp) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(10.0)
        connection.connect(str(daemon.socket))
        for piece in (b"# a comment\n{", b'"command"', b': "version-', b'get" /* {', b" */ }"):
            connection.sendall(piece)
            time.sleep(0.02)
        answer = json.loads(b"".join(iter(lambda: connection.recv(4096), b"")))
    assert answer["result"] == 0


def test_garbage_is_answered_and_harms_nobody(daemon: KeaMp) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(10.0)
        connection.connect(str(daemon.socket))
        connection.sendall(os.urandom(3) + b"\xff" * 100)
        assert json.loads(connection.recv(4096))["result"] == 1
    assert daemon.command("config-hash-get")["result"] == 0


def test_counts_of_all_workers_are_exact_when_a_command_asks(relay: Relay, daemon: KeaMp) -> None:
    before = statistic(daemon, "pkt4-discover-received"), statistic(daemon, "pkt4-offer-sent")
    offered = sum(relay.discover(mac(number), 3.0) is not None for number in range(24))
    after = statistic(daemon, "pkt4-discover-received"), statistic(daemon, "pkt4-offer-sent")
    assert offered == 24
    assert (after[0] - before[0], after[1] - before[1]) == (24, 24)
    shares = [p["counters"].get("pkt4-received", 0) for p in daemon.status()["processes"] if p["mode"]]
    assert all(shares), f"every worker has had its share: {shares}"


def test_a_killed_worker_leaves_its_counts_behind(relay: Relay, daemon: KeaMp) -> None:
    for number in range(10):
        relay.discover(mac(number), 3.0)
    before = statistic(daemon, "pkt4-received")
    pid = daemon.worker_pids()[0]
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: pid not in daemon.worker_pids() and daemon.service()["acknowledged"], 15.0, "a new worker")
    eventually(lambda: all(p["mode"] == "serve" for p in serving(daemon)), 15.0, "both workers serve")
    assert statistic(daemon, "pkt4-received") == before
    restarts = [process["restarts"] for process in serving(daemon)]
    assert sorted(restarts) == [0, 1]


def serving(daemon: KeaMp) -> list[dict[str, Any]]:
    return [process for process in daemon.status()["processes"] if process["name"].startswith("serving-")]


def test_a_reset_statistic_counts_from_zero(relay: Relay, daemon: KeaMp) -> None:
    relay.discover(mac(1), 3.0)
    assert daemon.command("statistic-reset", {"name": "pkt4-received"})["result"] == 0
    assert statistic(daemon, "pkt4-received") == 0
    relay.discover(mac(1), 3.0)
    assert statistic(daemon, "pkt4-received") == 1


def test_a_disabled_service_answers_nobody_until_every_origin_is_enabled(relay: Relay, daemon: KeaMp) -> None:
    daemon.command("dhcp-disable")
    daemon.command("dhcp-disable", {"origin": "ha-partner"})
    assert relay.discover(mac(2)) is None
    assert "still disabled" in daemon.command("dhcp-enable")["text"]
    assert relay.discover(mac(2)) is None
    assert daemon.command("dhcp-enable", {"origin": "ha-partner"})["result"] == 0
    assert relay.discover(mac(2), 3.0) is not None


def test_packets_of_a_pause_are_counted(relay: Relay, daemon: KeaMp) -> None:
    daemon.command("dhcp-disable")
    for _ in range(3):
        relay.discover(mac(3), 0.1)
    daemon.command("dhcp-enable")
    eventually(lambda: statistic(daemon, "pkt4-service-disabled") >= 3, 5.0, "three packets counted")


def test_leases_reclaim_processes_what_has_ended_and_the_statistics_follow(with_leases: KeaMp) -> None:
    assert statistic(with_leases, "subnet[1].assigned-addresses") == ENDED + 5
    assert with_leases.command("leases-reclaim", {"remove": True})["result"] == 0
    assert statistic(with_leases, "reclaimed-leases") == ENDED
    assert statistic(with_leases, "subnet[1].assigned-addresses") == 5
    assert with_leases.status()["leases"]["assigned-addresses"] == 5


def test_leases_reclaim_without_its_process_says_so_at_once(with_leases: KeaMp) -> None:
    pid = next(p["pid"] for p in with_leases.status()["processes"] if p["name"] == "connection-lease-database")
    os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    answer = with_leases.command("leases-reclaim", {"remove": False})
    assert time.monotonic() - began < 5.0
    assert answer["result"] == 0 or "lease-database" in answer["text"]
    eventually(lambda: with_leases.service()["state"] == "serve", 15.0, "the lease database is back")
    assert statistic(with_leases, "subnet[1].assigned-addresses") in (5, ENDED + 5)


def test_a_client_that_leaves_before_its_answer_harms_nobody(daemon: KeaMp) -> None:
    for _ in range(20):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(str(daemon.socket))
            connection.sendall(b'{"command": "statistic-get-all"}')
    assert daemon.command("statistic-get-all")["result"] == 0


def test_config_test_of_a_large_configuration_leaves_the_service_alone(relay: Relay, daemon: KeaMp) -> None:
    subnets = [
        {"id": n + 1, "subnet": f"10.{n >> 8}.{n & 255}.0/24", "pools": [{"pool": f"10.{n >> 8}.{n & 255}.0/25"}]}
        for n in range(3000)
    ]
    answer = daemon.command("config-test", {"Dhcp4": {"lease-database": {"type": "memfile"}, "subnet4": subnets}})
    assert answer["result"] == 0
    assert relay.discover(mac(4), 3.0) is not None
    assert daemon.service()["state"] == "serve"


def test_status_exits_with_the_state_of_the_service(daemon: KeaMp) -> None:
    serving = daemon.cli("status", "-c", str(daemon.config_file))
    assert (serving.returncode, "SERVING" in serving.stdout) == (0, True)
    daemon.command("dhcp-disable", {"max-period": 60})
    paused = daemon.cli("status")
    assert (paused.returncode, "PAUSED" in paused.stdout, "user" in paused.stdout) == (2, True, True)
    as_json = daemon.cli("status", "--json")
    assert (as_json.returncode, json.loads(as_json.stdout)["kea-mp"]["service"]["state"]) == (2, "pause")


def test_status_says_degraded_when_a_worker_is_frozen(daemon: KeaMp) -> None:
    pid = daemon.worker_pids()[1]
    os.kill(pid, signal.SIGSTOP)
    try:
        eventually(lambda: daemon.cli("status").returncode == 1, 10.0, "exit code 1")
    finally:
        os.kill(pid, signal.SIGCONT)
    eventually(lambda: daemon.cli("status").returncode == 0, 10.0, "exit code 0")


def test_status_of_nobody_exits_with_3_and_says_what_to_look_at(daemon: KeaMp, tmp_path: Path) -> None:
    missing = daemon.cli("status", "--socket", str(tmp_path / "none.sock"))
    assert (missing.returncode, "is the daemon running" in missing.stderr) == (3, True)


def test_command_prints_the_answer_and_exits_with_its_result(daemon: KeaMp, tmp_path: Path) -> None:
    arguments = tmp_path / "arguments.json"
    arguments.write_text('{"name": "pkt4-sent"}')
    for given in ('{"name": "pkt4-sent"}', f"@{arguments}"):
        done = daemon.cli("command", "statistic-get", given, "--socket", str(daemon.socket))
        assert (done.returncode, "pkt4-sent" in json.loads(done.stdout)["arguments"]) == (0, True)
    assert daemon.cli("command", "statistic-get").returncode == 1
    assert daemon.cli("command", "no-such-command").returncode == 1
    assert daemon.cli("command", "statistic-get", "{").returncode == 64


def test_a_socket_that_nobody_listens_on_is_told_from_one_that_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left_behind:
        folder = os.open(tmp_path, os.O_PATH)
        left_behind.bind(f"/proc/self/fd/{folder}/s")
        os.close(folder)
    with pytest.raises(NotReachable, match="nobody listens"):
        ask(path, "status-get")
    with pytest.raises(NotReachable, match="no such socket"):
        ask(tmp_path / "other", "status-get")


def test_a_path_that_is_too_long_for_a_socket_address_is_reached_all_the_same(daemon: KeaMp, tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 100)
    folder.symlink_to(daemon.run)
    assert ask(folder / "dhcp4.sock", "config-hash-get")["result"] == 0
