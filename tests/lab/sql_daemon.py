"""A daemon whose leases are in a database, and the network around it.

Runs in: any (root)
"""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.lab.daemon import KeaMp
from tests.lab.databases import PASSWORD, USER
from tests.lab.lease_database import Database
from tests.lab.net import Lab, udp_socket
from tests.lab.packets import ACK, DISCOVER, MAGIC, OFFER, REQUEST, ip_bytes

SERVER, RELAY = "192.0.2.1", "192.0.2.9"
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


class Relay:
    """A relay that asks on behalf of clients. Addresses as int; None without an answer in time."""

    def __init__(self, namespace: str) -> None:
        self._socket = udp_socket(namespace, RELAY, 67)

    def close(self) -> None:
        self._socket.close()

    def acquire(self, mac: bytes, patience_s: float = 3.0) -> int | None:
        """A whole exchange: the address that was acknowledged. Packets are sent again every 300 ms."""
        offered = self._ask(mac, b"", DISCOVER, OFFER, patience_s)
        if offered is None:
            return None
        options = b"\x32\x04" + offered.to_bytes(4, "big") + b"\x36\x04" + ip_bytes(SERVER)
        return self._ask(mac, options, REQUEST, ACK, patience_s)

    def discover(self, mac: bytes, patience_s: float = 3.0) -> int | None:
        return self._ask(mac, b"", DISCOVER, OFFER, patience_s)

    def _ask(self, mac: bytes, options: bytes, ask: int, want: int, patience_s: float) -> int | None:
        xid = random.getrandbits(32)
        head = struct.pack("!BBBBIHHIII4s", 1, 1, 6, 1, xid, 0, 0, 0, 0, 0, ip_bytes(RELAY))
        message = head + mac.ljust(16, b"\0") + bytes(192) + MAGIC + bytes([53, 1, ask]) + options + b"\xff"
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            self._socket.sendto(message, (SERVER, 67))
            again = min(until, time.monotonic() + 0.3)
            while (left := again - time.monotonic()) > 0:
                self._socket.settimeout(left)
                try:
                    data = self._socket.recv(2048)
                except TimeoutError:
                    break
                if struct.unpack_from("!I", data, 4)[0] == xid and data[242] == want:
                    return int(struct.unpack_from("!I", data, 16)[0])
        return None


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
