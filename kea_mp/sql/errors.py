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


# Connection (08), read-only (25006), resources (53), operator (57; not 57014, a cancelled statement), system (58).
_POSTGRESQL_LOST = ("08", "25006", "53", "57", "58")
_POSTGRESQL_RETRY = ("40001", "40P01", "55P03")
# Cannot connect, gone, lost; too many connections, Galera not ready, shutting down, read-only, idle kill.
_MYSQL_LOST = frozenset({2002, 2003, 2006, 2013, 2055, 1040, 1047, 1053, 1129, 1152, 1184, 1290, 1836, 1927, 4031, 0})
_MYSQL_RETRY = frozenset({1205, 1213, 1020})


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


@contextmanager
def translated(where: str) -> Iterator[None]:
    """BackendDown or DatabaseRefused instead of an error of a driver. where: the database, for the text."""
    try:
        yield
    except (SQLAlchemyError, psycopg.Error, pymysql.err.Error) as error:
        kind = DatabaseRefused if trouble(error) is Trouble.REFUSED else BackendDown
        raise kind(f"{where}: {said(error)}") from error
