"""Several servers on one database and one pool that is hardly larger than the number of clients."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest

from kea_mp.leases.model import usable_by_anyone
from kea_mp.leases.open_sql import open_sql
from kea_mp.leases.sql_store import SqlLeaseStore
from kea_mp.leases.store import ITERATIVE, RANDOM, Changed, ClaimLease, Stored
from tests.contracts.kinds import KINDS, NOW, Kind
from tests.lab.lease_database import Database

CLIENTS, SPARE, SERVERS, AT_ONCE = 600, 6, 3, 20
POOL = ((0, CLIENTS + SPARE - 1),)


@pytest.fixture(params=["postgresql", "mysql"])
def database(request: pytest.FixtureRequest) -> Database:
    found: Database = request.getfixturevalue(f"{request.param}_database")
    found.clear()
    return found


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


def who(kind: Kind, client: int) -> dict[str, Any]:
    """More clients than `Kind` knows by number."""
    key = b"\x01\x02\x00" + client.to_bytes(4, "big")
    return {"hw": key} if kind.name == "v4" else {"duid": b"\0\3" + key}


class OneServer(threading.Thread):
    """Serves its clients, so many at once; what each was told."""

    def __init__(
        self, kind: Kind, store: SqlLeaseStore, clients: list[int], allocator: int, barrier: threading.Barrier
    ) -> None:
        super().__init__()
        self.kind, self.store, self.clients, self.allocator, self.barrier = kind, store, clients, allocator, barrier
        self.told: dict[int, Any] = {}
        self.rounds = 0

    def run(self) -> None:
        self.barrier.wait()
        waiting = list(self.clients)
        while waiting and self.rounds < 5000:
            self.rounds += 1
            asking, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
            waiting += self.serve(asking)

    def serve(self, asking: list[int]) -> list[int]:
        """One round of offers and claims; the clients that have to come again."""
        finds = [self.kind.request(pools=POOL, allocator=self.allocator, **who(self.kind, client)) for client in asking]
        again: list[int] = []
        claims: list[tuple[int, ClaimLease[Any]]] = []
        for client, found in zip(asking, self.store.execute(finds), strict=True):
            if not found.free:
                again.append(client)
                continue
            assert found.free_row is None or usable_by_anyone(found.free_row, NOW)
            new = self.kind.lease(address=found.free, **who(self.kind, client))
            claims.append((client, ClaimLease(new, found.free_row)))
        for (client, claim), result in zip(claims, self.store.execute([c for _, c in claims]), strict=True):
            if isinstance(result, Stored):
                self.told[client] = claim.lease
            else:
                assert isinstance(result, Changed), result
                again.append(client)
        return again


@pytest.mark.parametrize("allocator", [ITERATIVE, RANDOM])
def test_no_address_is_given_twice_and_everybody_gets_one(database: Database, kind: Kind, allocator: int) -> None:
    barrier = threading.Barrier(SERVERS)
    clients = list(range(CLIENTS))
    random.shuffle(clients)
    servers = [
        OneServer(kind, open_sql(database.access, kind.subnets, kind.family), clients[n::SERVERS], allocator, barrier)
        for n in range(SERVERS)
    ]
    for server in servers:
        server.start()
    for server in servers:
        server.join()
    told = {client: lease for server in servers for client, lease in server.told.items()}
    assert sorted(told) == list(range(CLIENTS))
    assert len({lease.address for lease in told.values()}) == CLIENTS
    trips = sum(server.store.round_trips for server in servers)
    looks = [kind.request(**who(kind, client)) for client in range(CLIENTS)]
    assert [found.mine for found in servers[0].store.execute(looks)] == [(told[client],) for client in range(CLIENTS)]
    assert database.query(f"SELECT count(*) FROM lease{kind.family.number}") == [(CLIENTS,)]
    assert trips < 6 * CLIENTS, f"{trips} round trips for {CLIENTS} clients"
    for server in servers:
        server.store.close()
