"""Reservations in the configuration.

Runs in: any
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from kea_mp.config import keys4
from kea_mp.config.model import Host4
from kea_mp.config.options4 import OptionEncoder
from kea_mp.config.scope import Level
from kea_mp.values import text4

_LENGTHS = {"hw-address": (1, 20), "duid": (3, 130), "client-id": (1, 255), "circuit-id": (1, 128), "flex-id": (1, 128)}
_OCTETS = re.compile(r"[0-9A-Fa-f]{1,2}(?:(?P<separator>[: ])[0-9A-Fa-f]{1,2}(?:(?P=separator)[0-9A-Fa-f]{1,2})*)?")
_DIGITS = re.compile(r"(?:0x)?([0-9A-Fa-f]+)")
_ETHERNET = b"\x01"  # Kea's reservations name no hardware type


@dataclass(slots=True)
class HostTable:
    """Reads reservations and refuses two for one client, or for one address, in one subnet."""

    encoder: OptionEncoder
    unique_addresses: bool  #: Kea ip-reservations-unique
    _identifiers: set[tuple[int, str, bytes]] = field(default_factory=set)
    _addresses: set[tuple[int, int]] = field(default_factory=set)

    def add_all(self, level: Level, subnet_id: int, prefix: tuple[int, int] | None) -> tuple[Host4, ...]:
        """The reservations listed at this level. prefix: (prefix, length) in which their addresses must lie."""
        return tuple(self._add(inner, subnet_id, prefix) for inner in level.items("reservations"))

    def _add(self, level: Level, subnet_id: int, prefix: tuple[int, int] | None) -> Host4:
        kind, identifier = _identifier(level)
        if (subnet_id, kind, identifier) in self._identifiers:
            raise level.error("there is another reservation for this client in the same subnet", kind)
        self._identifiers.add((subnet_id, kind, identifier))
        address = _reserved_address(level, prefix)
        if address and self.unique_addresses:
            if (subnet_id, address) in self._addresses:
                raise level.error(f"{text4(address)} is reserved already in the same subnet", "ip-address")
            self._addresses.add((subnet_id, address))
        next_server = level.address("next-server") if "next-server" in level.json else 0
        if next_server == 0xFFFFFFFF:
            raise level.error("must not be the broadcast address", "next-server")
        return Host4(
            identifier=(kind, identifier),
            subnet_id=subnet_id,
            address=address,
            hostname=level.json.get("hostname", ""),
            next_server=next_server,
            server_hostname=level.json.get("server-hostname", ""),
            boot_file_name=level.json.get("boot-file-name", ""),
            classes=tuple(dict.fromkeys(level.json.get("client-classes", ()))),
            options=self.encoder.options(level),
            user_context=level.user_context(),
        )


def _identifier(level: Level) -> tuple[str, bytes]:
    given = [name for name in keys4.HOST_IDENTIFIERS if name in level.json]
    if not given:
        raise level.error(f"one of {', '.join(keys4.HOST_IDENTIFIERS)} must be given")
    if len(given) > 1:
        raise level.error(f"{given[0]} and {given[1]} must not both be given", given[1])
    kind = given[0]
    value = octets(level.json[kind])
    if value is None:
        raise level.error(f"{level.json[kind]!r} is neither hexadecimal nor text in single quotes", kind)
    low, high = _LENGTHS[kind]
    if not low <= len(value) <= high:
        raise level.error(f"is {len(value)} bytes long: must be between {low} and {high}", kind)
    return kind, (_ETHERNET + value if kind == "hw-address" else value)


def octets(text: str) -> bytes | None:
    """Text in single quotes, octets separated by ":" or blanks, or hexadecimal digits; None when it is neither."""
    stripped = text.strip()
    if len(stripped) > 1 and stripped[0] == stripped[-1] == "'":
        quoted = stripped[1:-1].strip().encode("utf-8", "surrogateescape")
        return quoted or None
    if _OCTETS.fullmatch(text):
        return bytes(int(part, 16) for part in re.split("[: ]", text))
    match = _DIGITS.fullmatch(text)
    if match is None:
        return None
    return bytes.fromhex(match[1].zfill(len(match[1]) + len(match[1]) % 2))


def _reserved_address(level: Level, prefix: tuple[int, int] | None) -> int:
    if "ip-address" not in level.json:
        return 0
    address = level.address("ip-address")
    if address in (0, 0xFFFFFFFF):
        raise level.error(f"{text4(address)} must not be reserved", "ip-address")
    if prefix is not None and (address ^ prefix[0]) >> (32 - prefix[1]):
        raise level.error(f"{text4(address)} is not within the subnet {text4(prefix[0])}/{prefix[1]}", "ip-address")
    return address
