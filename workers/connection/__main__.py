"""A connection worker: the sole owner of one lease backend, asked by the packet workers in batches.

Runs in: connection
"""

from __future__ import annotations

import gc
import logging
import os
import select
import time
from collections.abc import Callable

from msgspec.structs import replace

from kea_mp.bus.messages import CONNECTING, IDLE, Directive, Health
from kea_mp.bus.sockets import ChildBus
from kea_mp.config.model import Config4, LeaseDatabase, MemfileAccess, SqlAccess
from kea_mp.config.model6 import Config6
from kea_mp.errors import ExitCode, ExitWith
from kea_mp.leases.memfile import AnyMemfileStore
from kea_mp.leases.open_memfile import open_memfile
from kea_mp.supervisor.start_record import StartRecord
from workers.connection.cleanup import running_cleanup
from workers.connection.lanes import Lanes
from workers.connection.loop import LISTEN_S, Connection
from workers.start import leaving

CLEANUP_WAIT_S = 10.0  #: how long somebody else's clean-up of our files may go on before we leave


def run(start: StartRecord) -> None:
    """Own the lease database of `start` until a SIGTERM comes."""
    opened = _opener(start.config.lease_database)
    bus = ChildBus(start.endpoints, start.child, generation=start.generation)
    try:
        bus.send(Health(start.child, os.getpid(), 0, generation=start.generation, state=IDLE))
        if isinstance(start.config.lease_database, SqlAccess) or _told(start, bus):
            opened(start, bus).run()
    finally:
        bus.close()


def _told(start: StartRecord, bus: ChildBus) -> bool:
    """Wait until the lease file is ours to open: up to then a process before us may write it. False: to leave."""
    poll = select.poll()
    for descriptor in (bus.fileno(), leaving.fileno()):
        poll.register(descriptor, select.POLLIN)
    seq, next_report = 0, 0.0
    health = Health(start.child, os.getpid(), 0, generation=start.generation, state=IDLE)
    while not leaving.asked:
        directives = [record for record in bus.receive() if isinstance(record, Directive)]
        if any(start.child in one.attempts and one.generation >= start.generation for one in directives):
            bus.send(replace(health, seq=seq + 1, state=CONNECTING))
            return True
        if directives and directives[-1].report != health.report:
            health, next_report = replace(health, report=directives[-1].report), 0.0
        if (now := time.monotonic()) >= next_report:
            seq, next_report = seq + 1, now + start.heartbeat_s
            bus.send(replace(health, seq=seq))
        poll.poll(1000 * LISTEN_S)
    return False


def _opener(access: LeaseDatabase) -> Callable[[StartRecord, ChildBus], Connection]:
    """What makes the worker on a lease database of this type, everything it needs loaded.

    The drivers are two thirds of what there is to load, in time and memory, and a lease file needs none of them.
    """
    if isinstance(access, SqlAccess):
        from workers.connection.on_database import on_database

        return on_database
    return _on_file


def _on_file(start: StartRecord, bus: ChildBus) -> Connection:
    """The worker on a lease file. ExitWith when it cannot be used."""
    config, access = start.config, start.config.lease_database
    assert isinstance(access, MemfileAccess)
    memory, convert = open_store(config, access)
    return Connection(
        start.child, start.generation, bus, Lanes(start.lanes, config.family), memory, config.expired, leaving,
        lfc_interval=access.lfc_interval, convert=convert, heartbeat_s=start.heartbeat_s,
    )  # fmt: skip


def open_store(config: Config4 | Config6, access: MemfileAccess) -> tuple[AnyMemfileStore, bool]:
    """The lease store with everything loaded, and whether its files want converting. ExitWith: see `open_memfile`."""
    logging.getLogger(config.family.logger("dhcpsrv")).info(
        "DHCPSRV_MEMFILE_DB opening memory file lease database: %s", access.name
    )
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
