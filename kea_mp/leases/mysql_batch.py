"""A batch as SQL for MySQL: what it reads, what it changes, and how the server's answers tell which changes held.

A statement per update costs 100 µs and more, most of it for opening the tables that the triggers write to. So updates
(and removals) are one statement that is joined with their rows, which come as JSON: what they are to find, then the
columns that any of them changes. A SELECT … FOR UPDATE before it says which rows are as they were seen, and they stay
so until the commit. A server without JSON_TABLE (before MariaDB 10.6, MySQL 8.0.4) and batches that are hardly any get
a statement for each row, whose number of affected rows tells the same.

Runs in: connection
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter, ne
from typing import Any

from kea_mp.leases.link import Work
from kea_mp.leases.model import Lease4
from kea_mp.leases.mysql_rows import Rows, end_of, in_bytes, moment, unchanged, values_of
from kea_mp.leases.statements import MYSQL as SQL
from kea_mp.leases.statements import MYSQL_SETTERS

_BYTES = "NULLIF(UNHEX(t.{}), '')"
TABLE_FROM = 5  #: so many updates, or removals, are cheaper as one statement


@dataclass(frozen=True, slots=True)
class Column:
    """A column that an update may change. fields: of the lease, those it is made of; kind: in the table of JSON, where
    bytes are in hexadecimal; as_sql: its value made of that."""

    name: str
    fields: tuple[str, ...]
    kind: str
    as_sql: str = "t.{}"

    def differs(self, updates: Sequence[tuple[Lease4, Lease4]]) -> bool:
        get = attrgetter(*self.fields)
        return any(map(ne, map(get, (new for new, _ in updates)), map(get, (seen for _, seen in updates))))

    def values(self, leases: Iterable[Lease4]) -> list[object]:
        if self.name == "expire":
            return [end_of(lease) for lease in leases]
        found: Iterable[Any] = map(attrgetter(*self.fields), leases)
        if self.name == "hwaddr":
            return [value[1:].hex() for value in found]
        if self.as_sql == _BYTES:
            return [value.hex() for value in found]
        return [int(value) if value is True or value is False else value for value in found]


COLUMNS4 = (
    Column("hwaddr", ("hw",), "VARCHAR(40)", _BYTES),
    Column("client_id", ("client_id",), "VARCHAR(510)", _BYTES),
    Column("valid_lifetime", ("valid_lft",), "INT UNSIGNED"),
    Column("expire", ("cltt", "valid_lft"), "BIGINT", "FROM_UNIXTIME(t.{})"),
    Column("subnet_id", ("subnet_id",), "INT UNSIGNED"),
    Column("fqdn_fwd", ("fqdn_fwd",), "BOOL"),
    Column("fqdn_rev", ("fqdn_rev",), "BOOL"),
    Column("hostname", ("hostname",), "VARCHAR(255)"),
    Column("state", ("state",), "INT UNSIGNED"),
    Column("user_context", ("user_context",), "LONGTEXT", "NULLIF(t.{}, '')"),
    Column("relay_id", ("relay_id",), "VARCHAR(510)", _BYTES),
    Column("remote_id", ("remote_id",), "VARCHAR(510)", _BYTES),
    Column("pool_id", ("pool_id",), "INT UNSIGNED"),
)


def reads(work: Work) -> Iterable[str]:
    """The look-ups and searches, in the order in which `Done` is filled."""
    if work.hws:
        yield SQL["by_hw"] % ",".join(map(in_bytes, work.hws))
    if work.client_ids:
        yield SQL["by_client"] % ",".join(map(in_bytes, work.client_ids))
    if work.addresses:
        yield SQL["by_address"] % ",".join(map(str, work.addresses))
    now = moment(work.now)
    for low, high in work.searches:
        yield SQL["first"] % (low, high)
        yield SQL["gaps"] % (now, low, high, now, high, work.pieces)
        yield SQL["ends"] % (low, high, work.pieces + 1)


class Changes:
    """The statements of a batch's changes, between the beginning and the end of its transaction."""

    def __init__(self, work: Work, one_by_one: bool, has_json_table: bool) -> None:
        """one_by_one: of inserts, so that one that meets a row does not undo the others."""
        self.statements: list[str] = []
        self._told: list[list[int] | None] = []  #: addresses by affected rows; None: the answer's rows are addresses
        self._insert(work.inserts, one_by_one)
        if has_json_table and len(work.updates) >= TABLE_FROM:
            self._update_all(work.updates)
        else:
            for new, seen in work.updates:
                pairs = zip(MYSQL_SETTERS, values_of(new)[1:], strict=True)
                setters = ",".join(f"{name}={value}" for name, value in pairs)
                self._add(SQL["update"] % (setters, unchanged(seen)), [new.address])
        if has_json_table and len(work.removals) >= TABLE_FROM:
            table = self._table(work.removals, (), ())
            self._add(SQL["delete_all"] % table, [])
        else:
            for seen in work.removals:
                self._add(SQL["delete"] % unchanged(seen), [seen.address])

    def _add(self, statement: str, told: list[int] | None) -> None:
        self.statements.append(statement)
        self._told.append(told)

    def _insert(self, inserts: Sequence[Lease4], one_by_one: bool) -> None:
        if one_by_one:
            for lease in inserts:
                self._add(SQL["insert_one"] % (",".join(values_of(lease)), lease.address), [lease.address])
        elif inserts:
            rows = ",".join(f"({','.join(values_of(lease))})" for lease in inserts)
            self._add(SQL["insert"] % rows, [lease.address for lease in inserts])

    def _update_all(self, updates: Sequence[tuple[Lease4, Lease4]]) -> None:
        columns = [column for column in COLUMNS4 if column.name == "expire" or column.differs(updates)]
        table = self._table([seen for _, seen in updates], [new for new, _ in updates], columns)
        setters = ",".join(f"l.{column.name}={column.as_sql.format(f'new_{column.name}')}" for column in columns)
        self._add(SQL["update_all"] % (table, setters), [])

    def _table(self, seen: Sequence[Lease4], new: Sequence[Lease4], columns: Sequence[Column]) -> str:
        """Lock the rows that are as seen; what stands for the table of all these rows."""
        fields = [
            [lease.address for lease in seen],
            [end_of(lease) for lease in seen],
            [lease.valid_lft for lease in seen],
            [lease.state for lease in seen],
            [lease.subnet_id for lease in seen],
            [lease.hw[1:].hex() for lease in seen],
            [lease.client_id.hex() for lease in seen],
            *(column.values(new) for column in columns),
        ]
        rows = json.dumps(list(zip(*fields, strict=True)), separators=(",", ":"))  # nothing but ASCII
        text = rows.replace("\\", "\\\\").replace("'", "\\'")
        self._add(f"SET @kea_mp_rows = '{text}'", [])
        kinds = "".join(f", new_{c.name} {c.kind} PATH '$[{place}]'" for place, c in enumerate(columns, 7))
        table = SQL["table"] % kinds
        self._add(SQL["as_seen"] % table, None)
        return table

    def written(self, answers: Iterator[tuple[Rows, int]]) -> set[int]:
        """The addresses of the changes that held, from the answers to the statements."""
        written: set[int] = set()
        for told in self._told:
            rows, affected = next(answers)
            if told is None:
                written.update(int(row[0]) for row in rows)
            elif affected:
                written.update(told)
        return written
