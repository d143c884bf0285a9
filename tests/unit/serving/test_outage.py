from __future__ import annotations

import logging

import pytest

from workers.serving.outage import SAY_S, Outage

NOW = 1_700_000_000


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def outage(lines: list[str]) -> Outage:
    def keep(record: logging.LogRecord) -> bool:
        lines.append(record.getMessage())
        return False

    logger = logging.Logger("kea-dhcp4.alloc-engine", logging.INFO)
    logger.addFilter(keep)
    return Outage(logger)


def test_many_packets_make_one_line(outage: Outage, lines: list[str]) -> None:
    for second in range(SAY_S):
        outage.unanswered("connection refused", NOW + second)
        outage.confirmed("connection refused", NOW + second)
    assert len(lines) == 1
    assert "KEA_MP_LEASES_UNREACHABLE" in lines[0]
    assert "connection refused" in lines[0]


def test_a_long_one_is_told_with_numbers_once_a_minute(outage: Outage, lines: list[str]) -> None:
    for second in range(2 * SAY_S + 1):
        outage.confirmed("away", NOW + second)
    assert [f"{SAY_S + 1} leases confirmed, 0 requests not answered" in line for line in lines] == [False, True, False]
    assert f"{2 * SAY_S + 1} leases confirmed" in lines[2]


def test_its_end_is_told_with_what_became_of_the_packets(outage: Outage, lines: list[str]) -> None:
    outage.confirmed("away", NOW)
    outage.unanswered("away", NOW)
    outage.end()
    assert "KEA_MP_LEASES_REACHABLE" in lines[1]
    assert "1 leases confirmed, 1 requests not answered" in lines[1]
    assert not outage.begun


def test_one_that_comes_and_goes_is_not_told_each_time(outage: Outage, lines: list[str]) -> None:
    for second in range(10):
        outage.unanswered("away", NOW + second)
        outage.end()
    assert len(lines) == 2
