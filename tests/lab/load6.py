"""The load generator for DHCPv6: each client asks for an address and a prefix.

Runs in: any (root), in a thread of its own
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import ClassVar

from tests.lab.load import Load
from tests.lab.packets6 import (
    ADVERTISE,
    CLIENT_ID,
    IA_NA,
    IA_PD,
    IAADDR,
    IAPREFIX,
    RELAY_MSG,
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

IAID = 1


@dataclass
class Load6(Load):
    """As `Load`. relay, server: IPv6 addresses, both global. prefixes: by client, the first address of what was
    delegated; `Exchange.address` is that of its address, both as int."""

    prefixes: dict[bytes, int] = field(default_factory=dict)
    _port: ClassVar[int] = 547

    def given_twice(self) -> list[str]:
        """Addresses and prefixes acknowledged to more than one client."""
        seen: dict[int, bytes] = {}
        twice = super().given_twice()
        return twice + [
            self._text(prefix) for mac, prefix in self.prefixes.items() if seen.setdefault(prefix, mac) != mac
        ]

    def missing_in(self, leases: dict[str, dict[str, str]]) -> list[str]:
        """Acknowledged leases that the file does not show for their client."""
        return [
            f"{self._text(address)} of {exchange.mac.hex(':')}"
            for exchange in self.acknowledged
            for address in (exchange.address, self.prefixes[exchange.mac])
            if leases.get(self._text(address), {}).get("duid") != duid(exchange.mac).hex(":")
        ]

    def _first(self, number: int, mac: bytes) -> bytes:
        return self._wrapped(number, mac, SOLICIT, ia(IA_NA, IAID), ia(IA_PD, IAID))

    def _wrapped(self, number: int, mac: bytes, kind: int, *options: bytes) -> bytes:
        message = message6(kind, number & 0xFFFFFF, opt(CLIENT_ID, duid(mac)), *options)
        return relayed6(message, self.relay, str(IPv6Address(b"\xfe\x80" + bytes(8) + mac)))

    def _text(self, address: int) -> str:
        return str(IPv6Address(address))

    def _answer(self, data: bytes) -> None:
        message = dict(pairs(data[34:])).get(RELAY_MSG, b"")
        kind, number = message[0], int.from_bytes(message[1:4], "big") - self.first
        options = dict(pairs(message[4:]))
        if not 0 <= number < len(self.exchanges) or kind not in (ADVERTISE, REPLY):
            self.surprises.append(f"not expected: {message[:44].hex()}")
            return
        exchange, now = self.exchanges[number], time.monotonic()
        leased = list(_leased(options))
        if len(leased) != 2:
            exchange.refused = now
        elif kind == ADVERTISE and not exchange.requested:
            exchange.offered = exchange.requested = now
            asked = (opt(code, options[code]) for code in (SERVER_ID, IA_NA, IA_PD))
            self._send(self._wrapped(number + self.first, exchange.mac, REQUEST, *asked))
        elif kind == REPLY and not exchange.acknowledged:
            exchange.acknowledged, exchange.address = now, leased[0]
            self.prefixes[exchange.mac] = leased[1]
        else:
            self.surprises.append(f"answered twice: {exchange.mac.hex(':')} type {kind}")


def duid(mac: bytes) -> bytes:
    """The client's DUID-LL."""
    return b"\0\3\0\1" + mac


def _leased(options: dict[int, bytes]) -> Iterator[int]:
    """The address and the prefix in a server's message, as far as they are there."""
    for code, inner, start in ((IA_NA, IAADDR, 0), (IA_PD, IAPREFIX, 9)):
        lease = dict(pairs(options.get(code, b"")[12:])).get(inner)
        if lease is not None:
            yield int.from_bytes(lease[start : start + 16], "big")
