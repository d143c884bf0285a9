"""Datagrams on the inherited DHCP sockets: frames on AF_PACKET (`RawPort`), datagrams on UDP (`UdpPort`).

No call blocks. A datagram that cannot be sent at once is lost, as on a full wire, and `SendFailed` says why.

Runs in: serving
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Sequence
from struct import Struct
from struct import error as StructError
from typing import Any, Protocol

from kea_mp.dhcp.frames import Datagram, build_frame, parse_frame
from kea_mp.dhcp.message4 import CLIENT_PORT
from kea_mp.errors import KeaMpError
from kea_mp.supervisor.start_record import RAW, DhcpSocket, DhcpSocket6
from kea_mp.values import packed4, quick4, text4
from workers.serving.engine.packet import Packet4, Reply4

RECEIVE_LIMIT = 4096  #: bytes of a frame or datagram; no DHCP message of a client is near that
_NO_MAC = bytes(6)  #: the loopback interface's

_SOL_PACKET, _PACKET_STATISTICS = 263, 6  # linux/if_packet.h
_STATISTICS = Struct("=II")  # struct tpacket_stats: packets, drops
_SIOCGSTAMPNS = 0x8907  # linux/sockios.h
_TIMESPEC = Struct("=qq")
_IP_PKTINFO = 8  # linux/in.h
_PKTINFO = Struct("=i4s4s")  # struct in_pktinfo: interface index, local address, destination
_ANCILLARY = socket.CMSG_SPACE(_PKTINFO.size)


class SendFailed(KeaMpError):
    """A datagram did not leave."""


class Arrived(Protocol):
    """A datagram. source, destination: int or 16 bytes."""

    @property
    def source(self) -> int | bytes: ...
    @property
    def destination(self) -> int | bytes: ...
    @property
    def payload(self) -> bytes: ...


class Port(Protocol):
    """One DHCP socket, as the loop drives those of both families. interface, index: where it is."""

    interface: str
    index: int
    malformed: int  #: frames that were no whole datagram
    problem: str  #: what went wrong at reading (the interface is down), until somebody has said it

    def fileno(self) -> int: ...

    def receive(self, limit: int) -> Sequence[Arrived]:
        """What has arrived, up to `limit` datagrams."""
        ...

    def discard(self, limit: int) -> int:
        """Read and forget up to `limit` datagrams; how many they were."""
        ...

    def look(self) -> None:
        """Take a fault of the socket as `problem` without reading: it wakes us whether we want packets or not."""
        ...

    def send(self, packet: Any, reply: Any) -> None:
        """Send the answer to `packet`, both of the port's family. SendFailed."""
        ...

    def waited(self, wall: float) -> float:
        """For how many seconds the datagram received last had waited in the socket. wall: now, since the epoch."""
        ...

    def overrun(self) -> int:
        """How many datagrams the kernel has thrown away since the last call because we were too slow."""
        ...


class Port4(Port, Protocol):
    """One DHCPv4 socket. address, addresses: as in `DhcpSocket`."""

    address: int
    addresses: frozenset[int]
    raw: bool

    def receive(self, limit: int) -> list[Datagram]: ...


class InheritedPort:
    """What the ports of both families have in common."""

    def __init__(self, dhcp: DhcpSocket | DhcpSocket6, usual_client_port: int) -> None:
        dhcp.socket.setblocking(False)
        self._socket = dhcp.socket
        self.interface, self.index = dhcp.interface, dhcp.index
        self.malformed, self.problem = 0, ""
        self._stamped()  # the first question makes the kernel note when a packet arrives
        self._server_port = dhcp.server_port
        # Kea's -P: answers go there, whatever port the protocol says.
        self._client_port = 0 if dhcp.client_port == usual_client_port else dhcp.client_port

    def fileno(self) -> int:
        return self._socket.fileno()

    def discard(self, limit: int) -> int:
        for count in range(limit):
            try:
                self._socket.recv(1)
            except BlockingIOError:
                return count
            except OSError as error:
                self.problem = str(error)
                return count
        return limit

    def waited(self, wall: float) -> float:
        stamped = self._stamped()
        return wall - stamped if stamped is not None else 0.0

    def _stamped(self) -> float | None:
        """When the packet received last had arrived, since the epoch; None: it is not known."""
        try:
            seconds, nanoseconds = _TIMESPEC.unpack(fcntl.ioctl(self._socket, _SIOCGSTAMPNS, bytes(_TIMESPEC.size)))
        except OSError:  # nothing was received yet
            return None
        return float(seconds + nanoseconds / 1e9)

    def look(self) -> None:
        code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self.problem = os.strerror(code)


