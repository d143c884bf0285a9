"""A connection worker: the sole owner of one lease backend, asked by the packet workers in batches.

Runs in: connection
"""

from __future__ import annotations

import gc
import logging
import os
import time

from kea_mp.bus.messages import CONNECTING, IDLE, Health
from kea_mp.bus.sockets import ChildBus
from kea_mp.config.model import Config4, LeaseDatabase, MemfileAccess, SqlAccess
from kea_mp.errors import ExitCode, ExitWith
from kea_mp.leases.memfile import MemfileStore, open_memfile
from kea_mp.leases.open_sql import link_to
from kea_mp.leases.sql_store import SqlLeaseStore
from kea_mp.supervisor.start_record import StartRecord
from workers.connection.cleanup import running_cleanup
from workers.connection.database import DatabaseConnection
from workers.connection.lanes import Lanes
from workers.connection.loop import Connection
from workers.start import leaving

logger = logging.getLogger("kea-dhcp4.dhcpsrv")

CLEANUP_WAIT_S = 10.0  #: how long somebody else's clean-up of our files may go on before we leave


def run(start: StartRecord) -> None:
    """Own the lease database of `start` until a SIGTERM comes."""
    bus = ChildBus(start.endpoints, start.child)
    try:
        state = IDLE if isinstance(start.config.lease_database, SqlAccess) else CONNECTING
        bus.send(Health(start.child, os.getpid(), 0, generation=start.generation, state=state))
        _connection(start, bus, start.config.lease_database).run()
    finally:
        bus.close()


def _connection(start: StartRecord, bus: ChildBus, access: LeaseDatabase) -> Connection:
    """The worker on the lease database of this type. ExitWith when a lease file cannot be used."""
    lanes, expired = Lanes(start.lanes), start.config.expired
    if isinstance(access, SqlAccess):
        link = link_to(access)
        store = SqlLeaseStore(link, start.config.subnets)
        return DatabaseConnection(
            start.child, start.generation, bus, lanes, link, store, access, expired, leaving,
            heartbeat_s=start.heartbeat_s,
        )  # fmt: skip
    memory, convert = open_store(start.config, access)
    return Connection(
        start.child, start.generation, bus, lanes, memory, expired, leaving,
        lfc_interval=access.lfc_interval, convert=convert, heartbeat_s=start.heartbeat_s,
    )  # fmt: skip


def open_store(config: Config4, access: MemfileAccess) -> tuple[MemfileStore, bool]:
    """The lease store with everything loaded, and whether its files want converting. ExitWith: see `open_memfile`."""
    logger.info("DHCPSRV_MEMFILE_DB opening memory file lease database: %s", access.name)
    if access.persist:
        _wait_for_cleanup(access.name)
    gc.disable()  # a million rows are no cycles, but looking at them again and again takes as long as loading
    store, convert = open_memfile(config, int(time.time()))
    gc.freeze()
    gc.enable()
    return store, convert


def _wait_for_cleanup(path: str) -> None:
    """Files that a clean-up is working on cannot be read; it may be one that a Kea has left behind."""
    deadline = time.monotonic() + CLEANUP_WAIT_S
    while pid := running_cleanup(path):
        if time.monotonic() > deadline or leaving.asked:
            raise ExitWith(ExitCode.UNAVAILABLE, "DHCPSRV_MEMFILE_FAILED_TO_OPEN",
                           f"unable to load leases from files while the lease file cleanup is in progress (pid {pid})"
                           )  # fmt: skip
        time.sleep(0.05)
