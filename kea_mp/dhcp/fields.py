"""One class per option field type: text of the configuration to bytes, and bytes to the same text.

`encode` raises ValueError, which names the problem in the words of a configuration; `decode` raises WireError.
Numbers on the wire are in network order.

Runs in: any
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address
from typing import Protocol

from kea_mp.dhcp.names import name_to_text, name_to_wire, read_name
from kea_mp.errors import WireError
from kea_mp.values import address6, masked6, text4, text6

_DECIMAL = re.compile(r"[+-]?[0-9]+")
_HEXADECIMAL = re.compile(r"[+-]?(?:0[xX])?[0-9a-fA-F]+")
_HEX_DIGITS = re.compile(r"[0-9a-fA-F]*")


class Field(Protocol):
    """A field type. size: bytes on the wire, 0 when that depends on the value."""

    @property
    def size(self) -> int: ...

    def encode(self, text: str) -> bytes:
        """The bytes of a value; blanks around it are already gone."""

    def decode(self, data: bytes, at: int) -> tuple[str, int]:
        """The value at data[at:] and where the next one begins."""


def take(data: bytes, at: int, size: int) -> bytes:
    """size bytes from data[at:]; WireError when there are fewer."""
    if at + size > len(data):
        raise WireError(f"{len(data) - at} bytes left where {size} are needed")
    return data[at : at + size]


def integer(text: str, low: int, high: int) -> int:
    """A whole number as Kea reads it: decimal, otherwise hexadecimal with or without 0x."""
    if _DECIMAL.fullmatch(text):
        value = int(text)
    elif _HEXADECIMAL.fullmatch(text):
        value = int(text, 16)
    else:
        raise ValueError(f"{text!r} is not an integer")
    if not low <= value <= high:
        raise ValueError(f"{text} is not in the range of {low}..{high}")
    return value


def decimal(text: str, high: int) -> int:
    """A whole number from 0 in decimal digits."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"{text!r} is not a decimal number")
    return integer(text, 0, high)


class Integer:
    """int8 … uint32."""

    def __init__(self, size: int, signed: bool) -> None:
        self.size = size
        self._signed = signed
        bits = 8 * size
        self.low, self.high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)

    def encode(self, text: str) -> bytes:
        return integer(text, self.low, self.high).to_bytes(self.size, "big", signed=self._signed)

    def decode(self, data: bytes, at: int) -> tuple[str, int]:
        return str(int.from_bytes(take(data, at, self.size), "big", signed=self._signed)), at + self.size


class Boolean:
    """true, false, 0 or 1 on one byte."""

    size = 1

    def encode(self, text: str) -> bytes:
        if text.lower() in ("true", "false"):
            return b"\1" if text.lower() == "true" else b"\0"
        if not _DECIMAL.fullmatch(text) or int(text) not in (0, 1):
            raise ValueError(f"{text!r} is neither true, false, 0 nor 1")
        return bytes((int(text),))

    def decode(self, data: bytes, at: int) -> tuple[str, int]:
        value = take(data, at, 1)[0]
        if value > 1:
            raise WireError(f"boolean is {value}, not 0 or 1")
        return ("true" if value else "false"), at + 1


class Address4:
    """ipv4-address."""

    size = 4

    def encode(self, text: str) -> bytes:
        return address_bytes(text)

    def decode(self, data: bytes, at: int) -> tuple[str, int]:
        return text4(int.from_bytes(take(data, at, 4), "big")), at + 4


class Address6:
    """ipv6-address."""

    size = 16

    def encode(self, text: str) -> bytes:
        return address6(text)

    def decode(self, data: bytes, at: int) -> tuple[str, int]:
        return text6(take(data, at, 16)), at + 16


def address_bytes(text: str) -> bytes:
    """An IPv4 address without leading zeros in its octets: Kea refuses them in option data."""
    try:
        return IPv4Address(text).packed
    except AddressValueError:
        raise ValueError(f"{text!r} is not an IPv4 address") from None


