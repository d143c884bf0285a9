"""The schema that we make is Kea 3.0's: names, types, keys, rows, and what its triggers and functions do."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from kea_mp.errors import KeaMpError
from kea_mp.sql import catalog, reference, schema, tables
from tests.interop.schema_pair import Pair, make_pair
from tests.lab.databases import Server

pytestmark = [pytest.mark.peer, pytest.mark.root, pytest.mark.timeout(300)]

# Differences between the catalogs, each with its reason. A line that begins with one of these is accepted.
JUSTIFIED = {
    "postgresql": {
        "default ipv6_reservations.": "'0'::smallint and 0 are one value",
        "trigger lease": "ours run once for a statement, Kea's once for a row",
        "routines count_lease": "what those triggers run",
        "routines proc_stat_lease": "left over in Kea's schema since its version 13: nothing calls them",
    },
    "mysql": {},
}


@pytest.fixture(scope="module")
def pair(database_server: Server) -> Pair:
    return make_pair(database_server)


@pytest.fixture
def both(pair: Pair) -> Iterator[tuple[Connection, Connection]]:
    """Kea's and ours; whatever a test does is rolled back."""
    with pair.connections() as connections:
        yield connections
        for connection in connections:
            connection.rollback()


def rows(connection: Connection, query: str) -> list[tuple[object, ...]]:
    result = connection.exec_driver_sql(query, execution_options={"no_parameters": True})
    return [tuple(row) for row in result] if result.returns_rows else []


def same(both: tuple[Connection, Connection], query: str, what: object = "") -> list[tuple[object, ...]]:
    """The same statement gives the same rows in both."""
    kea, ours = (rows(connection, query) for connection in both)
    assert kea == ours, what or query
    return ours


# ---- what is there -------------------------------------------------------------------------------------------------


def _catalog_lines(found: catalog.Catalog) -> set[str]:
    lines = {f"columns {line}" for line in found.columns} | {f"indexes {line}" for line in found.indexes}
    lines |= {f"triggers {line}" for line in found.triggers} | {f"routines {line}" for line in found.routines}
    # "DEFAULT NULL" is what a column without a default has.
    return lines | {line for line in found.details if not line.endswith("null::varchar")}


def test_the_catalogs_differ_only_where_it_is_justified(pair: Pair) -> None:
    with pair.connections() as (kea, ours):
        difference = _catalog_lines(catalog.found(kea)) ^ _catalog_lines(catalog.found(ours))
    accepted = tuple(JUSTIFIED[pair.dialect])
    assert sorted(line for line in difference if not line.startswith(accepted)) == []


def test_every_justified_difference_is_still_there(pair: Pair) -> None:
    with pair.connections() as (kea, ours):
        difference = _catalog_lines(catalog.found(kea)) ^ _catalog_lines(catalog.found(ours))
    assert [
        prefix for prefix in JUSTIFIED[pair.dialect] if not any(line.startswith(prefix) for line in difference)
    ] == []


def test_check_has_nothing_to_say_about_either(pair: Pair) -> None:
    with pair.connections() as connections:
        assert [schema.differences(connection) for connection in connections] == [[], []]


def test_check_names_what_is_missing_and_what_is_changed(database_server: Server) -> None:
    name = database_server.database()
    with database_server.connection(name) as connection:
        schema.initialise(connection)
        on = " ON lease4" if database_server.type == "postgresql" else ""
        for statement in (
            f"DROP TRIGGER lease4_ADEL{on}",
            "ALTER TABLE lease4 DROP COLUMN remote_id",
            "CREATE TABLE more (id int)",
        ):
            connection.execute(text(statement))
        connection.commit()
        found = schema.differences(connection)
    assert "missing triggers: lease4_adel on lease4: after delete" in found
    assert any(line.startswith("missing columns: lease4.remote_id") for line in found)
    assert any(line.startswith("missing indexes: lease4.lease4_by_remote_id") for line in found)
    assert any(line.startswith("besides columns: more.id") for line in found)


def test_the_reference_rows_are_the_same(both: tuple[Connection, Connection], pair: Pair) -> None:
    filled = 0
    for table in tables.tables_of(pair.dialect):
        columns = [c.name for c in table.columns if c.info.get("dialect", pair.dialect) == pair.dialect]
        names = ", ".join(f"{name}" for name in columns if name != "modification_ts" and not name.startswith("4o6"))
        filled += bool(same(both, f"SELECT {names} FROM {table.name} ORDER BY 1"))
    assert filled == len(list(reference.rows(pair.dialect))) + 3, "and the version and the servers named all"


