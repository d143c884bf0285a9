"""The configuration as config-get shows it: Kea's defaults filled in, older keys under their newer names.

What comes out is a configuration again, for Kea and for us, with the same meaning.

Runs in: any
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kea_mp.config import keys4
from kea_mp.config.options4 import OptionEncoder
from kea_mp.config.scope import Json

_RENAMED = {
    "only-if-required": "only-in-additional-list",
    "output_options": "output-options",
    "require-client-classes": "evaluate-additional-classes",
}
_BOOT_DEFAULTS = {"next-server": "0.0.0.0", "server-hostname": "", "boot-file-name": ""}


def digest(raw: Json) -> str:
    """SHA-256 of the canonical text, for config-hash-get."""
    text = json.dumps(raw, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest().upper()


def _renamed(item: Json) -> Json:
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


def _inherited(item: Json, outer: Json) -> Json:
    """A network or subnet with what Kea copies into it from outside."""
    result = _renamed(item)
    for name in keys4.COPIED_DOWN:
        if name not in result and name in outer:
            result[name] = outer[name]
    for name in ("min-valid-lifetime", "max-valid-lifetime"):
        result.setdefault(name, result["valid-lifetime"])
    return result


def _definition(item: Json) -> Json:
    return {**keys4.OPTION_DEF_DEFAULTS, **_renamed(item)}


def _logger(item: Json) -> Json:
    result = {"debuglevel": 0, **_renamed(item)}
    if "output-options" in result:
        result["output-options"] = [{"flush": True, "pattern": "", **output} for output in result["output-options"]]
    return result


def _without_blanks(text: str) -> str:
    return text.replace(" ", "").replace("\t", "")


@dataclass(frozen=True, slots=True)
class Display:
    """Shows maps that hold options; the encoder tells how an option is called and numbered."""

    encoder: OptionEncoder

    def top(self, dhcp4: Json) -> Json:
        """A checked map Dhcp4, complete."""
        top = _renamed(dhcp4)
        result = {**keys4.GLOBAL_DEFAULTS, **top}
        for name, defaults in keys4.MAP_DEFAULTS.items():
            result[name] = _renamed({**defaults, **top.get(name, {})})
        if not result["dhcp-ddns"]["sender-ip"]:
            result["dhcp-ddns"]["sender-ip"] = "::" if ":" in result["dhcp-ddns"]["server-ip"] else "0.0.0.0"
        for name, show in (("control-sockets", _renamed), ("loggers", _logger)):
            if name in top:
                result[name] = [show(item) for item in top[name]]
        result["option-def"] = [_definition(item) for item in top.get("option-def", ())]
        result["option-data"] = self.options(top)
        for name, each in (("client-classes", self.client_class), ("reservations", self.reservation)):
            result.pop(name, None)
            if top.get(name):  # as Kea, which leaves these two out when they are empty
                result[name] = [each(item) for item in top[name]]
        result["shared-networks"] = [self.network(item, result) for item in top.get("shared-networks", ())]
        result["subnet4"] = [self.subnet(item, result) for item in top.get("subnet4", ())]
        return result

    def network(self, item: Json, outer: Json) -> Json:
        result = _inherited(item, outer)
        result.setdefault("relay", {"ip-addresses": []})
        result["option-data"] = self.options(item)
        result["subnet4"] = [self.subnet(subnet, result) for subnet in item.get("subnet4", ())]
        return result

    def subnet(self, item: Json, outer: Json) -> Json:
        result = _inherited(item, outer)
        result["subnet"] = _without_blanks(result["subnet"])
        if "relay" not in result:
            result["relay"] = outer.get("relay", {"ip-addresses": []})
        result["option-data"] = self.options(item)
        result["pools"] = [self.pool(pool) for pool in item.get("pools", ())]
        result["reservations"] = [self.reservation(host) for host in item.get("reservations", ())]
        for name in ("4o6-interface", "4o6-interface-id", "4o6-subnet"):
            result.setdefault(name, "")
        return result

    def pool(self, item: Json) -> Json:
        result = _renamed(item)
        result["pool"] = _without_blanks(result["pool"])
        result["option-data"] = self.options(item)
        return result

    def reservation(self, item: Json) -> Json:
        result = {**_BOOT_DEFAULTS, "hostname": "", "client-classes": [], **_renamed(item)}
        result["option-data"] = self.options(item)
        return result

    def client_class(self, item: Json) -> Json:
        result = {**_BOOT_DEFAULTS, **_renamed(item)}
        result["option-def"] = [_definition(definition) for definition in item.get("option-def", ())]
        result["option-data"] = self.options(item, result["option-def"])
        return result

    def options(self, item: Json, own_definitions: Sequence[Json] = ()) -> list[Json]:
        """The option-data of a map. own_definitions: the option-def of a class."""
        return [self._option(option, own_definitions) for option in item.get("option-data", ())]

    def _option(self, item: Json, own_definitions: Sequence[Json]) -> Json:
        result = {**keys4.OPTION_DEFAULTS, **_renamed(item)}
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
