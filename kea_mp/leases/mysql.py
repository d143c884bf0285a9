"""The link to MySQL and MariaDB: a whole batch as one multi-statement query, one round trip.

The changes stand between START TRANSACTION and COMMIT in the same query. Inserts go as one statement, which fails
when somebody was faster at any of its addresses; then, and only then, they are repeated one by one, so that the
affected rows tell which of them held. How updates and removals go, see `mysql_batch`.

Runs in: connection
"""

from __future__ import annotations

import io
import logging
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Any

import pymysql
import pymysql.cursors
from pymysql.connections import Connection
from pymysql.constants import CLIENT

from kea_mp.config.model import SqlAccess
from kea_mp.errors import ConfigError
from kea_mp.leases.lease_kinds import LEASES4, Address, AnyLease, LeaseKind
from kea_mp.leases.link import (
    Collision,
    Count,
    Done,
    Link,
    LinkError,
    Lost,
    Mismatch,
    Silent,
    Work,
    first_of,
    link_error,
    require_version,
)
from kea_mp.leases.mysql_batch import Changes, reads
from kea_mp.leases.mysql_rows import LAST_TIME, Rows, found_in, in_address, leases4_of, leases6_of, moment
from kea_mp.leases.patient import BUFFER, PatientReader, nothing
from kea_mp.leases.sql_tables import LEASE6
from kea_mp.leases.statements import MYSQL, MYSQL_JSON_TABLE, MYSQL_READ_ONLY, VERSION
from kea_mp.sql.engine import in_clear, mysql_arguments, where
from kea_mp.sql.errors import Trouble, code_of, kind_of, mysql_trouble, said

DEADLINE_S = 5  #: when no timeout is configured
LOCK_WAIT_S = 3  #: for a row that another server is changing
PING_S = 2
_DUPLICATE = 1062
_NO_TLS = 2026
_NO_TABLE, _SYNTAX = "(1146)", "(1064)"
_ROW_ERRORS = (1048, 1264, 1366, 1406, 3140, 4025)  #: NULL, out of range, bad text, too long, no JSON, constraint


class Taken(Collision):
    """There is a row where one was to be inserted."""


class MysqlLink:
    """A Link to MySQL or MariaDB."""

    last_time = LAST_TIME

    def __init__(self, access: SqlAccess, kind: LeaseKind = LEASES4) -> None:
        self._access, self.kind = access, kind
        self._sql = MYSQL[kind.table.name]
        self._leases = leases6_of if kind.table is LEASE6 else leases4_of
        self._deadline_s = access.read_timeout_s or DEADLINE_S
        self._connection: Connection[Any] | None = None
        self._reader: PatientReader | None = None
        self._where = self.place = self.tls = ""
        self._has_json_table = False
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
        self._has_json_table = other._has_json_table
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
            logging.getLogger(self.kind.family.logger("dhcpsrv")).error(
                "MYSQL_LB_NO_TLS TLS was required but is not used: %s has none; %s", self._where,
                "kea-mp.allow-clear-text says to go on" if allowed else "the connection is refused",
            )  # fmt: skip
            if not allowed:
                raise
            return self._connected(mysql_arguments(in_clear(self._access), host, port))

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
        require_version(self.kind.family, self._access.type, self._version(), self._where)
        self._has_json_table = self._understands(MYSQL_JSON_TABLE)

    def _version(self) -> tuple[int, ...] | None:
        try:
            rows = self._carry_out([VERSION])[0][0]
        except LinkError as error:
            if _NO_TABLE not in str(error):
                raise
            return None
        return tuple(int(value or 0) for value in rows[0]) if rows else None

    def _understands(self, statement: str) -> bool:
        try:
            self._carry_out([statement])
        except LinkError as error:
            if _SYNTAX not in str(error):
                raise
            return False
        return True

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

    def ended(self, now: int, limit: int) -> list[AnyLease]:
        return self._leases(self._rows(self._sql["ended"] % (moment(now), limit)))

    def flush(self, before: int, limit: int) -> int:
        return self._carry_out([self._sql["flush"] % (moment(before), limit)])[0][1]

    def counts(self) -> list[Count]:
        return [tuple(map(int, row)) for row in self._rows(self._sql["stat"])]

    def counts_of(self, first: int, last: int) -> list[Count]:
        return [tuple(map(int, row)) for row in self._rows(self._sql["counts"] % (first, last))]

    def page(self, after: Address, limit: int) -> list[AnyLease]:
        return self._leases(self._rows(self._sql["page"] % (in_address(after), limit)))

    def behind(self, after: Address, count: int) -> Address | None:
        rows = self._rows(self._sql["behind"] % (in_address(after), count))
        return rows[0][0] if rows else None

    def page_of(self, subnets: Sequence[int], after: Address, last: Address, limit: int) -> list[AnyLease]:
        ids = ", ".join(map(str, subnets))
        return self._leases(self._rows(self._sql["page_of"] % (in_address(after), in_address(last), ids, limit)))

    def ping(self) -> None:
        self._require_changes(self._carry_out([MYSQL_READ_ONLY], PING_S)[0][0])

    def _require_changes(self, read_only: Rows) -> None:
        if any(int(value) for value in read_only[0]):
            raise Lost(f"{self._where} takes no changes: it is read-only", "read-only")

    # ---- the batch ------------------------------------------------------------------------------------------

    def _exchange(self, work: Work, one_by_one: bool) -> Done:
        statements = list(reads(self.kind, work))
        changes = Changes(self.kind.table, work, one_by_one, self._has_json_table)
        if work.changes:
            statements += ["START TRANSACTION", *changes.statements, "COMMIT"]
        if not statements:
            return Done()
        answers = iter(self._carry_out(statements))
        done = Done()
        for name in work.looks:
            done.looks[name] = self._leases(next(answers)[0])
        if work.addresses:
            done.by_address = self._leases(next(answers)[0])
        for bounds in work.searches:
            found = next(answers)[0], next(answers)[0], next(answers)[0]
            done.searches.append(found_in(self.kind, bounds, self._leases(found[1]), found, work.pieces))
        if work.changes:
            next(answers)
            done.written = changes.written(answers)
        return done

    # ---- the wire -------------------------------------------------------------------------------------------

    def _rows(self, statement: str) -> Rows:
        return self._carry_out([statement])[0][0]

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
