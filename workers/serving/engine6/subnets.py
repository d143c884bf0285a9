"""Which subnet a DHCPv6 message belongs to, by the rules of Kea and in their order.

From a client directly: the interface by name, then the source address against the prefixes. Through relays: the
interface-id that the relay next to the client has added, then the link address nearest to the client that says
anything, against `relay` of the subnets and then against their prefixes. A subnet whose guards do not let the client in
is passed over; of several the one with the lowest id wins.

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Iterable

from kea_mp.dhcp.message6 import INTERFACE_ID, Relay6
from kea_mp.values import is_link_local6, masked6
from workers.serving.engine6.context import Exchange6
from workers.serving.engine6.plan import Plan6, SubnetPlan6

MOST_KEPT = 4096  #: answers remembered for (address, classes); any client may come from any address
UNSPECIFIED = bytes(16)

Key = tuple[bytes, bool, tuple[str, ...]]


class SubnetSelection6:
    """Indexes for each rule, so that the number of subnets does not matter."""

    __slots__ = ("_by_interface", "_by_interface_id", "_by_prefix", "_by_relay", "_kept", "_place")

    def __init__(self, plan: Plan6) -> None:
        self._place = {subnet: place for place, subnet in enumerate(plan.subnets)}
        self._by_relay: dict[bytes, list[SubnetPlan6]] = {}
        self._by_interface: dict[str, list[SubnetPlan6]] = {}
        self._by_interface_id: dict[bytes, list[SubnetPlan6]] = {}
        by_prefix: dict[int, dict[bytes, list[SubnetPlan6]]] = {}
        for subnet in plan.subnets:
            for relay in subnet.subnet.relays:
                self._by_relay.setdefault(relay, []).append(subnet)
            if subnet.subnet.interface:
                self._by_interface.setdefault(subnet.subnet.interface, []).append(subnet)
            if subnet.subnet.interface_id:
                self._by_interface_id.setdefault(subnet.subnet.interface_id, []).append(subnet)
            by_prefix.setdefault(subnet.length, {}).setdefault(subnet.first, []).append(subnet)
        self._by_prefix = tuple(by_prefix.items())
        self._kept: dict[Key, SubnetPlan6 | None] = {}

    def of(self, x: Exchange6) -> SubnetPlan6 | None:
        """The subnet of the message."""
        relays = x.message.relays
        link = link_of(relays) if relays else UNSPECIFIED
        interface_id = relays[-1].option(INTERFACE_ID) if relays else None
        if link == UNSPECIFIED and interface_id is None:
            found = _open(self._by_interface.get(x.packet.interface, ()), x)
            return found or self._remembered(x.packet.source, False, x)
        found = _open(self._by_interface_id.get(interface_id, ()), x) if interface_id is not None else None
        if found is None and link != UNSPECIFIED:
            found = self._remembered(link, True, x)
        return found

    def _remembered(self, address: bytes, is_link: bool, x: Exchange6) -> SubnetPlan6 | None:
        key = (address, is_link, x.classes.names)
        if key in self._kept:
            return self._kept[key]
        found = _open(self._by_relay.get(address, ()), x) if is_link else None
        if found is None:
            found = self._containing(address, x)
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[key] = found
        return found

    def _containing(self, address: bytes, x: Exchange6) -> SubnetPlan6 | None:
        found: SubnetPlan6 | None = None
        for length, subnets in self._by_prefix:
            here = _open(subnets.get(masked6(address, length), ()), x)
            if here is not None and (found is None or self._place[here] < self._place[found]):
                found = here
        return found


def link_of(relays: tuple[Relay6, ...]) -> bytes:
    """The link address of the relay nearest to the client that has a useful one."""
    for relay in reversed(relays):
        if relay.link != UNSPECIFIED and not is_link_local6(relay.link):
            return relay.link
    return UNSPECIFIED


def _open(subnets: Iterable[SubnetPlan6], x: Exchange6) -> SubnetPlan6 | None:
    """The first that lets the client in."""
    for subnet in subnets:
        if not subnet.guards or subnet.supports(x.classes.members):
            return subnet
    return None
