"""The DHCPv4 engine as its callers see it: one message in, lease requests out, one answer or none.

The generator of `respond` yields what it wants from the lease backend (`kea_mp.leases.store.Request`) and is sent the
`Result`; it returns a `Reply4` or a `Drop`. It does no I/O and reads no clock.

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Generator, Iterable

from kea_mp.config.model import Config4
from kea_mp.dhcp.message4 import REQUEST
from kea_mp.errors import BackendDown
from kea_mp.leases.model import Lease4
from kea_mp.leases.store import Failed, Request, Result
from workers.serving.committed import Committed
from workers.serving.engine import stages4, trace
from workers.serving.engine.confirm import unanswered
from workers.serving.engine.context import exchange_of
from workers.serving.engine.knowledge import Knowledge
from workers.serving.engine.packet import Drop, Packet4, Reply4
from workers.serving.engine.trace import label, listening
from workers.serving.outage import Outage

__all__ = ["Drop", "Engine4", "Packet4", "Reply4"]


class Engine4:
    """Answers DHCPv4 messages by one configuration. Make a new one when the configuration changes.

    addresses: the IPv4 addresses of all our sockets; a client that names one of them in option 54 means us.
    remembered: so many committed leases are kept for outages of the lease database; None: as configured.
    """

    def __init__(self, config: Config4, addresses: Iterable[int] = (), remembered: int | None = None) -> None:
        self.config = config
        listening.refresh()
        self.outage = Outage(trace.alloc_engine)
        self._know = Knowledge(config, addresses, config.remembered_leases if remembered is None else remembered)

    @property
    def committed(self) -> Committed[Lease4]:
        return self._know.committed

    def saw(self, request: Request, result: Result) -> None:
        """To be told each result before the exchange goes on with it."""
        if type(result) is not Failed:
            if self.outage.begun:
                self.outage.end()
            self._know.committed.saw(request, result)

    def respond(self, packet: Packet4, now: float) -> Generator[Request, Result, Reply4 | Drop]:
        """The exchange for one message. now: seconds since the epoch when it was received."""
        x = exchange_of(self._know, packet, int(now))
        try:
            outcome = yield from stages4.respond(x)
        except BackendDown as problem:
            confirmed = stages4.confirm(x) if x.type == REQUEST else unanswered(x)
            note = self.outage.confirmed if type(confirmed) is Reply4 else self.outage.unanswered
            note(str(problem), x.now)
            return confirmed
        if listening.debug and type(outcome) is Drop and outcome.identifier:
            trace.bad_packets.debug("%s %s: not answered", outcome.identifier, label(packet.message))
        return outcome
