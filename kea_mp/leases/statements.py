"""The SQL of the lease stores, by name. `lease4` and its columns are Kea's; times are seconds since the epoch.

Every statement is bounded: by the keys that it is given, or by a limit.

Runs in: connection
"""

from __future__ import annotations

_COLUMNS = (
    "address", "hwaddr", "client_id", "valid_lifetime", "expire", "subnet_id", "fqdn_fwd", "fqdn_rev", "hostname",
    "state", "user_context", "relay_id", "remote_id", "pool_id",
)  # fmt: skip
COLUMNS = ", ".join(_COLUMNS)

VERSION = "SELECT version, minor FROM schema_version"
POSTGRESQL_READ_ONLY = "SELECT current_setting('transaction_read_only')"  #: "on" on a standby too
POSTGRESQL_TLS = "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl"
#: 0 and 0 when it takes changes. It reads a table, since a Galera node that is not ready refuses only that.
MYSQL_READ_ONLY = "SELECT @@global.read_only, @@global.innodb_read_only FROM schema_version"
COUNTS = "SELECT subnet_id, state, leases FROM lease4_stat WHERE subnet_id BETWEEN %s AND %s AND leases <> 0"
STAT = "SELECT subnet_id, pool_id, state, leases FROM lease4_pool_stat WHERE leases <> 0"


# ---- PostgreSQL: one prepared statement per kind, all keys in arrays ----------------------------------------


def _epoch(column: str) -> str:
    return f"extract(epoch from {column})::bigint"


_PG_LEASE = ", ".join(_epoch(f"l.{name}") if name == "expire" else f"l.{name}" for name in _COLUMNS)
_PG_TYPES = {
    "hwaddr": "bytea", "client_id": "bytea", "fqdn_fwd": "bool", "fqdn_rev": "bool", "hostname": "text",
    "user_context": "text", "relay_id": "bytea", "remote_id": "bytea",
}  # fmt: skip


def _pg_new(start: int = 1) -> str:
    return ", ".join(f"${n}::{_PG_TYPES.get(name, 'int8')}[]" for n, name in enumerate(_COLUMNS, start))


def _pg_seen(start: int) -> str:
    kinds = ("int8", "int8", "int8", "int8", "bytea", "bytea")
    return ", ".join(f"${n}::{kind}[]" for n, kind in enumerate(kinds, start))


_PG_VALUES = ", ".join(f"to_timestamp(t.{name})" if name == "expire" else f"t.{name}" for name in _COLUMNS)
_PG_UNCHANGED = (
    f"{_epoch('l.expire')} = t.seen_expire AND l.valid_lifetime = t.seen_lifetime AND l.state + 0 = t.seen_state "
    "AND l.subnet_id + 0 = t.seen_subnet AND coalesce(l.hwaddr, '') = t.seen_hw "
    "AND coalesce(l.client_id, '') = t.seen_client"
)
_PG_SEEN_NAMES = "seen_expire, seen_lifetime, seen_state, seen_subnet, seen_hw, seen_client"
_PG_FREE_FOR_ANYONE = "(l.state > 1 OR (l.expire <= to_timestamp($3) AND l.valid_lifetime <> 4294967295))"

