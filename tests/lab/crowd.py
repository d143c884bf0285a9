"""Clients that come, renew and leave all the time, through a relay that passes what they send to several servers.

What the servers have promised is kept as it is told: who holds which address now, and every breach of it.

Runs in: any (root), in a thread of its own
"""

from __future__ import annotations

import itertools
import random
import select
import socket
import struct
import threading
import time
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from enum import Enum, auto
from ipaddress import IPv4Address

from tests.lab.net import inside
from tests.lab.packets import ACK, DISCOVER, MAGIC, NAK, OFFER, RELEASE, REQUEST, ip_bytes

AGAIN_S = 1.0  #: without an answer for so long, a client begins anew
PREFIX = b"\x02\x6d"  #: first octets of the hardware addresses; the client's number follows


class State(Enum):
    IDLE = auto()
    ASKED = auto()  #: DISCOVER sent
    CHOSE = auto()  #: REQUEST sent for what was offered
    HOLDS = auto()
    RENEWS = auto()


@dataclass(slots=True)
class Guest:
    """A client. xid: of what it has sent last; began: when it began to want an address."""

    mac: bytes
    state: State = State.IDLE
    address: int = 0
    xid: int = 0
    began: float = 0.0


@dataclass
class Crowd:
    """servers: server's address → relay's address on the link to it. at_once: clients that wait for an answer."""

    namespace: str
    servers: dict[str, str]
    count: int
    at_once: int = 24
    guests: list[Guest] = field(default_factory=list)
    holders: dict[int, Guest] = field(default_factory=dict)
    breaches: list[str] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    waits_s: list[float] = field(default_factory=list)  #: from wanting an address to having it

    def __post_init__(self) -> None:
        with inside(self.namespace):
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.bind(("0.0.0.0", 67))
        self._socket.setblocking(False)
        self._macs = (PREFIX + number.to_bytes(4, "big") for number in itertools.count())
        self.guests = [Guest(next(self._macs)) for _ in range(self.count)]
        self._waiting: OrderedDict[int, tuple[float, Guest]] = OrderedDict()  #: xid → (sent, who), oldest first
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="crowd", daemon=True)
        self._random = random.Random(1)

    def __enter__(self) -> Crowd:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()
        self._socket.close()

    def settle(self, patience_s: float = 15.0) -> int:
        """Nobody leaves any more; everybody who wants an address gets one. How many have none in the end."""
        self._ending.set()
        self._thread.join(patience_s)
        return sum(guest.state not in (State.HOLDS, State.RENEWS) for guest in self.guests)

    def _run(self) -> None:
        until = float("inf")
        while time.monotonic() < until:
            if self._ending.is_set():
                until = min(until, time.monotonic() + 14.0)
                if all(guest.state is State.HOLDS for guest in self.guests):
                    return
            self._give_up()
            self._act()
            if select.select([self._socket], [], [], 0.005)[0]:
                self._receive()

    def _give_up(self) -> None:
        now = time.monotonic()
        while self._waiting:
            xid, (sent, guest) = next(iter(self._waiting.items()))
            if now - sent < AGAIN_S:
                return
            del self._waiting[xid]
            self.told["unanswered"] += 1
            guest.state = State.HOLDS if guest.state is State.RENEWS else State.IDLE

    def _act(self) -> None:
        """Clients chosen by chance do what comes next in their lives."""
        settling = self._ending.is_set()
        choice = [g for g in self.guests if g.state is State.IDLE] if settling else self.guests
        for _ in range(min(self.at_once - len(self._waiting), len(choice))):
            guest = self._random.choice(choice)
            if guest.state is State.IDLE:
                guest.began = guest.began or time.monotonic()
                guest.state = State.ASKED
                self._send(guest, DISCOVER, tuple(self.servers))
            elif guest.state is State.HOLDS and self._random.random() < 0.5:
                guest.state = State.RENEWS
                self._send(guest, REQUEST, (self._one(),), ciaddr=guest.address)
            elif guest.state is State.HOLDS:
                self._leave(guest)

    def _one(self) -> str:
        return self._random.choice(list(self.servers))

    def _leave(self, guest: Guest) -> None:
        """The address is free before the server knows. Another client comes in its place: one that asked the other
        server at once could be overtaken by its own release."""
        server = self._one()
        del self.holders[guest.address]
        self._send(guest, RELEASE, (server,), b"\x36\x04" + ip_bytes(server), guest.address, waits=False)
        guest.state, guest.address, guest.mac = State.IDLE, 0, next(self._macs)
        self.told["released"] += 1

    def _send(
        self, guest: Guest, kind: int, servers: tuple[str, ...], options: bytes = b"", ciaddr: int = 0,
        waits: bool = True,
    ) -> None:  # fmt: skip
        self._waiting.pop(guest.xid, None)
        guest.xid = self._random.getrandbits(32)
        if waits:
            self._waiting[guest.xid] = (time.monotonic(), guest)
        for server in servers:
            head = (
                struct.pack("!BBBBIHHI", 1, 1, 6, 1, guest.xid, 0, 0, ciaddr)
                + bytes(8)
                + ip_bytes(self.servers[server])
            )
            body = guest.mac.ljust(16, b"\0") + bytes(192) + MAGIC + bytes([53, 1, kind]) + options + b"\xff"
            self._socket.sendto(head + body, (server, 67))

    def _receive(self) -> None:
        for _ in range(64):
            try:
                data, (server, _port) = self._socket.recvfrom(2048)
            except BlockingIOError:
                return
            _, guest = self._waiting.get(struct.unpack_from("!I", data, 4)[0], (0.0, None))
            if guest is not None:
                self._hear(guest, data[242], int.from_bytes(data[16:20], "big"), server)

    def _hear(self, guest: Guest, kind: int, address: int, server: str) -> None:
        if kind == OFFER and guest.state is State.ASKED:
            guest.state = State.CHOSE
            options = b"\x32\x04" + address.to_bytes(4, "big") + b"\x36\x04" + ip_bytes(server)
            self._send(guest, REQUEST, tuple(self.servers), options)
        elif kind == ACK and guest.state in (State.CHOSE, State.RENEWS):
            self._granted(guest, address, server)
        elif kind == NAK and guest.state in (State.CHOSE, State.RENEWS):
            self._refused(guest, server)

    def _granted(self, guest: Guest, address: int, server: str) -> None:
        del self._waiting[guest.xid]
        renewed = guest.state is State.RENEWS
        self.told["renewed" if renewed else "acquired"] += 1
        self.told[f"acknowledged by {server}"] += 1
        if renewed and address != guest.address:
            self.breaches.append(
                f"{guest.mac.hex(':')} has {IPv4Address(guest.address)}, renewed {IPv4Address(address)}"
            )
        holder = self.holders.setdefault(address, guest)
        if holder is not guest:
            self.breaches.append(f"{IPv4Address(address)} to {guest.mac.hex(':')}, but {holder.mac.hex(':')} has it")
        if not renewed:
            self.waits_s.append(time.monotonic() - guest.began)
        guest.state, guest.address, guest.began = State.HOLDS, address, 0.0

    def _refused(self, guest: Guest, server: str) -> None:
        del self._waiting[guest.xid]
        self.told["refused"] += 1
        if guest.state is State.RENEWS:
            self.breaches.append(f"{guest.mac.hex(':')} lost {IPv4Address(guest.address)} at {server}")
            self.holders.pop(guest.address, None)
        guest.state, guest.address = State.IDLE, 0
