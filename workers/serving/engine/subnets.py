"""Which subnet a message belongs to, by the rules of Kea and in their order.

Link selection of the relay (RFC 3527), subnet selection option (RFC 3011), the relay's address against `relay` of
the subnets, then one address against the prefixes: giaddr, ciaddr, source address, and for a broadcast the interface
by name and by its address. A subnet whose guards do not let the client in is passed over; of several the one with the
lowest id wins.

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Iterable

from kea_mp.config.model import Config4
from workers.serving.engine.agent import LINK_SELECTION, sub_option
from workers.serving.engine.context import Exchange
from workers.serving.engine.plan import Plan, SubnetPlan

BROADCAST_ADDRESS = 0xFFFFFFFF

Places = dict[SubnetPlan, int]  #: the order in which Kea looks through the subnets


class SubnetSelection:
    """Indexes for each rule, so that the number of subnets does not matter."""

    __slots__ = ("_by_interface", "_by_prefix", "_by_relay", "_ignore_link_selection", "_place")

    def __init__(self, plan: Plan, config: Config4) -> None:
        self._ignore_link_selection = config.compatibility.ignore_rai_link_selection
        self._place: Places = {subnet: place for place, subnet in enumerate(plan.subnets)}
        self._by_relay: dict[int, list[SubnetPlan]] = {}
        self._by_interface: dict[str, list[SubnetPlan]] = {}
        by_prefix: dict[int, dict[int, list[SubnetPlan]]] = {}
        for subnet in plan.subnets:
            for relay in subnet.subnet.relays:
                self._by_relay.setdefault(relay, []).append(subnet)
            if subnet.subnet.interface:
                self._by_interface.setdefault(subnet.subnet.interface, []).append(subnet)
            by_prefix.setdefault(subnet.mask, {}).setdefault(subnet.first, []).append(subnet)
        self._by_prefix = tuple(by_prefix.items())

    def of(self, x: Exchange) -> SubnetPlan | None:
        """The subnet of the message."""
        packet, message = x.packet, x.message
        if x.agent or 118 in x.options:
            selected = self._selected(x)
            if selected:
                return self._containing(selected, x)
        giaddr = message.giaddr
        if giaddr:
            return _open(self._by_relay.get(giaddr, ()), x) or self._containing(giaddr, x)
        if packet.destination != BROADCAST_ADDRESS:
            address = message.ciaddr or packet.source
            if address:
                return self._containing(address, x)
        return _open(self._by_interface.get(packet.interface, ()), x) or self._containing(packet.local_address, x)

    def _selected(self, x: Exchange) -> int:
        """The address in which the relay or the client names its link, 0 when they do not."""
        if x.agent and not self._ignore_link_selection:
            link = sub_option(x.agent, LINK_SELECTION)
            if link is not None and len(link) == 4:
                return int.from_bytes(link, "big")
        return int.from_bytes(x.options.get(118, b"")[:4], "big")

    def _containing(self, address: int, x: Exchange) -> SubnetPlan | None:
        found: SubnetPlan | None = None
        for mask, subnets in self._by_prefix:
            here = _open(subnets.get(address & mask, ()), x)
            if here is not None and (found is None or self._place[here] < self._place[found]):
                found = here
        return found


def _open(subnets: Iterable[SubnetPlan], x: Exchange) -> SubnetPlan | None:
    """The first that lets the client in."""
    for subnet in subnets:
        if not subnet.guards or subnet.supports(x.classes.members):
            return subnet
    return None
