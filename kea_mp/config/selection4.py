"""Which of the subnets an IPv4 client is in, by the rules of Kea and in their order.

The address in which the relay or the client names its link (RFC 3527, RFC 3011), the relay's address against `relay`
of the subnets, then one address against the prefixes: giaddr, ciaddr, source address; last the interface by name and by
its address. A subnet whose guards do not let the client in is passed over; of several the one with the lowest id wins.

Runs in: any
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from kea_mp.config.guards import Guards, let_in
from kea_mp.config.model import Subnet4


class Guarded(Protocol):
    """A subnet, with what its clients must have."""

    @property
    def subnet(self) -> Subnet4: ...

    @property
    def guards(self) -> Guards: ...


S = TypeVar("S", bound=Guarded)


class Selection(Generic[S]):
    """Indexes for each rule, so that the number of subnets does not matter. subnets: in the order of the configuration.

    Addresses are ints, 0 where there is none. interface: the name of the one on which the message came.
    """

    __slots__ = ("_by_interface", "_by_prefix", "_by_relay", "_place")

    def __init__(self, subnets: Iterable[S]) -> None:
        self._place: dict[int, int] = {}  #: subnet id → the order in which Kea looks through the subnets
        self._by_relay: dict[int, list[S]] = {}
        self._by_interface: dict[str, list[S]] = {}
        by_prefix: dict[int, dict[int, list[S]]] = {}
        for place, one in enumerate(subnets):
            subnet = one.subnet
            self._place[subnet.id] = place
            for relay in subnet.relays:
                self._by_relay.setdefault(relay, []).append(one)
            if subnet.interface:
                self._by_interface.setdefault(subnet.interface, []).append(one)
            mask = (0xFFFFFFFF << (32 - subnet.length)) & 0xFFFFFFFF
            by_prefix.setdefault(mask, {}).setdefault(subnet.prefix, []).append(one)
        self._by_prefix = tuple(by_prefix.items())

    def containing(self, address: int, classes: frozenset[str]) -> S | None:
        """By prefix."""
        found: S | None = None
        for mask, subnets in self._by_prefix:
            here = _open(subnets.get(address & mask, ()), classes)
            if here is not None and (found is None or self._place[here.subnet.id] < self._place[found.subnet.id]):
                found = here
        return found

    def behind_relay(self, giaddr: int, classes: frozenset[str]) -> S | None:
        return _open(self._by_relay.get(giaddr, ()), classes) or self.containing(giaddr, classes)

    def on_interface(self, interface: str, local_address: int, classes: frozenset[str]) -> S | None:
        return _open(self._by_interface.get(interface, ()), classes) or self.containing(local_address, classes)


def _open(subnets: Iterable[S], classes: frozenset[str]) -> S | None:
    """The first that lets the client in."""
    for one in subnets:
        if not one.guards or let_in(one.guards, classes):
            return one
    return None
