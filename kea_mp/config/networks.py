"""Shared networks, subnets and pools, as far as both families have them. A: an address, an int or 16 bytes.

Runs in: any
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from kea_mp.config.model import OptionSet
from kea_mp.config.options import OptionEncoder
from kea_mp.config.parameters import ddns, sets_ddns
from kea_mp.config.scope import Level


class _Subnet(Protocol):
    """What is looked at here of a Subnet4 or Subnet6."""

    @property
    def id(self) -> int: ...

    @property
    def prefix(self) -> Any: ...

    @property
    def length(self) -> int: ...


class _Range(Protocol):
    """A pool: first and last address."""

    @property
    def first(self) -> Any: ...

    @property
    def last(self) -> Any: ...


S = TypeVar("S", bound=_Subnet)
P = TypeVar("P")
R = TypeVar("R", bound=_Range)


@dataclass(frozen=True, slots=True)
class Network(Generic[P]):
    """A shared network, as far as its subnets need it. The one without a name stands for "none". P: Parameters4 or
    Parameters6."""

    level: Level
    parameters: P
    name: str = ""
    interface: str = ""
    classes: tuple[str, ...] = ()
    additional_classes: tuple[str, ...] = ()
    options: OptionSet = field(default_factory=dict)


@dataclass(slots=True)
class SubnetTable(ABC, Generic[S, P]):
    """Collects the subnets of a configuration and refuses what two of them may not share."""

    encoder: OptionEncoder
    by_id: dict[int, S] = field(default_factory=dict)
    _prefixes: set[tuple[object, int]] = field(default_factory=set)

    def add_all(self, top: Level, inherited: P) -> tuple[S, ...]:
        """Every subnet in the order of ids, in which Kea looks through them."""
        names: set[str] = set()
        for level in top.items("shared-networks"):
            if level.json["name"] in names:
                raise level.error(f"there is another shared network {level.json['name']!r}", "name")
            names.add(level.json["name"])
            self._add_network(level, inherited)
        plain = Network(top, inherited)
        for level in top.items(self._key(top)):
            self._add(level, plain)
        return tuple(subnet for _, subnet in sorted(self.by_id.items()))

    @staticmethod
    def _key(level: Level) -> str:
        return f"subnet{level.tables.family.number}"

    def _add_network(self, level: Level, inherited: P) -> None:
        network = Network(
            level,
            self._parameters(level, inherited),
            level.json["name"],
            level.json.get("interface", ""),
            level.classes(),
            level.additional_classes(),
            self.encoder.options(level),
        )
        self._check_network(level)
        interface, members = network.interface, []
        for inner in level.items(self._key(level)):
            members.append((inner, self._add(inner, network)))
            own = inner.json.get("interface", "")
            if own and interface and own != interface:
                raise inner.error(f"the shared network or a subnet before uses interface {interface!r}", "interface")
            interface = interface or own
        self._check_members(network, members)

    def _add(self, level: Level, network: Network[P]) -> S:
        subnet = self._subnet(level, network)
        if subnet.id in self.by_id:
            raise level.error(f"there is another subnet with id {subnet.id}", "id")
        if (subnet.prefix, subnet.length) in self._prefixes:
            raise level.error(f"there is another subnet {level.json['subnet']}", "subnet")
        self.by_id[subnet.id] = subnet
        self._prefixes.add((subnet.prefix, subnet.length))
        return subnet

    def _common_values(self, level: Level, network: Network[P]) -> dict[str, Any]:
        """The fields of Subnet, the id and the parameters."""
        own_options = self.encoder.options(level)
        return {
            "id": level.json["id"],
            "parameters": self._parameters(level, network.parameters),
            "network": network.name,
            "interface": level.json.get("interface", "") or network.interface,
            "classes": level.classes(),
            "network_classes": network.classes,
            "additional_classes": tuple(dict.fromkeys(level.additional_classes() + network.additional_classes)),
            "options_chain": (own_options, network.options) if network.name else (own_options,),
            "user_context": level.user_context(),
        }

    @abstractmethod
    def _parameters(self, level: Level, inherited: P) -> P:
        """What holds at the level of a network or subnet."""

    @abstractmethod
    def _subnet(self, level: Level, network: Network[P]) -> S:
        """One subnet, checked."""

    @abstractmethod
    def _check_network(self, level: Level) -> None:
        """What must hold for a shared network, even one without subnets."""

    @abstractmethod
    def _check_members(self, network: Network[P], members: Sequence[tuple[Level, S]]) -> None:
        """What the subnets of a shared network must have alike."""


def pool_values(level: Level, encoder: OptionEncoder) -> dict[str, Any]:
    """The fields of Pool."""
    return {
        "pool_id": level.json.get("pool-id", 0),
        "classes": level.classes(),
        "additional_classes": level.additional_classes(),
        "options": encoder.options(level),
        "user_context": level.user_context(),
    }


def address_pool_values(level: Level, encoder: OptionEncoder) -> dict[str, Any]:
    """The same and a pool's own policy of names."""
    return {**pool_values(level, encoder), "ddns": ddns(level) if sets_ddns(level) else None}


