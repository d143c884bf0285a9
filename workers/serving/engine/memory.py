"""What a DISCOVER found, kept for the REQUEST that usually follows.

It saves the round trip for looking again. A stale entry does no harm: the claim names the row it was based on, and
the store refuses it when the row has changed since.

Runs in: serving
"""

from __future__ import annotations

import msgspec

from kea_mp.leases.model import Lease4

MOST_KEPT = 16384  #: entries; about 300 bytes each
KEPT_S = 10  #: seconds; clients answer an offer within one or two


class Seen(msgspec.Struct, frozen=True, gc=False):
    """address: what was offered. at: the row there. mine: the client's lease, if it had one. when: seconds."""

    address: int
    at: Lease4 | None
    mine: Lease4 | None
    when: int


Client = tuple[bytes, bytes]  #: hw, client_id


class Memory:
    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[Client, Seen] = {}

    def remember(self, client: Client, seen: Seen) -> None:
        """Replaces what was known of the client; the oldest entry makes room."""
        entries = self._seen
        entries.pop(client, None)
        if len(entries) >= MOST_KEPT:
            del entries[next(iter(entries))]
        entries[client] = seen

    def recall(self, client: Client, address: int, now: int) -> Seen | None:
        """What was seen when this address was offered to the client, once."""
        seen = self._seen.pop(client, None)
        return seen if seen is not None and seen.address == address and now - seen.when <= KEPT_S else None
