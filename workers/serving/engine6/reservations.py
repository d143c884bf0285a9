"""Who a DHCPv6 client is, by each identifier, and what is reserved for it.

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Iterator

from kea_mp.config.model6 import Host6
from kea_mp.hosts.from_config import GLOBAL, Identifier
from kea_mp.leases.model import PD
from workers.serving.clients import find_hosts
from workers.serving.engine6.context import Exchange6, reserves
from workers.serving.engine6.plan import ADDRESS_BITS, SubnetPlan6


def identifiers_of(x: Exchange6) -> tuple[Identifier, ...]:
    """The client's identifiers in the order of host-reservation-identifiers. flex-id needs a hook: never one."""
    found: list[Identifier] = []
    for kind in x.know.config.host_identifiers:
        if kind == "duid" and x.duid:
            found.append((kind, x.duid))
        elif kind == "hw-address" and x.hw:
            found.append((kind, x.hw[1:]))
    return tuple(found)


def find_reservations(x: Exchange6) -> None:
    """Fill `hosts` for the selected subnet and the others of its shared network."""
    find_hosts(x, identifiers_of)


def circle_for(x: Exchange6, first: SubnetPlan6) -> tuple[SubnetPlan6, ...]:
    """The subnets from `first` on that let the client in."""
    circle = first.circle
    if len(circle) == 1:
        return circle if not first.guards or first.supports(x.classes.members) else ()
    members = x.classes.members
    return tuple(plan for plan in circle if plan.supports(members))


def is_mine(x: Exchange6, kind: int, address: bytes, length: int, subnet_id: int) -> bool:
    """Whether the address or prefix is reserved for this client, in that subnet or globally."""
    hosts, plan = x.hosts, x.plan
    if not hosts or plan is None:
        return False
    if plan.parameters.reservations_global and reserves(hosts.get(GLOBAL), kind, address, length):
        return True
    return reserves(hosts.get(subnet_id), kind, address, length)


def reserved_places(host: Host6, kind: int) -> Iterator[tuple[bytes, int]]:
    """The addresses or prefixes of a reservation, each with its length."""
    if kind == PD:
        for one in host.prefixes:
            yield one.prefix, one.length
    else:
        for address in host.addresses:
            yield address, ADDRESS_BITS


def reserved_for_others(plan: SubnetPlan6, kind: int, address: bytes) -> bool:
    """Whether the subnet keeps the address for somebody, once it is clear that this client is not the one."""
    if not plan.hosts.by_address or not plan.parameters.reservations_in_subnet:
        return False
    if plan.out_of_pool and plan.pool_at(kind, address) is not None:
        return False
    return address in plan.hosts.by_address
