"""The DHCPv4 engine as its callers see it: one message in, lease requests out, one answer or none.

The generator of `respond` yields what it wants from the lease backend (`kea_mp.leases.store.Request`) and is sent the
`Result`; it returns a `Reply4` or a `Drop`. It does no I/O and reads no clock.

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Generator, Iterable

from kea_mp.config.model import Config4
from kea_mp.errors import BackendDown
from kea_mp.leases.store import Request, Result
from workers.serving.engine import stages4, trace
from workers.serving.engine.context import exchange_of
from workers.serving.engine.knowledge import Knowledge
from workers.serving.engine.packet import Drop, Packet4, Reply4
from workers.serving.engine.trace import label, listening

__all__ = ["Drop", "Engine4", "Packet4", "Reply4"]

UNANSWERED = Drop("pkt4-receive-drop", "ALLOC_ENGINE_V4_ALLOC_ERROR")


class Engine4:
    """Answers DHCPv4 messages by one configuration. Make a new one when the configuration changes.

    addresses: the IPv4 addresses of all our sockets; a client that names one of them in option 54 means us.
    """

    def __init__(self, config: Config4, addresses: Iterable[int] = ()) -> None:
        self.config = config
        listening.refresh()
        self._know = Knowledge(config, addresses)

    def respond(self, packet: Packet4, now: float) -> Generator[Request, Result, Reply4 | Drop]:
        """The exchange for one message. now: seconds since the epoch when it was received."""
        try:
            outcome = yield from stages4.respond(exchange_of(self._know, packet, int(now)))
        except BackendDown as problem:
            trace.alloc_engine.error("ALLOC_ENGINE_V4_ALLOC_ERROR %s: %s", label(packet.message), problem)
            return UNANSWERED
        if listening.debug and type(outcome) is Drop and outcome.identifier:
            trace.bad_packets.debug("%s %s: not answered", outcome.identifier, label(packet.message))
        return outcome
