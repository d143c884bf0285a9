"""What an error of a driver means: the one place that knows SQLSTATEs and MySQL's numbers.

```
Trouble
├─ LOST     the connection is of no use, or the server cannot serve (demoted, shutting down, full): connect again
├─ RETRY    deadlock, serialisation, lock wait: nothing was done, the whole transaction may run again
└─ REFUSED  the statement itself: running it again will not help
```

Runs in: connection, the `db` command
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

import psycopg
import pymysql
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from kea_mp.errors import BackendDown, KeaMpError


class Trouble(Enum):
    LOST = "lost"
    RETRY = "retry"
    REFUSED = "refused"


class DatabaseRefused(KeaMpError):
    """The database does not do what was asked; says why. Asking again will not help."""


# CONNECTIVITY §2: connection (08), read-only (25006), resources (53), operator (57; not 57014, a cancelled statement),
# system (58).
_POSTGRESQL_LOST = ("08", "25006", "53", "57", "58")
_POSTGRESQL_RETRY = ("40001", "40P01", "55P03")
# Cannot connect, gone, lost; too many connections, Galera not ready, shutting down, read-only, idle kill.
_MYSQL_LOST = frozenset(
    {2002, 2003, 2006, 2013, 2055, 1040, 1047, 1053, 1129, 1152, 1184, 1290, 1792, 1836, 1927, 4031, 0}
)
_MYSQL_RETRY = frozenset({1205, 1213, 1020})  # 1205 again and again ends as a loss: who asks counts

#: The kind of an error in a word or two, by SQLSTATE or MySQL's number …
_KIND_BY_CODE = {
    "28000": "authentication", "28P01": "authentication", "3D000": "no such database", "53300": "too many connections",
    "25006": "read-only", "57P01": "shutting down", "57P02": "shutting down", "57P03": "shutting down",
    "1044": "authentication", "1045": "authentication", "1698": "authentication", "1049": "no such database",
    "1040": "too many connections", "1203": "too many connections", "1290": "read-only", "1836": "read-only",
    "1792": "read-only", "1047": "node not ready", "1053": "shutting down", "2026": "tls",
}  # fmt: skip
_CONNECTING = ("2002", "2003")  #: whatever goes wrong while PyMySQL connects
#: … or, where a driver tells no number (libpq at connecting), by what the text says in English.
_KIND_BY_TEXT = (
    ("timeout", ("timed out", "timeout expired", "does not answer")),
    ("authentication", ("authentication failed", "pg_hba.conf", "access denied", "no password supplied")),
    ("tls", ("ssl", "tls", "certificate")),
    ("no such database", ('database "', "unknown database")),
    ("too many connections", ("too many",)),
    ("shutting down", ("shutting down", "starting up", "administrator command")),
    ("unreachable", ("refused", "unreachable", "no route", "could not translate", "name or service", "no such file")),
)


def postgresql_trouble(sqlstate: str | None) -> Trouble:
    """sqlstate: None when the error does not come from the server: then the connection is gone."""
    if sqlstate is None:
        return Trouble.LOST
    if sqlstate in _POSTGRESQL_RETRY:
        return Trouble.RETRY
    if sqlstate != "57014" and sqlstate.startswith(_POSTGRESQL_LOST):
        return Trouble.LOST
    return Trouble.REFUSED


def mysql_trouble(code: int) -> Trouble:
    """code: MySQL's number of an error; 0 when the driver has none (its connection is closed)."""
    if code in _MYSQL_RETRY:
        return Trouble.RETRY
    return Trouble.LOST if code in _MYSQL_LOST else Trouble.REFUSED


def trouble(error: Exception) -> Trouble:
    """What an error of SQLAlchemy, psycopg or PyMySQL means."""
    if isinstance(error, DBAPIError) and isinstance(error.orig, Exception):
        error = error.orig
    if isinstance(error, psycopg.Error):
        return postgresql_trouble(error.sqlstate)
    if isinstance(error, pymysql.err.Error):
        first = error.args[0] if error.args else 0
        return mysql_trouble(first if isinstance(first, int) else 0)
    return Trouble.LOST if isinstance(error, OSError) else Trouble.REFUSED


def said(error: Exception) -> str:
    """What the server or the driver said, in one line, without the statement and its values."""
    if isinstance(error, DBAPIError) and isinstance(error.orig, Exception):
        error = error.orig
    if isinstance(error, pymysql.err.Error) and len(error.args) > 1:
        return f"{error.args[1]} ({error.args[0]})"
    return " ".join(str(error).split()) or type(error).__name__


def kind_of(code: str, text: str) -> str:
    """The kind of an error, for status: "authentication", "read-only", "timeout", "unreachable" … or "connection lost".
    code: SQLSTATE or MySQL's number, "" when there is none."""
    if code in _KIND_BY_CODE:
        return _KIND_BY_CODE[code]
    small = text.lower()
    for kind, marks in _KIND_BY_TEXT:
        if any(mark in small for mark in marks):
            return kind
    return "unreachable" if code in _CONNECTING else "connection lost"


def code_of(error: Exception) -> str:
    """The SQLSTATE or MySQL's number of an error of a driver, "" when there is none."""
    if isinstance(error, DBAPIError) and isinstance(error.orig, Exception):
        error = error.orig
    if isinstance(error, psycopg.Error):
        return error.sqlstate or ""
    if isinstance(error, pymysql.err.Error) and error.args and isinstance(error.args[0], int):
        return str(error.args[0])
    return ""


@contextmanager
def translated(where: str) -> Iterator[None]:
    """BackendDown or DatabaseRefused instead of an error of a driver. where: the database, for the text."""
    try:
        yield
    except (SQLAlchemyError, psycopg.Error, pymysql.err.Error) as error:
        kind = DatabaseRefused if trouble(error) is Trouble.REFUSED else BackendDown
        raise kind(f"{where}: {said(error)}") from error
