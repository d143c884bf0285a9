"""One lease of DHCPv4 or DHCPv6, and the pure rules about it.

Runs in: any
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
from msgspec import structs

from kea_mp.values import INFINITY

DEFAULT, DECLINED, RECLAIMED, RELEASED, REGISTERED = 0, 1, 2, 3, 4  #: lease states, as Kea stores them


class Lease4(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A row of lease4, in the CSV file or in a database.

    address: IPv4 as int. hw: htype byte + hardware address (b"" when there is none). client_id: option 61
    payload or b"". cltt: client last transmission time, seconds since the epoch. valid_lft in seconds;
    `INFINITY` never expires. user_context: JSON text or "". relay_id, remote_id: RFC 6925 / RFC 3046, b"" if none.
    """

    address: int
    hw: bytes
    client_id: bytes
    valid_lft: int
    cltt: int
    subnet_id: int
    fqdn_fwd: bool = False
    fqdn_rev: bool = False
    hostname: str = ""
    state: int = DEFAULT
    user_context: str = ""
    pool_id: int = 0
    relay_id: bytes = b""
    remote_id: bytes = b""

    @property
    def expire(self) -> int:
        """When it ends, seconds since the epoch; an unlimited lease ends far beyond any clock."""
        return self.cltt + self.valid_lft if self.valid_lft != INFINITY else 1 << 60


NA, PD = 0, 2  #: `Lease6.lease_type`, as Kea stores it: an address, a delegated prefix


class Lease6(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A row of lease6, in the CSV file or in a database.

    address: 16 bytes, of a prefix the first. duid, iaid: who holds it. prefix_len: 128 for an address. pref_lft,
    valid_lft in seconds; `INFINITY` never ends. hw: htype byte + hardware address, b"" when it is not known;
    hw_source: how it was learnt (Kea's HWADDR_SOURCE_ number, 0: not known). The rest as in `Lease4`.
    """

    address: bytes
    duid: bytes
    iaid: int
    lease_type: int
    prefix_len: int
    pref_lft: int
    valid_lft: int
    cltt: int
    subnet_id: int
    fqdn_fwd: bool = False
    fqdn_rev: bool = False
    hostname: str = ""
    state: int = DEFAULT
    user_context: str = ""
    pool_id: int = 0
    hw: bytes = b""
    hw_source: int = 0

    @property
    def expire(self) -> int:
        """When it ends, seconds since the epoch; an unlimited lease ends far beyond any clock."""
        return self.cltt + self.valid_lft if self.valid_lft != INFINITY else 1 << 60


def usable_by_anyone(lease: Lease4 | Lease6, now: int) -> bool:
    """Whether the address may go to another client: reclaimed, released, or past its end (also a probation's). One that
    its client chose itself and has registered (RFC 9686) may not, whatever its time."""
    return lease.state in (RECLAIMED, RELEASED) or (lease.expire <= now and lease.state != REGISTERED)


def same_version(a: Lease4 | Lease6 | None, b: Lease4 | Lease6 | None) -> bool:
    """Whether a stored lease is still the one that a client of the store had seen."""
    if a is None or b is None:
        return a is b
    if isinstance(a, Lease4):
        return isinstance(b, Lease4) and (a.cltt, a.valid_lft, a.state, a.hw, a.client_id, a.subnet_id) == (
            b.cltt, b.valid_lft, b.state, b.hw, b.client_id, b.subnet_id)  # fmt: skip
    return isinstance(b, Lease6) and (
        (a.cltt, a.valid_lft, a.pref_lft, a.state, a.duid, a.iaid, a.lease_type, a.prefix_len, a.subnet_id)
        == (b.cltt, b.valid_lft, b.pref_lft, b.state, b.duid, b.iaid, b.lease_type, b.prefix_len, b.subnet_id)
    )


L = TypeVar("L", bound=Lease4 | Lease6)


def reclaimed(lease: L) -> L:
    """A lease that has ended, as it is kept for a client that comes back: without its name and relay information."""
    kept = structs.replace(lease, state=RECLAIMED, hostname="", fqdn_fwd=False, fqdn_rev=False, user_context="")
    return structs.replace(kept, relay_id=b"", remote_id=b"") if isinstance(lease, Lease4) else kept
