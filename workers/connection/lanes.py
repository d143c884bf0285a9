"""The connection worker's end of the data path: batches in, results out, one lane per packet worker.

Nothing here waits for a packet worker: a lane whose reader is dead or frozen fills up, and what does not fit is
dropped and counted; the reader's successor does not know those batches anyway.

Runs in: connection
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from kea_mp.leases.store import Batch, BatchDone, Failed, Request, Result

MESSAGE_LIMIT = 1 << 20  #: bytes of one message
ROUND_REQUESTS, ROUND_BYTES = 4096, 4 << 20  #: what is taken in one round, at least one message of each lane


@dataclass(frozen=True, slots=True)
class Arrived:
    """A batch and the lane it came from."""

    lane: int
    batch: Batch


class Lanes:
    """All lanes of this worker, non-blocking."""

    def __init__(self, sockets: Sequence[socket.socket]) -> None:
        for lane in sockets:
            lane.setblocking(False)
        self.sockets = tuple(sockets)
        self.garbage = 0  #: messages that were no batch
        self.dropped = 0  #: answers that nobody took
        self._buffer = bytearray(MESSAGE_LIMIT)
        self._view = memoryview(self._buffer)
        self._decode = msgspec.msgpack.Decoder(Batch[Request]).decode
        self._encode = msgspec.msgpack.Encoder().encode

    def receive(self) -> list[Arrived]:
        """What has arrived, up to the bounds of a round, in turn from each lane."""
        arrived: list[Arrived] = []
        requests = size = 0
        waiting = list(enumerate(self.sockets))
        while waiting and requests < ROUND_REQUESTS and size < ROUND_BYTES:
            still = []
            for number, lane in waiting:
                try:
                    got = lane.recv_into(self._buffer)
                except BlockingIOError:
                    continue
                if not got:
                    continue  # the supervisor holds the other end too, so it is gone as well
                still.append((number, lane))
                size += got
                try:
                    batch = self._decode(self._view[:got])
                except msgspec.DecodeError:
                    self.garbage += 1
                    continue
                arrived.append(Arrived(number, batch))
                requests += len(batch.requests)
            waiting = still
        return arrived

    def answer(self, lane: int, number: int, results: Sequence[Result]) -> None:
        """Send the results of a batch, or drop them when the lane is full."""
        try:
            self.sockets[lane].send(self._encode(BatchDone(number, tuple(results))))
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                reason = Failed("the answers to this batch do not fit into one message")
                self.answer(lane, number, [reason] * len(results))
            elif error.errno in (errno.EAGAIN, errno.ENOBUFS, errno.EPIPE, errno.ECONNRESET):
                self.dropped += 1
            else:
                raise
