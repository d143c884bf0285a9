"""Client classes of a packet: an ordered, immutable set that knows the definitions of its members.

The order counts, because the first class that sets an option or a lifetime wins. Expressions are not evaluated yet:
classes come from the built-in rules, from reservations and from the evaluate-additional-classes lists.

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic

from typing_extensions import TypeVar

from kea_mp.config.model import ClientClass, ClientClass4

MOST_KEPT = 4096  #: sets remembered; vendor classes are the client's invention, so the memory must end somewhere

D = TypeVar("D", bound=ClientClass, default=ClientClass4)


class Classes(Generic[D]):
    """names in the order of assignment. defined: the definitions of those that the configuration has."""

    __slots__ = ("defined", "members", "names", "unknown")

    def __init__(self, names: tuple[str, ...], defined: tuple[D, ...]) -> None:
        self.names, self.defined, self.members = names, defined, frozenset(names)
        self.unknown: Classes[D] | None = None  #: the same with UNKNOWN, once somebody asked


class ClassBook(Generic[D]):
    """Makes `Classes`, the same object for the same names."""

    __slots__ = ("_definitions", "_kept", "_vendors", "all")

    def __init__(self, definitions: Iterable[D]) -> None:
        self._definitions = {definition.name: definition for definition in definitions}
        self._kept: dict[tuple[str, ...], Classes[D]] = {}
        self._vendors: dict[bytes, Classes[D]] = {}
        self.all = self._make(("ALL",))

    def of_vendor(self, vendor_class: bytes) -> Classes[D]:
        """ALL and VENDOR_CLASS_<option 60>."""
        found = self._vendors.get(vendor_class)
        if found is None:
            if len(self._vendors) >= MOST_KEPT:
                self._vendors.clear()
            name = "VENDOR_CLASS_" + vendor_class.rstrip(b"\0").decode("utf-8", "surrogateescape")
            found = self._vendors[vendor_class] = self._make(("ALL", name))
        return found

    def added(self, classes: Classes[D], *more: str) -> Classes[D]:
        """The set with more classes at its end; those that it has already stay where they are."""
        new = tuple(name for name in dict.fromkeys(more) if name not in classes.members)
        return self._make(classes.names + new) if new else classes

    def of_stranger(self, classes: Classes[D]) -> Classes[D]:
        """The set with UNKNOWN: for a client without reservation."""
        found = classes.unknown
        if found is None:
            found = classes.unknown = self.added(classes, "UNKNOWN")
        return found

    def defines(self, name: str) -> bool:
        return name in self._definitions

    def _make(self, names: tuple[str, ...]) -> Classes[D]:
        found = self._kept.get(names)
        if found is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            defined = tuple(self._definitions[name] for name in names if name in self._definitions)
            found = self._kept[names] = Classes(names, defined)
        return found
