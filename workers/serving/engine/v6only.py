"""IPv6-Only Preferred (option 108, RFC 8925): a client that can do without IPv4 gets no address.

Runs in: serving
"""

from __future__ import annotations

from workers.serving.engine import trace
from workers.serving.engine.context import Exchange
from workers.serving.engine.options import V6_ONLY
from workers.serving.engine.packet import Drop, Reply4
from workers.serving.engine.reply import answer, template_for
from workers.serving.engine.reservations import circle_for


def prefers_v6_only(x: Exchange) -> bool:
    """Whether the client asks for option 108 and a subnet in reach, or the network, has it; moves to that subnet."""
    plan = x.plan
    if plan is None or V6_ONLY not in x.options.get(55, b""):
        return False
    for member in circle_for(x, plan):
        if member.chain and V6_ONLY in member.chain[0].get("dhcp4", {}):
            x.plan = member
            return True
    return any(V6_ONLY in options.get("dhcp4", {}) for options in plan.chain[1:])


def v6_only_reply(x: Exchange, kind: int) -> Reply4 | Drop:
    """DHCPOFFER or DHCPACK of 0.0.0.0. Never without the option (never-send may have taken it away)."""
    template = template_for(x, 0)
    if not template.has_v6_only:
        identifier = f"DHCP4_V6_ONLY_PREFERRED_MISSING_IN_{'OFFER' if kind == 2 else 'ACK'}"
        trace.packets.error("%s %s: no option 108 to send", identifier, trace.label(x.message))
        return Drop("", identifier)
    return answer(x, kind, template)
