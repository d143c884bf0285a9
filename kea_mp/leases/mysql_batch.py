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
from operator import ne

from kea_mp.leases.lease_kinds import Address, AnyLease, LeaseKind
from kea_mp.leases.link import Work
from kea_mp.leases.mysql_rows import Rows, in_address, keys_of, moment, range_values, unchanged, values_of
from kea_mp.leases.sql_tables import Column, Kind, Table
from kea_mp.leases.statements import MYSQL, mysql_json_kind, mysql_of_json

TABLE_FROM = 5  #: so many updates, or removals, are cheaper as one statement

Updates = Sequence[tuple[AnyLease, AnyLease]]


def reads(kind: LeaseKind, work: Work) -> Iterable[str]:
    """The look-ups and searches, in the order in which `Done` is filled."""
    sql = MYSQL[kind.table.name]
    for name, keys in work.looks.items():
        yield sql[name] % keys_of(kind.table.looks[name], keys)
    if work.addresses:
        yield sql["by_address"] % ",".join(map(in_address, work.addresses))
    for bounds in work.searches:
        values = range_values(kind, bounds)
        yield sql["first"].format(**values)
        yield sql["gaps"].format(**values, now=moment(work.now), limit=work.pieces)
        yield sql["ends"].format(**values, more=work.pieces + 1)


def _differs(column: Column, updates: Updates) -> bool:
    """Whether any of the updates changes this column."""
    return any(map(ne, column.values(new for new, _ in updates), column.values(seen for _, seen in updates)))


def _in_json(column: Column, leases: Sequence[AnyLease]) -> list[object]:
    """Values as they go into a table made of JSON."""
    if column.kind in (Kind.BYTES, Kind.ADDRESS6):
        return [(value or b"").hex() for value in column.values(leases)]
    if column.kind is Kind.FLAG:
        return [int(value) for value in column.values(leases)]
    if column.kind is Kind.TEXT:
        return [value or "" for value in column.values(leases)]
    return column.values(leases)


class Changes:
    """The statements of a batch's changes, between the beginning and the end of its transaction."""

    def __init__(self, table: Table, work: Work, one_by_one: bool, has_json_table: bool) -> None:
        """one_by_one: of inserts, so that one that meets a row does not undo the others."""
        self.statements: list[str] = []
        self._of, self._sql = table, MYSQL[table.name]
        self._told: list[
            list[Address] | None
        ] = []  #: addresses by affected rows; None: the answer's rows are addresses
        self._insert(work.inserts, one_by_one)
        if has_json_table and len(work.updates) >= TABLE_FROM:
            self._update_all(work.updates)
        else:
            for new, seen in work.updates:
                pairs = zip(table.columns[1:], values_of(table.columns[1:], [new])[0], strict=True)
                setters = ",".join(f"{column.name}={value}" for column, value in pairs)
                self._add(self._sql["update"] % (setters, unchanged(table, seen)), [new.address])
        if has_json_table and len(work.removals) >= TABLE_FROM:
            rows = self._table(work.removals, (), ())
            self._add(self._sql["delete_all"] % rows, [])
        else:
            for seen in work.removals:
                self._add(self._sql["delete"] % unchanged(table, seen), [seen.address])

    def _add(self, statement: str, told: list[Address] | None) -> None:
        self.statements.append(statement)
        self._told.append(told)

    def _insert(self, inserts: Sequence[AnyLease], one_by_one: bool) -> None:
        columns = self._of.columns
        if one_by_one:
            for lease, values in zip(inserts, values_of(columns, inserts), strict=True):
                statement = self._sql["insert_one"] % (",".join(values), in_address(lease.address))
                self._add(statement, [lease.address])
        elif inserts:
            rows = ",".join([f"({','.join(values)})" for values in values_of(columns, inserts)])
            self._add(self._sql["insert"] % rows, [lease.address for lease in inserts])

    def _update_all(self, updates: Updates) -> None:
        columns = [
            column for column in self._of.columns[1:] if column.kind is Kind.TIME or _differs(column, updates)
        ]  # fmt: skip
        table = self._table([seen for _, seen in updates], [new for new, _ in updates], columns)
        setters = ",".join(f"l.{column.name}={mysql_of_json(column, f'new_{column.name}')}" for column in columns)
        self._add(self._sql["update_all"] % (table, setters), [])

    def _table(self, seen: Sequence[AnyLease], new: Sequence[AnyLease], columns: Sequence[Column]) -> str:
        """Lock the rows that are as seen; what stands for the table of all these rows."""
        given = (self._of.address, *self._of.seen)
        fields = [*(_in_json(column, seen) for column in given), *(_in_json(column, new) for column in columns)]
        rows = json.dumps(list(zip(*fields, strict=True)), separators=(",", ":"))  # nothing but ASCII
        text = rows.replace("\\", "\\\\").replace("'", "\\'")
        self._add(f"SET @kea_mp_rows = '{text}'", [])
        kinds = "".join(
            f", new_{column.name} {mysql_json_kind(column)} PATH '$[{place}]'"
            for place, column in enumerate(columns, len(given))
        )
        table = self._sql["table"] % kinds
        self._add(self._sql["as_seen"] % table, None)
        return table

    def written(self, answers: Iterator[tuple[Rows, int]]) -> set[Address]:
        """The addresses of the changes that held, from the answers to the statements."""
        written: set[Address] = set()
        for told in self._told:
            rows, affected = next(answers)
            if told is None:
                written.update(row[0] for row in rows)
            elif affected:
                written.update(told)
        return written
