"""Addresses and prefixes that one server has given are renewed, released, declined and given again by the other, and
then by the first: kea_mp and real Kea, in both orders, on a schema made by either."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Any

import pytest

from kea_mp.family import DHCP6
from tests.interop.test_leases_change_hands import HOOKS, prepared
from tests.lab import databases
from tests.lab.daemon import KeaMp
from tests.lab.databases import PASSWORD, USER
from tests.lab.lease_database import Database
from tests.lab.net import Lab
from tests.lab.peer import Peer, kea_admin
from tests.lab.relay6 import Held, Relay6
from tests.lab.waiting import eventually

pytestmark = [pytest.mark.peer, pytest.mark.root, pytest.mark.timeout(240)]

SERVER, RELAY = "2001:db8::1", "2001:db8::2"
KEPT, RELEASED, LATER, DECLINED = (b"\0\3\0\1\2\0\0\0\0" + bytes([number]) for number in range(4))  #: DUIDs
IDENTIFIER = {"type": "EN", "enterprise-id": 2495, "identifier": "0123456789ABCDEF", "persist": False}  #: of both

Row = dict[str, Any]


def config(access: dict[str, Any]) -> dict[str, Any]:
    """Every renewal is written."""
    return {
        "interfaces-config": {"interfaces": [f"srv0/{SERVER}"]},
        "server-id": IDENTIFIER,
        "valid-lifetime": 4000,
        "preferred-lifetime": 3000,
        "cache-threshold": 0.0,
        "mac-sources": ["duid"],
        "decline-probation-period": 3600,
        "expired-leases-processing": {"reclaim-timer-wait-time": 1},
        "lease-database": access,
        "hooks-libraries": [{"library": f"{HOOKS}/libdhcp_{name}.so"} for name in ("mysql", "pgsql")],
        "subnet6": [{
            "id": 1, "subnet": "2001:db8::/64", "interface": "srv0",
            "pools": [{"pool": "2001:db8::1:0/124", "pool-id": 4}],
            "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 52, "delegated-len": 56, "pool-id": 5}],
        }],
    }  # fmt: skip


@dataclass
class Leases:
    """The leases of both servers."""

    servers: dict[str, Peer | KeaMp]
    relay: Relay6
    database: Database

    def rows(self) -> dict[IPv6Address, Row]:
        with self.database.server.connection(self.database.name) as connection:
            found = connection.exec_driver_sql("SELECT * FROM lease6").mappings().all()
        rows = [{name: _plain(value) for name, value in row.items()} for row in found]
        return {IPv6Address(row["address"]): row for row in rows}

    @contextmanager
    def serving(self, name: str) -> Iterator[Peer | KeaMp]:
        server = self.servers[name]
        server.start()
        try:
            server.wait_serving()
            yield server
        finally:
            server.stop()

    def acquire(self, duid: bytes) -> Held:
        held = self.relay.acquire(duid)
        assert held is not None
        assert IPv6Address("2001:db8::1:0") <= held.address <= IPv6Address("2001:db8::1:f")
        assert held.prefix in [IPv6Address((0x20010DB8 << 96 | 0x8000 << 80 | n << 72).to_bytes(16)) for n in range(16)]
        return held

    def renewed(self, duid: bytes, held: Held) -> None:
        """The client keeps what it has, and both leases end later; else they are as the other server wrote them."""
        before = self.rows()

        def moved() -> bool:
            again = self.relay.renew(duid, held)
            assert again is not None
            assert (again.address, again.prefix) == (held.address, held.prefix)
            now = self.rows()
            return all(now[one]["expire"] > before[one]["expire"] for one in (held.address, held.prefix))

        eventually(moved)
        now = self.rows()
        for one in (held.address, held.prefix):
            # Kea leaves the hardware address of the client that the row was of before.
            seen = {**before[one], "hwaddr": duid[4:]} if duid == LATER else before[one]
            assert {**now[one], "expire": 0} == {**seen, "expire": 0}

    def released(self, duid: bytes, held: Held) -> None:
        assert self.relay.release(duid, held)
        eventually(lambda: not {held.address, held.prefix} & self.active(), 10, "what was released is not active")

    def active(self) -> set[IPv6Address]:
        return {one for one, row in self.rows().items() if row["state"] == 0}


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, bytes | memoryview) else value


@contextmanager
def both(kind: str, made_by: str) -> Iterator[Leases]:
    """Both servers, not started, in the namespace in which the database runs as well."""
    if not databases.available(kind):
        pytest.skip(f"no {kind} server can be started here: scripts/test installs it")
    with Lab() as lab:
        here, clients = lab.hosts("server", "client")
        lab.link((here, "srv0"), (clients, "cli0"), addresses=([f"{SERVER}/64"], [f"{RELAY}/64"]), ipv6=True)
        with databases.running(kind, namespace=here) as server:
            database = prepared(server, made_by)
            access = {"type": kind, "name": database.name, "host": "127.0.0.1", "port": server.port, "user": USER,
                      "password": PASSWORD}  # fmt: skip
            theirs = Peer(config(access), here, family=DHCP6)
            ours = KeaMp(config(access), here, workers=2, family=DHCP6)
            relay = Relay6(clients, RELAY, SERVER)
            try:
                yield Leases({"kea": theirs, "kea_mp": ours}, relay, database)
            finally:
                relay.close()
                ours.remove()
                theirs.remove()


def numbers(server: Peer | KeaMp) -> tuple[int, int, int]:
    """Addresses and prefixes that are assigned, and declined addresses."""
    names = ("assigned-nas", "assigned-pds", "declined-addresses")
    found = server.command("statistic-get-all")["arguments"]
    a, b, c = (int(found[f"subnet[1].{name}"][0][0]) for name in names)
    return a, b, c


def handed_over(leases: Leases, first: str, second: str) -> None:
    """The first server gives leases, the second goes on with them, then the first with those of the second."""
    with leases.serving(first) as server:
        kept, released, declined = (leases.acquire(duid) for duid in (KEPT, RELEASED, DECLINED))
        assert leases.relay.decline(DECLINED, declined)
        eventually(lambda: leases.rows()[declined.address]["state"] == 1, 5, "it is declined")
        assert numbers(server) == (3, 3, 1)
    with leases.serving(second) as server:
        assert numbers(server) == (3, 3, 1)
        leases.renewed(KEPT, kept)
        again = leases.acquire(KEPT)
        assert (again.address, again.prefix) == (kept.address, kept.prefix)
        leases.released(RELEASED, released)
        later, another = leases.acquire(LATER), leases.acquire(DECLINED)
        assert len({kept.address, later.address, another.address, declined.address}) == 4
        assert another.prefix == declined.prefix
        assert numbers(server) == (4, 3, 1)
    with leases.serving(first) as server:
        assert numbers(server) == (4, 3, 1)
        leases.renewed(KEPT, kept)
        leases.renewed(LATER, later)
        leases.renewed(DECLINED, another)
        leases.released(KEPT, kept)
        new = leases.acquire(RELEASED)
        assert not {new.address, new.prefix} & {later.address, later.prefix, another.address, another.prefix}
        assert numbers(server) == (4, 3, 1)
        assert len(leases.active()) == 6
    counts_are_right(leases.database)


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_leases_of_kea_mp_on_the_schema_of_kea_admin_change_hands(kind: str) -> None:
    with both(kind, "kea") as leases:
        handed_over(leases, "kea_mp", "kea")


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_leases_of_kea_on_our_schema_change_hands(kind: str) -> None:
    with both(kind, "us") as leases:
        with leases.serving("kea_mp"):
            pass  # makes the schema
        handed_over(leases, "kea", "kea_mp")


def counts_are_right(database: Database) -> None:
    """The numbers of the triggers are those of the rows, and Kea's tool finds nothing to correct."""
    counted = "SELECT subnet_id, lease_type, state, leases FROM lease6_stat WHERE leases <> 0"
    of_rows = "SELECT subnet_id, lease_type, state, count(*) FROM lease6 WHERE state < 2 GROUP BY 1, 2, 3"
    before = sorted(database.query(counted))
    assert before == sorted(database.query(of_rows))
    kea_admin(database.server, database.name, "stats-recount")
    assert sorted(database.query(counted)) == before
