"""Who the client is, by each identifier, and what is reserved for it.

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from kea_mp.config.model import Host, Host4
from kea_mp.hosts.from_config import GLOBAL, Identifier
from workers.serving.engine.agent import CIRCUIT_ID, sub_option
from workers.serving.engine.context import Exchange
from workers.serving.engine.plan import SubnetPlan

H = TypeVar("H", bound=Host)
DUID_TYPE = 255  #: first octet of a client-id that carries IAID and DUID (RFC 4361)


def identifiers_of(x: Exchange) -> tuple[Identifier, ...]:
    """The client's identifiers in the order of host-reservation-identifiers. flex-id needs a hook: never one."""
    found: list[Identifier] = []
    client_id = x.client_id
    for kind in x.know.config.host_identifiers:
        match kind:
            case "hw-address" if x.message.chaddr:
                found.append((kind, x.message.chaddr))
            case "duid" if len(client_id) > 5 and client_id[0] == DUID_TYPE:
                found.append((kind, client_id[5:]))
            case "circuit-id" if x.agent:
                circuit = sub_option(x.agent, CIRCUIT_ID)
                if circuit:
                    found.append((kind, circuit))
            case "client-id" if client_id:
                found.append((kind, client_id))
    return tuple(found)


def global_reservation(x: Exchange) -> Host4 | None:
    """The first global reservation by the client's identifiers in their order."""
    return first_match(x.know.plan.global_hosts.by_identifier, x.identifiers)


def first_match(hosts: Mapping[Identifier, H], identifiers: Iterable[Identifier]) -> H | None:
    """The host of the first of these identifiers that has one."""
    for identifier in identifiers:
        host = hosts.get(identifier)
        if host is not None:
            return host
    return None


def matched(hosts: Mapping[Identifier, H], identifiers: Sequence[Identifier], members: int) -> H | None:
    """The host in one subnet of a shared network of so many members (0: of none). In a network of more subnets than
    identifiers Kea asks once for all of them, and there the last one wins."""
    return first_match(hosts, reversed(identifiers) if members > len(identifiers) else identifiers)


def find_reservations(x: Exchange) -> None:
    """Fill `hosts` for the selected subnet and the others of its shared network."""
    plan = x.plan
    if plan is None:
        return
    parameters = plan.parameters
    early = x.know.config.early_global_reservations
    if not (parameters.reservations_in_subnet or parameters.reservations_global):
        return
    if early and not parameters.reservations_in_subnet:
        return
    if not early:
        x.identifiers = identifiers_of(x)
        if parameters.reservations_global and (host := global_reservation(x)) is not None:
            x.hosts = {GLOBAL: host}
            if not parameters.reservations_in_subnet:
                return
    found = {sibling.id: host for sibling in plan.circle if (host := _of_subnet(x, sibling, plan)) is not None}
    if found:
        x.hosts = {**x.hosts, **found}


def _of_subnet(x: Exchange, sibling: SubnetPlan, plan: SubnetPlan) -> Host4 | None:
    hosts = sibling.hosts.by_identifier
    if not hosts or not sibling.parameters.reservations_in_subnet or not sibling.supports(x.classes.members):
        return None
    return matched(hosts, x.identifiers, len(plan.circle) if plan.network else 0)


def address_reservation(x: Exchange) -> int:
    """The address reserved for the client, 0 if none; moves the exchange to the subnet that has it.

    As Kea 3.0: going round the shared network, in each subnet a usable global address comes before its own.
    """
    if not x.hosts or x.plan is None:
        return 0
    world = x.hosts.get(GLOBAL)
    everywhere = world.address if world is not None else 0
    for plan in circle_for(x, x.plan):
        parameters = plan.parameters
        if everywhere and parameters.reservations_global and plan.contains(everywhere):
            x.plan = plan
            host = x.host()
            return host.address if host is not None else 0
        if parameters.reservations_in_subnet:
            host = x.hosts.get(plan.id)
            if host is not None and host.address and not (plan.out_of_pool and plan.in_pool(host.address)):
                x.plan = plan
                return host.address
    return 0


def circle_for(x: Exchange, first: SubnetPlan) -> tuple[SubnetPlan, ...]:
    """The subnets that may serve this client, beginning with `first`, which is not asked for its guards."""
    circle = first.circle
    if len(circle) == 1:
        return circle
    members = x.classes.members
    return tuple(plan for plan in circle if plan is first or plan.supports(members))


def reserved_for_others(x: Exchange, address: int) -> bool:
    """Whether the selected subnet keeps the address for somebody else."""
    plan = x.plan
    if plan is None or not plan.hosts.by_address or not plan.parameters.reservations_in_subnet:
        return False
    if plan.out_of_pool and plan.in_pool(address):
        return False
    return plan.hosts.of_others(address, x.identifiers)
