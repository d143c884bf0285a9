"""What a database holds, and what it should hold, in one comparable form.

A line of a catalog is text, `kind name: description`: a comparison is a difference of two sets and can be read.
`found` asks the server; `expected` derives the same lines from our tables and statements, as far as they can be known
without a server (no defaults, no actions of foreign keys). Types are normalised: MySQL shows widths of integers, a
boolean is a tinyint there.

Runs in: any
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.engine import Dialect

from kea_mp.sql import keys, tables

Lines = frozenset[str]


@dataclass(frozen=True, slots=True)
class Catalog:
    """Lines by kind. details: what only a server can say (defaults, foreign keys, order of columns)."""

    columns: Lines
    indexes: Lines
    triggers: Lines
    routines: Lines
    details: Lines = field(default_factory=frozenset)


def found(connection: Connection) -> Catalog:
    """The catalog of the connection's database (PostgreSQL: of its current schema)."""
    queries = _POSTGRESQL if connection.dialect.name == "postgresql" else _MYSQL
    lines = {kind: frozenset(_lines(connection, query)) for kind, query in queries.items()}
    return Catalog(**lines)


def _lines(connection: Connection, query: str) -> Iterator[str]:
    for row in connection.exec_driver_sql(query, execution_options={"no_parameters": True}):
        text = " ".join(str(part) for part in row if part is not None)
        yield " ".join(_normal(text).split())


def expected(dialect_name: str, triggers: Lines, routines: Lines) -> Catalog:
    """What a database that we make has; triggers and routines come from the dialect's statements."""
    dialect: Dialect = postgresql.dialect() if dialect_name == "postgresql" else mysql.dialect()  # type: ignore[no-untyped-call]
    columns: set[str] = set()
    for table in tables.tables_of(dialect_name):
        for column in table.columns:
            if column.info.get("dialect", dialect_name) == dialect_name:
                kind = _normal(column.type.compile(dialect))
                columns.add(f"{table.name}.{column.name}: {kind}{'' if column.nullable else ' not null'}")
    indexes = frozenset(_normal(line) for line in keys.index_names(tables.metadata, dialect_name))
    return Catalog(frozenset(columns), indexes, frozenset(map(_normal, triggers)), frozenset(map(_normal, routines)))


def differences(wanted: Catalog, held: Catalog, optional: Lines = frozenset()) -> list[str]:
    """Lines for a person: what is missing and what is there besides. optional: lines that may be missing or not."""
    said = []
    for kind in ("columns", "indexes", "triggers", "routines"):
        want: Lines = getattr(wanted, kind) - optional
        have: Lines = getattr(held, kind) - optional
        said += [f"missing {kind}: {line}" for line in sorted(want - have)]
        said += [f"besides {kind}: {line}" for line in sorted(have - want)]
    return said


_WORDS = (
    (r"\bcharacter varying\b", "varchar"),
    (r"\btimestamp with time zone\b", "timestamptz"),
    (r"\bdouble precision\b", "double"),
    (r"\b(tiny|small|big|medium)?int(?:eger)?\(\d+\)", r"\1int"),
    (r"\binteger\b", "int"),
    (r"\bbool(ean)?\b", "boolean"),
)


def _normal(text: str) -> str:
    text = text.lower()
    for pattern, word in _WORDS:
        text = re.sub(pattern, word, text)
    return text


_POSTGRESQL = {
    "columns": """
        SELECT c.relname || '.' || a.attname || ':', format_type(a.atttypid, a.atttypmod),
               CASE WHEN a.attnotnull THEN 'not null' END
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
          AND a.attnum > 0 AND NOT a.attisdropped""",
    "indexes": """
        SELECT t.relname || '.' || i.relname, CASE WHEN x.indisunique THEN 'unique' END
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
        WHERE t.relnamespace = current_schema()::regnamespace AND NOT x.indisprimary""",
    "triggers": """
        SELECT t.tgname, 'on', c.relname || ':',
               CASE WHEN t.tgtype & 2 <> 0 THEN 'before' ELSE 'after' END,
               CASE WHEN t.tgtype & 4 <> 0 THEN 'insert' WHEN t.tgtype & 8 <> 0 THEN 'delete' ELSE 'update' END
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace""",
    "routines": """
        SELECT p.proname, '(' || pg_get_function_identity_arguments(p.oid) || '):', pg_get_function_result(p.oid)
        FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace""",
    "details": """
        SELECT 'default', c.relname || '.' || a.attname || ':', pg_get_expr(d.adbin, d.adrelid)
        FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid
        JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
        WHERE c.relnamespace = current_schema()::regnamespace
        UNION ALL
        SELECT 'constraint', conrelid::regclass::text || '.' || conname || ':', pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
        UNION ALL
        SELECT 'index', tablename || ':', indexdef FROM pg_indexes WHERE schemaname = current_schema()
        UNION ALL
        SELECT 'order', c.relname || ':', string_agg(a.attname, ' ' ORDER BY a.attnum)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
          AND a.attnum > 0 AND NOT a.attisdropped GROUP BY c.relname
        UNION ALL
        SELECT 'trigger', t.tgname || ':', pg_get_triggerdef(t.oid)
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace""",
}

_MYSQL = {
    "columns": """
        SELECT CONCAT(table_name, '.', column_name, ':'), column_type, IF(is_nullable = 'NO', 'not null', NULL)
        FROM information_schema.columns WHERE table_schema = DATABASE()""",
    "indexes": """
        SELECT DISTINCT CONCAT(table_name, '.', index_name), IF(non_unique, NULL, 'unique')
        FROM information_schema.statistics WHERE table_schema = DATABASE() AND index_name <> 'PRIMARY'""",
    "triggers": """
        SELECT trigger_name, 'on', CONCAT(event_object_table, ':'), action_timing, event_manipulation
        FROM information_schema.triggers WHERE trigger_schema = DATABASE()""",
    "routines": """
        SELECT r.routine_name, CONCAT('(', IFNULL((
                   SELECT GROUP_CONCAT(
                       p.parameter_name, ' ', p.dtd_identifier ORDER BY p.ordinal_position SEPARATOR ', ')
                   FROM information_schema.parameters p
                   WHERE p.specific_schema = r.routine_schema AND p.specific_name = r.specific_name
                     AND p.ordinal_position > 0), ''), '):'), r.dtd_identifier
        FROM information_schema.routines r WHERE r.routine_schema = DATABASE()""",
    "details": """
        SELECT 'default', CONCAT(table_name, '.', column_name, ':'), CONCAT(IFNULL(column_default, ''), ' ', extra)
        FROM information_schema.columns WHERE table_schema = DATABASE()
        UNION ALL
        SELECT 'foreign key', CONCAT(table_name, '.', constraint_name, ':'),
               CONCAT(referenced_table_name, ' ', delete_rule, ' ', update_rule)
        FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE()
        UNION ALL
        SELECT 'index', CONCAT(table_name, '.', index_name, ':'),
               GROUP_CONCAT(column_name ORDER BY seq_in_index)
        FROM information_schema.statistics WHERE table_schema = DATABASE() GROUP BY table_name, index_name
        UNION ALL
        SELECT 'order', CONCAT(table_name, ':'), GROUP_CONCAT(column_name ORDER BY ordinal_position)
        FROM information_schema.columns WHERE table_schema = DATABASE() GROUP BY table_name
        UNION ALL
        SELECT 'engine', CONCAT(table_name, ':'), engine
        FROM information_schema.tables WHERE table_schema = DATABASE()""",
}
