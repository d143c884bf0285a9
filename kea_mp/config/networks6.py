"""Shared networks, subnets, pools and pd-pools of DHCPv6.

Runs in: any
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kea_mp.config.hosts6 import HostTable6
from kea_mp.config.model6 import Parameters6, PdPool6, Pool6, Subnet6, last_address
from kea_mp.config.networks import (
    Network,
    SubnetTable,
    address_pool_values,
    address_pools,
    insert_apart,
    pool_range,
    pool_values,
    relay_addresses,
    subnet_prefix,
)
from kea_mp.config.parameters6 import parameters6
from kea_mp.config.prefixes6 import ADDRESS_BITS, check_excluded, check_host_bits
from kea_mp.config.scope import Level
from kea_mp.values import masked6, text6

_UNSPECIFIED = bytes(16)


@dataclass(slots=True, kw_only=True)
class SubnetTable6(SubnetTable[Subnet6, Parameters6]):
    hosts: HostTable6

    def _parameters(self, level: Level, inherited: Parameters6) -> Parameters6:
        return parameters6(level, inherited)

    def _subnet(self, level: Level, network: Network[Parameters6]) -> Subnet6:
        address, length = subnet_prefix(level, ADDRESS_BITS, level.address6_of)
        prefix = masked6(address, length)
        pools = address_pools(level, prefix, last_address(prefix, length), self._pool)
        holder = level if "relay" in level.json else network.level
        return Subnet6(
            **self._common_values(level, network),
            prefix=prefix,
            length=length,
            pools=pools,
            pd_pools=self._pd_pools(level, pools),
            interface_id=_interface_id(level) or _interface_id(network.level),
            relays=relay_addresses(holder, holder.address6_of),
            rapid_commit=bool(level.find("rapid-commit")),
            hosts=self.hosts.add_all(level, level.json["id"], (prefix, length)),
        )

    def _check_network(self, level: Level) -> None:
        _interface_id(level)
        relay_addresses(level, level.address6_of)

    def _check_members(self, network: Network[Parameters6], members: Sequence[tuple[Level, Subnet6]]) -> None:
        for level, subnet in members:
            if subnet.rapid_commit != members[0][1].rapid_commit:
                raise level.error("rapid-commit differs from that of a subnet before in the shared network")

    def _pool(self, level: Level) -> Pool6:
        first, last = pool_range(level, ADDRESS_BITS, level.address6_of, _last)
        return Pool6(**address_pool_values(level, self.encoder), first=first, last=last)

    def _pd_pools(self, level: Level, pools: Sequence[Pool6]) -> tuple[PdPool6, ...]:
        """The pd-pools in the order of their addresses, apart from each other and, as Kea has it, from the pools."""
        found: list[PdPool6] = []
        for inner in level.items("pd-pools"):
            pool = self._pd_pool(inner)
            if any(other.first <= pool.last and pool.prefix <= other.last for other in pools):
                raise inner.error("the pd-pool overlaps with a pool of addresses of its subnet", "prefix")
            insert_apart(found, pool, lambda one: (one.prefix, one.last), inner, "prefix")
        return tuple(found)

    def _pd_pool(self, level: Level) -> PdPool6:
        prefix, length = level.address6_of(level.json["prefix"], "prefix"), level.json["prefix-len"]
        delegated = level.json["delegated-len"]
        check_host_bits(level, prefix, length, "prefix")
        if delegated < length:
            raise level.error(f"{delegated} is shorter than the prefix length {length}", "delegated-len")
        excluded, excluded_length = _excluded(level, (prefix, delegated))
        return PdPool6(
            **pool_values(level, self.encoder),
            prefix=prefix,
            length=length,
            delegated_length=delegated,
            excluded=excluded,
            excluded_length=excluded_length,
        )


def _excluded(level: Level, delegated: tuple[bytes, int]) -> tuple[bytes, int]:
    """excluded-prefix and its length, (b"", 0) when nothing is excluded. delegated: the first prefix of the pool."""
    text, length = level.json.get("excluded-prefix", "::"), level.json.get("excluded-prefix-len", 0)
    address = level.address6_of(text, "excluded-prefix")
    if (address == _UNSPECIFIED) != (length == 0):
        key = "excluded-prefix-len" if "excluded-prefix-len" in level.json else "excluded-prefix"
        raise level.error(f"{text6(address)}/{length}: excluded-prefix and its length must both be given", key)
    if not length:
        return b"", 0
    check_excluded(level, delegated, (address, length), "excluded-prefix")
    return address, length


def _interface_id(level: Level) -> bytes:
    """interface-id as the option's payload, b"" when it is not given."""
    text: str = level.json.get("interface-id", "")
    if text and level.json.get("interface"):
        raise level.error("interface and interface-id must not both be given", "interface-id")
    return text.encode("utf-8", "surrogateescape")


def _last(prefix: bytes, length: int) -> bytes | None:
    return last_address(prefix, length) if masked6(prefix, length) == prefix else None
