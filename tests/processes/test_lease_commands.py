"""Lease commands on a running daemon: what they change holds for clients, and packets do not wait for them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from multiprocessing import get_context
from pathlib import Path
from statistics import quantiles

import pytest

from tests.lab import lease_file, many, unixcontrol
from tests.lab.daemon import KeaMp
from tests.lab.load import Exchange, Load
from tests.lab.net import Lab
from tests.lab.packets import DISCOVER, OFFER, Bootp
from tests.lab.wire_client import WireClient

pytestmark = [pytest.mark.root, pytest.mark.timeout(180)]

LIBRARIES = {"hooks-libraries": [{"library": "/usr/lib/kea/hooks/libdhcp_lease_cmds.so"},
                                 {"library": "/usr/lib/kea/hooks/libdhcp_stat_cmds.so"}]}  # fmt: skip
COUNT = 100_000
RATE = 1000  #: exchanges per second while commands run


@dataclass
class Site:
    server: str
    client: str

    @contextmanager
    def asking(self) -> Iterator[WireClient]:
        client = WireClient(self.client, "cli0", many.RELAY_MAC, many.SERVER_MAC)
        try:
            yield client
        finally:
            client.close()


@pytest.fixture
def site() -> Iterator[Site]:
    with Lab() as lab:
        server, client = lab.hosts("server", "client")
        ends = ([f"{many.SERVER}/10"], [f"{many.RELAY}/10"])
        lab.link((server, "srv0"), (client, "cli0"), (many.SERVER_MAC, many.RELAY_MAC), ends)
        yield Site(server, client)


@pytest.fixture
def large(site: Site, tmp_path: Path) -> Iterator[KeaMp]:
    """A daemon with COUNT leases."""
    many.write_leases(tmp_path / "leases.csv", COUNT)
    with KeaMp(many.CONFIG | LIBRARIES, site.server, 2, leases=tmp_path / "leases.csv") as daemon:
        yield daemon


def offered(client: WireClient, mac: bytes) -> str:
    """The address offered to this client."""
    discover = Bootp(xid=int.from_bytes(mac[2:], "big"), chaddr=mac, giaddr=many.RELAY, hops=1,
                     options=((53, bytes((DISCOVER,))),))  # fmt: skip
    for _ in range(50):
        client.send(discover.encode(), (many.RELAY, 67), (many.SERVER, 67))
        answer = client.receive(0.1)
        if answer is not None and (answer.type, answer.xid) == (OFFER, discover.xid):
            return answer.yiaddr
    raise AssertionError("no offer")


def test_a_lease_added_by_command_is_its_clients_until_it_is_deleted(site: Site) -> None:
    mac, address = b"\x02\x77\0\0\0\x01", "10.99.1.2"
    with KeaMp(many.CONFIG | LIBRARIES, site.server, 2) as daemon, site.asking() as client:
        before = offered(client, mac)
        new = {"ip-address": address, "hw-address": mac.hex(":"), "hostname": "by-hand."}
        assert daemon.command("lease4-add", new)["result"] == 0
        assert (before != address, offered(client, b"\x02\x77\0\0\0\x02") != address) == (True, True)
        # The offer made before is remembered for a moment; a client that asks again has its lease looked up.
        until = time.monotonic() + 30
        while (now := offered(client, mac)) != address:
            assert time.monotonic() < until, f"{now} is offered"
            time.sleep(0.5)
        assert daemon.leases()[address]["hostname"] == "by-hand."
        assert daemon.command("lease4-del", {"ip-address": address})["result"] == 0
        assert daemon.command("lease4-get", {"ip-address": address})["result"] == 3
        assert address not in daemon.leases()


def test_without_the_library_the_commands_do_not_exist(site: Site) -> None:
    with KeaMp(many.CONFIG, site.server, 1) as daemon:
        for name in ("lease4-get-all", "stat-lease4-get"):
            assert daemon.command(name)["result"] == 2
            assert name not in daemon.command("list-commands")["arguments"]


def test_commands_survive_a_restart_of_the_daemon_and_of_the_owner_of_the_leases(site: Site) -> None:
    with KeaMp(many.CONFIG | LIBRARIES, site.server, 1) as daemon:
        for last in range(1, 6):
            new = {"ip-address": f"10.99.0.{last}", "hw-address": f"02:00:00:00:00:0{last}"}
            assert daemon.command("lease4-add", new)["result"] == 0
        owner = next(p["pid"] for p in daemon.status()["processes"] if p["name"] == "connection-lease-database")
        os.kill(owner, signal.SIGKILL)
        daemon.wait_serving()
        until = time.monotonic() + 15
        while (answer := daemon.command("lease4-get-all"))["result"] == 1 and time.monotonic() < until:
            assert "lease-database" in answer["text"]
            time.sleep(0.05)
        assert [lease["ip-address"] for lease in answer["arguments"]["leases"]] == [
            f"10.99.0.{last}" for last in range(1, 6)
        ]
        assert daemon.command("stat-lease4-get")["arguments"]["result-set"]["rows"][0][3] == 5


def test_a_frozen_owner_of_the_leases_is_not_waited_for_long(site: Site) -> None:
    with KeaMp(many.CONFIG | LIBRARIES, site.server, 1) as daemon:
        owner = next(p["pid"] for p in daemon.status()["processes"] if p["name"] == "connection-lease-database")
        os.kill(owner, signal.SIGSTOP)
        try:
            began = time.monotonic()
            answer = daemon.command("lease4-get-all")
            assert (answer["result"], "has not reported" in answer["text"]) == (1, True)
            assert time.monotonic() - began < 10
        finally:
            os.kill(owner, signal.SIGCONT)


# ---- many leases, under load ------------------------------------------------------------------------------------


def pages(control: Path) -> list[str]:
    """All addresses, as an administrator's script collects them."""
    found: list[str] = []
    start = "start"
    while True:
        answer = unixcontrol.ask(control, "lease4-get-page", {"from": start, "limit": 5000})
        if answer["result"] == 3:
            return found
        found += [lease["ip-address"] for lease in answer["arguments"]["leases"]]
        start = found[-1]


