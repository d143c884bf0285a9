"""Turning choices into leases and into IA options: what is written, and what is said.

Runs in: serving
"""

from __future__ import annotations

import msgspec

from kea_mp.config.model6 import PdPool6
from kea_mp.dhcp.message6 import (
    IA_NA,
    IA_PD,
    Option6,
    StatusCode,
    pack_ia,
    pack_iaaddr,
    pack_iaprefix,
    pack_option6,
    pack_status,
)
from kea_mp.dhcp.special6 import pack_pd_exclude, parse_codes
from kea_mp.leases.model import DEFAULT, NA, PD, RECLAIMED, RELEASED, Lease6
from workers.serving.engine6.association import Association, Choice6
from workers.serving.engine6.context import Exchange6
from workers.serving.engine6.extended import extended6
from workers.serving.engine6.lifetimes import lifetimes, reusable, tee_times6
from workers.serving.engine6.options import ORO

CODE_OF = {NA: IA_NA, PD: IA_PD}
LONGEST = 0xFFFFFFFF


class Grant6(msgspec.Struct, frozen=True, gc=False):
    """lease: what the store is to hold. seen: the row there. preferred, valid: what the client is told, seconds.
    reused: the row that is there already is good enough, so nothing is written."""

    lease: Lease6
    seen: Lease6 | None
    preferred: int
    valid: int
    reused: bool = False


def granted6(x: Exchange6, one: Association, choice: Choice6, hostname: str, extends: bool) -> Grant6:
    """The lease for a choice. extends: a renewal, which has all its fields set anew; a REQUEST leaves a lease that the
    client has as it is but for its time and name."""
    seen = choice.seen
    if choice.own and seen is not None:
        return _extended(x, one, choice, seen, hostname) if extends else _touched(x, one, choice, seen, hostname)
    context = seen.user_context if seen is not None else ""
    lease = _written(x, one, choice, hostname, context, 0 if seen is None else seen.pool_id)
    return Grant6(lease, seen, lease.pref_lft, lease.valid_lft)


def _written(x: Exchange6, one: Association, choice: Choice6, hostname: str, context: str, pool_id: int) -> Lease6:
    plan = choice.plan
    preferred, valid = lifetimes(x, plan.parameters, one.hint)
    pool = choice.pool or plan.pool_at(one.kind, choice.address)
    if plan.parameters.store_extended_info:
        context = extended6(x, context)
    return Lease6(
        choice.address, x.duid, one.ia.iaid, one.kind, choice.length, preferred, valid, x.now, plan.id, False, False,
        hostname, DEFAULT, context, pool_id if pool is None else pool.pool_id, x.hw, x.hw_source,
    )  # fmt: skip


def _extended(x: Exchange6, one: Association, choice: Choice6, seen: Lease6, hostname: str) -> Grant6:
    lease = _written(x, one, choice, hostname, seen.user_context, seen.pool_id)
    if _is_same(lease, seen):
        left = reusable(seen, lease.valid_lft, x.now, choice.plan.parameters)
        if left is not None:
            return _reused(x, one, seen, left)
    return Grant6(lease, seen, lease.pref_lft, lease.valid_lft)


def _is_same(lease: Lease6, seen: Lease6) -> bool:
    """Whether a renewal would change nothing but the time."""
    return (
        lease.pref_lft == seen.pref_lft
        and lease.valid_lft == seen.valid_lft
        and lease.hostname == seen.hostname
        and not seen.fqdn_fwd
        and not seen.fqdn_rev
        and lease.hw == seen.hw
        and lease.user_context == seen.user_context
    )


def _touched(x: Exchange6, one: Association, choice: Choice6, seen: Lease6, hostname: str) -> Grant6:
    plan = x.plan
    assert plan is not None
    preferred, valid = seen.pref_lft, seen.valid_lft
    if not valid:  # it was released
        preferred, valid = lifetimes(x, plan.parameters, one.hint)
    named_anew = one.kind != PD and (hostname.lower() != seen.hostname.lower() or seen.fqdn_fwd or seen.fqdn_rev)
    if not named_anew:
        left = reusable(seen, valid, x.now, plan.parameters)
        if left is not None:
            return _reused(x, one, seen, left)
    state = DEFAULT if seen.state in (RECLAIMED, RELEASED) else seen.state
    lease = Lease6(
        seen.address, seen.duid, seen.iaid, seen.lease_type, seen.prefix_len, preferred, valid, x.now, seen.subnet_id,
        False, False, hostname, state, seen.user_context, seen.pool_id, seen.hw, seen.hw_source,
    )  # fmt: skip
    return Grant6(lease, seen, preferred, valid)


def _reused(x: Exchange6, one: Association, seen: Lease6, left: tuple[int, int]) -> Grant6:
    name = "v6-ia-pd-lease-reuses" if one.kind == PD else "v6-ia-na-lease-reuses"
    x.count(name, f"subnet[{seen.subnet_id}].{name}")
    return Grant6(seen, seen, *left, True)


def advertised(x: Exchange6, one: Association, choice: Choice6) -> Grant6:
    """What an ADVERTISE says: nothing is written, and a lease that the client has is shown with its times."""
    seen = choice.seen
    assert x.plan is not None
    if choice.own and seen is not None:
        times = seen.pref_lft, seen.valid_lft
        if not times[1]:
            times = lifetimes(x, x.plan.parameters, one.hint)
        return Grant6(seen, seen, *times, True)
    lease = _written(x, one, choice, "", "", 0)
    return Grant6(lease, seen, lease.pref_lft, lease.valid_lft)


