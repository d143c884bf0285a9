"""Opening the lease database of a configuration: its link, its schema, its store.

Runs in: connection
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from kea_mp.config.model import SqlAccess, Subnet4
from kea_mp.config.model6 import Subnet6
from kea_mp.family import DHCP4, Family
from kea_mp.leases.lease_kinds import kind_for
from kea_mp.leases.link import Link, Mismatch, first_of
from kea_mp.leases.mysql import MysqlLink
from kea_mp.leases.patient import nothing
from kea_mp.leases.postgresql import PostgresLink
from kea_mp.leases.sql_store import SqlLeaseStore
from kea_mp.sql import engine, schema
from kea_mp.sql.errors import translated

_MAKING = {"postgresql": "DATABASE_PGSQL_INITIALIZE_SCHEMA the database is empty: making the schema in %s",
           "mysql": "DATABASE_MYSQL_INITIALIZE_SCHEMA the database is empty: making the schema in %s"}  # fmt: skip


def link_to(access: SqlAccess, family: Family = DHCP4) -> Link:
    """A link, not connected yet, to the leases of this family."""
    kind = kind_for(family)
    return PostgresLink(access, kind) if access.type == "postgresql" else MysqlLink(access, kind)


def open_sql(
    access: SqlAccess, subnets: tuple[Subnet4, ...] | tuple[Subnet6, ...], family: Family = DHCP4
) -> SqlLeaseStore:
    """The store, which connects when it is asked for the first time: to the first of the hosts that serves, and an
    empty database gets the schema."""
    link = link_to(access, family)
    store = SqlLeaseStore(link, subnets)
    store.renew = partial(first_of, access.hosts, partial(connect, link, access))
    return store


def connect(link: Link, access: SqlAccess, host: str, port: int, making: Callable[[], None] = nothing) -> None:
    """Connect to one host. A database without any table gets the schema; making: called before that, for it takes
    time. LinkError, Mismatch; BackendDown or DatabaseRefused when the schema cannot be made."""
    try:
        link.connect_to(host, port)
    except Mismatch:
        # As in Kea: not for somebody who keeps the password in a file, and never where there is anything.
        reached = access if link.tls or access.type != "mysql" else engine.in_clear(access)
        if access.readonly or access.password_file or not _initialised(link, reached, host, port, making):
            raise
        link.connect_to(host, port)


def _initialised(link: Link, access: SqlAccess, host: str, port: int, making: Callable[[], None]) -> bool:
    """Make the schema in a database without any table; whether it is there now, made by us or by another server that
    starts at the same moment."""
    name = engine.where(access, host, port)

    def begin() -> None:
        logging.getLogger(link.kind.family.logger("dhcpsrv")).info(_MAKING[access.type], name)

    making()
    with engine.connect(access, host, port) as connection, translated(name):
        if schema.read_version(connection) is None:
            schema.initialise(connection, begin)
        return schema.read_version(connection) == schema.expected_version(access.type)
