"""Indexes, unique and foreign keys of Kea's schema as rows: Kea names them differently in its two dialects.

In a row `{v}` stands for 4 and for 6; a row without it is for that table alone. MySQL makes an index for every foreign
key that has none, under the key's name, so those are not listed.

Runs in: any
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from sqlalchemy import ForeignKeyConstraint, Index, MetaData, UniqueConstraint, func, text


@dataclass(frozen=True, slots=True)
class Key:
    """An index. columns: with blanks between. postgresql, mysql: its name there, or "" where it does not exist.
    kind: "" plain, "unique" an unique index, "constraint" an unique constraint (PostgreSQL knows the difference)."""

    table: str
    columns: str
    postgresql: str
    mysql: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key. postgresql, mysql: (name, on delete, on update) or None where it does not exist."""

    table: str
    column: str
    target: str
    postgresql: tuple[str, str, str] | None
    mysql: tuple[str, str, str] | None


CASCADE, NOTHING = "CASCADE", "NO ACTION"

KEYS = (
    Key("dhcp{v}_audit", "id", "dhcp{v}_audit_id_key", "", "constraint"),
    Key("dhcp{v}_audit", "modification_type", "dhcp{v}_audit_idx1", ""),
    Key("dhcp{v}_audit", "revision_id", "dhcp{v}_audit_idx2", ""),
    Key("dhcp{v}_audit_revision", "modification_ts", "", "key_dhcp{v}_audit_revision_by_modification_ts"),
    Key("dhcp{v}_client_class", "id", "", "id_UNIQUE", "unique"),
    Key("dhcp{v}_client_class", "name", "dhcp{v}_client_class_name_key", "name_UNIQUE", "constraint"),
    Key("dhcp{v}_client_class", "modification_ts", *["key_dhcp{v}_client_class_modification_ts"] * 2),
    Key("dhcp{v}_client_class_dependency", "dependency_id", *["dhcp{v}_client_class_dependency_id_idx"] * 2),
    Key("dhcp{v}_client_class_order", "order_index", *["key_dhcp{v}_client_class_order_index"] * 2),
    Key("dhcp{v}_client_class_server", "server_id", "fk_dhcp{v}_client_class_server_id", ""),
    Key("dhcp4_global_parameter", "modification_ts", "dhcp4_global_parameter_idx1", ""),
    Key("dhcp4_global_parameter", "name", "dhcp4_global_parameter_idx2", ""),
    Key("dhcp6_global_parameter", "modification_ts", "key_dhcp6_global_parameter_idx1", ""),
    Key("dhcp6_global_parameter", "name", "key_dhcp6_global_parameter_idx2", ""),
    Key("dhcp{v}_global_parameter", "modification_ts", "", "key_dhcp{v}_global_parameter_modification_ts"),
    Key("dhcp{v}_global_parameter", "name", "", "key_dhcp{v}_global_parameter_name"),
    Key("dhcp{v}_global_parameter_server", "server_id", "fk_dhcp{v}_global_parameter_server_server_id", ""),
    Key("dhcp4_global_parameter_server", "modification_ts", "key_dhcp4_global_parameter_idx1", ""),
    Key("dhcp6_global_parameter_server", "modification_ts", "key_dhcp6_global_parameter_server_idx1", ""),
    Key("dhcp{v}_global_parameter_server", "modification_ts", "", "key_dhcp{v}_global_parameter_server"),
    Key(
        "dhcp{v}_option_def",
        "modification_ts",
        "dhcp{v}_option_def_idx1",
        "key_dhcp{v}_option_def_modification_ts",
    ),
    Key("dhcp{v}_option_def", "code space", "dhcp{v}_option_def_idx2", "key_dhcp{v}_option_def_code_space"),
    Key("dhcp{v}_option_def", "class_id", "fk_dhcp{v}_option_def_client_class_id", ""),
    Key(
        "dhcp{v}_option_def_server",
        "server_id",
        "fk_dhcp{v}_option_def_server_server_id",
        "fk_dhcp{v}_option_def_server_server_id_idx",
    ),
    Key("dhcp{v}_option_def_server", "modification_ts", "", "key_dhcp{v}_option_def_server_modification_ts"),
    Key("dhcp{v}_options", "option_id", "", "option_id_UNIQUE", "unique"),
    Key("dhcp{v}_options", "host_id", "fk_dhcp{v}_options_host1_idx", "fk_options_host1_idx"),
    Key("dhcp{v}_options", "scope_id", "fk_dhcp{v}_options_scope_idx", ""),
    Key("dhcp{v}_options", "pool_id", "fk_dhcp{v}_options_pool", ""),
    Key("dhcp6_options", "pd_pool_id", "fk_dhcp6_options_pd_pool", ""),
    Key("dhcp{v}_options", "shared_network_name", "fk_dhcp{v}_options_shared_network", ""),
    Key("dhcp{v}_options", "dhcp{v}_subnet_id", "fk_dhcp{v}_options_subnet", ""),
    Key("dhcp{v}_options_server", "server_id", "dhcp{v}_options_server_idx1", ""),
    Key("dhcp6_options_server", "server_id", "", "fk_dhcp6_options_server_server_id_idx"),
    Key(
        "dhcp{v}_options_server",
        "modification_ts",
        "dhcp{v}_options_server_idx2",
        "key_dhcp{v}_options_server_modification_ts",
    ),
    Key("dhcp{v}_pool", "modification_ts", "dhcp{v}_pool_idx1", "key_dhcp{v}_pool_modification_ts"),
    Key("dhcp{v}_pool", "subnet_id", "dhcp{v}_pool_idx2", ""),
    Key("dhcp6_pd_pool", "modification_ts", "dhcp6_pd_pool_idx1", "key_dhcp6_pd_pool_modification_ts"),
    Key("dhcp6_pd_pool", "subnet_id", "dhcp6_pd_pool_idx2", ""),
    Key("dhcp4_server", "modification_ts", "dhcp4_server_modification_ts", "key_dhcp4_server_modification_ts"),
    Key("dhcp6_server", "modification_ts", "dhcp6_server_idx1", "key_dhcp6_server_modification_ts"),
    Key("dhcp{v}_server", "tag", "dhcp{v}_server_tag_key", "dhcp{v}_server_tag_UNIQUE", "constraint"),
    Key("dhcp6_server", "tag", "dhcp6_server_idx2", "", "unique"),
    Key("dhcp{v}_shared_network", "name", "dhcp{v}_shared_network_name_key", "name_UNIQUE", "constraint"),
    Key("dhcp4_shared_network", "name", "dhcp4_shared_network_idx1", "", "unique"),
    Key("dhcp6_shared_network", "name", "dhcp6_shared_network_idx1", ""),
    Key("dhcp4_shared_network", "modification_ts", "dhcp4_shared_network_idx2", ""),
    Key("dhcp{v}_shared_network", "modification_ts", "", "key_dhcp{v}_shared_network_modification_ts"),
    Key(
        "dhcp{v}_shared_network_server",
        "modification_ts",
        "dhcp{v}_shared_network_server_idx1",
        "key_dhcp{v}_shared_network_server_modification_ts",
    ),
    Key("dhcp{v}_shared_network_server", "server_id", "dhcp{v}_shared_network_server_idx2", ""),
    Key("dhcp6_shared_network_server", "server_id", "", "fk_dhcp6_shared_network_server_server_id_idx"),
    Key("dhcp{v}_subnet", "modification_ts", "dhcp{v}_subnet_idx1", "key_dhcp{v}_subnet_modification_ts"),
    Key("dhcp{v}_subnet", "shared_network_name", "dhcp{v}_subnet_idx2", ""),
    Key("dhcp{v}_subnet", "subnet_prefix", "dhcp{v}_subnet_subnet_prefix_key", "", "constraint"),
    Key("dhcp4_subnet", "subnet_prefix", "", "subnet4_subnet_prefix", "unique"),
    Key("dhcp6_subnet", "subnet_prefix", "", "subnet_prefix_UNIQUE", "unique"),
    Key("dhcp6_subnet", "subnet_prefix", "", "subnet6_subnet_prefix"),
    Key("dhcp{v}_subnet_server", "server_id", "dhcp{v}_subnet_server_idx1", ""),
    Key("dhcp4_subnet_server", "server_id", "", "fk_dhcp4_subnet_server_server_id_idx"),
    Key(
        "dhcp{v}_subnet_server",
        "modification_ts",
        "dhcp{v}_subnet_server_idx2",
        "key_dhcp{v}_subnet_server_modification_ts",
    ),
    Key("hosts", "dhcp_identifier_type", "fk_host_identifier_type", ""),
    Key("hosts", "dhcp_identifier dhcp_identifier_type", "key_dhcp_identifier", ""),
    Key(
        "hosts",
        "ipv4_address dhcp4_subnet_id",
        "key_dhcp4_ipv4_address_subnet_id",
        "key_dhcp4_ipv4_address_subnet_id_identifier",
    ),
    Key("ipv6_reservations", "host_id", *["fk_ipv6_reservations_host_idx"] * 2),
    Key("ipv6_reservations", "address prefix_len", *["key_dhcp6_address_prefix_len"] * 2),
    Key("lease4", "client_id subnet_id", *["lease4_by_client_id_subnet_id"] * 2),
    Key("lease4", "hwaddr subnet_id", *["lease4_by_hwaddr_subnet_id"] * 2),
    Key("lease4", "subnet_id", *["lease4_by_subnet_id"] * 2),
    Key("lease4", "relay_id", *["lease4_by_relay_id"] * 2),
    Key("lease4", "remote_id", *["lease4_by_remote_id"] * 2),
    Key("lease{v}", "state expire", "lease{v}_by_state_expire", ""),
    Key("lease{v}", "expire state", "", "lease{v}_by_expire_state"),
    Key("lease6", "duid iaid subnet_id", *["lease6_by_duid_iaid_subnet_id"] * 2),
    Key("lease6", "subnet_id address", *["lease6_by_subnet_id_address"] * 2),
    Key("lease6", "subnet_id lease_type", *["lease6_by_subnet_id_lease_type"] * 2),
    Key("lease6_relay_id", "lease_addr", "lease6_relay_id_by_address", "key_lease6_relay_id_by_address"),
    Key("lease6_relay_id", "relay_id lease_addr", "lease6_relay_id_by_id", "key_lease6_relay_id_by_id"),
    Key("lease6_remote_id", "lease_addr", "lease6_remote_id_by_address", "key_lease6_remote_id_by_address"),
    Key("lease6_remote_id", "remote_id lease_addr", "lease6_remote_id_by_id", "key_lease6_remote_id_by_id"),
    Key("logs", "timestamp", "timestamp_id", "timestamp_index"),
    Key("logs", "address", "address_id", ""),
)


