"""What the loop and the scheduler must know about the messages of one family: how they are read, told apart, answered,
counted and named. `traffic4` and `traffic6` hold one value each; its functions are bound once, for they run per packet.

Runs in: serving
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol

from typing_extensions import TypeVar

from kea_mp.family import Family
from workers.serving.engine.packet import Drop


class Received(Protocol):
    """What was received: `Packet4`, `Packet6`."""

    @property
    def message(self) -> Any: ...


class Answer(Protocol):
    """What is to be sent: `Reply4`, `Reply6`."""

    @property
    def kind(self) -> int: ...
    @property
    def destination(self) -> Any: ...
    @property
    def port(self) -> int: ...
    @property
    def statistics(self) -> tuple[str, ...]: ...


P = TypeVar("P", bound=Received, default=Any)
R = TypeVar("R", bound=Answer, default=Any)


@dataclass(frozen=True, slots=True)
class Identifiers:
    """Kea's message identifiers, where the two programs differ by more than the digit."""

    duplicate: str
    failed: str  #: could not be answered in time
    disabled: str
    unreadable: str
    receive_failed: str  #: the socket has an error


@dataclass(frozen=True, slots=True)
class Traffic(Generic[P, R]):
    """One family. Ports and datagrams are those of that family.

    read: the packet in a datagram; WireError. key: the
    client whose packets are handled one after the other, out of a packet and its type, b"" when that does not matter.
    label, source, destination: for log lines, who a message is about and where a datagram or an answer came from or
    goes. first: the type of message that begins an exchange, in words `firsts`; looks_first: whether a payload is one,
    at a glance. received, sent: names of statistics by message type.
    """

    family: Family
    identifiers: Identifiers
    read: Callable[[Any, Any, bool], P]
    key: Callable[[P, int], bytes]
    label: Callable[[Any], str]
    text: Callable[[Any], str]  #: an address for people
    first: int
    firsts: str
    looks_first: Callable[[bytes], bool]
    received: Mapping[int, str]
    sent: Mapping[int, str]
    packets: logging.Logger = field(init=False)
    bad_packets: logging.Logger = field(init=False)
    duplicate: Drop = field(init=False)
    given_up: Drop = field(init=False)
    failed: Drop = field(init=False)

    def __post_init__(self) -> None:
        drop = self.statistic("receive-drop")
        failed = self.statistic("processing-failed")
        values = {
            "packets": logging.getLogger(self.family.logger("packets")),
            "bad_packets": logging.getLogger(self.family.logger("bad-packets")),
            "duplicate": Drop(self.statistic("duplicate"), self.identifiers.duplicate, (drop,)),
            "given_up": Drop(failed, self.identifiers.failed, (drop, "kea-mp-exchange-given-up")),
            "failed": Drop(failed, "", (drop,)),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def statistic(self, rest: str) -> str:
        """A name of Kea's packet statistics: `statistic("received")` is "pkt4-received"."""
        return f"{self.family.packets}-{rest}"

    @property
    def counted(self) -> tuple[str, ...]:
        """What a packet worker counts itself, there with value 0 from the start."""
        own = ("received", "unknown-received", "sent", "service-disabled", "parse-failed", "receive-drop")
        return (*map(self.statistic, own), *self.received.values(), *self.sent.values())
