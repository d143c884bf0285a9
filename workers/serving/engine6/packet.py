"""What goes into the DHCPv6 engine and what comes out of it, besides `Drop`, which both families share.

Runs in: serving
"""

from __future__ import annotations

import msgspec

from kea_mp.dhcp.message6 import Message6


class Packet6(msgspec.Struct, frozen=True, gc=False):
    """One message as it was received.

    interface, ifindex: where it came in. source, destination: the datagram's addresses, 16 bytes; destination is
    ff02::1:2 or ff05::1:3 for a multicast one. source_port: UDP. source_mac: htype byte + address as the link layer
    told it, b"" when it did not.
    """

    message: Message6
    interface: str
    ifindex: int
    source: bytes
    source_port: int
    destination: bytes
    source_mac: bytes = b""


class Reply6(msgspec.Struct, frozen=True, gc=False):
    """One datagram to send.

    payload: the DHCP message, within relay headers if need be. destination, port: where to (UDP). index: of the
    interface to send it out of, the one that the query came in on. kind: type of the innermost message, for the
    counters. statistics: further counters of Kea to raise by one.
    """

    payload: bytes
    destination: bytes
    port: int
    index: int
    kind: int
    statistics: tuple[str, ...] = ()
