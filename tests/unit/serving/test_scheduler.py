from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from kea_mp.dhcp.message4 import Message4
from kea_mp.leases.model import Lease4
from kea_mp.leases.store import (
    BatchDone,
    Changed,
    ClaimLease,
    Failed,
    FindLeases,
    Found,
    RemoveLease,
    Request,
    Result,
    Stored,
)
from workers.serving.committed import Committed
from workers.serving.engine.packet import Drop, Packet4, Reply4
from workers.serving.lane import AnyRequest, Lane, TooLarge
from workers.serving.packets import Port
from workers.serving.scheduler import Exchange, Limits, Scheduler
from workers.serving.traffic4 import TRAFFIC4

DISCOVER, REQUEST, INFORM = 1, 3, 8
LEASE = Lease4(0xC0000263, b"\x01\x02", b"", 3600, 0, 1)
FOUND = Found((), None, 0xC0000263)


class FakeLane:
    def __init__(self, fits: int = 1000) -> None:
        self.garbage, self.full, self.fits = 0, False, fits
        self.batches: list[tuple[AnyRequest, ...]] = []
        self.done: list[BatchDone] = []

    def fileno(self) -> int:
        return -1

    def send(self, requests: Sequence[AnyRequest]) -> int | None:
        if len(requests) > self.fits:
            raise TooLarge("too long")
        if self.full:
            return None
        self.batches.append(tuple(requests))
        return len(self.batches)

    def receive(self) -> list[BatchDone]:
        done, self.done = self.done, []
        return done

    def answer(self, number: int, *results: Result) -> None:
        self.done.append(BatchDone(number, results))


class ScriptedEngine:
    """Each exchange finds, claims and answers, unless its chaddr has another script."""

    def __init__(self, **scripts: Callable[[Packet4], Exchange[Reply4]]) -> None:
        self.scripts = scripts
        self.seen: list[Packet4] = []
        self.committed: Committed[Lease4] = Committed(10)

    def saw(self, request: Request, result: Result) -> None:
        self.committed.saw(request, result)

    def respond(self, packet: Packet4, now: float) -> Exchange[Reply4]:
        self.seen.append(packet)
        return self.scripts.get(packet.message.chaddr.decode(), find_and_claim)(packet)


def reply(packet: Packet4) -> Reply4:
    return Reply4(packet.message.chaddr, 0, 68, 0, b"", 2)


def find_and_claim(packet: Packet4) -> Exchange[Reply4]:
    found = yield FindLeases(packet.message.hw, b"", (1,), 0)
    if isinstance(found, Failed):
        return Drop("pkt4-processing-failed", "", ("pkt4-receive-drop",))
    stored = yield ClaimLease(LEASE)
    assert isinstance(stored, Stored)
    return reply(packet)


def at_once(packet: Packet4) -> Exchange[Reply4]:
    yield from ()
    return reply(packet)


def refuse(packet: Packet4) -> Exchange[Reply4]:
    yield from ()
    return Drop("pkt4-receive-drop", "DHCP4_PACKET_DROP_0003", ("pkt4-not-for-us",))


def silent(packet: Packet4) -> Exchange[Reply4]:
    yield RemoveLease(LEASE)
    return Drop()


def crash_early(packet: Packet4) -> Exchange[Reply4]:
    yield from ()
    raise KeyError("early")


def crash_late(packet: Packet4) -> Exchange[Reply4]:
    yield FindLeases(b"", b"", (), 0)
    raise KeyError("late")


def together(packet: Packet4) -> Exchange[Reply4]:
    """Asks for two things at once, and says which could be had."""
    results = yield FindLeases(b"", b"", (1,), 0), RemoveLease(LEASE)
    names = [type(result).__name__ for result in results]
    return Reply4(" ".join(names).encode(), 0, 68, 0, b"", 2)


