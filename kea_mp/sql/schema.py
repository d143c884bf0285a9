"""The version of a database's schema, the making of a schema in an empty database, and its comparison with ours.

A schema is made only where there is no table at all, by one of any number of servers that start at once: they queue for
a lock of the database. PostgreSQL makes it in one transaction. MySQL cannot: there the version comes in last, so that a
schema whose making was interrupted is never taken for a whole one.

Runs in: connection, the `db` command
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, text

from kea_mp.errors import ExitCode, ExitWith
from kea_mp.sql import catalog, mysql, postgresql, reference, tables
from kea_mp.sql.errors import DatabaseRefused

LOCK = 0x6B65615F6D70  #: "kea_mp" as a number, for PostgreSQL's advisory lock
LOCK_WAIT_S = 60  #: how long a server waits for another one that makes the schema
_PLAIN = {"no_parameters": True}  #: the statement is not a template: a % is a %
_PARTS = {"postgresql": postgresql, "mysql": mysql}


@dataclass(frozen=True, slots=True, order=True)
class Version:
    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


def expected_version(dialect: str) -> Version:
    """The schema version of Kea 3.0."""
    return Version(*reference.VERSIONS[dialect])


def read_version(connection: Connection) -> Version | None:
    """The version that the database says it has; None when it says none (empty, half made, or not Kea's)."""
    table = tables.metadata.tables["schema_version"]
    if not _has_table(connection, table.name):
        return None
    row = connection.execute(select(table.c.version, table.c.minor)).first()
    return None if row is None else Version(row[0], row[1] or 0)


def require_version(connection: Connection, where: str) -> None:
    """ExitWith SCHEMA when the schema is of another version than ours. where: the database, for the text."""
    wanted, found = expected_version(connection.dialect.name), read_version(connection)
    if found == wanted:
        return
    if found is not None:
        problem = f"holds schema version {found}"
    elif is_empty(connection):
        problem = "holds no table"
    else:
        problem = "holds tables but no schema version: it is not Kea's, or its making was interrupted"
    raise ExitWith(
        ExitCode.SCHEMA,
        "DHCP4_INIT_FAIL",
        f"{where} {problem}, but schema version {wanted} (Kea 3.0) is needed; it is never changed by kea_mp",
    )


def is_empty(connection: Connection) -> bool:
    """Whether the database (PostgreSQL: its current schema) holds no table at all."""
    return not connection.execute(text(_ANY_TABLE[connection.dialect.name])).scalar()


def initialise(connection: Connection, making: Callable[[], object] = lambda: None) -> bool:
    """Make the schema if the database is empty; whether we made it. The caller's transaction is ended either way.

    Waits for another server that is at it: a database without a version may be one that is being made. making: called
    when it is our turn and the database is empty, before the seconds that it takes. DatabaseRefused when another
    server does not come to an end.
    """
    connection.rollback()
    if connection.dialect.name == "postgresql":
        return _initialise_postgresql(connection, making)
    return _initialise_mysql(connection, making)


def statements(dialect: str) -> Iterator[str]:
    """What is run after the tables are there, in order."""
    parts = _PARTS[dialect]
    for routine in parts.ROUTINES:
        yield routine.statement
    for trigger in parts.TRIGGERS:
        yield trigger.statement


def expected_catalog(dialect: str) -> catalog.Catalog:
    parts = _PARTS[dialect]
    return catalog.expected(
        dialect,
        frozenset(trigger.line for trigger in parts.TRIGGERS),
        frozenset(routine.line for routine in parts.ROUTINES),
    )


def differences(connection: Connection) -> list[str]:
    """How the database differs from a schema that we would make, for people."""
    dialect = connection.dialect.name
    optional = postgresql.OPTIONAL if dialect == "postgresql" else frozenset()
    return catalog.differences(expected_catalog(dialect), catalog.found(connection), optional)


_ANY_TABLE = {
    "postgresql": "SELECT EXISTS (SELECT FROM pg_class WHERE relkind IN ('r', 'p')"
    " AND relnamespace = current_schema()::regnamespace)",
    "mysql": "SELECT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE())",
}


def _has_table(connection: Connection, name: str) -> bool:
    found: bool = connection.dialect.has_table(connection, name)
    return found


def _initialise_postgresql(connection: Connection, making: Callable[[], object]) -> bool:
    with connection.begin():
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT_S}s'"))
        connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
        if not is_empty(connection):
            return False
        making()
        _make(connection)
    return True


def _initialise_mysql(connection: Connection, making: Callable[[], object]) -> bool:
    # The lock's name holds for the server, so the database is part of it; names are limited to 64 characters.
    name = "CONCAT('kea_mp.', LEFT(MD5(DATABASE()), 32))"
    if not connection.execute(text(f"SELECT GET_LOCK({name}, {LOCK_WAIT_S})")).scalar():
        raise DatabaseRefused(f"another server has been making the schema for {LOCK_WAIT_S} s")
    try:
        if not is_empty(connection):
            return False
        making()
        _make(connection)
        connection.commit()
        return True
    finally:
        if not connection.invalidated:
            connection.execute(text(f"DO RELEASE_LOCK({name})"))
            connection.rollback()  # what is read next is not what was there before the wait


def _make(connection: Connection) -> None:
    dialect = connection.dialect.name
    tables.metadata.create_all(connection, tables.tables_of(dialect), checkfirst=False)
    for table, rows in reference.rows(dialect):
        connection.execute(insert(table), rows)
    for v in (4, 6):  # before there are triggers: it is not a change that anybody should be told of
        tag, description = reference.ALL_SERVERS
        values = {"tag": tag, "description": description, "modification_ts": func.now()}
        connection.execute(insert(tables.metadata.tables[f"dhcp{v}_server"]).values(values))
    for statement in statements(dialect):
        connection.exec_driver_sql(statement, execution_options=_PLAIN)
    table, row = reference.version_row(dialect)
    connection.execute(insert(table), row)
