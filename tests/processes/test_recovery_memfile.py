"""A lease file that cannot be written: on-fail decides, as for a database, and there are no tries."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.lab.daemon import KeaMp
from tests.lab.net import Lab
from tests.lab.relay import RELAY, SERVER, Relay
from tests.lab.sql_daemon import POOLS
from tests.lab.waiting import eventually

pytestmark = pytest.mark.root

UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


@contextmanager
def serving(on_fail: str) -> Iterator[tuple[KeaMp, Relay]]:
    with Lab() as lab:
        server, client = lab.hosts("server", "client")
        lab.link((server, "srv0"), (client, "cli0"), addresses=([f"{SERVER}/24"], [f"{RELAY}/24"]))
        config = {
            "interfaces-config": {"interfaces": ["srv0"]},
            "lease-database": {"type": "memfile", "lfc-interval": 0, "on-fail": on_fail},
            "valid-lifetime": 4000,
            "subnet4": [{"id": 1, "subnet": "10.0.0.0/8", "pools": POOLS, "relay": {"ip-addresses": [RELAY]}}],
        }
        with KeaMp(config, server) as daemon:
            relay = Relay(client)
            try:
                yield daemon, relay
            finally:
                relay.close()


def full(daemon: KeaMp) -> int:
    """Let the lease file grow no more, as on a full disk; the process that writes it."""
    found = (p for p in daemon.status()["processes"] if p["name"].startswith("connection-"))
    pid: int = next(found)["pid"]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (daemon.lease_file.stat().st_size + 20, resource.RLIM_INFINITY))
    return pid


def backend(daemon: KeaMp) -> dict[str, Any]:
    found: dict[str, Any] = daemon.status()["backends"][0]
    return found


def mac(number: int) -> bytes:
    return b"\x02\x00\x00\x08" + number.to_bytes(2, "big")


@pytest.mark.parametrize("on_fail", ["stop-retry-exit", "serve-retry-exit"])
def test_a_write_error_with_exit_is_exit_75(on_fail: str) -> None:
    with serving(on_fail) as (daemon, relay):
        assert relay.acquire(mac(1))
        full(daemon)
        assert relay.acquire(mac(2), 1.0) is None
        assert daemon.process is not None
        assert daemon.process.wait(15) == 75
        assert " DHCP4_FATAL_DB_RECONNECT_DISABLED " in daemon.output()


def test_a_write_error_with_continue_is_looked_after_until_the_file_can_be_written() -> None:
    with serving("serve-retry-continue") as (daemon, relay):
        assert relay.acquire(mac(1))
        pid = full(daemon)
        assert relay.acquire(mac(2), 1.0) is None
        eventually(lambda: backend(daemon)["state"] == "given-up", 5, "the loss is seen")
        assert daemon.service()["state"] == "serve"
        resource.prlimit(pid, resource.RLIMIT_FSIZE, UNLIMITED)
        eventually(lambda: backend(daemon)["state"] == "up", 10, "the file can be written again")
        address = relay.acquire(mac(2))
        assert address
        assert len(daemon.leases()) == 2
