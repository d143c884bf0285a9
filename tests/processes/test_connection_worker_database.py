"""A real connection worker on real databases that are killed, frozen, cut off and brought back."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from msgspec import structs

from kea_mp.bus.messages import SCHEMA_MISMATCH
from kea_mp.leases.store import ClaimLease, Failed, FindLeases, Stored
from tests.lab import databases
from tests.lab.connection_rig import Rig, lease
from tests.lab.databases import PASSWORD, free_port
from tests.lab.fault_proxy import FaultProxy
from tests.lab.lease_database import Database, lease_database
from tests.lab.waiting import eventually

pytestmark = pytest.mark.root

NOTICED_S = 0.3  #: 100 ms, on a machine that others use too


@pytest.fixture(scope="module", params=["postgresql", "mysql"])
def running(request: pytest.FixtureRequest) -> Iterator[Database]:
    if not databases.available(request.param):
        pytest.skip(f"no {request.param} server can be started here")
    with lease_database(request.param) as database:
        yield database


@pytest.fixture
def database(running: Database) -> Database:
    running.clear()
    return running


@pytest.fixture
def proxy(database: Database) -> Iterator[FaultProxy]:
    with FaultProxy((database.server.address, database.server.port)) as made:
        yield made


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="kmp") as made:  # the bus needs a short path
        yield Path(made)


def rig_on(folder: Path, database: Database, **changes: Any) -> Rig:
    return Rig(folder, database.server.access(database.name, **changes))


@pytest.fixture
def rig(folder: Path, database: Database, proxy: FaultProxy) -> Iterator[Rig]:
    """A worker that reaches its database through the proxy."""
    made = rig_on(folder, database, hosts=(("127.0.0.1", proxy.port),))
    yield made
    made.close()


def stored(rig: Rig, number: int) -> bool:
    return isinstance(rig.ask(ClaimLease(lease(number)))[0], Stored)


def seconds_until(rig: Rig, state: str, begun: float) -> float:
    rig.wait_for(state)
    return time.monotonic() - begun


# ---- attempts -----------------------------------------------------------------------------------------------


def test_nothing_is_tried_before_it_is_wanted_and_each_number_once(rig: Rig, proxy: FaultProxy) -> None:
    rig.start(wait=False)
    rig.wait(lambda: rig.last.state == "idle" and rig.last.seq > 3, "it is idle")
    assert proxy.accepted == 0
    proxy.refuse()
    rig.attempt()
    failed = rig.wait_for("failed")
    assert (failed.error_class, failed.host) == ("unreachable", f"127.0.0.1:{proxy.port}")
    assert "127.0.0.1" in failed.error
    proxy.heal()
    rig.wait(lambda: rig.last.seq > failed.seq + 3, "more reports")
    assert proxy.accepted == 0
    rig.attempt()
    assert rig.wait_for("up").error == ""
    assert stored(rig, 1)


def test_what_was_asked_before_the_first_attempt_is_answered_after_it(rig: Rig) -> None:
    number = rig.send(ClaimLease(lease(1)))
    rig.start(wait=False)
    rig.wait(lambda: rig.last.gauges.get("queue-bytes", 0) > 0, "what waits is told")
    rig.attempt()
    assert isinstance(rig.answered(number).results[0], Stored)


def test_the_loop_goes_on_while_an_attempt_waits_and_ends_it_at_the_limit(
    folder: Path, database: Database, proxy: FaultProxy
) -> None:
    rig = rig_on(folder, database, hosts=(("127.0.0.1", proxy.port),), connect_timeout_s=1)
    try:
        proxy.black_hole()
        rig.start(wait=False)
        rig.attempt()
        begun, first = time.monotonic(), rig.wait_for("connecting")
        answer, took = rig.order(1, "lease-get", place=1)
        assert answer.result == 1
        assert took < NOTICED_S
        failed = rig.wait_for("failed")
        assert 0.8 < time.monotonic() - begun < 2.5
        assert failed.error_class == "timeout"
        assert failed.seq - first.seq > 4
        proxy.heal()
        rig.attempt()
        rig.wait_for("up")
    finally:
        rig.close()


def test_a_wrong_password_is_told_by_its_class_and_never_shown(folder: Path, database: Database) -> None:
    rig = rig_on(folder, database, password="hunter2")
    try:
        rig.start(wait=False)
        rig.attempt()
        failed = rig.wait_for("failed")
        assert failed.error_class == "authentication"
        assert "hunter2" not in repr(rig.reports) + rig.said()
    finally:
        rig.close()


def test_another_schema_is_a_failed_attempt_and_an_empty_database_gets_one(folder: Path, database: Database) -> None:
    server = database.server
    name = server.database()
    server.run(name, "CREATE TABLE other (a INTEGER)")
    rig = Rig(folder, server.access(name))
    try:
        process = rig.start(wait=False)
        rig.attempt()
        assert rig.wait_for("failed").error_class == SCHEMA_MISMATCH
        server.run(name, "DROP TABLE other")
        rig.attempt()
        rig.wait_for("up")
        assert stored(rig, 1)
        assert process.is_alive()
    finally:
        rig.close()


def test_the_next_host_is_used_when_one_is_gone_or_silent(folder: Path, database: Database, proxy: FaultProxy) -> None:
    server = database.server
    hosts = (("127.0.0.1", free_port()), ("127.0.0.1", proxy.port), (server.address, server.port))
    rig = rig_on(folder, database, hosts=hosts, connect_timeout_s=2)
    try:
        rig.start()
        assert rig.wait_for("up").host == f"127.0.0.1:{proxy.port}"
        proxy.down()
        assert stored(rig, 1)
        rig.wait(lambda: rig.last.host == f"{server.address}:{server.port}", "the host is told")
        assert {report.state for report in rig.reports} <= {"idle", "connecting", "up"}
    finally:
        rig.close()


def test_a_host_that_has_fallen_silent_is_tried_last(folder: Path, database: Database, proxy: FaultProxy) -> None:
    server = database.server
    hosts = (("127.0.0.1", proxy.port), (server.address, server.port))
    rig = rig_on(folder, database, hosts=hosts, connect_timeout_s=5)
    try:
        rig.start()
        assert rig.last.host == f"127.0.0.1:{proxy.port}"
        proxy.black_hole()
        rig.wait_for("lost")
        begun = time.monotonic()
        rig.attempt()
        assert rig.wait_for("up").host == f"{server.address}:{server.port}"
        assert time.monotonic() - begun < 2
    finally:
        rig.close()


# ---- loss ---------------------------------------------------------------------------------------------------


def test_a_single_session_that_is_killed_is_noticed_by_nobody(rig: Rig, database: Database, proxy: FaultProxy) -> None:
    rig.start()
    for number in range(5):
        assert stored(rig, number)
        database.server.end_sessions()
    begun = time.monotonic()
    assert stored(rig, 9)
    assert time.monotonic() - begun < NOTICED_S
    assert {report.state for report in rig.reports} <= {"idle", "connecting", "up"}
    assert len(database.rows()) == 6


def test_a_session_killed_while_idle_is_made_anew_at_once(rig: Rig, database: Database, proxy: FaultProxy) -> None:
    rig.start()
    before = proxy.accepted
    database.server.end_sessions()
    eventually(lambda: proxy.accepted > before, 1, "a new session")
    rig.wait(lambda: rig.last.state == "up", "up")


def test_a_server_that_is_gone_is_noticed_at_once_while_idle(rig: Rig, proxy: FaultProxy) -> None:
    rig.start()
    begun = time.monotonic()
    proxy.down()
    assert seconds_until(rig, "lost", begun) < NOTICED_S
    assert rig.last.error
    (failed,) = rig.ask(ClaimLease(lease(1)))
    assert isinstance(failed, Failed)
    answer, took = rig.order(1, "lease-get", place=1)
    assert (answer.result, took < NOTICED_S) == (1, True)
    proxy.heal()
    rig.attempt()
    rig.wait_for("up")
    assert stored(rig, 1)


def test_packets_in_flight_at_the_loss_cost_no_more_than_one_connection(rig: Rig, proxy: FaultProxy) -> None:
    rig.start()
    assert stored(rig, 0)
    before = proxy.accepted
    proxy.refuse()
    proxy.lose_answer()
    numbers = [rig.send(ClaimLease(lease(n)), FindLeases(lease(n).hw, b"", (1,), 1)) for n in range(1, 31)]
    for number in numbers:
        assert all(isinstance(result, Failed) for result in rig.answered(number).results)
    rig.wait_for("lost")
    proxy.heal()
    assert proxy.accepted == before
    rig.attempt()
    rig.wait_for("up")
    assert proxy.accepted == before + 1


def test_a_frozen_server_is_noticed_within_three_seconds_while_idle(rig: Rig, database: Database) -> None:
    rig.start()
    assert stored(rig, 1)
    begun = time.monotonic()
    database.server.freeze()
    try:
        assert seconds_until(rig, "lost", begun) < 3.5
        assert rig.last.error_class == "timeout"
    finally:
        database.server.thaw()
    rig.attempt()
    rig.wait_for("up")


def test_a_command_is_told_quickly_that_a_silent_server_does_not_answer(rig: Rig, proxy: FaultProxy) -> None:
    rig.start()
    proxy.black_hole()
    for number in range(1, 4):
        answer, took = rig.order(number, "lease-get", place=1)
        assert answer.result == 1
        assert took < NOTICED_S
    proxy.heal()
    eventually(lambda: rig.last.state in ("up", "lost"), 3)


def test_a_row_that_others_keep_locked_is_a_loss_before_long(rig: Rig, database: Database) -> None:
    rig.start()
    mine = lease(1)
    assert isinstance(rig.ask(ClaimLease(mine))[0], Stored)
    begun = time.monotonic()
    with database.server.connection(database.name, admin=True) as other:
        other.exec_driver_sql("SELECT * FROM lease4 FOR UPDATE").fetchall()
        (failed,) = rig.ask(ClaimLease(structs.replace(mine, valid_lft=100), mine))
        assert isinstance(failed, Failed)
        assert time.monotonic() - begun < 9
    assert rig.wait_for("lost").seq > 10  # it went on reporting
    rig.attempt()
    rig.wait_for("up")


def test_a_black_hole_under_load_is_noticed_by_the_deadline_and_reports_go_on(rig: Rig, proxy: FaultProxy) -> None:
    rig.start()
    assert stored(rig, 1)
    before = rig.last.seq
    proxy.black_hole()
    begun = time.monotonic()
    number = rig.send(ClaimLease(lease(2)))
    time.sleep(0.5)  # the command comes when the statement has waited for longer than commands do
    answer, took = rig.order(1, "lease-get", place=1)
    assert (answer.result, took < NOTICED_S) == (1, True)
    assert isinstance(rig.answered(number).results[0], Failed)
    assert time.monotonic() - begun < 6.5
    rig.wait_for("lost")
    assert rig.last.seq - before > 20
    proxy.heal()
    rig.attempt()
    rig.wait_for("up")
    assert stored(rig, 3)


def test_a_commit_whose_answer_is_lost_is_done_once(rig: Rig, database: Database, proxy: FaultProxy) -> None:
    rig.start()
    assert stored(rig, 1)
    proxy.lose_answer()
    assert stored(rig, 2)
    assert len(database.rows()) == 2
    assert rig.last.state == "up"


def test_a_server_that_becomes_read_only_is_noticed_without_traffic(rig: Rig, database: Database) -> None:
    rig.start()
    server = database.server
    first, on, off = {
        "postgresql": ("postgres", ("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"),
                       ("SET default_transaction_read_only = off", "ALTER SYSTEM RESET default_transaction_read_only",
                        "SELECT pg_reload_conf()")),
        "mysql": ("mysql", ("SET GLOBAL read_only = 1",), ("SET GLOBAL read_only = 0",)),
    }[server.type]  # fmt: skip
    server.run(first, *on)
    try:
        assert rig.wait_for("lost").error_class == "read-only"
        rig.attempt()
        assert rig.wait_for("failed").error_class == "read-only"
    finally:
        server.run(first, *off)
    rig.attempt()
    rig.wait_for("up")


def test_a_new_process_while_the_database_is_down_waits_for_orders(rig: Rig, proxy: FaultProxy) -> None:
    process = rig.start()
    proxy.down()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    fresh = rig.start(wait=False)
    rig.attempt()
    rig.wait_for("failed")
    assert isinstance(rig.ask(ClaimLease(lease(1)))[0], Failed)
    proxy.heal()
    rig.attempt()
    rig.wait_for("up")
    assert fresh.is_alive()


def test_the_password_is_in_no_text(rig: Rig, proxy: FaultProxy) -> None:
    rig.start()
    proxy.down()
    rig.wait_for("lost")
    rig.attempt()
    rig.wait_for("failed")
    assert PASSWORD not in repr(rig.reports) + rig.said() + repr(rig.access)
