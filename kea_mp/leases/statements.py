"""The SQL of the lease stores, by name, made once for each table. Tables and columns are Kea's; times are seconds since
the epoch.

Every statement is bounded: by the keys that it is given, or by a limit.

Runs in: connection
"""

from __future__ import annotations

from collections.abc import Iterable

from kea_mp.leases.model import REGISTERED
from kea_mp.leases.sql_tables import LEASE4, LEASE6, Column, Kind, Look, Table

VERSION = "SELECT version, minor FROM schema_version"
POSTGRESQL_READ_ONLY = "SELECT current_setting('transaction_read_only')"  #: "on" on a standby too
POSTGRESQL_TLS = "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl"
#: 0 and 0 when it takes changes. It reads a table, since a Galera node that is not ready refuses only that.
MYSQL_READ_ONLY = "SELECT @@global.read_only, @@global.innodb_read_only FROM schema_version"

_RECLAIMED = "state = 2"
_LIMITED = "valid_lifetime <> 4294967295"


def _stat(table: Table) -> str:
    """Of all pools; what clients have registered is in none, and counted in the other table alone."""
    keys = ", ".join(("subnet_id", "pool_id", *table.counts[1:]))
    in_pools = f"SELECT {keys}, leases FROM {table.name}_pool_stat WHERE leases <> 0"
    if REGISTERED not in table.lasting:
        return in_pools
    keys = keys.replace("pool_id", "0")
    return (
        f"{in_pools} UNION ALL SELECT {keys}, leases FROM {table.name}_stat WHERE state = {REGISTERED} AND leases <> 0"
    )


def _counts(table: Table, first: str, last: str) -> str:
    return (
        f"SELECT {', '.join(table.counts)}, leases FROM {table.name}_stat "
        f"WHERE subnet_id BETWEEN {first} AND {last} AND leases <> 0"
    )


def _free_for_anyone(moment: str) -> str:
    """`usable_by_anyone` as SQL."""
    return f"(l.state IN (2, 3) OR (l.state < 4 AND l.expire <= {moment} AND l.{_LIMITED}))"


# ---- PostgreSQL: one prepared statement per kind, all keys in arrays ----------------------------------------

PG_TYPES = {
    Kind.ADDRESS4: "int8", Kind.ADDRESS6: "inet", Kind.NUMBER: "int8", Kind.SIGNED: "int8", Kind.TIME: "int8",
    Kind.FLAG: "bool", Kind.TEXT: "text", Kind.BYTES: "bytea",
}  # fmt: skip


def _pg_shown(column: Column) -> str:
    return f"extract(epoch from l.{column.name})::bigint" if column.kind is Kind.TIME else f"l.{column.name}"


def _pg_arrays(columns: Iterable[Column], start: int = 1) -> str:
    return ", ".join(f"${n}::{PG_TYPES[column.kind]}[]" for n, column in enumerate(columns, start))


def _pg_value(column: Column) -> str:
    return f"to_timestamp(t.{column.name})" if column.kind is Kind.TIME else f"t.{column.name}"


def _pg_unchanged(column: Column) -> str:
    """Written so that no index but that of the address is thought of."""
    if column.kind is Kind.TIME:
        found = _pg_shown(column)
    else:
        found = f"coalesce(l.{column.name}, '')" if column.kind is Kind.BYTES else f"l.{column.name} + 0"
    return f"{found} = t.seen_{column.name}"


def _pg_look(table: Table, lease: str, look: Look) -> str:
    if len(look.columns) == 1:
        (column,) = look.columns
        name = f"lower(l.{column.name})" if look.folds else f"l.{column.name}"
        return f"SELECT {lease} FROM {table.name} l WHERE {name} = ANY({_pg_arrays(look.columns)})"
    names = [column.name for column in look.columns]
    return (
        f"SELECT {lease} FROM unnest({_pg_arrays(look.columns)}) AS t({', '.join(names)}) "
        f"JOIN {table.name} l ON " + " AND ".join(f"l.{name} = t.{name}" for name in names)
    )


