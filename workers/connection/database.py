"""The connection worker on a database server: it connects when it is told to, notices the loss of its connection at
once, also when idle, and goes on meanwhile.

Whatever waits for the database looks up every SLICE_S: reports go out, directives are heard, and commands are answered
instead of held up. A session that breaks while the server is well is made anew within the batch at hand, which is
then run again: nobody notices. When that does not succeed at once the worker says "lost", answers every request
`Failed`, and makes an attempt when the supervisor wants one.

A process that has just started, or whose generation has just come into force, leaves its lanes alone until its first
attempt has ended, for it mostly succeeds: what packet workers had asked of a predecessor waits there.

Runs in: connection
"""

from __future__ import annotations

import logging
import select
import time
from collections.abc import Callable, Sequence
from typing import cast

from kea_mp.bus.messages import CONNECTING, FAILED, IDLE, SCHEMA_MISMATCH, UP, Answered, Order
from kea_mp.config.model import ExpiredLeases, SqlAccess
from kea_mp.errors import BackendDown
from kea_mp.leases.link import SLICE_S, Link, LinkError, Lost, Mismatch, kind_behind
from kea_mp.leases.memfile import AnyMemfileStore
from kea_mp.leases.open_sql import connect, link_to
from kea_mp.leases.sql_store import SqlLeaseStore
from kea_mp.leases.store import Failed, Request, Result
from kea_mp.sql.engine import where
from workers.connection.attempt import Attempt, Host
from workers.connection.commands import LeaseOrders
from workers.connection.lanes import Lanes
from workers.connection.loop import Bus, Connection, Leaving

RENEWAL_S = 1.0  #: for each host, when a session is made anew while a batch waits
HELD_S = 2.0  #: how long a new process leaves its lanes alone
PATIENT_S = 0.1  #: commands wait so long for a database that does not answer
_OPENING = {"postgresql": "PGSQL_LB_DB opening PostgreSQL lease database: %s",
            "mysql": "MYSQL_LB_DB opening MySQL lease database: %s"}  # fmt: skip
_FATAL = {"postgresql": "DATABASE_PGSQL_FATAL_ERROR", "mysql": "DATABASE_MYSQL_FATAL_ERROR"}


