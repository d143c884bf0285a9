"""Orders about leases, as the owner of the leases carries them out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import json

from kea_mp.bus.messages import Answered, Order
from kea_mp.leases.csv4 import HEADER
from kea_mp.leases.store import Page, Wanted
from kea_mp.values import address4
from tests.unit.fake_leases import FakeLeases, lease
from workers.connection.commands import MESSAGE_BYTES, NAMES, LeaseOrders, in_parts

ROWS = [b"one", b"two", b"three"]


class Lines:
    """Three rows, one at a time."""

    header, beginning = HEADER, -1

    def lines(self, after: int) -> tuple[list[bytes], int | None]:
        return [ROWS[after + 1]], after + 1 if after < 1 else None


def orders(leases: FakeLeases | None = None) -> LeaseOrders:
    leases = leases or FakeLeases()
    return LeaseOrders("owner", leases, leases.execute, Lines())


def done(leases: FakeLeases, command: str, **arguments: Any) -> dict[str, Any]:
    answered = orders(leases).answer(Order("owner", 7, command, arguments))
    assert answered is not None
    assert (answered.number, answered.result, answered.text) == (7, 0, "")
    assert answered.arguments is not None
    return answered.arguments


def test_a_page_is_json_by_subnet() -> None:
    leases = (lease("192.0.2.1"), lease("192.0.2.2"), lease("198.51.100.1", subnet_id=7), lease("203.0.113.1"))
    parts, after = in_parts(Page(leases, 5))
    assert ([(subnet, count) for subnet, count, _ in parts], after) == ([(1, 2), (7, 1), (1, 1)], 5)
    shown = json.decode(b"[" + b",".join(text for _, _, text in parts) + b"]")
    assert [one["ip-address"] for one in shown] == ["192.0.2.1", "192.0.2.2", "198.51.100.1", "203.0.113.1"]


def test_an_empty_page_has_no_parts() -> None:
    assert in_parts(Page(())) == ([], None)
    assert in_parts(Page((), 9)) == ([], 9)


def test_a_page_ends_before_the_message_grows_too_large() -> None:
    context = '{ "x": "' + "y" * (MESSAGE_BYTES // 2) + '" }'
    leases = tuple(lease(f"192.0.2.{last}", user_context=context) for last in (1, 2, 3))
    parts, after = in_parts(Page(leases))
    assert (sum(count for _, count, _ in parts), after) == (1, address4("192.0.2.1"))


def test_a_single_lease_that_is_larger_than_a_message_is_sent_all_the_same() -> None:
    context = '{ "x": "' + "y" * MESSAGE_BYTES + '" }'
    leases = tuple(lease(f"192.0.2.{last}", user_context=context) for last in (1, 2))
    parts, after = in_parts(Page(leases))
    assert (len(parts), after) == (1, address4("192.0.2.1"))


def test_a_change_that_somebody_else_was_first_with_is_not_made() -> None:
    class Late(FakeLeases):
        """Shows a lease that has changed since."""

        def at(self, address: int) -> Any:
            return lease(cltt=5)

    leases = Late().put(lease(cltt=6))
    assert done(leases, "lease-put", lease=lease(), absent=False, present=True) == {"stored": False, "present": True}
    assert done(leases, "lease-remove", place=address4("192.0.2.20")) == {"removed": None}
    assert leases.by_address == {address4("192.0.2.20"): lease(cltt=6)}


def test_wiping_goes_on_behind_its_page() -> None:
    leases = FakeLeases(looks=2).put(*(lease(f"192.0.2.{last}") for last in (1, 2, 3)))
    wanted = Wanted((1,))
    first = done(leases, "lease-wipe", wanted=wanted, after=-1, limit=100)
    assert first == {"count": 2, "after": address4("192.0.2.2")}
    assert done(leases, "lease-wipe", wanted=wanted, after=first["after"], limit=100) == {"count": 1, "after": None}
    assert leases.by_address == {}


def test_a_backend_without_reports_refuses() -> None:
    closed = LeaseOrders("owner", None, FakeLeases().execute)
    for name in NAMES - {"lease-put-all"}:  # says so lease by lease
        arguments = {"place": 1, "wanted": Wanted(), "after": -1, "limit": 1, "lease": lease(), "first": 0, "last": 1}
        arguments |= {"places": [(1, None)]}
        answered = closed.answer(Order("owner", 1, name, arguments | {"path": "/nowhere"}))
        assert answered is not None
        assert (answered.result, bool(answered.text)) == (1, True)


def test_a_copy_is_made_in_slices_and_answered_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "copy.csv"
    working = orders()
    assert working.answer(Order("owner", 7, "lease-write", {"path": str(path)})) is None
    for _ in ROWS:
        assert working.busy
        assert working.step() is None
        assert not path.exists()
    assert working.step() == Answered("owner", 7, 0, "", {})
    assert not working.busy
    assert path.read_bytes().splitlines()[1:] == ROWS


def test_copies_are_made_one_after_the_other(tmp_path: Path) -> None:
    working = orders()
    for number in (1, 2):
        assert working.answer(Order("owner", number, "lease-write", {"path": str(tmp_path / str(number))})) is None
    answers = [answer.number for _ in range(8) if (answer := working.step()) is not None]
    assert answers == [1, 2]
    assert working.step() is None


def test_a_copy_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    answered = orders().answer(Order("owner", 7, "lease-write", {"path": str(tmp_path / "no" / "copy.csv")}))
    assert answered is not None
    assert (answered.result, "No such file or directory" in answered.text) == (1, True)


def test_the_end_of_the_worker_leaves_no_half_a_copy(tmp_path: Path) -> None:
    working = orders()
    working.answer(Order("owner", 7, "lease-write", {"path": str(tmp_path / "copy.csv")}))
    working.step()
    working.stop()
    assert list(tmp_path.iterdir()) == []
