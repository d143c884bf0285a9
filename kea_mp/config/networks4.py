"""Shared networks, subnets and pools.

Runs in: any
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter

from kea_mp.config.hosts4 import HostTable
from kea_mp.config.model import OptionSet, Parameters4, Pool4, Subnet4
from kea_mp.config.options4 import OptionEncoder
from kea_mp.config.parameters4 import ddns, parameters, sets_ddns
from kea_mp.config.scope import Level
from kea_mp.values import text4


@dataclass(frozen=True, slots=True)
class Network:
    """A shared network, as far as its subnets need it. The one without a name stands for "none"."""

    level: Level
    parameters: Parameters4
    name: str = ""
    interface: str = ""
    classes: tuple[str, ...] = ()
    additional_classes: tuple[str, ...] = ()
    options: OptionSet = field(default_factory=dict)


@dataclass(slots=True)
class Subnets:
    """Collects the subnets of a configuration and refuses what two of them may not share."""

    hosts: HostTable
    encoder: OptionEncoder
    by_id: dict[int, Subnet4] = field(default_factory=dict)
    _prefixes: set[tuple[int, int]] = field(default_factory=set)

    def add_all(self, top: Level, inherited: Parameters4) -> tuple[Subnet4, ...]:
        """Every subnet in the order of ids, in which Kea looks through them."""
        names: set[str] = set()
        for level in top.items("shared-networks"):
            if level.json["name"] in names:
                raise level.error(f"there is another shared network {level.json['name']!r}", "name")
            names.add(level.json["name"])
            self._add_network(level, inherited)
        plain = Network(top, inherited)
        for level in top.items("subnet4"):
            self._add(level, plain)
        return tuple(subnet for _, subnet in sorted(self.by_id.items()))

    def _add_network(self, level: Level, inherited: Parameters4) -> None:
        network = Network(
            level,
            parameters(level, inherited),
            level.json["name"],
            level.json.get("interface", ""),
            level.classes(),
            level.additional_classes(),
            self.encoder.options(level),
        )
        interface = network.interface
        _relays(level)
        for inner in level.items("subnet4"):
            subnet = self._add(inner, network)
            if subnet.parameters.authoritative != network.parameters.authoritative:
                raise inner.error("authoritative differs from that of the shared network", "authoritative")
            own = inner.json.get("interface", "")
            if own and interface and own != interface:
                raise inner.error(f"the shared network or a subnet before uses interface {interface!r}", "interface")
            interface = interface or own

    def _add(self, level: Level, network: Network) -> Subnet4:
        prefix, length = subnet_prefix(level)
        identifier = level.json["id"]
        if identifier in self.by_id:
            raise level.error(f"there is another subnet with id {identifier}", "id")
        if (prefix, length) in self._prefixes:
            raise level.error(f"there is another subnet {text4(prefix)}/{length}", "subnet")
        subnet = self._subnet(level, network, prefix, length)
        self.by_id[identifier] = subnet
        self._prefixes.add((prefix, length))
        return subnet

    def _subnet(self, level: Level, network: Network, prefix: int, length: int) -> Subnet4:
        own_options = self.encoder.options(level)
        return Subnet4(
            id=level.json["id"],
            prefix=prefix,
            length=length,
            pools=self._pools(level, prefix, prefix | (0xFFFFFFFF >> length)),
            parameters=parameters(level, network.parameters),
            network=network.name,
            interface=level.json.get("interface", "") or network.interface,
            relays=_relays(level) if "relay" in level.json else _relays(network.level),
            classes=level.classes(),
            network_classes=network.classes,
            additional_classes=tuple(dict.fromkeys(level.additional_classes() + network.additional_classes)),
            options_chain=(own_options, network.options) if network.name else (own_options,),
            hosts=self.hosts.add_all(level, level.json["id"], (prefix, length)),
            user_context=level.user_context(),
        )

    def _pools(self, level: Level, first: int, last: int) -> tuple[Pool4, ...]:
        """The pools in the order of their addresses; they must lie in first..last and apart."""
        pools: list[Pool4] = []
        for inner in level.items("pools"):
            pool = self._pool(inner)
            if not first <= pool.first <= pool.last <= last:
                raise inner.error(f"the pool {inner.json['pool']!r} is not within the subnet", "pool")
            at = bisect_left(pools, pool.first, key=attrgetter("first"))
            if (at and pools[at - 1].last >= pool.first) or (at < len(pools) and pools[at].first <= pool.last):
                raise inner.error(f"the pool {inner.json['pool']!r} overlaps with another one of its subnet", "pool")
            pools.insert(at, pool)
        return tuple(pools)

    def _pool(self, level: Level) -> Pool4:
        first, last = pool_range(level)
        return Pool4(
            first=first,
            last=last,
            pool_id=level.json.get("pool-id", 0),
            classes=level.classes(),
            additional_classes=level.additional_classes(),
            options=self.encoder.options(level),
            ddns=ddns(level) if sets_ddns(level) else None,
            user_context=level.user_context(),
        )


def subnet_prefix(level: Level) -> tuple[int, int]:
    """The prefix of `subnet` with its host bits cleared, and its length."""
    text = _without_blanks(level.json["subnet"])
    address_text, slash, length_text = text.partition("/")
    if not slash:
        raise level.error(f"{text!r} is not of the form prefix/length", "subnet")
    address, length = level.address_of(address_text, "subnet"), _length(level, length_text, "subnet")
    return address & (0xFFFFFFFF << (32 - length)) & 0xFFFFFFFF, length


def pool_range(level: Level) -> tuple[int, int]:
    """First and last address of `pool`: "first - last" or "prefix/length"."""
    text = _without_blanks(level.json["pool"])
    if "/" in text:
        address_text, _, length_text = text.partition("/")
        first, length = level.address_of(address_text, "pool"), _length(level, length_text, "pool")
        if not length or first & (0xFFFFFFFF >> length):
            raise level.error(f"{address_text} is not the first address of a prefix of length {length}", "pool")
        return first, first | (0xFFFFFFFF >> length)
    first_text, dash, last_text = text.partition("-")
    if not dash:
        raise level.error(f'{text!r} is neither "first - last" nor "prefix/length"', "pool")
    first, last = level.address_of(first_text, "pool"), level.address_of(last_text, "pool")
    if last < first:
        raise level.error(f"{last_text} is below {first_text}", "pool")
    return first, last


def _without_blanks(text: str) -> str:
    return text.replace(" ", "").replace("\t", "")


def _length(level: Level, text: str, key: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 32):
        raise level.error(f"{text!r} is not a prefix length between 0 and 32", key)
    return int(text)


def _relays(level: Level) -> tuple[int, ...]:
    if "relay" not in level.json:
        return ()
    return tuple(_relay_addresses(level))


def _relay_addresses(level: Level) -> Iterator[int]:
    texts = level.json["relay"]["ip-addresses"]
    for index, text in enumerate(texts):
        address = level.address_of(text, "relay", "ip-addresses", index)
        if text in texts[:index]:
            raise level.error(f"{text} is there twice", "relay", "ip-addresses", index)
        yield address
