from __future__ import annotations

import errno
import socket
from typing import cast

import msgspec
import pytest

from kea_mp.errors import ExitWith
from kea_mp.family import DHCP4
from kea_mp.leases.store import Batch, BatchDone, FindLeases, Found
from workers.serving.lane import SocketLane, TooLarge

ASK = FindLeases(b"\x01\x02", b"", (1,), 0)
DONE = Found(())


class FakeSocket:
    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.arriving: list[bytes] = []
        self.fault: OSError | None = None

    def setblocking(self, wanted: bool) -> None:
        assert not wanted

    def fileno(self) -> int:
        return 7

    def send(self, data: bytes) -> None:
        if self.fault:
            raise self.fault
        self.sent.append(data)

    def recv_into(self, buffer: bytearray) -> int:
        if not self.arriving:
            raise BlockingIOError
        data = self.arriving.pop(0)
        buffer[: len(data)] = data
        return len(data)

    def done(self, number: int, *results: Found) -> None:
        self.arriving.append(msgspec.msgpack.encode(BatchDone(number, results)))


@pytest.fixture
def end() -> FakeSocket:
    return FakeSocket()


@pytest.fixture
def lane(end: FakeSocket) -> SocketLane:
    return SocketLane(cast(socket.socket, end), DHCP4)


def test_a_batch_goes_out_with_the_number_that_send_tells(lane: SocketLane, end: FakeSocket) -> None:
    numbers = [lane.send([ASK]), lane.send([ASK, ASK])]
    batches = [msgspec.msgpack.decode(data, type=Batch) for data in end.sent]
    assert [batch.number for batch in batches] == numbers
    assert [len(batch.requests) for batch in batches] == [1, 2]


def test_numbers_of_two_incarnations_differ(end: FakeSocket) -> None:
    first, second = (SocketLane(cast(socket.socket, end), DHCP4).send([ASK]) for _ in range(2))
    assert first != second


def test_answers_come_as_they_were_sent(lane: SocketLane, end: FakeSocket) -> None:
    end.done(5, DONE)
    end.done(6, DONE, DONE)
    assert lane.receive() == [BatchDone(5, (DONE,)), BatchDone(6, (DONE, DONE))]
    assert lane.receive() == []


def test_nothing_is_waited_for_after_the_answer_to_the_last_batch(lane: SocketLane, end: FakeSocket) -> None:
    first, last = lane.send([ASK]), lane.send([ASK])
    assert first is not None
    assert last is not None
    for number in (first, last, 7):
        end.done(number, DONE)
    assert [done.number for done in lane.receive()] == [first, last]


@pytest.mark.parametrize("code", [errno.EAGAIN, errno.ENOBUFS])
def test_a_lane_without_room_says_so(lane: SocketLane, end: FakeSocket, code: int) -> None:
    end.fault = OSError(code, "no room")
    assert lane.send([ASK]) is None


def test_a_batch_that_never_fits_is_refused(lane: SocketLane, end: FakeSocket) -> None:
    end.fault = OSError(errno.EMSGSIZE, "too long")
    with pytest.raises(TooLarge):
        lane.send([ASK])


def test_garbage_is_counted(lane: SocketLane, end: FakeSocket) -> None:
    end.arriving = [b"\xc1", msgspec.msgpack.encode([1, "two"]), b"x" * 100]
    while end.arriving:
        assert lane.receive() == []
    assert lane.garbage == 3


def test_a_closed_lane_ends_the_worker(lane: SocketLane, end: FakeSocket) -> None:
    end.arriving = [b""]
    with pytest.raises(ExitWith):
        lane.receive()
