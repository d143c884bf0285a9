"""A database with the schema, for tests of the lease stores: its access, its rows, and emptying it quickly.

Runs in: any (root)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

from kea_mp.config.model import SqlAccess
from kea_mp.sql import schema
from tests.lab import databases, peer
from tests.lab.databases import Server

_TABLES = tuple(f"lease{v}{rest}" for v in (4, 6) for rest in ("", "_stat", "_pool_stat", "_stat_by_client_class"))
_SCRIPTS = {"postgresql": "usr/share/kea/scripts/pgsql/dhcpdb_create.pgsql",
            "mysql": "usr/share/kea/scripts/mysql/dhcpdb_create.mysql"}  # fmt: skip


@dataclass
class Database:
    """One database of a running server. made_by: "us" or "kea" (kea-admin's script)."""

    server: Server
    name: str
    made_by: str = "us"

    @property
    def access(self) -> SqlAccess:
        return self.server.access(self.name)

    def clear(self) -> None:
        self.server.run(self.name, *(f"DELETE FROM {table}" for table in _TABLES))

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with self.server.connection(self.name) as connection:
            return [tuple(row) for row in connection.exec_driver_sql(statement)]

    def rows(self) -> dict[int, bytes]:
        """Address → hardware address of all leases of DHCPv4."""
        found = self.query("SELECT address, hwaddr FROM lease4")
        return {int(address): bytes(hw or b"") for address, hw in found}

    def rows6(self) -> dict[int, bytes]:
        """Address, or first one of a prefix → DUID of all leases of DHCPv6."""
        found = self.query("SELECT address, duid FROM lease6")
        return {int(IPv6Address(address)): bytes(duid) for address, duid in found}


@contextmanager
def lease_database(kind: str, made_by: str = "us", **named: object) -> Iterator[Database]:
    """A server of this kind with one database that has the schema."""
    with databases.running(kind, **named) as server:
        yield database_on(server, made_by)


def database_on(server: Server, made_by: str = "us") -> Database:
    name = server.database()
    if made_by == "kea":
        if server.type == "mysql":
            server.run(name, "SET GLOBAL log_bin_trust_function_creators = 1")
        server.script(name, Path(peer.ROOT, _SCRIPTS[server.type]))
    else:
        with server.connection(name) as connection:
            assert schema.initialise(connection)
    return Database(server, name, made_by)
