"""DHCPv6 leases in a database, beyond what every store promises: large and nearly full pools, prefixes of several
lengths, what the schema refuses or cannot hold; on a schema made by us and one made by Kea."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kea_mp.config.model import Lifetime
from kea_mp.config.model6 import Parameters6, PdPool6, Pool6, Subnet6
from kea_mp.family import DHCP6
from kea_mp.leases.model import DECLINED, NA, PD, RECLAIMED, REGISTERED, RELEASED, Lease6
from kea_mp.leases.open_sql import open_sql
from kea_mp.leases.sql_store import SqlLeaseStore
from kea_mp.leases.store import (
    FREE_QUEUE,
    ITERATIVE,
    RANDOM,
    Changed,
    ClaimLease,
    Failed,
    FindLeases6,
    Found6,
    Range6,
    RemoveLease,
    Stored,
    Wanted6,
)
from kea_mp.values import INFINITY, address6, text6
from tests.lab import peer
from tests.lab.lease_database import Database, database_on

NOW = 1_800_000_000
NET = int.from_bytes(address6("2001:db8::"), "big")
PREFIXES = int.from_bytes(address6("2001:db8:4000::"), "big")
SUBNET = Subnet6(
    1,
    address6("2001:db8::"),
    64,
    (Pool6(address6("2001:db8::"), address6("2001:db8::ffff:ffff:ffff:ffff"), pool_id=1),),
    (PdPool6(address6("2001:db8:4000::"), 40, 56, pool_id=2),),
    Parameters6(Lifetime(3600, 3600, 3600)),
)
WHOLE = Range6(address6("2001:db8::"), address6("2001:db8::ffff:ffff:ffff:ffff"))


@pytest.fixture(scope="module", params=["postgresql-us", "postgresql-kea", "mysql-us", "mysql-kea"])
def database(request: pytest.FixtureRequest) -> Database:
    kind, made_by = request.param.split("-")
    ours: Database = request.getfixturevalue(f"{kind}_database")
    if made_by == "us":
        return ours
    if not peer.available():
        pytest.skip("there is no real Kea here: scripts/peer installs it")
    return database_on(ours.server, "kea")


@pytest.fixture
def store(database: Database) -> Iterator[SqlLeaseStore]:
    database.clear()
    made = open_sql(database.access, (SUBNET,), DHCP6)
    yield made
    made.close()


def address(number: int) -> bytes:
    return (NET + number).to_bytes(16, "big")


def prefix(number: int, length: int = 56) -> bytes:
    return (PREFIXES + (number << 128 - length)).to_bytes(16, "big")


def duid(client: int) -> bytes:
    return b"\0\3\0\1\2\0" + client.to_bytes(4, "big")


def lease(number: int, client: int = 1, **changes: Any) -> Lease6:
    fields = {"duid": duid(client), "iaid": 1, "lease_type": NA, "prefix_len": 128, "pref_lft": 1800}
    more = {"valid_lft": 3600, "cltt": NOW, "subnet_id": 1, "pool_id": 1}
    return Lease6(**{"address": address(number), **fields, **more, **changes})


def delegated(number: int, client: int = 1, length: int = 56, **changes: Any) -> Lease6:
    fields = {"address": prefix(number, length), "lease_type": PD, "prefix_len": length, "pool_id": 2}
    return lease(0, client, **{**fields, **changes})


def ask(client: int, *pools: Range6, **changes: Any) -> FindLeases6:
    fields = {"duid": duid(client), "iaid": 1, "lease_type": NA, "subnets": (1,), "now": NOW, "pools": pools}
    return FindLeases6(**{**fields, **changes})


def stored(store: SqlLeaseStore, leases: list[Lease6]) -> None:
    for start in range(0, len(leases), 500):
        part = leases[start : start + 500]
        assert store.execute([ClaimLease(one) for one in part]) == [Stored(one) for one in part]


# ---- free addresses and prefixes ----------------------------------------------------------------------------


@pytest.mark.parametrize("allocator", [ITERATIVE, RANDOM, FREE_QUEUE])
def test_a_whole_64_is_a_pool_like_any_other(store: SqlLeaseStore, allocator: int) -> None:
    stored(store, [lease(number, number) for number in range(300)])
    before = store.round_trips
    found = store.execute([ask(client, WHOLE, allocator=allocator) for client in range(1000, 1040)])
    free = {one.free for one in found}
    assert len(free) == 40
    assert all(address(300) <= one <= WHOLE.last for one in free)
    assert store.round_trips - before <= 2


@pytest.mark.parametrize("kind", ["addresses", "prefixes"])
def test_in_a_pool_that_is_nearly_full_a_whole_batch_is_answered_in_two_round_trips(
    store: SqlLeaseStore, kind: str
) -> None:
    made, pool = (lease, Range6(address(0), address(3999))) if kind == "addresses" else (
        delegated, Range6(prefix(0), prefix(3999), 56))  # fmt: skip
    free = {made(number).address for number in range(50, 4000, 100)}
    stored(store, [made(number, number) for number in range(4000) if number % 100 != 50])
    before = store.round_trips
    kinds = {"lease_type": NA if kind == "addresses" else PD}
    found = store.execute([ask(client, pool, **kinds) for client in range(5000, 5040)])
    assert {one.free for one in found} == free
    assert store.round_trips - before <= 2
    assert store.execute([ask(5000, pool, skip=tuple(free), **kinds)]) == [Found6(())]


def test_prefixes_of_the_length_that_is_preferred_come_first(store: SqlLeaseStore) -> None:
    pools = Range6(prefix(0, 60), prefix(1, 60), 60), Range6(prefix(1), prefix(2), 56)
    asked = [ask(client, *pools, lease_type=PD) for client in range(5)]
    found = [store.execute([one])[0] for one in asked]
    assert [(one.free, one.free_length) for one in found[:4]] == [
        (prefix(0, 60), 60), (prefix(1, 60), 60), (prefix(1), 56), (prefix(2), 56),
    ]  # fmt: skip
    assert found[4].free in {one.free for one in found[:4]}  # nothing else is left


def test_the_end_of_the_address_space_of_a_byte_is_no_end(store: SqlLeaseStore) -> None:
    numbers = [*range(0xFE, 0x103), *range((1 << 56) - 2, (1 << 56) + 3)]
    stored(store, [lease(number, number & 0xFFFF) for number in numbers])
    for first in (0xFE, (1 << 56) - 2):
        (found,) = store.execute([ask(9999, Range6(address(first), address(first + 5)))])
        assert found.free == address(first + 5), text6(found.free)


def test_a_prefix_in_the_middle_of_a_larger_one_does_not_move_the_others(store: SqlLeaseStore) -> None:
    stored(store, [delegated(0), delegated(0x17, 2, length=60)])
    found = [store.execute([ask(client, Range6(prefix(0), prefix(3), 56), lease_type=PD)])[0].free for client in (8, 9)]
    assert set(found) <= {prefix(number) for number in (1, 2, 3)}


def test_the_rows_of_others_are_proposed_with_what_is_in_them(store: SqlLeaseStore) -> None:
    rows = [lease(n, n, state=state) for n, state in enumerate((RELEASED, RECLAIMED, REGISTERED, DECLINED))]
    stored(store, [*rows, lease(4, 4, valid_lft=10)])
    pool = Range6(address(0), address(4))
    found = [store.execute([ask(client, pool, now=NOW + 10)])[0] for client in range(90, 93)]
    assert [(one.free, one.free_row) for one in found] == [
        (address(0), rows[0]), (address(1), rows[1]), (address(4), lease(4, 4, valid_lft=10)),
    ]  # fmt: skip


# ---- clients ------------------------------------------------------------------------------------------------


def test_an_identity_association_is_found_among_many_of_its_client(store: SqlLeaseStore) -> None:
    stored(store, [lease(n, 1, iaid=n << 24 | 1) for n in range(256)])
    stored(store, [delegated(1, 1, iaid=0xFF000001)])
    wanted = ask(1, iaid=0xFF000001), ask(1, iaid=0xFF000001, lease_type=PD), ask(1, iaid=7), ask(2)
    assert [one.mine for one in store.execute(wanted)] == [
        (lease(255, 1, iaid=0xFF000001),), (delegated(1, 1, iaid=0xFF000001),), (), (),
    ]  # fmt: skip


def test_without_a_client_only_the_address_is_looked_up(store: SqlLeaseStore) -> None:
    stored(store, [lease(1)])
    asked = FindLeases6(b"", 0, NA, (), NOW, address(1))
    assert store.execute([asked]) == [Found6((), lease(1))]


# ---- changes ------------------------------------------------------------------------------------------------


def test_many_leases_are_renewed_in_one_batch_whatever_changes_in_them(store: SqlLeaseStore) -> None:
    old = [lease(n, n, hw=b"\1\2\0\0\0\0" + bytes([n]), hw_source=4, hostname="a.") for n in range(60)]
    stored(store, old)
    new = [
        lease(n, n, cltt=NOW + 9, pref_lft=0, valid_lft=n or INFINITY, hostname="b\\'%s.", fqdn_fwd=True,
              user_context='{ "a": "\\\\\'" }' if n % 2 else "", hw=b"" if n % 3 else b"\6\2\0\0\0\0\0", hw_source=0)
        for n in range(60)
    ]  # fmt: skip
    changed = lease(30, 30, cltt=NOW + 1)
    assert store.execute([ClaimLease(changed, old[30])]) == [Stored(changed)]
    results = store.execute([ClaimLease(after, before) for after, before in zip(new, old, strict=True)])
    assert results == [Changed(changed) if n == 30 else Stored(one) for n, one in enumerate(new)]
    new[30] = changed
    assert [one.at for one in store.execute([ask(999, address=address(n)) for n in range(60)])] == new
    assert store.execute([RemoveLease(one) for one in (*new, old[0])]) == [*map(Stored, new), Changed(None)]


def test_a_row_that_the_database_refuses_fails_alone(store: SqlLeaseStore) -> None:
    results = store.execute([ClaimLease(lease(n, n, state=77 if n in (3, 6) else 0)) for n in range(8)])
    assert [type(result) for result in results] == [Failed if n in (3, 6) else Stored for n in range(8)]


def test_a_lease_that_ends_after_2038_ends_when_the_column_does(store: SqlLeaseStore, database: Database) -> None:
    long = lease(1, valid_lft=INFINITY - 1, pref_lft=INFINITY - 1)
    (result,) = store.execute([ClaimLease(long)])
    left = 2**31 - 1 - NOW
    kept = lease(1, valid_lft=left, pref_lft=left) if database.server.type == "mysql" else long
    assert result == Stored(kept)
    assert store.execute([ask(1, address=address(1))]) == [Found6((kept,), kept)]


# ---- statistics and commands --------------------------------------------------------------------------------


def test_what_is_registered_is_counted_by_itself_and_removed_when_it_has_ended(store: SqlLeaseStore) -> None:
    stored(store, [lease(1, state=REGISTERED), lease(2), delegated(3)])
    store.close()
    told = store.statistics()
    assert [told[f"subnet[1].{name}"] for name in ("registered-nas", "assigned-nas", "assigned-pds")] == [1, 1, 1]
    assert (told["subnet[1].pool[1].assigned-nas"], told["subnet[1].pd-pool[2].assigned-pds"]) == (1, 1)
    assert store.reports().counts(0, 10) == {1: (1, 0, 1, 0, 1, 0)}
    assert store.reclaim(NOW + 3600, 0, remove=False) == 3
    assert [one.at is None for one in store.execute([ask(9, address=address(n)) for n in (1, 2)])] == [True, False]
    assert store.remove_reclaimed(NOW + 3600) == 2
    assert store.reports().counts(0, 10) == {}


def test_commands_find_leases_by_what_they_name(store: SqlLeaseStore) -> None:
    first = lease(1, iaid=4_000_000_000, hostname="A.example.", hw=b"\1\2\0\0\0\0\1", hw_source=4)
    second, third, other = lease(2, iaid=2), delegated(3), lease(4, 4, subnet_id=2)
    stored(store, [first, second, third, other])
    wanted = {
        Wanted6(): [first, second, other, third],
        Wanted6(duid=duid(1)): [first, second, third],
        Wanted6(duid=duid(1), iaid=4_000_000_000, lease_type=NA): [first],
        Wanted6(duid=duid(1), iaid=4_000_000_000, lease_type=PD): [],
        Wanted6(hostname="a.example."): [first],
        Wanted6(hw=b"\6\2\0\0\0\0\1"): [first],
        Wanted6(lease_type=PD): [third],
        Wanted6(subnets=(2,)): [other],
        Wanted6(subnets=(1,), lease_type=NA): [first, second],
    }
    for one, found in wanted.items():
        for limit in (1, 2, 10):
            assert all_of(store, one, limit) == found, (one, limit)
    assert store.reports().at(first.address) == first
    assert store.reports().at(address(77)) is None


def all_of(store: SqlLeaseStore, wanted: Wanted6, limit: int) -> list[Lease6]:
    found: list[Lease6] = []
    after: bytes | None = b""
    while after is not None:
        page = store.reports().page(wanted, after, limit)
        found += page.leases
        after = page.after
    return found
