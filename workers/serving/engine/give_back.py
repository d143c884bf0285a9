"""DHCPRELEASE and DHCPDECLINE: the client gives an address back, or says that somebody else uses it. No answer.

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Generator

from msgspec.structs import replace

from kea_mp.errors import BackendDown
from kea_mp.leases.model import DECLINED, DEFAULT, RELEASED, Lease4
from kea_mp.leases.store import Changed, ClaimLease, Failed, RemoveLease, Request, Result
from kea_mp.values import INFINITY, text4
from workers.serving.engine import trace
from workers.serving.engine.admit import RECEIVE_DROP, UNPROCESSABLE
from workers.serving.engine.allocate import row_at
from workers.serving.engine.context import Exchange
from workers.serving.engine.packet import Drop
from workers.serving.engine.trace import listening

MOST_TRIES = 3

Silent = Generator[Request, Result, Drop]


def release(x: Exchange) -> Silent:
    """The lease at ciaddr ends: kept as released when affinity is on (hold-reclaimed-time and
    flush-reclaimed-timer-wait-time are not 0), so that the client gets its address again; else removed."""
    address = x.message.ciaddr
    _forget(x, address)
    for _ in range(MOST_TRIES):
        lease = yield from row_at(x, address)
        problem = _no_release(x, lease)
        if lease is None or problem:
            if listening.debug:
                trace.leases.debug("%s %s: address %s", problem, trace.label(x.message), text4(address))
            return Drop("", problem, x.statistics)
        expired = x.know.config.expired
        if expired.flush_wait and expired.hold_reclaimed and lease.valid_lft != INFINITY:
            result = yield ClaimLease(replace(lease, valid_lft=0, state=RELEASED), lease)
        else:
            result = yield RemoveLease(lease)
        if type(result) is Failed:
            raise BackendDown(result.reason)
        if type(result) is not Changed:
            if listening.info:
                trace.leases.info("DHCP4_RELEASE %s: address %s was released", trace.label(x.message), text4(address))
            return Drop("", "", x.statistics)
    trace.leases.error(
        "DHCP4_RELEASE_FAIL %s: address %s could not be released", trace.label(x.message), text4(address)
    )
    return Drop("", "DHCP4_RELEASE_FAIL", x.statistics)


def _forget(x: Exchange, address: int) -> None:
    """Whatever comes of it, the client is not told that this lease goes on."""
    lease = x.know.committed.get(address)
    if lease is not None and x.owns(lease):
        x.know.committed.forget(address)


def _no_release(x: Exchange, lease: Lease4 | None) -> str:
    """Kea's message identifier for a release that is none, or ""."""
    if lease is None:
        return "DHCP4_RELEASE_FAIL_NO_LEASE"
    if not x.owns(lease):
        return "DHCP4_RELEASE_FAIL_WRONG_CLIENT"
    return "" if lease.state == DEFAULT else "DHCP4_RELEASE_FAIL_NOT_ASSIGNED"


def decline(x: Exchange) -> Silent:
    """The address goes on probation (decline-probation-period) and belongs to nobody for that time."""
    wanted = x.options.get(50, b"")
    if len(wanted) < 4:
        return UNPROCESSABLE
    address = int.from_bytes(wanted[:4], "big")
    who = trace.label(x.message)
    _forget(x, address)
    for _ in range(MOST_TRIES):
        lease = yield from row_at(x, address)
        if lease is None:
            trace.dhcp4.warning("DHCP4_DECLINE_LEASE_NOT_FOUND %s: no lease for %s", who, text4(address))
            return Drop("", "DHCP4_DECLINE_LEASE_NOT_FOUND", x.statistics)
        if lease.expire < x.now or lease.state != DEFAULT or not x.owns(lease):
            trace.dhcp4.warning("DHCP4_DECLINE_LEASE_MISMATCH %s: %s is not this client's", who, text4(address))
            return Drop("", "DHCP4_DECLINE_LEASE_MISMATCH", x.statistics)
        result = yield ClaimLease(declined(lease, x.know.config.decline_probation_period, x.now), lease)
        if type(result) is Failed:
            raise BackendDown(result.reason)
        if type(result) is not Changed:
            trace.leases.info("DHCP4_DECLINE_LEASE %s: %s is declined", who, text4(address))
            return Drop("", "", x.statistics)
    trace.leases.error("DHCP4_DECLINE_FAIL %s: %s could not be declined", who, text4(address))
    return Drop(RECEIVE_DROP, "DHCP4_DECLINE_FAIL", x.statistics)


def declined(lease: Lease4, probation: int, now: int) -> Lease4:
    """The row of an address on probation."""
    return replace(
        lease, hw=b"", client_id=b"", valid_lft=probation, cltt=now, fqdn_fwd=False, fqdn_rev=False, hostname="",
        state=DECLINED, user_context="",
    )  # fmt: skip


def discard(x: Exchange, lease: Lease4) -> Generator[Request, Result, None]:
    """Remove what the client had before. Whoever changed the row meanwhile may keep it."""
    x.know.committed.forget(lease.address)
    result = yield RemoveLease(lease)
    if type(result) is Failed:
        trace.alloc_engine.error(
            "ALLOC_ENGINE_V4_REQUEST_REMOVE_LEASE %s: the former lease %s stays until it expires: %s",
            trace.label(x.message), text4(lease.address), result.reason,
        )  # fmt: skip
