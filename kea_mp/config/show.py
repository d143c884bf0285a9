"""The configuration as config-get shows it: Kea's defaults filled in, older keys under their newer names.

What comes out is a configuration again, for Kea and for us, with the same meaning.

Runs in: any
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kea_mp.config.keys import Tables
from kea_mp.config.options import OptionEncoder
from kea_mp.config.scope import Json

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

    @property
    def _subnets(self) -> str:
        return f"subnet{self.tables.family.number}"

    def top(self, configured: Json) -> Json:
        """A checked map Dhcp4 or Dhcp6, complete."""
        top = renamed(configured)
        result = {**self.tables.defaults, **top}
        for name, defaults in self.tables.map_defaults.items():
            result[name] = renamed({**defaults, **top.get(name, {})})
        if not result["dhcp-ddns"]["sender-ip"]:
            result["dhcp-ddns"]["sender-ip"] = "::" if ":" in result["dhcp-ddns"]["server-ip"] else "0.0.0.0"
        for name, show in (("control-sockets", renamed), ("loggers", _logger)):
            if name in top:
                result[name] = [show(item) for item in top[name]]
        result["option-def"] = [self._definition(item) for item in top.get("option-def", ())]
        result["option-data"] = self.options(top)
        for name, each in (("client-classes", self.client_class), ("reservations", self.reservation)):
            result.pop(name, None)
            if top.get(name):  # as Kea, which leaves these two out when they are empty
                result[name] = [each(item) for item in top[name]]
        result["shared-networks"] = [self.network(item, result) for item in top.get("shared-networks", ())]
        result[self._subnets] = [self.subnet(item, result) for item in top.get(self._subnets, ())]
        return result

    def network(self, item: Json, outer: Json) -> Json:
        result = self._inherited(item, outer)
        result.setdefault("relay", {"ip-addresses": []})
        result["option-data"] = self.options(item)
        result[self._subnets] = [self.subnet(subnet, result) for subnet in item.get(self._subnets, ())]
        return result

    def subnet(self, item: Json, outer: Json) -> Json:
        result = self._inherited(item, outer)
        if "relay" not in result:
            result["relay"] = outer.get("relay", {"ip-addresses": []})
        result["option-data"] = self.options(item)
        result["pools"] = [self.pool(pool) for pool in item.get("pools", ())]
        result["reservations"] = [self.reservation(host) for host in item.get("reservations", ())]
        return result

    def pool(self, item: Json) -> Json:
        return {**renamed(item), "option-data": self.options(item)}

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
        """The option-data of a map. own_definitions: the option-def of a class."""
        return [self._option(option, own_definitions) for option in item.get("option-data", ())]

    def _option(self, item: Json, own_definitions: Sequence[Json]) -> Json:
        result = {**self.tables.option_defaults, **renamed(item)}
        key = "code" if "code" in item else "name"
        own = next((d for d in own_definitions if (d["space"], d[key]) == (result["space"], item[key])), None)
        if own is not None:
            code, name = own["code"], own["name"]
        elif (definition := self.encoder.definition(item)) is not None:
            code, name = definition.code, definition.name
        else:
            result["csv-format"] = False
            return result
        return {"csv-format": True, **result, "code": code, "name": name}
