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
