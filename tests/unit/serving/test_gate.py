from __future__ import annotations

from itertools import product

from kea_mp.bus.messages import EXIT, PAUSE, SERVE, Directive
from workers.serving.gate import Gate, Mode, hear, mode, serves_until, woken

NEW = Gate(generation=7, silence_s=2.0, heartbeat_s=0.25, started=100.0)


def told(gate: Gate, now: float, said: str, epoch: int = 1, generation: int = 7) -> Gate:
    return hear(gate, Directive(epoch, said, generation), now)


def test_packets_wait_until_the_first_directive() -> None:
    assert mode(NEW, 100.1) is Mode.HOLD


def test_a_supervisor_that_never_speaks_is_silent() -> None:
    assert mode(NEW, 102.1) is Mode.PAUSE


def test_a_worker_that_starts_late_serves_with_the_next_directive() -> None:
    assert mode(told(NEW, 109.0, SERVE, epoch=40), 109.0) is Mode.SERVE


def test_silence_means_pause_and_a_directive_ends_it() -> None:
    gate = told(NEW, 100.0, SERVE)
    assert mode(gate, 102.0) is Mode.SERVE
    assert mode(gate, 102.01) is Mode.PAUSE
    assert mode(told(gate, 110.0, SERVE), 110.0) is Mode.SERVE


def test_another_generation_is_left_to_our_successor() -> None:
    assert mode(told(NEW, 100.0, SERVE, generation=8), 100.0) is Mode.HOLD
    assert mode(told(NEW, 100.0, PAUSE, generation=8), 100.0) is Mode.PAUSE


def test_exit_is_never_taken_back() -> None:
    gate = told(told(NEW, 100.0, EXIT), 100.1, SERVE, epoch=2)
    assert mode(gate, 100.1) is Mode.EXIT
    assert mode(gate, 200.0) is Mode.EXIT


def test_an_older_epoch_is_not_heard() -> None:
    gate = told(told(NEW, 100.0, PAUSE, epoch=5), 101.0, SERVE, epoch=4)
    assert mode(gate, 101.0) is Mode.PAUSE
    assert gate.heard_at == 100.0


def test_after_a_stop_an_old_serve_in_the_queue_is_not_believed() -> None:
    gate = woken(told(NEW, 100.0, SERVE), last=100.2, now=101.5)
    assert mode(gate, 101.5) is Mode.PAUSE
    gate = told(gate, 101.5, SERVE)
    assert mode(gate, 101.5) is Mode.PAUSE
    gate = told(gate, 101.501, PAUSE, epoch=2)
    assert mode(gate, 101.6) is Mode.PAUSE


def test_after_a_stop_live_directives_are_believed_again() -> None:
    gate = woken(told(NEW, 100.0, SERVE), last=100.2, now=109.0)
    for at in (109.0, 109.001, 109.1):
        gate = told(gate, at, SERVE)
        assert mode(gate, at) is Mode.PAUSE
    gate = told(gate, 109.35, SERVE)
    assert mode(gate, 109.35) is Mode.SERVE


def test_a_short_delay_between_two_looks_is_no_stop() -> None:
    gate = told(NEW, 100.0, SERVE)
    assert woken(gate, last=100.2, now=101.0) is gate


def test_no_answer_leaves_after_the_silence_limit_nor_after_a_stop() -> None:
    gate = told(NEW, 100.0, SERVE)
    assert serves_until(gate) == 102.0
    assert serves_until(woken(gate, last=100.2, now=101.9)) < 101.9
    assert serves_until(NEW) < 100.0


def test_only_a_fresh_serve_for_our_generation_serves_whatever_happened_before() -> None:
    events = [(said, generation) for said in (SERVE, PAUSE, EXIT) for generation in (7, 8)] + [
        ("silence", 0),
        ("stop", 0),
    ]
    for history in product(events, repeat=4):
        gate, now, left = NEW, 100.0, False
        for epoch, (said, generation) in enumerate(history):
            if said == "silence":
                now += 2.1
            elif said == "stop":
                gate, now = woken(gate, now, now + 1.5), now + 1.5
            else:
                now += 0.2
                gate = told(gate, now, said, epoch, generation)
                left = left or said == EXIT
            if left:
                assert mode(gate, now) is Mode.EXIT
            elif mode(gate, now) is Mode.SERVE:
                assert (said, generation) == (SERVE, 7)
