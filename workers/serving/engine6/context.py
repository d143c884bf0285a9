"""What is known about one DHCPv6 message while it goes through the stages.

Runs in: serving
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kea_mp.config.model6 import ClientClass6, Host6
from kea_mp.dhcp.message6 import Message6
from kea_mp.hosts.from_config import Identifier
from kea_mp.leases.model import PD
from workers.serving.clients import host_of
from workers.serving.engine.classes import Classes
from workers.serving.engine6.packet import Packet6
from workers.serving.engine6.plan import SubnetPlan6

if TYPE_CHECKING:
    from workers.serving.engine6.knowledge import Knowledge6

NO_HOSTS: dict[int, Host6] = {}  #: shared and never written to

Place = tuple[int, bytes]  #: NA and an address, or PD and the first address of a prefix


class Exchange6(msgspec.Struct, gc=False):
    """The state of one exchange. now: whole seconds. duid: of the client, b"" if it gives none. hw: htype byte +
    address, hw_source: how it was learnt.

    plan: the selected subnet, which allocation may change to another one of the shared network. hosts: reservations
    found, by subnet id (`GLOBAL`: the global one). identifiers: in the order of host-reservation-identifiers.
    places: what the client gets, in the order of its IAs.
    """

    know: Knowledge6
    packet: Packet6
    message: Message6
    now: int
    type: int
    duid: bytes
    classes: Classes[ClientClass6]
    hw: bytes = b""
    hw_source: int = 0
    plan: SubnetPlan6 | None = None
    hosts: dict[int, Host6] = NO_HOSTS
    identifiers: tuple[Identifier, ...] = ()
    places: tuple[Place, ...] = ()
    statistics: tuple[str, ...] = ()

    def count(self, *names: str) -> None:
        """Raise these counters of Kea when the exchange ends."""
        self.statistics += names

    def host(self) -> Host6 | None:
        """The reservation that holds in the selected subnet: its own before the global one."""
        return host_of(self.hosts, self.plan)


def reserves(host: Host6 | None, kind: int, address: bytes, length: int) -> bool:
    """Whether the reservation has this address or prefix."""
    if host is None:
        return False
    if kind == PD:
        return any(one.prefix == address and one.length == length for one in host.prefixes)
    return address in host.addresses
