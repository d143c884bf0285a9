"""A pool in a database that is almost full, and full: nobody waits longer, and it is said once and counted."""

from __future__ import annotations

import json
from ipaddress import IPv4Address
from typing import Any

import pytest

from tests.lab.lease_database import Database
from tests.lab.sql_daemon import Site, site
from tests.lab.waiting import eventually

pytestmark = [pytest.mark.root, pytest.mark.timeout(120)]

SIZE, FREE = 1000, 10
FIRST = int(IPv4Address("10.0.0.0"))


def fill(database: Database) -> None:
    """All addresses of the pool but FREE of them, these where a search finds them last."""
    used = (number for number in range(SIZE) if number % 97 or number > 97 * FREE)
    rows = ", ".join(f"({FIRST + number}, {_hw(database, number)}, 4000, now() + interval {_hour(database)}, 1, 0)"
                     for number in used)  # fmt: skip
    columns = "address, hwaddr, valid_lifetime, expire, subnet_id, state"
    database.server.run(database.name, f"INSERT INTO lease4 ({columns}) VALUES {rows}")


def _hw(database: Database, number: int) -> str:
    text = f"02ee{number:08x}"
    return f"'\\x{text}'" if database.server.type == "postgresql" else f"0x{text}"


def _hour(database: Database) -> str:
    return "'1 hour'" if database.server.type == "postgresql" else "1 hour"


def counted(here: Site, name: str) -> int:
    samples: Any = here.daemon.command("statistic-get", {"name": name})["arguments"]
    return int(samples[name][0][0]) if name in samples else 0


def test_the_last_addresses_are_given_at_once_and_a_full_pool_is_said_once_and_counted(database: Database) -> None:
    fill(database)
    free = len(set(range(FIRST, FIRST + SIZE)) - database.rows().keys())
    with site(database) as here:
        subnet = here.daemon.config["subnet4"][0]
        subnet["pools"] = [{"pool": f"{IPv4Address(FIRST)} - {IPv4Address(FIRST + SIZE - 1)}"}]
        here.daemon.config_file.write_text(json.dumps({"Dhcp4": here.daemon.config}))
        here.daemon.start()
        here.daemon.wait_serving()
        relay = here.relay
        given = [relay.acquire(b"\2\0\0\0\1" + bytes([client])) for client in range(free)]
        assert None not in given
        assert len(set(given)) == free
        assert here.daemon.log.read_text().count("ALLOC_ENGINE_V4_ALLOC_FAIL") == 0
        asked = 30
        for client in range(asked):
            relay.send(b"\2\0\0\0\2" + bytes([client]), client)
        name = "subnet[1].v4-allocation-fail-subnet"
        eventually(lambda: counted(here, name) == counted(here, "v4-allocation-fail") == asked, 10, "all are counted")
        assert relay.drain() == 0
        said = here.daemon.log.read_text()
        assert 1 <= said.count("ALLOC_ENGINE_V4_ALLOC_FAIL_SUBNET ") <= 2  # each packet worker says it
        assert relay.renew(b"\2\0\0\0\1\0", given[0] or 0) == given[0]
