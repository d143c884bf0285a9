"""Leases that this packet worker has seen committed, for the time when their database cannot be asked.

While it is away a client that renews such a lease is told what is left of it, which is true whatever the database says
later: the row is there for at least as long. So an entry must never outlive what this server can know: a release, a
decline or a change by command takes it out before that is carried out, and each answer of the database replaces what
was remembered. What another server on the same database changes is known here only when a client's packet makes us
ask.

The kernel gives each client to one worker, so the memory is that worker's own; a process that is started again begins
with an empty one. It is bounded: the lease that was seen last longest ago makes room.

Runs in: serving
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar, cast

from kea_mp.leases.model import DEFAULT, Lease4, Lease6
from kea_mp.leases.store import (
    Changed,
    ClaimLease,
    Failed,
    FindLeases,
    FindLeases6,
    Found,
    Found6,
    RemoveLease,
    Stored,
)
from kea_mp.values import INFINITY

L = TypeVar("L", Lease4, Lease6)


class Committed(Generic[L]):
    """limit: entries, about 500 bytes each. evicted: how many made room although they had not ended."""

    __slots__ = ("_leases", "_limit", "evicted")

    def __init__(self, limit: int) -> None:
        # Taken from the front all the time once it is full, which a plain dict is slow at (100 microseconds each).
        self._leases: OrderedDict[int | bytes, L] = OrderedDict()
        self._limit = limit
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._leases)

    def get(self, address: int | bytes) -> L | None:
        """The lease that was last seen committed at this address."""
        return self._leases.get(address)

    def forget(self, *addresses: int | bytes) -> None:
        """These are about to be changed, or somebody has changed them."""
        for address in addresses:
            self._leases.pop(address, None)

    def saw(
        self,
        request: FindLeases | FindLeases6 | ClaimLease[L] | RemoveLease[L],
        result: Found | Found6 | Stored[L] | Changed[L] | Failed,
    ) -> None:
        """Learn from an answer of the database; `Failed` says nothing about what is there."""
        kind = type(result)  # compared, not isinstance: this is done for each answer of the database
        if kind is Found or kind is Found6:
            found = cast("Found | Found6", result)
            address = cast("FindLeases | FindLeases6", request).address
            if address in self._leases:
                self._met(address, cast("L | None", found.at))
            for lease in cast("tuple[L, ...]", found.mine):
                if lease.state == DEFAULT:
                    self._learn(lease)
        elif kind is Stored:
            written = cast("Stored[L]", result).lease
            if written.state == DEFAULT and type(request) is ClaimLease:
                self._learn(written)
            else:
                self._leases.pop(written.address, None)
        elif kind is Changed:
            wanted = request.lease if isinstance(request, ClaimLease) else cast("RemoveLease[L]", request).seen
            self._met(wanted.address, cast("Changed[L]", result).current)

    def _met(self, address: int | bytes, row: L | None) -> None:
        """What is at an address, whoever's it is: it corrects what is remembered, and nothing else."""
        if self._leases.pop(address, None) is not None and row is not None and row.state == DEFAULT:
            self._leases[address] = row

    def _learn(self, lease: L) -> None:
        leases, address = self._leases, lease.address
        if address in leases:
            leases.move_to_end(address)
        elif len(leases) >= self._limit:
            if not self._limit:
                return
            _, oldest = leases.popitem(last=False)
            self.evicted += oldest.expire > lease.cltt
        leases[address] = lease


def time_left(lease: Lease4 | Lease6, now: int) -> int:
    """Seconds for which the lease may be confirmed, 0: it has ended. Never more than it was given for, even when the
    clock was set back."""
    if lease.state != DEFAULT:
        return 0
    if lease.valid_lft == INFINITY:
        return INFINITY
    return max(0, min(lease.expire - now, lease.valid_lft))


def scaled(seconds: int, left: int, lifetime: int) -> int:
    """T1, T2 or a preferred lifetime in proportion to what is left of a lifetime."""
    return seconds if left >= lifetime else seconds * left // lifetime
