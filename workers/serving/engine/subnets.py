"""Which subnet a message belongs to: what the rules of `kea_mp.config.selection4` ask of it.

Runs in: serving
"""

from __future__ import annotations

from kea_mp.config.model import Config4
from kea_mp.config.selection4 import Selection
from workers.serving.engine.agent import LINK_SELECTION, sub_option
from workers.serving.engine.context import Exchange
from workers.serving.engine.plan import Plan, SubnetPlan

BROADCAST_ADDRESS = 0xFFFFFFFF


class SubnetSelection:
    """All subnets of a plan."""

    __slots__ = ("_ignore_link_selection", "_selection")

    def __init__(self, plan: Plan, config: Config4) -> None:
        self._ignore_link_selection = config.compatibility.ignore_rai_link_selection
        self._selection: Selection[SubnetPlan] = Selection(plan.subnets)

    def of(self, x: Exchange) -> SubnetPlan | None:
        """The subnet of the message."""
        packet, message, classes = x.packet, x.message, x.classes.members
        if x.agent or 118 in x.options:
            selected = self._selected(x)
            if selected:
                return self._selection.containing(selected, classes)
        if message.giaddr:
            return self._selection.behind_relay(message.giaddr, classes)
        if packet.destination != BROADCAST_ADDRESS:
            address = message.ciaddr or packet.source
            if address:
                return self._selection.containing(address, classes)
        return self._selection.on_interface(packet.interface, packet.local_address, classes)

    def _selected(self, x: Exchange) -> int:
        """The address in which the relay or the client names its link, 0 when they do not."""
        if x.agent and not self._ignore_link_selection:
            link = sub_option(x.agent, LINK_SELECTION)
            if link is not None and len(link) == 4:
                return int.from_bytes(link, "big")
        return int.from_bytes(x.options.get(118, b"")[:4], "big")
