"""Several servers on one database and one pool that is hardly larger than the number of clients."""

from __future__ import annotations

import random
import threading

import pytest

from kea_mp.config.model import Lifetime, Parameters4, Pool4, Subnet4
from kea_mp.leases.model import Lease4, usable_by_anyone
from kea_mp.leases.open_sql import open_sql
from kea_mp.leases.sql_store import SqlLeaseStore
from kea_mp.leases.store import ITERATIVE, RANDOM, Changed, ClaimLease, FindLeases, Found, Request, Stored
from kea_mp.values import address4
from tests.lab.lease_database import Database

NOW = 1_800_000_000
CLIENTS, SPARE, SERVERS, AT_ONCE = 600, 6, 3, 20
FIRST = address4("10.0.0.0")
POOL = (FIRST, FIRST + CLIENTS + SPARE - 1)
SUBNET = Subnet4(1, FIRST, 8, (Pool4(*POOL),), Parameters4(Lifetime(3600, 3600, 3600)))


@pytest.fixture(params=["postgresql", "mysql"])
def database(request: pytest.FixtureRequest) -> Database:
    found: Database = request.getfixturevalue(f"{request.param}_database")
    found.clear()
    return found


class OneServer(threading.Thread):
    """Serves its clients, so many at once; what each was told. problems: what must not be."""

    def __init__(self, store: SqlLeaseStore, clients: list[int], allocator: int, barrier: threading.Barrier) -> None:
        super().__init__()
        self.store, self.clients, self.allocator, self.barrier = store, clients, allocator, barrier
        self.told: dict[int, Lease4] = {}
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
        finds: list[Request] = [FindLeases(hw(client), b"", (1,), NOW, 0, POOL, self.allocator) for client in asking]
        again: list[int] = []
        claims: list[tuple[int, ClaimLease]] = []
        for client, found in zip(asking, self.store.execute(finds), strict=True):
            assert isinstance(found, Found)
            if not found.free:
                again.append(client)
                continue
            assert found.free_row is None or usable_by_anyone(found.free_row, NOW)
            claims.append((client, ClaimLease(Lease4(found.free, hw(client), b"", 3600, NOW, 1), found.free_row)))
        for (client, claim), result in zip(claims, self.store.execute([c for _, c in claims]), strict=True):
            if isinstance(result, Stored):
                self.told[client] = claim.lease
            else:
                assert isinstance(result, Changed), result
                again.append(client)
        return again


def hw(client: int) -> bytes:
    return b"\x01\x02\x00" + client.to_bytes(4, "big")


@pytest.mark.parametrize("allocator", [ITERATIVE, RANDOM])
def test_no_address_is_given_twice_and_everybody_gets_one(database: Database, allocator: int) -> None:
    barrier = threading.Barrier(SERVERS)
    clients = list(range(CLIENTS))
    random.shuffle(clients)
    servers = [
        OneServer(open_sql(database.access, (SUBNET,)), clients[n::SERVERS], allocator, barrier) for n in range(SERVERS)
    ]
    for server in servers:
        server.start()
    for server in servers:
        server.join()
        server.store.close()
    told = {client: lease for server in servers for client, lease in server.told.items()}
    assert sorted(told) == list(range(CLIENTS))
    assert len({lease.address for lease in told.values()}) == CLIENTS
    assert database.rows() == {lease.address: lease.hw[1:] for lease in told.values()}
    trips = sum(server.store.round_trips for server in servers)
    assert trips < 6 * CLIENTS, f"{trips} round trips for {CLIENTS} clients"
