"""Makes the connection worker of a SQL lease database.

Runs in: connection
"""

from __future__ import annotations

from kea_mp.bus.sockets import ChildBus
from kea_mp.config.model import SqlAccess
from kea_mp.leases.open_sql import link_to
from kea_mp.leases.sql_store import SqlLeaseStore
from kea_mp.supervisor.start_record import StartRecord
from workers.connection.database import DatabaseConnection
from workers.connection.lanes import Lanes
from workers.start import leaving


def on_database(start: StartRecord, bus: ChildBus) -> DatabaseConnection:
    """The worker, which is not connected yet."""
    config, access = start.config, start.config.lease_database
    assert isinstance(access, SqlAccess)
    link = link_to(access, config.family)
    store = SqlLeaseStore(link, config.subnets)
    return DatabaseConnection(
        start.child, start.generation, bus, Lanes(start.lanes, config.family), link, store, access, config.expired,
        leaving, heartbeat_s=start.heartbeat_s,
    )  # fmt: skip
