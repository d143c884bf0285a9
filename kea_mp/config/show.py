"""The configuration as config-get shows it: Kea's defaults filled in, older keys under their newer names, addresses
and identifiers in one form, and lists in Kea's order where that has no meaning.

What comes out is a configuration again, for Kea and for us, with the same meaning.

Runs in: any
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from kea_mp.config.hosts import octets
from kea_mp.config.keys import Tables
from kea_mp.config.networks import without_blanks
from kea_mp.config.options import OptionEncoder
from kea_mp.config.scope import Json
from kea_mp.dhcp.options import Definition, encode_hex, vendor_of

_IDENTIFIERS = ("hw-address", "duid", "circuit-id", "client-id", "flex-id")
_RENAMED = {
    "only-if-required": "only-in-additional-list",
    "output_options": "output-options",
    "require-client-classes": "evaluate-additional-classes",
}


def digest(raw: Json) -> str:
    """SHA-256 of the canonical text, for config-hash-get."""
    text = json.dumps(raw, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest().upper()


def renamed(item: Json) -> Json:
    """A copy with today's keys, and `comment` inside user-context."""
    result: dict[str, Any] = {}
    for name, value in item.items():
        if name == "comment":
            continue
        if name == "client-class":
            result["client-classes"] = [value] if value else []
        elif name == "control-socket":
            result["control-sockets"] = [value]
        elif name == "ddns-use-conflict-resolution":
            result["ddns-conflict-resolution-mode"] = "check-with-dhcid" if value else "no-check-with-dhcid"
        else:
            result[_RENAMED.get(name, name)] = value
    if "comment" in item:
        result["user-context"] = {**item.get("user-context", {}), "comment": item["comment"]}
    return result


def _logger(item: Json) -> Json:
    result = {"debuglevel": 0, **renamed(item)}
    if "output-options" in result:
        result["output-options"] = [{"flush": True, "pattern": "", **output} for output in result["output-options"]]
    return result


