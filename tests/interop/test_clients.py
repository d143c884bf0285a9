"""Real clients, direct and through relay agents: each gets, renews, releases and gets again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lab.clients import CLIENTS, Client, Dhclient, Relay, Udhcpc
from tests.lab.daemon import KeaMp
from tests.lab.net import Lab, ip
from tests.lab.waiting import eventually

pytestmark = pytest.mark.root

CONFIG: dict[str, Any] = {
    "interfaces-config": {"interfaces": ["*"], "dhcp-socket-type": "raw"},
    "valid-lifetime": 600,
    "renew-timer": 200,
    "rebind-timer": 400,
    "option-data": [{"name": "domain-name-servers", "data": "192.0.2.53"}],
    "subnet4": [
        {"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.100 - 192.0.2.199"}]},
        {"id": 2, "subnet": "10.1.0.0/24", "pools": [{"pool": "10.1.0.100 - 10.1.0.199"}]},
        {"id": 3, "subnet": "10.2.0.0/24", "pools": [{"pool": "10.2.0.100 - 10.2.0.199"}]},
    ],
}


def exercise(client: Client, server: KeaMp, network: str) -> None:
    """Get, renew, release, get again; what the server has written down is looked at after each."""
    try:
        address = client.get()
        assert address.startswith(network)
        assert server.leases()[address]["state"] == "0"
        # A client puts the address on the interface before it calls its script.
        eventually(lambda: any("192.0.2.53" in event for event in client.events()), what="its script is called")
        assert client.renew() == address
        client.release()
        eventually(
            lambda: server.leases().get(address, {}).get("state", "gone") in ("gone", "2", "3"),
            what=f"{address} is free again: {server.leases()}",
        )
        assert client.get() == address, "a client that comes back gets what it had"
    finally:
        client.stop()


@pytest.mark.parametrize("kind", CLIENTS, ids=lambda kind: str(kind.name))
def test_client_on_the_same_link(kind: type[Client], tmp_path: Path) -> None:
    if not kind.available():
        pytest.skip(f"{kind.program} is not installed: scripts/test installs it")
    with Lab() as lab:
        server_host, client_host = lab.hosts("server", "client")
        lab.link((server_host, "srv0"), (client_host, "cli0"), addresses=(["192.0.2.1/24"], []))
        with KeaMp(CONFIG, server_host, workers=2) as server:
            exercise(kind(client_host, "cli0", tmp_path), server, "192.0.2.")


@pytest.mark.parametrize("kind", CLIENTS, ids=lambda kind: str(kind.name))
def test_client_on_udp_sockets_through_two_relays(kind: type[Client], tmp_path: Path) -> None:
    """Two networks behind two relay agents, one of which adds relay agent information; the server on UDP sockets."""
    if not kind.available():
        pytest.skip(f"{kind.program} is not installed: scripts/test installs it")
    interfaces = {"interfaces": ["*"], "dhcp-socket-type": "udp"}
    relayed({**CONFIG, "interfaces-config": interfaces}, kind, tmp_path)


@pytest.mark.parametrize("kind", [Dhclient, Udhcpc], ids=lambda kind: str(kind.name))
def test_client_on_raw_sockets_through_two_relays(kind: type[Client], tmp_path: Path) -> None:
    if not kind.available():
        pytest.skip(f"{kind.program} is not installed: scripts/test installs it")
    relayed(CONFIG, kind, tmp_path)


def relayed(config: dict[str, Any], kind: type[Client], folder: Path) -> None:
    with Lab() as lab:
        server_host = lab.host("server")
        paths = []
        for number in (1, 2):
            relay_host, client_host = lab.hosts(f"relay{number}", f"client{number}")
            own, far = f"172.16.{number}.1", f"172.16.{number}.2"
            lab.link((server_host, f"srv{number}"), (relay_host, "up"), addresses=([f"{own}/24"], [f"{far}/24"]))
            lab.link((relay_host, "down"), (client_host, "cli0"), addresses=([f"10.{number}.0.1/24"], []))
            ip("-n", server_host, "route", "add", f"10.{number}.0.0/24", "via", far)
            ip("-n", client_host, "route", "add", "default", "via", f"10.{number}.0.1", "dev", "cli0", "onlink")
            ip("netns", "exec", relay_host, "sysctl", "-qw", "net.ipv4.ip_forward=1")
            paths.append((relay_host, client_host, own, f"10.{number}.0."))
        with KeaMp(config, server_host, workers=2) as server:
            relays = []
            try:
                for number, (relay_host, client_host, own, network) in enumerate(paths):
                    place = folder / str(number)
                    place.mkdir()
                    relays.append(Relay(relay_host, "down", "up", own, place, ("-a",) if number else ()))
                    exercise(kind(client_host, "cli0", place), server, network)
            finally:
                for relay in relays:
                    relay.stop()
