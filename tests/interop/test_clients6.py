"""Real DHCPv6 clients, direct and through relay agents: each gets an address and a prefix, renews, releases, gets
them again."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from kea_mp.family import DHCP6
from tests.lab.clients6 import CLIENTS6, Client6, Relay6
from tests.lab.daemon import KeaMp
from tests.lab.net import Lab
from tests.lab.waiting import eventually

pytestmark = pytest.mark.root

CONFIG: dict[str, Any] = {
    "interfaces-config": {"interfaces": ["*"]},
    "valid-lifetime": 600,
    "preferred-lifetime": 500,
    "renew-timer": 2,
    "rebind-timer": 300,
    "cache-threshold": 0.0,
    "option-data": [{"name": "dns-servers", "data": "2001:db8::53"}],
    "subnet6": [
        {
            "id": number,
            "subnet": f"2001:db8:{number}::/64",
            **({"interface": "srv0"} if number == 1 else {}),
            "pools": [{"pool": f"2001:db8:{number}::1000 - 2001:db8:{number}::1fff"}],
            "pd-pools": [{"prefix": f"2001:db8:{number}000::", "prefix-len": 48, "delegated-len": 64}],
        }
        for number in (1, 2)
    ],
}


def exercise(client: Client6, server: KeaMp, number: int) -> None:
    """Get, renew, release, get again; what the server has written down is looked at after each. number: the subnet."""
    try:
        address = client.get()
        assert address.startswith(f"2001:db8:{number}::1")
        prefix = eventually(client.prefix, 10, f"{client.name} has a prefix: {client.output()}")
        assert prefix.startswith(f"2001:db8:{number}000:")
        assert prefix.endswith("/64")
        places = {address, prefix.partition("/")[0]}
        assert {place: server.leases()[place]["state"] for place in places} == dict.fromkeys(places, "0")
        # A client puts the address on the interface before it calls its script.
        eventually(lambda: any("2001:db8::53" in event for event in client.events()), what="its script is called")
        before = {place: int(server.leases()[place]["expire"]) for place in places}
        assert (client.renew(), client.prefix()) == (address, prefix)
        eventually(
            lambda: all(int(server.leases()[place]["expire"]) > before[place] for place in places),
            what="the renewal is written down",
        )
        client.release()
        free = ("gone", "2", "3")
        eventually(
            lambda: all(server.leases().get(place, {}).get("state", "gone") in free for place in places),
            what=f"{places} are free again: {server.leases()}",
        )
        assert client.get() == address, "a client that comes back gets what it had"
        eventually(lambda: client.prefix() == prefix, 10, "and the same prefix")
    finally:
        client.stop()


def need(kind: type[Client6]) -> None:
    if not kind.available():
        pytest.skip(f"{kind.program} is not installed: scripts/test installs it")


@pytest.mark.parametrize("kind", CLIENTS6, ids=lambda kind: str(kind.name))
def test_client_on_the_same_link(kind: type[Client6], tmp_path: Path) -> None:
    need(kind)
    with Lab() as lab:
        server_host, client_host = lab.hosts("server", "client")
        lab.link((server_host, "srv0"), (client_host, "cli0"), ipv6=True)
        with KeaMp(CONFIG, server_host, workers=2, family=DHCP6) as server:
            exercise(kind(client_host, "cli0", tmp_path), server, 1)


@pytest.mark.parametrize(
    ("kind", "relays"),
    [(CLIENTS6[0], 1), *((kind, 2) for kind in CLIENTS6)],
    ids=lambda value: str(getattr(value, "name", value)),
)
def test_client_through_relays(kind: type[Client6], relays: int, tmp_path: Path) -> None:
    """The relay next to the client has an address of the client's subnet; each adds an interface-id."""
    need(kind)
    with Lab() as lab:
        server_host, client_host = lab.hosts("server", "client")
        hosts = [lab.host(f"relay{number}") for number in range(relays)]
        lab.link((hosts[0], "down"), (client_host, "cli0"), addresses=(["2001:db8:2::1/64"], []), ipv6=True)
        for near, far in pairwise(hosts):
            lab.link((far, "down"), (near, "up"), addresses=(["2001:db8:f::1/64"], []), ipv6=True)
        lab.link((server_host, "srv0"), (hosts[-1], "up"), ipv6=True)
        agents: list[Relay6] = []
        try:
            for host in hosts:
                agents.append(Relay6(host, "down", "up", tmp_path, identified=True))
            with KeaMp(CONFIG, server_host, workers=2, family=DHCP6) as server:
                exercise(kind(client_host, "cli0", tmp_path), server, 2)
        finally:
            for agent in agents:
                agent.stop()
