"""How the rows of a search become the free parts of a range."""

from __future__ import annotations

import pytest

from kea_mp.errors import ExitCode
from kea_mp.family import DHCP4
from kea_mp.leases.lease_kinds import LEASES4
from kea_mp.leases.link import Collision, Lost, Mismatch, Refused, first_of, link_error, require_version, search_of
from kea_mp.leases.model import Lease4
from kea_mp.sql.errors import Trouble


def row(address: int, free: bool, following: int) -> tuple[Lease4, bool, int]:
    return Lease4(address, b"", b"", 1, 1, 1), free, following


def test_a_range_without_rows_is_free_as_a_whole() -> None:
    assert search_of(LEASES4, (10, 19), None, [], 8).pieces == [(10, 19)]


def test_free_parts_are_before_between_and_behind_rows() -> None:
    found = search_of(LEASES4, (10, 19), 12, [row(13, False, 16), row(17, False, 20)], 8)
    assert found.pieces == [(10, 11), (14, 15), (18, 19)]
    assert found.complete


def test_a_row_that_anyone_may_have_belongs_to_the_free_part() -> None:
    found = search_of(LEASES4, (10, 19), 10, [row(10, True, 11), row(12, True, 15)], 8)
    assert found.pieces == [(10, 10), (12, 14)]
    assert [lease.address for lease in found.rows] == [10, 12]


def test_an_answer_as_long_as_its_limit_may_not_be_all() -> None:
    assert not search_of(LEASES4, (10, 19), 10, [row(10, True, 11)], 1).complete


def test_the_next_host_is_tried_and_all_are_named_when_none_serves() -> None:
    tried = []

    def connect(host: str, port: int) -> None:
        tried.append(host)
        if host != "c":
            raise Lost(f"{host} is down")

    first_of([("a", 1), ("c", 1), ("d", 1)], connect)
    assert tried == ["a", "c"]
    with pytest.raises(Lost, match="a is down; b is down"):
        first_of([("a", 1), ("b", 1)], connect)


@pytest.mark.parametrize("found", [None, (28, 0), (29, 1), (30, 0)])
def test_another_schema_version_is_a_mismatch(found: tuple[int, int] | None) -> None:
    with pytest.raises(Mismatch) as caught:
        require_version(DHCP4, "postgresql", found, "db")
    assert caught.value.code == ExitCode.SCHEMA
    require_version(DHCP4, "postgresql", (29, 0), "db")


def test_only_a_refusal_about_a_row_is_a_refusal() -> None:
    kinds = [type(link_error(*about, "")) for about in (
        (Trouble.RETRY, False), (Trouble.REFUSED, True), (Trouble.REFUSED, False), (Trouble.LOST, True))]  # fmt: skip
    assert kinds == [Collision, Refused, Lost, Lost]
