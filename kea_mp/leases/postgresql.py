"""The link to PostgreSQL: prepared statements in libpq's pipeline mode, one round trip for a whole batch.

All statements between two synchronisation points are one implicit transaction, so the look-ups and the changes of a
batch travel together and are committed together, without BEGIN and COMMIT. The wire is driven here and not by
psycopg's cursors, because every wait has a deadline: a database that is silent must not hold the packets.

Runs in: connection
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterable, Sequence

import psycopg
from psycopg import pq

from kea_mp.config.model import SqlAccess
from kea_mp.errors import ConfigError
from kea_mp.leases.lease_kinds import LEASES4, Address, AnyLease, LeaseKind, Range
from kea_mp.leases.link import (
    SLICE_S,
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
from kea_mp.leases.patient import nothing
from kea_mp.leases.postgresql_rows import (
    Answer,
    columns_of,
    in_address,
    in_array,
    in_double,
    in_int,
    in_ints,
    leases4_of,
    leases6_of,
    number,
    rows_of,
)
from kea_mp.leases.sql_tables import LEASE6
from kea_mp.leases.statements import POSTGRESQL, POSTGRESQL_READ_ONLY, POSTGRESQL_TLS, VERSION
from kea_mp.sql.engine import postgresql_arguments, where
from kea_mp.sql.errors import code_of, kind_of, postgresql_trouble, said

_TEXT_FORMAT, _BINARY = 0, 1
_SLICE_MS = 1000 * SLICE_S
_NO_TABLE = "(42P01)"
_ROW_ERRORS = ("22", "23")  #: SQLSTATE classes: data exception, constraint violation
DEADLINE_S = 5  #: for an exchange, unless a shorter timeout is configured
PING_S = 2.0


class PostgresLink:
    """A Link to PostgreSQL. deadline_s: for one exchange."""

    last_time = 1 << 40

    def __init__(self, access: SqlAccess, kind: LeaseKind = LEASES4) -> None:
        self._access, self.kind = access, kind
        self._sql = POSTGRESQL[kind.table.name]
        self._leases = leases6_of if kind.table is LEASE6 else leases4_of
        # statement_timeout ends what the server still does, the deadline here what it does not even answer.
        self._deadline_s = min(access.tcp_user_timeout_s or DEADLINE_S, DEADLINE_S)
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None
        self._poll = select.poll()
        self._where = self.place = self.tls = ""
        self.meanwhile: Callable[[], None] = nothing

    # ---- Link -----------------------------------------------------------------------------------------------

    def connect(self) -> None:
        self.close()
        first_of(self._access.hosts, self.connect_to)

    def take(self, other: Link) -> None:
        assert isinstance(other, PostgresLink)
        self.close()
        self._connection, other._connection = other._connection, None
        self._poll, self._where, self.place, self.tls = other._poll, other._where, other.place, other.tls

    def connect_to(self, host: str, port: int) -> None:
        """Connect to one host and prepare everything there. Lost."""
        self.close()
        self._where, self.place, self.tls = where(self._access, host, port), f"{host}:{port}", ""
        try:
            arguments = postgresql_arguments(self._access, host, port)
            arguments.setdefault("tcp_user_timeout", int(1000 * self._deadline_s))
            self._connection = psycopg.connect(autocommit=True, **arguments)
            pgconn = self._connection.pgconn
            pgconn.nonblocking = 1
            pgconn.enter_pipeline_mode()
            self._poll = select.poll()
            self._poll.register(pgconn.socket)
            self._set_up(pgconn)
        except (psycopg.Error, ConfigError) as error:
            self.close()
            raise Lost(f"{self._where}: {said(error)}", kind_of(code_of(error), str(error))) from error
        except (LinkError, Mismatch):
            self.close()
            raise

    def _set_up(self, pgconn: pq.abc.PGconn) -> None:
        """Session settings and prepared statements in one round trip, then whether the server takes changes.

        Plans are made once, when the table may be empty: without the settings they would read all of it for ever.
        """
        milliseconds = int(1000 * self._deadline_s)
        settings = {
            "plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "enable_hashjoin": "off",
            "enable_mergejoin": "off", "enable_bitmapscan": "off", "jit": "off",
            # Later than we give up, who then do not run it again; it is for the server not to go on alone.
            "statement_timeout": milliseconds + 1000, "lock_timeout": milliseconds // 2,
        }  # fmt: skip
        for name, value in settings.items():
            pgconn.send_query_params(f"SET {name} = {value}".encode(), None)
        pgconn.send_query_params(POSTGRESQL_READ_ONLY.encode(), None, result_format=_TEXT_FORMAT)
        pgconn.send_query_params(POSTGRESQL_TLS.encode(), None, result_format=_TEXT_FORMAT)
        *_, read_only, encrypted = self._finish(pgconn, len(settings) + 2, self._deadline_s)
        self._require_changes(read_only)
        self.tls = (encrypted[0][0] or b"").decode() if encrypted else ""
        require_version(self.kind.family, self._access.type, self._version(pgconn), self._where)
        for name, text in self._sql.items():
            pgconn.send_prepare(name.encode(), text.encode())
        self._finish(pgconn, len(self._sql), self._deadline_s)

    def _version(self, pgconn: pq.abc.PGconn) -> tuple[int, ...] | None:
        pgconn.send_query_params(VERSION.encode(), None, result_format=_TEXT_FORMAT)
        try:
            rows = self._finish(pgconn, 1, self._deadline_s)[0]
        except LinkError as error:
            if _NO_TABLE not in str(error):
                raise
            return None
        return tuple(int(value or b"0") for value in rows[0]) if rows else None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def fileno(self) -> int:
        return self._connection.pgconn.socket if self._connection is not None else -1

    def exchange(self, work: Work) -> Done:
        table = self.kind.table
        calls: list[tuple[str, Sequence[bytes | None]]] = []
        for name, keys in work.looks.items():
            columns = table.looks[name].columns
            parts = [keys] if len(columns) == 1 else zip(*keys, strict=True)
            calls.append((name, [in_array(column, list(part)) for column, part in zip(columns, parts, strict=True)]))
        if work.addresses:
            calls.append(("by_address", (in_array(table.address, work.addresses),)))
        for bounds in work.searches:
            calls += self._search(bounds, work)
        if work.inserts:
            calls.append(("insert", columns_of(table.columns, work.inserts)))
        if work.updates:
            new, seen = [lease for lease, _ in work.updates], [seen for _, seen in work.updates]
            calls.append(("update", [*columns_of(table.columns, new), *columns_of(table.seen, seen)]))
        if work.removals:
            calls.append(("delete", columns_of((table.address, *table.seen), work.removals)))
        return self._done(work, iter(self._carry_out(calls)))

    def _search(self, bounds: Range, work: Work) -> list[tuple[str, Sequence[bytes | None]]]:
        low, high = (in_address(self.kind.address(number)) for number in bounds)
        values = [low, high, in_double(work.now), in_int(work.pieces)]
        if self.kind.table is LEASE6:
            length = self.kind.length(bounds[0])
            others = (1 << 128 - length) - 1
            values += [in_address((part).to_bytes(16, "big")) for part in ((1 << 128) - 1 - others, others)]
        return [("first", (low, high)), ("gaps", values)]

    def ended(self, now: int, limit: int) -> list[AnyLease]:
        return self._leases(self._carry_out([("ended", (in_double(now), in_int(limit)))])[0])

    def flush(self, before: int, limit: int) -> int:
        return len(self._carry_out([("flush", (in_double(before), in_int(limit)))])[0])

    def counts(self) -> list[Count]:
        return [tuple(map(number, row)) for row in self._carry_out([("stat", ())])[0]]

    def counts_of(self, first: int, last: int) -> list[Count]:
        rows = self._carry_out([("counts", (in_int(first), in_int(last)))])[0]
        return [tuple(map(number, row)) for row in rows]

    def page(self, after: Address, limit: int) -> list[AnyLease]:
        return self._leases(self._carry_out([("page", (in_address(after), in_int(limit)))])[0])

    def behind(self, after: Address, count: int) -> Address | None:
        rows = self._carry_out([("behind", (in_address(after), in_int(count)))])[0]
        return self._address_in(rows[0][0]) if rows else None

    def page_of(self, subnets: Sequence[int], after: Address, last: Address, limit: int) -> list[AnyLease]:
        values = (in_address(after), in_address(last), in_ints(subnets), in_int(limit))
        return self._leases(self._carry_out([("page_of", values)])[0])

    def ping(self) -> None:
        self._require_changes(self._carry_out([("read_only", ())], PING_S)[0])

    def _require_changes(self, read_only: Answer) -> None:
        if read_only[0][0] != b"off":
            raise Lost(f"{self._where} takes no changes: it is a standby or read-only", "read-only")

    # ---- results --------------------------------------------------------------------------------------------

    def _done(self, work: Work, answers: Iterable[Answer]) -> Done:
        answer = iter(answers)
        done = Done()
        for name in work.looks:
            done.looks[name] = self._leases(next(answer))
        if work.addresses:
            done.by_address = self._leases(next(answer))
        for bounds in work.searches:
            done.searches.append(self._found(bounds, next(answer), next(answer), work.pieces))
        for changes in (work.inserts, work.updates, work.removals):
            if changes:
                done.written.update(self._address_in(row[0]) for row in next(answer))
        return done

    def _found(self, bounds: Range, first: Answer, gaps: Answer, limit: int) -> Search:
        lowest = first[0][0]
        rows = [
            (lease, row[-2] == b"\x01", self._address_in(row[-1]) if row[-1] is not None else None)
            for lease, row in zip(self._leases(gaps), gaps, strict=True)
        ]
        first_row = self._address_in(lowest) if lowest is not None else None
        return search_of(self.kind, bounds, first_row, rows, limit)

    def _address_in(self, value: bytes | None) -> Address:
        assert value is not None
        return value[4:] if self.kind.table is LEASE6 else number(value)

    # ---- the wire -------------------------------------------------------------------------------------------

    def _carry_out(self, calls: Sequence[tuple[str, Sequence[bytes | None]]], deadline_s: float = 0) -> list[Answer]:
        """Send these statements as one transaction, and the rows that each returned. The first error is raised when
        everything that belongs to them has been read, so that the connection can be used on."""
        if self._connection is None:
            raise Lost("there is no connection")
        pgconn = self._connection.pgconn
        try:
            for name, values in calls:
                pgconn.send_query_prepared(name.encode(), values, [_BINARY] * len(values), _BINARY)
            return self._finish(pgconn, len(calls), deadline_s or self._deadline_s)
        except psycopg.Error as error:  # libpq itself: the connection is gone
            raise Lost(f"{self._where}: {said(error)}", "connection lost") from error

    def _finish(self, pgconn: pq.abc.PGconn, count: int, deadline_s: float) -> list[Answer]:
        """End the transaction of the statements that were sent, and their rows."""
        deadline = time.monotonic() + deadline_s
        pgconn.pipeline_sync()
        while pgconn.flush():
            self._wait(select.POLLIN | select.POLLOUT, deadline)
            pgconn.consume_input()
        return self._read(pgconn, count, deadline)

    def _read(self, pgconn: pq.abc.PGconn, count: int, deadline: float) -> list[Answer]:
        answers: list[Answer] = []
        problem: LinkError | None = None
        while True:
            while pgconn.is_busy():
                self._wait(select.POLLIN, deadline)
                pgconn.consume_input()
            result = pgconn.get_result()
            if result is None:
                if pgconn.status != pq.ConnStatus.OK:
                    raise Lost(f"{self._where}: the server closed the connection", "connection lost")
                continue
            match result.status:
                case pq.ExecStatus.PIPELINE_SYNC:
                    break
                case pq.ExecStatus.TUPLES_OK | pq.ExecStatus.COMMAND_OK:
                    answers.append(rows_of(result))
                case pq.ExecStatus.PIPELINE_ABORTED:
                    pass
                case _:
                    problem = problem or self._problem(result)
        if problem is not None:
            raise problem
        if len(answers) != count:
            raise Lost(f"{count} statements were answered {len(answers)} times")
        return answers

    def _wait(self, events: int, deadline: float) -> None:
        assert self._connection is not None
        self._poll.modify(self._connection.pgconn.socket, events)
        # Looked at before the clock: it may be us who was stopped, and the answer is there.
        while not self._poll.poll(_SLICE_MS):
            if time.monotonic() >= deadline:
                raise Silent(f"{self._where} does not answer in time", "timeout")
            self.meanwhile()

    def _problem(self, result: pq.abc.PGresult) -> LinkError:
        """What an error of the server means."""
        state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
        text = (result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"").decode(errors="replace")
        said_by_server = f"{self._where}: {text} ({state})"
        return link_error(postgresql_trouble(state), state[:2] in _ROW_ERRORS, said_by_server, state)