class Bench:
    def __init__(self, limits: Limits | None = None, fits: int = 1000) -> None:
        self.lane = FakeLane(fits)
        self.engine = ScriptedEngine(
            now=at_once, refused=refuse, silent=silent, early=crash_early, late=crash_late,
            both=together,
        )  # fmt: skip
        self.counters: dict[str, int] = {}
        self.sent: list[bytes] = []
        routes: dict[type, Lane] = dict.fromkeys((FindLeases, ClaimLease, RemoveLease), self.lane)
        self.scheduler = Scheduler(
            TRAFFIC4, self.engine, routes, lambda _port, _packet, answer: self.sent.append(answer.payload),
            self.counters, limits or Limits(),
        )  # fmt: skip
        self.time = 0.0

    def come(self, chaddr: str, kind: int = DISCOVER, xid: int = 1) -> None:
        hardware = chaddr.encode()
        message = Message4(1, 1, len(hardware), 0, xid, 0, 0, 0, 0, 0, 0, hardware, b"", b"", {53: bytes([kind])})
        packet = Packet4(message, "eth0", 3, 0xC0000201, 0, 0xFFFFFFFF, 68)
        self.scheduler.start(NOWHERE, packet, kind, self.time, 1000.0)

    def flush(self) -> None:
        self.scheduler.flush(self.time)

    def answer(self, number: int, *results: Result) -> None:
        self.lane.answer(number, *results)
        self.scheduler.resume(self.time)


class _Nowhere:
    interface, index, address, raw, malformed, problem = "eth0", 3, 0xC0000201, True, 0, ""
    addresses = frozenset((0xC0000201,))

    def fileno(self) -> int:
        return -1

    def receive(self, limit: int) -> list[object]:
        return []

    def discard(self, limit: int) -> int:
        return 0

    def look(self) -> None:
        pass

    def send(self, packet: Packet4, reply: Reply4) -> None:
        pass

    def overrun(self) -> int:
        return 0


NOWHERE: Port = _Nowhere()  # type: ignore[assignment]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_what_all_packets_yield_goes_as_one_batch(bench: Bench) -> None:
    for name in "abc":
        bench.come(name)
    bench.flush()
    assert [len(batch) for batch in bench.lane.batches] == [3]
    bench.answer(1, FOUND, FOUND, FOUND)
    bench.flush()
    assert [type(request) for request in bench.lane.batches[1]] == [ClaimLease] * 3
    assert bench.sent == []
    bench.answer(2, *[Stored(LEASE)] * 3)
    assert bench.sent == [b"a", b"b", b"c"]
    assert bench.scheduler.at_hand == 0


def test_nothing_is_answered_before_the_store_has_answered(bench: Bench) -> None:
    bench.come("a")
    bench.flush()
    bench.answer(1, FOUND)
    bench.flush()
    assert bench.sent == []


def test_an_exchange_that_needs_no_backend_is_answered_at_once(bench: Bench) -> None:
    bench.come("now")
    assert bench.sent == [b"now"]
    assert bench.scheduler.at_hand == 0


def test_a_drop_is_counted_with_its_reason(bench: Bench) -> None:
    bench.come("refused")
    assert bench.counters == {"pkt4-not-for-us": 1, "pkt4-receive-drop": 1}


def test_a_regular_end_without_answer_counts_no_drop(bench: Bench) -> None:
    bench.come("silent")
    bench.flush()
    bench.answer(1, Stored(LEASE))
    assert bench.counters == {}
    assert bench.sent == []


@pytest.mark.parametrize("name", ["early", "late"])
def test_a_packet_that_crashes_the_engine_ends_alone(bench: Bench, name: str) -> None:
    bench.come(name)
    bench.come("a")
    bench.flush()
    bench.answer(1, *[FOUND] * len(bench.lane.batches[0]))
    bench.flush()
    bench.answer(2, Stored(LEASE))
    assert bench.sent == [b"a"]
    assert bench.counters == {"pkt4-processing-failed": 1, "pkt4-receive-drop": 1}
    assert bench.scheduler.at_hand == 0


def overtaken(bench: Bench, first: Result = FOUND) -> None:
    """a claims a lease, which is lost; b has come after it and is answered."""
    bench.come("a")
    bench.flush()
    bench.answer(1, first)
    bench.flush()
    bench.come("b")
    bench.flush()
    bench.answer(3, FOUND)
    bench.flush()


