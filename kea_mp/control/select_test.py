"""subnet4-select-test, subnet4o6-select-test: which subnet a described message would be placed in.

Runs in: supervisor
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from kea_mp.config.guards import Guards, guards_of
from kea_mp.config.model import Config4, Subnet4
from kea_mp.config.selection4 import Selection
from kea_mp.control.answer import Answer, Result, success
from kea_mp.control.arguments import NONE, decoded
from kea_mp.control.daemon import Daemon
from kea_mp.errors import CommandError
from kea_mp.values import address4, address6, text4

BROADCAST = 0xFFFFFFFF
NOTHING = Answer(Result.EMPTY, "no subnet selected")

_IDENTIFIER = re.compile(r"\s*'.+'\s*|\s*(0x)?[0-9a-fA-F]+\s*|\s*[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2})+\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Guarded:
    subnet: Subnet4
    guards: Guards


def subnet4_select_test(daemon: Daemon, raw: msgspec.Raw) -> Answer:
    """The rules of the packet workers, for a message of which only this is known."""
    config = daemon.config
    assert isinstance(config, Config4)
    ignores_link = config.compatibility.ignore_rai_link_selection
    given = dict(_read(raw, _ENTRIES4, "subnet" if not ignores_link else ""))
    found = _selected(daemon, config, given, 0 if ignores_link else given.get("link", 0))
    if found is None:
        return NOTHING
    where = f"subnet '{text4(found.prefix)}/{found.length}' id {found.id}"
    return success(f"selected shared network '{found.network}' starting with {where}" if found.network else
                   f"selected {where}")  # fmt: skip


def subnet4o6_select_test(_: Daemon, raw: msgspec.Raw) -> Answer:
    """No subnet takes DHCPv4-over-DHCPv6: its parameters are refused in the configuration."""
    dict(_read(raw, _ENTRIES4O6, ""))
    return NOTHING


def _selected(daemon: Daemon, config: Config4, given: dict[str, Any], link: int) -> Subnet4 | None:
    classes = frozenset(given.get("classes", ()))
    selection = Selection(_Guarded(subnet, guards_of(subnet)) for subnet in config.subnets)
    named, relay = link or given.get("subnet", 0), given.get("relay", 0)
    address = 0 if given.get("local") == BROADCAST else given.get("address") or given.get("remote", 0)
    found: _Guarded | None = None
    if named:
        found = selection.containing(named, classes)
    elif relay:
        found = selection.behind_relay(relay, classes)
    elif address:
        found = selection.containing(address, classes)
    elif interface := given.get("interface", ""):
        addresses = daemon.addresses_on(interface)
        if addresses is None:
            raise CommandError(f"interface {interface!r} does not exist")
        found = selection.on_interface(interface, next(iter(addresses), 0), classes)
    return None if found is None else found.subnet


def _read(raw: msgspec.Raw, entries: dict[str, Callable[[Any], Any]], overruled: str) -> Iterator[tuple[str, Any]]:
    """The entries of the arguments. overruled: the one that "link" takes the place of, unread as in Kea. CommandError
    for one that is not known or not right."""
    if raw is NONE:
        raise CommandError("arguments are missing")
    arguments = decoded(raw)
    if not isinstance(arguments, dict):
        raise CommandError("the arguments must be a map")
    for name, value in arguments.items():
        if name == overruled and "link" in arguments:
            continue
        reader = entries.get(name)
        if reader is None:
            raise CommandError(f"unknown entry {name!r}")
        try:
            yield name, reader(value)
        except ValueError as problem:
            raise CommandError(f"{name!r}: {problem}") from problem


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be a string, not {value!r}")
    return value


def _address4(value: Any) -> int:
    return address4(_text(value))


def _address6(value: Any) -> bytes:
    return address6(_text(value))


def _classes(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError("must be a list of strings")
    return tuple(_text(name) for name in value)


def _identifier(value: Any) -> str:
    """An interface-id: text in quotes or hexadecimal digits."""
    if not _IDENTIFIER.fullmatch(_text(value)):
        raise ValueError(f"must be text in single quotes or hexadecimal digits, not {value!r}")
    return str(value)


_ENTRIES4: dict[str, Callable[[Any], Any]] = {
    "interface": _text,
    "classes": _classes,
    **dict.fromkeys(("address", "relay", "local", "remote", "link", "subnet"), _address4),
}
_ENTRIES4O6: dict[str, Callable[[Any], Any]] = {
    "interface": _text,
    "interface-id": _identifier,
    "classes": _classes,
    **dict.fromkeys(("address", "relay", "subnet"), _address4),
    **dict.fromkeys(("local", "remote", "link"), _address6),
}
