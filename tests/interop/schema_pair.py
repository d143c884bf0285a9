"""Two databases on one server: the schema of Kea's own script and ours, for tests that do the same to both.

Runs in: any (root)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from kea_mp.sql import schema
from tests.lab import databases, peer

_SCRIPTS = {"postgresql": "pgsql/dhcpdb_create.pgsql", "mysql": "mysql/dhcpdb_create.mysql"}
Row = tuple[object, ...]


@dataclass(frozen=True)
class Pair:
    server: databases.Server
    kea: str
    ours: str

    @property
    def dialect(self) -> str:
        return self.server.type

    @contextmanager
    def connections(self) -> Iterator[tuple[Connection, Connection]]:
        """Kea's and ours, for the superuser's eyes and hands; nothing is kept unless committed."""
        with ExitStack() as stack:
            yield (
                stack.enter_context(self.server.connection(self.kea)),
                stack.enter_context(self.server.connection(self.ours)),
            )


def make_pair(server: databases.Server) -> Pair:
    """Make both schemas. Takes some seconds."""
    pair = Pair(server, server.database(), server.database())
    server.script(pair.kea, peer.ROOT / "usr/share/kea/scripts" / _SCRIPTS[server.type])
    with server.connection(pair.ours) as connection:
        assert schema.initialise(connection)
    return pair


def do(connection: Connection, statement: str) -> list[Row] | str:
    """The rows that a statement gives, none when it gives none, or "refused"; a refusal undoes only itself."""
    with connection.begin_nested() if connection.in_transaction() else connection.begin():
        try:
            with connection.begin_nested():
                result = connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
                return [tuple(row) for row in result] if result.returns_rows else []
        except DBAPIError:
            return "refused"
