"""One of the two servers with the client beside it, and what two answers are compared by.

Runs in: any (root)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Generic, TypeVar

from tests.interop.scenario import Asked
from tests.lab.daemon import KeaMp
from tests.lab.peer import Peer
from tests.lab.wire_client import Listener

A = TypeVar("A")

ORDER = "order of options"


class Seconds(int):
    """Time that is left: it may differ by one when a second passes between two servers."""


Told = dict[str, object]  #: an answer taken to pieces: name of a field → its value


@dataclass(frozen=True)
class Difference:
    """step: number and name of the packet, from 1."""

    step: str
    field: str
    ours: str
    kea: str

    def __str__(self) -> str:
        return f"{self.step}: {self.field}: ours {self.ours}, Kea {self.kea}"


class Side(ABC, Generic[A]):
    """One server and the client beside it, which remembers the last useful answer to each of its clients."""

    def __init__(self, server: Peer | KeaMp, client: Listener[A]) -> None:
        self.server, self.client = server, client

    @abstractmethod
    def send(self, step: Asked) -> None:
        """Send a packet, completed by what its client was told."""

    @abstractmethod
    def remember(self, answer: A) -> None: ...

    @abstractmethod
    def type_of(self, answer: A) -> int:
        """The message's type."""

    @abstractmethod
    def type_name(self, number: int) -> str: ...

    @abstractmethod
    def told(self, answer: A) -> Told:
        """Everything in the answer that is to be the same."""

    def said(self, answer: A | None) -> str:
        return "silence" if answer is None else self.type_name(self.type_of(answer))


def compare(step: str, ours: Told, theirs: Told) -> list[Difference]:
    """Field by field and option by option; the order of options when they are the same."""
    found = []
    for name in {**theirs, **ours}:
        a, b = ours.get(name), theirs.get(name)
        if a == b or (isinstance(a, Seconds) and isinstance(b, Seconds) and abs(a - b) <= 1):
            continue
        if name == ORDER and ours.keys() != theirs.keys():
            continue
        found.append(Difference(step, name, _show(a), _show(b)))
    return found


def _show(value: object) -> str:
    if isinstance(value, bytes):
        text = value.rstrip(b"\0")
        return f"{value.hex()} {text!r}" if text.isascii() and text and text.decode().isprintable() else value.hex()
    return "absent" if value is None else str(value)
