"""DHCPv6 under load: nothing is dropped, given twice or forgotten, whoever is killed.

perfdhcp asks for an address and a prefix 1000 times a second; the load generator of the lab does the same and remembers
what was acknowledged.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from kea_mp.family import DHCP6
from tests.lab import perfdhcp
from tests.lab.daemon import KeaMp
from tests.lab.load6 import Load6
from tests.lab.net import Lab
from tests.lab.waiting import eventually

pytestmark = [pytest.mark.root, pytest.mark.timeout(180)]

WORKERS = 2
RATE = 1000
SERVER, RELAY = "2001:db8::1", "2001:db8::2"
CONFIG: dict[str, Any] = {
    "interfaces-config": {"interfaces": [f"srv0/{SERVER}"]},
    "valid-lifetime": 7200,
    "subnet6": [
        {
            "id": 1,
            "subnet": "2001:db8::/64",
            "interface": "srv0",
            "pools": [{"pool": "2001:db8::1:0:0 - 2001:db8::1:ffff:ffff"}],
            "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 34, "delegated-len": 56}],
        }
    ],
}


@dataclass
class Site:
    server: str
    client: str


@pytest.fixture
def site() -> Iterator[Site]:
    with Lab() as lab:
        server, client = lab.hosts("server", "client")
        ends = ([f"{SERVER}/64"], [f"{RELAY}/64"])
        lab.link((server, "srv0"), (client, "cli0"), addresses=ends, ipv6=True)
        yield Site(server, client)


@pytest.mark.skipif(not perfdhcp.available(), reason="no perfdhcp: scripts/test installs it")
def test_perfdhcp_sees_no_drop_after_the_first_second_and_nothing_twice(site: Site) -> None:
    with KeaMp(CONFIG, site.server, WORKERS, family=DHCP6) as server:
        result = perfdhcp.run(site.client, RATE, 5, family=DHCP6)
        leases = server.leases()
        answered = [process["counters"].get("pkt6-reply-sent", 0) for process in server.status()["processes"]]
    assert result.discovers > RATE * 4, result.text
    assert (result.not_unique, result.rejected) == (0, 0)
    assert result.drops - result.overrun <= result.ticks[0].missing, f"{result.text}\noverrun {result.overrun}"
    # perfdhcp draws its clients at random: one that comes twice has one address and one prefix.
    kinds = {row["lease_type"] for row in leases.values()}
    bindings = {(row["duid"], row["lease_type"]) for row in leases.values()}
    assert len(bindings) == len(leases), "a client holds two addresses or two prefixes"
    assert (kinds, len(leases) % 2) == ({"0", "2"}, 0)
    assert 0 < len(leases) <= 2 * result.requests
    assert sum(count > 0 for count in answered) == WORKERS, "a worker had nothing to do"


def test_every_acknowledged_lease_is_in_the_file_and_none_is_given_twice(site: Site) -> None:
    with KeaMp(CONFIG, site.server, WORKERS, family=DHCP6) as server:
        with Load6(site.client, RELAY, SERVER, RATE) as load:
            time.sleep(4)
        leases = server.leases()
    settled = load.exchanges[0].began + 1.0
    assert len(load.exchanges) > RATE * 3
    assert [e for e in load.unanswered if e.began > settled] == []
    assert load.given_twice() == []
    assert load.missing_in(leases) == []
    assert load.surprises == []


def test_a_killed_worker_costs_only_packets_in_flight(site: Site) -> None:
    with KeaMp(CONFIG, site.server, WORKERS, family=DHCP6) as server:
        victim = server.worker_pids()[0]
        with Load6(site.client, RELAY, SERVER, RATE) as load:
            time.sleep(2)
            os.kill(victim, signal.SIGKILL)
            eventually(lambda: victim not in server.worker_pids() and all(server.worker_pids()), 5, "it is replaced")
            time.sleep(2)
        leases = server.leases()
        status = server.status()
    settled = load.exchanges[0].began + 1.0
    lost = [e for e in load.unanswered if e.began > settled]
    # The sockets stay open while the worker is away: what waits in them is answered by its successor.
    assert len(lost) < RATE / 4, f"{len(lost)} exchanges were lost"
    assert load.given_twice() == []
    assert load.missing_in(leases) == []
    assert any(process["restarts"] for process in status["processes"])


def test_every_acknowledged_lease_survives_the_death_of_all_processes(site: Site) -> None:
    server = KeaMp(CONFIG, site.server, WORKERS, family=DHCP6)
    try:
        server.start()
        server.wait_serving()
        with Load6(site.client, RELAY, SERVER, RATE) as load:
            time.sleep(2)
            server.kill_tree()
            time.sleep(0.2)
        assert len(load.acknowledged) > RATE
        server.start()
        server.wait_serving()
        assert load.missing_in(server.leases()) == []
    finally:
        server.remove()