def _same(name: str, delete: str = "", update: str = "") -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    """PostgreSQL does nothing on update unless told; MySQL's rows say so in words."""
    return (name, delete, update), (name, delete, update or NOTHING)


def _plain(name: str) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    return (name, "", ""), (name, "", "")


def _linked(of: str, key: str, target: str) -> tuple[Reference, ...]:
    """An association of configuration objects with servers."""
    table = f"dhcp{{v}}_{of}_server"
    names = f"fk_{table}_{key}", f"fk_{table}_server_id"
    return (
        Reference(table, key, target, *_same(names[0], CASCADE)),
        Reference(table, "server_id", "dhcp{v}_server.id", *_same(names[1], CASCADE)),
    )


REFERENCES = (
    Reference(
        "dhcp{v}_audit",
        "modification_type",
        "modification.id",
        ("fk_dhcp{v}_audit_modification_type", "", ""),
        ("fk_dhcp{v}_audit_modification_type", NOTHING, NOTHING),
    ),
    Reference(
        "dhcp{v}_audit",
        "revision_id",
        "dhcp{v}_audit_revision.id",
        ("fk_dhcp{v}_audit_revision", "", CASCADE),
        ("fk_dhcp{v}_audit_revision", NOTHING, CASCADE),
    ),
    Reference(
        "dhcp{v}_client_class_dependency",
        "class_id",
        "dhcp{v}_client_class.id",
        ("dhcp{v}_client_class_class_id", CASCADE, ""),
        ("dhcp{v}_client_class_class_id", CASCADE, ""),
    ),
    Reference(
        "dhcp{v}_client_class_dependency",
        "dependency_id",
        "dhcp{v}_client_class.id",
        *_plain("dhcp{v}_client_class_dependency_id"),
    ),
    Reference(
        "dhcp{v}_client_class_order",
        "class_id",
        "dhcp{v}_client_class.id",
        ("fk_dhcp{v}_client_class_order_class_id", CASCADE, ""),
        ("fk_dhcp{v}_client_class_order_class_id", CASCADE, ""),
    ),
    Reference(
        "dhcp{v}_client_class_server",
        "class_id",
        "dhcp{v}_client_class.id",
        ("fk_dhcp{v}_client_class_class_id", CASCADE, ""),
        ("fk_dhcp{v}_client_class_class_id", CASCADE, ""),
    ),
    Reference(
        "dhcp{v}_client_class_server", "server_id", "dhcp{v}_server.id", *_plain("fk_dhcp{v}_client_class_server_id")
    ),
    # Kea's PostgreSQL schema gives the DHCPv4 one the name of its sister.
    Reference(
        "dhcp{v}_global_parameter",
        "parameter_type",
        "parameter_data_type.id",
        ("fk_dhcp6_global_parameter_type", "", ""),
        ("fk_dhcp{v}_global_parameter_type", "", ""),
    ),
    *_linked("global_parameter", "parameter_id", "dhcp{v}_global_parameter.id"),
    Reference(
        "dhcp{v}_option_def",
        "class_id",
        "dhcp{v}_client_class.id",
        *_same("fk_dhcp{v}_option_def_client_class_id", CASCADE, CASCADE),
    ),
    Reference("dhcp{v}_option_def", "type", "option_def_data_type.id", *_plain("fk_option_def_data_type{v}")),
    # PostgreSQL has these twice, under two names and with other rules for a server.
    Reference(
        "dhcp{v}_option_def_server",
        "option_def_id",
        "dhcp{v}_option_def.id",
        ("dhcp{v}_option_def_server_option_def_id_fkey", CASCADE, ""),
        None,
    ),
    Reference(
        "dhcp{v}_option_def_server",
        "server_id",
        "dhcp{v}_server.id",
        ("dhcp{v}_option_def_server_server_id_fkey", CASCADE, ""),
        None,
    ),
    Reference(
        "dhcp{v}_option_def_server",
        "option_def_id",
        "dhcp{v}_option_def.id",
        *_same("fk_dhcp{v}_option_def_server_option_def_id", CASCADE),
    ),
    Reference(
        "dhcp{v}_option_def_server",
        "server_id",
        "dhcp{v}_server.id",
        ("fk_dhcp{v}_option_def_server_server_id", "", ""),
        ("fk_dhcp{v}_option_def_server_server_id", CASCADE, NOTHING),
    ),
    Reference(
        "dhcp{v}_options",
        "scope_id",
        "dhcp_option_scope.scope_id",
        ("fk_dhcp{v}_option_scode", CASCADE, ""),
        ("fk_dhcp{v}_option_scope", "", ""),
    ),
    Reference("dhcp{v}_options", "host_id", "hosts.host_id", None, ("fk_dhcp{v}_options_Host", CASCADE, CASCADE)),
    Reference(
        "dhcp4_options",
        "host_id",
        "hosts.host_id",
        ("fk_options_host1", CASCADE, ""),
        ("fk_options_host1", NOTHING, NOTHING),
    ),
    Reference(
        "dhcp6_options",
        "host_id",
        "hosts.host_id",
        ("fk_options_host10", CASCADE, ""),
        ("fk_options_host10", NOTHING, NOTHING),
    ),
    Reference(
        "dhcp{v}_options",
        "dhcp_client_class",
        "dhcp{v}_client_class.name",
        None,
        ("fk_dhcp{v}_options_client_class", CASCADE, CASCADE),
    ),
    Reference("dhcp{v}_options", "pool_id", "dhcp{v}_pool.id", *_same("fk_dhcp{v}_options_pool", CASCADE, CASCADE)),
    Reference("dhcp6_options", "pd_pool_id", "dhcp6_pd_pool.id", *_same("fk_dhcp6_options_pd_pool", CASCADE, CASCADE)),
    Reference(
        "dhcp{v}_options",
        "shared_network_name",
        "dhcp{v}_shared_network.name",
        *_same("fk_dhcp{v}_options_shared_network", CASCADE, CASCADE),
    ),
    Reference(
        "dhcp{v}_options",
        "dhcp{v}_subnet_id",
        "dhcp{v}_subnet.subnet_id",
        *_same("fk_dhcp{v}_options_subnet", CASCADE, CASCADE),
    ),
    *_linked("options", "option_id", "dhcp{v}_options.option_id"),
    Reference(
        "dhcp{v}_pool",
        "subnet_id",
        "dhcp{v}_subnet.subnet_id",
        ("fk_dhcp{v}_pool_subnet_id", "", ""),
        ("fk_dhcp{v}_pool_subnet_id", NOTHING, CASCADE),
    ),
    Reference(
        "dhcp6_pd_pool",
        "subnet_id",
        "dhcp6_subnet.subnet_id",
        ("fk_dhcp6_pd_pool_subnet_id", "", ""),
        ("fk_dhcp6_pd_pool_subnet_id", NOTHING, CASCADE),
    ),
    Reference(
        "dhcp{v}_shared_network",
        "ddns_replace_client_name",
        "ddns_replace_client_name_types.type",
        ("fk_ddns_replace_client_name", "", ""),
        None,
    ),
    *_linked("shared_network", "shared_network_id", "dhcp{v}_shared_network.id"),
    Reference(
        "dhcp{v}_subnet",
        "ddns_replace_client_name",
        "ddns_replace_client_name_types.type",
        ("fk_ddns_replace_client_name", "", ""),
        None,
    ),
    Reference(
        "dhcp{v}_subnet",
        "shared_network_name",
        "dhcp{v}_shared_network.name",
        ("fk_dhcp{v}_subnet_shared_network", "", ""),
        ("fk_dhcp{v}_subnet_shared_network", NOTHING, NOTHING),
    ),
    Reference(
        "dhcp{v}_subnet_server",
        "server_id",
        "dhcp{v}_server.id",
        ("fk_dhcp{v}_subnet_server_server_id", CASCADE, CASCADE),
        ("fk_dhcp{v}_subnet_server_server_id", CASCADE, NOTHING),
    ),
    Reference(
        "dhcp{v}_subnet_server",
        "subnet_id",
        "dhcp{v}_subnet.subnet_id",
        *_same("fk_dhcp{v}_subnet_server_subnet_id", CASCADE, CASCADE),
    ),
    Reference(
        "hosts",
        "dhcp_identifier_type",
        "host_identifier_type.type",
        ("fk_host_identifier_type", CASCADE, ""),
        ("fk_host_identifier_type", "", ""),
    ),
    Reference(
        "ipv6_reservations",
        "host_id",
        "hosts.host_id",
        ("fk_ipv6_reservations_host", CASCADE, ""),
        ("fk_ipv6_reservations_Host", CASCADE, CASCADE),
    ),
    Reference("lease{v}", "state", "lease_state.state", *_plain("fk_lease{v}_state")),
    Reference("lease6", "lease_type", "lease6_types.lease_type", *_plain("fk_lease6_type")),
    Reference(
        "lease6",
        "hwaddr_source",
        "lease_hwaddr_source.hwaddr_source",
        None,
        ("fk_lease6_hwaddr_source", "", ""),
    ),
    Reference(
        "lease6_stat_by_client_class",
        "lease_type",
        "lease6_types.lease_type",
        *_plain("fk_lease6_stat_by_client_class_lease_type"),
    ),
    Reference("lease6_relay_id", "lease_addr", "lease6.address", *_same("fk_lease6_relay_id_addr", CASCADE)),
    Reference("lease6_remote_id", "lease_addr", "lease6.address", *_same("fk_lease6_remote_id_addr", CASCADE)),
)


