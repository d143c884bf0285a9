"""Where a builder stands in the JSON, and how a parameter is found from there outwards.

Runs in: any
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from kea_mp.config.check import Complaints
from kea_mp.config.keys import Tables
from kea_mp.config.parse import JsonPath
from kea_mp.errors import ConfigError
from kea_mp.values import address6, quick4

Json = dict[str, Any]

_OCTET = "(?:0|1[0-9]{0,2}|2(?:[0-4][0-9]?|5[0-5]?|[6-9])?|[3-9][0-9]?)"
_ADDRESS = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")  # "010" is eight for some, ten for others: for Kea nothing


@dataclass(frozen=True, slots=True)
class Level:
    """A map of the configuration and its place. outer: where what it lacks is inherited from."""

    json: Json
    path: JsonPath
    complaints: Complaints
    tables: Tables
    outer: Level | None = None

    @staticmethod
    def top(json: Json, complaints: Complaints, tables: Tables) -> Level:
        """The map Dhcp4 or Dhcp6, which inherits from Kea's defaults."""
        path = (tables.family.top,)
        return Level(json, path, complaints, tables, Level(dict(tables.defaults), path, complaints, tables))

    def inner(self, json: Json, *steps: str | int) -> Level:
        """A map inside this one that inherits from it."""
        return Level(json, (*self.path, *steps), self.complaints, self.tables, self)

    def error(self, problem: str, *steps: str | int) -> ConfigError:
        return self.complaints.error((*self.path, *steps), problem)

    def warn(self, identifier: str, text: str, *steps: str | int) -> None:
        self.complaints.warn((*self.path, *steps), identifier, text)

    def items(self, name: str) -> list[Level]:
        """The maps in the list `name`, none without it."""
        return [self.inner(item, name, index) for index, item in enumerate(self.json.get(name, ()))]

    def holder(self, name: str, empty: bool = True) -> Level | None:
        """The nearest level that sets `name`. empty: whether "" counts as set."""
        level: Level | None = self
        while level is not None:
            if name in level.json and (empty or level.json[name] != ""):
                return level
            level = level.outer
        return None

    def find(self, name: str, default: Any = None) -> Any:
        """The inherited value of `name`."""
        level = self.holder(name)
        return default if level is None else level.json[name]

    def address(self, name: str) -> int:
        """The IPv4 address under `name`, which must be there."""
        return self.address_of(self.json[name], name)

    def address_of(self, text: str, *steps: str | int) -> int:
        """An IPv4 address that stands at `steps`."""
        if _ADDRESS.fullmatch(text) is None:
            raise self.error(f"{text!r} is not an IPv4 address", *steps)
        return quick4(text)

    def address6_of(self, text: str, *steps: str | int) -> bytes:
        """An IPv6 address that stands at `steps`, as 16 bytes."""
        try:
            return address6(text)
        except ValueError as error:
            raise self.error(str(error), *steps) from error

    def user_context(self) -> Json | None:
        """user-context with `comment` in it, as Kea merges them; None without either."""
        context, comment = self.json.get("user-context"), self.json.get("comment")
        if comment is None:
            return context
        return {**(context or {}), "comment": comment}

    def classes(self) -> tuple[str, ...]:
        """client-classes, or the older client-class."""
        if "client-class" not in self.json:
            return self._names("client-classes")
        if "client-classes" in self.json:
            raise self.error("client-class and client-classes must not both be given", "client-class")
        self.warn("DHCPSRV_CLIENT_CLASS_DEPRECATED", "use client-classes instead", "client-class")
        name = self.json["client-class"]
        return (name,) if name else ()

    def additional_classes(self) -> tuple[str, ...]:
        """evaluate-additional-classes, or the older require-client-classes."""
        old, new = "require-client-classes", "evaluate-additional-classes"
        if old not in self.json:
            return self._names(new)
        if new in self.json:
            raise self.error(f"{old} and {new} must not both be given", old)
        self.warn("DHCPSRV_REQUIRE_CLIENT_CLASSES_DEPRECATED", f"use {new} instead", old)
        return self._names(old)

    def _names(self, key: str) -> tuple[str, ...]:
        names = self.json.get(key)
        if not names:
            return ()
        if "" in names:
            raise self.error("a class name must not be empty", key, names.index(""))
        return tuple(dict.fromkeys(names))
