"""Pages of leases out of a database."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from kea_mp.leases.model import Lease4
from kea_mp.leases.sql_reports import LOOK, SqlReports
from kea_mp.leases.store import Page, Wanted
from tests.unit.leases.fake_link import FakeLink

T = TypeVar("T")
BASE = 0x0A000000
COUNT = LOOK + 2000


class Counted(FakeLink):
    """Counts the rows that have been sent."""

    sent = 0

    def page_of(self, *wanted: object) -> list[Lease4]:
        rows = super().page_of(*wanted)  # type: ignore[arg-type]
        self.sent += len(rows)
        return rows


def asked(ask: Callable[[], T]) -> T:
    return ask()


def filled(*few: int) -> Counted:
    """COUNT leases of subnet 1, but those with these numbers are of subnet 7."""
    link = Counted()
    for number in range(COUNT):
        subnet = 7 if number in few else 1
        link.rows[BASE + number] = Lease4(BASE + number, b"\1\2", b"", 3600, 1_800_000_000, subnet)
    return link


def walked(link: FakeLink, wanted: Wanted, limit: int) -> tuple[list[int], int]:
    """The numbers of all leases found, and how many pages it took."""
    found: list[int] = []
    page, pages = Page((), -1), 0
    while page.after is not None:
        page = SqlReports(link, asked).page(wanted, page.after, limit)
        found += [lease.address - BASE for lease in page.leases]
        pages += 1
    return found, pages


def test_a_small_subnet_among_many_leases_is_found_in_few_pages_and_nothing_else_is_sent() -> None:
    few = (3, LOOK - 1, LOOK, LOOK + 1, COUNT - 1)
    link = filled(*few)
    assert walked(link, Wanted(subnets=(7,)), 256) == (list(few), 2)
    assert link.sent == len(few)


def test_a_subnet_that_has_most_leases_is_walked_through_once() -> None:
    link = filled(5)
    found, _ = walked(link, Wanted(subnets=(1, 9)), 1000)
    assert found == [number for number in range(COUNT) if number != 5]
    assert link.sent == len(found)
