"""What is particular to the memfile store of DHCPv6."""

from __future__ import annotations

from pathlib import Path

import pytest

from kea_mp.config.model import ExpiredLeases, Interfaces, Lifetime, MemfileAccess
from kea_mp.config.model6 import Config6, Parameters6, PdPool6, Pool6, ServerId, Subnet6
from kea_mp.leases.csv6 import HEADER, line_of
from kea_mp.leases.memfile6 import MemfileStore6
from kea_mp.leases.model import NA, PD, REGISTERED, Lease6
from kea_mp.leases.open_memfile import open_memfile6
from kea_mp.leases.store import ClaimLease, FindLeases6, Range6, RemoveLease, Stored, Wanted6
from kea_mp.values import address6

NOW = 1_800_000_000
PARAMETERS = Parameters6(Lifetime(60, 60, 60))
POOL = Pool6(address6("2001:db8::10"), address6("2001:db8::13"))
PREFIXES = PdPool6(address6("2001:db8:f::"), 54, 56)
SUBNET = Subnet6(1, address6("2001:db8::"), 64, (POOL,), (PREFIXES,), PARAMETERS)


def lease(number: int, client: int = 1, **changes: object) -> Lease6:
    address = address6(f"2001:db8::{0x10 + number:x}")
    fields = {"address": address, "duid": b"\0\3%d" % client, "iaid": 1, "lease_type": NA, "prefix_len": 128}
    more = {"pref_lft": 30, "valid_lft": 60, "cltt": NOW, "subnet_id": 1}
    return Lease6(**{**fields, **more, **changes})  # type: ignore[arg-type]


def opened(path: Path, checks: str = "warn") -> MemfileStore6:
    access = MemfileAccess(str(path), sync="none", lease_checks=checks)
    config = Config6({}, "", Interfaces(), access, ExpiredLeases(), (SUBNET,), PARAMETERS, ServerId(""))
    return open_memfile6(config, NOW)[0]


@pytest.fixture
def store() -> MemfileStore6:
    return MemfileStore6({}, (SUBNET,), NOW)


def test_a_number_is_given_again_and_means_the_new_lease_only(store: MemfileStore6) -> None:
    store.execute([ClaimLease(lease(0))])
    store.execute([RemoveLease(lease(0))])
    other = lease(1, 2, valid_lft=3600)
    assert store.execute([ClaimLease(other)]) == [Stored(other)]
    assert store.reclaim(NOW + 61, 0, remove=True) == 0
    first, second = store.execute([FindLeases6(b"\0\3%d" % n, 1, NA, (1,), NOW) for n in (1, 2)])
    assert (first.mine, second.mine) == ((), (other,))  # type: ignore[union-attr]


def test_a_registered_address_is_nobody_elses_until_it_is_removed(store: MemfileStore6) -> None:
    store.execute([ClaimLease(lease(0, state=REGISTERED))])
    asked = FindLeases6(b"\0\3x", 1, NA, (1,), NOW + 100, b"", (Range6(POOL.first, POOL.first),))
    (found,) = store.execute([asked])
    assert found.free == b""  # type: ignore[union-attr]
    assert store.statistics()["subnet[1].registered-nas"] == 1
    assert store.reclaim(NOW + 100, 0, remove=False) == 1
    (found,) = store.execute([asked])
    assert found.free == POOL.first  # type: ignore[union-attr]
    told = store.statistics()
    assert (told["subnet[1].registered-nas"], told["reclaimed-leases"]) == (0, 1)
    assert "subnet[1].pool[0].registered-nas" not in told


def test_addresses_and_prefixes_of_one_association_number_are_told_apart(store: MemfileStore6) -> None:
    address, prefix = lease(0), lease(1, address=PREFIXES.prefix, lease_type=PD, prefix_len=56)
    store.execute([ClaimLease(address), ClaimLease(prefix)])
    found = store.execute([FindLeases6(address.duid, 1, kind, (1,), NOW) for kind in (NA, PD)])
    assert [one.mine for one in found] == [(address,), (prefix,)]  # type: ignore[union-attr]
    told = store.statistics()
    assert (told["assigned-nas"], told["assigned-pds"], told["subnet[1].pd-pool[0].assigned-pds"]) == (1, 1, 1)


def test_commands_find_leases_by_what_they_name(store: MemfileStore6) -> None:
    named = lease(0, hostname="A,b.example.", hw=b"\1\2\0\0\0\0\1", hw_source=4)
    second, other = lease(1, iaid=2), lease(2, 11, subnet_id=2)
    prefix = lease(3, address=PREFIXES.prefix, lease_type=PD, prefix_len=56)
    assert store.execute([ClaimLease(one) for one in (prefix, other, second, named)])[0] == Stored(prefix)
    wanted = {
        Wanted6(): [named, second, other, prefix],
        Wanted6(duid=named.duid): [named, second, prefix],
        Wanted6(duid=named.duid, iaid=1, lease_type=PD): [prefix],
        Wanted6(duid=named.duid, iaid=3, lease_type=NA): [],
        Wanted6(hostname="a,b.example."): [named],
        Wanted6(hostname="b.example."): [],
        Wanted6(hw=b"\6\2\0\0\0\0\1"): [named],
        Wanted6(lease_type=PD): [prefix],
        Wanted6(subnets=(2,)): [other],
        Wanted6(subnets=(1,), lease_type=NA): [named, second],
    }
    for one, found in wanted.items():
        for limit in (1, 2, 10):
            assert all_of(store, one, limit) == found, (one, limit)
    assert store.reports().at(named.address) == named
    assert store.reports().at(address6("2001:db8::99")) is None
    assert store.reports().counts(0, 9) == {1: (2, 0, 1, 0, 0, 0), 2: (1, 0, 0, 0, 0, 0)}


def all_of(store: MemfileStore6, wanted: Wanted6, limit: int) -> list[Lease6]:
    """Page after page to the end."""
    found: list[Lease6] = []
    after: bytes | None = b""
    while after is not None:
        page = store.reports().page(wanted, after, limit)
        assert len(page.leases) <= limit
        found += page.leases
        after = page.after
    return found


def test_a_file_is_read_with_its_removals_and_its_bad_rows(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "leases.csv"
    gone = line_of(lease(1)).replace(b",60,", b",0,", 1)
    rows = [HEADER, line_of(lease(0)), b"nonsense", line_of(lease(1)), gone, line_of(lease(0, client=2))]
    path.write_bytes(b"\n".join(rows) + b"\n")
    store = opened(path)
    assert store.reports().page(Wanted6(), b"", 10).leases == (lease(0, client=2),)
    assert "DHCPSRV_MEMFILE_LEASE_LOAD_ROW_ERROR discarding row 2" in caplog.text
    store.close()


def test_an_address_in_the_wrong_subnet_is_dropped_when_wanted_and_a_prefix_never_is(tmp_path: Path) -> None:
    path = tmp_path / "leases.csv"
    stray = lease(0, address=address6("2001:db9::1"))
    prefix = lease(1, address=address6("2001:db9:f::"), lease_type=PD, prefix_len=56)
    path.write_bytes(b"\n".join([HEADER, line_of(stray), line_of(prefix)]) + b"\n")
    store = opened(path, "del")
    assert store.reports().page(Wanted6(), b"", 10).leases == (prefix,)
    store.close()
