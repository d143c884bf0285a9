"""What packet workers say while their lease database cannot be asked: one line when it begins, one a minute with
numbers, one when it is over. What each packet comes to is counted, not logged.

Runs in: serving
"""

from __future__ import annotations

import logging

SAY_S = 60  #: seconds between two lines


class Outage:
    """One per packet worker. begun: a request has failed, and none was answered since. Times are seconds since the
    epoch."""

    __slots__ = ("_confirmed", "_logger", "_said_at", "_telling", "_unanswered", "begun")

    def __init__(self, logger: logging.Logger) -> None:
        self.begun = False
        self._logger = logger
        self._confirmed = self._unanswered = 0  #: since it began
        self._said_at = 0
        self._telling = False  #: its beginning was said

    def confirmed(self, reason: str, now: int) -> None:
        """A lease was confirmed from memory."""
        self._confirmed += 1
        self._say(reason, now)

    def unanswered(self, reason: str, now: int) -> None:
        """A client gets no answer."""
        self._unanswered += 1
        self._say(reason, now)

    def end(self) -> None:
        """The database has answered."""
        if self._telling:
            self._logger.info("KEA_MP_LEASES_REACHABLE the lease database answers again; meanwhile %s", self._numbers())
        self.begun = self._telling = False
        self._confirmed = self._unanswered = 0

    def _say(self, reason: str, now: int) -> None:
        self.begun = True
        if 0 <= now - self._said_at < SAY_S:
            return
        self._said_at = now
        if self._telling:
            text = "KEA_MP_LEASES_UNREACHABLE the lease database still cannot be asked (%s); so far %s"
            self._logger.warning(text, reason, self._numbers())
            return
        self._telling = True
        self._logger.warning(
            "KEA_MP_LEASES_UNREACHABLE the lease database cannot be asked (%s): leases known here are confirmed for "
            "the time that is left of them, nothing else is answered", reason,
        )  # fmt: skip

    def _numbers(self) -> str:
        return f"{self._confirmed} leases confirmed, {self._unanswered} requests not answered"
