"""What the lease backend does without being asked, and when: reclaim ended leases, delete reclaimed ones, clean up
the lease file. Pure: the moments are values.

As in Kea a wait begins when the chore before has ended, and 0 means never.

Runs in: connection
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum

from kea_mp.config.model import ExpiredLeases


class Chore(Enum):
    RECLAIM = "reclaim"  #: expired leases: kept as reclaimed, or removed
    FLUSH = "flush"  #: reclaimed leases that have been held long enough: removed
    CLEANUP = "cleanup"  #: the lease file: rewritten without what is obsolete


@dataclass(frozen=True, slots=True)
class Rule:
    """How often, seconds; 0: never (Kea reclaim-timer-wait-time, flush-reclaimed-timer-wait-time, lfc-interval)."""

    waits: tuple[tuple[Chore, int], ...]


def rule_of(expired: ExpiredLeases, lfc_interval: int) -> Rule:
    return Rule(
        (
            (Chore.RECLAIM, expired.reclaim_wait),
            (Chore.FLUSH, expired.flush_wait),
            (Chore.CLEANUP, lfc_interval),
        )
    )


@dataclass(frozen=True, slots=True)
class Schedule:
    """When each chore is due, seconds on the monotonic clock (infinity: never)."""

    rule: Rule
    due: tuple[tuple[Chore, float], ...]

    @property
    def next_due(self) -> float:
        return min((when for _, when in self.due), default=math.inf)

    def ready(self, now: float) -> tuple[Chore, ...]:
        return tuple(chore for chore, when in self.due if when <= now)


def begin(rule: Rule, now: float) -> Schedule:
    """The schedule at start-up: one wait each."""
    return Schedule(rule, tuple((chore, now + wait if wait else math.inf) for chore, wait in rule.waits))


def started(schedule: Schedule, chore: Chore) -> Schedule:
    """The chore runs: it is not due before it has ended."""
    return _with(schedule, chore, math.inf)


def ended(schedule: Schedule, chore: Chore, now: float) -> Schedule:
    """The chore is done (or was left out): its next wait begins."""
    wait = dict(schedule.rule.waits)[chore]
    return _with(schedule, chore, now + wait if wait else math.inf)


def _with(schedule: Schedule, chore: Chore, when: float) -> Schedule:
    return replace(schedule, due=tuple((c, when if c is chore else w) for c, w in schedule.due))


@dataclass(frozen=True, slots=True)
class Incomplete:
    """Passes in a row that left ended leases behind (Kea unwarned-reclaim-cycles)."""

    passes: int = 0


def after_pass(state: Incomplete, left_some: bool, unwarned: int) -> tuple[Incomplete, bool]:
    """The count after a pass, and whether to warn: once more than `unwarned` passes in a row were not enough (0:
    never)."""
    if not left_some:
        return Incomplete(), False
    passes = state.passes + 1
    if unwarned and passes > unwarned:
        return Incomplete(), True
    return Incomplete(passes), False
