"""What goes into the DHCPv4 engine and what comes out of it.

Runs in: serving
"""

from __future__ import annotations

import msgspec

from kea_mp.dhcp.message4 import Message4


class Packet4(msgspec.Struct, frozen=True, gc=False):
    """One message as it was received.

    interface, ifindex: where it came in. local_address: the IPv4 address (int) of the receiving interface's socket;
    our answers leave from it and it is the server identifier. source, destination: IPv4 of the datagram.
    source_port: UDP. source_mac: Ethernet source, or b"". raw: received on a packet socket, so that an answer can be
    sent to a client that has no address yet.
    """

    message: Message4
    interface: str
    ifindex: int
    local_address: int
    source: int
    destination: int
    source_port: int
    source_mac: bytes = b""
    raw: bool = True


class Reply4(msgspec.Struct, frozen=True, gc=False):
    """One datagram to send on the interface that the query came in on.

    payload: the DHCP message. destination, port: where to (UDP). source: our address; 0: the routes decide on address
    and interface (outbound-interface use-routing, to relays, on UDP sockets). mac: the Ethernet destination for packet
    sockets, as Kea the sender of the query or everybody; b"" on a UDP socket. kind: DHCP message type, for the
    counters. statistics: further counters of Kea to raise by one.
    """

    payload: bytes
    destination: int
    port: int
    source: int
    mac: bytes
    kind: int
    statistics: tuple[str, ...] = ()


class Drop(msgspec.Struct, frozen=True, gc=False):
    """No answer. statistic: Kea's name of the counter to raise, or "". identifier: Kea's log message identifier,
    or "" when silence is the regular end (a DHCPRELEASE that was done). statistics: further counters to raise."""

    statistic: str = ""
    identifier: str = ""
    statistics: tuple[str, ...] = ()
