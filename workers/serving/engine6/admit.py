"""Which DHCPv6 messages are for us at all, in the order in which Kea asks (RFC 8415 16).

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Sequence

from kea_mp.dhcp.duid import is_duid
from kea_mp.dhcp.message6 import (
    ADDR_REG_INFORM,
    CONFIRM,
    DECLINE,
    DHCPV4_QUERY,
    INFORMATION_REQUEST,
    REBIND,
    RELEASE,
    RENEW,
    REQUEST,
    SOLICIT,
    Option6,
)
from kea_mp.values import is_multicast6
from workers.serving.engine.packet import Drop
from workers.serving.engine6.context import Exchange6

NO_DUID = b"\0\0\0"  #: stands for no client in leases (Kea's empty DUID)
RECEIVE_DROP = "pkt6-receive-drop"

OTHER_SERVER = Drop(RECEIVE_DROP, "DHCP6_PACKET_DROP_SERVERID_MISMATCH")
UNICAST = Drop(RECEIVE_DROP, "DHCP6_PACKET_DROP_UNICAST")
UNKNOWN_TYPE = Drop(RECEIVE_DROP, "DHCP6_UNKNOWN_MSG_RECEIVED")
FOR_DHCPV4 = Drop("", "DHCP6_UNKNOWN_MSG_RECEIVED")  #: Kea hands it on, and counts no drop
OPTIONS_MISSING = Drop(RECEIVE_DROP, "DHCP6_REQUIRED_OPTIONS_CHECK_FAIL")
DROP_CLASS = Drop(RECEIVE_DROP, "DHCP6_PACKET_DROP_DROP_CLASS2")
DROP_CLASS_EARLY = Drop(RECEIVE_DROP, "DHCP6_PACKET_DROP_DROP_CLASS_EARLY")

FORBIDDEN, OPTIONAL, MANDATORY = "forbidden", "optional", "mandatory"
#: what each message needs: client identifier, server identifier
NEEDS = {
    SOLICIT: (MANDATORY, FORBIDDEN),
    REQUEST: (MANDATORY, MANDATORY),
    CONFIRM: (MANDATORY, FORBIDDEN),
    RENEW: (MANDATORY, MANDATORY),
    REBIND: (MANDATORY, FORBIDDEN),
    RELEASE: (MANDATORY, MANDATORY),
    DECLINE: (MANDATORY, MANDATORY),
    INFORMATION_REQUEST: (OPTIONAL, OPTIONAL),
    ADDR_REG_INFORM: (MANDATORY, FORBIDDEN),
}
#: not taken when sent to our own address; the others are, whether we have sent option 12 or not, as in Kea 3.0
TO_ALL = frozenset((SOLICIT, CONFIRM, REBIND, INFORMATION_REQUEST))


def refusal(x: Exchange6) -> Drop | None:
    """Why the message is not looked at any further, if so."""
    options = x.message.options
    servers = options.get(Option6.SERVER_ID)
    if servers is not None and servers[0] != x.know.server_duid:
        return OTHER_SERVER
    if x.type in TO_ALL and not x.message.relays and not is_multicast6(x.packet.destination):
        return UNICAST
    needs = NEEDS.get(x.type)
    if needs is None:
        return FOR_DHCPV4 if x.type == DHCPV4_QUERY else UNKNOWN_TYPE
    if not (_fit(options.get(Option6.CLIENT_ID, ()), needs[0]) and _fit(servers or (), needs[1])):
        return OPTIONS_MISSING
    return None


def _fit(identifiers: Sequence[bytes], need: str) -> bool:
    if not identifiers:
        return need != MANDATORY
    return need != FORBIDDEN and len(identifiers) == 1 and is_duid(identifiers[0]) and identifiers[0] != NO_DUID
