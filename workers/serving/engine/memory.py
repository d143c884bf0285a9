"""What a DISCOVER found, kept for the REQUEST that usually follows.

It saves the round trip for looking again. A stale entry does no harm: the claim names the row it was based on, and
the store refuses it when the row has changed since.

Runs in: serving
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic

import msgspec
from typing_extensions import TypeVar

from kea_mp.leases.model import Lease4

MOST_KEPT = 16384  #: entries; about 300 bytes each
KEPT_S = 10  #: seconds; clients answer an offer within one or two


L = TypeVar("L", default=Lease4)


class Seen(msgspec.Struct, Generic[L], frozen=True, gc=False):
    """address: what was offered. at: the row there. mine: the client's lease, if it had one. when: seconds."""

    address: int | bytes
    at: L | None
    mine: L | None
    when: int


class Memory(Generic[L]):
    """By client: (hw, client_id) in DHCPv4, (DUID, IAID, type of lease) in DHCPv6."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        # Taken from the front all the time when clients do not come back, which a plain dict is slow at.
        self._seen: OrderedDict[Hashable, Seen[L]] = OrderedDict()

    def remember(self, client: Hashable, seen: Seen[L]) -> None:
        """Replaces what was known of the client; the oldest entry makes room."""
        entries = self._seen
        entries.pop(client, None)
        if len(entries) >= MOST_KEPT:
            entries.popitem(last=False)
        entries[client] = seen

    def recall(self, client: Hashable, address: int | bytes, now: int) -> Seen[L] | None:
        """What was seen when this address was offered to the client, once."""
        seen = self._seen.pop(client, None)
        return seen if seen is not None and seen.address == address and now - seen.when <= KEPT_S else None
