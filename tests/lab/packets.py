"""DHCPv4 packets written and read by hand, independent of the product's codec: a test must not share its errors.

Runs in: any
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from ipaddress import IPv4Address

MAGIC = b"\x63\x82\x53\x63"
DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)
TYPE_NAMES = {1: "DISCOVER", 2: "OFFER", 3: "REQUEST", 4: "DECLINE", 5: "ACK", 6: "NAK", 7: "RELEASE", 8: "INFORM"}
BROADCAST_MAC = "ff:ff:ff:ff:ff:ff"


def mac_bytes(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def ip_bytes(address: str) -> bytes:
    return IPv4Address(address or "0.0.0.0").packed


@dataclass(frozen=True)
class Bootp:
    """A message as it goes out. options: (code, payload) in order; over 255 bytes a payload is cut (RFC 3396)."""

    op: int = 1
    htype: int = 1
    hlen: int = 6
    hops: int = 0
    xid: int = 0x1234
    secs: int = 0
    flags: int = 0
    ciaddr: str = "0.0.0.0"
    yiaddr: str = "0.0.0.0"
    siaddr: str = "0.0.0.0"
    giaddr: str = "0.0.0.0"
    chaddr: bytes = b"\x02\x00\x00\x00\x00\x01"
    sname: bytes = b""
    file: bytes = b""
    options: tuple[tuple[int, bytes], ...] = ()
    magic: bytes = MAGIC
    end: bool = True

    def encode(self) -> bytes:
        fixed = struct.pack(
            "!BBBBIHH4s4s4s4s16s64s128s",
            self.op,
            self.htype,
            self.hlen,
            self.hops,
            self.xid,
            self.secs,
            self.flags,
            ip_bytes(self.ciaddr),
            ip_bytes(self.yiaddr),
            ip_bytes(self.siaddr),
            ip_bytes(self.giaddr),
            self.chaddr,
            self.sname,
            self.file,
        )
        return fixed + self.magic + encode_options(self.options) + (b"\xff" if self.end else b"")


def encode_options(options: tuple[tuple[int, bytes], ...]) -> bytes:
    out = bytearray()
    for code, payload in options:
        for start in range(0, max(len(payload), 1), 255):
            piece = payload[start : start + 255]
            out += bytes((code, len(piece))) + piece
    return bytes(out)


@dataclass(frozen=True)
class Answer:
    """A message that came in, with the addresses of its frame. options: code → payload, pieces joined (RFC 3396);
    order: the codes as they stood in the message; checksums: whether the IP and UDP sums are right."""

    mac_source: str
    mac_destination: str
    ip_source: str
    ip_destination: str
    port_source: int
    port_destination: int
    op: int
    htype: int
    hlen: int
    hops: int
    xid: int
    secs: int
    flags: int
    ciaddr: str
    yiaddr: str
    siaddr: str
    giaddr: str
    chaddr: bytes
    sname: bytes
    file: bytes
    options: dict[int, bytes] = field(default_factory=dict)
    order: tuple[int, ...] = ()
    checksums: bool = True
    ttl: int = 0
    raw: bytes = b""

    @property
    def type(self) -> int:
        return self.options.get(53, b"\0")[0]

    def address_option(self, code: int) -> str:
        payload = self.options.get(code, b"")
        return str(IPv4Address(payload)) if len(payload) == 4 else ""

    def number_option(self, code: int) -> int:
        return int.from_bytes(self.options.get(code, b""), "big")


def checksum(data: bytes) -> int:
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(
    payload: bytes,
    mac_source: str,
    mac_destination: str,
    source: tuple[str, int],
    destination: tuple[str, int],
) -> bytes:
    """An Ethernet frame with IPv4 and UDP around the payload, both sums filled in."""
    udp_length = 8 + len(payload)
    addresses = ip_bytes(source[0]) + ip_bytes(destination[0])
    head = struct.pack("!HHHH", source[1], destination[1], udp_length, 0)
    udp_sum = checksum(addresses + struct.pack("!HH", 17, udp_length) + head + payload) or 0xFFFF
    udp = head[:6] + struct.pack("!H", udp_sum) + payload
    header = struct.pack("!BBHHHBBH", 0x45, 0x10, 20 + udp_length, 0, 0, 64, 17, 0) + addresses
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    return mac_bytes(mac_destination) + mac_bytes(mac_source) + b"\x08\x00" + header + udp


def parse_frame(data: bytes, from_port: int = 67) -> Answer | None:
    """The DHCP message in an Ethernet frame that a server sent, None for any other frame."""
    if len(data) < 42 or data[12:14] != b"\x08\x00" or data[23] != 17:
        return None
    ihl = (data[14] & 15) * 4
    total = int.from_bytes(data[16:18], "big")
    udp = data[14 + ihl : 14 + total]
    port_source, port_destination, length, udp_sum = struct.unpack("!HHHH", udp[:8])
    payload = udp[8:length]
    if port_source != from_port or len(payload) < 240:
        return None
    pseudo = data[26:34] + struct.pack("!HH", 17, length)
    sums = checksum(data[14 : 14 + ihl]) == 0 and (udp_sum == 0 or checksum(pseudo + udp[:length]) == 0)
    return parse_message(
        payload,
        (data[6:12].hex(":"), data[:6].hex(":")),
        (str(IPv4Address(data[26:30])), str(IPv4Address(data[30:34]))),
        (port_source, port_destination),
        sums,
        data[22],
    )


def parse_message(
    payload: bytes,
    macs: tuple[str, str] = ("", ""),
    ips: tuple[str, str] = ("", ""),
    ports: tuple[int, int] = (0, 0),
    checksums: bool = True,
    ttl: int = 0,
) -> Answer:
    """A DHCP message out of a UDP payload. ValueError when its options overrun it."""
    op, htype, hlen, hops, xid, secs, flags = struct.unpack("!BBBBIHH", payload[:12])
    ciaddr, yiaddr, siaddr, giaddr = (str(IPv4Address(payload[at : at + 4])) for at in (12, 16, 20, 24))
    options, order = parse_options(payload[240:]) if payload[236:240] == MAGIC else ({}, ())
    return Answer(
        mac_source=macs[0], mac_destination=macs[1], ip_source=ips[0], ip_destination=ips[1],
        port_source=ports[0], port_destination=ports[1],
        op=op, htype=htype, hlen=hlen, hops=hops, xid=xid, secs=secs, flags=flags,
        ciaddr=ciaddr, yiaddr=yiaddr, siaddr=siaddr, giaddr=giaddr,
        chaddr=payload[28:44], sname=payload[44:108], file=payload[108:236],
        options=options, order=order, checksums=checksums, ttl=ttl, raw=payload,
    )  # fmt: skip


def parse_options(data: bytes) -> tuple[dict[int, bytes], tuple[int, ...]]:
    options: dict[int, bytes] = {}
    order: list[int] = []
    at = 0
    while at < len(data):
        code = data[at]
        if code == 255:
            break
        if code == 0:
            at += 1
            continue
        length = data[at + 1] if at + 1 < len(data) else 0
        piece = data[at + 2 : at + 2 + length]
        if len(piece) != length or at + 1 >= len(data):
            raise ValueError(f"option {code} overruns the message")
        options[code] = options.get(code, b"") + piece
        order.append(code)
        at += 2 + length
    return options, tuple(order)
