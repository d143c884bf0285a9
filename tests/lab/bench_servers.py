"""The servers that the bench holds against each other: kea_mp and Kea, on a lease file or on a database of their own.

A database server runs in the namespace of the DHCP server, makes every commit durable, and is a fresh one for each
search. Kea has the schema of its own script, kea_mp its own or, with `kea_schema`, Kea's.

Runs in: any (root)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kea_mp.sql import schema
from tests.lab import databases, many, peer
from tests.lab.daemon import KeaMp
from tests.lab.databases import PASSWORD, USER, Server
from tests.lab.peer import Peer

MEMFILE = "memfile"
BACKENDS = (MEMFILE, "postgresql", "mysql")
LIBRARIES = {"postgresql": "libdhcp_pgsql.so", "mysql": "libdhcp_mysql.so"}
SCRIPTS = {"postgresql": "pgsql/dhcpdb_create.pgsql", "mysql": "mysql/dhcpdb_create.mysql"}
DURABLE: dict[str, tuple[str, ...]] = {
    "postgresql": ("synchronous_commit=on", "fsync=on"),
    "mysql": ("innodb-flush-log-at-trx-commit=1",),
}


@dataclass(frozen=True)
class Contender:
    """A server to measure. start: a context manager that serves on the given host meanwhile."""

    name: str
    start: Callable[[str], AbstractContextManager[KeaMp | Peer]]


def contenders(backend: str, workers: tuple[int, ...], threads: tuple[int, ...], kea_schema: bool) -> list[Contender]:
    """Each server in each of its settings: the best of ours is held against the best of Kea's."""

    def own(count: int, theirs: bool) -> Callable[[str], AbstractContextManager[KeaMp]]:
        return lambda host: _own(backend, host, count, theirs)

    def kea(count: int) -> Callable[[str], AbstractContextManager[Peer]]:
        return lambda host: _kea(backend, host, count)

    schemas = (False, True) if kea_schema and backend != MEMFILE else (False,)
    return [
        *(
            Contender(f"kea_mp, {count} worker{'s' * (count > 1)}{' on Kea schema' * theirs}", own(count, theirs))
            for count in workers
            for theirs in schemas
        ),
        *(
            Contender(f"Kea, {count} threads" if count else "Kea, single-threaded", kea(count))
            for count in threads
            if peer.available()
        ),
    ]


@contextmanager
def _own(backend: str, host: str, workers: int, kea_schema: bool) -> Iterator[KeaMp]:
    with _leases(backend, host, kea_schema) as extra, KeaMp(
        {**many.CONFIG, **extra}, host, workers, severity="WARN"
    ) as daemon:  # fmt: skip
        yield daemon


@contextmanager
def _kea(backend: str, host: str, threads: int) -> Iterator[Peer]:
    """threads 0: without multi-threading."""
    threading: dict[str, Any] = {"enable-multi-threading": threads > 0}
    if threads:
        threading |= {"thread-pool-size": threads, "packet-queue-size": 64}
    with _leases(backend, host, kea_schema=True) as extra, Peer(
        {**many.CONFIG, "multi-threading": threading, **extra}, host
    ) as server:  # fmt: skip
        yield server


@contextmanager
def _leases(backend: str, host: str, kea_schema: bool) -> Iterator[dict[str, Any]]:
    """What the configuration says about leases, while their database serves."""
    if backend == MEMFILE:
        yield {}
        return
    with databases.running(backend, durable=True, namespace=host, options=DURABLE[backend]) as server:
        name = server.database()
        if kea_schema:
            server.script(name, _script(server))
        else:
            with server.connection(name) as connection:
                schema.initialise(connection)
        yield {
            "lease-database": {
                "type": backend, "name": name, "host": server.address, "port": server.port, "user": USER,
                "password": PASSWORD,
            },
            "hooks-libraries": [{"library": f"/usr/lib/x86_64-linux-gnu/kea/hooks/{LIBRARIES[backend]}"}],
        }  # fmt: skip


def _script(server: Server) -> Path:
    return peer.ROOT / "usr/share/kea/scripts" / SCRIPTS[server.type]
