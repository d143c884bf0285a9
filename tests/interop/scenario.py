"""What a differential scenario is: a configuration and the packets sent to both servers, as data.

Runs in: any
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from kea_mp.family import DHCP4, Family

Json = dict[str, Any]

SERVER_MAC = "02:5e:00:00:00:01"
SIDE_MAC = "02:c1:00:00:00:02"  #: of the interface that clients and relays share


class Asked(ABC):
    """One packet, of either family."""

    @property
    @abstractmethod
    def name(self) -> str:
        """For people."""


@dataclass(frozen=True)
class Sleep:
    """Let time pass on both servers."""

    seconds: float


Step = Asked | Sleep


@dataclass(frozen=True)
class Scenario:
    """name: one sentence's worth. config: the content of Dhcp4 or Dhcp6 without what each server has of its own.

    expect: per packet the type of answer that this scenario is about, None for silence: so that a scenario in which
    both servers are silent by a mistake of ours is found. After the last packet the lease files are compared as well.
    allowed: "field", "step.field" or, for all of its fields, "step" → why the two may differ. The step of what is in
    the lease file is "lease".
    """

    name: str
    config: Json
    steps: tuple[Step, ...]
    expect: tuple[int | None, ...]
    allowed: dict[str, str] = field(default_factory=dict)
    family: Family = DHCP4

    def __post_init__(self) -> None:
        asked = sum(isinstance(step, Asked) for step in self.steps)
        if asked != len(self.expect):
            raise ValueError(f"{self.name}: {asked} packets, {len(self.expect)} expectations")


def dashed(members: Json) -> Json:
    """Keywords as keys: "_" stands for "-"."""
    return {name.replace("_", "-"): value for name, value in members.items()}


def option(name_or_code: str | int, data: str | None = None, **more: Any) -> Json:
    """An entry of option-data."""
    key = "name" if isinstance(name_or_code, str) else "code"
    return {key: name_or_code, **({} if data is None else {"data": data}), **dashed(more)}


def u8(value: int) -> bytes:
    return value.to_bytes(1, "big")


def u16(value: int) -> bytes:
    return value.to_bytes(2, "big")


def u32(value: int) -> bytes:
    return value.to_bytes(4, "big")
