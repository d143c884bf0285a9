"""Opening the lease database of a configuration: its link, its schema, its store.

Runs in: connection
"""

from __future__ import annotations

import logging

from kea_mp.config.model import SqlAccess, Subnet4
from kea_mp.errors import BackendDown, ConfigError, ExitCode, ExitWith
from kea_mp.leases.link import Link, LinkError, Mismatch
from kea_mp.leases.mysql import MysqlLink
from kea_mp.leases.postgresql import PostgresLink
from kea_mp.leases.sql_store import SqlLeaseStore
from kea_mp.sql import schema
from kea_mp.sql.engine import opened, where
from kea_mp.sql.errors import DatabaseRefused

logger = logging.getLogger("kea-dhcp4.dhcpsrv")

_OPENING = {"postgresql": "PGSQL_LB_DB opening PostgreSQL lease database: %s",
            "mysql": "MYSQL_LB_DB opening MySQL lease database: %s"}  # fmt: skip
_MAKING = {"postgresql": "DATABASE_PGSQL_INITIALIZE_SCHEMA the database is empty: making the schema in %s",
           "mysql": "DATABASE_MYSQL_INITIALIZE_SCHEMA the database is empty: making the schema in %s"}  # fmt: skip


def link_to(access: SqlAccess) -> Link:
    return PostgresLink(access) if access.type == "postgresql" else MysqlLink(access)


def open_sql(access: SqlAccess, subnets: tuple[Subnet4, ...]) -> tuple[SqlLeaseStore, str]:
    """The store, and why its database cannot be reached ("" when it can).

    ExitWith SCHEMA when the schema is of another version; UNAVAILABLE when the database cannot be reached and
    retry-on-startup is false.
    """
    names = ", ".join(where(access, host, port) for host, port in access.hosts)
    logger.info(_OPENING[access.type], names)
    link = link_to(access)
    problem = ""
    try:
        _connect(link, access, names)
    except (LinkError, BackendDown, DatabaseRefused, ConfigError) as error:
        problem = str(error)
        if not access.retry_on_startup:
            text = f"Unable to open database: {problem}"
            raise ExitWith(ExitCode.UNAVAILABLE, "DHCP4_INIT_FAIL", text) from error
        logger.info(
            "DHCPSRV_LEASE_MGR_DB_OPEN_CONNECTION_WITH_RETRY_FAILED Failed to connect to database: %s with error: %s",
            names, problem,
        )  # fmt: skip
    return SqlLeaseStore(link, subnets), problem


def _connect(link: Link, access: SqlAccess, names: str) -> None:
    try:
        link.connect()
    except Mismatch:
        # As in Kea: not for somebody who keeps the password in a file, and never where there is anything.
        if access.readonly or access.password_file or not _initialised(access, names):
            raise
        link.connect()


def _initialised(access: SqlAccess, names: str) -> bool:
    """Make the schema in a database without any table; whether it is there now, made by us or by another server that
    starts at the same moment."""
    with opened(access) as connection:
        if schema.read_version(connection) is None:
            schema.initialise(connection, lambda: logger.info(_MAKING[access.type], names))
        return schema.read_version(connection) == schema.expected_version(access.type)