def test_a_batch_that_a_later_one_has_overtaken_is_asked_again(bench: Bench) -> None:
    overtaken(bench)
    assert bench.lane.batches[3] == (ClaimLease(LEASE), ClaimLease(LEASE))
    bench.answer(4, Stored(LEASE), Stored(LEASE))
    assert bench.sent == [b"a", b"b"]
    assert bench.counters == {"kea-mp-batch-repeated": 1}


def test_a_claim_that_was_stored_at_its_first_try_counts_as_stored(bench: Bench) -> None:
    overtaken(bench)
    bench.answer(4, Changed(LEASE), Stored(LEASE))
    assert bench.sent == [b"a", b"b"]


def test_a_claim_that_somebody_else_was_faster_with_does_not_count_as_stored(bench: Bench) -> None:
    outcomes: list[Result] = []

    def watch(packet: Packet4) -> Exchange[Reply4]:
        yield FindLeases(b"", b"", (), 0)
        outcomes.append((yield ClaimLease(LEASE)))
        return Drop()

    bench.engine.scripts["a"] = watch
    overtaken(bench)
    other = Changed(Lease4(LEASE.address, b"\x01\x09", b"", 3600, 0, 1))
    bench.answer(4, other, Stored(LEASE))
    assert outcomes == [other]


def test_a_change_that_meets_its_own_row_without_having_been_repeated_has_failed(bench: Bench) -> None:
    outcomes: list[Result] = []

    def watch(packet: Packet4) -> Exchange[Reply4]:
        outcomes.append((yield ClaimLease(LEASE)))
        return Drop()

    bench.engine.scripts["a"] = watch
    bench.come("a")
    bench.flush()
    bench.answer(1, Changed(LEASE))
    assert outcomes == [Changed(LEASE)]


def test_a_removal_that_was_done_at_its_first_try_counts_as_done(bench: Bench) -> None:
    outcomes: list[Result] = []

    def watch(packet: Packet4) -> Exchange[Reply4]:
        outcomes.append((yield RemoveLease(LEASE)))
        return Drop()

    bench.engine.scripts["a"] = watch
    bench.come("a")
    bench.flush()
    bench.come("b")
    bench.flush()
    bench.answer(2, FOUND)
    bench.flush()
    bench.answer(3, Changed(None), Stored(LEASE))
    assert outcomes == [Stored(LEASE)]


def test_what_is_lost_is_found_out_when_nothing_else_is_to_be_asked() -> None:
    bench = Bench(Limits(stall_s=0.25, probe_s=1.0))
    bench.come("a")
    bench.flush()
    for bench.time in (0.2, 0.3, 0.4, 1.2):
        bench.flush()
        bench.scheduler.expire(bench.time)
    assert [len(batch) for batch in bench.lane.batches] == [1, 0]
    bench.answer(2)
    bench.flush()
    bench.answer(3, FOUND)
    bench.flush()
    bench.answer(4, Stored(LEASE))
    assert bench.sent == [b"a"]


def test_a_question_that_was_lost_itself_is_put_again() -> None:
    bench = Bench(Limits(stall_s=0.25, probe_s=1.0))
    bench.come("a")
    bench.flush()
    for bench.time in (0.3, 1.4):
        bench.flush()
    assert [len(batch) for batch in bench.lane.batches] == [1, 0, 0]


def test_an_exchange_that_was_given_up_is_not_asked_again(bench: Bench) -> None:
    bench.come("a")
    bench.flush()
    bench.time = 3.0
    bench.come("b")
    bench.flush()
    bench.scheduler.expire(4.1)
    bench.answer(2, FOUND)
    bench.flush()
    assert [len(batch) for batch in bench.lane.batches] == [1, 1, 1]


def test_an_answer_to_an_unknown_batch_is_ignored(bench: Bench) -> None:
    bench.come("a")
    bench.flush()
    bench.answer(77, FOUND)
    bench.answer(1, FOUND)
    bench.answer(1, FOUND)
    assert bench.counters == {"kea-mp-batch-unknown": 2}
    assert bench.scheduler.at_hand == 1


def test_an_answer_of_another_length_drops_its_packets(bench: Bench) -> None:
    bench.come("a")
    bench.come("b")
    bench.flush()
    bench.answer(1, FOUND)
    assert bench.scheduler.at_hand == 0
    assert bench.counters["pkt4-processing-failed"] == 2


