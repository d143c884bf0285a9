"""What the engine asks of a lease backend, and what it gets back.

An exchange *yields* one of the requests; the scheduler sends the requests of all packets at hand as one batch
to the connection worker, which owns the backend and answers after the commit. A request that a backend could not
carry out comes back as `Failed`, which is never "nothing there".

Runs in: any
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, Protocol

import msgspec
from typing_extensions import TypeVar

from kea_mp.leases.model import Lease4, Lease6
from kea_mp.values import ClientId, HwAddress

L = TypeVar("L", default=Lease4)
A = TypeVar("A", default=int)  #: an address

ITERATIVE, RANDOM, FREE_QUEUE = 0, 1, 2  #: `allocator` of the subnet


class FindLeases(msgspec.Struct, frozen=True, array_like=True, tag=1, gc=False):
    """Leases of one client in some subnets, and the state of one address; with `pools`, also a free address.

    hw: htype + hardware address, or b"". client_id or b"". subnets: the subnet ids that count.
    address: also return the lease at this address (0: none wanted).
    pools: flat (first, last, first, last, …) ranges in order of preference; when the client has no lease, and
    `address` is 0 or taken, the store proposes a free address from the first pool that has one. An address that
    was proposed a moment ago to somebody else is proposed again only when nothing else is left.
    skip: addresses that must not be proposed (reserved, refused before).
    """

    hw: bytes
    client_id: bytes
    subnets: tuple[int, ...]
    now: int
    address: int = 0
    pools: tuple[int, ...] = ()
    allocator: int = ITERATIVE
    skip: tuple[int, ...] = ()


class ClaimLease(msgspec.Struct, Generic[L], frozen=True, array_like=True, tag=2, gc=False):
    """Write `lease` provided that the row at its address is still `seen` (None: there is no row).

    Every change of a lease is this one request: a new lease, a renewal, a decline, a release that keeps the row.
    """

    lease: L
    seen: L | None = None


class RemoveLease(msgspec.Struct, Generic[L], frozen=True, array_like=True, tag=3, gc=False):
    """Delete the row provided that it is still `seen` (a release without lease affinity)."""

    seen: L


Request = FindLeases | ClaimLease[Lease4] | RemoveLease[Lease4]


class Range6(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where IPv6 leases come from: addresses from first to last (length 128), or prefixes of this length whose first
    address lies there (a pd-pool; first and last are multiples of such a prefix)."""

    first: bytes
    last: bytes
    length: int = 128


class FindLeases6(msgspec.Struct, frozen=True, array_like=True, tag=5, gc=False):
    """Leases of one identity association in some subnets, and the state of one address or prefix; with `pools`, also a
    free one. The fields mean what they mean in `FindLeases`.

    lease_type: NA or PD. address: b"" when none is wanted; for a prefix its first address. skip: as addresses.
    """

    duid: bytes
    iaid: int
    lease_type: int
    subnets: tuple[int, ...]
    now: int
    address: bytes = b""
    pools: tuple[Range6, ...] = ()
    allocator: int = ITERATIVE
    skip: tuple[bytes, ...] = ()


Request6 = FindLeases6 | ClaimLease[Lease6] | RemoveLease[Lease6]


class Found(msgspec.Struct, frozen=True, array_like=True, tag=1, gc=False):
    """Answer to FindLeases. mine: the client's leases, those found by client-id first. at: the row at `address`.
    free: a proposed address, 0 if none was wanted or none is left; free_row: the stale row there, if any."""

    mine: tuple[Lease4, ...]
    at: Lease4 | None = None
    free: int = 0
    free_row: Lease4 | None = None


class Stored(msgspec.Struct, Generic[L], frozen=True, array_like=True, tag=2, gc=False):
    """The change is committed; `lease` is what the store now holds (for a removal: what it held)."""

    lease: L


class Changed(msgspec.Struct, Generic[L], frozen=True, array_like=True, tag=3, gc=False):
    """Not written: the row is no longer what was seen. `current` is what is there now (None: nothing)."""

    current: L | None


class Failed(msgspec.Struct, frozen=True, array_like=True, tag=4, gc=False):
    """The backend could not be asked, or refused this row alone. The exchange must not answer from it."""

    reason: str


Result = Found | Stored[Lease4] | Changed[Lease4] | Failed


