"""The DHCPv4 engine as its callers see it: one message in, lease requests out, one answer or none.

The generator of `respond` yields what it wants from the lease backend (`kea_mp.leases.store.Request`) and is sent the
`Result`; it returns a `Reply4` or a `Drop`. It does no I/O and reads no clock.

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from workers.serving.engine.packet import Drop, Packet4, Reply4

if TYPE_CHECKING:
    from kea_mp.config.model import Config4
    from kea_mp.leases.store import Request, Result

__all__ = ["Drop", "Engine4", "Packet4", "Reply4"]


class Engine4:
    """Answers DHCPv4 messages by one configuration. Make a new one when the configuration changes."""

    def __init__(self, config: Config4) -> None:
        self.config = config

    def respond(self, packet: Packet4, now: float) -> Generator[Request, Result, Reply4 | Drop]:
        """The exchange for one message. now: seconds since the epoch when it was received."""
        yield from ()
        return Drop()
