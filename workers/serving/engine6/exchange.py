"""The DHCPv6 engine as its callers see it: one message in, lease requests out, one answer or none.

The generator of `respond` yields what it wants from the lease backend: a `Request6`, to be sent the `Result6`, or a
tuple of them that may go at once, to be sent a tuple with the result of each. It returns a `Reply6` or a `Drop`. It
does no I/O and reads no clock.

Runs in: serving
"""

from __future__ import annotations

from kea_mp.config.model6 import Config6
from kea_mp.dhcp.message6 import Option6
from kea_mp.errors import BackendDown
from kea_mp.leases.model import Lease6
from kea_mp.leases.store import Failed, Request6, Result6
from workers.serving.committed import Committed
from workers.serving.engine.packet import Drop
from workers.serving.engine6 import trace
from workers.serving.engine6.assign import Answering6
from workers.serving.engine6.confirm import confirmed
from workers.serving.engine6.context import Exchange6
from workers.serving.engine6.knowledge import Knowledge6
from workers.serving.engine6.packet import Packet6, Reply6
from workers.serving.engine6.stages6 import respond
from workers.serving.engine6.trace import label6, listening
from workers.serving.outage import Outage

__all__ = ["Drop", "Engine6", "Packet6", "Reply6"]


class Engine6:
    """Answers DHCPv6 messages by one configuration. Make a new one when the configuration changes.

    server_duid: payload of our option 2. remembered: so many committed leases are kept for outages of the lease
    database; None: as configured.
    """

    def __init__(self, config: Config6, server_duid: bytes, remembered: int | None = None) -> None:
        self.config = config
        listening.refresh()
        self.outage = Outage(trace.alloc_engine)
        kept = config.remembered_leases if remembered is None else remembered
        self._know = Knowledge6(config, server_duid, kept)

    @property
    def committed(self) -> Committed[Lease6]:
        return self._know.committed

    def saw(self, request: Request6, result: Result6) -> None:
        """To be told each result before the exchange goes on with it, also those of a tuple one by one."""
        if type(result) is not Failed:
            if self.outage.begun:
                self.outage.end()
            self._know.committed.saw(request, result)

    def respond(self, packet: Packet6, now: float) -> Answering6:
        """The exchange for one message. now: seconds since the epoch when it was received."""
        message = packet.message
        x = Exchange6(
            self._know, packet, message, int(now), message.type, message.option(Option6.CLIENT_ID) or b"",
            self._know.classes.all,
        )  # fmt: skip
        try:
            outcome = yield from respond(x)
        except BackendDown as problem:
            answer = confirmed(x)
            note = self.outage.confirmed if type(answer) is Reply6 else self.outage.unanswered
            note(str(problem), x.now)
            return answer
        if listening.debug and type(outcome) is Drop and outcome.identifier:
            trace.bad_packets.debug("%s %s: not answered", outcome.identifier, label6(message))
        return outcome
