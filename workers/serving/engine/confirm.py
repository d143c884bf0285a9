"""DHCPREQUESTs while the lease database cannot be asked: a lease that was seen committed is confirmed for what is left
of it, nothing else is answered.

Unreachable is not "nothing there": no DHCPNAK, no other address, no longer lifetime. What the configuration forbids
meanwhile is not confirmed either.

Runs in: serving
"""

from __future__ import annotations

from kea_mp.dhcp.message4 import ACK, DECLINE, RELEASE
from kea_mp.leases.model import Lease4
from kea_mp.values import text4
from workers.serving.committed import scaled, time_left
from workers.serving.engine import trace
from workers.serving.engine.admit import RECEIVE_DROP
from workers.serving.engine.client_names import client_names
from workers.serving.engine.context import Exchange, belongs
from workers.serving.engine.lifetimes import tee_times
from workers.serving.engine.packet import Drop, Reply4
from workers.serving.engine.reply import answer, packed_times, template_for
from workers.serving.engine.reservations import address_reservation, circle_for, reserved_for_others
from workers.serving.engine.trace import listening

NEW, UNKNOWN, ENDED, FORBIDDEN = "new-lease", "unknown-lease", "ended-lease", "forbidden-lease"
_GIVES_BACK = {RELEASE: "release", DECLINE: "decline"}


def held(x: Exchange) -> Lease4 | str:
    """The lease that the client asks to go on with; moves to its subnet. Else why it cannot be confirmed."""
    if 54 in x.options or x.plan is None or not x.hint:
        return NEW
    lease = x.know.committed.get(x.hint)
    if lease is None:
        return UNKNOWN
    plan = next((plan for plan in circle_for(x, x.plan) if plan.id == lease.subnet_id), None)
    if plan is None or not belongs(lease, x.hw, x.client_id if plan.parameters.match_client_id else b""):
        return UNKNOWN
    if not time_left(lease, x.now):
        return ENDED
    reserved = address_reservation(x) if x.hosts else 0
    x.plan = plan
    may_have = reserved == lease.address or plan.in_pool(lease.address, x.classes.members)
    return lease if may_have and not reserved_for_others(x, lease.address) else FORBIDDEN


def with_time_left(x: Exchange, lease: Lease4) -> Reply4:
    """DHCPACK for what is left, T1 and T2 in proportion."""
    plan = x.plan
    assert plan is not None
    left = time_left(lease, x.now)
    t1, t2 = tee_times(plan.parameters, lease.valid_lft)
    lease_time, tees = packed_times(
        left, scaled(t1, left, lease.valid_lft), scaled(t2, left, lease.valid_lft)
    )  # fmt: skip
    if listening.debug:
        text = "KEA_MP_LEASE_CONFIRMED %s: lease %s has %d seconds left, its database cannot be asked"
        trace.leases.debug(text, trace.label(x.message), text4(lease.address), left)
    x.count("kea-mp-lease-confirmed")
    names = client_names(x, lease.address)
    template = template_for(x, lease.address)
    return answer(x, ACK, template, yiaddr=lease.address, names=names, lease_time=lease_time, tees=tees)


def unanswered(x: Exchange, why: str = "") -> Drop:
    """No answer, counted by reason."""
    why = why or _GIVES_BACK.get(x.type, NEW)
    if listening.debug:
        trace.bad_packets.debug("KEA_MP_LEASES_UNREACHABLE %s: not answered (%s)", trace.label(x.message), why)
    return Drop("pkt4-processing-failed", "", (RECEIVE_DROP, f"kea-mp-unanswered-{why}"))
