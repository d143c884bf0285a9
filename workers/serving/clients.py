"""What a client's reservations make of it, in both families: the classes that they give, KNOWN or UNKNOWN, DROP, and
those that only the final subnet and pool bring.

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

from kea_mp.config.model import Host, Parameters, Pool
from kea_mp.hosts.from_config import GLOBAL, Identifier
from workers.serving.engine.packet import Drop

H = TypeVar("H", bound=Host)


class Prepared(Protocol):
    """A prepared subnet of either family."""

    id: int

    @property
    def parameters(self) -> Parameters: ...


class Client(Protocol):
    """An exchange of either family, as far as it is looked at here."""

    know: Any
    plan: Any
    hosts: Any
    identifiers: tuple[Identifier, ...]
    classes: Any
    statistics: tuple[str, ...]

    def host(self) -> Any: ...


X = TypeVar("X", bound=Client)


def host_of(hosts: Mapping[int, H], plan: Prepared | None) -> H | None:
    """The reservation that holds in a subnet: its own before the global one. hosts: by subnet id."""
    if not hosts or plan is None:
        return None
    parameters = plan.parameters
    if parameters.reservations_in_subnet and (host := hosts.get(plan.id)) is not None:
        return host
    return hosts.get(GLOBAL) if parameters.reservations_global else None


def first_match(hosts: Mapping[Identifier, H], identifiers: Iterable[Identifier]) -> H | None:
    """The host of the first of these identifiers that has one."""
    for identifier in identifiers:
        host = hosts.get(identifier)
        if host is not None:
            return host
    return None


def global_reservation(x: Client) -> Any:
    """The first global reservation by the client's identifiers in their order, or None."""
    return first_match(x.know.plan.global_hosts.by_identifier, x.identifiers)


def find_hosts(x: X, identifiers_of: Callable[[X], tuple[Identifier, ...]]) -> None:
    """Fill `hosts` for the selected subnet and the others of its shared network. The identifiers are known already
    with early-global-reservations-lookup."""
    plan = x.plan
    if plan is None:
        return
    parameters = plan.parameters
    if x.know.config.early_global_reservations:
        if not parameters.reservations_in_subnet:
            return
    else:
        x.identifiers = identifiers_of(x)
        if parameters.reservations_global and (host := global_reservation(x)) is not None:
            x.hosts = {GLOBAL: host}
            if not parameters.reservations_in_subnet:
                return
    found = {sibling.id: host for sibling in plan.circle if (host := _of_subnet(x, sibling)) is not None}
    if found:
        x.hosts = {**x.hosts, **found}


def _of_subnet(x: Client, sibling: Any) -> Any:
    hosts = sibling.hosts.by_identifier
    if not hosts or not sibling.parameters.reservations_in_subnet or not sibling.supports(x.classes.members):
        return None
    # In a network of more subnets than identifiers Kea asks once for all of them, and there the last one wins.
    last_wins = sibling.network and len(sibling.circle) > len(x.identifiers)
    return first_match(hosts, reversed(x.identifiers) if last_wins else x.identifiers)


def meet_globally(x: Client, host: Host | None, drop: Drop) -> Drop | None:
    """early-global-reservations-lookup: classes of the global reservation, if there is one, take part in subnet
    selection. Returns `drop` when the client is not to be answered."""
    if host is None:
        return None
    x.classes = x.know.classes.added(x.classes, *host.classes, "KNOWN")
    x.hosts = {GLOBAL: host}
    return _dropped(x, drop)


def meet(x: X, find_reservations: Callable[[X], None], drop: Drop) -> Drop | None:
    """Reservations of the client, the classes they give, KNOWN or UNKNOWN. In a shared network the classes of a
    subnet's reservation come only when the subnet is final, see `settle`. Returns as `meet_globally`."""
    know = x.know
    if know.any_hosts:
        find_reservations(x)
    if not x.hosts:
        x.classes = know.classes.of_stranger(x.classes)
        return None
    plan, host = x.plan, x.host()
    if host is not None and host.classes:
        world = x.hosts.get(GLOBAL) if plan is not None and plan.parameters.reservations_global else None
        by_world = world is not None and bool(world.classes) and not know.config.early_global_reservations
        if by_world or plan is None or not plan.network:
            x.classes = know.classes.added(x.classes, *host.classes)
    x.classes = know.classes.added(x.classes, "KNOWN")
    return _dropped(x, drop)


def _dropped(x: Client, drop: Drop) -> Drop | None:
    if "DROP" not in x.classes.members:
        return None
    return Drop(drop.statistic, drop.identifier, x.statistics) if x.statistics else drop


def settle(x: Client, pools: Iterable[Pool]) -> None:
    """Classes that depend on the final subnet and the pools of what the client gets: of the reservation there, and the
    additional ones."""
    plan, book = x.plan, x.know.classes
    if x.hosts and plan.network and (host := x.host()) is not None and host.subnet_id != GLOBAL:
        x.classes = book.added(x.classes, *host.classes)
    if plan.additional:
        names = [name for pool in pools for name in pool.additional_classes]
        names += plan.subnet.additional_classes
        x.classes = book.added(x.classes, *(name for name in names if book.defines(name)))
