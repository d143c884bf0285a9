from __future__ import annotations

import errno
import os
import socket
from struct import pack
from typing import cast

import pytest

from kea_mp.dhcp.frames import build_frame, parse_frame
from kea_mp.dhcp.message4 import Message4
from kea_mp.supervisor.start_record import RAW, UDP, DhcpSocket
from workers.serving.engine.packet import Packet4, Reply4
from workers.serving.packets import SendFailed, open_port

OURS, CLIENT = b"\x02\0\0\0\0\x01", b"\x02\0\0\0\0\x02"
SERVER, ANY, BROADCAST = 0xC0000201, 0, 0xFFFFFFFF
MESSAGE = Message4(1, 1, 6, 0, 1, 0, 0, 0, 0, 0, 0, CLIENT, b"", b"", {53: b"\x01"})


NO_SOCKET = os.open(os.devnull, os.O_RDONLY)  #: a descriptor that knows of no time of arrival


class FakeSocket:
    def __init__(self) -> None:
        self.arriving: list[object] = []
        self.sent: list[tuple[object, ...]] = []
        self.fault: OSError | None = None

    def setblocking(self, wanted: bool) -> None:
        assert not wanted

    def fileno(self) -> int:
        return NO_SOCKET

    def recv(self, _limit: int) -> object:
        if not self.arriving:
            raise self.fault or BlockingIOError
        return self.arriving.pop(0)

    def recvmsg(self, limit: int, _ancillary: int) -> object:
        return self.recv(limit)

    def send(self, *data: object) -> None:
        if self.fault:
            raise self.fault
        self.sent.append(data)

    sendmsg = send


class Wire:
    def __init__(self, kind: str, client_port: int = 68) -> None:
        self.socket = FakeSocket()
        self.port = open_port(
            DhcpSocket(
                cast(socket.socket, self.socket), kind, "eth0", 3, OURS, SERVER, (SERVER,), client_port=client_port
            )
        )
        self.query = Packet4(MESSAGE, "eth0", 3, SERVER, ANY, BROADCAST, 68, CLIENT, kind == RAW)


def reply(mac: bytes = CLIENT, destination: int = 0xC0000263, port: int = 68, source: int = SERVER) -> Reply4:
    return Reply4(b"answer", destination, port, source, mac, 2)


def test_frames_are_read_until_the_socket_is_empty() -> None:
    wire = Wire(RAW)
    wire.socket.arriving = [build_frame(b"\xff" * 6, CLIENT, ANY, BROADCAST, 68, 67, text) for text in (b"one", b"two")]
    assert [datagram.payload for datagram in wire.port.receive(64)] == [b"one", b"two"]


def test_no_more_frames_are_read_than_asked_for() -> None:
    wire = Wire(RAW)
    wire.socket.arriving = [build_frame(b"\xff" * 6, CLIENT, ANY, BROADCAST, 68, 67, b"one")] * 5
    assert len(wire.port.receive(2)) == 2
    assert len(wire.socket.arriving) == 3


def test_a_frame_that_is_no_datagram_is_counted() -> None:
    wire = Wire(RAW)
    wire.socket.arriving = [b"arp"]
    assert wire.port.receive(64) == []
    assert wire.port.malformed == 1


@pytest.mark.parametrize("kind", [RAW, UDP])
def test_an_interface_that_is_down_is_a_problem_to_be_told(kind: str) -> None:
    wire = Wire(kind)
    wire.socket.fault = OSError(errno.ENETDOWN, "Network is down")
    assert wire.port.receive(64) == []
    assert "Network is down" in wire.port.problem
    wire.port.problem = ""
    assert wire.port.discard(64) == 0
    assert "Network is down" in wire.port.problem


def test_discarded_packets_are_counted_up_to_the_limit() -> None:
    wire = Wire(RAW)
    wire.socket.arriving = [b"x"] * 5
    assert (wire.port.discard(3), wire.port.discard(3)) == (3, 2)


def test_a_raw_answer_is_a_frame_to_the_hardware_address_of_the_answer() -> None:
    wire = Wire(RAW)
    wire.port.send(wire.query, reply(mac=b"\x02\0\0\0\0\x77"))
    ((frame,),) = cast(list[tuple[bytes]], wire.socket.sent)
    datagram = parse_frame(frame)
    assert datagram is not None
    assert frame[:6] == b"\x02\0\0\0\0\x77"
    assert (datagram.source_mac, datagram.source, datagram.source_port) == (OURS, SERVER, 67)
    assert (datagram.destination, datagram.destination_port, datagram.payload) == (0xC0000263, 68, b"answer")


def test_a_raw_answer_without_hardware_address_goes_back_where_the_query_came_from() -> None:
    wire = Wire(RAW)
    wire.port.send(wire.query, reply(mac=b""))
    ((frame,),) = cast(list[tuple[bytes]], wire.socket.sent)
    assert frame[:6] == CLIENT


def test_a_udp_datagram_tells_what_address_it_was_sent_to() -> None:
    wire = Wire(UDP)
    info = pack("=i4s4s", 3, bytes(4), bytes([192, 0, 2, 255]))
    wire.socket.arriving = [
        (b"one", [(socket.IPPROTO_IP, 8, info)], 0, ("192.0.2.9", 6767)),
        (b"two", [], 0, ("192.0.2.9", 6767)),
    ]
    one, two = wire.port.receive(64)
    assert (one.source, one.source_port, one.destination) == (0xC0000209, 6767, 0xC00002FF)
    assert two.destination == SERVER


def test_a_udp_answer_names_interface_and_source() -> None:
    wire = Wire(UDP)
    wire.port.send(wire.query, reply(destination=BROADCAST))
    ((buffers, ancillary, _, target),) = wire.socket.sent
    assert buffers == [b"answer"]
    assert ancillary == [(socket.IPPROTO_IP, 8, pack("=i4s4s", 3, bytes([192, 0, 2, 1]), bytes(4)))]
    assert target == ("255.255.255.255", 68)


def test_a_udp_answer_without_source_is_left_to_the_routes() -> None:
    wire = Wire(UDP)
    wire.port.send(wire.query, reply(source=0))
    assert wire.socket.sent[0][1] == [(socket.IPPROTO_IP, 8, pack("=i4s4s", 0, bytes(4), bytes(4)))]


def test_a_client_port_from_the_command_line_wins() -> None:
    wire = Wire(UDP, client_port=10068)
    wire.port.send(wire.query, reply(port=67))
    assert wire.socket.sent[0][3] == ("192.0.2.99", 10068)


@pytest.mark.parametrize("kind", [RAW, UDP])
def test_an_answer_that_cannot_leave_says_why(kind: str) -> None:
    wire = Wire(kind)
    wire.socket.fault = BlockingIOError(errno.EAGAIN, "no room")
    with pytest.raises(SendFailed, match=r"192\.0\.2\.99 on eth0: no room"):
        wire.port.send(wire.query, reply())


def test_an_answer_that_no_datagram_can_hold_is_not_sent() -> None:
    wire = Wire(RAW)
    with pytest.raises(SendFailed, match="70000 bytes"):
        wire.port.send(wire.query, Reply4(bytes(70000), 0xC0000263, 68, SERVER, CLIENT, 2))