def _postgresql(table: Table) -> dict[str, str]:
    name, columns = table.name, table.columns
    address = PG_TYPES[table.address.kind]
    lease = ", ".join(map(_pg_shown, columns))
    seen_names = ", ".join(f"seen_{column.name}" for column in table.seen)
    unchanged = " AND ".join(map(_pg_unchanged, table.seen))
    values = ", ".join(map(_pg_value, columns))
    setters = ", ".join(f"{column.name} = {_pg_value(column)}" for column in columns[1:])
    free = _free_for_anyone("to_timestamp($3)")
    # Of prefixes only the part that is delegated counts: $5 has its bits, $6 the others.
    next_one, following = "l.address + 1", "l.following"
    if table.address.kind is Kind.ADDRESS6:
        next_one, following = "(l.address | $6::inet) + 1", "(l.following & $5::inet)"
    ended = " UNION ALL ".join(
        f"(SELECT * FROM {name} WHERE state = {state} AND expire <= to_timestamp($1) "
        f"AND {_LIMITED} ORDER BY expire LIMIT $2::int8)"
        for state in table.lasting
    )
    return {
        **{look: _pg_look(table, lease, how) for look, how in table.looks.items()},
        "by_address": f"SELECT {lease} FROM {name} l WHERE l.address = ANY($1::{address}[])",
        "insert": (
            f"INSERT INTO {name} ({table.names}) SELECT {values} FROM unnest({_pg_arrays(columns)}) "
            f"AS t({table.names}) ON CONFLICT (address) DO NOTHING RETURNING address"
        ),
        "update": (
            f"UPDATE {name} l SET {setters} "
            f"FROM unnest({_pg_arrays(columns)}, {_pg_arrays(table.seen, 1 + len(columns))}) "
            f"AS t({table.names}, {seen_names}) WHERE l.address = t.address AND {unchanged} RETURNING l.address"
        ),
        "delete": (
            f"DELETE FROM {name} l USING unnest($1::{address}[], {_pg_arrays(table.seen, 2)}) "
            f"AS t(address, {seen_names}) WHERE l.address = t.address AND {unchanged} RETURNING l.address"
        ),
        # Rows that anyone may have, and rows behind which addresses without a row begin, with the end of that gap
        # (NULL: it goes to the end).
        "gaps": (
            f"SELECT {lease}, {free}, l.following FROM ("
            f"SELECT *, lead(address) OVER (ORDER BY address) AS following FROM {name} "
            f"WHERE address BETWEEN $1::{address} AND $2::{address} ORDER BY address"
            f") l WHERE l.following IS NULL OR {following} > {next_one} OR {free} LIMIT $4::int8"
        ),
        "first": f"SELECT min(address) FROM {name} WHERE address BETWEEN $1::{address} AND $2::{address}",
        "ended": f"SELECT {lease} FROM ({ended}) l ORDER BY l.expire LIMIT $2::int8",
        "flush": (
            f"DELETE FROM {name} WHERE address = ANY(ARRAY(SELECT address FROM {name} WHERE {_RECLAIMED} "
            "AND expire <= to_timestamp($1) ORDER BY expire LIMIT $2::int8)) AND state + 0 = 2 "
            "AND expire <= to_timestamp($1) RETURNING address"
        ),
        "read_only": POSTGRESQL_READ_ONLY,
        "stat": _stat(table),
        "counts": _counts(table, "$1::int8", "$2::int8"),
        "page": f"SELECT {lease} FROM {name} l WHERE l.address > $1::{address} ORDER BY l.address LIMIT $2::int8",
        "behind": f"SELECT address FROM {name} WHERE address > $1::{address} ORDER BY address OFFSET $2::int8 LIMIT 1",
        "page_of": (
            f"SELECT {lease} FROM {name} l WHERE l.address > $1::{address} AND l.address <= $2::{address} "
            "AND l.subnet_id = ANY($3::int8[]) ORDER BY l.address LIMIT $4::int8"
        ),
    }