class Found6(msgspec.Struct, frozen=True, array_like=True, tag=5, gc=False):
    """Answer to FindLeases6. mine: the leases of that identity association. at: the row at `address`. free: a proposed
    address or prefix of `free_length`, b"" if none was wanted or none is left. free_row: the stale row there."""

    mine: tuple[Lease6, ...]
    at: Lease6 | None = None
    free: bytes = b""
    free_length: int = 128
    free_row: Lease6 | None = None


Result6 = Found6 | Stored[Lease6] | Changed[Lease6] | Failed

Asked = TypeVar("Asked", default=Request)
Asks = TypeVar("Asks", default=Request, contravariant=True)
Got = TypeVar("Got", default=Result)


class Batch(msgspec.Struct, Generic[Asked], frozen=True, array_like=True, gc=False):
    """One message of the data path, worker to connection worker. number: the worker's own, echoed back."""

    number: int
    requests: tuple[Asked, ...]


class BatchDone(msgspec.Struct, Generic[Got], frozen=True, array_like=True, gc=False):
    """The answer to a Batch, results in the order of its requests; number 0: to none, something is to be told.

    away: why the backend cannot be asked now, "" when it can. gone: addresses whose leases were changed by others than
    packet workers (commands), so that what is remembered of them holds no more.
    """

    number: int
    results: tuple[Got, ...]
    away: str = ""
    gone: tuple[int | bytes, ...] = ()


class LeaseStore(Protocol[Asks, Got]):
    """A lease backend as its connection worker drives it. Not thread-safe: it has one owner."""

    def execute(self, requests: Sequence[Asks]) -> list[Got]:
        """Carry out a batch; results in order. Reads see the state before the batch's writes. When it returns,
        every `Stored` is durable. Raises BackendDown when nothing of the batch is known to be done."""
        ...

    def reclaim(self, now: int, max_leases: int, remove: bool) -> int:
        """Process up to `max_leases` (0: all) expired leases as Kea does: removed, or kept in state RECLAIMED.
        Returns how many."""
        ...

    def remove_reclaimed(self, before: int) -> int:
        """Delete rows that were reclaimed and expired before this time. Returns how many."""
        ...

    def statistics(self) -> dict[str, int]:
        """Kea's names and values of the statistics that the lease backend owns (subnet[N].assigned-addresses …)."""
        ...

    def close(self) -> None:
        """Write what is pending and let go of the backend."""
        ...


class Wanted(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Which leases a command asks for, those in any state.

    subnets: of these only (empty: of all). At most one of the others is given and then selects the leases of that
    identity: hw (htype byte + address, of which the htype does not count), client_id, hostname (in lower case).
    """

    subnets: tuple[int, ...] = ()
    hw: HwAddress = b""
    client_id: ClientId = b""
    hostname: str = ""


class Wanted6(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The same for DHCPv6. duid alone, or with iaid and lease_type those of one identity association (-1: of all); hw
    as in `Wanted`. lease_type, with subnets or alone: leases of this type only."""

    subnets: tuple[int, ...] = ()
    duid: bytes = b""
    iaid: int = -1
    lease_type: int = -1
    hw: HwAddress = b""
    hostname: str = ""


class Page(msgspec.Struct, Generic[L, A], frozen=True, array_like=True, gc=False):
    """Leases in the order of their addresses. after: go on behind this address; None: there are no more."""

    leases: tuple[L, ...]
    after: A | None = None


Wants = TypeVar("Wants", default=Wanted, contravariant=True)


class LeaseReports(Protocol[L, A, Wants]):
    """What commands ask of a lease backend, in pieces that do not hold up the packets. Changes go through
    `LeaseStore.execute`, under the condition that the lease is still the one that was shown. Raises BackendDown."""

    def at(self, address: A) -> L | None:
        """The lease at this address."""
        ...

    def page(self, wanted: Wants, after: A, limit: int) -> Page[L, A]:
        """The leases behind the address `after` (from the beginning: -1, in DHCPv6 b""), at most `limit`; fewer, even
        none with more to come, when looking further would take long."""
        ...

    def counts(self, first: int, last: int) -> Mapping[int, tuple[int, ...]]:
        """Subnet id → how many leases are assigned (state 0) and how many declined, of the subnets with ids from first
        to last that have leases. In DHCPv6 these two of addresses, of prefixes, and of addresses that are registered
        (state 4)."""
        ...
