"""Clients that take a lease and keep it: a load that remembers every promise and every answer that must not be.

It acts as one relay. Each client makes one exchange of four packets and never tries again; those that were
acknowledged renew in turn. What it holds against the server at the end: a lease that is not in the store, one that the
store ends sooner than the client was told, an address of two clients, and answers that CONNECTIVITY §4 forbids: NAK,
a lifetime of 0, another address for a client that holds its lease.

Runs in: any (root), in a thread of its own
"""

from __future__ import annotations

import itertools
import select
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from tests.lab.load import SO_RCVBUFFORCE
from tests.lab.net import udp_socket
from tests.lab.packets import ACK, DISCOVER, MAGIC, NAK, OFFER, REQUEST, ip_bytes

PREFIX = b"\x02\x6b"  #: first octets of our clients' hardware addresses; the client's number follows
FORGET_S = 10.0  #: after so long an answer is not related to its question any more
CLOCK_S = 2  #: by how much the store may end a lease sooner than its client thinks: whole seconds on both sides

Rows = dict[int, tuple[bytes, int]]  #: address → hardware address, end of the lease in seconds since the epoch


@dataclass(slots=True)
class Client:
    """address: 0 until it was acknowledged. until: end of what it was promised, seconds since the epoch, counted from
    its request as RFC 2131 4.4.5 says. lost: it was told to give its lease up."""

    mac: bytes
    address: int = 0
    until: float = 0.0
    lost: bool = False


@dataclass(slots=True)
class Answered:
    """One answer. at: time.monotonic(); kind: message type; renewal: to a client that held a lease; seconds: the lease
    time in it; waited_s: since the question."""

    at: float
    kind: int
    renewal: bool
    seconds: int
    waited_s: float


@dataclass(slots=True)
class _Question:
    client: Client
    sent: float
    kind: int
    renewal: bool
    wanted: int = 0
    answered: bool = False


