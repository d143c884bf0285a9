"""The tables of Kea 3.0's database (PostgreSQL 29.0, MySQL 30.0) as one SQLAlchemy MetaData for both dialects.

Names, types, nullability and defaults are Kea's; keys and indexes are in `kea_mp.sql.keys`, types in
`kea_mp.sql.columns`, the rows that every database holds in `kea_mp.sql.reference`. The configuration backend has its
tables twice, for DHCPv4 and DHCPv6: `_configuration` makes both.

Runs in: any
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Integer, MetaData, PrimaryKeyConstraint, SmallInteger, String, Table
from sqlalchemy.dialects import mysql

from kea_mp.sql import keys
from kea_mp.sql.columns import (
    BLOB,
    FLAG,
    I64,
    INET4,
    INET6,
    INET6_TEXT,
    JSON,
    LONG_TEXT,
    REAL,
    SECONDS,
    SERIAL32,
    SERIAL64,
    SMALL,
    SMALL_UNSIGNED,
    SMALL_WIDE,
    STAMP,
    TEXT,
    U32,
    U64,
    WIDE_FLAG,
    chars,
    column,
    flag,
    octets,
    stamp,
)

Columns = list[Column[Any]]

metadata = MetaData()


def _table(name: str, primary_key: str, *parts: Column[Any] | Sequence[Column[Any]], last: Sequence[str] = ()) -> Table:
    """parts: columns or groups of them. primary_key: names with blanks between; "mysql: …": not in PostgreSQL."""
    columns = [one for part in parts for one in ([part] if isinstance(part, Column) else part)]
    only, _, names = primary_key.rpartition(":")
    constraint = PrimaryKeyConstraint(*names.split())
    if only:
        constraint.ddl_if(dialect=only)
    return Table(
        name,
        metadata,
        *columns,
        constraint,
        info={"last": tuple(last)},
        mysql_engine="InnoDB",
    )


def _serial(name: str, kind: Any = SERIAL64, **info: str) -> Column[Any]:
    made = column(name, kind, null=False, **info)
    made.autoincrement = True
    return made


def _many(kind: Any, *names: str) -> Columns:
    return [column(name, kind) for name in names]


# ---- leases -----------------------------------------------------------------------------------------------------


def _lease_statistics(v: int) -> None:
    def kind() -> Columns:
        unsigned = SmallInteger().with_variant(mysql.INTEGER(unsigned=True), "mysql")
        return [column("lease_type", unsigned, null=False)] if v == 6 else []

    typed = "lease_type" if v == 6 else ""
    _table(
        f"lease{v}_stat",
        f"subnet_id {typed} state",
        column("subnet_id", U32, null=False),
        kind(),
        column("state", U32, null=False),
        column("leases", I64),
    )
    _table(
        f"lease{v}_pool_stat",
        f"subnet_id pool_id {typed} state",
        [column(name, U32, null=False) for name in ("subnet_id", "pool_id")],
        kind(),
        column("state", U32, null=False),
        column("leases", I64),
    )
    _table(
        f"lease{v}_stat_by_client_class",
        f"client_class {typed}",
        column("client_class", chars(128), null=False),
        [column("lease_type", SMALL_WIDE, null=False)] if v == 6 else [],
        column("leases", U64, null=False),
    )


def _leases() -> None:
    _table(
        "lease4",
        "address",
        column("address", U32, null=False),
        column("hwaddr", octets(20)),
        column("client_id", octets(255)),
        column("valid_lifetime", U32),
        column("expire", STAMP),
        column("subnet_id", U32),
        _many(FLAG, "fqdn_fwd", "fqdn_rev"),
        column("hostname", chars(255)),
        column("state", U32, default="0"),
        column("user_context", TEXT),
        _many(octets(255), "relay_id", "remote_id"),
        column("pool_id", U32, null=False, default="0"),
    )
    _table(
        "lease6",
        "address",
        column("address", INET6, null=False),
        column("duid", octets(130)),
        column("valid_lifetime", U32),
        column("expire", STAMP),
        _many(U32, "subnet_id", "pref_lifetime"),
        column("lease_type", SMALL_WIDE),
        column("iaid", SERIAL32),
        column("prefix_len", SMALL_UNSIGNED),
        _many(FLAG, "fqdn_fwd", "fqdn_rev"),
        column("hostname", chars(255)),
        column("state", U32, default="0"),
        column("hwaddr", octets(20)),
        column("hwtype", SmallInteger().with_variant(mysql.SMALLINT(unsigned=True), "mysql")),
        column("hwaddr_source", SmallInteger().with_variant(mysql.INTEGER(unsigned=True), "mysql")),
        column("user_context", TEXT),
        column("pool_id", U32, null=False, default="0"),
        last=("state", "user_context", "pool_id"),
    )
    for name, length in (("relay", 130), ("remote", 255)):
        _table(
            f"lease6_{name}_id",
            "extended_info_id",
            _serial("extended_info_id", SERIAL32),
            column(f"{name}_id", octets(length), null=False),
            column("lease_addr", INET6, null=False),
        )
    for v in (4, 6):
        _lease_statistics(v)


# ---- what the rows of others refer to ------------------------------------------------------------------------------


def _named(table: str, key: str, kind: Any, label: str, length: int, null: bool = True) -> None:
    _table(table, key, column(key, kind, null=False), column(label, chars(length), null=null))


def _references() -> None:
    _named("lease_state", "state", U32, "name", 64, null=False)
    _named("lease6_types", "lease_type", SMALL_WIDE, "name", 5)
    _named("lease_hwaddr_source", "hwaddr_source", SERIAL32, "name", 40)
    _named("host_identifier_type", "type", SMALL_WIDE, "name", 32)
    _named("dhcp_option_scope", "scope_id", SMALL_UNSIGNED, "scope_name", 32)
    _named("parameter_data_type", "id", SMALL_UNSIGNED, "name", 32, null=False)
    _named("option_def_data_type", "id", SMALL_UNSIGNED, "name", 32, null=False)
    _named("modification", "id", SMALL, "modification_type", 32, null=False)
    _table("schema_version", "version", column("version", Integer(), null=False), column("minor", Integer()))
    _table("ddns_replace_client_name_types", "type", column("type", I64, null=False), column("name", chars(32)))
    metadata.tables["ddns_replace_client_name_types"].info["dialect"] = "postgresql"


# ---- hosts -----------------------------------------------------------------------------------------------------------


def _hosts() -> None:
    _table(
        "hosts",
        "host_id",
        _serial("host_id", SERIAL32),
        column("dhcp_identifier", octets(255), null=False),
        column("dhcp_identifier_type", SMALL_WIDE, null=False),
        _many(U32, "dhcp4_subnet_id", "dhcp6_subnet_id", "ipv4_address"),
        _many(chars(255), "hostname", "dhcp4_client_classes", "dhcp6_client_classes"),
        column("dhcp4_next_server", U32),
        column("dhcp4_server_hostname", chars(64)),
        column("dhcp4_boot_file_name", chars(128)),
        column("user_context", TEXT),
        column("auth_key", chars(32)),
    )
    _table(
        "ipv6_reservations",
        "reservation_id",
        _serial("reservation_id", SERIAL32),
        column("address", INET6, null=False),
        column("prefix_len", SMALL_UNSIGNED, null=False, default="128"),
        column(
            "type",
            SmallInteger().with_variant(mysql.TINYINT(4, unsigned=True), "mysql"),
            null=False,
            default="0",
        ),
        column("dhcp6_iaid", SERIAL32),
        column("host_id", SERIAL32, null=False),
        column("excluded_prefix", INET6),
        column("excluded_prefix_len", SMALL_UNSIGNED, null=False, default="0"),
    )
    _table(
        "logs",
        "mysql: id",
        column("timestamp", STAMP, default="CURRENT_TIMESTAMP"),
        column("address", chars(43)),
        column("log", TEXT, null=False),
        _serial("id", SERIAL32, dialect="mysql"),
    )


# ---- configuration backend -------------------------------------------------------------------------------------------


def _ddns() -> Columns:
    return [
        *_many(FLAG, "ddns_send_updates", "ddns_override_no_update", "ddns_override_client_update"),
        column("ddns_replace_client_name", I64.with_variant(mysql.TINYINT(3), "mysql")),
        *_many(chars(255), "ddns_generated_prefix", "ddns_qualifying_suffix"),
        *_many(FLAG, "reservations_global", "reservations_in_subnet", "reservations_out_of_pool"),
        column("cache_threshold", REAL),
        column("cache_max_age", SECONDS),
    ]


def _ddns_ttl() -> Columns:
    return [column("ddns_ttl_percent", REAL), *_many(SECONDS, "ddns_ttl", "ddns_ttl_min", "ddns_ttl_max")]


def _network_times() -> Columns:
    return [column("calculate_tee_times", FLAG), *_many(REAL, "t1_percent", "t2_percent")]


def _tail4() -> Columns:
    return [column("offer_lifetime", SECONDS), column("allocator", TEXT), *_ddns_ttl()]


def _tail6() -> Columns:
    lifetimes = ("min_preferred_lifetime", "max_preferred_lifetime", "min_valid_lifetime", "max_valid_lifetime")
    return [
        *_network_times(),
        column("interface_id", octets(128)),
        *_many(SECONDS, *lifetimes),
        *_ddns(),
        *_many(TEXT, "allocator", "pd_allocator"),
        *_ddns_ttl(),
    ]


def _networks4() -> None:
    _table(
        "dhcp4_shared_network",
        "id",
        _serial("id"),
        column("name", chars(128), null=False),
        column("client_classes", LONG_TEXT),
        column("interface", chars(128)),
        column("match_client_id", FLAG),
        stamp(),
        column("rebind_timer", SECONDS),
        column("relay", LONG_TEXT),
        column("renew_timer", SECONDS),
        column("evaluate_additional_classes", LONG_TEXT),
        column("user_context", JSON),
        column("valid_lifetime", SECONDS),
        column("authoritative", FLAG),
        _network_times(),
        column("boot_file_name", chars(128, 512)),
        column("next_server", INET4),
        column("server_hostname", chars(64, 512)),
        _many(SECONDS, "min_valid_lifetime", "max_valid_lifetime"),
        _ddns(),
        _tail4(),
    )
    four_over_six = (
        ("interface_4o6", "4o6_interface", 128),
        ("interface_id_4o6", "4o6_interface_id", 128),
        ("subnet_4o6", "4o6_subnet", 64),
    )
    _table(
        "dhcp4_subnet",
        "subnet_id",
        column("subnet_id", U32, null=False),
        column("subnet_prefix", chars(64, 32), null=False),
        [column(name, chars(length), dialect="postgresql") for name, _, length in four_over_six],
        [column(name, chars(length), dialect="mysql") for _, name, length in four_over_six],
        column("boot_file_name", chars(128, 512)),
        column("client_classes", LONG_TEXT),
        column("interface", chars(128)),
        column("match_client_id", FLAG),
        stamp(),
        column("next_server", INET4),
        column("rebind_timer", SECONDS),
        column("relay", LONG_TEXT),
        column("renew_timer", SECONDS),
        column("evaluate_additional_classes", LONG_TEXT),
        column("server_hostname", chars(64, 512)),
        column("shared_network_name", chars(128)),
        column("user_context", JSON),
        column("valid_lifetime", SECONDS),
        column("authoritative", FLAG),
        _network_times(),
        _many(SECONDS, "min_valid_lifetime", "max_valid_lifetime"),
        _ddns(),
        _tail4(),
    )


def _networks6() -> None:
    _table(
        "dhcp6_shared_network",
        "id",
        _serial("id"),
        column("name", chars(128), null=False),
        column("client_classes", LONG_TEXT),
        column("interface", chars(128)),
        stamp(),
        column("preferred_lifetime", SECONDS),
        column("rapid_commit", FLAG),
        column("rebind_timer", SECONDS),
        column("relay", LONG_TEXT),
        column("renew_timer", SECONDS),
        column("evaluate_additional_classes", LONG_TEXT),
        column("user_context", JSON),
        column("valid_lifetime", SECONDS),
        _tail6(),
    )
    _table(
        "dhcp6_subnet",
        "subnet_id",
        column("subnet_id", U32, null=False),
        column("subnet_prefix", chars(64), null=False),
        column("client_classes", LONG_TEXT),
        column("interface", chars(128)),
        column(
            "modification_ts",
            STAMP,
            null=False,
            postgresql_default="CURRENT_TIMESTAMP",
            mysql_default="CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP",
        ),
        column("preferred_lifetime", SECONDS),
        column("rapid_commit", FLAG),
        column("rebind_timer", SECONDS),
        column("relay", LONG_TEXT),
        column("renew_timer", SECONDS),
        column("evaluate_additional_classes", LONG_TEXT),
        column("shared_network_name", chars(128)),
        column("user_context", JSON),
        column("valid_lifetime", SECONDS),
        _tail6(),
    )
    _table(
        "dhcp6_pd_pool",
        "id",
        _serial("id"),
        column("prefix", chars(45), null=False),
        [column(name, SMALL, null=False) for name in ("prefix_length", "delegated_prefix_length")],
        column("subnet_id", U32, null=False),
        stamp(),
        column("excluded_prefix", chars(45)),
        column("excluded_prefix_length", SMALL, null=False),
        _many(LONG_TEXT, "client_classes", "evaluate_additional_classes"),
        column("user_context", JSON),
    )


def _client_classes(v: int) -> None:
    own4, boot4 = (
        [column("offer_lifetime", SECONDS)],
        [
            column("next_server", INET4),
            column("server_hostname", chars(128)),
            column("boot_file_name", chars(512)),
        ],
    )
    own6 = _many(SECONDS, "preferred_lifetime", "min_preferred_lifetime", "max_preferred_lifetime")
    whole = I64.with_variant(mysql.INTEGER(11), "mysql")
    _table(
        f"dhcp{v}_client_class",
        "id",
        _serial("id"),
        column("name", chars(128), null=False),
        column("test", TEXT),
        boot4 if v == 4 else [],
        flag("only_in_additional_list", WIDE_FLAG),
        _many(whole, "valid_lifetime", "min_valid_lifetime", "max_valid_lifetime"),
        flag("depend_on_known_directly", WIDE_FLAG),
        column("follow_class_name", chars(128)),
        stamp(),
        own6 if v == 6 else [],
        column("user_context", JSON),
        own4 if v == 4 else [],
    )
    _table(
        f"dhcp{v}_client_class_dependency",
        "class_id dependency_id",
        [column(name, U64, null=False) for name in ("class_id", "dependency_id")],
    )
    _table(
        f"dhcp{v}_client_class_order",
        "class_id",
        column("class_id", U64, null=False),
        column("order_index", U64, null=False),
        flag("depend_on_known_indirectly", WIDE_FLAG),
    )


def _options(v: int) -> None:
    code = SmallInteger().with_variant(mysql.TINYINT(3, unsigned=True), "mysql")
    if v == 6:
        code = Integer().with_variant(mysql.SMALLINT(unsigned=True), "mysql")  # type: ignore[assignment]
    _table(
        f"dhcp{v}_options",
        "option_id",
        _serial("option_id"),
        column("code", code, null=False),
        column("value", BLOB),
        column("formatted_value", TEXT),
        column("space", chars(128)),
        flag("persistent"),
        column("dhcp_client_class", chars(128)),
        column(f"dhcp{v}_subnet_id", U32),
        column("host_id", SERIAL32),
        column("scope_id", SMALL_UNSIGNED, null=False),
        column("user_context", TEXT),
        column("shared_network_name", chars(128)),
        column("pool_id", U64),
        [column("pd_pool_id", U64)] if v == 6 else [],
        column("modification_ts", STAMP, null=False, default="CURRENT_TIMESTAMP"),
        flag("cancelled"),
        column("client_classes", LONG_TEXT),
    )
    _table(
        f"dhcp{v}_option_def",
        "id",
        _serial("id"),
        column("code", SmallInteger().with_variant(mysql.SMALLINT(unsigned=True), "mysql"), null=False),
        [column(name, chars(128), null=False) for name in ("name", "space")],
        column("type", SMALL_UNSIGNED, null=False),
        stamp(),
        column("is_array", FLAG, null=False),
        column("encapsulate", chars(128), null=False),
        column("record_types", String().with_variant(mysql.VARCHAR(512), "mysql")),
        column("user_context", JSON),
        column("class_id", U64),
    )


def _audit(v: int) -> None:
    _table(
        f"dhcp{v}_audit_revision",
        "id",
        _serial("id"),
        stamp(),
        column("log_message", TEXT),
        column("server_id", I64.with_variant(mysql.BIGINT(10, unsigned=True), "mysql")),
    )
    _table(
        f"dhcp{v}_audit",
        "mysql: id",
        _serial("id"),
        column("object_type", chars(256), null=False),
        column("object_id", U64, null=False),
        column("modification_type", SmallInteger().with_variant(mysql.TINYINT(1), "mysql"), null=False),
        column("revision_id", U64, null=False),
    )


def _configuration(v: int) -> None:
    _table(
        f"dhcp{v}_server",
        "id",
        _serial("id"),
        column("tag", chars(64), null=False),
        column("description", TEXT),
        stamp(),
    )
    _table(
        f"dhcp{v}_global_parameter",
        "id",
        _serial("id"),
        column("name", chars(128), null=False),
        column("value", LONG_TEXT, null=False),
        stamp(),
        column("parameter_type", SMALL_UNSIGNED, null=False),
    )
    address = INET4 if v == 4 else INET6_TEXT
    _table(
        f"dhcp{v}_pool",
        "id",
        _serial("id"),
        [column(name, address, null=False) for name in ("start_address", "end_address")],
        column("subnet_id", U32, null=False),
        stamp(),
        _many(LONG_TEXT, "client_classes", "evaluate_additional_classes"),
        column("user_context", JSON),
    )
    _client_classes(v)
    _options(v)
    _audit(v)
    for of, key in (
        ("client_class", "class_id"),
        ("global_parameter", "parameter_id"),
        ("option_def", "option_def_id"),
        ("options", "option_id"),
        ("shared_network", "shared_network_id"),
        ("subnet", "subnet_id"),
    ):
        _table(
            f"dhcp{v}_{of}_server",
            f"{key} server_id",
            column(key, U32 if of == "subnet" else U64, null=False),
            column("server_id", U64, null=False),
            column("modification_ts", STAMP) if of == "client_class" else stamp(),
        )


_references()
_leases()
_hosts()
_networks4()
_networks6()
for _version in (4, 6):
    _configuration(_version)
keys.attach(metadata)


def tables_of(dialect: str) -> list[Table]:
    """The tables that a dialect has, each after those it refers to."""
    return [table for table in metadata.sorted_tables if table.info.get("dialect", dialect) == dialect]
