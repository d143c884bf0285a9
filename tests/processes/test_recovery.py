"""Loss and return of the lease database under each on-fail, at the start and later, watched as a nanny would: by the
exit code, `kea-mp status`, status-get and the log."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import Any

import pytest

from tests.lab.lease_database import Database
from tests.lab.sql_daemon import Site, site
from tests.lab.waiting import eventually

pytestmark = pytest.mark.root

WAIT_MS = 300
REC: dict[str, Any] = {"max-reconnect-tries": 3, "reconnect-wait-time": WAIT_MS}
LONG: dict[str, Any] = {"max-reconnect-tries": 1000, "reconnect-wait-time": WAIT_MS}
NO_REC: dict[str, Any] = {"max-reconnect-tries": 0, "reconnect-wait-time": 0}
PAUSED = "KEA_MP_SERVICE_PAUSED DHCP is not served:"
STOP, SERVE_EXIT, CONTINUE = "stop-retry-exit", "serve-retry-exit", "serve-retry-continue"


def mac(number: int) -> bytes:
    return b"\x02\x00\x00\x07" + number.to_bytes(2, "big")


def served(here: Site) -> Site:
    here.daemon.start()
    here.daemon.wait_serving()
    return here


def backend(here: Site) -> dict[str, Any]:
    found: dict[str, Any] = here.daemon.status()["backends"][0]
    return found


def ended(here: Site, within_s: float = 20.0) -> int:
    assert here.daemon.process is not None
    return here.daemon.process.wait(within_s)


def verdict(here: Site) -> int:
    """The exit code of `kea-mp status`."""
    return here.daemon.cli("status", "--socket", str(here.daemon.socket)).returncode


def count(here: Site, identifier: str) -> int:
    """Lines of log with this identifier."""
    return sum(f" {identifier} " in line for line in here.daemon.output().splitlines())


def attempt_id(database: Database, what: str) -> str:
    return f"{'PGSQL' if database.server.type == 'postgresql' else 'MYSQL'}_LB_DB_RECONNECT_ATTEMPT_{what}"


# ---- the start ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("on_fail", [STOP, CONTINUE])
def test_without_retry_on_startup_an_unreachable_database_is_exit_69(database: Database, on_fail: str) -> None:
    database.server.kill()
    with site(database, **(REC | {"on-fail": on_fail})) as here:
        here.daemon.start()
        assert ended(here) == 69
        assert count(here, "DHCP4_INIT_FAIL") == 1
        assert "DHCP4_STARTED" not in here.daemon.output()
        assert verdict(here) == 3


@pytest.mark.parametrize("retry", [False, True])
def test_a_schema_of_another_version_is_exit_76_with_expected_and_found(database: Database, retry: bool) -> None:
    database.server.run(database.name, "UPDATE schema_version SET version = 12")
    with site(database, **(REC | {"retry-on-startup": retry})) as here:
        here.daemon.start()
        assert ended(here) == 76
        line = next(line for line in here.daemon.output().splitlines() if "DHCP4_INIT_FAIL" in line)
        assert "12.0" in line
        assert ("29.0" if database.server.type == "postgresql" else "30.0") in line


def test_retry_on_startup_with_stop_answers_commands_and_serves_once_the_database_comes(database: Database) -> None:
    database.server.kill()
    with site(database, **(LONG | {"retry-on-startup": True})) as here:
        here.daemon.start()
        eventually(lambda: count(here, "DHCP4_STARTED"), 20, "it says that it is started")
        status = here.daemon.command("status-get")["arguments"]
        assert status["dhcp-state"]["globally-disabled"]
        assert status["dhcp-state"]["disabled-by-db-connection"] == [3000]
        assert verdict(here) == 2
        assert here.relay.discover(mac(1), 0.3) is None
        database.server.start()
        here.daemon.wait_serving(10)
        assert here.relay.acquire(mac(1))
        assert verdict(here) == 0


def test_retry_on_startup_with_serve_is_degraded_and_not_paused(database: Database) -> None:
    database.server.kill()
    with site(database, **(LONG | {"retry-on-startup": True, "on-fail": SERVE_EXIT})) as here:
        served(here)
        assert verdict(here) == 1
        assert here.daemon.command("status-get")["arguments"]["dhcp-state"]["disabled-by-db-connection"] == []
        database.server.start()
        eventually(lambda: backend(here)["state"] == "up", 10, "the database is used")
        assert here.relay.acquire(mac(2))


def test_retry_on_startup_given_up_is_exit_75_after_n_tries(database: Database) -> None:
    database.server.kill()
    with site(database, **(REC | {"retry-on-startup": True})) as here:
        here.daemon.start()
        assert ended(here) == 75
        assert count(here, attempt_id(database, "FAILED")) == 3
        assert count(here, attempt_id(database, "SCHEDULE")) == 2
        assert count(here, "DHCP4_FATAL_DB_RECONNECT_FAILED") == 1


# ---- running --------------------------------------------------------------------------------------------------------


def test_lost_with_stop_pauses_at_once_and_serves_again_when_the_database_is_back(database: Database) -> None:
    with site(database, **LONG) as here:
        served(here)
        address = here.relay.acquire(mac(10))
        database.server.kill()
        eventually(lambda: here.daemon.service()["state"] == "pause", 5, "it pauses")
        eventually(lambda: backend(here)["try"] >= 2, 5, "it tries again and again")
        status = here.daemon.command("status-get")["arguments"]
        kind = 2 if database.server.type == "postgresql" else 1
        assert status["dhcp-state"]["disabled-by-db-connection"] == [6000 + kind]
        found = status["kea-mp"]["backends"][0]
        assert (found["state"], found["max-reconnect-tries"], found["on-fail"]) == ("retrying", 1000, STOP)
        assert found["last-error"]
        assert found["last-error-class"]
        database.server.start()
        back = time.monotonic()
        eventually(lambda: here.daemon.service()["state"] == "serve", 10, "it serves again", every=0.01)
        assert time.monotonic() - back < WAIT_MS / 1000 + 0.5
        assert here.relay.acquire(mac(10)) == address
        assert count(here, "DHCP4_DB_RECONNECT_LOST_CONNECTION") == 1
        assert count(here, "DHCP4_DB_RECONNECT_SUCCEEDED") == 1


@pytest.mark.parametrize("on_fail", [STOP, SERVE_EXIT])
def test_lost_and_given_up_with_exit_is_exit_75(database: Database, on_fail: str) -> None:
    with site(database, **(REC | {"on-fail": on_fail})) as here:
        served(here)
        database.server.kill()
        began = time.monotonic()
        assert ended(here) == 75
        assert time.monotonic() - began < 2 * WAIT_MS / 1000 + 4
        assert count(here, attempt_id(database, "FAILED")) == 3
        assert count(here, PAUSED) == (1 if on_fail == STOP else 0)


def test_lost_with_serve_exit_is_served_meanwhile(database: Database) -> None:
    with site(database, **(LONG | {"on-fail": SERVE_EXIT})) as here:
        served(here)
        database.server.kill()
        eventually(lambda: backend(here)["state"] == "retrying", 5, "the loss is seen")
        assert (here.daemon.service()["state"], verdict(here)) == ("serve", 1)
        database.server.start()
        eventually(lambda: backend(here)["state"] == "up", 10, "it is back")
        assert here.relay.acquire(mac(20))
        assert count(here, PAUSED) == 0


@pytest.mark.parametrize("recovery", [REC, NO_REC])
def test_lost_and_given_up_with_continue_goes_on_and_returns_with_the_database(
    database: Database, recovery: dict[str, Any]
) -> None:
    with site(database, **(recovery | {"on-fail": CONTINUE})) as here:
        served(here)
        database.server.kill()
        eventually(lambda: backend(here)["state"] == "given-up", 10, "it gives up")
        assert (here.daemon.service()["state"], verdict(here)) == ("serve", 1)
        eventually(lambda: count(here, "KEA_MP_DB_PROBE_FAILED"), 10, "it probes")
        database.server.start()
        eventually(lambda: backend(here)["state"] == "up", 10, "it is back")
        assert here.relay.acquire(mac(30))
        assert verdict(here) == 0


@pytest.mark.parametrize("on_fail", [STOP, SERVE_EXIT])
def test_lost_without_recovery_is_exit_75_at_once(database: Database, on_fail: str) -> None:
    with site(database, **(NO_REC | {"on-fail": on_fail})) as here:
        served(here)
        database.server.kill()
        assert ended(here, 5) == 75
        assert count(here, "DHCP4_FATAL_DB_RECONNECT_DISABLED") == 1
        assert count(here, attempt_id(database, "FAILED")) == 0


# ---- commands and processes meanwhile -------------------------------------------------------------------------------


def test_commands_that_need_the_database_say_at_once_how_it_is(database: Database) -> None:
    with site(database, **LONG) as here:
        config = here.daemon.config | {"hooks-libraries": [{"library": "libdhcp_lease_cmds.so"}]}
        here.daemon.config_file.write_text(json.dumps({"Dhcp4": config}))
        served(here)
        database.server.kill()
        eventually(lambda: backend(here)["state"] == "retrying", 5, "the loss is seen")
        for name, arguments in (
            ("lease4-get", {"ip-address": "10.0.0.1"}),
            ("lease4-get-all", None),
            ("lease4-wipe", {"subnet-id": 1}),
            ("leases-reclaim", {"remove": True}),
        ):
            began = time.monotonic()
            answer = here.daemon.command(name, arguments)
            assert time.monotonic() - began < 0.5, name
            assert answer["result"] == 1, name
            assert answer["text"].startswith("lease-database lost "), name
            assert " of 1000 " in answer["text"], name
        assert here.daemon.command("statistic-get-all")["result"] == 0


def test_a_connection_worker_that_is_killed_during_an_outage_goes_on_with_the_same_recovery(
    database: Database,
) -> None:
    with site(database, **{"max-reconnect-tries": 8, "reconnect-wait-time": WAIT_MS}) as here:
        served(here)
        database.server.kill()
        eventually(lambda: backend(here)["try"] >= 2, 5, "it tries")
        worker = next(p for p in here.daemon.status()["processes"] if p["name"].startswith("connection-"))
        os.kill(worker["pid"], signal.SIGKILL)
        assert ended(here) == 75
        assert count(here, "DHCP4_DB_RECONNECT_LOST_CONNECTION") == 1
        assert count(here, attempt_id(database, "FAILED")) == 8


def test_a_connection_worker_that_is_killed_while_all_is_well_is_not_noticed(database: Database) -> None:
    with site(database, **NO_REC) as here:
        served(here)
        worker = next(p for p in here.daemon.status()["processes"] if p["name"].startswith("connection-"))
        os.kill(worker["pid"], signal.SIGKILL)
        assert here.relay.acquire(mac(40))
        eventually(lambda: backend(here)["state"] == "up", 10, "it is up again")
        assert count(here, PAUSED) == 0
        assert count(here, "DHCP4_DB_RECONNECT_LOST_CONNECTION") == 0
