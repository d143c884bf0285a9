"""What is known about one message while it goes through the stages.

Runs in: serving
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from kea_mp.config.model import Host4
from kea_mp.dhcp.message4 import Message4
from kea_mp.hosts.from_config import Identifier
from kea_mp.leases.model import Lease4
from workers.serving.clients import host_of
from workers.serving.engine.classes import Classes
from workers.serving.engine.packet import Packet4
from workers.serving.engine.plan import SubnetPlan

if TYPE_CHECKING:
    from workers.serving.engine.knowledge import Knowledge

NO_HOSTS: dict[int, Host4] = {}  #: shared and never written to


class Exchange(msgspec.Struct, gc=False):
    """The state of one exchange. now: whole seconds. hw: htype + chaddr. client_id: option 61 or b"".

    hint: the address that the client asks for, or 0. plan: the selected subnet, which allocation may change to
    another one of the shared network. hosts: reservations found, by subnet id (`GLOBAL`: the global one).
    identifiers: in the order of host-reservation-identifiers. agent: option 82 (received or remembered).
    stashed: agent comes from the lease and is not echoed. offer_lifetime: seconds, 0 when nothing is stored on a
    DISCOVER. unknown_address: a REQUEST was for an address that is in no pool of this client.
    """

    know: Knowledge
    packet: Packet4
    message: Message4
    options: dict[int, bytes]
    now: int
    type: int
    hw: bytes
    client_id: bytes
    agent: bytes
    local: int
    classes: Classes
    plan: SubnetPlan | None = None
    hosts: dict[int, Host4] = NO_HOSTS
    identifiers: tuple[Identifier, ...] = ()
    hint: int = 0
    offer_lifetime: int = 0
    stashed: bool = False
    unknown_address: bool = False
    statistics: tuple[str, ...] = ()

    def count(self, *names: str) -> None:
        """Raise these counters of Kea when the exchange ends."""
        self.statistics += names

    def host(self) -> Host4 | None:
        """The reservation that holds in the selected subnet: its own before the global one."""
        return host_of(self.hosts, self.plan)

    def owns(self, lease: Lease4) -> bool:
        """Whether the lease is this client's, going by both identifiers."""
        return belongs(lease, self.hw, self.client_id)


def exchange_of(know: Knowledge, packet: Packet4, now: int) -> Exchange:
    """The exchange that a packet begins."""
    message = packet.message
    options = message.options
    return Exchange(
        know, packet, message, options, now, message.type,
        b"%c%b" % (message.htype, message.chaddr) if message.chaddr else b"",
        options.get(61, b""), options.get(82, b""), packet.local_address, know.classes.all,
    )  # fmt: skip


def belongs(lease: Lease4, hw: bytes, client_id: bytes) -> bool:
    """The client-id decides when both sides have one, else the hardware address. client_id b"": ignored."""
    if client_id and lease.client_id:
        return client_id == lease.client_id
    return bool(hw) and hw == lease.hw
