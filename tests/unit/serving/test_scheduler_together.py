"""Exchanges that ask for several things at once."""

from __future__ import annotations

import pytest

from kea_mp.leases.store import BatchDone, Changed, FindLeases, RemoveLease, Stored
from tests.unit.serving.test_scheduler import FOUND, LEASE, Bench
from workers.serving.scheduler import Limits


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_what_an_exchange_yields_together_goes_and_comes_back_together(bench: Bench) -> None:
    bench.come("both")
    bench.come("a")
    bench.flush()
    assert [type(request) for request in bench.lane.batches[0]] == [FindLeases, RemoveLease, FindLeases]
    bench.answer(1, FOUND, Stored(LEASE), FOUND)
    assert (bench.sent, bench.scheduler.at_hand) == ([b"Found Stored"], 1)


def test_requests_that_were_yielded_together_may_be_in_two_batches() -> None:
    bench = Bench(Limits(batch=1))
    bench.come("both")
    bench.flush()
    assert [len(batch) for batch in bench.lane.batches] == [1, 1]
    bench.answer(1, FOUND)
    assert bench.sent == []
    bench.answer(2, Changed(None))
    assert bench.sent == [b"Found Changed"]


def test_a_repeated_change_among_several_meets_its_own_row() -> None:
    bench = Bench(Limits(batch=1))
    bench.come("both")
    bench.flush()
    bench.come("a")
    bench.flush()
    bench.answer(1, FOUND)
    bench.answer(3, FOUND)
    bench.flush()
    assert bench.lane.batches[3] == (RemoveLease(LEASE),)
    bench.answer(4, Changed(None))
    assert bench.sent == [b"Found Stored"]


def test_one_of_several_that_is_not_answered_in_time_has_failed(bench: Bench) -> None:
    limited = Bench(Limits(batch=1))
    limited.come("both")
    limited.flush()
    limited.answer(1, FOUND)
    limited.time = 5.0
    limited.scheduler.expire(5.0)
    assert (limited.sent, limited.scheduler.at_hand) == ([b"Found Failed"], 0)
    limited.answer(2, Stored(LEASE))
    assert limited.sent == [b"Found Failed"]


def test_an_exchange_with_several_requests_is_given_up_once() -> None:
    bench = Bench(Limits(batch=1))
    bench.come("both")
    bench.flush()
    bench.come("both", xid=2)
    bench.scheduler.abandon()
    assert bench.scheduler.at_hand == 0
    assert bench.counters["pkt4-processing-failed"] == 2
    bench.come("both", xid=3)
    assert bench.scheduler.at_hand == 1


def test_requests_of_a_backend_that_is_away_fail_together(bench: Bench) -> None:
    bench.lane.done.append(BatchDone(0, (), "it is away"))
    bench.scheduler.resume(0.0)
    bench.come("both")
    bench.flush()
    assert bench.sent == [b"Failed Failed"]
