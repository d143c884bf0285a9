"""What is done for each DHCPv6 message, in which order: `respond` at the foot.

Runs in: serving
"""

from __future__ import annotations

from kea_mp.dhcp.message6 import (
    ADDR_REG_INFORM,
    ADVERTISE,
    CONFIRM,
    DECLINE,
    INFORMATION_REQUEST,
    REBIND,
    RELEASE,
    RENEW,
    REPLY,
    REQUEST,
    SOLICIT,
)
from kea_mp.dhcp.special6 import parse_vendor_class
from kea_mp.errors import WireError
from workers.serving.clients import global_reservation, meet, meet_globally
from workers.serving.engine.packet import Drop
from workers.serving.engine6 import trace
from workers.serving.engine6.admit import DROP_CLASS, DROP_CLASS_EARLY, refusal
from workers.serving.engine6.assign import Answering6, lease_for
from workers.serving.engine6.context import Exchange6
from workers.serving.engine6.give_back import decline, release
from workers.serving.engine6.hardware import learn
from workers.serving.engine6.options import RAPID_COMMIT, VENDOR_CLASS
from workers.serving.engine6.packet import Reply6
from workers.serving.engine6.register import register
from workers.serving.engine6.reservations import find_reservations, identifiers_of
from workers.serving.engine6.stateless import information, on_link
from workers.serving.engine6.trace import listening

DOCSIS_CLASSES = (b"docsis3.0", b"eRouter1.0")  #: looked for anywhere in a vendor class, others only at its beginning

Outcome6 = Reply6 | Drop | Answering6  #: the end of an exchange, or what still has to ask the store on its way there


def classify(x: Exchange6) -> None:
    """VENDOR_CLASS_<first value> of each option 16."""
    names: list[str] = []
    lenient = x.know.config.compatibility.lenient_option_parsing
    for payload in x.message.options.get(VENDOR_CLASS, ()):
        try:
            _, values = parse_vendor_class(payload, lenient)
        except WireError:
            continue
        if values:
            value = next((known for known in DOCSIS_CLASSES if known in values), values[0])
            names.append("VENDOR_CLASS_" + value.decode("utf-8", "surrogateescape"))
    x.classes = x.know.classes.added(x.classes, *names)


def solicit(x: Exchange6) -> Outcome6:
    """SOLICIT; with rapid-commit answered like a REQUEST."""
    if x.plan is not None and x.plan.subnet.rapid_commit and RAPID_COMMIT in x.message.options:
        return lease_for(x, REPLY, False, rapid_commit=True)
    return lease_for(x, ADVERTISE, False)


def _served(x: Exchange6) -> Outcome6:
    """What the type of the message asks for."""
    kind = x.type
    if kind == SOLICIT:
        return solicit(x)
    if kind == REQUEST:
        return lease_for(x, REPLY, False)
    if kind in (RENEW, REBIND):
        return lease_for(x, REPLY, True)
    if kind == RELEASE:
        return release(x)
    if kind == DECLINE:
        return decline(x)
    if kind == CONFIRM:
        return on_link(x)
    assert kind in (INFORMATION_REQUEST, ADDR_REG_INFORM)
    return information(x) if kind == INFORMATION_REQUEST else register(x)


def _say_where(x: Exchange6) -> None:
    who = trace.label6(x.message)
    if x.plan is None:
        trace.packets.debug("DHCP6_SUBNET_SELECTION_FAILED %s: no subnet for this packet", who)
    else:
        trace.packets.debug("DHCP6_SUBNET_SELECTED %s: subnet with id %d", who, x.plan.id)
    names = ", ".join(x.classes.names)
    trace.dhcp6.debug("DHCP6_CLASSES_ASSIGNED_AFTER_SUBNET_SELECTION %s: classes %s", who, names)


def respond(x: Exchange6) -> Answering6:
    """The whole exchange. BackendDown: the store did not answer, so nobody is told anything."""
    know = x.know
    refused = refusal(x)
    if refused is not None:
        return refused
    if VENDOR_CLASS in x.message.options:
        classify(x)
    x.hw, x.hw_source = learn(x.packet, know.sources)
    if know.config.early_global_reservations:
        x.identifiers = identifiers_of(x)
        refused = meet_globally(x, global_reservation(x), DROP_CLASS_EARLY)
        if refused is not None:
            return refused
    x.plan = know.subnets.of(x)
    refused = meet(x, find_reservations, DROP_CLASS)
    if listening.debug:
        _say_where(x)
    if refused is not None:
        return refused
    served = _served(x)
    return served if isinstance(served, (Reply6, Drop)) else (yield from served)
