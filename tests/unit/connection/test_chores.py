"""When chores are due."""

from __future__ import annotations

import math

from kea_mp.config.model import ExpiredLeases
from workers.connection.chores import Chore, Incomplete, after_pass, begin, ended, rule_of, started

RULE = rule_of(ExpiredLeases(reclaim_wait=10, flush_wait=25), lfc_interval=3600)


def test_the_first_of_each_chore_comes_after_one_wait() -> None:
    schedule = begin(RULE, 100.0)
    assert schedule.next_due == 110.0
    assert schedule.ready(109.9) == ()
    assert schedule.ready(125.0) == (Chore.RECLAIM, Chore.FLUSH)


def test_a_wait_of_0_means_never() -> None:
    schedule = begin(rule_of(ExpiredLeases(reclaim_wait=0, flush_wait=0), lfc_interval=0), 100.0)
    assert schedule.next_due == math.inf
    assert ended(schedule, Chore.RECLAIM, 200.0).next_due == math.inf


def test_the_next_wait_begins_when_the_chore_has_ended() -> None:
    schedule = started(begin(RULE, 100.0), Chore.RECLAIM)
    assert Chore.RECLAIM not in schedule.ready(1e9)
    assert ended(schedule, Chore.RECLAIM, 117.0).next_due == 125.0
    assert dict(ended(schedule, Chore.RECLAIM, 117.0).due)[Chore.RECLAIM] == 127.0


def test_more_incomplete_passes_in_a_row_than_allowed_are_warned_of_once() -> None:
    state, warned = Incomplete(), []
    for _ in range(12):
        state, warn = after_pass(state, left_some=True, unwarned=5)
        warned.append(warn)
    assert warned == [False] * 5 + [True] + [False] * 5 + [True]


def test_a_complete_pass_begins_the_count_again() -> None:
    state, _ = after_pass(Incomplete(5), left_some=False, unwarned=5)
    assert state == Incomplete(0)


def test_unwarned_cycles_of_0_means_no_warning() -> None:
    assert after_pass(Incomplete(99), left_some=True, unwarned=0) == (Incomplete(100), False)
