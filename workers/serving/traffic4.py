"""DHCPv4 messages for the loop and the scheduler.

Runs in: serving
"""

from __future__ import annotations

from kea_mp.dhcp.frames import Datagram
from kea_mp.dhcp.message4 import DECLINE, DISCOVER, RELEASE, REQUEST, decode4
from kea_mp.family import DHCP4
from kea_mp.values import text4
from workers.serving.engine.packet import Packet4, Reply4
from workers.serving.engine.trace import label
from workers.serving.packets import Port4
from workers.serving.traffic import Identifiers, Traffic

_CHANGES_LEASES = frozenset((DISCOVER, REQUEST, RELEASE, DECLINE))
_TYPE = slice(236, 243)  #: the cookie and a first option, which nearly always is the message type
_IS_DISCOVER = b"\x63\x82\x53\x63" + bytes((53, 1, DISCOVER))


def is_discover(payload: bytes) -> bool:
    """Whether this is a DISCOVER, at a glance: one whose type is not its first option is not seen."""
    return payload[_TYPE] == _IS_DISCOVER


def read4(port: Port4, datagram: Datagram, lenient: bool) -> Packet4:
    """The packet in a datagram. WireError."""
    # A client that was told another address of ours as server identifier goes on with that.
    destination = datagram.destination
    return Packet4(
        decode4(datagram.payload, lenient), port.interface, port.index,
        destination if destination in port.addresses else port.address,
        datagram.source, destination, datagram.source_port, datagram.source_mac, port.raw,
    )  # fmt: skip


def key4(packet: Packet4, kind: int) -> bytes:
    """As in Kea, a client's packets that change leases are handled one after the other."""
    if kind not in _CHANGES_LEASES:
        return b""
    message = packet.message
    return message.chaddr or message.options.get(61, b"")


TRAFFIC4: Traffic[Packet4, Reply4] = Traffic(
    family=DHCP4,
    identifiers=Identifiers(
        duplicate="DHCP4_PACKET_DROP_0012",
        failed="DHCP4_PACKET_DROP_0007",
        disabled="DHCP4_PACKET_DROP_0008",
        unreadable="DHCP4_PACKET_DROP_0001",
        receive_failed="DHCP4_BUFFER_RECEIVE_FAIL",
    ),
    read=read4,
    key=key4,
    label=label,
    text=text4,
    first=DISCOVER,
    firsts="DISCOVERs",
    looks_first=is_discover,
    received={
        1: "pkt4-discover-received",
        2: "pkt4-offer-received",
        3: "pkt4-request-received",
        4: "pkt4-decline-received",
        5: "pkt4-ack-received",
        6: "pkt4-nak-received",
        7: "pkt4-release-received",
        8: "pkt4-inform-received",
    },
    sent={2: "pkt4-offer-sent", 5: "pkt4-ack-sent", 6: "pkt4-nak-sent"},
)
