"""Reservations in the configuration, as far as both families have them.

Runs in: any
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from kea_mp.config.model import Host
from kea_mp.config.options import OptionEncoder
from kea_mp.config.scope import Level

_LENGTHS = {"hw-address": (1, 20), "duid": (3, 130), "client-id": (1, 255), "circuit-id": (1, 128), "flex-id": (1, 128)}
_OCTETS = re.compile(r"[0-9A-Fa-f]{1,2}(?:(?P<separator>[: ])[0-9A-Fa-f]{1,2}(?:(?P=separator)[0-9A-Fa-f]{1,2})*)?")
_DIGITS = re.compile(r"(?:0x)?([0-9A-Fa-f]+)")
_ETHERNET = b"\x01"  # Kea's reservations name no hardware type

H = TypeVar("H", bound=Host)
Inside = TypeVar("Inside")  #: where the addresses of a subnet's reservations must lie


@dataclass(slots=True)
class HostTable(ABC, Generic[H, Inside]):
    """Reads reservations and refuses two for one client, or for one address, in one subnet."""

    encoder: OptionEncoder
    unique_addresses: bool  #: Kea ip-reservations-unique
    _taken: set[tuple[int, object]] = field(default_factory=set)

    def add_all(self, level: Level, subnet_id: int, inside: Inside | None) -> tuple[H, ...]:
        """The reservations listed at this level. inside: the subnet in which their addresses must lie."""
        return tuple(self._host(inner, subnet_id, inside) for inner in level.items("reservations"))

    @property
    @abstractmethod
    def _unique(self) -> tuple[str, ...]:
        """The types of identifiers of which Kea takes only one in a subnet."""

    @abstractmethod
    def _host(self, level: Level, subnet_id: int, inside: Inside | None) -> H:
        """One reservation, checked."""

    def _take(self, level: Level, subnet_id: int, what: object, said: str, *steps: str | int) -> None:
        """Note what is reserved in a subnet; a ConfigError if it is already."""
        if (subnet_id, what) in self._taken:
            raise level.error(f"{said} in the same subnet", *steps)
        self._taken.add((subnet_id, what))

    def _common_values(self, level: Level, subnet_id: int) -> dict[str, Any]:
        """The fields of Host."""
        who = _identifier(level)
        if who[0] in self._unique:
            self._take(level, subnet_id, who, "there is another reservation for this client", who[0])
        return {
            "identifier": who,
            "subnet_id": subnet_id,
            "hostname": level.json.get("hostname", ""),
            "classes": tuple(dict.fromkeys(level.json.get("client-classes", ()))),
            "options": self.encoder.options(level),
            "user_context": level.user_context(),
        }


def _identifier(level: Level) -> tuple[str, bytes]:
    """The type and the value of what identifies the client of a reservation."""
    names = level.tables.host_identifiers
    given = [name for name in names if name in level.json]
    if not given:
        raise level.error(f"one of {', '.join(names)} must be given")
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
