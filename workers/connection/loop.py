"""The connection worker's loop: what packet workers ask for, as one batch; then chores; then a report.

Nothing here takes long: a batch is bounded, and reclamation goes in small slices between batches, so that packets
wait for no chore.

Runs in: connection
"""

from __future__ import annotations

import logging
import os
import select
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from kea_mp import log
from kea_mp.bus.messages import SERVE, Answered, Directive, Down, Health, Order, Up
from kea_mp.config.model import ExpiredLeases
from kea_mp.errors import BackendDown
from kea_mp.leases.memfile import MemfileStore
from kea_mp.leases.store import Failed, FindLeases, Request, Result
from workers.connection.chores import Chore, Incomplete, Schedule, after_pass, begin, ended, rule_of, started
from workers.connection.cleanup_run import CleanupRun
from workers.connection.figures import Figures
from workers.connection.lanes import Arrived, Lanes

logger = logging.getLogger("kea-dhcp4.dhcp4")
engine_logger = logging.getLogger("kea-dhcp4.alloc-engine")

LISTEN_S = 0.02  #: the bus is looked at this often even when its descriptor is silent (it is edge-triggered)
SLICE = 64  #: leases reclaimed or removed between two batches
_TRACE, _BASIC = log.debug(50), log.debug(0)


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


@dataclass(slots=True)
class Pass:
    """A reclamation in progress. left: leases it may still process, None: all. left_ms: time it may still take, None:
    no limit. order: the number of the command that asked for it, None for the periodic one."""

    remove: bool
    left: int | None
    left_ms: float | None
    order: int | None = None
    done: int = 0


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
        self._store, self._expired, self._leaving, self._heartbeat_s = store, expired, leaving, heartbeat_s
        self._schedule: Schedule = begin(rule_of(expired, lfc_interval if store.journal else 0), now)
        self._incomplete = Incomplete()
        self._passes: list[Pass] = []
        self._flushing = False
        self._cleanup = CleanupRun(store.journal) if store.journal is not None else None
        self._convert = convert
        self._mode, self._epoch, self._report, self._told_report = SERVE, 0, 0, -1
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
            if self._convert and self._cleanup is not None:
                self._cleanup.start()
            while not self._leaving.asked:
                self.round()
            self._serve(self._lanes.receive())
        finally:
            if self._cleanup is not None:
                self._cleanup.stop()
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
        self._do_chores(time.monotonic())
        self._tell(time.monotonic())

    def _patience(self) -> float:
        """Seconds until something is due."""
        if self._passes or self._flushing:
            return 0.0
        return max(0.0, min(self._next_report, self._schedule.next_due) - time.monotonic())

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
        if order.command != "leases-reclaim":
            text = f"'{order.command}' is not carried out by {self._child}"
            self._bus.send(Answered(self._child, order.number, 2, text))
            return
        problem = _reclaim_problem(order.arguments)
        if problem:
            self._bus.send(Answered(self._child, order.number, 1, problem))
            return
        self._passes.append(Pass(order.arguments["remove"], None, None, order.number))

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

    # ---- chores ---------------------------------------------------------------------------------------------

    def _do_chores(self, now: float) -> None:
        for chore in self._schedule.ready(now):
            self._begin(chore, now)
        if self._cleanup is not None:
            self._cleanup.look()
        try:
            if self._passes:
                self._reclaim(self._passes[0])
            elif self._flushing:
                self._flush()
        except BackendDown as error:
            self._lost(str(error))
            self._give_up_chores(str(error))

    def _begin(self, chore: Chore, now: float) -> None:
        """A chore is due. Reclamation rests while the service is disabled, as in Kea."""
        if chore is Chore.CLEANUP:
            if self._cleanup is not None:
                self._start_cleanup(self._cleanup)
            self._schedule = ended(self._schedule, chore, now)
        elif self._mode != SERVE:
            logger.log(
                _BASIC,
                "DHCP4_RECLAIM_EXPIRED_LEASES_SKIPPED dhcp4 reclamation of expired leases is skipped, the service is "
                "disabled, next in %s seconds", self._expired.reclaim_wait,
            )  # fmt: skip
            self._schedule = ended(self._schedule, chore, now)
        elif chore is Chore.RECLAIM:
            limits = self._expired
            self._passes.append(
                Pass(
                    remove=limits.flush_wait == 0,
                    left=limits.max_leases or None,
                    left_ms=limits.max_time_ms or None,
                )
            )
            self._schedule = started(self._schedule, chore)
        else:
            self._flushing = True
            self._schedule = started(self._schedule, chore)

    def _start_cleanup(self, cleanup: CleanupRun) -> None:
        try:
            cleanup.start()
        except BackendDown as error:
            self._lost(str(error))

    def _reclaim(self, work: Pass) -> None:
        """The next slice of a reclamation."""
        begun = time.perf_counter()
        size = SLICE if work.left is None else min(SLICE, work.left)
        wall = int(time.time())
        count = self._store.reclaim(wall, size, work.remove)
        work.done += count
        if work.left is not None:
            work.left -= count
        if work.left_ms is not None:
            work.left_ms -= 1000 * (time.perf_counter() - begun)
        out_of_time = work.left_ms is not None and work.left_ms <= 0
        if count == size and work.left != 0 and not out_of_time:
            return
        self._passes.pop(0)
        engine_logger.log(_TRACE, "ALLOC_ENGINE_V4_LEASES_RECLAMATION_COMPLETE reclaimed %s leases", work.done)
        if work.order is not None:
            text = "Reclamation of expired leases is complete."
            self._bus.send(Answered(self._child, work.order, 0, text))
            return
        self._incomplete, warn = after_pass(
            self._incomplete, self._store.is_waiting(wall), self._expired.unwarned_cycles
        )
        if warn:
            engine_logger.warning(
                "ALLOC_ENGINE_V4_LEASES_RECLAMATION_SLOW expired leases still exist after %s reclamations",
                self._expired.unwarned_cycles,
            )
        self._schedule = ended(self._schedule, Chore.RECLAIM, time.monotonic())

    def _flush(self) -> None:
        """The next slice of removing reclaimed leases."""
        before = int(time.time()) - self._expired.hold_reclaimed
        if self._store.remove_reclaimed(before, SLICE) < SLICE:
            self._flushing = False
            self._schedule = ended(self._schedule, Chore.FLUSH, time.monotonic())

    def _give_up_chores(self, error: str) -> None:
        for work in self._passes:
            if work.order is not None:
                self._bus.send(Answered(self._child, work.order, 1, error))
        if any(work.order is None for work in self._passes):
            self._schedule = ended(self._schedule, Chore.RECLAIM, time.monotonic())
        if self._flushing:
            self._schedule = ended(self._schedule, Chore.FLUSH, time.monotonic())
        self._passes, self._flushing = [], False


def _reclaim_problem(arguments: dict[str, Any]) -> str:
    """What is wrong with the arguments of leases-reclaim, in Kea's words; "" when nothing is."""
    if "remove" not in arguments:
        return "Missing mandatory 'remove' parameter."
    if not isinstance(arguments["remove"], bool):
        return "'remove' parameter expected to be a boolean."
    return ""
