"""One attempt to reach a database: its hosts in turn, each in a thread of its own and with a limit of its own.

Names are resolved, certificates read and passwords hashed by libraries that wait as long as they like, so the loop does
none of it. A thread that is over its limit is left to itself: what it still gets is closed.

Runs in: connection
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence

from kea_mp.errors import BackendDown, KeaMpError
from kea_mp.leases.link import Link, LinkError, Lost, Mismatch, all_failed, kind_behind

SCHEMA_S = 60.0  #: for making a schema, or waiting for another server that makes it

Host = tuple[str, int]
Connect = Callable[[Host, Callable[[], None]], Link]  #: (host, called when a schema is made) → a link that is connected


class Attempt:
    """Goes on when `step` is called: when its descriptor is readable, and at `deadline`."""

    def __init__(self, connect: Connect, hosts: Sequence[Host], limit_s: float, now: float) -> None:
        """limit_s: for each host. now: monotonic seconds."""
        self._connect, self._limit_s = connect, limit_s
        self._left = deque(hosts)
        self._problems: list[KeaMpError] = []
        self._event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._call = self._begun_with(self._left.popleft(), now)

    def fileno(self) -> int:
        return self._event

    @property
    def deadline(self) -> float:
        return self._begun + (SCHEMA_S if self._call.makes_schema else self._limit_s)

    def step(self, now: float) -> Link | None:
        """The link when a host serves, None while it is not known. Lost or Mismatch when no host does; any other
        exception is an error in the program."""
        outcome = self._call.take()
        if outcome is None:
            if now < self.deadline:
                return None
            outcome = Lost(f"{self.place}: no connection within {self.deadline - self._begun:g} s", "timeout")
        if not isinstance(outcome, Exception):
            return outcome
        if not isinstance(outcome, KeaMpError):
            raise outcome
        self._problems.append(outcome)
        if self._left:
            self._call.abandon()
            self._call = self._begun_with(self._left.popleft(), now)
            return None
        raise self._problem()

    def close(self) -> None:
        """Whatever it still brings is of no interest."""
        self._call.abandon()
        os.close(self._event)

    def _begun_with(self, host: Host, now: float) -> _Call:
        self.place, self._begun = f"{host[0]}:{host[1]}", now  #: the host that is tried now, or was tried last
        return _Call(self._connect, host, self._event)

    def _problem(self) -> KeaMpError:
        mismatch = next((problem for problem in self._problems if isinstance(problem, Mismatch)), None)
        if mismatch is not None:
            return mismatch
        return all_failed([p if isinstance(p, LinkError) else _lost(p) for p in self._problems])


class _Call:
    """Connecting to one host in a thread."""

    def __init__(self, connect: Connect, host: Host, event: int) -> None:
        self.makes_schema = False
        self._lock = threading.Lock()  # of what follows; the descriptor is ours until we are abandoned
        self._abandoned = False
        self._outcome: Link | Exception | None = None
        self._arguments = connect, host, event
        threading.Thread(target=self._run, name=f"connect-{host[0]}", daemon=True).start()

    def take(self) -> Link | Exception | None:
        with self._lock:
            outcome, self._outcome = self._outcome, None
            return outcome

    def abandon(self) -> None:
        with self._lock:
            self._abandoned = True
            if self._outcome is not None and not isinstance(self._outcome, Exception):
                self._outcome.close()

    def _run(self) -> None:
        connect, host, event = self._arguments
        outcome: Link | Exception
        try:
            outcome = connect(host, self._make_schema)
        except Exception as error:  # noqa: BLE001  the outermost function of this thread; the loop raises it
            outcome = error
        with self._lock:
            if not self._abandoned:
                self._outcome = outcome
                os.eventfd_write(event, 1)
            elif not isinstance(outcome, Exception):
                outcome.close()

    def _make_schema(self) -> None:
        self.makes_schema = True


def _lost(problem: KeaMpError) -> Lost:
    """A failure of making the schema."""
    return Lost(str(problem), kind_behind(problem) if isinstance(problem, BackendDown) else "schema not made")