POSTGRESQL = {
    "by_hw": f"SELECT {_PG_LEASE} FROM lease4 l WHERE l.hwaddr = ANY($1::bytea[])",
    "by_client": f"SELECT {_PG_LEASE} FROM lease4 l WHERE l.client_id = ANY($1::bytea[])",
    "by_address": f"SELECT {_PG_LEASE} FROM lease4 l WHERE l.address = ANY($1::int8[])",
    "insert": (
        f"INSERT INTO lease4 ({COLUMNS}) SELECT {_PG_VALUES} FROM unnest({_pg_new()}) AS t({COLUMNS}) "
        "ON CONFLICT (address) DO NOTHING RETURNING address"
    ),
    "update": (
        "UPDATE lease4 l SET "
        + ", ".join(
            f"{name} = " + (f"to_timestamp(t.{name})" if name == "expire" else f"t.{name}") for name in _COLUMNS[1:]
        )
        + f" FROM unnest({_pg_new()}, {_pg_seen(15)}) AS t({COLUMNS}, {_PG_SEEN_NAMES}) "
        f"WHERE l.address = t.address AND {_PG_UNCHANGED} RETURNING l.address"
    ),
    "delete": (
        f"DELETE FROM lease4 l USING unnest($1::int8[], {_pg_seen(2)}) AS t(address, {_PG_SEEN_NAMES}) "
        f"WHERE l.address = t.address AND {_PG_UNCHANGED} RETURNING l.address"
    ),
    # Rows that anyone may have, and rows behind which addresses without a row begin, with the end of that gap.
    "gaps": (
        f"SELECT {_PG_LEASE}, {_PG_FREE_FOR_ANYONE}, l.following FROM ("
        "SELECT *, coalesce(lead(address) OVER (ORDER BY address), $2::int8 + 1) AS following FROM lease4 "
        "WHERE address BETWEEN $1::int8 AND $2::int8 ORDER BY address"
        f") l WHERE l.following > l.address + 1 OR {_PG_FREE_FOR_ANYONE} LIMIT $4::int8"
    ),
    "first": "SELECT min(address) FROM lease4 WHERE address BETWEEN $1::int8 AND $2::int8",
    "ended": (
        f"SELECT {_PG_LEASE} FROM ("
        + " UNION ALL ".join(
            f"(SELECT * FROM lease4 WHERE state = {state} AND expire <= to_timestamp($1) "
            "AND valid_lifetime <> 4294967295 ORDER BY expire LIMIT $2::int8)"
            for state in (0, 1, 3)
        )
        + ") l ORDER BY l.expire LIMIT $2::int8"
    ),
    "flush": (
        "DELETE FROM lease4 WHERE address = ANY(ARRAY(SELECT address FROM lease4 WHERE state = 2 "
        "AND expire <= to_timestamp($1) ORDER BY expire LIMIT $2::int8)) AND state + 0 = 2 "
        "AND expire <= to_timestamp($1) RETURNING address"
    ),
    "read_only": POSTGRESQL_READ_ONLY,
    "stat": STAT,
    "counts": COUNTS % ("$1::int8", "$2::int8"),
    "by_name": f"SELECT {_PG_LEASE} FROM lease4 l WHERE lower(l.hostname) = $1::text",
    "page": f"SELECT {_PG_LEASE} FROM lease4 l WHERE l.address > $1::int8 ORDER BY l.address LIMIT $2::int8",
}


# ---- MySQL, MariaDB: text, values written into it -----------------------------------------------------------

MYSQL_LEASE = ", ".join(f"UNIX_TIMESTAMP(l.{name})" if name == "expire" else f"l.{name}" for name in _COLUMNS)
MYSQL_FREE_FOR_ANYONE = "(l.state > 1 OR (l.expire <= FROM_UNIXTIME(%d) AND l.valid_lifetime <> 4294967295))"
_MYSQL_AS_SEEN = (
    "l.expire = FROM_UNIXTIME(t.seen_expire) AND l.valid_lifetime = t.seen_lifetime AND l.state = t.seen_state "
    "AND l.subnet_id = t.seen_subnet AND COALESCE(l.hwaddr, '') = UNHEX(t.seen_hw) "
    "AND COALESCE(l.client_id, '') = UNHEX(t.seen_client)"
)
MYSQL_JSON_TABLE = "SELECT number FROM JSON_TABLE('[1]', '$[*]' COLUMNS (number INT PATH '$')) t"