def assigned_ia(x: Exchange6, one: Association, grants: list[Grant6]) -> bytes:
    """The IA of an answer to SOLICIT or REQUEST: of several addresses the first, of prefixes all."""
    if not grants:
        return refused_ia(one, *NOTHING_ASSIGNED[one.kind])
    told = grants if one.kind == PD else grants[:1]
    t1, t2 = _times(one, told, told[0].preferred)
    return pack_ia(CODE_OF[one.kind], one.ia.iaid, t1, t2, packed_leases(x, one, told))


def extended_ia(x: Exchange6, one: Association, grants: list[Grant6]) -> bytes:
    """The IA of an answer to RENEW or REBIND: all leases, then with 0 for their times those that the client has lost
    and those that it names and may not have."""
    kind, hints = one.kind, [(hint.address, hint.length) for hint in one.ia.leases]
    body = packed_leases(x, one, grants)
    known = {(grant.lease.address, grant.lease.prefix_len) for grant in grants}
    for lease in one.gone:
        known.add((lease.address, lease.prefix_len))
        body += _ended(kind, lease.address, lease.prefix_len)
    for address, length in hints:
        if (address, length) not in known and (kind == NA or any(address)):
            body += _ended(kind, address, length)
    if not grants:
        return pack_ia(CODE_OF[kind], one.ia.iaid, 0, 0, _with_status(kind, body, *NOTHING_EXTENDED[kind]))
    t1, t2 = _times(one, grants, LONGEST)
    return pack_ia(CODE_OF[kind], one.ia.iaid, t1, t2, body)


def _times(one: Association, grants: list[Grant6], most: int) -> tuple[int, int]:
    assert one.plan is not None
    if len(grants) == 1:
        return tee_times6(one.plan.parameters, min(grants[0].preferred or most, most))
    shortest = min((grant.preferred for grant in grants if grant.preferred), default=most)
    return tee_times6(one.plan.parameters, min(shortest, most))


def packed_leases(x: Exchange6, one: Association, grants: list[Grant6]) -> bytes:
    """The options within an IA that tell its leases."""
    if one.kind == NA:
        return b"".join([pack_iaaddr(grant.lease.address, grant.preferred, grant.valid) for grant in grants])
    excludes = Option6.PD_EXCLUDE in parse_codes(x.message.option(ORO) or b"")
    return b"".join([
        pack_iaprefix(
            grant.lease.address, grant.lease.prefix_len, grant.preferred, grant.valid,
            _excluded(x, one, grant.lease) if excludes else b"",
        )
        for grant in grants
    ])  # fmt: skip


def _excluded(x: Exchange6, one: Association, lease: Lease6) -> bytes:
    """The option with the prefix that the client must not use on its side (RFC 6603), of its reservation or pool."""
    host = x.host()
    if host is not None:
        for reserved in host.prefixes:
            if reserved.prefix == lease.address and reserved.length == lease.prefix_len:
                return _pd_exclude(lease, reserved.excluded, reserved.excluded_length)
    pool = x.plan.pool_at(PD, lease.address) if x.plan is not None else None
    if not isinstance(pool, PdPool6):
        return b""
    return _pd_exclude(lease, pool.excluded, pool.excluded_length)


def _pd_exclude(lease: Lease6, excluded: bytes, length: int) -> bytes:
    if not length:
        return b""
    payload = pack_pd_exclude(lease.address, lease.prefix_len, excluded, length)
    return pack_option6(Option6.PD_EXCLUDE, payload)


def _ended(kind: int, address: bytes, length: int) -> bytes:
    return pack_iaaddr(address, 0, 0) if kind == NA else pack_iaprefix(address, length, 0, 0)


def _with_status(kind: int, body: bytes, code: int, text: str) -> bytes:
    """In ascending order of codes: a status comes behind addresses (5) and before prefixes (26)."""
    status = pack_status(code, text)
    return body + status if kind == NA else status + body


def refused_ia(one: Association, code: int, text: str) -> bytes:
    """An IA with nothing but a status."""
    return pack_ia(CODE_OF[one.kind], one.ia.iaid, 0, 0, pack_status(code, text))


NO_ADDRS, NO_PREFIX, NO_BINDING = StatusCode.NO_ADDRS_AVAIL, StatusCode.NO_PREFIX_AVAIL, StatusCode.NO_BINDING
NOTHING_ASSIGNED = {
    NA: (NO_ADDRS, "Sorry, no address could be allocated."),
    PD: (NO_PREFIX, "Sorry, no prefixes could be allocated."),
}
NOTHING_EXTENDED = {
    NA: (NO_ADDRS, "Sorry, no addresses could be assigned at this time."),
    PD: (NO_PREFIX, "Sorry, no prefixes could be assigned at this time."),
}
NO_SUBNET_TO_ASSIGN = {
    NA: (NO_ADDRS, "Server could not select subnet for this client"),
    PD: (NO_PREFIX, "Sorry, no subnet available."),
}
NO_SUBNET_TO_EXTEND = {
    NA: (NO_BINDING, "Sorry, no known leases for this duid/iaid."),
    PD: (NO_BINDING, "Sorry, no known PD leases for this duid/iaid."),
}
