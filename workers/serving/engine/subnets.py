"""Which subnet a message belongs to, by the rules of Kea and in their order.

Link selection of the relay (RFC 3527), subnet selection option (RFC 3011), the relay's address against `relay` of
the subnets, then one address against the prefixes: giaddr, ciaddr, source address, and for a broadcast the interface
by name and by its address. A subnet whose guards do not let the client in is passed over.

Runs in: serving
"""

from __future__ import annotations

from kea_mp.config.model import Config4
from workers.serving.engine.agent import LINK_SELECTION, sub_option
from workers.serving.engine.classes import Classes
from workers.serving.engine.context import Exchange
from workers.serving.engine.plan import Plan, SubnetPlan

BROADCAST_ADDRESS = 0xFFFFFFFF
MOST_KEPT = 4096

Wanted = tuple[int, int, int, str, int, Classes]  #: selected, giaddr, address, interface, local address, classes


class SubnetSelection:
    """Finds subnets and remembers what it found: most messages of a network ask the same."""

    __slots__ = ("_ignore_link_selection", "_kept", "_subnets")

    def __init__(self, plan: Plan, config: Config4) -> None:
        self._subnets = plan.subnets
        self._ignore_link_selection = config.compatibility.ignore_rai_link_selection
        self._kept: dict[Wanted, SubnetPlan | None] = {}

    def of(self, x: Exchange) -> SubnetPlan | None:
        """The subnet of the message."""
        packet, message = x.packet, x.message
        selected = self._selected(x) if x.agent or 118 in x.options else 0
        address = 0
        if packet.destination != BROADCAST_ADDRESS:
            address = message.ciaddr or packet.source
        wanted = (selected, message.giaddr, address, packet.interface, packet.local_address, x.classes)
        try:
            return self._kept[wanted]
        except KeyError:
            pass
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        found = self._kept[wanted] = self._search(*wanted)
        return found

    def _selected(self, x: Exchange) -> int:
        """The address in which the relay or the client names its link, 0 when they do not."""
        if x.agent and not self._ignore_link_selection:
            link = sub_option(x.agent, LINK_SELECTION)
            if link is not None and len(link) == 4:
                return int.from_bytes(link, "big")
        return int.from_bytes(x.options.get(118, b"")[:4], "big")

    def _search(
        self, selected: int, giaddr: int, address: int, interface: str, local: int, classes: Classes
    ) -> SubnetPlan | None:
        if selected:
            return self._by_address(selected, classes)
        if giaddr:
            return self._by_relay(giaddr, classes) or self._by_address(giaddr, classes)
        if address:
            return self._by_address(address, classes)
        return self._by_interface(interface, classes) or self._by_address(local, classes)

    def _by_address(self, address: int, classes: Classes) -> SubnetPlan | None:
        for plan in self._subnets:
            if plan.first <= address <= plan.last and plan.supports(classes.members):
                return plan
        return None

    def _by_relay(self, giaddr: int, classes: Classes) -> SubnetPlan | None:
        for plan in self._subnets:
            if giaddr in plan.subnet.relays and plan.supports(classes.members):
                return plan
        return None

    def _by_interface(self, interface: str, classes: Classes) -> SubnetPlan | None:
        for plan in self._subnets:
            if plan.subnet.interface == interface and plan.supports(classes.members):
                return plan
        return None
