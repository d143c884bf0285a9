"""A daemon whose leases are in a database, and the network around it.

Runs in: any (root)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kea_mp.family import DHCP4, Family
from tests.lab.daemon import KeaMp
from tests.lab.databases import PASSWORD, USER
from tests.lab.lease_database import Database
from tests.lab.net import Lab
from tests.lab.relay import RELAY, SERVER, Relay

POOLS = [{"pool": "10.0.0.0/16"}]
SERVER6, RELAY6 = "2001:db8::1", "2001:db8::2"
POOLS6 = [{"pool": "2001:db8::1:0:0/96"}]
PD_POOLS = [{"prefix": "2001:db8:8000::", "prefix-len": 34, "delegated-len": 56}]


def access(database: Database, **changes: Any) -> dict[str, Any]:
    """lease-database for a daemon in a namespace: by UNIX socket, which namespaces do not keep apart."""
    server = database.server
    own = {
        "type": server.type,
        "name": database.name,
        "user": USER,
        "password": PASSWORD,
        "host": str(server.folder) if server.type == "postgresql" else f"{server.folder}/server.sock",
        "port": server.port,
        "reconnect-wait-time": 100,
        "max-reconnect-tries": 1000,
    }
    return own | changes


def config(database: Database, family: Family = DHCP4, **changes: Any) -> dict[str, Any]:
    common = {
        "lease-database": access(database, **changes),
        "valid-lifetime": 4000,
        "expired-leases-processing": {"reclaim-timer-wait-time": 1},
    }
    if family is DHCP4:
        subnet = {"id": 1, "subnet": "10.0.0.0/8", "pools": POOLS, "relay": {"ip-addresses": [RELAY]}}
        return {"interfaces-config": {"interfaces": ["srv0"]}, **common, "subnet4": [subnet]}
    subnet = {"id": 1, "subnet": "2001:db8::/64", "interface": "srv0", "pools": POOLS6, "pd-pools": PD_POOLS}
    return {"interfaces-config": {"interfaces": [f"srv0/{SERVER6}"]}, **common, "subnet6": [subnet]}


@dataclass
class Site:
    """A daemon that is not started yet, and the namespace of its clients."""

    daemon: KeaMp
    clients: str

    @cached_property
    def relay(self) -> Relay:
        """Made when it is used: a load generator takes its port."""
        return Relay(self.clients)


@contextmanager
def site(database: Database, workers: int = 2, **changes: Any) -> Iterator[Site]:
    """In DHCPv4."""
    with site_of(DHCP4, database, workers, **changes) as made:
        yield made


@contextmanager
def site_of(family: Family, database: Database, /, workers: int = 2, **changes: Any) -> Iterator[Site]:
    six = family is not DHCP4
    ends = ([f"{SERVER6}/64"], [f"{RELAY6}/64"]) if six else ([f"{SERVER}/24"], [f"{RELAY}/24"])
    with Lab() as lab:
        server, client = lab.hosts("server", "client")
        lab.link((server, "srv0"), (client, "cli0"), addresses=ends, ipv6=six)
        daemon = KeaMp(config(database, family, **changes), server, workers=workers, family=family)
        made = Site(daemon, client)
        try:
            yield made
        finally:
            if "relay" in made.__dict__:
                made.relay.close()
            daemon.remove()