MYSQL = {
    "by_hw": f"SELECT {MYSQL_LEASE} FROM lease4 l WHERE l.hwaddr IN (%s)",
    "by_client": f"SELECT {MYSQL_LEASE} FROM lease4 l WHERE l.client_id IN (%s)",
    "by_address": f"SELECT {MYSQL_LEASE} FROM lease4 l WHERE l.address IN (%s)",
    "insert": f"INSERT INTO lease4 ({COLUMNS}) VALUES %s",
    "insert_one": (
        f"INSERT INTO lease4 ({COLUMNS}) SELECT %s FROM DUAL "
        "WHERE NOT EXISTS (SELECT 1 FROM lease4 o WHERE o.address = %d)"
    ),
    "update": "UPDATE lease4 SET %s WHERE %s",
    "delete": "DELETE FROM lease4 WHERE %s",
    "unchanged": (
        "address = %d AND expire = FROM_UNIXTIME(%d) AND valid_lifetime = %d AND state = %d AND subnet_id = %d "
        "AND COALESCE(hwaddr, '') = X'%s' AND COALESCE(client_id, '') = X'%s'"
    ),
    # Many rows at once, see mysql_batch. The join, and with it the locks, go in the order of the given rows.
    "table": (
        "JSON_TABLE(@kea_mp_rows, '$[*]' COLUMNS (address INT UNSIGNED PATH '$[0]', seen_expire BIGINT PATH '$[1]', "
        "seen_lifetime INT UNSIGNED PATH '$[2]', seen_state INT UNSIGNED PATH '$[3]', "
        "seen_subnet INT UNSIGNED PATH '$[4]', seen_hw VARCHAR(40) PATH '$[5]', "
        "seen_client VARCHAR(510) PATH '$[6]'%s)) t STRAIGHT_JOIN lease4 l ON l.address = t.address"
    ),
    "as_seen": f"SELECT l.address FROM %s WHERE {_MYSQL_AS_SEEN} FOR UPDATE",
    "update_all": f"UPDATE %s SET %s WHERE {_MYSQL_AS_SEEN}",
    "delete_all": f"DELETE l FROM %s WHERE {_MYSQL_AS_SEEN}",
    # As PostgreSQL's, with joins instead of a window function and of NOT EXISTS: those read the whole range, or even
    # the whole table, before the first row comes. The ends of gaps are a statement of their own.
    "gaps": (
        f"SELECT {MYSQL_LEASE}, {MYSQL_FREE_FOR_ANYONE}, r.address IS NULL FROM lease4 l FORCE INDEX (PRIMARY) "
        "LEFT JOIN lease4 r ON r.address = l.address + 1 WHERE l.address BETWEEN %d AND %d "
        f"AND ({MYSQL_FREE_FOR_ANYONE} OR (l.address < %d AND r.address IS NULL)) ORDER BY l.address LIMIT %d"
    ),
    "ends": (
        "SELECT l.address FROM lease4 l FORCE INDEX (PRIMARY) LEFT JOIN lease4 r ON r.address = l.address - 1 "
        "WHERE l.address > %d AND l.address <= %d AND r.address IS NULL ORDER BY l.address LIMIT %d"
    ),
    "first": "SELECT MIN(address) FROM lease4 WHERE address BETWEEN %d AND %d",
    "ended": (
        f"SELECT {MYSQL_LEASE} FROM lease4 l WHERE l.expire <= FROM_UNIXTIME(%d) AND l.state <> 2 "
        "AND l.valid_lifetime <> 4294967295 ORDER BY l.expire LIMIT %d"
    ),
    "flush": (
        "DELETE FROM lease4 WHERE state = 2 AND expire <= FROM_UNIXTIME(%d) ORDER BY expire LIMIT %d"
    ),
    "counts": COUNTS % ("%d", "%d"),
    "by_name": f"SELECT {MYSQL_LEASE} FROM lease4 l WHERE l.hostname = %s",
    "page": f"SELECT {MYSQL_LEASE} FROM lease4 l WHERE l.address > %d ORDER BY l.address LIMIT %d",
}  # fmt: skip
MYSQL_SETTERS = _COLUMNS[1:]