def attach(metadata: MetaData) -> None:
    """Give the tables their keys, each only in the dialect that has it."""
    for key in _each(KEYS):
        for dialect, name in (("postgresql", key.postgresql), ("mysql", key.mysql)):
            if name:
                _attach_key(metadata, key, dialect, name)
    for reference in _each(REFERENCES):
        for dialect, made in (("postgresql", reference.postgresql), ("mysql", reference.mysql)):
            if made:
                name, delete, update = made
                constraint = ForeignKeyConstraint(
                    [reference.column],
                    [reference.target],
                    name=name,
                    ondelete=delete or None,
                    onupdate=update or None,
                ).ddl_if(dialect=dialect)
                metadata.tables[reference.table].append_constraint(constraint)
    _attach_host_names(metadata)


def _attach_key(metadata: MetaData, key: Key, dialect: str, name: str) -> None:
    table = metadata.tables[key.table]
    if key.kind == "constraint":
        table.append_constraint(UniqueConstraint(*key.columns.split(), name=name).ddl_if(dialect=dialect))
    else:
        columns = [table.c[each] for each in key.columns.split()]
        Index(name, *columns, unique=key.kind == "unique").ddl_if(dialect=dialect)


def _attach_host_names(metadata: MetaData) -> None:
    """Names are looked up without regard to case: an expression in PostgreSQL, the collation's doing in MySQL. One
    identifier may stand in several subnets, and any number of times in none."""
    for table_name, index_name in (
        ("hosts", "hosts_by_hostname"),
        ("lease4", "lease4_by_hostname"),
        ("lease6", "lease6_by_hostname"),
    ):
        table = metadata.tables[table_name]
        some = text("hostname IS NOT NULL")
        Index(index_name, func.lower(table.c.hostname), postgresql_where=some).ddl_if(dialect="postgresql")
        Index(index_name, table.c.hostname).ddl_if(dialect="mysql")
    hosts = metadata.tables["hosts"]
    for v in (4, 6):
        subnet = f"dhcp{v}_subnet_id"
        columns = [hosts.c.dhcp_identifier, hosts.c.dhcp_identifier_type, hosts.c[subnet]]
        name = f"key_dhcp{v}_identifier_subnet_id"
        some = text(f"{subnet} IS NOT NULL")
        Index(name, *columns, unique=True, postgresql_where=some).ddl_if(dialect="postgresql")
        Index(name, *columns, unique=True).ddl_if(dialect="mysql")


