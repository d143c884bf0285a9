"""Under load: nothing is dropped, given twice or forgotten, whoever is killed.

perfdhcp makes the load of the project's own promise (2000 exchanges a second); the load generator of the lab makes
the same and remembers what was acknowledged.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kea_mp.supervisor.shard import shard
from tests.lab import perfdhcp
from tests.lab.daemon import KeaMp
from tests.lab.load import Load
from tests.lab.net import Lab
from tests.lab.packets import DISCOVER, Bootp
from tests.lab.waiting import eventually
from tests.lab.wire_client import WireClient

pytestmark = [pytest.mark.root, pytest.mark.timeout(180)]

WORKERS = 2
RATE = 2000
SERVER, RELAY = "10.64.0.1", "10.64.0.2"
SERVER_MAC, RELAY_MAC = "02:5e:00:00:00:01", "02:c1:00:00:00:02"


def config(**more: Any) -> dict[str, Any]:
    return {
        "interfaces-config": {"interfaces": ["srv0"], "dhcp-socket-type": "raw"},
        "valid-lifetime": 7200,
        "subnet4": [{"id": 1, "subnet": "10.64.0.0/10", "pools": [{"pool": "10.65.0.0 - 10.127.255.254"}]}],
        **more,
    }


@dataclass
class Site:
    server: str
    client: str


@pytest.fixture
def site() -> Iterator[Site]:
    with Lab() as lab:
        server, client = lab.hosts("server", "client")
        lab.link(
            (server, "srv0"),
            (client, "cli0"),
            (SERVER_MAC, RELAY_MAC),
            ([f"{SERVER}/10"], [f"{RELAY}/10"]),
        )
        yield Site(server, client)


@pytest.mark.skipif(not perfdhcp.available(), reason="no perfdhcp: scripts/test installs it")
def test_perfdhcp_sees_no_drop_after_the_first_second_and_no_address_twice(site: Site) -> None:
    with KeaMp(config(), site.server, WORKERS) as server:
        result = perfdhcp.run(site.client, RATE, 10)
        leases = server.leases()
    assert result.discovers > RATE * 9, result.text
    assert result.not_unique == 0
    assert result.rejected == 0
    # perfdhcp waits for the last answers: what is missing then was lost, at the latest in the first second, unless
    # perfdhcp itself was too slow to take what had come.
    assert result.drops - result.overrun <= result.ticks[0].missing, f"{result.text}\noverrun {result.overrun}"
    # perfdhcp draws its clients at random: one that comes twice has one lease.
    assert 0 < len(leases) <= result.requests
    addresses = [row["hwaddr"] for row in leases.values()]
    assert len(set(addresses)) == len(addresses), "a client holds two addresses"


def test_every_acknowledged_lease_is_in_the_file_and_none_is_given_twice(site: Site) -> None:
    with KeaMp(config(), site.server, WORKERS) as server:
        with Load(site.client, RELAY, SERVER, RATE) as load:
            time.sleep(6)
        leases = server.leases()
    settled = load.exchanges[0].began + 1.0
    assert len(load.exchanges) > RATE * 5
    assert [e for e in load.unanswered if e.began > settled] == []
    assert load.given_twice() == []
    assert load.missing_in(leases) == []
    assert load.surprises == []


def test_a_killed_worker_costs_only_its_own_packets_in_flight(site: Site) -> None:
    with KeaMp(config(), site.server, WORKERS) as server:
        victim = server.worker_pids()[0]
        with Load(site.client, RELAY, SERVER, RATE) as load:
            time.sleep(3)
            os.kill(victim, signal.SIGKILL)
            killed = time.monotonic()
            eventually(lambda: victim not in server.worker_pids() and all(server.worker_pids()), 5, "it is replaced")
            time.sleep(3)
        leases = server.leases()
        status = server.status()
    settled = load.exchanges[0].began + 1.0
    lost = [e for e in load.unanswered if e.began > settled]
    assert all(shard(e.mac, WORKERS) == 0 for e in lost), "clients of the other worker lost packets"
    late = [e.last_sent - killed for e in lost if not killed - 0.2 < e.last_sent < killed + 1.0]
    assert late == [], f"not back within one second: lost until {max(late):.2f} s after the kill"
    # The sockets stay open while the worker is away: what waits in them is answered by its successor.
    assert len(lost) < RATE / 4, f"{len(lost)} exchanges were lost"
    assert load.given_twice() == []
    assert load.missing_in(leases) == []
    assert any(process["restarts"] for process in status["processes"])


def test_a_killed_connection_worker_costs_a_moment_and_no_exchange(site: Site) -> None:
    """Packets wait for its successor, and what it had in its hands is asked again."""
    with KeaMp(config(), site.server, WORKERS) as server:
        pid = next(p["pid"] for p in server.status()["processes"] if p["name"].startswith("connection-"))
        with Load(site.client, RELAY, SERVER, RATE // 2) as load:
            time.sleep(2)
            os.kill(pid, signal.SIGKILL)
            killed = time.monotonic()
            time.sleep(4)
        leases = server.leases()
        said = server.output()
    assert load.given_twice() == []
    assert load.missing_in(leases) == []
    assert any(e.acknowledged > killed + 0.5 for e in load.acknowledged), "it never came back"
    assert load.refused_for_nothing() == [], "clients were refused because the leases could not be asked"
    assert "DHCP is not served" not in said
    # Its successor does not know what had been offered and not asked for yet, so that some are refused.
    settled = load.exchanges[0].began + 1.0
    lost = [e for e in load.unanswered if e.began > settled and not e.refused]
    assert len(lost) < RATE / 200, f"{len(lost)} exchanges were lost"


def test_every_acknowledged_lease_survives_the_death_of_all_processes(site: Site, tmp_path: Path) -> None:
    folder = Path(f"/tmp/kmp-{os.getpid()}-all") if len(str(tmp_path)) > 70 else tmp_path
    server = KeaMp(config(), site.server, WORKERS, folder=folder)
    with server, Load(site.client, RELAY, SERVER, RATE) as load:
        time.sleep(3)
        server.kill_tree()
        time.sleep(0.2)
    promised = len(load.acknowledged)
    assert promised > RATE * 2
    with KeaMp(config(), site.server, WORKERS, folder=folder) as again:
        assert load.missing_in(again.leases()) == []
        with Load(site.client, RELAY, SERVER, RATE, first=1_000_000) as second:
            time.sleep(2)
        assert load.missing_in(again.leases()) == []
    held = {exchange.address for exchange in load.acknowledged}
    assert not held & {exchange.address for exchange in second.acknowledged}, "a held address was given away"


def mutated(seed: bytes, randomness: random.Random) -> bytes:
    """A message with some bytes changed, cut, repeated or put in."""
    data = bytearray(seed)
    for _ in range(randomness.randint(1, 8)):
        at = randomness.randrange(len(data)) if data else 0
        match randomness.randrange(5):
            case 0:
                data[at : at + 1] = bytes((randomness.randrange(256),))
            case 1:
                del data[at : at + randomness.randint(1, 40)]
            case 2:
                data[at:at] = randomness.randbytes(randomness.randint(1, 40))
            case 3:
                data[at:at] = data[at : at + randomness.randint(1, 60)]
            case _:
                data[min(at, 240) :] = data[240:] if at % 2 else data[at:]
    return bytes(data[:1400])


SEEDS = tuple(
    Bootp(options=options, giaddr=RELAY, xid=7).encode()
    for options in (
        ((53, bytes((DISCOVER,))), (55, b"\x01\x03\x06"), (61, b"\x01\x02\x00\x00\x00\x00\x01")),
        ((53, b"\x03"), (50, b"\x0a\x41\x00\x01"), (54, b"\x0a\x40\x00\x01"), (12, b"host"), (60, b"vendor")),
        ((53, b"\x08"), (81, b"\x05\0\0\x02pc\x07example\0"), (82, b"\x01\x04port\x05\x04\x0a\x40\x00\x00")),
        ((53, b"\x04"), (50, b"\x0a\x41\x00\x02"), (43, b"\x01\x01a"), (125, b"\0\0\x11\x8b\x04\x01\x02\x01\x02")),
        ((53, b"\x07"), (54, b"\x0a\x40\x00\x01"), (124, b"\0\0\x11\x8b\x03abc"), (77, b"\x02us")),
    )
)


def endure(site: Site, seconds: float) -> None:
    """Mutated packets, then an honest client; the same processes must still be there, no bigger than before."""
    randomness = random.Random(20)
    with KeaMp(config(), site.server, WORKERS) as server:
        client = WireClient(site.client, "cli0", RELAY_MAC, SERVER_MAC)
        pids = {process.pid for process in server.process.tree()} if server.process else set()

        def storm(until: float) -> int:
            sent = 0
            while time.monotonic() < until:
                for _ in range(20):
                    payload = mutated(randomness.choice(SEEDS), randomness)
                    client.send(payload, (RELAY, 67), (SERVER, 67))
                sent += 20
                client.drain()
            return sent

        storm(time.monotonic() + seconds / 4)  # caches fill, the interpreter's memory settles
        before = server.pss()
        sent = storm(time.monotonic() + seconds * 3 / 4)
        grown = server.pss() - before
        client.close()
        assert sent > 300 * seconds
        assert server.process is not None
        assert {process.pid for process in server.process.tree()} == pids, server.output()[-3000:]
        # Rubbish may hold leases; what it may not do is grow with every packet: less than 50 bytes each, or 2 MB.
        assert grown < max(2 << 20, 50 * sent), f"{grown / 2**20:.1f} MiB more after {sent} packets"
        with Load(site.client, RELAY, SERVER, 200) as load:
            time.sleep(1)
        assert load.unanswered == []


def test_mutated_packets_neither_kill_nor_swell_it(site: Site) -> None:
    endure(site, 12)


@pytest.mark.long
def test_a_minute_of_mutated_packets_neither_kills_nor_swells_it(site: Site) -> None:
    endure(site, 60)
