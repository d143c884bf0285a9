"""The link to MySQL and MariaDB: a whole batch as one multi-statement query, one round trip.

The changes stand between START TRANSACTION and COMMIT in the same query. Inserts go as one statement, which fails
when somebody was faster at any of its addresses; then, and only then, they are repeated one by one, so that the
affected rows tell which of them held. Updates and removals are one statement each and tell by the same number.

Runs in: connection
"""

from __future__ import annotations

import io
import logging
import ssl
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pymysql
import pymysql.cursors
from pymysql.connections import Connection
from pymysql.constants import CLIENT

from kea_mp.config.model import SqlAccess
from kea_mp.errors import ConfigError
from kea_mp.leases.link import (
    Collision,
    Count,
    Done,
    Link,
    LinkError,
    Lost,
    Mismatch,
    Search,
    Silent,
    Work,
    first_of,
    link_error,
    require_version,
    search_of,
)
from kea_mp.leases.model import Lease4
from kea_mp.leases.patient import BUFFER, PatientReader, nothing
from kea_mp.leases.statements import MYSQL as SQL
from kea_mp.leases.statements import MYSQL_READ_ONLY, MYSQL_SETTERS, STAT, VERSION
from kea_mp.sql.engine import in_clear, mysql_arguments, where
from kea_mp.sql.errors import Trouble, code_of, kind_of, mysql_trouble, said
from kea_mp.values import INFINITY

logger = logging.getLogger("kea-dhcp4.dhcpsrv")

LAST_TIME = 2**31 - 1  #: of a TIMESTAMP column
DEADLINE_S = 5  #: when no timeout is configured
LOCK_WAIT_S = 3  #: for a row that another server is changing
PING_S = 2
_DUPLICATE = 1062
_NO_TLS = 2026
_NO_TABLE = "(1146)"
_ROW_ERRORS = (1048, 1264, 1366, 1406, 3140, 4025)  #: NULL, out of range, bad text, too long, no JSON, constraint

Rows = tuple[tuple[Any, ...], ...]


class Taken(Collision):
    """There is a row where one was to be inserted."""


