"""kill -9 under load, with the leases in a database: what was acknowledged is there, and nothing is given twice. In
DHCPv4, and in DHCPv6 with an address and a prefix for everybody."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest

from kea_mp.family import DHCP4, DHCP6, Family
from tests.lab.lease_database import Database
from tests.lab.load import Load
from tests.lab.load6 import Load6, duid
from tests.lab.relay import RELAY, SERVER
from tests.lab.sql_daemon import RELAY6, SERVER6, Site, site_of
from tests.lab.waiting import eventually

pytestmark = pytest.mark.root


@dataclass(frozen=True)
class Pace:
    """rate: exchanges begun per second. seconds: of load before and after each blow."""

    rate: int
    seconds: float

    @property
    def enough(self) -> float:
        """So many acknowledgements before and after a blow show that it hit a server that was at work."""
        return self.rate * self.seconds / 2


@pytest.fixture(scope="module")
def pace(request: pytest.FixtureRequest) -> Pace:
    return Pace(1000, 5.0) if request.config.getoption("--all") else Pace(150, 1.5)


def serving(here: Site) -> bool:
    service = here.daemon.service()
    return service["state"] == "serve" and bool(service["acknowledged"])


def connection_pid(here: Site) -> int:
    return int(next(p["pid"] for p in here.daemon.status()["processes"] if p["name"] == "connection-lease-database"))


@pytest.fixture(params=[DHCP4, DHCP6], ids=lambda family: family.name)
def family(request: pytest.FixtureRequest) -> Family:
    found: Family = request.param
    return found


def load_on(here: Site, rate: int, first: int = 0) -> Load:
    if here.daemon.family is DHCP4:
        return Load(here.clients, RELAY, SERVER, rate, first)
    return Load6(here.clients, RELAY6, SERVER6, rate, first)


def lost_or_doubled(load: Load, database: Database) -> list[str]:
    """What breaks the promise: acknowledged and not in the database, or acknowledged to two."""
    acknowledged = load.acknowledged
    if isinstance(load, Load6):
        rows = database.rows6()
        told = [(e.mac, one, duid(e.mac)) for e in acknowledged for one in (e.address, load.prefixes[e.mac])]
    else:
        rows = database.rows()
        told = [(e.mac, e.address, e.mac) for e in acknowledged]
    missing = [mac.hex(":") for mac, address, holder in told if rows.get(address) != holder]
    twice = load.given_twice()
    print(
        f"{database.server.type}: {load.rate}/s, {len(load.exchanges)} begun, {len(acknowledged)} acknowledged, "
        f"{len(missing)} of them not in the database, {len(twice)} given twice"
    )
    return missing + twice


def under_load(here: Site, pace: Pace, blow: Callable[[], None]) -> Load:
    """Load, a blow in the middle of it, service again, more load."""
    load = load_on(here, pace.rate)
    with load:
        time.sleep(pace.seconds)
        before = len(load.acknowledged)
        assert before > pace.enough, f"{before} of {len(load.exchanges)}"
        blow()
        eventually(partial(serving, here), 15, "service again")
        after = len(load.acknowledged)
        time.sleep(pace.seconds)
        assert len(load.acknowledged) > after + pace.enough
    return load


def test_kill_of_the_connection_worker(database: Database, pace: Pace, family: Family) -> None:
    with site_of(family, database) as here:
        here.daemon.start()
        here.daemon.wait_serving()

        def blow() -> None:
            pid = connection_pid(here)
            os.kill(pid, signal.SIGKILL)
            eventually(lambda: connection_pid(here) not in (0, pid), 5, "another process")

        load = under_load(here, pace, blow)
    assert not lost_or_doubled(load, database)


def test_kill_of_the_database(database: Database, pace: Pace, family: Family) -> None:
    with site_of(family, database) as here:
        here.daemon.start()
        here.daemon.wait_serving()

        def blow() -> None:
            database.server.kill()
            eventually(lambda: here.daemon.service()["state"] == "pause", 5)
            database.server.start()

        load = under_load(here, pace, blow)
    assert not lost_or_doubled(load, database)


def test_kill_of_everything_at_once(database: Database, pace: Pace, family: Family) -> None:
    with site_of(family, database) as here:
        here.daemon.start()
        here.daemon.wait_serving()
        load = load_on(here, pace.rate)
        with load:
            time.sleep(pace.seconds)
            database.server.kill()
            here.daemon.kill_tree()
        database.server.start()
        assert len(load.acknowledged) > pace.enough
        assert not lost_or_doubled(load, database)
        here.daemon.start()
        here.daemon.wait_serving()
        later = load_on(here, pace.rate, 100_000)
        with later:
            time.sleep(pace.seconds)
        assert len(later.acknowledged) > pace.enough
    load.exchanges += later.exchanges
    if isinstance(load, Load6) and isinstance(later, Load6):
        load.prefixes |= later.prefixes
    assert not lost_or_doubled(load, database)


def test_kill_of_single_sessions_is_noticed_by_no_client(database: Database, pace: Pace, family: Family) -> None:
    """The clients of this load never send anything twice."""
    with site_of(family, database) as here:
        here.daemon.start()
        here.daemon.wait_serving()
        load = load_on(here, pace.rate)
        with load:
            for _ in range(4):
                time.sleep(0.4)
                database.server.end_sessions()
            time.sleep(0.4)
        assert serving(here)
        assert family.message("DB_RECONNECT_LOST_CONNECTION") not in here.daemon.output()
        assert here.daemon.output().count("KEA_MP_DB_SESSION_RENEWED") >= 4
    assert len(load.acknowledged) >= 0.99 * len(load.exchanges)
    assert not lost_or_doubled(load, database)
