"""Client classes, as far as both families have them.

Runs in: any
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from kea_mp.config.model import ClientClass
from kea_mp.config.options import OptionEncoder
from kea_mp.config.parameters import own_lifetime
from kea_mp.config.scope import Level

_BUILT_IN = ("ALL", "KNOWN", "UNKNOWN", "BOOTP")
_SPECIAL = ("DROP", "REJECT")

C = TypeVar("C", bound=ClientClass)


def classes(top: Level, build: Callable[[Level], C]) -> tuple[C, ...]:
    """client-classes in their order, each made by `build`."""
    found: dict[str, C] = {}
    for level in top.items("client-classes"):
        if level.json["name"] in found:
            raise level.error(f"there is another class {level.json['name']!r}", "name")
        found[level.json["name"]] = build(level)
    return tuple(found.values())


def common_values(level: Level, encoder: OptionEncoder, lifetimes: tuple[str, ...]) -> dict[str, Any]:
    """The fields of ClientClass. lifetimes: the keys that have no effect on an additional class."""
    name = level.json["name"]
    additional = _only_in_additional_list(level)
    if additional and name in _BUILT_IN + _SPECIAL:
        raise level.error(f"class {name} cannot be only in the additional list", "name")
    if additional and not level.json.keys().isdisjoint(lifetimes):
        level.warn("DHCPSRV_CLASS_WITH_ADDITIONAL_AND_LIFETIMES", "its lifetimes have no effect")
    return {
        "name": name,
        "options": encoder.for_class(level).options(level),
        "valid_lifetime": own_lifetime(level, "valid-lifetime"),
        "only_in_additional_list": additional,
        "user_context": level.user_context(),
    }


def _only_in_additional_list(level: Level) -> bool:
    old, new = "only-if-required", "only-in-additional-list"
    if old not in level.json:
        return bool(level.json.get(new, False))
    if new in level.json:
        raise level.error(f"{old} and {new} must not both be given", old)
    level.warn("DHCPSRV_ONLY_IF_REQUIRED_DEPRECATED", f"use {new} instead", old)
    return bool(level.json[old])
