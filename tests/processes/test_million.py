"""Many leases: how soon the first client is answered after a start, and what memory they take, beside real Kea."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from tests.lab import many
from tests.lab.daemon import KeaMp
from tests.lab.net import Lab
from tests.lab.peer import Peer

pytestmark = [pytest.mark.root, pytest.mark.timeout(400)]

WORKERS = 2


@pytest.fixture
def hosts() -> Iterator[tuple[str, str]]:
    with Lab() as lab:
        server, client = lab.hosts("server", "client")
        ends = ([f"{many.SERVER}/10"], [f"{many.RELAY}/10"])
        lab.link((server, "srv0"), (client, "cli0"), (many.SERVER_MAC, many.RELAY_MAC), ends)
        yield server, client


def ours(hosts: tuple[str, str], leases: Path) -> many.Start:
    server = KeaMp(many.CONFIG, hosts[0], WORKERS, leases=leases)
    try:
        return many.measure(server, hosts[1])
    finally:
        server.remove()


def kea(hosts: tuple[str, str], leases: Path) -> many.Start:
    server = Peer(many.CONFIG, hosts[0], leases=leases)
    try:
        return many.measure(server, hosts[1])
    finally:
        server.remove()


def test_a_hundred_thousand_leases_are_there_after_a_start(hosts: tuple[str, str], tmp_path: Path) -> None:
    count = 100_000
    many.write_leases(tmp_path / "leases.csv", count)
    start = ours(hosts, tmp_path / "leases.csv")
    assert start.known == str(IPv4Address(many.FIRST + 77))
    assert start.fresh == str(IPv4Address(many.FIRST + count)), "the first address that nobody holds"
    assert start.first_answer_s < 20
    assert start.pss < 300 << 20


@pytest.mark.long
@pytest.mark.peer
def test_a_million_leases_start_no_later_than_kea_and_take_no_more_memory(
    hosts: tuple[str, str], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    many.write_leases(tmp_path / "leases.csv", 1_000_000)
    theirs, own = kea(hosts, tmp_path / "leases.csv"), ours(hosts, tmp_path / "leases.csv")
    for name, start in (("kea", theirs), ("kea-mp", own)):
        record_property(f"{name} first answer s", round(start.first_answer_s, 2))
        record_property(f"{name} pss MiB", start.pss >> 20)
        print(f"{name}: first answer after {start.first_answer_s:.1f} s, {start.pss / 2**20:.0f} MiB")
    assert own.known == theirs.known
    assert own.first_answer_s <= theirs.first_answer_s
    assert own.pss <= theirs.pss
