"""The configuration as config-get shows it: Kea's defaults filled in, older keys under their newer names.

What comes out is a configuration again, for Kea and for us, with the same meaning.

Runs in: any
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from kea_mp.config import keys4
from kea_mp.config.scope import Json

_RENAMED = {
    "only-if-required": "only-in-additional-list",
    "output_options": "output-options",
    "require-client-classes": "evaluate-additional-classes",
}
_NOT_INHERITED = {"next-server": "0.0.0.0", "server-hostname": "", "boot-file-name": "", "hostname": ""}


def shown(dhcp4: Json) -> Json:
    """A checked map Dhcp4, complete."""
    top = _renamed(dhcp4)
    result = {**keys4.GLOBAL_DEFAULTS, **top}
    for name, defaults in keys4.MAP_DEFAULTS.items():
        result[name] = _renamed({**defaults, **top.get(name, {})})
    if not result["dhcp-ddns"]["sender-ip"]:
        result["dhcp-ddns"]["sender-ip"] = "::" if ":" in result["dhcp-ddns"]["server-ip"] else "0.0.0.0"
    for name, show in _LISTS.items():
        if name in top:
            result[name] = [show(item) for item in top[name]]
    result["shared-networks"] = [_network(item, result) for item in top.get("shared-networks", ())]
    result["subnet4"] = [_subnet(item, result) for item in top.get("subnet4", ())]
    for name in ("option-data", "option-def", "reservations", "client-classes"):
        result.setdefault(name, [])
    return result


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
    default = result["valid-lifetime"]
    if "min-valid-lifetime" in result or "max-valid-lifetime" in result:
        result.setdefault("min-valid-lifetime", default)
        result.setdefault("max-valid-lifetime", default)
    result["option-data"] = _options(result)
    return result


def _network(item: Json, outer: Json) -> Json:
    result = _inherited(item, outer)
    result.setdefault("relay", {"ip-addresses": []})
    result["subnet4"] = [_subnet(subnet, result) for subnet in item.get("subnet4", ())]
    return result


def _subnet(item: Json, outer: Json) -> Json:
    result = _inherited(item, outer)
    result["subnet"] = _without_blanks(result["subnet"])
    if "relay" not in result:
        result["relay"] = outer.get("relay", {"ip-addresses": []})
    result["pools"] = [_pool(pool) for pool in result.get("pools", ())]
    result["reservations"] = [_reservation(host) for host in result.get("reservations", ())]
    for name in ("4o6-interface", "4o6-interface-id", "4o6-subnet"):
        result.setdefault(name, "")
    return result


def _pool(item: Json) -> Json:
    result = _renamed(item)
    result["pool"] = _without_blanks(result["pool"])
    result["option-data"] = _options(result)
    return result


def _reservation(item: Json) -> Json:
    result = {**_NOT_INHERITED, "client-classes": [], **_renamed(item)}
    result["option-data"] = _options(result)
    return result


def _class(item: Json) -> Json:
    result = {"next-server": "0.0.0.0", "server-hostname": "", "boot-file-name": "", **_renamed(item)}
    result["option-data"] = _options(result)
    result["option-def"] = [_definition(definition) for definition in result.get("option-def", ())]
    return result


def _options(item: Json) -> list[Json]:
    return [_option(option) for option in item.get("option-data", ())]


def _option(item: Json) -> Json:
    return {**keys4.OPTION_DEFAULTS, **_renamed(item)}


def _definition(item: Json) -> Json:
    return {**keys4.OPTION_DEF_DEFAULTS, **_renamed(item)}


def _logger(item: Json) -> Json:
    result = {"debuglevel": 0, **_renamed(item)}
    if "output-options" in result:
        result["output-options"] = [{"flush": True, "pattern": "", **output} for output in result["output-options"]]
    return result


def _without_blanks(text: str) -> str:
    return text.replace(" ", "").replace("\t", "")


_LISTS: dict[str, Callable[[Json], Json]] = {
    "client-classes": _class,
    "control-sockets": _renamed,
    "loggers": _logger,
    "option-data": _option,
    "option-def": _definition,
    "reservations": _reservation,
}