class MysqlLink:
    """A Link to MySQL or MariaDB."""

    last_time = LAST_TIME

    def __init__(self, access: SqlAccess) -> None:
        self._access = access
        self._deadline_s = access.read_timeout_s or DEADLINE_S
        self._connection: Connection[Any] | None = None
        self._reader: PatientReader | None = None
        self._where = self.place = self.tls = ""
        self._meanwhile: Callable[[], None] = nothing

    @property
    def meanwhile(self) -> Callable[[], None]:
        return self._meanwhile

    @meanwhile.setter
    def meanwhile(self, meanwhile: Callable[[], None]) -> None:
        self._meanwhile = meanwhile
        if self._reader is not None:
            self._reader.meanwhile = meanwhile

    # ---- Link -----------------------------------------------------------------------------------------------

    def connect(self) -> None:
        self.close()
        first_of(self._access.hosts, self.connect_to)

    def take(self, other: Link) -> None:
        assert isinstance(other, MysqlLink)
        self.close()
        self._connection, other._connection = other._connection, None
        self._reader, self._where, self.place, self.tls = other._reader, other._where, other.place, other.tls
        self.meanwhile = self._meanwhile

    def connect_to(self, host: str, port: int) -> None:
        """Connect to one host and make the session's settings. Lost."""
        self.close()
        self._where, self.place, self.tls = where(self._access, host, port), f"{host}:{port}", ""
        try:
            self._connection = self._session(host, port)
            self._read_patiently(self._connection)
            self._set_up()
        except (pymysql.err.Error, OSError, ConfigError) as error:
            self.close()
            raise Lost(f"{self._where}: {said(error)}", kind_of(code_of(error), str(error))) from error
        except (LinkError, Mismatch):
            self.close()
            raise

    def _session(self, host: str, port: int) -> Connection[Any]:
        """In clear only when no encryption was asked for, or when a server without it is allowed."""
        try:
            return self._connected(mysql_arguments(self._access, host, port))
        except pymysql.err.OperationalError as error:
            if error.args[0] != _NO_TLS:
                raise
            allowed = self._access.allow_clear_text
            logger.error(
                "MYSQL_LB_NO_TLS TLS was required but is not used: %s has none; %s", self._where,
                "kea-mp.allow-clear-text says to go on" if allowed else "the connection is refused",
            )  # fmt: skip
            if not allowed:
                raise
            return self._connected(mysql_arguments(in_clear(self._access), host, port) | {"ssl_disabled": True})

    def _connected(self, arguments: dict[str, Any]) -> Connection[Any]:
        limits = {"read_timeout": self._deadline_s, "write_timeout": self._access.write_timeout_s or DEADLINE_S}
        return pymysql.connect(**arguments | limits, client_flag=CLIENT.MULTI_STATEMENTS | CLIENT.FOUND_ROWS)

    def _read_patiently(self, connection: Connection[Any]) -> None:
        """Have PyMySQL read through our reader. There is nothing in the old one's buffer: nothing was asked yet."""
        own = connection._sock  # type: ignore[attr-defined]
        self.tls = (own.version() or "") if isinstance(own, ssl.SSLSocket) else ""
        self._reader = PatientReader(own)
        self._reader.meanwhile = self._meanwhile
        connection._rfile.close()  # type: ignore[attr-defined]
        connection._rfile = io.BufferedReader(self._reader, BUFFER)  # type: ignore[attr-defined]

    def _set_up(self) -> None:
        answers = self._carry_out(
            [
                # The column `expire` is stored in UTC and shown in the session's time zone: UTC has no gaps.
                "SET SESSION time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES', autocommit = 1, "
                f"innodb_lock_wait_timeout = {LOCK_WAIT_S}",
                "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
                "SELECT @@global.read_only, @@global.innodb_read_only",
            ]
        )
        self._require_changes(answers[-1][0])
        require_version(self._access.type, self._version(), self._where)

    def _version(self) -> tuple[int, ...] | None:
        try:
            rows = self._carry_out([VERSION])[0][0]
        except LinkError as error:
            if _NO_TABLE not in str(error):
                raise
            return None
        return tuple(int(value or 0) for value in rows[0]) if rows else None

    def close(self) -> None:
        if self._connection is not None:
            # Without the farewell of `close`, which may wait for a server that is not there.
            self._connection._force_close()  # type: ignore[attr-defined]
            self._connection = self._reader = None

    def fileno(self) -> int:
        if self._connection is None or self._connection._sock is None:  # type: ignore[attr-defined]
            return -1
        number: int = self._connection._sock.fileno()  # type: ignore[attr-defined]
        return number

    def exchange(self, work: Work) -> Done:
        try:
            return self._exchange(work, one_by_one=len(work.inserts) == 1)
        except Taken:
            return self._exchange(work, one_by_one=True)

    def ended(self, now: int, limit: int) -> list[Lease4]:
        return _leases(self._carry_out([SQL["ended"] % (_time(now), limit)])[0][0])

    def flush(self, before: int, limit: int) -> int:
        return self._carry_out([SQL["flush"] % (_time(before), limit)])[0][1]

    def counts(self) -> list[Count]:
        return [(int(a), int(b), int(c), int(d)) for a, b, c, d in self._carry_out([STAT])[0][0]]

    def counts_of(self, first: int, last: int) -> list[tuple[int, int, int]]:
        rows = self._carry_out([SQL["counts"] % (first, last)])[0][0]
        return [(int(a), int(b), int(c)) for a, b, c in rows]

    def named(self, hostname: str) -> list[Lease4]:
        return _leases(self._carry_out([SQL["by_name"] % _text(hostname)])[0][0])

    def page(self, after: int, limit: int) -> list[Lease4]:
        return _leases(self._carry_out([SQL["page"] % (after, limit)])[0][0])

    def ping(self) -> None:
        self._require_changes(self._carry_out([MYSQL_READ_ONLY], PING_S)[0][0])

    def _require_changes(self, read_only: Rows) -> None:
        if any(int(value) for value in read_only[0]):
            raise Lost(f"{self._where} takes no changes: it is read-only", "read-only")

    # ---- the batch ------------------------------------------------------------------------------------------

    def _exchange(self, work: Work, one_by_one: bool) -> Done:
        statements = list(_reads(work))
        if work.changes:
            writes, addresses = _writes(work, one_by_one)
            statements += ["START TRANSACTION", *writes, "COMMIT"]
        if not statements:
            return Done()
        answers = iter(self._carry_out(statements))
        done = Done()
        if work.hws:
            done.by_hw = _leases(next(answers)[0])
        if work.client_ids:
            done.by_client = _leases(next(answers)[0])
        if work.addresses:
            done.by_address = _leases(next(answers)[0])
        for bounds in work.searches:
            first, gaps, ends = (next(answers)[0] for _ in range(3))
            done.searches.append(_search(bounds, first, gaps, ends, work.pieces))
        if work.changes:
            next(answers)
            for some in addresses:
                if next(answers)[1]:
                    done.written.update(some)
        return done

    # ---- the wire -------------------------------------------------------------------------------------------

    def _carry_out(self, statements: Sequence[str], deadline_s: float = 0) -> list[tuple[Rows, int]]:
        """(rows, affected rows) of each of these statements, sent at once."""
        if self._connection is None or self._reader is None:
            raise Lost("there is no connection")
        self._reader.deadline = time.monotonic() + (deadline_s or self._deadline_s)
        answers: list[tuple[Rows, int]] = []
        try:
            cursor = self._connection.cursor(pymysql.cursors.Cursor)
            cursor.execute(";".join(statements))
            answers.append((cursor.fetchall(), cursor.rowcount))
            while cursor.nextset():
                answers.append((cursor.fetchall(), cursor.rowcount))
        except pymysql.err.Error as error:
            raise self._problem(error) from error
        except (OSError, UnicodeError) as error:
            raise Lost(f"{type(error).__name__}: {error}") from error
        if len(answers) != len(statements):
            raise Lost(f"{len(statements)} statements were answered {len(answers)} times")
        return answers

    def _problem(self, error: pymysql.err.Error) -> LinkError:
        """What an error means; a transaction that was begun is ended."""
        code = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        text = f"{self._where}: {said(error)}"
        trouble = mysql_trouble(code)
        if trouble is Trouble.LOST or self._connection is None:
            # PyMySQL has the same number (2013) for a connection that was closed and one that is silent.
            return Silent(text, "timeout") if "timed out" in text else Lost(text, kind_of(str(code), text))
        try:
            self._connection.rollback()
        except (pymysql.err.Error, OSError) as second:
            return Lost(f"{text}; then {second}")
        if code == _DUPLICATE:
            return Taken(text)
        about_a_row = isinstance(error, pymysql.err.DataError | pymysql.err.IntegrityError) or code in _ROW_ERRORS
        return link_error(trouble, about_a_row, text, str(code))


