"""Who the client is, by each identifier, and what is reserved for it.

Runs in: serving
"""

from __future__ import annotations

from kea_mp.hosts.from_config import GLOBAL, Identifier
from workers.serving.clients import find_hosts
from workers.serving.engine.agent import CIRCUIT_ID, sub_option
from workers.serving.engine.context import Exchange
from workers.serving.engine.plan import SubnetPlan

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


def find_reservations(x: Exchange) -> None:
    """Fill `hosts` for the selected subnet and the others of its shared network."""
    find_hosts(x, identifiers_of)


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
