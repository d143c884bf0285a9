"""The connection worker's end of the data path: batches in, results out, one lane per packet worker.

Nothing here waits for a packet worker: a lane whose reader is dead or frozen fills up, and what does not fit is
dropped and counted; the reader's successor does not know those batches anyway.

Runs in: connection
"""

from __future__ import annotations

import array
import errno
import fcntl
import socket
import termios
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from kea_mp.family import Family
from kea_mp.leases.store import Batch, BatchDone, Failed, Request, Request6

MESSAGE_LIMIT = 1 << 20  #: bytes of one message
MOST_GONE = 10_000  #: addresses told in one message
_BATCHES: dict[int, type[Batch[Any]]] = {4: Batch[Request], 6: Batch[Request6]}  #: by the number of the family

ROUND_REQUESTS, ROUND_BYTES = 4096, 4 << 20  #: what is taken in one round, at least one message of each lane


@dataclass(frozen=True, slots=True)
class Arrived:
    """A batch and the lane it came from."""

    lane: int
    batch: Batch[Any]


class Lanes:
    """All lanes of this worker, non-blocking."""

    def __init__(self, sockets: Sequence[socket.socket], family: Family) -> None:
        for lane in sockets:
            lane.setblocking(False)
        self.sockets = tuple(sockets)
        self.garbage = 0  #: messages that were no batch
        self.dropped = 0  #: answers that nobody took
        self._away: str | None = None  #: as packet workers were told; None: nothing, so that they go by our predecessor
        self._gone: list[list[int | bytes]] = [[] for _ in sockets]  #: per lane, not told yet
        self._buffer = bytearray(MESSAGE_LIMIT)
        self._view = memoryview(self._buffer)
        self._decode = msgspec.msgpack.Decoder(_BATCHES[family.number]).decode
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

    def waiting_bytes(self) -> int:
        """How much is in all lanes and has not been taken yet."""
        size, total = array.array("i", [0]), 0
        for lane in self.sockets:
            fcntl.ioctl(lane, termios.FIONREAD, size)
            total += size[0]
        return total

    def tell_away(self, away: str) -> None:
        """The backend cannot be asked any more, for this reason; "": it can again."""
        if away != self._away:
            self._away = away
            self._tell_all()

    def tell_gone(self, addresses: Sequence[int | bytes]) -> None:
        """The leases at these addresses are changed by somebody else than a packet worker."""
        for gone in self._gone:
            gone += addresses
        self._tell_all()

    def _tell_all(self) -> None:
        for lane, gone in enumerate(self._gone):
            left = -1
            while left != len(gone):  # until all is told, or the lane is full
                left = len(gone)
                self.answer(lane, 0, ())

    def answer(self, lane: int, number: int, results: Sequence[Any]) -> None:
        """Send the results of a batch, or drop them when the lane is full. number 0: only what is to be told."""
        gone = self._gone[lane]
        done = BatchDone(number, tuple(results), self._away or "", tuple(gone[:MOST_GONE]))
        try:
            self.sockets[lane].send(self._encode(done))
            if gone:
                del gone[:MOST_GONE]
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                reason = Failed("the answers to this batch do not fit into one message")
                self.answer(lane, number, [reason] * len(results))
            elif error.errno in (errno.EAGAIN, errno.ENOBUFS, errno.EPIPE, errno.ECONNRESET):
                self.dropped += 1
            else:
                raise