def test_the_versions_are_those_of_kea_3_0(both: tuple[Connection, Connection], pair: Pair) -> None:
    versions = {schema.read_version(connection) for connection in both}
    assert versions == {schema.expected_version(pair.dialect)}


# ---- initialisation --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("apart_s", [0.0, 0.2])
def test_servers_that_start_at_once_make_one_schema(database_server: Server, apart_s: float) -> None:
    """apart_s: some of them come while another one is in the middle of it."""
    name = database_server.database()
    made: list[bool] = []
    seen: list[schema.Version | None] = []
    together = threading.Barrier(4)

    def server(number: int) -> None:
        with database_server.connection(name) as connection:
            together.wait()
            time.sleep(number * apart_s)
            if schema.read_version(connection) is None:
                made.append(schema.initialise(connection))
            seen.append(schema.read_version(connection))

    threads = [threading.Thread(target=server, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made.count(True) == 1
    assert seen == [schema.expected_version(database_server.type)] * 4
    with database_server.connection(name) as connection:
        assert schema.differences(connection) == []


def test_a_database_with_any_table_is_left_alone(database_server: Server) -> None:
    name = database_server.database()
    with database_server.connection(name) as connection:
        connection.execute(text("CREATE TABLE mine (id int)"))
        connection.commit()
        assert schema.initialise(connection) is False
        assert schema.read_version(connection) is None
        assert not schema.is_empty(connection)


# ---- statistics ------------------------------------------------------------------------------------------------------

CONTEXTS = (
    '{"ISC": {"client-classes": ["a", "b"]}}',
    '{"ISC": {"client-classes": ["b"]}}',
    '{"ISC": {"client-classes": ["c", "a", "d"]}}',
    '{"ISC": {"client-classes": []}}',
    '{"ISC": {"client-classes": ["with \\"quotes\\"", "ä"]}}',
)
PLAIN_CONTEXTS = ("NULL", "''", "'{}'", '\'{"ISC": {"relay-agent-info": {"sub-options": "0x0102"}}}\'')


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


class Leases:
    """Random changes of a lease table, as SQL of one dialect. Odd addresses have client classes, even ones never:
    Kea does not count a lease that gets its first classes later, and loses count of it when it goes."""

    def __init__(self, v: int, dialect: str, seed: int) -> None:
        self.v, self.dialect, self.random = v, dialect, random.Random(seed)
        self.used: set[int] = set()

    def address(self, number: int) -> str:
        if self.v == 4:
            return str(number)
        written = f"'2001:db8::{number:x}'"
        return written if self.dialect == "postgresql" else f"INET6_ATON({written})"

    def context(self, number: int) -> str:
        if number % 2 == 0:
            return self.random.choice(PLAIN_CONTEXTS)
        chosen = self.random.choice(CONTEXTS)
        return f"E{_quoted(chosen)}" if self.dialect == "postgresql" else _quoted(chosen)

    def state(self) -> int:
        return self.random.choice((0, 0, 0, 1, 2, 3, 4))

    def some(self) -> list[int]:
        known = sorted(self.used)
        return self.random.sample(known, min(len(known), self.random.choice((1, 2, 5, 20))))

    def insert(self) -> str:
        new = [n for n in self.random.sample(range(1, 200), self.random.choice((1, 3, 30))) if n not in self.used]
        self.used.update(new)
        names = ["address", "subnet_id", "pool_id", "state", "user_context"] + ["lease_type"] * (self.v == 6)
        lines = []
        for number in new:
            values = [
                self.address(number), self.random.randint(1, 3), self.random.randint(0, 2), self.state(),
                self.context(number), *([self.random.randint(0, 2)] * (self.v == 6)),
            ]  # fmt: skip
            lines.append(f"({', '.join(map(str, values))})")
        return f"INSERT INTO lease{self.v} ({', '.join(names)}) VALUES {', '.join(lines)}" if lines else ""

    def upsert(self) -> str:
        """Insert, or change the state of what is there: both kinds of triggers see it."""
        before = set(self.used)
        statement = self.insert()
        some = sorted(before)[:3]
        if not statement or not some:
            return statement
        kind = ", 0" if self.v == 6 else ""
        known = "".join(f", ({self.address(n)}, 1, 0, {self.state()}, NULL{kind})" for n in some)
        if self.dialect == "postgresql":
            return f"{statement}{known} ON CONFLICT (address) DO UPDATE SET state = EXCLUDED.state"
        return f"{statement}{known} ON DUPLICATE KEY UPDATE state = VALUES(state)"

    def update(self) -> str:
        chosen = self.some()
        if not chosen:
            return ""
        changes = [
            f"state = {self.state()}",
            f"subnet_id = {self.random.randint(1, 3)}",
            f"pool_id = {self.random.randint(0, 2)}",
            "subnet_id = subnet_id + 1, pool_id = 0",
            "valid_lifetime = 600",
        ]
        if len(chosen) == 1:
            changes.append(f"user_context = {self.context(chosen[0])}")
            changes.append(f"user_context = {self.context(chosen[0])}, state = {self.state()}")
        if self.v == 6:
            changes.append(f"lease_type = {self.random.randint(0, 2)}")
        return f"UPDATE lease{self.v} SET {self.random.choice(changes)} WHERE {self.among(chosen)}"

    def delete(self) -> str:
        chosen = self.some()
        self.used.difference_update(chosen)
        return f"DELETE FROM lease{self.v} WHERE {self.among(chosen)}" if chosen else ""

    def among(self, numbers: list[int]) -> str:
        return f"address IN ({', '.join(map(self.address, numbers))})"

    def statement(self) -> str:
        return self.random.choice((self.insert, self.upsert, self.update, self.update, self.update, self.delete))()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("v", [4, 6])
def test_the_same_changes_of_leases_give_the_same_counts(
    both: tuple[Connection, Connection], pair: Pair, v: int, seed: int
) -> None:
    leases = Leases(v, pair.dialect, seed)
    done = []
    for _ in range(150):
        statement = leases.statement()
        if not statement:
            continue
        done.append(statement)
        for connection in both:
            rows(connection, statement)
        for table in (f"lease{v}_stat", f"lease{v}_pool_stat", f"lease{v}_stat_by_client_class"):
            same(both, f"SELECT * FROM {table} ORDER BY 1, 2, 3" if v == 6 else f"SELECT * FROM {table} ORDER BY 1, 2",
                 f"{table} after {done[-3:]}")  # fmt: skip


def test_a_row_of_kea_s_that_nobody_counted_does_not_make_a_count_negative(
    both: tuple[Connection, Connection],
) -> None:
    for connection in both:
        rows(connection, "INSERT INTO lease4 (address, subnet_id, state) VALUES (1, 1, 0), (2, 1, 0), (3, 2, 0)")
        rows(connection, "UPDATE lease4_stat SET leases = 1 WHERE subnet_id = 1")
        rows(connection, "DELETE FROM lease4_stat WHERE subnet_id = 2")
        rows(connection, "DELETE FROM lease4")
    assert same(both, "SELECT subnet_id, state, leases FROM lease4_stat ORDER BY 1") == [(1, 0, 0)]


@pytest.mark.parametrize("v", [4, 6])
def test_batches_that_touch_the_same_counts_never_wait_in_a_circle(database_server: Server, v: int) -> None:
    """Each batch changes leases of many subnets in an order of its own, several batches at a time."""
    name = database_server.database()
    with database_server.connection(name) as connection:
        schema.initialise(connection)
    problems: list[KeaMpError] = []

    def batches(number: int) -> None:
        leases = Leases(v, database_server.type, number)
        order = random.Random(number)
        kind = ", lease_type" if v == 6 else ""
        try:
            with database_server.connection(name) as connection:
                connection.execution_options(isolation_level="READ COMMITTED")  # as the lease stores have it
                for round_ in range(30):
                    subnets = order.sample(range(1, 9), 8)
                    if database_server.type == "mysql":  # it counts row by row: the order of the rows is the order
                        subnets.sort()
                    mine = [(number * 1000 + round_ * 8 + i, subnet) for i, subnet in enumerate(subnets)]
                    values = ", ".join(
                        f"({leases.address(n)}, {subnet}, {subnet % 3}, {order.choice((0, 1))}{', 0' * (v == 6)})"
                        for n, subnet in mine
                    )
                    rows(connection, f"INSERT INTO lease{v} (address, subnet_id, pool_id, state{kind}) VALUES {values}")
                    connection.commit()
                    among = leases.among([n for n, _ in mine])
                    rows(connection, f"UPDATE lease{v} SET state = 1 - state WHERE {among}")
                    connection.commit()
        except KeaMpError as problem:
            problems.append(problem)

    threads = [threading.Thread(target=batches, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    with database_server.connection(name) as connection:
        counted = rows(connection, f"SELECT subnet_id, state, leases FROM lease{v}_stat WHERE leases > 0 ORDER BY 1, 2")
        there = rows(connection, f"SELECT subnet_id, state, count(*) FROM lease{v} GROUP BY 1, 2 ORDER BY 1, 2")
    assert counted == there
