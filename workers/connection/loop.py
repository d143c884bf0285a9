"""The connection worker's loop: what packet workers ask for, as one batch; then chores; then a report.

Nothing here takes long: a batch is bounded, and chores go in small slices between batches, so that packets wait for
none.

Runs in: connection
"""

from __future__ import annotations

import os
import select
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol

from kea_mp import log
from kea_mp.bus.messages import FAILED, LOST, SERVE, UP, Answered, Directive, Down, Health, Order, Up
from kea_mp.config.model import ExpiredLeases
from kea_mp.errors import BackendDown
from kea_mp.leases.memfile import AnyMemfileStore
from kea_mp.leases.store import ClaimLease, Failed, RemoveLease, Request, Result
from workers.connection.cleanup import running_cleanup
from workers.connection.commands import NAMES, LeaseOrders
from workers.connection.figures import Figures
from workers.connection.lanes import Arrived, Lanes
from workers.connection.upkeep import Upkeep

LOOK_S = 0.25  #: between two looks whether the lease file is still in its place
CHANGES = (ClaimLease, RemoveLease)  #: requests that change a lease
LISTEN_S = 0.02  #: the bus is looked at this often even when its descriptor is silent (it is edge-triggered)


class Bus(Protocol):
    """What the loop needs of `ChildBus`."""

    def fileno(self) -> int: ...
    def receive(self) -> list[Down]: ...
    def send(self, message: Up) -> None: ...


class Leaving(Protocol):
    """Whether this process was asked to end; readable when it was."""

    @property
    def asked(self) -> bool: ...
    def fileno(self) -> int: ...