def address_pools(level: Level, first: Any, last: Any, build: Callable[[Level], R]) -> tuple[R, ...]:
    """The address pools of a subnet in the order of their addresses; they must lie in first..last and apart."""
    pools: list[R] = []
    for inner in level.items("pools"):
        pool = build(inner)
        if not first <= pool.first <= pool.last <= last:
            raise inner.error(f"the pool {inner.json['pool']!r} is not within the subnet", "pool")
        insert_apart(pools, pool, lambda one: (one.first, one.last), inner, "pool")
    return tuple(pools)


def insert_apart(pools: list[P], pool: P, bounds: Callable[[P], tuple[Any, Any]], level: Level, key: str) -> None:
    """Put a pool in its place among others, which are in the order of addresses and must not touch it."""
    first, last = bounds(pool)
    at = bisect_left(pools, first, key=lambda one: bounds(one)[0])
    if (at and bounds(pools[at - 1])[1] >= first) or (at < len(pools) and bounds(pools[at])[0] <= last):
        raise level.error(f"the pool {level.json[key]!r} overlaps with another one of its subnet", key)
    pools.insert(at, pool)


def relay_addresses(level: Level, address_of: Callable[..., P]) -> tuple[P, ...]:
    """The addresses of `relay`, none without it. address_of: reads one, as `Level.address_of`."""
    texts = level.json.get("relay", {}).get("ip-addresses", ())
    found = []
    for index, text in enumerate(texts):
        steps = ("relay", "ip-addresses", index)
        address = address_of(text, *steps)
        if address in found:
            raise level.error(f"{text} is there twice", *steps)
        found.append(address)
    return tuple(found)


def prefix_length(level: Level, text: str, bits: int, key: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= bits):
        raise level.error(f"{text!r} is not a prefix length between 0 and {bits}", key)
    return int(text)


def without_blanks(text: str) -> str:
    return text.replace(" ", "").replace("\t", "")


def subnet_prefix(level: Level, bits: int, address_of: Callable[..., P]) -> tuple[P, int]:
    """The address in `subnet` and its prefix length. bits: of an address; address_of: reads one."""
    text = without_blanks(level.json["subnet"])
    address_text, slash, length_text = text.partition("/")
    if not slash:
        raise level.error(f"{text!r} is not of the form prefix/length", "subnet")
    return address_of(address_text, "subnet"), prefix_length(level, length_text, bits, "subnet")


def pool_range(
    level: Level, bits: int, address_of: Callable[..., P], last_of: Callable[[P, int], P | None]
) -> tuple[P, P]:
    """First and last address of `pool`: "first - last" or "prefix/length". last_of: the last address of a prefix, None
    when its host bits are not clear."""
    text = without_blanks(level.json["pool"])
    if "/" in text:
        address_text, _, length_text = text.partition("/")
        first, length = address_of(address_text, "pool"), prefix_length(level, length_text, bits, "pool")
        end = last_of(first, length) if length else None
        if end is None:
            raise level.error(f"{address_text} is not the first address of a prefix of length {length}", "pool")
        return first, end
    first_text, dash, last_text = text.partition("-")
    if not dash:
        raise level.error(f'{text!r} is neither "first - last" nor "prefix/length"', "pool")
    first, last = address_of(first_text, "pool"), address_of(last_text, "pool")
    if last < first:  # type: ignore[operator]
        raise level.error(f"{last_text} is below {first_text}", "pool")
    return first, last
