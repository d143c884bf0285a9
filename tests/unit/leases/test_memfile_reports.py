"""What only memfile's reports promise: bounded pages, and the rows themselves."""

from __future__ import annotations

from kea_mp.leases.csv4 import lease_of
from kea_mp.leases.index import AddressIndex
from kea_mp.leases.memfile_reports import LOOKS, OF_A_PAGE, MemfileReports4
from kea_mp.leases.model import Lease4
from kea_mp.leases.rows import Rows
from kea_mp.leases.store import Wanted
from kea_mp.leases.tally import Tally

BASE = 0x0A000000


def row(address: int, subnet: int = 1, host: str = "") -> bytes:
    return f"{address},02:00:00:00:00:01,,3600,1800003600,{subnet},0,0,{host},0,,0".encode()


def reports(rows: Rows) -> MemfileReports4:
    def at(address: int) -> Lease4 | None:
        line = rows.get(address)
        return None if line is None else lease_of(address, line)

    return MemfileReports4(rows, AddressIndex(), AddressIndex(), at, Tally(()))


def filled(*addresses: int) -> Rows:
    rows = Rows()
    for address in addresses:
        rows.put(address, row(address))
    return rows


def test_a_search_looks_at_a_bounded_number_of_rows() -> None:
    page = reports(filled(*range(BASE, BASE + 10_000))).page(Wanted(hostname="x"), -1, 10)
    assert page.leases == ()
    assert page.after is not None
    assert LOOKS - 512 <= page.after - BASE <= LOOKS + 256


def test_a_search_in_sparse_rows_looks_at_a_bounded_number_of_pages() -> None:
    page = reports(filled(*range(BASE, BASE + 1000 * 256, 256))).page(Wanted(hostname="x"), -1, 10)
    assert page.after is not None
    assert page.after - BASE < 256 * (LOOKS // OF_A_PAGE + 1)


def test_a_page_that_is_full_ends_at_its_last_lease() -> None:
    page = reports(filled(BASE, BASE + 1, BASE + 2)).page(Wanted(), -1, 2)
    assert ([lease.address for lease in page.leases], page.after) == ([BASE, BASE + 1], BASE + 1)


def test_rows_come_in_slices_each_once() -> None:
    addresses = [*range(BASE, BASE + 5000), *range(BASE << 1, (BASE << 1) + 256 * 600, 256)]
    shown = reports(filled(*addresses))
    lines: list[bytes] = []
    after: int | None = -1
    slices = 0
    while after is not None:
        some, after = shown.lines(after)
        assert len(some) <= LOOKS + 256
        lines += some
        slices += 1
    assert lines == [row(address) for address in addresses]
    assert slices >= 4


def test_pages_that_come_and_go_are_noticed() -> None:
    rows = filled(BASE)
    shown = reports(rows)
    assert shown.lines(-1)[0] == [row(BASE)]
    rows.put(BASE + 4096, row(BASE + 4096))
    rows.put(BASE - 4096, row(BASE - 4096))
    assert shown.lines(-1)[0] == [row(BASE - 4096), row(BASE), row(BASE + 4096)]
    rows.remove(BASE)
    assert shown.lines(-1)[0] == [row(BASE - 4096), row(BASE + 4096)]
    rows.put(BASE, row(BASE))
    assert shown.lines(BASE - 4096)[0] == [row(BASE), row(BASE + 4096)]


def test_a_host_name_is_compared_as_a_whole_and_in_its_own_column() -> None:
    rows = Rows()
    for offset, host in enumerate(("a.b", "xa.b", "a.bc", "")):
        rows.put(BASE + offset, row(BASE + offset, host=host))
    rows.put(BASE + 9, row(BASE + 9).replace(b",0,,0", b',0,{ "n": "a.b" },0'))
    assert [lease.address for lease in reports(rows).page(Wanted(hostname="a.b"), -1, 10).leases] == [BASE]
