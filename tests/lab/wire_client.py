"""A client, or a relay, of the tests' own: sends one frame and collects what the server answers.

Runs in: any (root)
"""

from __future__ import annotations

import select
import socket
import time

from tests.lab.net import packet_socket, udp_socket
from tests.lab.packets import BROADCAST_MAC, Answer, frame, parse_frame


class WireClient:
    """Listens on one interface of a namespace to everything that a DHCP server sends.

    mac: the interface's own, the source of frames that come from a relay; server_mac: where unicast frames go.
    ports: UDP ports kept open so that the kernel does not answer the server with "port unreachable".
    """

    def __init__(self, namespace: str, interface: str, mac: str, server_mac: str, ports: tuple[int, ...] = (67, 68)):
        self.mac, self.server_mac = mac, server_mac
        self._packets = packet_socket(namespace, interface)
        self._packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._absorbers = [udp_socket(namespace, "0.0.0.0", port) for port in ports]

    def close(self) -> None:
        self._packets.close()
        for absorber in self._absorbers:
            absorber.close()

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

    def receive(self, timeout: float) -> Answer | None:
        """The next message of a server, None when none has come in time."""
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            if not select.select([self._packets], [], [], left)[0]:
                return None
            data, address = self._packets.recvfrom(65536)
            if address[2] == socket.PACKET_OUTGOING:
                continue
            answer = parse_frame(data)
            if answer is not None:
                return answer
        return None

    def drain(self) -> list[Answer]:
        """What has arrived and was not asked for."""
        late = []
        while answer := self.receive(0.001):
            late.append(answer)
        return late