@dataclass(frozen=True, slots=True)
class Display(ABC):
    """Shows the maps of one family; the encoder tells how an option is called and numbered."""

    encoder: OptionEncoder
    tables: Tables
    lifetimes: tuple[str, ...]  #: those that are shown with their min- and max-
    bits: int  #: of an address

    @property
    def _subnets(self) -> str:
        return f"subnet{self.tables.family.number}"

    @abstractmethod
    def address(self, text: str) -> int:
        """An address of the configuration as a number."""

    @abstractmethod
    def text(self, address: int) -> str:
        """The address as it is shown."""

    def top(self, configured: Json) -> Json:
        """A checked map Dhcp4 or Dhcp6, complete."""
        top = renamed(configured)
        result = {**self.tables.defaults, **top}
        for name, defaults in self.tables.map_defaults.items():
            result[name] = renamed({**defaults, **top.get(name, {})})
        interfaces = result["interfaces-config"]
        interfaces["interfaces"] = [name.strip() for name in interfaces["interfaces"]]
        if "interfaces-config" not in top:  # Kea's default for this key is not that for the whole map
            interfaces["re-detect"] = False
        updates = result["dhcp-ddns"]
        server = ipaddress.ip_address(updates["server-ip"])
        unspecified = "0.0.0.0" if server.version == 4 else "::"
        updates["server-ip"] = str(server)
        updates["sender-ip"] = str(ipaddress.ip_address(updates["sender-ip"] or unspecified))
        for name, show in (("control-sockets", renamed), ("loggers", _logger)):
            if name in top:
                result[name] = [show(item) for item in top[name]]
        result["option-def"] = [self._definition(item) for item in top.get("option-def", ())]
        result["option-data"] = self.options(top)
        result.pop("client-classes", None)
        if top.get("client-classes"):  # as Kea, which leaves these two out when they are empty
            result["client-classes"] = [self.client_class(item) for item in top["client-classes"]]
        result.pop("reservations", None)
        if top.get("reservations"):
            result["reservations"] = self.reservations(top)
        networks = sorted(top.get("shared-networks", ()), key=lambda item: item["name"].encode())
        result["shared-networks"] = [self.network(item, result) for item in networks]
        result[self._subnets] = self.subnets(top, result)
        return result

    def subnets(self, item: Json, outer: Json) -> list[Json]:
        found = sorted(item.get(self._subnets, ()), key=itemgetter("id"))
        return [self.subnet(subnet, outer) for subnet in found]

    def network(self, item: Json, outer: Json) -> Json:
        result = self._inherited(item, outer)
        result["relay"] = self._relay(item)
        result["option-data"] = self.options(item)
        result[self._subnets] = self.subnets(item, result)
        return result

    def subnet(self, item: Json, outer: Json) -> Json:
        result = self._inherited(item, outer)
        result["relay"] = self._relay(item) if "relay" in item else outer.get("relay", {"ip-addresses": []})
        result["option-data"] = self.options(item)
        result["pools"] = self.pools(item)
        result["reservations"] = self.reservations(item)
        return result

    def _relay(self, item: Json) -> Json:
        texts = item.get("relay", {}).get("ip-addresses", ())
        return {"ip-addresses": [self.text(self.address(text)) for text in texts]}

    def pools(self, item: Json) -> list[Json]:
        """The address pools in the order of their addresses, a prefix where one can be written."""
        found = sorted(((*self._range(pool["pool"]), pool) for pool in item.get("pools", ())), key=itemgetter(0))
        return [{**self.pool(pool), "pool": self._range_text(first, last)} for first, last, pool in found]

    def pool(self, item: Json) -> Json:
        return {**renamed(item), "option-data": self.options(item)}

    def _range(self, text: str) -> tuple[int, int]:
        start, slash, length = without_blanks(text).partition("/")
        if slash:
            first = self.address(start)
            return first, first + (1 << self.bits - int(length)) - 1
        start, _, end = start.partition("-")
        return self.address(start), self.address(end)

    def _range_text(self, first: int, last: int) -> str:
        size = last - first + 1
        if size & (size - 1) or first % size or size == 1 << self.bits:  # no pool is of length 0
            return f"{self.text(first)}-{self.text(last)}"
        return f"{self.text(first)}/{self.bits + 1 - size.bit_length()}"

    def reservations(self, item: Json) -> list[Json]:
        """In the order of identifiers, as in Kea."""
        found = sorted(((*_identifier(host), host) for host in item.get("reservations", ())), key=itemgetter(0, 1))
        return [self._reservation(host, value, _IDENTIFIERS[kind]) for value, kind, host in found]

    def _reservation(self, item: Json, identifier: bytes, name: str) -> Json:
        colons = name in ("hw-address", "duid")
        return {**self.reservation(item), name: identifier.hex(":") if colons else identifier.hex().upper()}

    @abstractmethod
    def reservation(self, item: Json) -> Json: ...

    @abstractmethod
    def client_class(self, item: Json) -> Json: ...

    def _inherited(self, item: Json, outer: Json) -> Json:
        """A network or subnet with what Kea copies into it from outside."""
        result = renamed(item)
        for name in self.tables.copied_down:
            if name not in result and name in outer:
                result[name] = outer[name]
        for name in self.lifetimes:
            given = next((result[key] for key in (name, f"min-{name}", f"max-{name}") if key in result), None)
            if given is not None:
                for key in (name, f"min-{name}", f"max-{name}"):
                    result.setdefault(key, given)
        return result

    def _definition(self, item: Json) -> Json:
        return {**self.tables.option_def_defaults, **renamed(item)}

    def options(self, item: Json, own_definitions: Sequence[Json] = ()) -> list[Json]:
        """The option-data of a map, space by space. own_definitions: the option-def of a class."""
        if not item.get("option-data"):
            return []
        found = [self._option(option, own_definitions) for option in item["option-data"]]
        return sorted(found, key=lambda option: (vendor_of(option["space"]), option["space"]))

    def _option(self, item: Json, own_definitions: Sequence[Json]) -> Json:
        result = {**self.tables.option_defaults, **renamed(item)}
        key = "code" if "code" in item else "name"
        own = next((d for d in own_definitions if (d["space"], d[key]) == (result["space"], item[key])), None)
        definition: Definition | None
        if own is not None:
            result |= {"code": own["code"], "name": own["name"]}
            definition = None
        elif (definition := self.encoder.definition(item)) is not None:
            result |= {"code": definition.code, "name": definition.name}
        else:
            result["csv-format"] = False
        text = item.get("data", "")
        if not text and item.get("never-send") and "name" in result:
            result.pop("csv-format", None)
            result.pop("data", None)
        elif not text or not result.setdefault("csv-format", True):
            result |= {"csv-format": False, "data": encode_hex(text, definition).hex().upper() if text else ""}
        return result


def _identifier(host: Json) -> tuple[bytes, int]:
    """The identifier of a reservation and the number of its type, in Kea's order."""
    kind, name = next((number, name) for number, name in enumerate(_IDENTIFIERS) if name in host)
    return octets(host[name]) or b"", kind
