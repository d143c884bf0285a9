"""Turning a choice into a lease and an answer: what is written, and what is said.

Runs in: serving
"""

from __future__ import annotations

import msgspec

from kea_mp.dhcp.message4 import DISCOVER, OFFER
from kea_mp.leases.model import DEFAULT, Lease4
from kea_mp.values import INFINITY, text4
from workers.serving.engine import trace
from workers.serving.engine.allocate import Choice
from workers.serving.engine.client_names import Names, client_names
from workers.serving.engine.context import Exchange
from workers.serving.engine.extended import extended
from workers.serving.engine.lifetimes import reusable_lifetime, valid_lifetime
from workers.serving.engine.packet import Reply4
from workers.serving.engine.reply import lease_reply
from workers.serving.engine.trace import listening


class Grant(msgspec.Struct, frozen=True, gc=False):
    """lease: what the store is to hold. told: lifetime in the answer, seconds. kept: the lifetime in the row, which
    T1 and T2 follow. reused: the row that is there already is good enough, so nothing is written. names: of the
    answer. pool: index of the pool that has the address, or -1."""

    lease: Lease4
    told: int
    kept: int
    reused: bool
    names: Names
    pool: int


def granted(x: Exchange, choice: Choice) -> Grant:
    """The lease for a choice. With an offer lifetime it is kept only so long, and the client is told its real one."""
    plan, seen = x.plan, choice.seen
    assert plan is not None
    parameters = plan.parameters
    at = plan.pool_index(choice.address)
    pool = plan.pools[at] if at >= 0 else None
    names = client_names(x, choice.address)
    valid = valid_lifetime(x, parameters)
    kept = x.offer_lifetime or valid
    client_id = x.client_id if parameters.match_client_id else b""
    context, relay_id, remote_id, pool_id = "", b"", b"", 0
    if seen is not None:
        context, relay_id, remote_id, pool_id = seen.user_context, seen.relay_id, seen.remote_id, seen.pool_id
    if parameters.store_extended_info:
        context, relay_id, remote_id = extended(x, context, relay_id, remote_id)
    if pool is not None:
        pool_id = pool.pool_id
    lease = Lease4(
        choice.address, x.hw, client_id, kept, x.now, plan.id, False, False, names.stored, DEFAULT, context,
        pool_id, relay_id, remote_id,
    )  # fmt: skip
    # Kea writes a lease whose name it has to make, even if nothing else is new.
    writes = names.stored != names.asked and (x.type != DISCOVER or x.offer_lifetime > 0)
    if choice.own and seen is not None and not writes and _is_same(lease, seen, names):
        left = reusable_lifetime(seen, kept, x.now, parameters)
        if left:
            x.count("v4-lease-reuses", f"subnet[{plan.id}].v4-lease-reuses")
            told = valid if x.offer_lifetime else left
            return Grant(lease, told, left, True, names, at)
    return Grant(lease, valid, kept, False, names, at)


def _is_same(lease: Lease4, seen: Lease4, names: Names) -> bool:
    """Whether a renewal would change nothing but the time."""
    return (
        lease.valid_lft == seen.valid_lft
        and lease.hw == seen.hw
        and lease.client_id == seen.client_id
        and lease.subnet_id == seen.subnet_id
        and names.asked == seen.hostname
        and not seen.fqdn_fwd
        and not seen.fqdn_rev
        and lease.user_context == seen.user_context
    )


def told_client(x: Exchange, kind: int, grant: Grant, lease: Lease4) -> Reply4:
    """The DHCPOFFER or DHCPACK for a lease: the granted one, as the store holds it if it was written."""
    if listening.info:
        _say(x, kind, grant, lease)
    return lease_reply(x, kind, lease.address, grant.pool, grant.told, grant.kept, grant.names)


def _say(x: Exchange, kind: int, grant: Grant, lease: Lease4) -> None:
    who, address = trace.label(x.message), text4(lease.address)
    if kind == OFFER:
        trace.leases.info("DHCP4_LEASE_OFFER %s: lease %s will be offered", who, address)
    else:
        told = "infinity" if grant.told == INFINITY else f"{grant.told} seconds"
        trace.leases.info("DHCP4_LEASE_ALLOC %s: lease %s has been allocated for %s", who, address, told)
    if grant.reused:
        trace.leases.info("DHCP4_LEASE_REUSE %s: lease %s is reused for %d seconds", who, address, grant.told)
