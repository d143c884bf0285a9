"""Small values that every layer shares: how addresses and identifiers are held and written.

An IPv4 address is an `int` (host order) everywhere inside the program, an IPv6 address or prefix 16 bytes; text and
the bytes of an IPv4 address only at the edges. A hardware address on the lease path is `HwAddress` bytes: one byte
of hardware type (RFC 1700 "htype") followed by the address, so that it is one hashable key.

Runs in: any
"""

from __future__ import annotations

from socket import AF_INET6, inet_aton, inet_ntoa, inet_ntop, inet_pton

INFINITY = 0xFFFFFFFF  #: an unlimited lifetime (RFC 2131 3.3)

HwAddress = bytes  #: htype byte + address; b"\x01\x02\x00\x00\x00\x00\x01" is Ethernet 02:00:00:00:00:01
ClientId = bytes  #: payload of option 61


def address4(text: str) -> int:
    """`"192.0.2.1"` as an int. ValueError when it is not four decimal octets."""
    parts = text.split(".")
    if len(parts) != 4 or not all(p.isascii() and p.isdigit() and len(p) <= 3 and int(p) <= 255 for p in parts):
        raise ValueError(f"{text!r} is not an IPv4 address")
    return int.from_bytes(bytes(map(int, parts)), "big")


def text4(address: int) -> str:
    """An IPv4 address for people."""
    return inet_ntoa(address.to_bytes(4, "big"))


def packed4(address: int) -> bytes:
    """An IPv4 address on the wire, 4 bytes."""
    return address.to_bytes(4, "big")


def quick4(text: str) -> int:
    """As `address4`, unchecked beyond inet_aton: for files that we wrote ourselves."""
    return int.from_bytes(inet_aton(text), "big")


def address6(text: str) -> bytes:
    """`"2001:db8::1"` as 16 bytes. ValueError when it is not an IPv6 address; no zone."""
    try:
        return inet_pton(AF_INET6, text)
    except OSError:
        raise ValueError(f"{text!r} is not an IPv6 address") from None


def text6(address: bytes) -> str:
    """An IPv6 address for people, in its short form (RFC 5952)."""
    return inet_ntop(AF_INET6, address)


def is_link_local6(address: bytes) -> bool:
    """Whether it is in fe80::/10."""
    return address[0] == 0xFE and address[1] & 0xC0 == 0x80


def is_multicast6(address: bytes) -> bool:
    """Whether it is in ff00::/8."""
    return address[0] == 0xFF


def masked6(address: bytes, length: int) -> bytes:
    """The address with all bits behind a prefix of this length cleared."""
    if not any(address[(length + 7) // 8 :]) and not length % 8:
        return address
    mask = (1 << 128) - (1 << 128 - length)
    return (int.from_bytes(address, "big") & mask).to_bytes(16, "big")


def colons(data: bytes) -> str:
    """`b"\\x01\\xab"` as Kea writes it in files and answers: "01:ab"."""
    return data.hex(":")


def from_colons(text: str) -> bytes:
    """Hexadecimal digits with or without ":" or "-" between octets; ValueError otherwise."""
    return bytes.fromhex(text.replace(":", "").replace("-", ""))
