"""The daemon on a network: sockets, pauses, workers that are stopped or killed while a relay asks. Needs root."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from kea_mp.supervisor.shard import shard
from tests.processes.daemon import Daemon, Relay, eventually, namespaces

pytestmark = pytest.mark.root

CHANCE = Random(7)
MACS = [b"\x02" + CHANCE.randbytes(5) for _ in range(40)]
OF_WORKER = {worker: next(mac for mac in MACS if shard(mac, 2) == worker) for worker in (0, 1)}


@pytest.fixture
def network() -> Iterator[tuple[str, str]]:
    names = f"sv{os.getpid()}-s", f"sv{os.getpid()}-c"
    with namespaces(*names):
        yield names


@pytest.fixture
def daemon(tmp_path: Path, network: tuple[str, str]) -> Iterator[Daemon]:
    made = Daemon(tmp_path, network[0])
    made.configure()
    yield made
    made.stop()


@pytest.fixture
def relay(network: tuple[str, str]) -> Iterator[Relay]:
    made = Relay(network[1])
    yield made
    made.close()


@pytest.fixture
def running(daemon: Daemon) -> Daemon:
    daemon.start()
    daemon.until_serving()
    return daemon


@pytest.mark.parametrize("kind", ["raw", "udp"])
def test_each_client_is_answered_once(daemon: Daemon, relay: Relay, kind: str) -> None:
    daemon.configure(**{"interfaces-config": {"interfaces": ["veth0"], "dhcp-socket-type": kind}})
    daemon.start(workers=3)
    daemon.until_serving()
    assert all(relay.discover(mac, 2.0) for mac in MACS)
    time.sleep(0.2)
    assert relay.drain() == 0
    shares = sorted(sum(shard(mac, 3) == worker for mac in MACS) for worker in range(3))
    eventually(lambda: sorted(received(daemon)) == shares, "each worker has counted its share")


def received(daemon: Daemon) -> list[int]:
    workers = [p for p in daemon.status()["processes"] if p["name"].startswith("serving-")]
    return [worker["counters"].get("pkt4-received", 0) for worker in workers]


def test_a_worker_that_is_stopped_across_a_pause_answers_nothing_until_it_serves_again(
    running: Daemon, relay: Relay
) -> None:
    """What came in while it was stopped is dropped, not answered on the old directive."""
    pid, mac = running.pids()["serving-0"], OF_WORKER[0]
    assert relay.discover(mac)
    os.kill(pid, signal.SIGSTOP)
    assert relay.discover(mac, 0.2) is None
    assert running.ask("dhcp-disable")["result"] == 0
    for number in range(20):
        relay.send(mac, number)
    os.kill(pid, signal.SIGCONT)
    time.sleep(1.0)
    assert relay.drain() == 0
    assert running.is_in("pause")
    running.ask("dhcp-enable")
    assert eventually(lambda: relay.discover(mac), "an offer after the pause")


def test_a_worker_that_starts_late_takes_part_in_the_pause(running: Daemon, relay: Relay) -> None:
    running.ask("dhcp-disable")
    before = running.pids()["serving-1"]
    os.kill(before, signal.SIGKILL)
    eventually(lambda: running.pids().get("serving-1", 0) not in (0, before), "a new worker")
    eventually(lambda: running.is_in("pause"), "the new worker follows")
    assert relay.discover(OF_WORKER[1]) is None
    running.ask("dhcp-enable")
    assert eventually(lambda: relay.discover(OF_WORKER[1]), "an offer by the new worker")


def test_a_frozen_supervisor_stops_service_within_the_silence_limit(running: Daemon, relay: Relay) -> None:
    assert relay.discover(OF_WORKER[0])
    running.signal(signal.SIGSTOP)
    time.sleep(2.3)
    assert [relay.discover(mac, 0.2) for mac in OF_WORKER.values()] == [None, None]
    running.signal(signal.SIGCONT)
    eventually(lambda: all(relay.discover(mac) for mac in OF_WORKER.values()), "offers after the freeze", 3.0)


def test_a_killed_worker_is_back_within_a_second_and_the_other_goes_on(running: Daemon, relay: Relay) -> None:
    running.status()
    pid = running.pids()["serving-0"]
    os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    assert relay.discover(OF_WORKER[1])
    assert eventually(lambda: relay.discover(OF_WORKER[0], 0.1), "an offer by the new worker")
    assert time.monotonic() - killed < 1.0


def test_packets_wait_in_the_socket_while_a_worker_is_replaced(running: Daemon, relay: Relay) -> None:
    """The supervisor keeps the socket, so what came in between two processes is answered by the second."""
    pid = running.pids()["serving-0"]
    os.kill(pid, signal.SIGKILL)
    assert relay.discover(OF_WORKER[0], 5.0)


def test_no_port_unreachable_is_sent_while_raw_sockets_serve(running: Daemon, network: tuple[str, str]) -> None:
    with _connected_udp(network[1]) as client:
        client.send(b"not DHCP")
        time.sleep(0.3)
        client.send(b"not DHCP")  # ECONNREFUSED here would be the answer to the first


def _connected_udp(namespace: str) -> socket.socket:
    from tests.processes.daemon import SERVER, socket_in

    made = socket_in(namespace, socket.AF_INET, socket.SOCK_DGRAM)
    made.connect((SERVER, 67))
    return made


def test_a_second_server_on_the_same_address_exits_71(running: Daemon, tmp_path: Path) -> None:
    folder = tmp_path / "second"
    folder.mkdir()
    second = Daemon(folder, running.namespace)
    for kind in ("raw", "udp"):
        file = second.configure(**{"interfaces-config": {"interfaces": ["veth0"], "dhcp-socket-type": kind}})
        ended = second.run("-c", str(file))
        assert ended.returncode == 71
        assert "is another DHCP server running?" in ended.stdout


def test_without_permission_it_exits_77(daemon: Daemon) -> None:
    line = daemon.command_line("dhcp4", "-c", str(daemon.folder / "daemon.conf"))
    without = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"]
    inside = line.index(daemon.namespace or "") + 1
    ended = subprocess.run(
        [*line[:inside], *without, *line[inside:]],
        env=daemon.environment, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert ended.returncode == 77, ended.stdout + ended.stderr
    assert "CAP_NET_RAW" in ended.stdout


def test_an_interface_that_comes_up_later_is_served_after_a_retry(
    daemon: Daemon, relay: Relay, network: tuple[str, str]
) -> None:
    names = {"interfaces": ["veth0"], "service-sockets-max-retries": 50, "service-sockets-retry-wait-time": 200}
    daemon.configure(**{"interfaces-config": names})
    subprocess.run(["ip", "-n", network[0], "link", "set", "veth0", "down"], check=True)
    daemon.start()
    daemon.until_serving()
    assert daemon.ask("status-get")["arguments"]["sockets"]["status"] == "retrying"
    subprocess.run(["ip", "-n", network[0], "link", "set", "veth0", "up"], check=True)
    assert eventually(lambda: relay.discover(OF_WORKER[0]), "an offer")
    assert daemon.ask("status-get")["arguments"]["sockets"]["status"] == "ready"


def test_an_interface_that_never_comes_up_exits_71_when_all_are_required(
    daemon: Daemon, network: tuple[str, str]
) -> None:
    names = {
        "interfaces": ["veth0"],
        "service-sockets-require-all": True,
        "service-sockets-max-retries": 2,
        "service-sockets-retry-wait-time": 100,
    }
    file = daemon.configure(**{"interfaces-config": names})
    subprocess.run(["ip", "-n", network[0], "link", "set", "veth0", "down"], check=True)
    ended = daemon.run("-c", str(file))
    assert ended.returncode == 71
    assert ended.stdout.count("DHCPSRV_OPEN_SOCKET_FAIL") == 3
