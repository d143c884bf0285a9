"""What is particular to the memfile store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from kea_mp.config.model import Config4, ExpiredLeases, Interfaces, Lifetime, MemfileAccess, Parameters4, Pool4, Subnet4
from kea_mp.errors import BackendDown
from kea_mp.leases.csv4 import HEADER
from kea_mp.leases.journal import Journal
from kea_mp.leases.memfile4 import MemfileStore4
from kea_mp.leases.model import RECLAIMED, Lease4
from kea_mp.leases.open_memfile import open_memfile4
from kea_mp.leases.rows import Rows
from kea_mp.leases.store import ClaimLease, FindLeases, Found, RemoveLease, Request, Stored
from kea_mp.leases.tally import Tally
from kea_mp.values import address4

NOW = 1_800_000_000
FIRST = address4("192.0.2.10")
PARAMETERS = Parameters4(Lifetime(60, 60, 60))
SUBNET = Subnet4(1, address4("192.0.2.0"), 24, (Pool4(FIRST, FIRST + 3),), PARAMETERS)


class Disk(Journal):
    """A lease file on a disk that can be full."""

    full = False

    def append(self, lines: Sequence[bytes], durable: bool = True) -> None:
        if self.full:
            raise BackendDown("no space left")
        super().append(lines, durable)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk(str(tmp_path / "leases.csv"), sync=False, header=HEADER)
    yield made
    made.close()


@pytest.fixture
def store(disk: Disk) -> MemfileStore4:
    return MemfileStore4(Rows(), Tally((SUBNET,)), NOW, disk)


def lease(number: int, client: int | None = None, cltt: int = NOW, valid: int = 60) -> Lease4:
    hw = bytes([1, 2, number if client is None else client])
    return Lease4(FIRST + number, hw, hw, valid, cltt, 1)


def state(store: MemfileStore4, now: int = NOW) -> object:
    requests = [FindLeases(bytes([1, 2, n]), bytes([1, 2, n]), (1,), now, FIRST + n) for n in range(6)]
    return store.execute(requests), store.statistics(), len(store)


def test_a_batch_that_cannot_be_written_leaves_everything_as_it_was(store: MemfileStore4, disk: Disk) -> None:
    old, gone = lease(0), lease(1)
    store.execute([ClaimLease(old), ClaimLease(gone)])
    before = state(store)
    disk.full = True
    requests: list[Request] = [
        ClaimLease(lease(0, client=5), old),
        ClaimLease(lease(0, client=4, cltt=NOW + 1), lease(0, client=5)),
        RemoveLease(gone),
        ClaimLease(lease(1, client=3)),
        ClaimLease(lease(2)),
    ]
    with pytest.raises(BackendDown):
        store.execute(requests)
    assert state(store) == before
    disk.full = False
    assert all(isinstance(result, Stored) for result in store.execute(requests))


def test_a_reclamation_that_cannot_be_written_is_done_later(store: MemfileStore4, disk: Disk) -> None:
    store.execute([ClaimLease(lease(0)), ClaimLease(lease(1))])
    before = state(store)
    disk.full = True
    for remove in (True, False):
        with pytest.raises(BackendDown):
            store.reclaim(NOW + 100, 0, remove)
        assert state(store) == before
    disk.full = False
    assert store.reclaim(NOW + 100, 0, remove=False) == 2
    disk.full = True
    with pytest.raises(BackendDown):
        store.remove_reclaimed(NOW + 100)
    disk.full = False
    assert store.remove_reclaimed(NOW + 100) == 2
    assert len(store) == 0


def test_reclamation_and_removal_stop_at_their_limits(store: MemfileStore4) -> None:
    store.execute([ClaimLease(lease(n)) for n in range(4)])
    assert store.reclaim(NOW + 100, 3, remove=False) == 3
    assert store.is_waiting(NOW + 100)
    assert store.reclaim(NOW + 100, 3, remove=False) == 1
    assert not store.is_waiting(NOW + 100)
    assert [store.remove_reclaimed(NOW + 100, 3) for _ in range(3)] == [3, 1, 0]


def test_a_hardware_type_is_kept_until_the_process_ends(tmp_path: Path) -> None:
    access = MemfileAccess(str(tmp_path / "leases.csv"))
    config = Config4({}, "", Interfaces(), access, ExpiredLeases(), (SUBNET,), PARAMETERS)
    infiniband = Lease4(FIRST, b"\x20\x02\x03", b"", 60, NOW, 1)
    find = FindLeases(b"\x20\x02\x03", b"", (1,), NOW)
    store, _ = open_memfile4(config, NOW)
    store.execute([ClaimLease(infiniband)])
    assert store.execute([find]) == [Found((infiniband,))]
    store.close()
    again, _ = open_memfile4(config, NOW)
    (found,) = again.execute([find])
    assert isinstance(found, Found)
    assert [row.hw for row in found.mine] == [b"\x01\x02\x03"]
    again.close()


def test_without_persistence_there_is_no_file(tmp_path: Path) -> None:
    access = MemfileAccess(str(tmp_path / "leases.csv"), persist=False)
    store, convert = open_memfile4(Config4({}, "", Interfaces(), access, ExpiredLeases(), (SUBNET,), PARAMETERS), NOW)
    assert not convert
    assert store.execute([ClaimLease(lease(0))]) == [Stored(lease(0))]
    store.close()
    assert list(tmp_path.iterdir()) == []


def test_leases_that_ended_while_nobody_was_there_are_reclaimed_in_their_order(tmp_path: Path) -> None:
    access = MemfileAccess(str(tmp_path / "leases.csv"))
    config = Config4({}, "", Interfaces(), access, ExpiredLeases(), (SUBNET,), PARAMETERS)
    store, _ = open_memfile4(config, NOW)
    store.execute([ClaimLease(lease(0, valid=30)), ClaimLease(lease(1, valid=10)), ClaimLease(lease(2, valid=9999))])
    store.close()
    again, _ = open_memfile4(config, NOW + 100)
    assert again.reclaim(NOW + 100, 1, remove=False) == 1
    rows = [again.execute([FindLeases(b"", b"", (), NOW, FIRST + n)])[0] for n in range(3)]
    assert [row.at.state for row in rows if isinstance(row, Found) and row.at is not None] == [0, RECLAIMED, 0]
    again.close()


def test_all_leases_of_a_client_are_found_however_many(store: MemfileStore4) -> None:
    mine = [Lease4(FIRST + n, b"\x01\x02", b"", 60, NOW, n) for n in range(1, 30)]
    store.execute([ClaimLease(one) for one in mine])
    (found,) = store.execute([FindLeases(b"\x01\x02", b"", tuple(range(1, 30)), NOW)])
    assert isinstance(found, Found)
    assert set(found.mine) == set(mine)
