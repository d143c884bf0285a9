"""Several backends beside each other, and what is said of each."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from kea_mp.bus.messages import PAUSE, SERVE, Health
from kea_mp.config.load import config4_from_json
from kea_mp.config.model import MemfileAccess, SqlAccess
from kea_mp.family import DHCP4, DHCP6, Family
from kea_mp.supervisor import backends
from kea_mp.supervisor.backends import Backend, Role, configured, described
from kea_mp.supervisor.children import Kind, Start
from kea_mp.supervisor.core import RECONFIGURATION, Core, Died, Event, Heard, Reconfigured, Say, Started, Tick
from kea_mp.supervisor.recovery import Connected, Failed, Gone, Lost, News, OnFail, Phase, Policy, Tell
from kea_mp.supervisor.recovery_words import line

ACCESS = SqlAccess(
    "postgresql", "kea", (("db1", 5432), ("db2", 5433)), max_reconnect_tries=10, reconnect_wait_ms=2500,
    retry_on_startup=True,
)  # fmt: skip
LEASES = described(Role.LEASES, ACCESS)
HOSTS = described(Role.HOSTS, replace(ACCESS, type="mysql", on_fail="serve-retry-exit"), 2)
CONFIG = described(Role.CONFIG, replace(ACCESS, on_fail="serve-retry-continue", max_reconnect_tries=0), 1)
ALL = (LEASES, HOSTS, CONFIG)


class World:
    """A core with a connection worker for each of three backends and one packet worker, all of them running."""

    def __init__(self, *rows: Backend) -> None:
        self.now = 0.0
        names = [(row.child, Kind.CONNECTION) for row in rows] + [("serving-0", Kind.SERVING)]
        self.core = Core(names, rows, "1.0", 0.0, draw=lambda: 0.0)
        self.said: list[str] = []
        self.start(Tick())

    def start(self, event: Event) -> None:
        for action in self.core.receive(event, 0.0):
            if isinstance(action, Start):
                self.core.receive(
                    Started(action.child, self.pid(action.child, action.generation), action.generation), 0.0
                )

    def pid(self, child: str, generation: int) -> int:
        return 100 * generation + len(child)

    def reconfigure(self, row: Backend) -> None:
        """The next children are there, those before have ended."""
        old, new = self.core.fleets.generation, self.core.fleets.next_generation
        self.start(Reconfigured((row,), ((row.child, Kind.CONNECTION), ("serving-0", Kind.SERVING))))
        for child in (row.child, "serving-0"):
            self.core.receive(Heard(Health(child, self.pid(child, new), 1, generation=new)), 0.0)
        for child in ("serving-0", row.child):
            self.core.receive(Died(child, 0, old), 0.0)

    def report(self, row: Backend, state: str) -> None:
        attempt = self.core.backends.states[row.child].attempt
        generation = self.core.service.generation
        health = Health(
            row.child,
            self.pid(row.child, generation),
            1,
            generation=generation,
            state=state,
            attempt=attempt,
            error="why",
        )
        self.said += [a.text for a in self.core.receive(Heard(health), self.now) if isinstance(a, Say)]

    @property
    def reasons(self) -> set[str]:
        return set(self.core.service.reasons)


def test_recovering_one_backend_never_lifts_another_ones_pause() -> None:
    hosts = replace(HOSTS, policy=LEASES.policy)
    world = World(LEASES, hosts)
    for row in (LEASES, hosts):
        world.report(row, "up")
    assert world.core.service.mode == SERVE
    for row in (LEASES, hosts):
        world.report(row, "lost")
    assert world.reasons == {LEASES.child, hosts.child}
    world.report(LEASES, "up")
    assert (world.reasons, world.core.service.mode) == ({hosts.child}, PAUSE)
    world.report(hosts, "up")
    assert (world.reasons, world.core.service.mode) == (set(), SERVE)


def test_each_backend_pauses_by_its_own_on_fail() -> None:
    world = World(*ALL)
    for row in ALL:
        world.report(row, "up")
    for row in (HOSTS, CONFIG):
        world.report(row, "lost")
        assert world.core.service.mode == SERVE
    world.report(LEASES, "lost")
    assert world.reasons == {LEASES.child}


def test_an_event_of_one_backend_leaves_the_others_untouched() -> None:
    made = backends.started(ALL, 0.0)
    for event in (Connected(), Failed(1, "no"), Lost(1, "no"), Gone("no")):
        after, _ = made.fed(LEASES.child, event, 1.0, 0.0)
        for row in (HOSTS, CONFIG):
            assert after.states[row.child] is made.states[row.child]


def test_the_attempts_of_all_backends_are_in_the_directive_while_they_are_wanted() -> None:
    world = World(*ALL)
    assert world.core.service.directive.attempts == {row.child: 1 for row in ALL}
    world.report(HOSTS, "up")
    assert world.core.service.directive.attempts == {LEASES.child: 1, CONFIG.child: 1}
    world.report(HOSTS, "lost")
    assert world.core.service.directive.attempts[HOSTS.child] == 2


def test_the_core_wants_to_be_asked_when_the_next_try_is_due() -> None:
    world = World(LEASES)
    world.report(LEASES, "up")
    world.report(LEASES, "lost")
    world.report(LEASES, "failed")
    due = world.core.backends.next_due
    assert due == 2.5
    assert world.core.next_deadline(0.0) <= due
    world.core.receive(Tick(), due)
    assert world.core.service.directive.attempts == {LEASES.child: 3}


# ---- reconfiguration ------------------------------------------------------------------------------------------------


def test_a_reconfiguration_ends_the_old_recovery_and_nothing_of_it_lingers() -> None:
    world = World(LEASES)
    world.report(LEASES, "up")
    world.report(LEASES, "lost")
    world.report(LEASES, "failed")
    world.reconfigure(LEASES)
    state = world.core.backends.states[LEASES.child]
    assert (state.phase, state.tries, state.lost_at, state.due, state.error) == (Phase.CONNECTING, 0, None, None, "")
    assert state.attempt == 3  # attempts are numbered on, so that what is heard of the old ones is known to be old
    assert (world.core.service.generation, world.core.service.mode) == (2, PAUSE)


def test_a_process_of_the_old_configuration_says_nothing_about_the_new_one() -> None:
    world = World(LEASES)
    world.report(LEASES, "up")
    old, _ = world.pid(LEASES.child, 1), world.reconfigure(LEASES)
    world.core.receive(Heard(Health(LEASES.child, old, 2, generation=1, state="up")), 0.0)
    assert world.core.backends.states[LEASES.child].phase is Phase.CONNECTING


def test_a_reconfiguration_that_cannot_reach_a_backend_pauses_until_one_that_can() -> None:
    row = replace(LEASES, policy=Policy(OnFail.SERVE_CONTINUE, 5, 1.0))
    world = World(row)
    world.report(row, "up")
    world.reconfigure(row)
    world.report(row, "failed")
    assert world.reasons == {RECONFIGURATION}
    assert "lease-database could not be reached" in world.core.service.reasons[RECONFIGURATION].text
    assert world.core.service.directive.attempts == {}
    world.reconfigure(row)
    world.report(row, "up")
    assert (world.reasons, world.core.service.mode) == (set(), SERVE)


# ---- what is configured ---------------------------------------------------------------------------------------------


def database(**changes: object) -> dict[str, object]:
    return {"type": "mysql", "name": "kea", "user": "kea", "retry-on-startup": True, **changes}


def test_the_defaults_of_the_recovery_are_keas() -> None:
    (row,) = configured(config4_from_json({"Dhcp4": {"lease-database": {"type": "mysql", "name": "kea"}}}))
    assert row.policy == Policy(OnFail.STOP_EXIT, 0, 0.0, False)
    assert (row.child, row.role, row.hosts) == ("connection-lease-database", "lease-database", (("localhost", 3306),))


def test_the_recovery_is_configured_by_keas_parameters() -> None:
    access = database(**{"on-fail": "serve-retry-exit", "max-reconnect-tries": 7, "reconnect-wait-time": 1500})
    (row,) = configured(config4_from_json({"Dhcp4": {"lease-database": access}}))
    assert row.policy == Policy(OnFail.SERVE_EXIT, 7, 1.5, True)


def test_a_lease_file_has_no_tries_and_its_on_fail() -> None:
    row = described(Role.LEASES, MemfileAccess("/leases.csv", on_fail="serve-retry-continue"))
    assert row.policy == Policy(OnFail.SERVE_CONTINUE)
    assert row.place == "memfile /leases.csv"


def test_libdhcp_limits_makes_a_start_without_the_lease_database_impossible() -> None:
    assert not described(Role.LEASES, ACCESS, retries_first=False).policy.retry_first


# ---- words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "ever_up", "origin"),
    [
        (LEASES, True, 6002),
        (HOSTS, True, 6011),
        (CONFIG, True, 6022),
        (described(Role.LEASES, MemfileAccess("f")), True, 6003),
        (HOSTS, False, 3000),
    ],
)
def test_the_origin_is_keas(row: Backend, ever_up: bool, origin: int) -> None:
    assert row.origin(ever_up) == origin


def test_a_backend_that_is_away_is_named_with_its_state() -> None:
    made = backends.started((LEASES,), 0.0)
    assert made.away(LEASES.child, 3.0) == "lease-database is being connected for the first time, 3 s so far"
    made, _ = made.fed(LEASES.child, Connected(), 3.0, 0.0)
    assert made.away(LEASES.child, 4.0) == ""
    made, _ = made.fed(LEASES.child, Lost(1, "gone"), 10.0, 0.0)
    assert made.away(LEASES.child, 12.0) == "lease-database lost 2 s ago, try 1 of 10 under way: gone"
    made, _ = made.fed(LEASES.child, Failed(2, "refused"), 13.0, 0.0)
    assert made.away(LEASES.child, 13.5) == "lease-database lost 4 s ago, try 2 of 10 in 2 s: refused"
    assert made.away("connection-of-nobody", 0.0) == ""


@pytest.mark.parametrize(
    ("row", "family", "news", "identifier", "level"),
    [
        (LEASES, DHCP4, News.CANNOT_START, "DHCP4_INIT_FAIL", logging.CRITICAL),
        (LEASES, DHCP6, News.WRONG_SCHEMA, "DHCP6_INIT_FAIL", logging.CRITICAL),
        (LEASES, DHCP4, News.RETRY_FIRST, "DHCPSRV_LEASE_MGR_DB_OPEN_CONNECTION_WITH_RETRY_FAILED", logging.WARNING),
        (HOSTS, DHCP4, News.RETRY_FIRST, "DHCPSRV_HOST_MGR_DB_OPEN_CONNECTION_WITH_RETRY_FAILED", logging.WARNING),
        (CONFIG, DHCP4, News.RETRY_FIRST, "DCTL_DB_OPEN_CONNECTION_WITH_RETRY_FAILED", logging.WARNING),
        (LEASES, DHCP4, News.CANNOT_RECONFIGURE, "DHCP4_DYNAMIC_RECONFIGURATION_FAIL", logging.CRITICAL),
        (LEASES, DHCP4, News.LOST, "DHCP4_DB_RECONNECT_LOST_CONNECTION", logging.ERROR),
        (LEASES, DHCP4, News.NOT_CONFIGURED, "DHCP4_FATAL_DB_RECONNECT_DISABLED", logging.CRITICAL),
        (CONFIG, DHCP6, News.NOT_CONFIGURED, "DHCP6_DB_RECONNECT_DISABLED", logging.ERROR),
        (LEASES, DHCP4, News.ATTEMPT_FAILED, "PGSQL_LB_DB_RECONNECT_ATTEMPT_FAILED", logging.ERROR),
        (HOSTS, DHCP4, News.SCHEDULED, "MYSQL_HB_DB_RECONNECT_ATTEMPT_SCHEDULE", logging.INFO),
        (CONFIG, DHCP6, News.SCHEDULED, "PGSQL_CB_RECONNECT_ATTEMPT_SCHEDULE6", logging.INFO),
        (LEASES, DHCP4, News.EXHAUSTED, "DHCP4_FATAL_DB_RECONNECT_FAILED", logging.CRITICAL),
        (CONFIG, DHCP4, News.EXHAUSTED, "DHCP4_DB_RECONNECT_FAILED", logging.ERROR),
        (CONFIG, DHCP4, News.PROBE_FAILED, "KEA_MP_DB_PROBE_FAILED", logging.ERROR),
        (LEASES, DHCP6, News.RECOVERED, "DHCP6_DB_RECONNECT_SUCCEEDED", logging.INFO),
    ],
)
def test_each_transition_has_keas_identifier(
    row: Backend, family: Family, news: News, identifier: str, level: int
) -> None:
    found = line(family, row, Tell(news, "refused", 3, 2.5))
    assert found[:2] == (level, identifier)
    assert row.role in found[2]


def test_the_fatal_line_of_a_start_names_backend_host_and_error() -> None:
    _, _, text = line(DHCP4, LEASES, Tell(News.CANNOT_START, "postgresql kea at db1:5432: connection refused"))
    assert text.endswith("lease-database: postgresql kea at db1:5432: connection refused")


def test_the_last_line_of_a_recovery_that_failed_names_all_hosts() -> None:
    _, _, text = line(DHCP4, LEASES, Tell(News.EXHAUSTED, "refused"))
    assert "lease-database (postgresql kea at db1:5432, db2:5433)" in text
    assert "the daemon ends" in text