def _reads(work: Work) -> Iterable[str]:
    if work.hws:
        yield SQL["by_hw"] % ",".join(map(_bytes, work.hws))
    if work.client_ids:
        yield SQL["by_client"] % ",".join(map(_bytes, work.client_ids))
    if work.addresses:
        yield SQL["by_address"] % ",".join(map(str, work.addresses))
    now = _time(work.now)
    for low, high in work.searches:
        yield SQL["first"] % (low, high)
        yield SQL["gaps"] % (now, low, high, now, high, work.pieces)
        yield SQL["ends"] % (low, high, work.pieces + 1)


def _writes(work: Work, one_by_one: bool) -> tuple[list[str], list[list[int]]]:
    """The changes, and the addresses that each statement changes when it affects anything."""
    statements: list[str] = []
    addresses: list[list[int]] = []
    if work.inserts and not one_by_one:
        statements.append(SQL["insert"] % ",".join(f"({','.join(_values(lease))})" for lease in work.inserts))
        addresses.append([lease.address for lease in work.inserts])
    elif work.inserts:
        for lease in work.inserts:
            statements.append(SQL["insert_one"] % (",".join(_values(lease)), lease.address))
            addresses.append([lease.address])
    for new, seen in work.updates:
        setters = ",".join(f"{name}={value}" for name, value in zip(MYSQL_SETTERS, _values(new)[1:], strict=True))
        statements.append(SQL["update"] % (setters, _unchanged(seen)))
        addresses.append([new.address])
    for seen in work.removals:
        statements.append(SQL["delete"] % _unchanged(seen))
        addresses.append([seen.address])
    return statements, addresses


