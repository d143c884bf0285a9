"""stat-lease4-get: rows per subnet."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kea_mp.control.answer import Answer, Result, error
from kea_mp.control.daemon import Ordered, Reported, Wait
from kea_mp.leases.model import DECLINED, RECLAIMED
from tests.unit.control.fake_daemon import LIBRARIES, FakeDaemon, Outcome, command, configuration, ordered
from tests.unit.fake_leases import FakeLeases, lease

LEASES = FakeLeases().put(
    lease("192.0.2.1"), lease("192.0.2.2"), lease("192.0.2.3", state=DECLINED), lease("192.0.2.4", state=RECLAIMED),
    lease("10.0.0.1", subnet_id=99),
)  # fmt: skip


def outcome(*arguments: Any) -> Outcome:
    def worth(wait: Wait) -> Answer | None:
        return ordered(LEASES, wait) if isinstance(wait, Ordered) else None

    given = arguments[0] if arguments else msgspec.UNSET
    return command(FakeDaemon(configuration(**LIBRARIES)), "stat-lease4-get", given, worth)


def rows(*arguments: Any) -> list[list[int]]:
    answer = outcome(*arguments).answer
    assert answer.result == 0
    found: list[list[int]] = answer.arguments["result-set"]["rows"]
    return found


def test_every_configured_subnet_has_a_row() -> None:
    assert rows() == rows({}) == [[1, 141, 0, 2, 1], [7, 128, 0, 0, 0]]


def test_the_result_set_has_keas_shape() -> None:
    answer = outcome().answer
    assert answer.text == "stat-lease4-get[all subnets]: 2 rows found"
    assert answer.arguments["result-set"] | {"rows": 0} == {
        "columns": [
            "subnet-id", "total-addresses", "cumulative-assigned-addresses", "assigned-addresses", "declined-addresses",
        ],
        "rows": 0,
        "timestamp": "2023-11-14 22:13:20.000000",
    }  # fmt: skip


def test_subnets_are_selected() -> None:
    assert rows({"subnet-id": 7}) == [[7, 128, 0, 0, 0]]
    assert rows({"subnet-range": {"first-subnet-id": 2, "last-subnet-id": 9}}) == [[7, 128, 0, 0, 0]]
    assert outcome({"subnet-id": 7}).answer.text == "stat-lease4-get[subnet-id=7]: 1 rows found"


def test_subnets_that_are_not_configured_have_no_rows() -> None:
    for arguments in ({"subnet-id": 99}, {"subnet-range": {"first-subnet-id": 8, "last-subnet-id": 99}}):
        found = outcome(arguments)
        assert (found.answer.result, found.answer.arguments, found.waits) == (Result.EMPTY, {}, [])


@pytest.mark.parametrize(
    "arguments",
    [
        5,
        {"subnet-id": 0},
        {"subnet-id": "1"},
        {"subnet-id": 1, "subnet-range": {"first-subnet-id": 1, "last-subnet-id": 2}},
        {"subnet-range": {"first-subnet-id": 1}},
        {"subnet-range": {"first-subnet-id": 2, "last-subnet-id": 1}},
        {"subnet-range": {"first-subnet-id": 1, "last-subnet-id": 1}},
    ],
)
def test_what_selects_nothing_is_refused(arguments: Any) -> None:
    assert outcome(arguments).answer.result == Result.ERROR


def test_statistics_are_exact() -> None:
    assert outcome().waits[0] == Reported()


def test_a_backend_that_does_not_answer_is_the_answer() -> None:
    daemon = FakeDaemon(configuration(**LIBRARIES))
    answer = command(
        daemon, "stat-lease4-get", resume=lambda wait: error("down") if wait != Reported() else None
    ).answer
    assert (answer.result, answer.text) == (Result.ERROR, "down")
