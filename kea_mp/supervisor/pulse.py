"""Repeats the directive while the loop is busy, so that a long computation in it does not silence the daemon.

A command such as config-test on a configuration with a hundred thousand reservations takes seconds, longer than the
silence limit of the workers. A thread says the last directive again when the loop has not, but only for `BUSY_S` after
the loop's last turn: a loop that hangs must end as silence. A supervisor that is stopped (SIGSTOP) stops with all its
threads.

Runs in: supervisor
"""

from __future__ import annotations

import threading
import time

from kea_mp.bus.sockets import ParentBus
from kea_mp.supervisor.core import HEARTBEAT_S

BUSY_S = 20.0


class Pulse:
    """Beats from `start` to `stop`; the loop calls `turned` at each turn."""

    def __init__(self, bus: ParentBus) -> None:
        self._bus = bus
        self._turned_at = time.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="pulse", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def turned(self, now: float) -> None:
        self._turned_at = now

    def stop(self) -> None:
        """Before the bus is closed."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _beat(self) -> None:
        while not self._stopping.wait(HEARTBEAT_S):
            if time.monotonic() - self._turned_at < BUSY_S:
                self._bus.repeat(2 * HEARTBEAT_S)
