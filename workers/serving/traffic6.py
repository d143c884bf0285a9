"""DHCPv6 messages for the loop and the scheduler.

Runs in: serving
"""

from __future__ import annotations

import socket

from kea_mp.dhcp.message6 import (
    ADDR_REG_INFORM,
    DECLINE,
    REBIND,
    RELEASE,
    RENEW,
    REQUEST,
    SOLICIT,
    Option6,
    decode6,
)
from kea_mp.family import DHCP6
from kea_mp.values import text6
from workers.serving.engine6.packet import Packet6, Reply6
from workers.serving.engine6.trace import label6
from workers.serving.packets6 import Datagram6, Port6
from workers.serving.traffic import Identifiers, Traffic

_CHANGES_LEASES = frozenset((SOLICIT, REQUEST, RENEW, REBIND, RELEASE, DECLINE, ADDR_REG_INFORM))
_CLIENT_ID = int(Option6.CLIENT_ID)


def is_solicit(payload: bytes) -> bool:
    """Whether this is a SOLICIT, at a glance: one that a relay has sent on is not seen."""
    return payload[:1] == b"\x01"


def read6(port: Port6, datagram: Datagram6, lenient: bool) -> Packet6:
    """The packet in a datagram. WireError."""
    index = datagram.index
    return Packet6(
        decode6(datagram.payload, lenient),
        port.interface if index == port.index else _name_of(index, port),
        index,
        datagram.source,
        datagram.source_port,
        datagram.destination,
    )


def _name_of(index: int, port: Port6) -> str:
    """Of the interface that a datagram to an address of another one came in on."""
    try:
        return socket.if_indextoname(index)
    except OSError:  # it has gone meanwhile
        return port.interface


def key6(packet: Packet6, kind: int) -> bytes:
    """As in Kea, a client's packets are handled one after the other; here those that change leases."""
    if kind not in _CHANGES_LEASES:
        return b""
    duids = packet.message.options.get(_CLIENT_ID)
    return duids[0] if duids else b""


TRAFFIC6: Traffic[Packet6, Reply6] = Traffic(
    family=DHCP6,
    identifiers=Identifiers(
        duplicate="DHCP6_PACKET_DROP_DUPLICATE",
        failed="DHCP6_PACKET_PROCESS_FAIL",
        disabled="DHCP6_PACKET_DROP_DHCP_DISABLED",
        unreadable="DHCP6_PACKET_DROP_PARSE_FAIL",
        receive_failed="DHCP6_PACKET_RECEIVE_FAIL",
    ),
    read=read6,
    key=key6,
    label=label6,
    text=text6,
    first=SOLICIT,
    firsts="SOLICITs",
    looks_first=is_solicit,
    received={
        1: "pkt6-solicit-received",
        2: "pkt6-advertise-received",
        3: "pkt6-request-received",
        4: "pkt6-confirm-received",
        5: "pkt6-renew-received",
        6: "pkt6-rebind-received",
        7: "pkt6-reply-received",
        8: "pkt6-release-received",
        9: "pkt6-decline-received",
        10: "pkt6-reconfigure-received",
        11: "pkt6-infrequest-received",
        20: "pkt6-dhcpv4-query-received",
        21: "pkt6-dhcpv4-response-received",
        36: "pkt6-addr-reg-inform-received",
        37: "pkt6-addr-reg-reply-received",
    },
    sent={
        2: "pkt6-advertise-sent",
        7: "pkt6-reply-sent",
        21: "pkt6-dhcpv4-response-sent",
        37: "pkt6-addr-reg-reply-sent",
    },
)
