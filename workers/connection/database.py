"""The connection worker on a database server: it notices the loss of its connection at once, also when idle, and
makes it anew.

A connection that breaks while a batch is at hand is made anew within the batch. When that fails the worker says
"lost", the service pauses, and every reconnect-wait-time the worker tries again. (Whether to go on trying or to give
up is the supervisor's to decide.)

Runs in: connection
"""

from __future__ import annotations

import logging
import select
import time
from collections.abc import Sequence
from typing import cast

from kea_mp.bus.messages import Answered, Order
from kea_mp.config.model import ExpiredLeases, SqlAccess
from kea_mp.errors import BackendDown
from kea_mp.leases.memfile import MemfileStore
from kea_mp.leases.sql_store import SqlLeaseStore
from kea_mp.leases.store import Failed, Request, Result
from workers.connection.commands import LeaseOrders
from workers.connection.lanes import Lanes
from workers.connection.loop import Bus, Connection, Leaving

logger = logging.getLogger("kea-dhcp4.dhcp4")
dhcpsrv_logger = logging.getLogger("kea-dhcp4.dhcpsrv")

WAIT_S = 1.0  #: between two attempts when reconnect-wait-time is 0
_ATTEMPT_FAILED = {
    "postgresql": "PGSQL_LB_DB_RECONNECT_ATTEMPT_FAILED",
    "mysql": "MYSQL_LB_DB_RECONNECT_ATTEMPT_FAILED",
}
_FATAL = {"postgresql": "DATABASE_PGSQL_FATAL_ERROR", "mysql": "DATABASE_MYSQL_FATAL_ERROR"}


class DatabaseConnection(Connection):
    """One connection worker on PostgreSQL or MySQL. problem: why there is no connection at the start, "" when there
    is."""

    def __init__(
        self,
        child: str,
        generation: int,
        bus: Bus,
        lanes: Lanes,
        store: SqlLeaseStore,
        access: SqlAccess,
        expired: ExpiredLeases,
        leaving: Leaving,
        *,
        problem: str = "",
        heartbeat_s: float = 0.25,
    ) -> None:
        # The loop uses what both kinds of store have.
        super().__init__(
            child, generation, bus, lanes, cast(MemfileStore, store), expired, leaving, heartbeat_s=heartbeat_s
        )
        self._orders = LeaseOrders(child, store.reports(), self._changed_by_hand)
        self._database, self._access = store, access
        self._wait_s = access.reconnect_wait_ms / 1000 or WAIT_S
        self._attempts = 0
        self._next_attempt = 0.0
        self._watched: tuple[int, int] = (-1, 0)
        if problem:
            self._state, self._error = "lost", problem
            self._next_attempt = time.monotonic() + self._wait_s

    def round(self) -> None:
        super().round()
        self._watch()
        now = time.monotonic()
        if self._state != "up":
            if now >= self._next_attempt:
                self._attempt()
            return
        try:
            if self._is_disturbed():
                self._database.probe()
            self._database.idle(now)
        except BackendDown as error:
            self._lost(str(error))

    def _patience(self) -> float:
        if self._state != "up":
            return max(0.0, min(self._next_attempt, self._next_report) - time.monotonic())
        return super()._patience()

    def _watch(self) -> None:
        """Wake up when the server closes the connection that there is now."""
        now = (self._database.fileno(), self._database.connections)
        if now == self._watched:
            return
        self._watched = now
        if now[0] >= 0:
            try:
                self._epoll.register(now[0], select.EPOLLIN)
            except FileExistsError:
                self._epoll.modify(now[0], select.EPOLLIN)

    def _is_disturbed(self) -> bool:
        """Whether the server says something that was not asked for: mostly that it goes away."""
        fd = self._database.fileno()
        if fd < 0:
            return True
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        return bool(poll.poll(0))

    # ---- batches --------------------------------------------------------------------------------------------

    def _carried_out(self, requests: Sequence[Request]) -> list[Result]:
        if self._state == "up":
            try:
                return self._database.execute(requests)
            except BackendDown as error:
                self._lost(str(error))
        # Nothing is known while the database is away: not that there is a lease, and not that there is none.
        return [Failed(self._error)] * len(requests)

    def _order(self, order: Order) -> None:
        if self._state == "up":
            super()._order(order)
        else:
            text = f"the lease database is {self._state}, attempt {self._attempts} to reach it failed: {self._error}"
            self._send(Answered(self._child, order.number, 1, text))

    # ---- away and back --------------------------------------------------------------------------------------

    def _lost(self, error: str) -> None:
        if self._state == "up":
            dhcpsrv_logger.error("%s the lease database cannot be used: %s", _FATAL[self._access.type], error)
            self._attempts = 0
            # The attempt that follows at once was made within the batch.
            self._next_attempt = time.monotonic() + self._wait_s
            self._upkeep.give_up(error, time.monotonic())
        super()._lost(error)

    def _attempt(self) -> None:
        self._attempts += 1
        try:
            self._database.probe()
        except BackendDown as error:
            self._error = str(error)
            dhcpsrv_logger.error(
                "%s attempt %d failed, next in %d ms: %s", _ATTEMPT_FAILED[self._access.type], self._attempts,
                round(1000 * self._wait_s), error,
            )  # fmt: skip
            self._next_attempt = time.monotonic() + self._wait_s
        else:
            self._found_again()

    def _found_again(self) -> None:
        logger.info("DHCP4_DB_RECONNECT_SUCCEEDED database connection recovered")
        self._state, self._error = "up", ""
        self._next_report = 0.0

    def _probe(self) -> None:
        """Attempts have their own rhythm."""

    def _keep_up(self, now: float) -> None:
        """Chores rest while the database is away. They are allowed to take long, so ask first whether it answers."""
        if self._state != "up":
            return
        if self._upkeep.busy or self._upkeep.next_due <= now:
            try:
                self._database.assure(now)
            except BackendDown as error:
                self._lost(str(error))
                return
        super()._keep_up(now)
