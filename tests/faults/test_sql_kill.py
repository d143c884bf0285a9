"""kill -9 under load, with the leases in a database: what was acknowledged is there, and nothing is given twice."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.lab import databases
from tests.lab.databases import Server
from tests.lab.lease_database import Database, database_on
from tests.lab.load import Load
from tests.lab.relay import RELAY, SERVER
from tests.lab.sql_daemon import Site, site
from tests.lab.waiting import eventually

pytestmark = pytest.mark.root

RATE = 150
SECONDS = 1.5  #: of load before and after each blow


@pytest.fixture(scope="module", params=["postgresql", "mysql"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    if not databases.available(request.param):
        pytest.skip(f"no {request.param} server can be started here")
    with databases.running(request.param, durable=True) as running:
        yield running


@pytest.fixture
def database(server: Server) -> Database:
    return database_on(server)


def serving(here: Site) -> bool:
    service = here.daemon.service()
    return service["state"] == "serve" and bool(service["acknowledged"])


def connection_pid(here: Site) -> int:
    return int(next(p["pid"] for p in here.daemon.status()["processes"] if p["name"] == "connection-lease-database"))


def lost_or_doubled(load: Load, database: Database) -> list[str]:
    """What breaks the promise: acknowledged and not in the database, or acknowledged to two."""
    rows = database.rows()
    missing = [e.mac.hex(":") for e in load.acknowledged if rows.get(e.address) != e.mac]
    return missing + load.given_twice()


def under_load(here: Site, database: Database, blow: Callable[[], None], first: int = 0) -> Load:
    """Load, a blow in the middle of it, service again, more load."""
    load = Load(here.clients, RELAY, SERVER, RATE, first)
    with load:
        time.sleep(SECONDS)
        before = len(load.acknowledged)
        assert before > RATE * SECONDS / 2, f"{before} of {len(load.exchanges)}"
        blow()
        eventually(partial(serving, here), 15, "service again")
        after = len(load.acknowledged)
        time.sleep(SECONDS)
        assert len(load.acknowledged) > after + RATE * SECONDS / 2
    return load


def test_kill_of_the_connection_worker(database: Database) -> None:
    with site(database) as here:
        here.daemon.start()
        here.daemon.wait_serving()

        def blow() -> None:
            pid = connection_pid(here)
            os.kill(pid, signal.SIGKILL)
            eventually(lambda: connection_pid(here) not in (0, pid), 5, "another process")

        load = under_load(here, database, blow)
    assert not lost_or_doubled(load, database)


def test_kill_of_the_database(database: Database) -> None:
    with site(database) as here:
        here.daemon.start()
        here.daemon.wait_serving()

        def blow() -> None:
            database.server.kill()
            eventually(lambda: here.daemon.service()["state"] == "pause", 5)
            database.server.start()

        load = under_load(here, database, blow)
    assert not lost_or_doubled(load, database)


def test_kill_of_everything_at_once(database: Database) -> None:
    with site(database) as here:
        here.daemon.start()
        here.daemon.wait_serving()
        load = Load(here.clients, RELAY, SERVER, RATE)
        with load:
            time.sleep(SECONDS)
            database.server.kill()
            here.daemon.kill_tree()
        database.server.start()
        assert len(load.acknowledged) > RATE * SECONDS / 2
        assert not lost_or_doubled(load, database)
        here.daemon.start()
        here.daemon.wait_serving()
        later = Load(here.clients, RELAY, SERVER, RATE, 10_000)
        with later:
            time.sleep(SECONDS)
        assert len(later.acknowledged) > RATE * SECONDS / 2
    load.exchanges += later.exchanges
    assert not lost_or_doubled(load, database)


def test_kill_of_single_sessions_is_noticed_by_no_client(database: Database) -> None:
    """The clients of this load never send anything twice."""
    with site(database) as here:
        here.daemon.start()
        here.daemon.wait_serving()
        load = Load(here.clients, RELAY, SERVER, RATE)
        with load:
            for _ in range(4):
                time.sleep(0.4)
                database.server.end_sessions()
            time.sleep(0.4)
        assert serving(here)
        assert "DHCP4_DB_RECONNECT_LOST_CONNECTION" not in here.daemon.output()
        assert here.daemon.output().count("KEA_MP_DB_SESSION_RENEWED") >= 4
    assert len(load.acknowledged) >= 0.99 * len(load.exchanges)
    assert not lost_or_doubled(load, database)
