"""What every LeaseReports promises to the commands, whatever it is made of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Protocol

import pytest

from kea_mp.config.model import Config4, ExpiredLeases, Interfaces, Lifetime, MemfileAccess, Parameters4, Pool4, Subnet4
from kea_mp.leases.model import DECLINED, DEFAULT, RECLAIMED, RELEASED, Lease4
from kea_mp.leases.open_memfile import open_memfile4
from kea_mp.leases.open_sql import open_sql
from kea_mp.leases.sql_reports import LOOK
from kea_mp.leases.store import ClaimLease, LeaseReports, LeaseStore, RemoveLease, Stored, Wanted
from kea_mp.values import address4
from tests.lab.lease_database import Database

NOW = 1_800_000_000
HERE, THERE = address4("192.0.2.0"), address4("198.51.100.0")
PARAMETERS = Parameters4(Lifetime(3600, 3600, 3600))
SUBNETS = tuple(
    Subnet4(number, prefix, 24, (Pool4(prefix + 1, prefix + 200),), PARAMETERS)
    for number, prefix in ((1, HERE), (2, THERE))
)


class Reported(LeaseStore, Protocol):
    """A backend that commands can ask."""

    def reports(self) -> LeaseReports: ...


def memfile_in(folder: Path) -> Reported:
    access = MemfileAccess(str(Path(mkdtemp(dir=folder), "leases.csv")), sync="none")
    return open_memfile4(Config4({}, "", Interfaces(), access, ExpiredLeases(), SUBNETS, PARAMETERS), NOW)[0]


def sql_in(database: Database) -> Reported:
    database.clear()
    return open_sql(database.access, SUBNETS)


@pytest.fixture(params=["memfile", "postgresql", "mysql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reported]:
    if request.param == "memfile":
        made = memfile_in(tmp_path)
    else:
        made = sql_in(request.getfixturevalue(f"{request.param}_database"))
    yield made
    made.close()


def hw(number: int, htype: int = 1) -> bytes:
    return bytes([htype, 2, 0, 0]) + number.to_bytes(3, "big")


def add(store: LeaseStore, address: int, client: int = 1, **changes: object) -> Lease4:
    subnet_id = 1 if address < THERE else 2
    fields = {
        "address": address,
        "hw": hw(client),
        "client_id": b"",
        "valid_lft": 3600,
        "cltt": NOW,
        "subnet_id": subnet_id,
    }
    lease = Lease4(**{**fields, **changes})  # type: ignore[arg-type]
    assert store.execute([ClaimLease(lease)]) == [Stored(lease)]
    return lease


def all_of(store: Reported, wanted: Wanted, limit: int = 100) -> list[Lease4]:
    """Page after page to the end."""
    found: list[Lease4] = []
    after: int | None = -1
    while after is not None:
        page = store.reports().page(wanted, after, limit)
        assert len(page.leases) <= limit
        found += page.leases
        after = page.after
    return found


def test_the_lease_at_an_address(store: Reported) -> None:
    lease = add(store, HERE + 5, hostname="a.", user_context='{ "a": 1 }', state=DECLINED, pool_id=3)
    assert store.reports().at(HERE + 5) == lease
    assert store.reports().at(HERE + 6) is None


def test_pages_go_through_all_leases_in_the_order_of_addresses(store: Reported) -> None:
    leases = [add(store, address, 7 * address & 0xFFFF) for address in (THERE + 3, HERE + 9, HERE, THERE, HERE + 255)]
    for limit in (1, 2, 3, 5, 6):
        assert all_of(store, Wanted(), limit) == sorted(leases, key=lambda lease: lease.address)


def test_a_page_begins_behind_its_address(store: Reported) -> None:
    first, second = add(store, HERE + 1), add(store, HERE + 3, 2)
    for after, found in ((HERE, (first, second)), (HERE + 1, (second,)), (HERE + 2, (second,)), (HERE + 3, ())):
        assert store.reports().page(Wanted(), after, 100).leases == found
    assert store.reports().page(Wanted(), 0xFFFFFFFF, 100).leases == ()


def test_the_end_is_said_when_nothing_is_there(store: Reported) -> None:
    page = store.reports().page(Wanted(), -1, 100)
    assert (page.leases, page.after) == ((), None)


def test_leases_of_some_subnets(store: Reported) -> None:
    here, there = add(store, HERE + 1), add(store, THERE + 1)
    assert all_of(store, Wanted(subnets=(2,))) == [there]
    assert all_of(store, Wanted(subnets=(2, 1)), 1) == [here, there]
    assert all_of(store, Wanted(subnets=(3,))) == []


def test_leases_of_a_hardware_address_whatever_its_type(store: Reported) -> None:
    mine = [add(store, HERE + 1, client_id=b"\x00\x01"), add(store, THERE + 1), add(store, HERE + 7)]
    add(store, HERE + 2, 2)
    mine.sort(key=lambda lease: lease.address)
    for limit in (1, 2, 100):
        assert all_of(store, Wanted(hw=hw(1, htype=6)), limit) == mine
    assert all_of(store, Wanted(subnets=(2,), hw=hw(1))) == mine[-1:]
    assert all_of(store, Wanted(hw=hw(3))) == []


def test_leases_of_a_client_id(store: Reported) -> None:
    mine = [add(store, HERE + 1, 1, client_id=b"\xff\x01"), add(store, THERE + 9, 2, client_id=b"\xff\x01")]
    add(store, HERE + 2, 3, client_id=b"\xff\x02")
    assert all_of(store, Wanted(client_id=b"\xff\x01"), 1) == mine
    assert all_of(store, Wanted(subnets=(2,), client_id=b"\xff\x01")) == mine[1:]


def test_leases_of_a_client_id_made_of_a_hardware_address(store: Reported) -> None:
    mine = [add(store, HERE + 1, 1, client_id=hw(1)), add(store, HERE + 2, 2, client_id=hw(1))]
    add(store, HERE + 3, 1)
    assert all_of(store, Wanted(client_id=hw(1))) == mine


def test_leases_of_a_host_name(store: Reported) -> None:
    mine = [add(store, HERE + 1, 1, hostname="a,b.example."), add(store, THERE + 1, 2, hostname="a,b.example.")]
    add(store, HERE + 2, 3, hostname="xa,b.example.")
    add(store, HERE + 3, 4)
    assert all_of(store, Wanted(hostname="a,b.example."), 1) == mine
    assert all_of(store, Wanted(hostname="b.example.")) == []


def test_leases_in_any_state_are_shown(store: Reported) -> None:
    mine = [add(store, HERE + state, state=state) for state in (DEFAULT, DECLINED, RECLAIMED, RELEASED)]
    assert all_of(store, Wanted()) == all_of(store, Wanted(hw=hw(1))) == mine


def test_a_page_that_has_seen_much_without_finding_anything_may_end(store: Reported) -> None:
    count = LOOK + 500  # more than any of them looks at for one page
    addresses = [HERE + 256 * (number % 1000) + number // 1000 for number in range(count)]
    leases = [Lease4(address, hw(number), b"", 3600, NOW, 1) for number, address in enumerate(addresses)]
    for start in range(0, count, 1500):
        claims = [ClaimLease(lease) for lease in leases[start : start + 1500]]
        assert store.execute(claims) == [Stored(claim.lease) for claim in claims]
    last = add(store, THERE, 1, hostname="z.")
    assert all_of(store, Wanted(hostname="z.")) == all_of(store, Wanted(subnets=(2,))) == [last]
    assert len(all_of(store, Wanted())) == count + 1


def test_counts_follow_the_leases(store: Reported) -> None:
    first = add(store, HERE + 1)
    add(store, HERE + 2, 2)
    add(store, HERE + 3, 3, state=DECLINED)
    add(store, THERE + 1, 4, state=RECLAIMED)
    assert store.reports().counts(1, 1)[1] == (2, 1)
    assert store.reports().counts(2, 9).get(2, (0, 0)) == (0, 0)
    assert store.execute([RemoveLease(first)]) == [Stored(first)]
    assert store.reports().counts(0, 0xFFFFFFFF)[1] == (1, 1)
