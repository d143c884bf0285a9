"""A load generator that remembers every acknowledgement: what the server has promised must be in its store.

It acts as one relay for many clients, each of which makes one exchange of four packets and never tries again, so
that every lost packet shows.

Runs in: any (root), in a thread of its own
"""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import ClassVar

from tests.lab.net import udp_socket
from tests.lab.packets import ACK, DISCOVER, MAGIC, NAK, OFFER, REQUEST, ip_bytes

SO_RCVBUFFORCE = 33  #: of Linux, not in the socket module

PREFIX = b"\x02\x6c"  #: first octets of our clients' hardware addresses; the client's number follows


@dataclass(slots=True)
class Exchange:
    """One client. Times by time.monotonic(), 0.0 if it did not come to that. address: acknowledged, before: offered."""

    mac: bytes
    began: float
    offered: float = 0.0
    requested: float = 0.0
    acknowledged: float = 0.0
    refused: float = 0.0
    address: int = 0

    @property
    def last_sent(self) -> float:
        return self.requested or self.began


@dataclass
class Load:
    """rate: exchanges begun per second. relay: the address that it sends from, in the namespace; first: number of the
    first client, so that two loads do not share clients."""

    namespace: str
    relay: str
    server: str
    rate: int
    first: int = 0
    exchanges: list[Exchange] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    _port: ClassVar[int] = 67

    def __post_init__(self) -> None:
        self._socket = udp_socket(self.namespace, self.relay, self._port)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def finish(self, linger: float = 1.0) -> None:
        """Begin no more exchanges, wait for the answers that are still to come."""
        self._linger = linger
        self._stop.set()
        self._thread.join()
        self._socket.close()

    @property
    def acknowledged(self) -> list[Exchange]:
        return [exchange for exchange in self.exchanges if exchange.acknowledged]

    @property
    def unanswered(self) -> list[Exchange]:
        return [exchange for exchange in self.exchanges if not exchange.acknowledged]

    def given_twice(self) -> list[str]:
        """Addresses acknowledged to more than one client."""
        seen: dict[int, bytes] = {}
        return [
            self._text(exchange.address)
            for exchange in self.acknowledged
            if seen.setdefault(exchange.address, exchange.mac) != exchange.mac
        ]

    def refused_for_nothing(self) -> list[str]:
        """Addresses that were offered, refused when asked for, and that no other client has got in the meantime."""
        held = {exchange.address for exchange in self.acknowledged}
        return [self._text(e.address) for e in self.exchanges if e.refused and e.address not in held]

    def missing_in(self, leases: dict[str, dict[str, str]]) -> list[str]:
        """Acknowledged leases that the file does not show for their client."""
        return [
            f"{IPv4Address(exchange.address)} of {exchange.mac.hex(':')}"
            for exchange in self.acknowledged
            if leases.get(str(IPv4Address(exchange.address)), {}).get("hwaddr") != exchange.mac.hex(":")
        ]

    def _run(self) -> None:
        start = time.monotonic()
        while not self._stop.is_set():
            due = int((time.monotonic() - start) * self.rate) - len(self.exchanges)
            for _ in range(min(due, 32)):
                self._begin()
            self._receive(0.001)
        end = time.monotonic() + self._linger
        while time.monotonic() < end:
            self._receive(0.02)

    def _begin(self) -> None:
        number = self.first + len(self.exchanges)
        exchange = Exchange(PREFIX + number.to_bytes(4, "big"), time.monotonic())
        self.exchanges.append(exchange)
        self._send(self._first(number, exchange.mac))

    def _first(self, number: int, mac: bytes) -> bytes:
        return self._message(number, mac, b"\x35\x01" + bytes((DISCOVER,)))

    def _message(self, number: int, mac: bytes, options: bytes) -> bytes:
        head = struct.pack("!BBBBIHH", 1, 1, 6, 1, number, 0, 0) + bytes(12) + ip_bytes(self.relay)
        return head + mac + bytes(10 + 64 + 128) + MAGIC + options + b"\xff"

    def _text(self, address: int) -> str:
        return str(IPv4Address(address))

    def _send(self, packet: bytes) -> None:
        try:
            self._socket.sendto(packet, (self.server, self._port))
        except OSError as error:  # a full queue or an unresolved neighbour: a lost packet like any other
            self.surprises.append(f"send: {error}")

    def _receive(self, wait: float) -> None:
        if not select.select([self._socket], [], [], wait)[0]:
            return
        for _ in range(64):
            try:
                data = self._socket.recv(2048)
            except BlockingIOError:
                return
            self._answer(data)

    def _answer(self, data: bytes) -> None:
        number = int.from_bytes(data[4:8], "big") - self.first
        kind = data[242] if data[240] == 53 else 0
        if not 0 <= number < len(self.exchanges) or kind not in (OFFER, ACK, NAK):
            self.surprises.append(f"not expected: {data[:44].hex()} type {kind}")
            return
        exchange, now, address = self.exchanges[number], time.monotonic(), int.from_bytes(data[16:20], "big")
        if kind == OFFER and not exchange.requested:
            exchange.offered = exchange.requested = now
            exchange.address = address
            identifier = _option(data, 54)
            options = b"\x35\x01" + bytes((REQUEST,)) + b"\x32\x04" + data[16:20] + b"\x36\x04" + identifier
            self._send(self._message(number + self.first, exchange.mac, options))
        elif kind == ACK and not exchange.acknowledged:
            exchange.acknowledged, exchange.address = now, address
        elif kind == NAK:
            exchange.refused = now
        else:
            self.surprises.append(f"answered twice: {exchange.mac.hex(':')} type {kind}")


def _option(data: bytes, wanted: int) -> bytes:
    at = 240
    while at + 1 < len(data) and data[at] != 255:
        if data[at] == wanted:
            return data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
    return b""