class Connection:
    """One connection worker on memfile. `run` returns when it has left; the store is closed then."""

    def __init__(
        self,
        child: str,
        generation: int,
        bus: Bus,
        lanes: Lanes,
        store: AnyMemfileStore,
        expired: ExpiredLeases,
        leaving: Leaving,
        *,
        lfc_interval: int = 0,
        convert: bool = False,
        heartbeat_s: float = 0.25,
        state: str = UP,
    ) -> None:
        """lfc_interval: seconds, 0: never. convert: clean up at once, the files are of another schema. state:
        at the start; with another one than UP the lanes are left alone."""
        now = time.monotonic()
        self._child, self._generation, self._bus, self._lanes = child, generation, bus, lanes
        self._store, self._leaving, self._heartbeat_s = store, leaving, heartbeat_s
        self._upkeep = Upkeep(store, expired, lfc_interval, convert, self._reclaimed, now)
        reports = store.reports()
        self._orders = LeaseOrders(child, reports, self._changed_by_hand, reports, store.family)
        self._mode, self._epoch, self._report = SERVE, 0, 0
        self._early = False  #: our generation is not in force yet
        self._state, self._error, self._error_class = state, "", ""
        self._place = self._tls = ""
        self._wanted = self._attempt = 0  #: the newest attempt that we were told of, and that we have begun
        self._later: deque[Order] = deque()  #: came while the database was waited for
        self._seq = 0
        self._next_report = self._listened = self._next_look = now
        self._figures = Figures()
        self._batches = self._requests = 0
        self._epoll = select.epoll()
        for fd in (bus.fileno(), leaving.fileno()):
            self._epoll.register(fd, select.EPOLLIN)
        self._attended = False  #: whether the lanes are read
        if state == UP:
            self._attend()
            lanes.tell_away("")

    def run(self) -> None:
        """Work until asked to leave; then what has arrived is still done."""
        try:
            while not self._leaving.asked:
                self.round()
            if self._attended:
                self._serve(self._lanes.receive())
        finally:
            self._upkeep.stop()
            self._orders.stop()
            self._epoll.close()
            self._store.close()

    def round(self) -> None:
        """Wait for something and do everything that is due."""
        ready = {fd for fd, _ in self._epoll.poll(self._patience())}
        now = time.monotonic()
        if self._bus.fileno() in ready or now - self._listened >= LISTEN_S:
            self._listened = now
            self._listen()
        while self._later:
            self._order(self._later.popleft())
        if self._wanted > self._attempt:
            self._attempt = self._wanted
            self._try()
        if self._attended:
            self._serve(self._lanes.receive())
        self._keep_up(time.monotonic())
        self._send(self._orders.step())
        self._tell(time.monotonic())

    def _patience(self) -> float:
        """Seconds until something is due."""
        if self._upkeep.busy or self._orders.busy or self._later or self._wanted > self._attempt:
            return 0.0
        return max(0.0, min(self._next_report, self._upkeep.next_due) - time.monotonic())

    def _attend(self) -> None:
        """From now on the lanes are read; what has arrived before has waited there."""
        if not self._attended:
            self._attended = True
            for lane in self._lanes.sockets:
                self._epoll.register(lane.fileno(), select.EPOLLIN)

    # ---- batches --------------------------------------------------------------------------------------------

    def _serve(self, arrived: Sequence[Arrived]) -> None:
        """Carry out all that has arrived as one batch and answer each lane, in its order."""
        if not arrived:
            return
        begun = time.perf_counter()
        requests = [request for one in arrived for request in one.batch.requests]
        results = self._carried_out(requests)
        place = 0
        for one in arrived:
            count = len(one.batch.requests)
            self._lanes.answer(one.lane, one.batch.number, results[place : place + count])
            place += count
        self._batches += 1
        self._requests += len(requests)
        self._figures.add(len(requests), time.perf_counter() - begun)

    def _carried_out(self, requests: Sequence[Request]) -> list[Result]:
        if self._state == UP:
            try:
                return self._store.execute(requests)
            except BackendDown as error:
                self._lost(error)
        # Memory still answers reads; nothing that changes a lease may be acknowledged.
        found = iter(self._store.execute([r for r in requests if not isinstance(r, CHANGES)]))
        failed = Failed(self._error)
        return [failed if isinstance(request, CHANGES) else next(found) for request in requests]

    # ---- the backend's state --------------------------------------------------------------------------------

    def _lost(self, error: BackendDown) -> None:
        """It was up and cannot be used; whether and when it is tried again is not decided here."""
        self._is_now(LOST, str(error), self._kind(error))

    def _is_now(self, state: str, error: str = "", error_class: str = "") -> None:
        """Said to everybody at once."""
        self._state, self._error, self._error_class = state, error, error_class
        self._lanes.tell_away("" if state == UP else error)
        self._next_report = 0.0

    def _kind(self, error: BackendDown) -> str:
        """Health.error_class of what has happened to the backend."""
        return "lease file"

    def _recover(self) -> None:
        if self._store.journal is not None and running_cleanup(self._store.journal.path):
            raise BackendDown(f"{self._error}; a clean-up is still at work on its other parts")
        self._store.recover()

    def _try(self) -> None:
        """An attempt that was asked for."""
        try:
            if self._state != UP:
                self._recover()
        except BackendDown as error:
            self._is_now(FAILED, str(error), self._kind(error))
        else:
            self._is_now(UP)

    # ---- the supervisor -------------------------------------------------------------------------------------

    def _listen(self) -> None:
        for record in self._bus.receive():
            if isinstance(record, Directive):
                self._mode, self._epoch = record.mode, record.epoch
                self._early = record.generation < self._generation
                self._wanted = 0 if self._early else record.attempts.get(self._child, 0)
                if record.report != self._report:
                    self._report = record.report
                    self._next_report = 0.0
            else:
                self._later.append(record)

    def _order(self, order: Order) -> None:
        if order.command in NAMES:
            self._send(self._answer_of(order))
            return
        if order.command != "leases-reclaim":
            text = f"'{order.command}' is not carried out by {self._child}"
            self._bus.send(Answered(self._child, order.number, 2, text))
            return
        problem = _reclaim_problem(order.arguments)
        if problem:
            self._bus.send(Answered(self._child, order.number, 1, problem))
            return
        self._upkeep.reclaim_all(order.arguments["remove"], order.number)

    def _answer_of(self, order: Order) -> Answered | None:
        try:
            return self._orders.answer(order)
        except BackendDown as error:
            self._lost(error)
            return Answered(self._child, order.number, 1, str(error))

    def _changed_by_hand(self, requests: Sequence[Request]) -> list[Result]:
        # Before it is done: whatever comes of it, no packet worker may go by what it remembers of these.
        self._lanes.tell_gone([address_of(request) for request in requests if isinstance(request, CHANGES)])
        self._store.tally.by_hand = True
        try:
            return self._carried_out(requests)
        finally:
            self._store.tally.by_hand = False

    def _send(self, answer: Answered | None) -> None:
        if answer is not None:
            self._bus.send(answer)

    def _reclaimed(self, order: int, error: str) -> None:
        """A reclamation that a command asked for has ended. error: "" when all went well."""
        text = error or "Reclamation of expired leases is complete."
        self._bus.send(Answered(self._child, order, 1 if error else 0, text))

    def _tell(self, now: float) -> None:
        """A report when one is due."""
        if now < self._next_report:
            return
        self._next_report = now + self._heartbeat_s
        self._seq += 1
        levels, counts = self._store.tally.news()
        own = {
            "kea-mp-batches": self._batches,
            "kea-mp-requests": self._requests,
            "kea-mp-lane-garbage": self._lanes.garbage,
            "kea-mp-lane-dropped": self._lanes.dropped,
            "kea-mp-log-dropped": log.dropped_records(),
        }
        self._bus.send(
            Health(
                child=self._child,
                pid=os.getpid(),
                seq=self._seq,
                epoch=self._epoch,
                generation=self._generation,
                report=self._report,
                state=self._state,
                counters=counts | own,
                gauges=levels | self._figures.gauges() | {"queue-bytes": self._lanes.waiting_bytes()},
                error=self._error,
                error_class=self._error_class,
                attempt=self._attempt,
                host=self._place,
                tls=self._tls,
            )
        )

    def _keep_up(self, now: float) -> None:
        """Chores that are due, a slice at a time."""
        try:
            if self._state == UP and self._store.journal is not None and now >= self._next_look:
                self._next_look = now + LOOK_S
                self._store.journal.require()
            self._upkeep.step(now, self._mode)
        except BackendDown as error:
            self._upkeep.give_up(str(error), now)
            self._lost(error)


def address_of(change: ClaimLease[Any] | RemoveLease[Any]) -> int | bytes:
    address: int | bytes = (change.lease if isinstance(change, ClaimLease) else change.seen).address
    return address


def _reclaim_problem(arguments: dict[str, Any]) -> str:
    """What is wrong with the arguments of leases-reclaim, in Kea's words; "" when nothing is."""
    if "remove" not in arguments:
        return "Missing mandatory 'remove' parameter."
    if not isinstance(arguments["remove"], bool):
        return "'remove' parameter expected to be a boolean."
    return ""