# ---- values -------------------------------------------------------------------------------------------------


def _time(seconds: int) -> int:
    """A moment that FROM_UNIXTIME takes."""
    return max(0, min(seconds, LAST_TIME))


def _bytes(value: bytes) -> str:
    return f"X'{value.hex()}'"


def _text(value: str) -> str:
    """In hexadecimal, so that no session setting changes how it is read."""
    return f"_utf8mb4 X'{value.encode().hex()}'" if value else "''"


def _end(lease: Lease4) -> int:
    """The column `expire`: that of an unlimited lease is its beginning, as Kea has it."""
    return lease.cltt if lease.valid_lft == INFINITY else lease.cltt + lease.valid_lft


def _values(lease: Lease4) -> list[str]:
    """The columns of a lease, empty and NULL as Kea writes them."""
    return [
        str(lease.address),
        _bytes(lease.hw[1:]) if lease.hw else "NULL",
        _bytes(lease.client_id) if lease.client_id else "NULL",
        str(lease.valid_lft),
        f"FROM_UNIXTIME({_end(lease)})",
        str(lease.subnet_id),
        "1" if lease.fqdn_fwd else "0",
        "1" if lease.fqdn_rev else "0",
        _text(lease.hostname),
        str(lease.state),
        _text(lease.user_context) if lease.user_context else "NULL",
        _bytes(lease.relay_id) if lease.relay_id else "NULL",
        _bytes(lease.remote_id) if lease.remote_id else "NULL",
        str(lease.pool_id),
    ]


def _unchanged(seen: Lease4) -> str:
    return SQL["unchanged"] % (
        seen.address, _end(seen), seen.valid_lft, seen.state, seen.subnet_id, seen.hw[1:].hex(), seen.client_id.hex(),
    )  # fmt: skip


def _leases(rows: Rows) -> list[Lease4]:
    return [_lease(row) for row in rows]


def _lease(row: tuple[Any, ...]) -> Lease4:
    (address, hw, client_id, lifetime, expire, subnet, forward, reverse, hostname, state, context, relay, remote,
     pool) = row[:14]  # fmt: skip
    valid = int(lifetime or 0)
    return Lease4(
        address,
        b"\x01" + hw if hw else b"",
        client_id or b"",
        valid,
        int(expire or 0) - (valid if valid != INFINITY else 0),
        subnet or 0,
        bool(forward),
        bool(reverse),
        hostname or "",
        state or 0,
        context or "",
        pool,
        relay or b"",
        remote or b"",
    )


def _search(bounds: tuple[int, int], first: Rows, gaps: Rows, ends: Rows, limit: int) -> Search:
    """ends: addresses behind a gap, in order: the first of them above an address ends the gap that begins there."""
    after = [int(row[0]) for row in ends]
    rows = []
    for row in gaps:
        lease, place = _lease(row), bisect_right(after, row[0])
        behind = after[place] if place < len(after) else bounds[1] + 1
        rows.append((lease, bool(row[14]), behind if row[15] else lease.address + 1))
    return search_of(bounds, first[0][0], rows, limit)