class _Port(InheritedPort):
    raw: bool

    def __init__(self, dhcp: DhcpSocket) -> None:
        super().__init__(dhcp, CLIENT_PORT)
        self.address, self.addresses = dhcp.address, frozenset(dhcp.addresses)


class RawPort(_Port):
    """Frames on an AF_PACKET socket that is bound to one interface."""

    raw = True

    def __init__(self, dhcp: DhcpSocket) -> None:
        super().__init__(dhcp)
        self._mac = dhcp.mac or _NO_MAC

    def receive(self, limit: int) -> list[Datagram]:
        datagrams: list[Datagram] = []
        receive = self._socket.recv
        try:
            for _ in range(limit):
                datagram = parse_frame(receive(RECEIVE_LIMIT))
                if datagram is None:
                    self.malformed += 1
                else:
                    datagrams.append(datagram)
        except BlockingIOError:
            pass
        except OSError as error:
            self.problem = str(error)
        return datagrams

    def send(self, packet: Packet4, reply: Reply4) -> None:
        try:
            frame = build_frame(
                reply.mac or packet.source_mac,
                self._mac,
                reply.source,
                reply.destination,
                self._server_port,
                self._client_port or reply.port,
                reply.payload,
            )
            self._socket.send(frame)
        except OSError as error:
            raise SendFailed(f"{text4(reply.destination)} on {self.interface}: {error.strerror}") from error
        except StructError as error:
            raise SendFailed(f"{text4(reply.destination)}: {len(reply.payload)} bytes are no UDP datagram") from error

    def overrun(self) -> int:
        statistics = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, _STATISTICS.size)
        return int(_STATISTICS.unpack(statistics)[1])  # reading sets them back to 0


class UdpPort(_Port):
    """Datagrams on a UDP socket with IP_PKTINFO."""

    raw = False

    def receive(self, limit: int) -> list[Datagram]:
        datagrams: list[Datagram] = []
        receive = self._socket.recvmsg
        try:
            for _ in range(limit):
                payload, ancillary, _, (host, port) = receive(RECEIVE_LIMIT, _ANCILLARY)
                destination = self._destination(ancillary)
                datagrams.append(Datagram(b"", quick4(host), destination, port, self._server_port, payload))
        except BlockingIOError:
            pass
        except OSError as error:
            self.problem = str(error)
        return datagrams

    def _destination(self, ancillary: list[tuple[int, int, bytes]]) -> int:
        for level, kind, data in ancillary:
            if level == socket.IPPROTO_IP and kind == _IP_PKTINFO:
                try:
                    return int.from_bytes(_PKTINFO.unpack(data)[2], "big")
                except StructError:
                    break
        return self.address

    def send(self, packet: Packet4, reply: Reply4) -> None:
        # The interface in IP_PKTINFO makes a broadcast leave where the query came in, whatever the routes say; an
        # answer without a source address is one for which the routes decide (outbound-interface use-routing).
        info = _PKTINFO.pack(self.index if reply.source else 0, packed4(reply.source), bytes(4))
        target = (text4(reply.destination), self._client_port or reply.port)
        try:
            self._socket.sendmsg([reply.payload], [(socket.IPPROTO_IP, _IP_PKTINFO, info)], 0, target)
        except OSError as error:
            raise SendFailed(f"{text4(reply.destination)} on {self.interface}: {error.strerror}") from error

    def overrun(self) -> int:
        return 0  # the kernel counts what the shard filter refused in the same number


def open_port(dhcp: DhcpSocket) -> Port4:
    """The port on an inherited socket."""
    return RawPort(dhcp) if dhcp.kind == RAW else UdpPort(dhcp)
