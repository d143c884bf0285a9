"""A relay that asks on behalf of clients, in DHCPv4: a plain UDP socket in the clients' namespace, to which giaddr
brings the answers.

Runs in: any (root)
"""

from __future__ import annotations

import random
import struct
import time

from tests.lab.net import udp_socket
from tests.lab.packets import ACK, DISCOVER, MAGIC, OFFER, RELEASE, REQUEST, ip_bytes

SERVER, RELAY = "192.0.2.1", "192.0.2.9"
AGAIN_S = 0.3  #: after so long a packet is sent again


class Relay:
    """Addresses as int; None without an answer in time."""

    def __init__(self, namespace: str) -> None:
        self._socket = udp_socket(namespace, RELAY, 67)

    def close(self) -> None:
        self._socket.close()

    def acquire(self, mac: bytes, patience_s: float = 3.0) -> int | None:
        """A whole exchange: the address that was acknowledged."""
        offered = self.discover(mac, patience_s)
        if offered is None:
            return None
        options = b"\x32\x04" + offered.to_bytes(4, "big") + b"\x36\x04" + ip_bytes(SERVER)
        return self._ask(mac, REQUEST, ACK, patience_s, options)

    def discover(self, mac: bytes, patience_s: float = 3.0) -> int | None:
        """The address that is offered."""
        return self._ask(mac, DISCOVER, OFFER, patience_s)

    def renew(self, mac: bytes, address: int, patience_s: float = 3.0) -> int | None:
        """The address that is acknowledged to a client that has this one."""
        return self._ask(mac, REQUEST, ACK, patience_s, ciaddr=address)

    def release(self, mac: bytes, address: int) -> None:
        """Nothing answers to it."""
        self._send(mac, RELEASE, random.getrandbits(32), b"\x36\x04" + ip_bytes(SERVER), address)

    def send(self, mac: bytes, xid: int) -> None:
        """A DISCOVER that nobody waits for."""
        self._send(mac, DISCOVER, xid)

    def drain(self) -> int:
        """How many answers are there that nobody waits for."""
        self._socket.setblocking(False)
        count = 0
        try:
            while self._socket.recv(2048):
                count += 1
        except BlockingIOError:
            return count
        return count

    def _send(self, mac: bytes, kind: int, xid: int, options: bytes = b"", ciaddr: int = 0) -> None:
        head = struct.pack("!BBBBIHHIII4s", 1, 1, 6, 1, xid, 0, 0, ciaddr, 0, 0, ip_bytes(RELAY))
        message = head + mac.ljust(16, b"\0") + bytes(192) + MAGIC + bytes([53, 1, kind]) + options + b"\xff"
        self._socket.sendto(message, (SERVER, 67))

    def _ask(
        self, mac: bytes, kind: int, want: int, patience_s: float, options: bytes = b"", ciaddr: int = 0
    ) -> int | None:
        xid = random.getrandbits(32)
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            self._send(mac, kind, xid, options, ciaddr)
            again = min(until, time.monotonic() + AGAIN_S)
            while (left := again - time.monotonic()) > 0:
                self._socket.settimeout(left)
                try:
                    data = self._socket.recv(2048)
                except TimeoutError:
                    break
                if struct.unpack_from("!I", data, 4)[0] == xid and data[242] == want:
                    return int(struct.unpack_from("!I", data, 16)[0])
        return None