@dataclass
class Keepers:
    """new, renewals: per second. relay: the address that it sends from, in the namespace; first: number of the first
    client, so that two loads do not share clients."""

    namespace: str
    relay: str
    server: str
    new: int = 100
    renewals: int = 100
    first: int = 0
    clients: list[Client] = field(default_factory=list)
    answers: list[Answered] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    sent: int = 0  #: renewals
    nak_to_holders: int = 0

    def __post_init__(self) -> None:
        self._socket = udp_socket(self.namespace, self.relay, 67)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keepers", daemon=True)
        self._questions: dict[int, _Question] = {}
        self._asked: deque[int] = deque()
        self._turns: deque[Client] = deque()
        self._refused: list[tuple[int, bytes]] = []
        self._owners: dict[int, bytes] = {}
        self._xid = (self.first << 6) & 0xFFFFFFFF

    def __enter__(self) -> Keepers:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def finish(self, linger_s: float = 0.5) -> None:
        """Ask nothing more, wait for the answers that are still to come. Doing it again does nothing."""
        if self._stop.is_set():
            return
        self._linger_s = linger_s
        self._stop.set()
        self._thread.join()
        self._socket.close()

    # ---- what became of it ------------------------------------------------------------------------------------

    @property
    def holders(self) -> list[Client]:
        return [client for client in self.clients if client.address]

    @property
    def lost_clients(self) -> int:
        """Clients that held a lease and were told to give it up."""
        return sum(client.lost for client in self.clients)

    def granted(self, since: float, until: float = float("inf")) -> list[Answered]:
        """New leases."""
        return [a for a in list(self.answers) if a.kind == ACK and not a.renewal and since <= a.at <= until]

    def renewed(self, since: float, until: float = float("inf")) -> list[Answered]:
        return [a for a in list(self.answers) if a.kind == ACK and a.renewal and since <= a.at <= until]

    def gap(self, since: float, until: float) -> float:
        """The longest time without any answer."""
        moments = [since, *(a.at for a in list(self.answers) if since <= a.at <= until), until]
        return max(after - before for before, after in itertools.pairwise(moments))

    def missing_in(self, rows: Rows) -> list[str]:
        """Promises that the store does not keep."""
        broken = []
        for client in self.holders:
            mac, end = rows.get(client.address, (b"", 0))
            if client.lost:
                continue
            if mac != client.mac:
                broken.append(f"{IPv4Address(client.address)} of {client.mac.hex(':')}: the store has {mac.hex(':')}")
            elif end + CLOCK_S < client.until:
                broken.append(
                    f"{IPv4Address(client.address)}: ends {client.until - end:.0f} s before its client thinks"
                )
        return broken

    def forbidden(self) -> list[str]:
        """All answers that must not be, with offers that were refused although nobody else had the address."""
        for_nothing = [
            f"{IPv4Address(address)} offered to {mac.hex(':')} and then refused"
            for address, mac in self._refused
            if address not in self._owners
        ]
        return [*self.wrong, *for_nothing]

    # ---- the thread -------------------------------------------------------------------------------------------

    def _run(self) -> None:
        start = time.monotonic()
        while not self._stop.is_set():
            passed = time.monotonic() - start
            for _ in range(min(int(passed * self.new) - len(self.clients), 16)):
                self._begin()
            if self._turns:
                for _ in range(min(int(passed * self.renewals) - self.sent, 16)):
                    self._renew()
            else:
                self.sent = int(passed * self.renewals)
            self._receive(0.002)
        end = time.monotonic() + self._linger_s
        while time.monotonic() < end:
            self._receive(0.02)

    def _begin(self) -> None:
        client = Client(PREFIX + (self.first + len(self.clients)).to_bytes(4, "big"))
        self.clients.append(client)
        self._ask(client, DISCOVER)

    def _renew(self) -> None:
        client = self._turns.popleft()
        self._turns.append(client)
        self.sent += 1
        self._ask(client, REQUEST, wanted=client.address, ciaddr=client.address)

    def _ask(self, client: Client, kind: int, options: bytes = b"", wanted: int = 0, ciaddr: int = 0) -> None:
        self._xid += 1
        head = struct.pack("!BBBBIHHIII4s", 1, 1, 6, 1, self._xid, 0, 0, ciaddr, 0, 0, ip_bytes(self.relay))
        tail = client.mac.ljust(16, b"\0") + bytes(192) + MAGIC + bytes((53, 1, kind)) + options + b"\xff"
        now = time.monotonic()
        self._questions[self._xid] = _Question(client, now, kind, bool(ciaddr), wanted)
        self._asked.append(self._xid)
        while self._questions[self._asked[0]].sent < now - FORGET_S:
            del self._questions[self._asked.popleft()]
        try:
            self._socket.sendto(head + tail, (self.server, 67))
        except OSError:  # a full queue, or nobody there any more: a lost packet like any other
            return

    def _receive(self, wait_s: float) -> None:
        if not select.select([self._socket], [], [], wait_s)[0]:
            return
        for _ in range(64):
            try:
                data = self._socket.recv(2048)
            except OSError:  # nothing more, or an ICMP error of a server that has ended
                return
            self._answer(data)

    def _answer(self, data: bytes) -> None:
        question = self._questions.get(int.from_bytes(data[4:8], "big"))
        options = _options(data)
        kind = options.get(53, b"\0")[0]
        if question is None or kind not in (OFFER, ACK, NAK):
            self.wrong.append(f"an answer to nothing: type {kind}")
            return
        now, client = time.monotonic(), question.client
        if question.answered:
            self.wrong.append(f"{client.mac.hex(':')} answered twice, type {kind}")
            return
        question.answered = True
        address, seconds = int.from_bytes(data[16:20], "big"), int.from_bytes(options.get(51, b""), "big")
        self.answers.append(Answered(now, kind, question.renewal, seconds, now - question.sent))
        if kind == OFFER and question.kind == DISCOVER:
            asked = b"\x32\x04" + data[16:20] + b"\x36\x04" + options.get(54, bytes(4))
            self._ask(client, REQUEST, asked, wanted=address)
        elif kind == NAK and question.renewal:
            self.nak_to_holders += 1
            self._gave_up(client, "NAK")
        elif kind == NAK:
            self._refused.append((question.wanted, client.mac))
        elif kind == ACK:
            self._acknowledged(client, address, seconds, question)

    def _acknowledged(self, client: Client, address: int, seconds: int, question: _Question) -> None:
        if not seconds:
            self._gave_up(client, "a lifetime of 0")
            return
        if address != question.wanted:
            self._gave_up(client, f"{IPv4Address(address)} instead of {IPv4Address(question.wanted)}")
        if self._owners.setdefault(address, client.mac) != client.mac:
            self.wrong.append(
                f"{IPv4Address(address)} given to {client.mac.hex(':')} and {self._owners[address].hex(':')}"
            )
        if not client.address:
            self._turns.append(client)
        asked = time.time() - (time.monotonic() - question.sent)
        client.address, client.until = address, max(client.until, asked + seconds)

    def _gave_up(self, client: Client, why: str) -> None:
        client.lost = True
        self.wrong.append(f"{client.mac.hex(':')} with {IPv4Address(client.address)} was told {why}")


def _options(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 240
    while at + 1 < len(data) and data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        found[data[at]] = data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
    return found
