"""What is known about one message while it goes through the stages.

Runs in: serving
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_mp.config.model import Host4
from kea_mp.hosts.from_config import GLOBAL, Identifier
from kea_mp.leases.model import Lease4
from workers.serving.engine.classes import Classes
from workers.serving.engine.packet import Packet4
from workers.serving.engine.plan import SubnetPlan

if TYPE_CHECKING:
    from workers.serving.engine.knowledge import Knowledge

NO_HOSTS: dict[int, Host4] = {}  #: shared and never written to


class Exchange:
    """The state of one exchange. now: whole seconds. hw: htype + chaddr. client_id: option 61 or b"".

    hint: the address that the client asks for, or 0. plan: the selected subnet, which allocation may change to
    another one of the shared network. hosts: reservations found, by subnet id (`GLOBAL`: the global one).
    identifiers: in the order of host-reservation-identifiers. agent: option 82 (received or remembered).
    stashed: agent comes from the lease and is not echoed. offer_lifetime: seconds, 0 when nothing is stored on a
    DISCOVER. unknown_address: a REQUEST was for an address that is in no pool of this client.
    """

    __slots__ = (
        "agent", "classes", "client_id", "hint", "hosts", "hw", "identifiers", "know", "local",
        "message", "now", "offer_lifetime", "options", "packet", "plan", "stashed", "statistics", "type",
        "unknown_address",
    )  # fmt: skip

    def __init__(self, know: Knowledge, packet: Packet4, now: int) -> None:
        message = packet.message
        options = message.options
        self.know, self.packet, self.message, self.options, self.now = know, packet, message, options, now
        self.type: int = message.type
        self.hw: bytes = b"%c%b" % (message.htype, message.chaddr) if message.chaddr else b""
        self.client_id: bytes = options.get(61, b"")
        self.agent: bytes = options.get(82, b"")
        self.local = packet.local_address
        self.classes: Classes = know.classes.all
        self.plan: SubnetPlan | None = None
        self.hosts: dict[int, Host4] = NO_HOSTS
        self.identifiers: tuple[Identifier, ...] = ()
        self.hint = 0
        self.offer_lifetime = 0
        self.stashed = False
        self.unknown_address = False
        self.statistics: tuple[str, ...] = ()

    def count(self, *names: str) -> None:
        """Raise these counters of Kea when the exchange ends."""
        self.statistics += names

    def host(self) -> Host4 | None:
        """The reservation that holds in the selected subnet: its own before the global one."""
        if not self.hosts or self.plan is None:
            return None
        parameters = self.plan.parameters
        if parameters.reservations_in_subnet and (host := self.hosts.get(self.plan.id)) is not None:
            return host
        return self.hosts.get(GLOBAL) if parameters.reservations_global else None

    def owns(self, lease: Lease4) -> bool:
        """Whether the lease is this client's, going by both identifiers."""
        return belongs(lease, self.hw, self.client_id)


def belongs(lease: Lease4, hw: bytes, client_id: bytes) -> bool:
    """The client-id decides when both sides have one, else the hardware address. client_id b"": ignored."""
    if client_id and lease.client_id:
        return client_id == lease.client_id
    return bool(hw) and hw == lease.hw
