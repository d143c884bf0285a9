"""DHCPv6 datagrams on sockets of three kinds."""

from __future__ import annotations

import errno
import socket
from struct import pack
from typing import cast

import pytest

from kea_mp.dhcp.message6 import Message6
from kea_mp.supervisor.start_record import DhcpSocket6
from kea_mp.values import address6
from tests.unit.serving.test_packets import FakeSocket
from workers.serving.engine6.packet import Packet6, Reply6
from workers.serving.packets import SendFailed
from workers.serving.packets6 import Datagram6, Port6

GROUP, LOCAL, GLOBAL = address6("ff02::1:2"), address6("fe80::1"), address6("2001:db8::1")
CLIENT = ("fe80::7", 546, 0, 3)
INDEX, ELSEWHERE = 3, 4


class FakeSocket6(FakeSocket):
    recvfrom = FakeSocket.recv
    sendto = FakeSocket.send
    sendmsg = FakeSocket.send


class Wire:
    def __init__(self, address: bytes, client_port: int = 546) -> None:
        self.socket = FakeSocket6()
        bare = cast(socket.socket, self.socket)
        self.port = Port6(DhcpSocket6(bare, "eth0", INDEX, b"", address, LOCAL, client_port=client_port))

    def answer(self, payload: bytes, destination: bytes, port: int, index: int) -> None:
        message = Message6(1, 1, {})
        query = Packet6(message, "eth0", index, destination, port, self.port.address)
        self.port.send(query, Reply6(payload, destination, port, index, 7))


def pktinfo(index: int) -> list[tuple[int, int, bytes]]:
    return [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, GLOBAL + pack("=i", index))]


@pytest.mark.parametrize("address", [GROUP, LOCAL])
def test_a_socket_of_one_interface_knows_where_its_datagrams_went(address: bytes) -> None:
    wire = Wire(address)
    wire.socket.arriving = [(b"one", CLIENT), (b"two", CLIENT), (b"three", CLIENT)]
    datagram = Datagram6(address6("fe80::7"), 546, address, INDEX, b"one")
    assert wire.port.receive(2) == [datagram, Datagram6(address6("fe80::7"), 546, address, INDEX, b"two")]
    assert [each.payload for each in wire.port.receive(2)] == [b"three"]
    assert wire.port.receive(2) == []


def test_a_datagram_to_an_address_may_come_in_elsewhere() -> None:
    wire = Wire(GLOBAL)
    wire.socket.arriving = [
        (b"one", pktinfo(ELSEWHERE), 0, CLIENT),
        (b"two", [], 0, CLIENT),
        (b"three", [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, b"x")], 0, CLIENT),
    ]
    assert [(each.payload, each.index, each.destination) for each in wire.port.receive(9)] == [
        (b"one", ELSEWHERE, GLOBAL),
        (b"two", INDEX, GLOBAL),
        (b"three", INDEX, GLOBAL),
    ]


@pytest.mark.parametrize("address", [GROUP, LOCAL])
def test_an_answer_leaves_the_interface_of_the_socket(address: bytes) -> None:
    wire = Wire(address)
    wire.answer(b"answer", address6("fe80::7"), 546, INDEX)
    assert wire.socket.sent == [(b"answer", ("fe80::7", 546, 0, INDEX))]


def test_an_answer_of_an_address_leaves_where_the_query_came_in() -> None:
    wire = Wire(GLOBAL)
    wire.answer(b"answer", address6("2001:db8::7"), 547, ELSEWHERE)
    assert wire.socket.sent == [([b"answer"], pktinfo(ELSEWHERE), 0, ("2001:db8::7", 547, 0, ELSEWHERE))]


@pytest.mark.parametrize("address", [GROUP, GLOBAL])
def test_another_client_port_is_honoured(address: bytes) -> None:
    wire = Wire(address, client_port=10546)
    wire.answer(b"answer", address6("fe80::7"), 546, INDEX)
    assert wire.socket.sent[0][-1] == ("fe80::7", 10546, 0, INDEX)


@pytest.mark.parametrize("address", [GROUP, GLOBAL])
def test_what_goes_wrong_is_told(address: bytes) -> None:
    wire = Wire(address)
    wire.socket.fault = OSError(errno.ENETDOWN, "Network is down")
    assert wire.port.receive(9) == []
    assert "Network is down" in wire.port.problem
    with pytest.raises(SendFailed, match="fe80::7 on eth0: Network is down"):
        wire.answer(b"answer", address6("fe80::7"), 546, INDEX)
