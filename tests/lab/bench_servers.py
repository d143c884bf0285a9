"""The servers that the bench holds against each other: kea_mp and Kea, on a lease file or on a database of their own.

A database server runs in the namespace of the DHCP server, makes every commit durable, and is a fresh one for each
search. Kea has the schema of its own script, kea_mp its own or, with `kea_schema`, Kea's.

Runs in: any (root)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from kea_mp.family import DHCP4, DHCP6, Family
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
class Running:
    """A server that serves, and the database that its leases are in."""

    server: KeaMp | Peer
    database: Server | None

    def processor_s(self) -> float:
        """Processor time that the server's processes and those of the database have used so far."""
        assert self.server.process is not None
        return _used_s(self.server.process.tree()) + self.database_s()

    def database_s(self) -> float:
        return _used_s(psutil.Process(pid) for pid in self.database.pids()) if self.database is not None else 0.0


def _used_s(processes: Iterable[psutil.Process]) -> float:
    used = 0.0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            used += times.user + times.system
    return used


@dataclass(frozen=True)
class Contender:
    """A server to measure. start: a context manager that serves on the given host meanwhile."""

    name: str
    start: Callable[[str], AbstractContextManager[Running]]


SERVER6, RELAY6 = "2001:db8::1", "2001:db8::2"
CONFIGS: dict[Family, dict[str, Any]] = {
    DHCP4: many.CONFIG,
    DHCP6: {
        "interfaces-config": {"interfaces": [f"srv0/{SERVER6}"]},
        "valid-lifetime": 7200,
        "preferred-lifetime": 3600,
        "subnet6": [
            {
                "id": 1,
                "subnet": "2001:db8::/64",
                "interface": "srv0",
                "pools": [{"pool": "2001:db8::1:0:0 - 2001:db8::1:ffff:ffff"}],
                "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 34, "delegated-len": 56}],
            }
        ],
    },
}


def contenders(
    backend: str, workers: tuple[int, ...], threads: tuple[int, ...], kea_schema: bool, family: Family = DHCP4
) -> list[Contender]:
    """Each server in each of its settings: the best of ours is held against the best of Kea's."""

    def own(count: int, theirs: bool) -> Callable[[str], AbstractContextManager[Running]]:
        return lambda host: _own(backend, host, count, theirs, family)

    def kea(count: int) -> Callable[[str], AbstractContextManager[Running]]:
        return lambda host: _kea(backend, host, count, family)

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
def _own(backend: str, host: str, workers: int, kea_schema: bool, family: Family) -> Iterator[Running]:
    with _leases(backend, host, kea_schema) as (extra, database), KeaMp(
        {**CONFIGS[family], **extra}, host, workers, severity="WARN", family=family
    ) as daemon:  # fmt: skip
        yield Running(daemon, database)


@contextmanager
def _kea(backend: str, host: str, threads: int, family: Family) -> Iterator[Running]:
    """threads 0: without multi-threading."""
    threading: dict[str, Any] = {"enable-multi-threading": threads > 0}
    if threads:
        threading |= {"thread-pool-size": threads, "packet-queue-size": 64}
    with _leases(backend, host, kea_schema=True) as (extra, database), Peer(
        {**CONFIGS[family], "multi-threading": threading, **extra}, host, family=family
    ) as server:  # fmt: skip
        yield Running(server, database)


@contextmanager
def _leases(backend: str, host: str, kea_schema: bool) -> Iterator[tuple[dict[str, Any], Server | None]]:
    """What the configuration says about leases, and their database, while it serves."""
    if backend == MEMFILE:
        yield {}, None
        return
    with databases.running(backend, durable=True, namespace=host, options=DURABLE[backend]) as server:
        name = server.database()
        if kea_schema:
            server.script(name, _script(server))
        else:
            with server.connection(name) as connection:
                schema.initialise(connection)
        found = {
            "lease-database": {
                "type": backend, "name": name, "host": server.address, "port": server.port, "user": USER,
                "password": PASSWORD,
            },
            "hooks-libraries": [{"library": f"/usr/lib/x86_64-linux-gnu/kea/hooks/{LIBRARIES[backend]}"}],
        }  # fmt: skip
        yield found, server


def _script(server: Server) -> Path:
    return peer.ROOT / "usr/share/kea/scripts" / SCRIPTS[server.type]
