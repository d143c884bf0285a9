"""Two daemons with two packet workers each on one database and one pool that is hardly larger than the crowd."""

from __future__ import annotations

import time
from ipaddress import IPv4Address
from statistics import quantiles
from typing import Any

import pytest

from tests.lab.crowd import Crowd
from tests.lab.daemon import KeaMp
from tests.lab.lease_database import Database
from tests.lab.net import Lab
from tests.lab.sql_daemon import config
from tests.lab.waiting import eventually

pytestmark = [pytest.mark.root, pytest.mark.timeout(120)]

LINKS = {"192.0.2.1": "192.0.2.9", "198.51.100.1": "198.51.100.9"}  #: server → relay
CLIENTS, SPARE = 600, 20
FIRST = IPv4Address("10.0.0.0")


def shared_pool(database: Database) -> dict[str, Any]:
    made = config(database)
    subnet = made["subnet4"][0]
    subnet["pools"] = [{"pool": f"{FIRST} - {FIRST + CLIENTS + SPARE - 1}"}]
    subnet["relay"]["ip-addresses"] = list(LINKS.values())
    return made


def test_no_address_is_given_twice_and_none_is_lost(database: Database, request: pytest.FixtureRequest) -> None:
    seconds = 30.0 if request.config.getoption("--all") else 6.0
    with Lab() as lab:
        clients = lab.host("clients")
        hosts = []
        for number, (server, relay) in enumerate(LINKS.items()):
            hosts.append(lab.host(f"server{number}"))
            ends = ([f"{server}/24"], [f"{relay}/24"])
            lab.link((hosts[-1], "srv0"), (clients, f"cli{number}"), addresses=ends)
        content = shared_pool(database)
        with KeaMp(content, hosts[0], 2), KeaMp(content, hosts[1], 2):
            with Crowd(clients, LINKS, CLIENTS) as crowd:
                time.sleep(seconds)
                without = crowd.settle()
            held = {address: guest.mac for address, guest in crowd.holders.items()}
            # Who has let go of an address must be gone from the database before the daemons are.
            eventually(lambda: active(database) == held, 10, "the database shows those who hold an address")
    median, worst = quantiles(crowd.waits_s, n=100)[49] * 1000, max(crowd.waits_s) * 1000
    print(f"{seconds:.0f} s, {dict(crowd.told)}; an address after {median:.0f} ms (median), {worst:.0f} ms (longest)")
    assert crowd.breaches == []
    assert without == 0
    assert len(held) == CLIENTS
    for server in LINKS:
        assert crowd.told[f"acknowledged by {server}"] > 0.2 * crowd.told["acquired"]
    assert crowd.told["acquired"] > 3 * CLIENTS


def active(database: Database) -> dict[int, bytes]:
    return {int(a): bytes(hw) for a, hw in database.query("SELECT address, hwaddr FROM lease4 WHERE state = 0")}
