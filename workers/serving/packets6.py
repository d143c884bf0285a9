"""DHCPv6 datagrams on the inherited sockets (`Port6`).

No call blocks. A datagram that cannot be sent at once is lost, as on a full wire, and `SendFailed` says why.

Runs in: serving
"""

from __future__ import annotations

import socket
from struct import Struct
from struct import error as StructError

import msgspec

from kea_mp.dhcp.message6 import CLIENT_PORT
from kea_mp.supervisor.start_record import DhcpSocket6
from kea_mp.values import address6, is_link_local6, is_multicast6, text6
from workers.serving.engine6.packet import Packet6, Reply6
from workers.serving.packets import RECEIVE_LIMIT, InheritedPort, SendFailed

_PKTINFO = Struct("=16si")  # struct in6_pktinfo: address, interface index
_ANCILLARY = socket.CMSG_SPACE(_PKTINFO.size)


class Datagram6(msgspec.Struct, frozen=True, gc=False):
    """What a UDP datagram brought. source, destination: 16 bytes. index: of the interface that it came in on."""

    source: bytes
    source_port: int
    destination: bytes
    index: int
    payload: bytes


class Port6(InheritedPort):
    """Datagrams to one address of an interface. interface, index: of it; address: what the socket is bound to;
    link_local: an address of the interface, b"" when it has none. The rest as in `Port`."""

    def __init__(self, dhcp: DhcpSocket6) -> None:
        super().__init__(dhcp, CLIENT_PORT)
        self.address, self.link_local = dhcp.address, dhcp.link_local
        # Only such a socket is not bound to its interface as well.
        self._anywhere = not is_multicast6(dhcp.address) and not is_link_local6(dhcp.address)

    def receive(self, limit: int) -> list[Datagram6]:
        """What has arrived, up to `limit` datagrams."""
        datagrams: list[Datagram6] = []
        one = self._one_from_anywhere if self._anywhere else self._one
        try:
            for _ in range(limit):
                datagrams.append(one())
        except BlockingIOError:
            pass
        except OSError as error:
            self.problem = str(error)
        return datagrams

    def _one(self) -> Datagram6:
        payload, (host, port, *_) = self._socket.recvfrom(RECEIVE_LIMIT)
        return Datagram6(address6(host), port, self.address, self.index, payload)

    def _one_from_anywhere(self) -> Datagram6:
        payload, ancillary, _, (host, port, *_) = self._socket.recvmsg(RECEIVE_LIMIT, _ANCILLARY)
        return Datagram6(address6(host), port, self.address, self._arrival(ancillary), payload)

    def _arrival(self, ancillary: list[tuple[int, int, bytes]]) -> int:
        for level, kind, data in ancillary:
            if level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO:
                try:
                    return int(_PKTINFO.unpack(data)[1])
                except StructError:
                    break
        return self.index

    def send(self, _: Packet6, reply: Reply6) -> None:
        """Send an answer out of the interface of the query. SendFailed.

        As with Kea the source is the address that the query was sent to, for a multicast one that the system chooses:
        of the same scope as the destination (RFC 6724).
        """
        target = (text6(reply.destination), self._client_port or reply.port, 0, reply.index)
        try:
            if self._anywhere:
                info = _PKTINFO.pack(self.address, reply.index)
                self._socket.sendmsg([reply.payload], [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, info)], 0, target)
            else:
                self._socket.sendto(reply.payload, target)
        except OSError as error:
            raise SendFailed(f"{target[0]} on {self.interface}: {error.strerror}") from error

    def overrun(self) -> int:
        """As in `Port`."""
        return 0  # the kernel counts what the shard filter refused in the same number
