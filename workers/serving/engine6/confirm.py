"""RENEW and REBIND while the lease database cannot be asked: leases that were seen committed are confirmed for what is
left of them, nothing else is answered.

Unreachable is not "nothing there": no NoBinding, no NoAddrsAvail, no lifetime 0. An association, or an address of one,
that cannot be confirmed is not in the answer, so that the client asks again for it.

Runs in: serving
"""

from __future__ import annotations

from kea_mp.dhcp.message6 import DECLINE, REBIND, RELEASE, RENEW, REPLY, pack_ia
from kea_mp.leases.model import NA, PD, Lease6
from kea_mp.values import INFINITY
from workers.serving.committed import scaled, time_left
from workers.serving.engine.confirm import ENDED, FORBIDDEN, NEW, UNKNOWN
from workers.serving.engine.packet import Drop
from workers.serving.engine6 import trace
from workers.serving.engine6.admit import RECEIVE_DROP
from workers.serving.engine6.assign import place_text, settle
from workers.serving.engine6.association import Association, associations_of
from workers.serving.engine6.context import Exchange6
from workers.serving.engine6.grant import CODE_OF, Grant6, packed_leases
from workers.serving.engine6.lifetimes import tee_times6
from workers.serving.engine6.names import client_names6
from workers.serving.engine6.packet import Reply6
from workers.serving.engine6.reply import answer6, template_for
from workers.serving.engine6.reservations import is_mine, reserved_for_others
from workers.serving.engine6.trace import listening

_GIVES_BACK = {RELEASE: "release", DECLINE: "decline"}


def confirmed(x: Exchange6) -> Reply6 | Drop:
    """The answer to a message whose question to the store has failed."""
    x.statistics, x.places = (), ()
    if x.type not in (RENEW, REBIND) or x.plan is None:
        return unanswered(x, _GIVES_BACK.get(x.type, NEW))
    packed = {NA: b"", PD: b""}
    why = NEW
    for one in associations_of(x):
        leases, refused = _held(x, one)
        why = refused or why
        if leases:
            packed[one.kind] += _with_time_left(x, one, leases)
    if not x.places:
        return unanswered(x, why)
    x.count("kea-mp-lease-confirmed")
    first = next((address for kind, address in x.places if kind == NA), b"")
    names = client_names6(x, first, False)
    settle(x)
    return answer6(x, REPLY, template_for(x), addresses=packed[NA], prefixes=packed[PD], fqdn=names.fqdn)


def _held(x: Exchange6, one: Association) -> tuple[list[Lease6], str]:
    """The leases of the association that can be confirmed, and why another one cannot."""
    found: list[Lease6] = []
    why = ""
    for hint in one.ia.leases:
        lease = x.know.committed.get(hint.address)
        verdict = _verdict(x, one, lease)
        if lease is not None and not verdict:
            found.append(lease)
        why = verdict or why
    return found, why


def _verdict(x: Exchange6, one: Association, lease: Lease6 | None) -> str:
    """Why the lease is not confirmed, or ""."""
    plan = x.plan
    assert plan is not None
    if lease is None or (lease.duid, lease.iaid, lease.lease_type) != (x.duid, one.ia.iaid, one.kind):
        return UNKNOWN
    home = next((member for member in plan.circle if member.id == lease.subnet_id), None)
    if home is None:
        return UNKNOWN
    if not time_left(lease, x.now):
        return ENDED
    if not home.supports(x.classes.members):
        return FORBIDDEN
    if is_mine(x, one.kind, lease.address, lease.prefix_len, lease.subnet_id):
        return ""
    in_pool = home.open_pool_at(one.kind, lease.address, x.classes.members) is not None
    return "" if in_pool and not reserved_for_others(home, one.kind, lease.address) else FORBIDDEN


def _with_time_left(x: Exchange6, one: Association, leases: list[Lease6]) -> bytes:
    """The IA for what is left, T1 and T2 in proportion."""
    plan = x.plan = x.know.plan.by_id[leases[0].subnet_id]
    x.places += tuple((one.kind, lease.address) for lease in leases)
    grants = [Grant6(lease, lease, preferred_left(lease, x.now), time_left(lease, x.now), True) for lease in leases]
    shortest = min(leases, key=lambda lease: time_left(lease, x.now))
    left = time_left(shortest, x.now)
    t1, t2 = (scaled(t, left, shortest.valid_lft) for t in tee_times6(plan.parameters, shortest.pref_lft))
    if listening.debug:
        text = "KEA_MP_LEASE_CONFIRMED %s: lease %s has %d seconds left, its database cannot be asked"
        for grant in grants:
            trace.leases.debug(text, trace.label6(x.message), place_text(grant.lease), grant.valid)
    return pack_ia(CODE_OF[one.kind], one.ia.iaid, t1, t2, packed_leases(x, one, grants))


def preferred_left(lease: Lease6, now: int) -> int:
    """Seconds for which the address is preferred, 0 when only its valid lifetime goes on."""
    if lease.pref_lft == INFINITY:
        return INFINITY
    return max(0, min(lease.cltt + lease.pref_lft - now, lease.pref_lft, time_left(lease, now)))


def unanswered(x: Exchange6, why: str) -> Drop:
    """No answer, counted by reason."""
    if listening.debug:
        trace.bad_packets.debug("KEA_MP_LEASES_UNREACHABLE %s: not answered (%s)", trace.label6(x.message), why)
    return Drop("pkt6-processing-failed", "", (RECEIVE_DROP, f"kea-mp-unanswered-{why}"))