def test_a_failed_request_is_the_engines_to_judge(bench: Bench) -> None:
    bench.come("a")
    bench.flush()
    bench.answer(1, Failed("database is gone"))
    assert bench.counters == {"pkt4-processing-failed": 1, "pkt4-receive-drop": 1}


def test_more_than_a_batch_holds_goes_as_several() -> None:
    bench = Bench(Limits(batch=2))
    for name in "abcde":
        bench.come(name)
    bench.flush()
    assert [len(batch) for batch in bench.lane.batches] == [2, 2, 1]


def test_a_backend_has_few_batches_at_once_and_the_rest_gathers() -> None:
    bench = Bench(Limits(batches=1))
    bench.come("a")
    bench.flush()
    bench.come("b")
    bench.flush()
    bench.come("c")
    bench.flush()
    bench.answer(1, FOUND)
    bench.flush()
    assert [len(batch) for batch in bench.lane.batches] == [1, 3]


def test_batches_that_a_dead_backend_took_with_it_do_not_hold_up_the_next() -> None:
    bench = Bench(Limits(batches=1, stall_s=0.25))
    bench.come("a")
    bench.flush()
    bench.come("b")
    bench.time = 0.2
    bench.flush()
    assert len(bench.lane.batches) == 1
    bench.time = 0.3
    bench.flush()
    assert len(bench.lane.batches) == 2
    bench.answer(2, FOUND)
    bench.flush()
    bench.answer(3, FOUND, Stored(LEASE))
    assert bench.sent == [b"b"]


def test_a_full_lane_keeps_the_requests(bench: Bench) -> None:
    bench.lane.full = True
    bench.come("a")
    bench.flush()
    assert bench.scheduler.stuck
    assert bench.counters == {"kea-mp-lane-full": 1}
    bench.lane.full = False
    bench.flush()
    assert not bench.scheduler.stuck
    assert [len(batch) for batch in bench.lane.batches] == [1]


def test_a_batch_that_is_too_long_is_split() -> None:
    bench = Bench(fits=2)
    for name in "abcde":
        bench.come(name)
    bench.flush()
    assert [len(batch) for batch in bench.lane.batches] == [2, 2, 1]


def test_a_request_that_never_fits_has_failed() -> None:
    bench = Bench(fits=0)
    bench.come("a")
    bench.come("b")
    bench.flush()
    assert bench.scheduler.at_hand == 0
    assert bench.counters["pkt4-processing-failed"] == 2


def test_of_a_busy_clients_packets_only_the_newest_is_kept(bench: Bench) -> None:
    for xid in (1, 2, 3):
        bench.come("a", xid=xid)
    assert bench.counters == {"pkt4-duplicate": 1, "pkt4-receive-drop": 1}
    bench.flush()
    bench.answer(1, FOUND)
    bench.flush()
    bench.answer(2, Stored(LEASE))
    assert [packet.message.xid for packet in bench.engine.seen] == [1, 3]
    assert bench.scheduler.at_hand == 1


def test_an_inform_does_not_wait_for_the_clients_other_packets(bench: Bench) -> None:
    bench.come("a", REQUEST)
    bench.come("a", INFORM)
    assert bench.scheduler.at_hand == 2


@pytest.mark.parametrize("sent", [True, False])
def test_an_exchange_older_than_the_clients_patience_is_given_up(bench: Bench, sent: bool) -> None:
    bench.lane.full = not sent
    bench.come("a")
    bench.flush()
    bench.time = 3.0
    bench.come("b")
    bench.flush()
    bench.scheduler.expire(4.1)
    assert bench.scheduler.at_hand == 1
    assert bench.counters["pkt4-processing-failed"] == bench.counters["kea-mp-exchange-given-up"] == 1


def test_the_next_packet_of_a_client_is_handled_when_its_exchange_was_given_up(bench: Bench) -> None:
    bench.come("a", xid=1)
    bench.flush()
    bench.time = 4.0
    bench.come("a", xid=2)
    bench.scheduler.expire(4.1)
    bench.flush()
    assert [len(batch) for batch in bench.lane.batches] == [1, 1]
    assert [packet.message.xid for packet in bench.engine.seen] == [1, 2]


