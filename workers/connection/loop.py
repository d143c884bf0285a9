"""The connection worker's loop: what packet workers ask for, as one batch; then chores; then a report.

Nothing here takes long: a batch is bounded, and chores go in small slices between batches, so that packets wait for
none.

Runs in: connection
"""

from __future__ import annotations

import logging
import os
import select
import time
from collections.abc import Sequence
from typing import Any, Protocol

from kea_mp import log
from kea_mp.bus.messages import SERVE, Answered, Directive, Down, Health, Order, Up
from kea_mp.config.model import ExpiredLeases
from kea_mp.errors import BackendDown
from kea_mp.leases.memfile import MemfileStore
from kea_mp.leases.store import Failed, FindLeases, Request, Result
from workers.connection.commands import NAMES, LeaseOrders
from workers.connection.figures import Figures
from workers.connection.lanes import Arrived, Lanes
from workers.connection.upkeep import Upkeep

logger = logging.getLogger("kea-dhcp4.dhcp4")

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
        store: MemfileStore,
        expired: ExpiredLeases,
        leaving: Leaving,
        *,
        lfc_interval: int = 0,
        convert: bool = False,
        heartbeat_s: float = 0.25,
    ) -> None:
        """lfc_interval: seconds, 0: never. convert: clean up at once, the files are of another schema."""
        now = time.monotonic()
        self._child, self._generation, self._bus, self._lanes = child, generation, bus, lanes
        self._store, self._leaving, self._heartbeat_s = store, leaving, heartbeat_s
        self._upkeep = Upkeep(store, expired, lfc_interval, convert, self._reclaimed, now)
        reports = store.reports()
        self._orders = LeaseOrders(child, reports, self._changed_by_hand, reports)
        self._mode, self._epoch, self._report = SERVE, 0, 0
        self._state, self._error = "up", ""
        self._seq = 0
        self._next_report = self._listened = now
        self._figures = Figures()
        self._batches = self._requests = 0
        self._epoll = select.epoll()
        for fd in (bus.fileno(), leaving.fileno(), *(lane.fileno() for lane in lanes.sockets)):
            self._epoll.register(fd, select.EPOLLIN)

    def run(self) -> None:
        """Work until asked to leave; then what has arrived is still done."""
        try:
            while not self._leaving.asked:
                self.round()
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
        self._serve(self._lanes.receive())
        self._keep_up(time.monotonic())
        self._send(self._orders.step())
        self._tell(time.monotonic())

    def _patience(self) -> float:
        """Seconds until something is due."""
        if self._upkeep.busy or self._orders.busy:
            return 0.0
        return max(0.0, min(self._next_report, self._upkeep.next_due) - time.monotonic())

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
        try:
            results = self._store.execute(requests)
        except BackendDown as error:
            self._lost(str(error))
            # Memory still answers reads; nothing that changes a lease may be acknowledged.
            found = iter(self._store.execute([r for r in requests if isinstance(r, FindLeases)]))
            failed = Failed(str(error))
            return [next(found) if isinstance(request, FindLeases) else failed for request in requests]
        if self._state != "up" and any(not isinstance(request, FindLeases) for request in requests):
            self._found_again()
        return results

    def _lost(self, error: str) -> None:
        if self._state == "up":
            logger.error("DHCP4_DB_RECONNECT_LOST_CONNECTION database connection lost: %s", error)
            self._next_report = 0.0
        self._state, self._error = "lost", error

    def _found_again(self) -> None:
        logger.info("DHCP4_DB_RECONNECT_SUCCEEDED database connection recovered: the lease file can be written again")
        self._state, self._error = "up", ""
        self._next_report = 0.0

    # ---- the supervisor -------------------------------------------------------------------------------------

    def _listen(self) -> None:
        for record in self._bus.receive():
            if isinstance(record, Directive):
                self._mode, self._epoch = record.mode, record.epoch
                if record.report != self._report:
                    self._report = record.report
                    self._next_report = 0.0
            else:
                self._order(record)

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
            self._lost(str(error))
            return Answered(self._child, order.number, 1, str(error))

    def _changed_by_hand(self, requests: Sequence[Request]) -> list[Result]:
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
                gauges=levels | self._figures.gauges(),
                error=self._error,
            )
        )
        if self._state == "lost":
            self._probe()

    def _probe(self) -> None:
        """Whether a lost file can be written again: at each heartbeat, for clients may all have given up."""
        journal = self._store.journal
        if journal is None:
            return
        try:
            journal.probe()
        except BackendDown as error:
            self._error = str(error)
        else:
            self._found_again()

    def _keep_up(self, now: float) -> None:
        """Chores that are due, a slice at a time."""
        try:
            self._upkeep.step(now, self._mode)
        except BackendDown as error:
            self._upkeep.give_up(str(error), now)
            self._lost(str(error))


def _reclaim_problem(arguments: dict[str, Any]) -> str:
    """What is wrong with the arguments of leases-reclaim, in Kea's words; "" when nothing is."""
    if "remove" not in arguments:
        return "Missing mandatory 'remove' parameter."
    if not isinstance(arguments["remove"], bool):
        return "'remove' parameter expected to be a boolean."
    return ""
