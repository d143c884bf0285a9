"""Shared networks, subnets and pools of DHCPv4.

Runs in: any
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kea_mp.config.hosts4 import HostTable4
from kea_mp.config.model import Parameters4, Pool4, Subnet4
from kea_mp.config.networks import (
    Network,
    SubnetTable,
    address_pool_values,
    address_pools,
    pool_range,
    relay_addresses,
    subnet_prefix,
)
from kea_mp.config.parameters4 import parameters4
from kea_mp.config.scope import Level

_BITS = 32


@dataclass(slots=True, kw_only=True)
class SubnetTable4(SubnetTable[Subnet4, Parameters4]):
    hosts: HostTable4

    def _parameters(self, level: Level, inherited: Parameters4) -> Parameters4:
        return parameters4(level, inherited)

    def _subnet(self, level: Level, network: Network[Parameters4]) -> Subnet4:
        address, length = subnet_prefix(level, _BITS, level.address_of)
        prefix = address & (0xFFFFFFFF << (_BITS - length)) & 0xFFFFFFFF
        holder = level if "relay" in level.json else network.level
        return Subnet4(
            **self._common_values(level, network),
            prefix=prefix,
            length=length,
            pools=address_pools(level, prefix, prefix | (0xFFFFFFFF >> length), self._pool),
            relays=relay_addresses(holder, holder.address_of),
            hosts=self.hosts.add_all(level, level.json["id"], (prefix, length)),
        )

    def _check_network(self, level: Level) -> None:
        relay_addresses(level, level.address_of)

    def _check_members(self, network: Network[Parameters4], members: Sequence[tuple[Level, Subnet4]]) -> None:
        for level, subnet in members:
            if subnet.parameters.authoritative != network.parameters.authoritative:
                raise level.error("authoritative differs from that of the shared network", "authoritative")

    def _pool(self, level: Level) -> Pool4:
        first, last = pool_range(level, _BITS, level.address_of, _last)
        return Pool4(**address_pool_values(level, self.encoder), first=first, last=last)


def _last(prefix: int, length: int) -> int | None:
    rest = 0xFFFFFFFF >> length
    return None if prefix & rest else prefix | rest