def test_a_result_that_comes_after_its_exchange_was_given_up_is_not_answered(bench: Bench) -> None:
    bench.come("a")
    bench.time = 1.0
    bench.come("b")
    bench.flush()
    bench.scheduler.expire(4.5)
    bench.answer(1, FOUND, FOUND)
    bench.flush()
    bench.answer(2, Stored(LEASE))
    assert bench.sent == [b"b"]


def test_after_abandoning_nothing_is_answered_and_clients_are_free_again(bench: Bench) -> None:
    bench.come("a", xid=1)
    bench.come("a", xid=2)
    bench.come("b")
    bench.flush()
    bench.come("c")
    bench.scheduler.abandon()
    assert bench.scheduler.at_hand == 0
    bench.answer(1, FOUND, FOUND)
    bench.flush()
    assert bench.sent == []
    bench.come("a", xid=3)
    assert bench.scheduler.at_hand == 1


def test_room_shrinks_with_the_exchanges_at_hand() -> None:
    bench = Bench(Limits(exchanges=3))
    bench.come("a")
    bench.come("b")
    assert bench.scheduler.room == 1


def test_while_a_backend_is_away_requests_fail_at_once_and_are_not_sent(bench: Bench) -> None:
    bench.lane.done.append(BatchDone(0, (), "connection refused"))
    bench.scheduler.resume(0.0)
    for name in "abc":
        bench.come(name)
    bench.time = 5.0
    bench.flush()
    assert bench.scheduler.at_hand == 0
    assert bench.counters == {"pkt4-processing-failed": 3, "pkt4-receive-drop": 3}
    assert bench.lane.batches == [()]


def test_a_backend_that_is_away_is_asked_now_and_then_whether_it_is_back() -> None:
    bench = Bench(Limits(probe_s=1.0))
    bench.lane.done.append(BatchDone(0, (), "connection refused"))
    bench.scheduler.resume(0.0)
    for bench.time in (10.0, 10.5, 11.1):
        bench.flush()
    assert bench.lane.batches == [(), ()]
    bench.answer(2)
    bench.come("a")
    bench.flush()
    assert [len(batch) for batch in bench.lane.batches] == [0, 0, 1]


def test_a_backend_that_says_it_is_back_is_asked_at_once(bench: Bench) -> None:
    for away in ("connection refused", ""):
        bench.lane.done.append(BatchDone(0, (), away))
    bench.scheduler.resume(0.0)
    bench.come("a")
    bench.flush()
    assert [len(batch) for batch in bench.lane.batches] == [1]
    assert bench.counters == {}


def test_what_was_under_way_when_the_backend_went_ends_with_its_answer(bench: Bench) -> None:
    bench.come("a")
    bench.flush()
    bench.lane.done.append(BatchDone(1, (Failed("gone"),), "gone"))
    bench.scheduler.resume(0.0)
    assert bench.scheduler.at_hand == 0


def test_an_exchange_that_the_backend_keeps_waiting_ends_by_the_engines_judgement(bench: Bench) -> None:
    judged: list[Result] = []

    def watch(packet: Packet4) -> Exchange[Reply4]:
        judged.append((yield FindLeases(b"", b"", (), 0)))
        return reply(packet)

    bench.engine.scripts["a"] = watch
    bench.come("a")
    bench.flush()
    bench.scheduler.expire(4.1)
    assert judged == [Failed("no answer within 4 s")]
    assert bench.sent == [b"a"]
    assert bench.scheduler.at_hand == 0


def test_leases_that_others_have_changed_are_forgotten(bench: Bench) -> None:
    bench.engine.committed.saw(ClaimLease(LEASE), Stored(LEASE))
    bench.lane.done.append(BatchDone(0, (), "", (LEASE.address,)))
    bench.scheduler.resume(0.0)
    assert bench.engine.committed.get(LEASE.address) is None


def test_the_engine_sees_each_result_before_its_exchange_goes_on(bench: Bench) -> None:
    bench.come("a")
    bench.flush()
    bench.answer(1, FOUND)
    bench.flush()
    bench.answer(2, Stored(LEASE))
    assert bench.engine.committed.get(LEASE.address) == LEASE
