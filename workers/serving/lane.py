"""The data path to one backend: batches out, results back.

`Lane` is what the scheduler needs; `SocketLane` is the connection worker behind an AF_UNIX SOCK_SEQPACKET pair, whose
other ends the supervisor keeps open, so that either process may be replaced while the other goes on.

Runs in: serving
"""

from __future__ import annotations

import errno
import secrets
import socket
from collections.abc import Callable, Sequence
from typing import Protocol, cast

import msgspec

from kea_mp.errors import ExitCode, ExitWith, KeaMpError
from kea_mp.family import DHCP6, Family
from kea_mp.leases.store import Batch, BatchDone, Request, Request6, Result, Result6

AnyRequest = Request | Request6  #: a lane has those of one family
AnyResult = Result | Result6
MESSAGE_LIMIT = 1 << 20  #: bytes of one answer; what is longer is cut off and counted as garbage


class TooLarge(KeaMpError):
    """A batch does not fit into one message: send less at once."""


class Lane(Protocol):
    """A way to one backend that never blocks."""

    garbage: int  #: answers that could not be read

    def fileno(self) -> int:
        """Readable when `receive` may have something, writable when `send` may go through."""
        ...

    def send(self, requests: Sequence[AnyRequest]) -> int | None:
        """Start a batch; its number, greater than the one before, or None while there is no room. TooLarge: it never
        will fit."""
        ...

    def receive(self) -> list[BatchDone[AnyResult]]:
        """The batches that are done by now, with all their results, in the order in which they were sent: one that is
        missing between two others will never come."""
        ...


class SocketLane:
    """One lane of the start record. Takes `connection` over and makes it non-blocking."""

    def __init__(self, connection: socket.socket, family: Family) -> None:
        connection.setblocking(False)
        self.garbage = 0
        self._closed = family.message("SERVER_FAILED")
        self._last = 0  #: number of the last batch sent
        self._socket = connection
        # A random origin: an answer to a worker that we replaced must not look like one to us.
        self._number = secrets.randbits(48)
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = _decoder(family)
        self._buffer = bytearray(MESSAGE_LIMIT)
        self._view = memoryview(self._buffer)

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, requests: Sequence[AnyRequest]) -> int | None:
        self._number += 1
        try:
            self._socket.send(self._encode(Batch(self._number, tuple(requests))))
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                raise TooLarge(f"a batch of {len(requests)} requests is too long for one message") from error
            if error.errno == errno.ENOBUFS:
                return None
            raise
        self._last = self._number
        return self._number

    def receive(self) -> list[BatchDone[AnyResult]]:
        done: list[BatchDone[AnyResult]] = []
        while True:
            try:
                size = self._socket.recv_into(self._buffer)
            except BlockingIOError:
                return done
            if size == 0:
                raise ExitWith(ExitCode.SOFTWARE, self._closed, "the path to a connection worker was closed")
            try:
                done.append(self._decode(self._view[:size]))
            except msgspec.DecodeError:
                self.garbage += 1
                continue
            # After the last nothing more can come, and a call to learn that costs as much as one that brings something.
            if done[-1].number == self._last:
                return done


def _decoder(family: Family) -> Callable[[memoryview], BatchDone[AnyResult]]:
    results = Result6 if family == DHCP6 else Result
    return cast(Callable[[memoryview], BatchDone[AnyResult]], msgspec.msgpack.Decoder(BatchDone[results]).decode)  # type: ignore[valid-type]
