"""The daemon with its leases in PostgreSQL and in MariaDB: service, and how soon a loss is noticed."""

from __future__ import annotations

import time

import pytest

from tests.lab.databases import Server
from tests.lab.lease_database import Database
from tests.lab.sql_daemon import site
from tests.lab.waiting import eventually

pytestmark = pytest.mark.root

_KILL = {
    "postgresql": "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'kea_mp' "
    "AND pid <> pg_backend_pid()",
    "mysql": "SELECT id FROM information_schema.processlist WHERE user = 'kea_test'",
}


def mac(number: int) -> bytes:
    return b"\x02\x00\x00\x05" + number.to_bytes(2, "big")


def kill_sessions(database: Database) -> None:
    """End the daemon's sessions on a server that goes on."""
    found = database.server
    if found.type == "postgresql":
        found.run("postgres", _KILL["postgresql"])
        return
    with found.connection("mysql", admin=True) as connection:
        for (number,) in connection.exec_driver_sql(_KILL["mysql"]).all():
            connection.exec_driver_sql(f"KILL {number}")


def test_a_lease_is_in_the_database_and_survives_a_restart(database: Database) -> None:
    with site(database) as here:
        here.daemon.start()
        here.daemon.wait_serving()
        relay = here.relay
        address = relay.acquire(mac(1))
        assert database.rows() == {address: mac(1)}
        assert here.daemon.stop() == 0
        here.daemon.start()
        here.daemon.wait_serving()
        assert relay.acquire(mac(1)) == address
        assert relay.acquire(mac(2)) != address


def test_an_empty_database_gets_the_schema(server: Server) -> None:
    empty = Database(server, server.database())
    with site(empty) as here:
        here.daemon.start()
        here.daemon.wait_serving()
        relay = here.relay
        address = relay.acquire(mac(3))
        assert empty.rows() == {address: mac(3)}


def test_nobody_notices_sessions_that_are_killed_on_a_healthy_server(database: Database) -> None:
    with site(database) as here:
        here.daemon.start()
        here.daemon.wait_serving()
        relay = here.relay
        for number in range(10, 14):
            kill_sessions(database)
            assert relay.acquire(mac(number))
        assert here.daemon.service()["state"] == "serve"
        assert "LOST_CONNECTION" not in here.daemon.output()


def test_an_idle_daemon_notices_within_a_moment_that_the_database_is_gone_and_that_it_is_back(
    database: Database,
) -> None:
    with site(database) as here:
        here.daemon.start()
        here.daemon.wait_serving()
        relay = here.relay
        address = relay.acquire(mac(20))
        database.server.kill()
        began = time.monotonic()
        eventually(lambda: here.daemon.service()["state"] == "pause", 5)
        assert time.monotonic() - began < 1.0
        assert relay.discover(mac(21), 0.3) is None
        database.server.start()
        began = time.monotonic()
        eventually(lambda: here.daemon.service()["state"] == "serve", 5)
        assert time.monotonic() - began < 1.0
        assert relay.acquire(mac(20)) == address


def test_a_frozen_database_is_noticed_and_nothing_is_answered_meanwhile(database: Database) -> None:
    with site(database, **{"connect-timeout": 1}) as here:
        here.daemon.start()
        here.daemon.wait_serving()
        relay = here.relay
        database.server.freeze()
        try:
            eventually(lambda: here.daemon.service()["state"] == "pause", 4, "the service pauses")
        finally:
            database.server.thaw()
        eventually(lambda: here.daemon.service()["state"] == "serve", 6)
        assert relay.acquire(mac(30))