# ---- MySQL, MariaDB: text, values written into it -----------------------------------------------------------

MYSQL_JSON_TABLE = "SELECT number FROM JSON_TABLE('[1]', '$[*]' COLUMNS (number INT PATH '$')) t"
_JSON_KINDS = {
    Kind.ADDRESS4: "INT UNSIGNED", Kind.NUMBER: "INT UNSIGNED", Kind.SIGNED: "INT UNSIGNED", Kind.TIME: "BIGINT",
    Kind.FLAG: "BOOL", Kind.TEXT: "LONGTEXT",
}  # fmt: skip


def mysql_json_kind(column: Column) -> str:
    """The type of a column in a table made of JSON, where bytes are in hexadecimal."""
    if column.kind is Kind.ADDRESS6:
        return "CHAR(32)"
    if column.kind is Kind.BYTES or column.limit == 255:
        return f"VARCHAR({2 * column.limit if column.kind is Kind.BYTES else column.limit})"
    return _JSON_KINDS[column.kind]


def mysql_of_json(column: Column, name: str) -> str:
    """The value of a column, made of what is under this name in a table made of JSON."""
    if column.kind is Kind.TIME:
        return f"FROM_UNIXTIME(t.{name})"
    value = f"UNHEX(t.{name})" if column.kind in (Kind.BYTES, Kind.ADDRESS6) else f"t.{name}"
    return f"NULLIF({value}, '')" if column.is_null_when_empty else value


def _mysql_unchanged(column: Column, wanted: str) -> str:
    if column.kind is Kind.TIME:
        return f"l.{column.name} = FROM_UNIXTIME({wanted})"
    return f"COALESCE(l.{column.name}, '') = {wanted}" if column.kind is Kind.BYTES else f"l.{column.name} = {wanted}"


def _mysql_seen(column: Column) -> str:
    wanted = f"t.seen_{column.name}"
    return _mysql_unchanged(column, f"UNHEX({wanted})" if column.kind is Kind.BYTES else wanted)


def _mysql_look(table: Table, lease: str, look: Look) -> str:
    if len(look.columns) == 1:
        return f"SELECT {lease} FROM {table.name} l WHERE l.{look.columns[0].name} IN (%s)"
    return f"SELECT {lease} FROM {table.name} l WHERE %s"


def _mysql_neighbour(table: Table, sign: str) -> str:
    """The address before or behind that of a row. Of an IPv6 address seven bytes are counted with: {head} bytes stand
    before them, {step} is one of the prefixes, {tail} are the bytes behind. Where the seven bytes overflow, the
    neighbour is wrong and a gap is found too many or too few in 2^56, which a look-up sets right."""
    if table.address.kind is Kind.ADDRESS4:
        return f"l.address {sign} 1"
    number = "CAST(CONV(HEX(SUBSTR(l.address, {head} + 1, 7)), 16, 10) AS UNSIGNED)"
    step = "{step}" if sign == "+" else "72057594037927936 - {step}"
    number = f"({number} + {step}) & 72057594037927935"
    return f"UNHEX(CONCAT(HEX(LEFT(l.address, {{head}})), LPAD(HEX({number}), 14, '0'), '{{tail}}'))"


