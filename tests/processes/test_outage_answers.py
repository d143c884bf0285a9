"""What clients are told while PostgreSQL is away and the service goes on (on-fail serve-retry-continue)."""

from __future__ import annotations

import json
import random
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab import databases
from tests.lab.databases import Server
from tests.lab.lease_database import database_on
from tests.lab.net import udp_socket
from tests.lab.packets import ACK, DISCOVER, MAGIC, NAK, OFFER, REQUEST, ip_bytes
from tests.lab.relay import RELAY, SERVER
from tests.lab.sql_daemon import site
from tests.lab.waiting import eventually

pytestmark = [pytest.mark.root, pytest.mark.timeout(120)]

LIFETIME = 4000
Told = tuple[int, int]  #: message type, lease time (0: none)


@pytest.fixture
def server() -> Iterator[Server]:
    if not databases.available("postgresql"):
        pytest.skip("no postgresql server can be started here")
    with databases.running("postgresql", durable=True) as running:
        yield running


class Clients:
    """Asks through a relay and keeps whatever comes back."""

    def __init__(self, namespace: str) -> None:
        self._socket: socket.socket = udp_socket(namespace, RELAY, 67)
        self.kinds: set[int] = set()

    def close(self) -> None:
        self._socket.close()

    def ask(
        self, number: int, kind: int, ciaddr: int = 0, options: bytes = b"", patience_s: float = 2.0
    ) -> Told | None:
        """One packet, sent once."""
        xid, mac = random.getrandbits(32), b"\x02\x00\x00\x07" + number.to_bytes(2, "big")
        head = struct.pack("!BBBBIHHIII4s", 1, 1, 6, 1, xid, 0, 0, ciaddr, 0, 0, ip_bytes(RELAY))
        tail = mac.ljust(16, b"\0") + bytes(192) + MAGIC + bytes([53, 1, kind]) + options + b"\xff"
        self._socket.sendto(head + tail, (SERVER, 67))
        until = time.monotonic() + patience_s
        while (left := until - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(2048)
            except TimeoutError:
                return None
            if struct.unpack_from("!I", data, 4)[0] == xid:
                self.kinds.add(data[242])
                at = data.find(b"\x33\x04", 240)
                return data[242], struct.unpack_from("!I", data, at + 2)[0] if at > 0 else 0
        return None

    def renew(self, number: int, address: int, patience_s: float = 2.0) -> Told | None:
        return self.ask(number, REQUEST, ciaddr=address, patience_s=patience_s)

    def reboot(self, number: int, address: int) -> Told | None:
        return self.ask(number, REQUEST, options=b"\x32\x04" + address.to_bytes(4, "big"))


@pytest.mark.parametrize("fault", ["kill", "freeze"])
def test_renewals_are_confirmed_with_falling_time_left_and_nothing_else_is_answered(server: Server, fault: str) -> None:
    limits: dict[str, Any] = {"on-fail": "serve-retry-continue", "reconnect-wait-time": 500, "connect-timeout": 1}
    with site(database_on(server), workers=2, **limits) as here:
        # Every renewal is written, so that one that the database has seen is told by its full time.
        here.daemon.config["cache-threshold"] = 0.0
        here.daemon.config_file.write_text(json.dumps({"Dhcp4": here.daemon.config}))
        here.daemon.start()
        here.daemon.wait_serving()
        leases = {}
        for number in range(4):
            address = here.relay.acquire(b"\x02\x00\x00\x07" + number.to_bytes(2, "big"))
            assert address is not None
            leases[number] = address
        here.relay.close()
        clients = Clients(here.clients)
        try:
            getattr(server, fault)()
            eventually(lambda: clients.renew(0, leases[0], 0.5), 15, "renewals are confirmed")
            first = clients.renew(1, leases[1])
            time.sleep(1.5)  # what is left must have become less
            second = clients.renew(1, leases[1])
            assert first is not None
            assert second is not None
            assert (first[0], second[0]) == (ACK, ACK)
            assert second[1] < first[1] <= LIFETIME
            assert (clients.reboot(2, leases[2]) or (0, 0))[0] == ACK
            assert clients.renew(3, leases[2], 1.0) is None  # it is another client's
            assert clients.ask(9, DISCOVER, patience_s=1.0) is None
            assert NAK not in clients.kinds
            getattr(server, "thaw" if fault == "freeze" else "start")()
            eventually(lambda: clients.renew(1, leases[1], 0.5) == (ACK, LIFETIME), 15, "it is renewed again")
            assert (clients.ask(9, DISCOVER) or (0, 0))[0] == OFFER
        finally:
            clients.close()
        counted = here.daemon.command("statistic-get-all")["arguments"]
        assert counted["kea-mp-lease-confirmed"][0][0] >= 3
        assert counted["kea-mp-unanswered-new-lease"][0][0] >= 1
        assert counted["kea-mp-unanswered-unknown-lease"][0][0] >= 1
        log = here.daemon.log.read_text()
        assert 1 <= log.count("KEA_MP_LEASES_UNREACHABLE") <= 2  # of two workers
