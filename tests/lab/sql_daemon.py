"""A daemon whose leases are in a database, and the network around it.

Runs in: any (root)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.lab.daemon import KeaMp
from tests.lab.databases import PASSWORD, USER
from tests.lab.lease_database import Database
from tests.lab.net import Lab
from tests.lab.relay import RELAY, SERVER, Relay

POOLS = [{"pool": "10.0.0.0/16"}]


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


def config(database: Database, **changes: Any) -> dict[str, Any]:
    return {
        "interfaces-config": {"interfaces": ["srv0"]},
        "lease-database": access(database, **changes),
        "valid-lifetime": 4000,
        "expired-leases-processing": {"reclaim-timer-wait-time": 1},
        "subnet4": [{"id": 1, "subnet": "10.0.0.0/8", "pools": POOLS, "relay": {"ip-addresses": [RELAY]}}],
    }


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
    with Lab() as lab:
        server, client = lab.hosts("server", "client")
        lab.link((server, "srv0"), (client, "cli0"), addresses=([f"{SERVER}/24"], [f"{RELAY}/24"]))
        daemon = KeaMp(config(database, **changes), server, workers=workers)
        made = Site(daemon, client)
        try:
            yield made
        finally:
            if "relay" in made.__dict__:
                made.relay.close()
            daemon.remove()