class Prefix6:
    """ipv6-prefix: its length on one byte, then only the bytes that the length covers."""

    size = 0

    def encode(self, text: str) -> bytes:
        prefix, slash, length_text = "".join(text.split()).partition("/")
        if not slash:
            raise ValueError(f"{text!r} is not of the form prefix/length")
        length = integer(length_text, 0, 128)
        return bytes((length,)) + masked6(address6(prefix), length)[: (length + 7) // 8]

    def decode(self, data: bytes, at: int) -> tuple[str, int]:
        length = take(data, at, 1)[0]
        if length > 128:
            raise WireError(f"prefix length {length} exceeds 128")
        size = (length + 7) // 8
        packed = take(data, at + 1, size).ljust(16, b"\0")
        return f"{text6(packed)}/{length}", at + 1 + size


class Psid:
    """psid: "value/length"; length on one byte, then the value in the leftmost bits of two (RFC 7618)."""

    size = 3

    def encode(self, text: str) -> bytes:
        value_text, slash, length_text = "".join(text.split()).partition("/")
        if not slash:
            raise ValueError(f"{text!r} is not of the form psid/length")
        value, length = integer(value_text, 0, 0xFFFF), integer(length_text, 0, 16)
        if length and value >= 1 << length:
            raise ValueError(f"PSID {value} does not fit into {length} bits")
        return bytes((length,)) + ((value << 16 - length) & 0xFFFF).to_bytes(2, "big")

    def decode(self, data: bytes, at: int) -> tuple[str, int]:
        length, *rest = take(data, at, 3)
        value = int.from_bytes(bytes(rest), "big")
        if length > 16 or value & (0xFFFF >> length):
            raise WireError(f"PSID 0x{value:04x} does not fit its length {length}")
        return f"{value >> 16 - length}/{length}", at + 3


class String:
    """string: the rest of the option, as UTF-8 text."""

    size = 0

    def encode(self, text: str) -> bytes:
        return text.encode()

    def decode(self, data: bytes, at: int) -> tuple[str, int]:
        return data[at:].decode(errors="backslashreplace"), len(data)


class Binary:
    """binary: the rest of the option, in hexadecimal digits."""

    size = 0

    def encode(self, text: str) -> bytes:
        digits = "".join(text.split())
        if len(digits) % 2 or not _HEX_DIGITS.fullmatch(digits):
            raise ValueError(f"{text!r} is not an even number of hexadecimal digits")
        return bytes.fromhex(digits)

    def decode(self, data: bytes, at: int) -> tuple[str, int]:
        return data[at:].hex().upper(), len(data)


class Fqdn:
    """fqdn: a domain name in wire format (RFC 1035), of DHCPv6 without compression."""

    size = 0

    def __init__(self, compression: bool) -> None:
        self._compression = compression

    def encode(self, text: str) -> bytes:
        return name_to_wire(text)

    def decode(self, data: bytes, at: int) -> tuple[str, int]:
        wire, end = read_name(data, at, self._compression)
        return name_to_text(wire), end


class Tuple:
    """tuple: text after its length on `prefix` bytes."""

    size = 0

    def __init__(self, prefix: int) -> None:
        self._prefix = prefix

    def encode(self, text: str) -> bytes:
        data = text.encode()
        if len(data) >= 1 << 8 * self._prefix:
            raise ValueError(f"{len(data)} bytes are too many for a tuple whose length has {self._prefix} byte(s)")
        return len(data).to_bytes(self._prefix, "big") + data

    def decode(self, data: bytes, at: int) -> tuple[str, int]:
        start = at + self._prefix
        length = int.from_bytes(take(data, at, self._prefix), "big")
        return take(data, start, length).decode(errors="backslashreplace"), start + length


FIELDS: dict[str, Field] = {
    "binary": Binary(),
    "boolean": Boolean(),
    "int8": Integer(1, signed=True),
    "int16": Integer(2, signed=True),
    "int32": Integer(4, signed=True),
    "uint8": Integer(1, signed=False),
    "uint16": Integer(2, signed=False),
    "uint32": Integer(4, signed=False),
    "ipv4-address": Address4(),
    "ipv6-address": Address6(),
    "ipv6-prefix": Prefix6(),
    "psid": Psid(),
    "string": String(),
    "fqdn": Fqdn(compression=True),
    "tuple": Tuple(1),
    # not Kea's names:
    "fqdn6": Fqdn(compression=False),
    "tuple16": Tuple(2),  # of DHCPv6, and of DHCPv4 option 143 (RFC 8572)
}

TYPES = frozenset(FIELDS) - {"fqdn6", "tuple16"} | {
    "empty",
    "record",
    "internal",
}  #: what Kea's option-def accepts as type