def index_names(metadata: MetaData, dialect: str) -> Iterator[str]:
    """`table.index` or `table.index unique` for every index of a dialect but the primary keys."""
    listed: list[tuple[str, str]] = []  # MySQL: table and first columns, to see which foreign keys need an index
    for key in _each(KEYS):
        name = key.postgresql if dialect == "postgresql" else key.mysql
        if name:
            yield f"{key.table}.{name}{' unique' if key.kind else ''}"
            listed.append((key.table, key.columns.split()[0]))
    for table in ("hosts", "lease4", "lease6"):
        yield f"{table}.{table}_by_hostname"
    for v in (4, 6):
        yield f"hosts.key_dhcp{v}_identifier_subnet_id unique"
    if dialect == "mysql":
        yield from _implied_by_references(metadata, listed)


def _implied_by_references(metadata: MetaData, listed: list[tuple[str, str]]) -> Iterator[str]:
    for reference in _each(REFERENCES):
        made = (reference.table, reference.column)
        first_of_primary_key = next(iter(metadata.tables[reference.table].primary_key.columns), None)
        if first_of_primary_key is not None and first_of_primary_key.name == reference.column:
            continue
        if reference.mysql and made not in listed:
            listed.append(made)
            yield f"{reference.table}.{reference.mysql[0]}"


Row = TypeVar("Row", Key, Reference)


def _each(rows: tuple[Row, ...]) -> Iterator[Row]:
    """The rows with `{v}` replaced, once for each protocol where it occurs."""
    for row in rows:
        if "{v}" in row.table:
            for v in ("4", "6"):
                yield _for_protocol(row, v)
        else:
            yield row


def _for_protocol(row: Row, v: str) -> Row:
    values: dict[str, Any] = {each.name: _with_protocol(getattr(row, each.name), v) for each in fields(row)}
    return replace(row, **values)


def _with_protocol(value: str | tuple[str, ...] | None, v: str) -> str | tuple[str, ...] | None:
    if isinstance(value, str):
        return value.replace("{v}", v)
    return value and tuple(part.replace("{v}", v) for part in value)
