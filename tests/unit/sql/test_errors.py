"""What an error of a driver means."""

from __future__ import annotations

import psycopg
import pymysql
import pytest
from psycopg import errors
from sqlalchemy.exc import OperationalError

from kea_mp.errors import BackendDown
from kea_mp.sql.errors import (
    DatabaseRefused,
    Trouble,
    kind_of,
    mysql_trouble,
    postgresql_trouble,
    said,
    translated,
    trouble,
)


@pytest.mark.parametrize(
    ("sqlstate", "meaning"),
    [
        (None, Trouble.LOST),
        ("08006", Trouble.LOST),
        ("25006", Trouble.LOST),  # read-only
        ("53300", Trouble.LOST),  # too many connections
        ("57P01", Trouble.LOST),  # shutting down
        ("57014", Trouble.REFUSED),  # a cancelled statement
        ("58030", Trouble.LOST),
        ("40001", Trouble.RETRY),
        ("40P01", Trouble.RETRY),
        ("23505", Trouble.REFUSED),
        ("42601", Trouble.REFUSED),
    ],
)
def test_sqlstates(sqlstate: str | None, meaning: Trouble) -> None:
    assert postgresql_trouble(sqlstate) is meaning


@pytest.mark.parametrize(
    ("code", "meaning"),
    [*((code, Trouble.LOST) for code in (0, 1040, 1047, 1053, 1290, 1836, 2002, 2003, 2006, 2013, 4031)),
     (1213, Trouble.RETRY), (1205, Trouble.RETRY), (1062, Trouble.REFUSED), (1146, Trouble.REFUSED)],
)  # fmt: skip
def test_mysql_s_numbers(code: int, meaning: Trouble) -> None:
    assert mysql_trouble(code) is meaning


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        ("28P01", "whatever", "authentication"),
        ("1045", "whatever", "authentication"),
        ("25006", "cannot execute INSERT in a read-only transaction", "read-only"),
        ("1290", "running with the --read-only option", "read-only"),
        ("53300", "sorry, too many clients already", "too many connections"),
        ("1047", "WSREP has not yet prepared node", "node not ready"),
        ("2026", "SSL is required", "tls"),
        ("", "connection timeout expired", "timeout"),
        ("2003", "Can't connect to MySQL server on 'db' (timed out)", "timeout"),
        ("2003", "Can't connect to MySQL server on 'db' (certificate verify failed)", "tls"),
        ("2003", "Can't connect to MySQL server on 'db' ([Errno 111] Connection refused)", "unreachable"),
        ("", 'FATAL: password authentication failed for user "kea"', "authentication"),
        ("", 'FATAL: database "kea" does not exist', "no such database"),
        ("", "server certificate for x does not match host name", "tls"),
        ("", "server closed the connection unexpectedly", "connection lost"),
    ],
)
def test_the_kind_of_an_error_is_told_in_a_word_or_two(code: str, text: str, kind: str) -> None:
    assert kind_of(code, text) == kind


def test_errors_are_seen_through_sqlalchemy() -> None:
    inner = pymysql.err.OperationalError(1213, "Deadlock found")
    outer = OperationalError("UPDATE secret", {"value": "secret"}, inner)
    assert trouble(outer) is Trouble.RETRY
    assert said(outer) == "Deadlock found (1213)"
    assert trouble(errors.SerializationFailure("x")) is Trouble.RETRY
    assert trouble(psycopg.OperationalError("connection refused")) is Trouble.LOST
    assert trouble(pymysql.err.InterfaceError()) is Trouble.LOST
    assert trouble(ConnectionResetError("reset")) is Trouble.LOST


def test_errors_name_the_database() -> None:
    with pytest.raises(BackendDown, match="kea at db: gone away"), translated("kea at db"):
        raise pymysql.err.OperationalError(2006, "gone away")
    with pytest.raises(DatabaseRefused, match="kea at db: no such table"), translated("kea at db"):
        raise pymysql.err.ProgrammingError(1146, "no such table")
    with pytest.raises(ZeroDivisionError), translated("kea at db"):
        raise ZeroDivisionError