def get_all(control: Path) -> list[str]:
    return [lease["ip-address"] for lease in unixcontrol.ask(control, "lease4-get-all")["arguments"]["leases"]]


def by_hostname(control: Path) -> list[str]:
    for _ in range(10):
        assert unixcontrol.ask(control, "lease4-get-by-hostname", {"hostname": "nobody."})["result"] == 3
    return []


def written(control: Path) -> list[str]:
    for _ in range(3):
        assert unixcontrol.ask(control, "lease4-write", {"filename": "copy.csv"})["result"] == 0
    return []


def wiped(control: Path) -> list[str]:
    return [unixcontrol.ask(control, "lease4-wipe", {"subnet-id": 1})["text"]]


Job = Callable[[Path], list[str]]


def timed(job: Job, control: Path) -> tuple[float, float, list[str]]:
    """When it began and ended, on the monotonic clock, and what it found."""
    began = time.monotonic()
    found = job(control)
    return began, time.monotonic(), found


def under_load(site: Site, daemon: KeaMp, job: Job) -> tuple[Load, list[str]]:
    """A job while packets are served, in a process of its own so that it does not delay the clients. All clients that
    came after the first second got their leases, and hardly later than before the job."""
    with ProcessPoolExecutor(1, get_context("spawn")) as aside:
        aside.submit(timed, by_hostname, daemon.socket).result()
        with Load(site.client, many.RELAY, many.SERVER, RATE) as load:
            time.sleep(2.5)
            began, ended, found = aside.submit(timed, job, daemon.socket).result()
            time.sleep(0.5)
    settled = load.exchanges[0].began + 1.0  # the first packets pay for what the daemon does once
    assert [e for e in load.exchanges if e.began > settled and not e.acknowledged and not e.refused] == []
    assert load.surprises == []
    before = p99_ms(e for e in load.acknowledged if settled < e.began < began)
    meanwhile = p99_ms(e for e in load.acknowledged if began < e.began < ended)
    print(f"{job.__name__}: {ended - began:.2f} s; 99% within {before:.1f} ms before, {meanwhile:.1f} ms meanwhile")
    assert meanwhile < 3 * before + 500  # a machine that other work shares delays both by its own amount
    return load, found


def p99_ms(exchanges: Iterable[Exchange]) -> float:
    return 1000 * quantiles([exchange.acknowledged - exchange.began for exchange in exchanges], n=100)[98]


def addresses(count: int) -> set[str]:
    return {str(IPv4Address(many.FIRST + number)) for number in range(count)}


@pytest.mark.parametrize("job", [pages, get_all], ids=["pages", "all"])
def test_a_hundred_thousand_leases_are_shown_while_packets_are_served(site: Site, large: KeaMp, job: Job) -> None:
    load, found = under_load(site, large, job)
    assert addresses(COUNT) <= set(found)
    assert len(set(found)) == len(found) <= COUNT + len(load.exchanges)


def test_a_hundred_thousand_leases_are_searched_while_packets_are_served(site: Site, large: KeaMp) -> None:
    under_load(site, large, by_hostname)


def test_a_hundred_thousand_leases_are_written_while_packets_are_served(site: Site, large: KeaMp) -> None:
    under_load(site, large, written)
    copy = lease_file.leases(large.data / "copy.csv")
    now = large.leases()
    assert addresses(COUNT) <= copy.keys()
    assert all(now[address] == row for address, row in copy.items())


def test_a_hundred_thousand_leases_are_wiped_while_packets_are_served(site: Site, large: KeaMp) -> None:
    load, (said,) = under_load(site, large, wiped)
    assert int(said.split()[1]) >= COUNT
    mine = {str(IPv4Address(exchange.address)) for exchange in load.acknowledged}
    assert addresses(COUNT) & large.leases().keys() <= mine
