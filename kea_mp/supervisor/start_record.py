"""What a child is given at its start: everything it may know, in one picklable record.

Contract with the children, beyond the fields:

- A packet worker leaves on a Directive EXIT or on SIGTERM, after its exchanges in flight. A connection worker is
  needed until the last of them has left: it leaves on SIGTERM, which the supervisor sends when they are gone.
- The supervisor ends the daemon with the code of a child that left with 69, 73, 75, 76, 77 or 78 (`ExitWith`); any
  other end that nobody asked for is answered by a new start with the very same sockets and lanes.

Runs in: any
"""

from __future__ import annotations

import socket
from dataclasses import dataclass

from kea_mp.bus.sockets import Endpoints
from kea_mp.config.model import Config4
from kea_mp.config.model6 import Config6

RAW, UDP = "raw", "udp"


@dataclass(frozen=True, slots=True)
class DhcpSocket:
    """One shard of one interface's DHCP traffic, non-blocking.

    socket: for kind "raw" AF_PACKET SOCK_RAW bound to the interface, frames with their Ethernet header; for kind
    "udp" UDP with IP_PKTINFO. interface, index, mac: of the interface (mac b"" when it has none). address: the
    interface's IPv4 address that is the server identifier here; addresses: all that this socket answers to. Ports in
    host order (67 and 68, or -p and -P).
    """

    socket: socket.socket
    kind: str
    interface: str
    index: int
    mac: bytes
    address: int
    addresses: tuple[int, ...]
    server_port: int = 67
    client_port: int = 68


@dataclass(frozen=True, slots=True)
class DhcpSocket6:
    """One shard of the DHCPv6 traffic to one address of an interface, UDP, non-blocking.

    address: what it is bound to, a multicast group, a link-local or another unicast address (16 bytes); those of the
    first two kinds are bound to the interface as well, the last one gets packets that come in elsewhere too, and has
    IPV6_RECVPKTINFO to tell. interface, index, mac, ports: as in `DhcpSocket` (547 and 546). link_local: an address of
    the interface, b"" when it has none.
    """

    socket: socket.socket
    interface: str
    index: int
    mac: bytes
    address: bytes
    link_local: bytes
    server_port: int = 547
    client_port: int = 546


@dataclass(frozen=True, slots=True)
class LogChannel:
    """Where a child's log records go: its end of a `log.Channel`, and the level of each configured logger ("kea-dhcp4"
    first). callers: some pattern shows where in the program a line comes from, which costs time."""

    end: socket.socket
    levels: tuple[tuple[str, int], ...]
    callers: bool = False


@dataclass(frozen=True, slots=True)
class StartRecord:
    """The start of one child.

    child: "serving-0", "connection-lease-database" …; index: its number among its kind; workers: how many packet
    workers there are. config: without its `raw`, which no child needs. lanes: the non-blocking SEQPACKET ends of the
    data path; for a connection worker one per packet worker in their order, for a packet worker one per connection
    worker, the lease database first. dhcp_sockets, dhcp_sockets6: packet workers only, those of its family.
    server_duid: who we are in DHCPv6. heartbeat_s: between two reports; silence_s: without a directive for longer than
    this, pause.
    """

    child: str
    index: int
    workers: int
    config: Config4 | Config6
    generation: int
    endpoints: Endpoints
    parent: int  #: pid of the supervisor
    log: LogChannel
    lanes: tuple[socket.socket, ...] = ()
    dhcp_sockets: tuple[DhcpSocket, ...] = ()
    dhcp_sockets6: tuple[DhcpSocket6, ...] = ()
    server_duid: bytes = b""
    heartbeat_s: float = 0.25
    silence_s: float = 2.0
