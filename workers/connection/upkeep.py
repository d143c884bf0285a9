"""Doing the chores of the lease backend in slices so small that no packet waits for them.

Runs in: connection
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from kea_mp import log
from kea_mp.bus.messages import SERVE
from kea_mp.config.model import ExpiredLeases
from kea_mp.leases.memfile import AnyMemfileStore
from workers.connection.chores import Chore, Incomplete, after_pass, begin, ended, rule_of, started
from workers.connection.cleanup_run import CleanupRun

SLICE = 64  #: leases reclaimed or removed between two batches
_TRACE, _BASIC = log.debug(40), log.debug(0)


@dataclass(slots=True)
class Pass:
    """A reclamation in progress. left: leases it may still process, None: all. left_ms: time it may still take, None:
    no limit. order: the number of the command that asked for it, None for the periodic one."""

    remove: bool
    left: int | None
    left_ms: float | None
    order: int | None = None
    done: int = 0


class Upkeep:
    """The chores of one memfile store. `step` raises BackendDown when a chore could not write; `give_up` then."""

    def __init__(
        self,
        store: AnyMemfileStore,
        expired: ExpiredLeases,
        lfc_interval: int,
        convert: bool,
        answer: Callable[[int, str], None],
        now: float,
    ) -> None:
        """lfc_interval: seconds, 0: never. convert: clean up at once, the files are of another schema. answer: called
        with the number of an order that is done, and what went wrong ("": nothing)."""
        self._store, self._expired, self._answer = store, expired, answer
        family = self._family = store.family
        self._logger = logging.getLogger(family.logger())
        self._dhcpsrv_logger = logging.getLogger(family.logger("dhcpsrv"))
        self._engine_logger = logging.getLogger(family.logger("alloc-engine"))
        self._schedule = begin(rule_of(expired, lfc_interval if store.journal else 0), now)
        self._incomplete = Incomplete()
        self._passes: list[Pass] = []
        self._flushing = False
        self._cleanup = CleanupRun(store.journal, store.family) if store.journal is not None else None
        self._convert = convert
        if store.journal is not None and lfc_interval:
            self._dhcpsrv_logger.info(
                "DHCPSRV_MEMFILE_LFC_SETUP setting up the Lease File Cleanup interval to %s sec", lfc_interval
            )

    @property
    def busy(self) -> bool:
        """Whether a chore goes on at once."""
        return self._convert or self._flushing or bool(self._passes)

    @property
    def next_due(self) -> float:
        return self._schedule.next_due

    def reclaim_all(self, remove: bool, order: int) -> None:
        """The command leases-reclaim: all ended leases, whatever the limits."""
        self._passes.append(Pass(remove, None, None, order))

    def step(self, now: float, mode: str) -> None:
        """Begin what is due, and do a slice of what goes on."""
        for chore in self._schedule.ready(now):
            self._begin(chore, now, mode)
        if self._cleanup is not None:
            if self._convert:
                self._convert = False
                self._dhcpsrv_logger.warning(
                    "DHCPSRV_MEMFILE_CONVERTING_LEASE_FILES running LFC now to convert lease files to the current "
                    "schema: 3.0"
                )
                self._cleanup.start()
            self._cleanup.look()
        if self._passes:
            self._reclaim(self._passes[0])
        elif self._flushing:
            self._flush()

    def give_up(self, error: str, now: float) -> None:
        """Leave what goes on until it is due again."""
        for work in self._passes:
            if work.order is not None:
                self._answer(work.order, error)
        if any(work.order is None for work in self._passes):
            self._schedule = ended(self._schedule, Chore.RECLAIM, now)
        if self._flushing:
            self._schedule = ended(self._schedule, Chore.FLUSH, now)
        self._passes, self._flushing = [], False

    def stop(self) -> None:
        if self._cleanup is not None:
            self._cleanup.stop()

    def _begin(self, chore: Chore, now: float, mode: str) -> None:
        """A chore is due. Leases are left alone while the service is disabled, as in Kea."""
        if chore is Chore.CLEANUP:
            self._schedule = ended(self._schedule, chore, now)
            if self._cleanup is not None:
                self._cleanup.start()
            return
        if mode != SERVE:
            self._schedule = ended(self._schedule, chore, now)
            if chore is Chore.RECLAIM:
                self._logger.log(
                    _BASIC,
                    "%s %s reclamation of expired leases is skipped, the service is disabled, next in %s seconds",
                    self._family.message("RECLAIM_EXPIRED_LEASES_SKIPPED"), self._family.name,
                    self._expired.reclaim_wait,
                )  # fmt: skip
            return
        self._schedule = started(self._schedule, chore)
        if chore is Chore.FLUSH:
            self._flushing = True
            return
        limits = self._expired
        self._engine_logger.log(
            _TRACE,
            "ALLOC_ENGINE_V%s_LEASES_RECLAMATION_START starting reclamation of expired leases (limit = %s leases or %s "
            "milliseconds)", self._family.number, limits.max_leases, limits.max_time_ms,
        )  # fmt: skip
        self._passes.append(Pass(limits.flush_wait == 0, limits.max_leases or None, limits.max_time_ms or None))

    def _reclaim(self, work: Pass) -> None:
        """The next slice of a reclamation."""
        begun = time.perf_counter()
        size = SLICE if work.left is None else min(SLICE, work.left)
        count = self._store.reclaim(int(time.time()), size, work.remove)
        work.done += count
        if work.left is not None:
            work.left -= count
        if work.left_ms is not None:
            work.left_ms -= 1000 * (time.perf_counter() - begun)
        out_of_time = work.left_ms is not None and work.left_ms <= 0
        if count == size and work.left != 0 and not out_of_time:
            return
        self._passes.pop(0)
        self._engine_logger.log(
            _TRACE, "ALLOC_ENGINE_V%s_LEASES_RECLAMATION_COMPLETE reclaimed %s leases", self._family.number, work.done
        )
        if work.order is not None:
            self._answer(work.order, "")
        else:
            self._end_pass()

    def _end_pass(self) -> None:
        left_some = self._store.is_waiting(int(time.time()))
        self._incomplete, warn = after_pass(self._incomplete, left_some, self._expired.unwarned_cycles)
        if warn:
            self._engine_logger.warning(
                "ALLOC_ENGINE_V%s_LEASES_RECLAMATION_SLOW expired leases still exist after %s reclamations",
                self._family.number,
                self._expired.unwarned_cycles,
            )
        self._schedule = ended(self._schedule, Chore.RECLAIM, time.monotonic())

    def _flush(self) -> None:
        """The next slice of removing reclaimed leases."""
        before = int(time.time()) - self._expired.hold_reclaimed
        if self._store.remove_reclaimed(before, SLICE) < SLICE:
            self._flushing = False
            self._schedule = ended(self._schedule, Chore.FLUSH, time.monotonic())