class DatabaseConnection(Connection):
    """One connection worker on PostgreSQL or MySQL, not connected before the first attempt that is wanted."""

    def __init__(
        self,
        child: str,
        generation: int,
        bus: Bus,
        lanes: Lanes,
        link: Link,
        store: SqlLeaseStore,
        access: SqlAccess,
        expired: ExpiredLeases,
        leaving: Leaving,
        *,
        heartbeat_s: float = 0.25,
    ) -> None:
        """link: the one that `store` was made of."""
        # The loop uses what both kinds of store have.
        super().__init__(
            child, generation, bus, lanes, cast(AnyMemfileStore, store), expired, leaving, heartbeat_s=heartbeat_s,
            state=IDLE,
        )  # fmt: skip
        self._orders = LeaseOrders(child, store.reports(), self._changed_by_hand, family=store.family)
        self._link, self._database, self._access = link, store, access
        self._logger = logging.getLogger(link.kind.family.logger("dhcpsrv"))
        store.renew = self._renew
        link.meanwhile = self._meanwhile
        self._under_way: Attempt | None = None
        self._held_until = time.monotonic() + HELD_S
        self._silent = ""  #: the host that has not answered in time: tried last
        self._waited_s = 0.0  #: for the database in this round
        self._at_hand: Order | None = None  #: not begun yet, for the database is asked first whether it answers
        self._watched: tuple[int, int] = (-1, 0)
        self.renewals = 0  #: sessions made anew without anybody noticing

    def round(self) -> None:
        self._waited_s = 0.0
        super().round()
        self._step()
        self._watch()
        now = time.monotonic()
        if self._state == UP:
            try:
                if self._is_disturbed():
                    self._database.probe()
                self._database.idle(now)
            except BackendDown as error:
                self._lost(error)
        elif self._early:
            self._held_until = now + HELD_S
        elif not self._attended and now >= self._held_until:
            self._attend()

    def _patience(self) -> float:
        if self._state == UP:
            return super()._patience()
        if self._later or self._wanted > self._attempt:
            return 0.0
        moments = [self._next_report]
        if self._under_way is not None:
            moments.append(self._under_way.deadline)
        if not self._attended:
            moments.append(self._held_until)
        return max(0.0, min(moments) - time.monotonic())

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

    # ---- while the database is waited for -------------------------------------------------------------------

    def _meanwhile(self) -> None:
        """The database has not answered for another SLICE_S. Nothing here may ask it anything."""
        self._waited_s += SLICE_S
        self._listen()
        if self._waited_s > PATIENT_S:
            refused = list(self._later) if self._at_hand is None else [self._at_hand, *self._later]
            self._later.clear()
            self._at_hand = None
            for order in refused:
                self._refuse(order, f"it has not answered for {self._waited_s:.1f} s")
        self._tell(time.monotonic())

    def _refuse(self, order: Order, why: str) -> None:
        text = f"the lease database {self._place} cannot be asked: {why}"
        self._send(Answered(self._child, order.number, 1, text))

    # ---- batches --------------------------------------------------------------------------------------------

    def _carried_out(self, requests: Sequence[Request]) -> list[Result]:
        if self._state == UP:
            try:
                return self._database.execute(requests)
            except BackendDown as error:
                self._lost(error)
        # Nothing is known while the database is away: not that there is a lease, and not that there is none.
        return [Failed(self._error or "the lease database has not been reached yet")] * len(requests)

    def _order(self, order: Order) -> None:
        """A command is told quickly that the database does not answer, but what it asks may take as long as it does."""
        self._at_hand = order
        if self._state == UP:
            try:
                self._database.probe()
            except BackendDown as error:
                self._lost(error)
        if self._at_hand is None:  # answered while the database was waited for
            return
        self._at_hand = None
        if self._state == UP:
            super()._order(order)
        else:
            self._refuse(order, f"{self._state}, {self._error}" if self._error else self._state)

    # ---- away and back --------------------------------------------------------------------------------------

    def _kind(self, error: BackendDown) -> str:
        return kind_behind(error)

    def _lost(self, error: BackendDown) -> None:
        self._link.close()
        if self._state != UP:
            return
        self._logger.error("%s the lease database cannot be used: %s", _FATAL[self._access.type], error)
        self._silent = self._place if self._kind(error) == "timeout" else ""
        self._upkeep.give_up(str(error), time.monotonic())
        super()._lost(error)

    def _try(self) -> None:
        """Begin the attempt that is wanted."""
        if self._under_way is not None:
            self._give_up()
        if self._state == IDLE:
            names = ", ".join(where(self._access, *host) for host in self._access.hosts)
            self._logger.info(_OPENING[self._access.type], names)
        self._link.close()
        self._state, self._next_report = CONNECTING, 0.0
        self._under_way = self._begun(self._connected, self._access.connect_timeout_s)
        self._epoll.register(self._under_way.fileno(), select.EPOLLIN)

    def _begun(self, call: Callable[[Host, Callable[[], None]], Link], limit_s: float) -> Attempt:
        hosts = sorted(self._access.hosts, key=lambda host: self._silent == f"{host[0]}:{host[1]}")
        return Attempt(call, hosts, limit_s, time.monotonic())

    def _connected(self, host: Host, making: Callable[[], None]) -> Link:
        """Runs in a thread."""
        link = link_to(self._access, self._link.kind.family)
        connect(link, self._access, *host, making)
        return link

    def _connected_again(self, host: Host, _making: Callable[[], None]) -> Link:
        """Runs in a thread; what is no longer there is not made in the middle of a batch."""
        link = link_to(self._access, self._link.kind.family)
        link.connect_to(*host)
        return link

    def _step(self) -> None:
        """Go on with the attempt that is under way, if any."""
        if self._under_way is None:
            return
        self._place = self._under_way.place
        try:
            link = self._under_way.step(time.monotonic())
        except Mismatch as mismatch:
            self._failed(str(mismatch), SCHEMA_MISMATCH)
        except LinkError as error:
            self._failed(str(error), error.kind)
        else:
            if link is not None:
                self._give_up()
                self._database.take(link)
                self._place, self._tls, self._silent = self._link.place, self._link.tls, ""
                self._is_now(UP)
                self._attend()

    def _failed(self, error: str, kind: str) -> None:
        self._give_up()
        self._is_now(FAILED, error, kind)
        self._attend()

    def _give_up(self) -> None:
        """The attempt that is under way is over."""
        if self._under_way is not None:
            self._epoll.unregister(self._under_way.fileno())
            self._under_way.close()
            self._under_way = None

    def _renew(self) -> None:
        """A session that has broken is made anew while its batch waits. LinkError, Mismatch."""
        if self._state != UP:
            raise Lost(self._error or "there is no connection")
        begun = time.monotonic()
        attempt = self._begun(self._connected_again, min(RENEWAL_S, self._access.connect_timeout_s))
        poll = select.poll()
        poll.register(attempt.fileno(), select.POLLIN)
        try:
            while (link := attempt.step(time.monotonic())) is None:
                if not poll.poll(1000 * SLICE_S):
                    self._meanwhile()
        finally:
            attempt.close()
        self._link.take(link)
        self._place, self._tls = link.place, link.tls
        self.renewals += 1
        self._logger.info(
            "KEA_MP_DB_SESSION_RENEWED the session with the lease database had ended; there is a new one with %s after "
            "%.0f ms, and what was under way is done there", self._place, 1000 * (time.monotonic() - begun),
        )  # fmt: skip

    def _keep_up(self, now: float) -> None:
        """Chores rest while the database is away. They are allowed to take long, so ask first whether it answers."""
        if self._state != UP:
            return
        if self._upkeep.busy or self._upkeep.next_due <= now:
            try:
                self._database.assure(now)
            except BackendDown as error:
                self._lost(error)
                return
        super()._keep_up(now)
