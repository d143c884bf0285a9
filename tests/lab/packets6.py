"""DHCPv6 packets written and read by hand, independent of the product's codec: a test must not share its errors.

Runs in: any
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv6Address

from tests.lab.packets import checksum, mac_bytes

SOLICIT, ADVERTISE, REQUEST, CONFIRM, RENEW, REBIND, REPLY, RELEASE, DECLINE = range(1, 10)
INFORMATION_REQUEST, RELAY_FORW, RELAY_REPL = 11, 12, 13
ADDR_REG_INFORM, ADDR_REG_REPLY = 36, 37
TYPE_NAMES6 = {
    1: "SOLICIT", 2: "ADVERTISE", 3: "REQUEST", 4: "CONFIRM", 5: "RENEW", 6: "REBIND", 7: "REPLY", 8: "RELEASE",
    9: "DECLINE", 11: "INFORMATION-REQUEST", 12: "RELAY-FORW", 13: "RELAY-REPL", 36: "ADDR-REG-INFORM",
    37: "ADDR-REG-REPLY",
}  # fmt: skip
CLIENT_ID, SERVER_ID, IA_NA, IA_TA, IAADDR, ORO, RELAY_MSG, STATUS, IA_PD, IAPREFIX = 1, 2, 3, 4, 5, 6, 9, 13, 25, 26

ALL_AGENTS_AND_SERVERS, ALL_SERVERS = "ff02::1:2", "ff05::1:3"

Pair = tuple[int, bytes]  #: code and payload of an option


def ip6(address: str) -> bytes:
    return IPv6Address(address).packed


def opt(code: int, payload: bytes = b"") -> bytes:
    """An option on the wire."""
    return struct.pack("!HH", code, len(payload)) + payload


def ia(code: int, iaid: int, *options: bytes, t1: int = 0, t2: int = 0) -> bytes:
    """An IA_NA, IA_TA or IA_PD."""
    head = struct.pack("!I", iaid) if code == IA_TA else struct.pack("!III", iaid, t1, t2)
    return opt(code, head + b"".join(options))


def iaaddr(address: str, preferred: int = 0, valid: int = 0, *options: bytes) -> bytes:
    return opt(IAADDR, ip6(address) + struct.pack("!II", preferred, valid) + b"".join(options))


def iaprefix(prefix: str, preferred: int = 0, valid: int = 0, *options: bytes) -> bytes:
    """prefix: "2001:db8::/48"."""
    address, _, length = prefix.partition("/")
    return opt(IAPREFIX, struct.pack("!IIB", preferred, valid, int(length)) + ip6(address) + b"".join(options))


def message6(kind: int, xid: int, *options: bytes) -> bytes:
    return struct.pack("!I", kind << 24 | xid) + b"".join(options)


def relayed6(payload: bytes, link: str, peer: str, hops: int = 0, *options: bytes) -> bytes:
    """A RELAY-FORW around a message; options come before the message."""
    head = struct.pack("!BB", RELAY_FORW, hops) + ip6(link) + ip6(peer)
    return head + b"".join(options) + opt(RELAY_MSG, payload)


def pairs(data: bytes) -> list[Pair]:
    """The options in their order. ValueError: they overrun what contains them."""
    found: list[Pair] = []
    at = 0
    while at < len(data):
        if at + 4 > len(data):
            raise ValueError(f"{len(data) - at} bytes are left behind the options")
        code, length = struct.unpack_from("!HH", data, at)
        if at + 4 + length > len(data):
            raise ValueError(f"option {code} overruns what contains it")
        found.append((code, data[at + 4 : at + 4 + length]))
        at += 4 + length
    return found


@dataclass(frozen=True)
class RelayHeader:
    """One RELAY-REPL header. options: without the relayed message."""

    type: int
    hops: int
    link: str
    peer: str
    options: tuple[Pair, ...]


@dataclass(frozen=True)
class Answer6:
    """A message that came in, with the addresses of its frame. relays: outermost first. options: as they stood in the
    message."""

    mac_source: str
    mac_destination: str
    ip_source: str
    ip_destination: str
    port_source: int
    port_destination: int
    hop_limit: int
    relays: tuple[RelayHeader, ...]
    type: int
    xid: int
    options: tuple[Pair, ...]

    def option(self, code: int) -> bytes | None:
        """The first of this code."""
        return next((payload for found, payload in self.options if found == code), None)


def frame6(
    payload: bytes, mac_source: str, mac_destination: str, source: tuple[str, int], destination: tuple[str, int]
) -> bytes:
    """An Ethernet frame with IPv6 and UDP around the payload."""
    addresses = ip6(source[0]) + ip6(destination[0])
    length = 8 + len(payload)
    head = struct.pack("!HHH", source[1], destination[1], length)
    total = checksum(addresses + struct.pack("!II", length, 17) + head + b"\0\0" + payload) or 0xFFFF
    header = struct.pack("!IHBB", 6 << 28, length, 17, 64) + addresses
    ethernet = mac_bytes(mac_destination) + mac_bytes(mac_source) + b"\x86\xdd"
    return ethernet + header + head + struct.pack("!H", total) + payload


def multicast_mac(address: str) -> str:
    """Where frames to a multicast address go (RFC 2464 7)."""
    return (b"\x33\x33" + ip6(address)[12:]).hex(":")


def parse_frame6(data: bytes, from_port: int = 547) -> Answer6 | None:
    """The DHCPv6 message in an Ethernet frame that a server sent, None for any other frame."""
    if len(data) < 62 or data[12:14] != b"\x86\xdd" or data[20] != 17:
        return None
    length = int.from_bytes(data[18:20], "big")
    udp = data[54 : 54 + length]
    port_source, port_destination = struct.unpack_from("!HH", udp)
    if port_source != from_port:
        return None
    relays, inner = _unwrapped(udp[8:])
    return Answer6(
        mac_source=data[6:12].hex(":"), mac_destination=data[:6].hex(":"),
        ip_source=str(IPv6Address(data[22:38])), ip_destination=str(IPv6Address(data[38:54])),
        port_source=port_source, port_destination=port_destination,
        hop_limit=data[21],
        relays=relays, type=inner[0], xid=int.from_bytes(inner[1:4], "big"), options=tuple(pairs(inner[4:])),
    )  # fmt: skip


def _unwrapped(payload: bytes) -> tuple[tuple[RelayHeader, ...], bytes]:
    """The relay headers and the innermost message."""
    relays: list[RelayHeader] = []
    while payload[0] in (RELAY_FORW, RELAY_REPL):
        options = pairs(payload[34:])
        link, peer = (str(IPv6Address(payload[at : at + 16])) for at in (2, 18))
        rest = tuple(pair for pair in options if pair[0] != RELAY_MSG)
        relays.append(RelayHeader(payload[0], payload[1], link, peer, rest))
        payload = next(inner for code, inner in options if code == RELAY_MSG)
    return tuple(relays), payload
