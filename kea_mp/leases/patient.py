"""Reading from a MySQL server with a deadline for the whole answer, and with something done while it is waited for.

PyMySQL waits inside `read` of its file object and limits each read alone. This file object waits by itself.

Runs in: connection
"""

from __future__ import annotations

import io
import select
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

from kea_mp.leases.link import SLICE_S

BUFFER = 1 << 16


class PatientReader(io.RawIOBase):
    """Reads from a socket. deadline: monotonic seconds, of everything that is read from now on. meanwhile: called
    every SLICE_S that nothing has come. TimeoutError after the deadline."""

    def __init__(self, source: socket.socket) -> None:
        self.deadline = 0.0
        self.meanwhile: Callable[[], None] = nothing
        self._source = source
        self._poll = select.poll()
        self._poll.register(source, select.POLLIN)
        self._decrypted = source.pending if isinstance(source, ssl.SSLSocket) else None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        # Looked at before the clock: it may be us who was stopped, and the answer is there.
        while not (self._decrypted is not None and self._decrypted()) and not self._poll.poll(1000 * SLICE_S):
            if time.monotonic() >= self.deadline:
                raise TimeoutError("timed out")
            self.meanwhile()
        return self._source.recv_into(buffer)


def nothing() -> None:
    """While a database is waited for."""
