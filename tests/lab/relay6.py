"""A relay that asks on behalf of clients, in DHCPv6, for an address and a prefix at once: a plain UDP socket in the
clients' namespace.

Runs in: any (root)
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from ipaddress import IPv6Address

from tests.lab.net import udp_socket
from tests.lab.packets6 import (
    ADVERTISE,
    CLIENT_ID,
    DECLINE,
    IA_NA,
    IA_PD,
    IAADDR,
    IAPREFIX,
    RELAY_MSG,
    RELEASE,
    RENEW,
    REPLY,
    REQUEST,
    SERVER_ID,
    SOLICIT,
    ia,
    message6,
    opt,
    pairs,
    relayed6,
)

AGAIN_S = 0.3  #: after so long a packet is sent again
NA_IAID, PD_IAID = 7, 0xFEDCBA98

Options = dict[int, bytes]


@dataclass(frozen=True)
class Held:
    """What a client has been given. na, pd: the IAs as the server wrote them; server: its identifier."""

    na: bytes
    pd: bytes
    server: bytes

    @property
    def address(self) -> IPv6Address:
        return IPv6Address(_inside(self.na, IAADDR)[:16])

    @property
    def prefix(self) -> IPv6Address:
        """Its first address."""
        return IPv6Address(_inside(self.pd, IAPREFIX)[9:25])


def _inside(payload: bytes, code: int) -> bytes:
    """The address or prefix in an IA; what has no lifetime any more does not count."""
    found = dict(pairs(payload[12:])).get(code, b"")
    valid = found[20:24] if code == IAADDR else found[4:8]
    return found if any(valid) else bytes(25)


class Relay6:
    """relay, server: global addresses. None without an answer in time."""

    def __init__(self, namespace: str, relay: str, server: str) -> None:
        self._relay, self._server = relay, server
        self._socket = udp_socket(namespace, relay, 547)

    def close(self) -> None:
        self._socket.close()

    def acquire(self, duid: bytes, patience_s: float = 3.0) -> Held | None:
        """A whole exchange."""
        offer = self._ask(duid, SOLICIT, ADVERTISE, patience_s, ia(IA_NA, NA_IAID), ia(IA_PD, PD_IAID))
        if offer is None:
            return None
        asked = [opt(code, offer[code]) for code in (SERVER_ID, IA_NA, IA_PD)]
        return _held(self._ask(duid, REQUEST, REPLY, patience_s, *asked))

    def renew(self, duid: bytes, held: Held, patience_s: float = 3.0) -> Held | None:
        return _held(self._ask(duid, RENEW, REPLY, patience_s, *_all(held)))

    def release(self, duid: bytes, held: Held, patience_s: float = 3.0) -> bool:
        """Whether the server has answered."""
        return self._ask(duid, RELEASE, REPLY, patience_s, *_all(held)) is not None

    def decline(self, duid: bytes, held: Held, patience_s: float = 3.0) -> bool:
        """Of the address alone. Whether the server has answered."""
        return self._ask(duid, DECLINE, REPLY, patience_s, *_all(held)[:2]) is not None

    def _ask(self, duid: bytes, kind: int, want: int, patience_s: float, *options: bytes) -> Options | None:
        xid = random.getrandbits(24)
        message = message6(kind, xid, opt(CLIENT_ID, duid), *options)
        packet = relayed6(message, self._relay, str(IPv6Address(b"\xfe\x80" + bytes(8) + duid[-6:])))
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            self._socket.sendto(packet, (self._server, 547))
            again = min(until, time.monotonic() + AGAIN_S)
            while (left := again - time.monotonic()) > 0:
                self._socket.settimeout(left)
                try:
                    data = self._socket.recv(4096)
                except TimeoutError:
                    break
                answer = dict(pairs(data[34:])).get(RELAY_MSG, bytes(4))
                if answer[0] == want and int.from_bytes(answer[1:4], "big") == xid:
                    return dict(pairs(answer[4:]))
        return None


def _all(held: Held) -> list[bytes]:
    return [opt(SERVER_ID, held.server), opt(IA_NA, held.na), opt(IA_PD, held.pd)]


def _held(answer: Options | None) -> Held | None:
    return Held(answer[IA_NA], answer[IA_PD], answer[SERVER_ID]) if answer is not None else None
