"""The faults, and what is expected of each: a row per fault. A fault begins where its function begins and is over where
it ends; in between it yields.

Runs in: any (root)
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import DBAPIError

from tests.faults.targets import FileTarget, SqlTarget
from tests.lab.databases import PASSWORD, USER
from tests.lab.waiting import eventually

STOP, SERVE, CONTINUE = "stop-retry-exit", "serve-retry-exit", "serve-retry-continue"
ON_FAILS = (STOP, SERVE, CONTINUE)
SQL = ("postgresql", "mysql")
SILENT_S = 5.0  #: under load a silent server is noticed by the deadline of the statement at hand, 5 s by default
DELAY_S = 0.025  #: of everything, in each direction
SESSIONS = 12  #: that fill a server; MariaDB takes no limit below 10


@dataclass(frozen=True)
class Fault:
    """lost: whether the backend counts as lost, so that on-fail says what follows; noticed_s: how soon (CONNECTIVITY
    §2). network: happens between daemon and server. tries: whether attempts follow (a lease file has none). slow_s:
    how much longer a command may take that asks the database: a batch in hand, whether it answers, the question.
    ci: part of the representative cut."""

    name: str
    happen: Callable[[Any], AbstractContextManager[None]]
    lost: bool = True
    noticed_s: float = 0.1
    network: bool = False
    kinds: tuple[str, ...] = SQL
    tries: bool = True
    slow_s: float = 0.0
    ci: bool = False


# ---- the server -----------------------------------------------------------------------------------------------------


@contextmanager
def _killed(target: SqlTarget) -> Iterator[None]:
    target.server.kill()
    yield
    target.server.start()


@contextmanager
def _stopped(target: SqlTarget) -> Iterator[None]:
    target.server.stop()
    yield
    target.server.start()


@contextmanager
def _frozen(target: SqlTarget) -> Iterator[None]:
    target.server.freeze()
    yield
    target.server.thaw()


@contextmanager
def _read_only(target: SqlTarget) -> Iterator[None]:
    setting = "default_transaction_read_only"
    first, on, off = {
        "postgresql": ("postgres", (f"ALTER SYSTEM SET {setting} = on", "SELECT pg_reload_conf()"),
                       (f"SET {setting} = off", f"ALTER SYSTEM RESET {setting}", "SELECT pg_reload_conf()")),
        "mysql": ("mysql", ("SET GLOBAL read_only = 1",), ("SET GLOBAL read_only = 0",)),
    }[target.kind]  # fmt: skip
    target.server.run(first, *on)
    yield
    target.server.run(first, *off)


@contextmanager
def _full(target: SqlTarget) -> Iterator[None]:
    """No session more; those that there were are ended."""
    if target.kind == "postgresql":
        target.admin(f"ALTER ROLE {USER} CONNECTION LIMIT 0")
        target.server.end_sessions()
        yield
        target.admin(f"ALTER ROLE {USER} CONNECTION LIMIT -1")
        return
    with ExitStack() as held:
        connections = [held.enter_context(target.server.connection("mysql", admin=True)) for _ in range(SESSIONS)]
        first = connections[0]
        (before,) = next(iter(first.exec_driver_sql("SELECT @@global.max_connections")))
        first.exec_driver_sql("SET GLOBAL max_connections = 10")
        query = f"SELECT id FROM information_schema.processlist WHERE user = '{USER}'"
        for (number,) in list(first.exec_driver_sql(query)):
            first.exec_driver_sql(f"KILL {number}")
        yield
        first.exec_driver_sql(f"SET GLOBAL max_connections = {before}")


# ---- the database ---------------------------------------------------------------------------------------------------


@contextmanager
def _other_password(target: SqlTarget) -> Iterator[None]:
    """Sessions that there are would go on for ever, so they are ended."""

    def change(password: str) -> None:
        account, word = {"postgresql": (USER, "PASSWORD"), "mysql": (f"'{USER}'@'%'", "IDENTIFIED BY")}[target.kind]
        role = "ROLE" if target.kind == "postgresql" else "USER"
        target.admin(f"ALTER {role} {account} {word} '{password}'")

    change("another")
    target.server.end_sessions()
    yield
    change(PASSWORD)


@contextmanager
def _dropped(target: SqlTarget) -> Iterator[None]:
    """It comes back as it was. On MariaDB that is a backup, made when nobody wrote any more."""
    yield from {"postgresql": _renamed, "mysql": _restored}[target.kind](target)


def _renamed(target: SqlTarget) -> Iterator[None]:
    server, name = target.server, target.name
    server.run("postgres", f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")

    def rename() -> bool:
        server.end_sessions()
        try:
            server.run("postgres", f"ALTER DATABASE {name} RENAME TO {name}_away")
        except DBAPIError:  # a session has not quite ended
            return False
        return True

    eventually(rename, 5, "the database is renamed")
    yield
    server.run("postgres", f"ALTER DATABASE {name}_away ALLOW_CONNECTIONS true")
    server.run("postgres", f"ALTER DATABASE {name}_away RENAME TO {name}")


def _restored(target: SqlTarget) -> Iterator[None]:
    server, name = target.server, target.name
    client = ["--no-defaults", f"--socket={server.folder}/server.sock", "--user=root"]
    server.run("mysql", "SET GLOBAL read_only = 1")
    dump = ["mariadb-dump", *client, "--routines", "--triggers", "--single-transaction", name]
    backup = subprocess.run(dump, check=True, capture_output=True).stdout
    server.run("mysql", f"DROP DATABASE {name}", "SET GLOBAL read_only = 0")
    yield
    server.run("mysql", f"ALTER USER '{USER}'@'%' ACCOUNT LOCK", f"CREATE DATABASE {name}")
    subprocess.run(["mariadb", *client, name], input=backup, check=True, capture_output=True)
    server.run("mysql", f"ALTER USER '{USER}'@'%' ACCOUNT UNLOCK")


@contextmanager
def _other_schema(target: SqlTarget) -> Iterator[None]:
    """The version is read when a session begins."""
    with target.server.connection(target.name, admin=True) as connection:
        (version,) = next(iter(connection.exec_driver_sql("SELECT version FROM schema_version")))
    target.admin("UPDATE schema_version SET version = 12")
    target.server.end_sessions()
    yield
    target.admin(f"UPDATE schema_version SET version = {version}")


# ---- the network ----------------------------------------------------------------------------------------------------


@contextmanager
def _black_hole(target: SqlTarget) -> Iterator[None]:
    target.through.black_hole()
    yield
    target.through.heal()


@contextmanager
def _slow(target: SqlTarget) -> Iterator[None]:
    target.through.delay(DELAY_S)
    yield
    target.through.heal()


def _twice(*blows: Callable[[SqlTarget], None]) -> Callable[[SqlTarget], AbstractContextManager[None]]:
    """Each blow in turn, and again; the database is there all the time."""

    @contextmanager
    def happen(target: SqlTarget) -> Iterator[None]:
        for blow in (*blows, *blows):
            before = target.through.accepted
            blow(target)
            eventually(lambda before=before: target.through.accepted > before, 5, "another session")  # type: ignore[misc]
            time.sleep(0.15)  # of load on it
        yield
        target.through.heal()

    return happen


def _reset(target: SqlTarget) -> None:
    target.through.reset()


def _cut_request(target: SqlTarget) -> None:
    target.through.cut_after(700)


def _cut_answer(target: SqlTarget) -> None:
    target.through.cut_after(40, server=True)


def _commit_lost(target: SqlTarget) -> None:
    """On PostgreSQL a batch is committed with the Sync that ends it: the answer to a write is lost."""
    target.through.lose_answer(b"COMMIT" if target.kind == "mysql" else b"update")


# ---- the disk -------------------------------------------------------------------------------------------------------


@contextmanager
def _disk_full(target: FileTarget) -> Iterator[None]:
    rest = target.folder / "rest"
    with rest.open("wb", buffering=0) as file:
        while True:
            try:
                file.write(bytes(4096))
            except OSError:
                break
    yield
    rest.unlink()


FAULTS = (
    Fault("kill -9", _killed, ci=True),
    Fault("clean stop", _stopped),
    Fault("SIGSTOP freeze", _frozen, noticed_s=SILENT_S, ci=True),
    Fault("black hole", _black_hole, noticed_s=SILENT_S, network=True),
    Fault("reset", _twice(_reset), lost=False, network=True),
    Fault("added latency", _slow, lost=False, network=True, slow_s=6 * DELAY_S),
    Fault("cut inside a transaction", _twice(_cut_request, _cut_answer), lost=False, network=True),
    Fault("cut inside COMMIT", _twice(_commit_lost), lost=False, network=True, ci=True),
    Fault("demotion to read-only", _read_only, noticed_s=1.0),
    Fault("too many connections", _full),
    Fault("password changed", _other_password, ci=True),
    Fault("database dropped", _dropped, noticed_s=1.0),
    Fault("schema version changed", _other_schema),
    Fault("disk full", _disk_full, kinds=("memfile",), tries=False, noticed_s=1.0, ci=True),
)
