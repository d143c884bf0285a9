"""Leases that one server has given are renewed, released and given again by the other, and then by the first: kea_mp
and real Kea, in both orders, on a schema made by either, and on one lease file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from tests.lab import databases, lease_file
from tests.lab.daemon import KeaMp
from tests.lab.databases import PASSWORD, USER, Server
from tests.lab.lease_database import Database
from tests.lab.net import Lab
from tests.lab.peer import Peer, kea_admin
from tests.lab.relay import RELAY, SERVER, Relay
from tests.lab.waiting import eventually

pytestmark = [pytest.mark.peer, pytest.mark.root, pytest.mark.timeout(240)]

HOOKS = "/usr/lib/x86_64-linux-gnu/kea/hooks"
HOST_SOCKETS = Path("/run/kea")  #: where the one configuration file wants the control socket, in both file systems
KEPT, RELEASED, LATER = b"\2\0\0\x0a\0\1", b"\2\0\0\x0a\0\2", b"\2\0\0\x0a\0\3"  #: hardware addresses of the clients

Row = dict[str, Any]
Servers = dict[str, Peer | KeaMp]


def config(**more: Any) -> dict[str, Any]:
    """Every renewal is written."""
    return {
        "interfaces-config": {"interfaces": ["srv0"]},
        "valid-lifetime": 4000,
        "cache-threshold": 0.0,
        "expired-leases-processing": {"reclaim-timer-wait-time": 1},
        "subnet4": [{
            "id": 1, "subnet": "10.0.0.0/8", "relay": {"ip-addresses": [RELAY]},
            "pools": [{"pool": "10.1.0.0/28", "pool-id": 4}, {"pool": "10.2.0.0/28"}],
        }],
    } | more  # fmt: skip


@dataclass
class Leases:
    """The leases of both servers, in a file or a database."""

    servers: Servers
    relay: Relay
    database: Database | None
    names: list[str] = field(default_factory=list)

    def rows(self) -> dict[str, Row]:
        """Address → its lease, by column."""
        if self.database is None:
            return dict(lease_file.leases(self.servers["kea"].lease_file))
        with self.database.server.connection(self.database.name) as connection:
            found = connection.exec_driver_sql("SELECT * FROM lease4").mappings().all()
        return {str(IPv4Address(row["address"])): dict(row) for row in found}

    def row(self, address: int) -> Row:
        return self.rows()[str(IPv4Address(address))]

    def counted(self) -> dict[tuple[int, int], int]:
        """What the triggers have counted: (subnet, state) → leases."""
        assert self.database is not None
        return {
            (s, state): n for s, state, n in self.database.query("SELECT subnet_id, state, leases FROM lease4_stat")
        }

    @contextmanager
    def serving(self, name: str) -> Iterator[Peer | KeaMp]:
        server = self.servers[name]
        server.start()
        try:
            server.wait_serving()
            yield server
        finally:
            server.stop()

    def renewed(self, mac: bytes, address: int) -> None:
        """The client keeps its address and its lease ends later; else the lease is as the other server wrote it."""
        before = self.row(address)

        def moved() -> Row | None:
            assert self.relay.renew(mac, address) == address
            now = self.row(address)
            return now if now["expire"] > before["expire"] else None

        now: Row | None = eventually(moved)
        assert now is not None
        assert {**now, "expire": 0} == {**before, "expire": 0}

    def released(self, mac: bytes, address: int) -> None:
        self.relay.release(mac, address)
        eventually(lambda: str(IPv4Address(address)) not in self.active(), 10, "the lease is released")

    def active(self) -> set[str]:
        return {address for address, row in self.rows().items() if int(row["state"] or 0) == 0}


@contextmanager
def sql_servers(kind: str, made_by: str) -> Iterator[Leases]:
    """Both servers on one configuration file, not started, in the namespace in which the database runs as well."""
    if not databases.available(kind):
        pytest.skip(f"no {kind} server can be started here: scripts/test installs it")
    with Lab() as lab:
        here, clients = lab.hosts("server", "client")
        lab.link((here, "srv0"), (clients, "cli0"), addresses=([f"{SERVER}/24"], [f"{RELAY}/24"]))
        with databases.running(kind, namespace=here) as server:
            database = prepared(server, made_by)
            access = {"type": kind, "name": database.name, "host": "127.0.0.1", "port": server.port, "user": USER,
                      "password": PASSWORD}  # fmt: skip
            libraries = ("mysql", "pgsql", "lease_cmds", "stat_cmds")
            hooks = [{"library": f"{HOOKS}/libdhcp_{name}.so"} for name in libraries]
            content = config(**{"lease-database": access, "hooks-libraries": hooks})
            with both(content, here, clients, database) as made:
                yield made


def prepared(server: Server, made_by: str) -> Database:
    database = Database(server, server.database(), made_by)
    if made_by == "kea":
        if server.type == "mysql":
            server.run(database.name, "SET GLOBAL log_bin_trust_function_creators = 1")
        kea_admin(server, database.name, "db-init")
    return database  # without tables: kea_mp makes them when it starts


@contextmanager
def both(content: dict[str, Any], here: str, clients: str, database: Database | None) -> Iterator[Leases]:
    theirs = Peer(content, here)
    file = {"type": "memfile", "name": str(theirs.lease_file), "lfc-interval": 0}
    ours = KeaMp(content if database else content | {"lease-database": file}, here, workers=2)
    if database:
        ours.config_file = theirs.config_file
    had_folder = HOST_SOCKETS.exists()
    HOST_SOCKETS.mkdir(mode=0o750, exist_ok=True)
    relay = Relay(clients)
    try:
        yield Leases({"kea": theirs, "kea_mp": ours}, relay, database)
    finally:
        relay.close()
        ours.remove()
        theirs.remove()
        if not had_folder:
            shutil.rmtree(HOST_SOCKETS)


def assigned(server: Peer | KeaMp) -> int:
    answer = server.command("statistic-get", {"name": "subnet[1].assigned-addresses"})
    return int(answer["arguments"]["subnet[1].assigned-addresses"][0][0])


def handed_over(leases: Leases, first: str, second: str) -> None:
    """The first server gives leases, the second goes on with them, then the first with those of the second."""
    with leases.serving(first) as server:
        kept, released = leases.relay.acquire(KEPT), leases.relay.acquire(RELEASED)
        assert kept is not None
        assert released is not None
        assert assigned(server) == 2
    with leases.serving(second) as server:
        assert assigned(server) == 2
        leases.renewed(KEPT, kept)
        assert leases.relay.acquire(KEPT) == kept
        leases.released(RELEASED, released)
        later = leases.relay.acquire(LATER)
        assert later not in (None, kept)
        assert later is not None
        assert assigned(server) == 2
    with leases.serving(first) as server:
        assert assigned(server) == 2
        leases.renewed(KEPT, kept)
        leases.renewed(LATER, later)
        assert leases.relay.acquire(LATER) == later
        leases.released(KEPT, kept)
        again = leases.relay.acquire(RELEASED)
        assert again not in (None, later)
        assert assigned(server) == 2
        assert len(leases.active()) == 2


@pytest.mark.parametrize("first", ["kea_mp", "kea"])
def test_a_lease_file_changes_hands(first: str) -> None:
    with Lab() as lab:
        here, clients = lab.hosts("server", "client")
        lab.link((here, "srv0"), (clients, "cli0"), addresses=([f"{SERVER}/24"], [f"{RELAY}/24"]))
        with both(config(), here, clients, None) as leases:
            handed_over(leases, first, "kea" if first == "kea_mp" else "kea_mp")


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_leases_of_kea_mp_on_the_schema_of_kea_admin_change_hands(kind: str) -> None:
    with sql_servers(kind, "kea") as leases:
        handed_over(leases, "kea_mp", "kea")
        counts_are_right(leases)


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_leases_of_kea_on_our_schema_change_hands(kind: str) -> None:
    with sql_servers(kind, "us") as leases:
        with leases.serving("kea_mp"):
            pass  # makes the schema
        handed_over(leases, "kea", "kea_mp")
        counts_are_right(leases)


def counts_are_right(leases: Leases) -> None:
    """The numbers of the triggers are those of the rows, and Kea's tool finds nothing to correct."""
    database = leases.database
    assert database is not None
    of_rows = database.query("SELECT subnet_id, state, count(*) FROM lease4 WHERE state < 2 GROUP BY subnet_id, state")
    before = leases.counted()
    assert {key: n for key, n in before.items() if n} == {(subnet, state): n for subnet, state, n in of_rows}
    kea_admin(database.server, database.name, "stats-recount")
    assert {key: n for key, n in leases.counted().items() if n} == {key: n for key, n in before.items() if n}
    assert kea_admin(database.server, database.name, "db-version").strip()