def _mysql(table: Table) -> dict[str, str]:
    name = table.name
    lease = ", ".join(
        f"UNIX_TIMESTAMP(l.{column.name})" if column.kind is Kind.TIME else f"l.{column.name}"
        for column in table.columns
    )
    seen = " AND ".join(map(_mysql_seen, table.seen))
    found = mysql_of_json(table.address, "address")
    kinds = ", ".join(
        f"seen_{column.name} {mysql_json_kind(column)} PATH '$[{place}]'" for place, column in enumerate(table.seen, 1)
    )
    return {
        **{look: _mysql_look(table, lease, how) for look, how in table.looks.items()},
        "by_address": f"SELECT {lease} FROM {name} l WHERE l.address IN (%s)",
        "insert": f"INSERT INTO {name} ({table.names}) VALUES %s",
        "insert_one": (
            f"INSERT INTO {name} ({table.names}) SELECT %s FROM DUAL "
            f"WHERE NOT EXISTS (SELECT 1 FROM {name} o WHERE o.address = %s)"
        ),
        "update": f"UPDATE {name} l SET %s WHERE %s",
        "delete": f"DELETE l FROM {name} l WHERE %s",
        "unchanged": " AND ".join(["l.address = %s", *(_mysql_unchanged(column, "%s") for column in table.seen)]),
        # Many rows at once, see mysql_batch. The join, and with it the locks, go in the order of the given rows.
        "table": (
            f"JSON_TABLE(@kea_mp_rows, '$[*]' COLUMNS (address {mysql_json_kind(table.address)} PATH '$[0]', "
            f"{kinds}%s)) t STRAIGHT_JOIN {name} l ON l.address = {found}"
        ),
        "as_seen": f"SELECT l.address FROM %s WHERE {seen} FOR UPDATE",
        "update_all": f"UPDATE %s SET %s WHERE {seen}",
        "delete_all": f"DELETE l FROM %s WHERE {seen}",
        # As PostgreSQL's, with joins instead of a window function and of NOT EXISTS: those read the whole range, or
        # even the whole table, before the first row comes. The ends of gaps are a statement of their own.
        "gaps": (
            f"SELECT {lease}, {_free_for_anyone('FROM_UNIXTIME({now})')}, r.address IS NULL "
            f"FROM {name} l FORCE INDEX (PRIMARY) LEFT JOIN {name} r ON r.address = {_mysql_neighbour(table, '+')} "
            f"WHERE l.address BETWEEN {{low}} AND {{high}} AND ({_free_for_anyone('FROM_UNIXTIME({now})')} "
            "OR (l.address < {high} AND r.address IS NULL)) ORDER BY l.address LIMIT {limit}"
        ),
        "ends": (
            f"SELECT l.address FROM {name} l FORCE INDEX (PRIMARY) "
            f"LEFT JOIN {name} r ON r.address = {_mysql_neighbour(table, '-')} WHERE l.address > {{low}} "
            "AND l.address <= {high} AND r.address IS NULL ORDER BY l.address LIMIT {more}"
        ),
        "first": f"SELECT MIN(address) FROM {name} WHERE address BETWEEN {{low}} AND {{high}}",
        "ended": (
            f"SELECT {lease} FROM {name} l WHERE l.expire <= FROM_UNIXTIME(%d) AND l.state <> 2 "
            f"AND l.{_LIMITED} ORDER BY l.expire LIMIT %d"
        ),
        "flush": f"DELETE FROM {name} WHERE {_RECLAIMED} AND expire <= FROM_UNIXTIME(%d) ORDER BY expire LIMIT %d",
        "stat": _stat(table),
        "counts": _counts(table, "%d", "%d"),
        "page": f"SELECT {lease} FROM {name} l WHERE l.address > %s ORDER BY l.address LIMIT %d",
        "behind": f"SELECT address FROM {name} WHERE address > %s ORDER BY address LIMIT %d, 1",
        "page_of": (
            f"SELECT {lease} FROM {name} l WHERE l.address > %s AND l.address <= %s "
            "AND l.subnet_id IN (%s) ORDER BY l.address LIMIT %d"
        ),
    }


POSTGRESQL = {table.name: _postgresql(table) for table in (LEASE4, LEASE6)}
MYSQL = {table.name: _mysql(table) for table in (LEASE4, LEASE6)}
