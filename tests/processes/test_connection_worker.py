"""A real connection worker on a real lease file: the test is its supervisor and its packet workers."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from multiprocessing.context import SpawnProcess
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest

from kea_mp.bus.messages import SERVE, Answered, Directive, Order
from kea_mp.config.model import ExpiredLeases
from kea_mp.errors import ExitCode
from kea_mp.leases.csv4 import HEADER, line_of
from kea_mp.leases.model import RECLAIMED
from kea_mp.leases.store import BatchDone, ClaimLease, Failed, FindLeases, Found, Result, Stored
from kea_mp.values import address4
from tests.lab import lease_file, peer
from tests.lab.connection_rig import CHILD, FIRST, Rig, lease
from tests.lab.waiting import eventually


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="kmp") as made:  # the bus needs a short path
        yield Path(made)


@pytest.fixture
def rig(folder: Path) -> Iterator[Rig]:
    made = Rig(folder)
    yield made
    made.close()


def test_each_lane_gets_the_answers_to_its_own_batches(rig: Rig) -> None:
    rig.start()
    first = rig.send(ClaimLease(lease(1)), lane=0)
    second = rig.send(ClaimLease(lease(2)), ClaimLease(lease(2)), lane=1)
    assert len(rig.answered(first, 0).results) == 1
    done = rig.answered(second, 1)
    assert [type(result).__name__ for result in done.results] == ["Stored", "Changed"]
    assert set(lease_file.leases(rig.file)) == {"10.0.0.2", "10.0.0.3"}


def test_killed_at_any_moment_it_has_lost_nothing_that_was_acknowledged(rig: Rig) -> None:
    acknowledged: set[int] = set()
    sent = 0
    for _ in range(3):
        process = rig.start()
        deadline = time.monotonic() + 0.4
        while time.monotonic() < deadline:
            for lane in (0, 1):
                rig.send(*(ClaimLease(lease(sent + n)) for n in range(8)), lane=lane)
                sent += 8
            for lane in (0, 1):
                acknowledged |= {r.lease.address for r in rig.receive(lane).results if isinstance(r, Stored)}
        for lane in (0, 1):  # it dies with these under way
            rig.send(*(ClaimLease(lease(sent + n)) for n in range(8)), lane=lane)
            sent += 8
        process.kill()
        process.join()
        for end in rig.lanes:
            end.setblocking(False)
            while True:
                try:
                    results = msgspec.msgpack.decode(end.recv(1 << 20), type=BatchDone[Result]).results
                except BlockingIOError:
                    break
                acknowledged |= {result.lease.address for result in results if isinstance(result, Stored)}
            end.settimeout(20)
    rig.start()
    assert len(acknowledged) > 100
    for address in acknowledged:
        assert rig.find(address - FIRST), address
    assert acknowledged <= {address4(text) for text in lease_file.leases(rig.file)}


def test_a_reader_that_has_stopped_holds_up_nobody(rig: Rig) -> None:
    rig.lanes[0].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    rig._theirs[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    rig.start()
    request = FindLeases(b"\x01\x01", b"", (1,), int(time.time()))
    for _ in range(100):
        rig.send(*[request] * 20, lane=0)
        rig.ask(request, lane=1)
    rig.wait(lambda: rig.reports[-1].counters.get("kea-mp-lane-dropped", 0) > 0, "dropped answers are counted")


def test_garbage_on_a_lane_is_counted(rig: Rig) -> None:
    rig.start()
    rig.lanes[0].send(b"\xff\x00garbage")
    assert rig.find(1) == ()
    rig.wait(lambda: rig.reports[-1].counters["kea-mp-lane-garbage"] == 1, "garbage is counted")


def test_asked_to_leave_it_finishes_and_leaves_with_0(rig: Rig) -> None:
    process = rig.start()
    number = rig.send(ClaimLease(lease(1)))
    assert process.pid is not None
    os.kill(process.pid, signal.SIGTERM)
    assert isinstance(rig.answered(number).results[0], Stored)
    process.join(10)
    assert process.exitcode == 0


def told_until_gone(rig: Rig, process: SpawnProcess) -> None:
    """It is to open its lease file."""

    def gone() -> bool:
        rig.bus.publish(Directive(1, SERVE, 1, attempts={CHILD: 100}))
        process.join(0.02)
        return process.exitcode is not None

    eventually(gone, 20, "it ends")


def test_a_second_owner_of_the_file_leaves_with_73(rig: Rig) -> None:
    rig.start()
    second = rig.start(wait=False)
    told_until_gone(rig, second)
    assert second.exitcode == ExitCode.CANT_CREATE
    eventually(lambda: "is in use by another process" in rig.said(), 5, "it says why")


def test_a_lease_file_that_cannot_be_written_ends_it_with_73(rig: Rig) -> None:
    rig.file.mkdir()
    process = rig.start(wait=False)
    told_until_gone(rig, process)
    assert process.exitcode == ExitCode.CANT_CREATE


def test_a_report_that_is_asked_for_comes_at_once_with_exact_numbers(rig: Rig) -> None:
    rig.start()
    rig.ask(ClaimLease(lease(1)), ClaimLease(lease(2)))
    rig.bus.publish(Directive(1, SERVE, 1, report=7))
    rig.wait(lambda: rig.reports[-1].report == 7, "the report")
    asked = next(report for report in rig.reports if report.report == 7)
    told = {**asked.gauges, **asked.counters}
    for report in rig.reports:
        told |= report.gauges
    assert told["subnet[1].assigned-addresses"] == 2
    assert asked.counters["subnet[1].cumulative-assigned-addresses"] == 2
    assert asked.epoch == 1
    assert asked.gauges["batch-size-p50"] == 2


def test_leases_reclaim_is_carried_out_and_answered(rig: Rig) -> None:
    rig.start()
    ended = lease(1, cltt=int(time.time()) - 5, valid_lft=1)
    rig.ask(ClaimLease(ended))
    rig.bus.publish(Order(CHILD, 1, "leases-reclaim", {"remove": False}))
    rig.wait(lambda: bool(rig.answers), "an answer")
    assert rig.answers == [Answered(CHILD, 1, 0, "Reclamation of expired leases is complete.")]
    assert [found.state for found in rig.find(1)] == [RECLAIMED]


def test_wrong_orders_are_answered_as_in_kea(rig: Rig) -> None:
    rig.start()
    for number, arguments in enumerate(({}, {"remove": 1})):
        rig.bus.publish(Order(CHILD, number, "leases-reclaim", arguments))
    rig.wait(lambda: len(rig.answers) == 2, "answers")
    assert [(a.result, a.text) for a in rig.answers] == [
        (1, "Missing mandatory 'remove' parameter."),
        (1, "'remove' parameter expected to be a boolean."),
    ]


def test_expired_leases_are_reclaimed_and_flushed_by_themselves(rig: Rig) -> None:
    rig.expired = ExpiredLeases(reclaim_wait=1, flush_wait=1, hold_reclaimed=1)
    rig.start()
    rig.ask(ClaimLease(lease(1, valid_lft=1)))
    eventually(lambda: [found.state for found in rig.find(1)] == [RECLAIMED], 10, "reclaimed")
    eventually(lambda: rig.find(1) == (), 10, "flushed")


def test_service_goes_on_during_clean_ups_and_nothing_is_lost(folder: Path) -> None:
    rows = b"\n".join(line_of(lease(number)) for number in range(20_000))
    rig = Rig(folder, lfc_interval=1)
    try:
        rig.file.write_bytes(HEADER + b"\n" + rows + b"\n")
        rig.start()
        slowest = 0.0
        sent = 0
        deadline = time.monotonic() + 20
        while not Path(f"{rig.file}.2").exists() and time.monotonic() < deadline:
            begun = time.monotonic()
            (result,) = rig.ask(ClaimLease(lease(30_000 + sent)))
            slowest = max(slowest, time.monotonic() - begun)
            assert isinstance(result, Stored)
            sent += 1
            time.sleep(0.002)
        assert Path(f"{rig.file}.2").exists()
        assert slowest < 0.5
        assert len(lease_file.leases(rig.file)) == 20_000 + sent
        assert rig.find(30_000)
        assert rig.find(19_999)
    finally:
        rig.close()


def test_a_file_that_cannot_grow_fails_claims_and_keeps_answering_reads_until_it_can(rig: Rig) -> None:
    process = rig.start()
    kept, _ = lease(1), rig.ask(ClaimLease(lease(1)))
    assert process.pid is not None
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (rig.file.stat().st_size + 20, resource.RLIM_INFINITY))
    size = rig.file.stat().st_size
    failed, found = rig.ask(ClaimLease(lease(2)), FindLeases(kept.hw, b"", (1,), int(time.time())))
    assert isinstance(failed, Failed)
    assert "File too large" in failed.reason
    assert isinstance(found, Found)
    assert [row.address for row in found.mine] == [kept.address]
    rig.wait(lambda: rig.reports[-1].state == "lost" and "File too large" in rig.reports[-1].error, "it is reported")
    eventually(lambda: rig.file.stat().st_size == size, 5, "nothing of the failed claim stays in the file")
    assert rig.find(2) == ()
    rig.attempt()
    assert "File too large" in rig.wait_for("failed").error
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert isinstance(rig.ask(ClaimLease(lease(2)))[0], Failed)  # not before the supervisor wants to know
    rig.attempt()
    rig.wait_for("up")
    assert isinstance(rig.ask(ClaimLease(lease(2)))[0], Stored)
    assert set(lease_file.leases(rig.file)) == {"10.0.0.2", "10.0.0.3"}


def test_a_file_of_an_old_schema_is_converted_at_once(rig: Rig) -> None:
    old = HEADER.removesuffix(b",state,user_context,pool_id")
    rig.file.write_bytes(old + b"\n10.0.0.2,02:00:00:00:00:01,,3600,4000000000,1,0,0,old\n")
    rig.start()
    assert [found.hostname for found in rig.find(1)] == ["old"]
    eventually(Path(f"{rig.file}.2").exists, 10, "the clean-up")
    assert Path(f"{rig.file}.2").read_bytes() == (
        HEADER + b"\n10.0.0.2,02:00:00:00:00:01,,3600,4000000000,1,0,0,old,0,,0\n"
    )


@pytest.mark.peer
@pytest.mark.root
@pytest.mark.skipif(not peer.available(), reason="no real Kea here")
def test_keas_own_clean_up_reads_what_we_wrote_as_we_do(rig: Rig) -> None:
    rig.start()
    rig.ask(ClaimLease(lease(1, hostname="a&b,c")), ClaimLease(lease(2, client_id=b"\xff\x01\x02")),
            ClaimLease(lease(3, user_context='{ "a": 1, "b": [ 2 ] }', pool_id=5)))  # fmt: skip
    rig.processes[-1].terminate()
    rig.processes[-1].join()
    name = f"/var/lib/kea/kmp{os.getpid()}.csv"
    inside = peer.ROOT / name.lstrip("/")
    Path(f"{inside}.1").write_bytes(rig.file.read_bytes())
    try:
        subprocess.run(
            ["chroot", str(peer.ROOT), "/usr/sbin/kea-lfc", "-4", "-x", f"{name}.2", "-i", f"{name}.1", "-o",
             f"{name}.output", "-f", f"{name}.completed", "-p", f"{name}.pid", "-c", "none"],
            check=True, env={"PATH": "/usr/sbin:/usr/bin", "KEA_LOCKFILE_DIR": "none"},
        )  # fmt: skip
        assert Path(f"{inside}.2").read_bytes() == rig.file.read_bytes()
    finally:
        for left in inside.parent.glob(f"{inside.name}*"):
            left.unlink()


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_is_taken_away_is_noticed_and_written_anew_with_every_lease(rig: Rig, replaced: bool) -> None:
    rig.start()
    rig.ask(ClaimLease(lease(1)), ClaimLease(lease(2)))
    rig.file.rename(f"{rig.file}.elsewhere")
    if replaced:
        rig.file.write_bytes(HEADER + b"\n")
    (failed,) = rig.ask(ClaimLease(lease(3)))
    assert isinstance(failed, Failed)
    assert "is gone" in rig.wait_for("lost").error
    rig.attempt()
    rig.wait_for("up")
    assert isinstance(rig.ask(ClaimLease(lease(4)))[0], Stored)
    assert set(lease_file.leases(rig.file)) == {"10.0.0.2", "10.0.0.3", "10.0.0.5"}
    assert Path(f"{rig.file}.found").exists() == replaced
    rig.processes[-1].kill()
    rig.processes[-1].join()
    rig.start()
    assert [bool(rig.find(number)) for number in (1, 2, 3, 4)] == [True, True, False, True]


def test_a_file_that_is_gone_is_noticed_while_idle(rig: Rig) -> None:
    rig.start()
    rig.ask(ClaimLease(lease(1)))
    rig.file.unlink()
    assert "is gone" in rig.wait_for("lost").error
