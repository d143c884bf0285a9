"""A client, or a relay, of the tests' own: sends one frame and collects what the server answers.

Runs in: any (root)
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from tests.lab.net import packet_socket, udp_socket
from tests.lab.packets import BROADCAST_MAC, Answer, frame, parse_frame
from tests.lab.packets6 import ALL_AGENTS_AND_SERVERS, Answer6, frame6, multicast_mac, parse_frame6

A = TypeVar("A")
ETHERTYPE_IPV4, ETHERTYPE_IPV6 = 0x0800, 0x86DD


class Listener(Generic[A]):
    """Listens on one interface of a namespace to everything that a DHCP server sends.

    parse: the message in a frame, None: not one of a server. absorbers: UDP addresses kept open so that the kernel does
    not answer the server with "port unreachable".
    """

    def __init__(
        self,
        namespace: str,
        interface: str,
        protocol: int,
        parse: Callable[[bytes], A | None],
        absorbers: tuple[tuple[str, int], ...],
    ) -> None:
        self._parse = parse
        self._packets = packet_socket(namespace, interface, protocol)
        self._packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._absorbers = [udp_socket(namespace, *absorber) for absorber in absorbers]

    def close(self) -> None:
        self._packets.close()
        for absorber in self._absorbers:
            absorber.close()

    def receive(self, timeout: float) -> A | None:
        """The next message of a server, None when none has come in time."""
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            if not select.select([self._packets], [], [], left)[0]:
                return None
            data, address = self._packets.recvfrom(65536)
            if address[2] == socket.PACKET_OUTGOING:
                continue
            answer = self._parse(data)
            if answer is not None:
                return answer
        return None

    def drain(self) -> list[A]:
        """What has arrived and was not asked for."""
        late = []
        while answer := self.receive(0.001):
            late.append(answer)
        return late


class WireClient(Listener[Answer]):
    """DHCPv4. mac: the interface's own, the source of frames that come from a relay; server_mac: where unicast frames
    go."""

    def __init__(
        self, namespace: str, interface: str, mac: str, server_mac: str, ports: tuple[int, ...] = (67, 68)
    ) -> None:
        self.mac, self.server_mac = mac, server_mac
        absorbers = tuple(("0.0.0.0", port) for port in ports)
        super().__init__(namespace, interface, ETHERTYPE_IPV4, parse_frame, absorbers)

    def send(
        self,
        payload: bytes,
        source: tuple[str, int] = ("0.0.0.0", 68),
        destination: tuple[str, int] = ("255.255.255.255", 67),
        mac: str = "",
    ) -> None:
        """One frame; mac: its source (the client's), by default this interface's."""
        to = BROADCAST_MAC if destination[0] == "255.255.255.255" else self.server_mac
        self._packets.send(frame(payload, mac or self.mac, to, source, destination))


class WireClient6(Listener[Answer6]):
    """DHCPv6. The interface must have the addresses that are sent from: the server's kernel looks for them. mac,
    server_mac: as in WireClient."""

    def __init__(self, namespace: str, interface: str, mac: str, server_mac: str) -> None:
        self.mac, self.server_mac = mac, server_mac
        super().__init__(namespace, interface, ETHERTYPE_IPV6, parse_frame6, (("::", 546), ("::", 547)))

    def send(
        self, payload: bytes, source: tuple[str, int], destination: tuple[str, int] = (ALL_AGENTS_AND_SERVERS, 547)
    ) -> None:
        """One frame."""
        to = multicast_mac(destination[0]) if destination[0].startswith("ff") else self.server_mac
        self._packets.send(frame6(payload, self.mac, to, source, destination))
