"""Levels of loggers, and the handler that never blocks."""

from __future__ import annotations

import logging
import queue

import pytest

from kea_mp import log
from kea_mp.config.model import Logger
from kea_mp.log import ROOT, NeverBlockingHandler, debug, level, levels


def test_debug_levels_are_ordered_and_all_below_info() -> None:
    numbers = [debug(n) for n in range(100)]
    assert numbers == sorted(numbers, reverse=True)
    assert (numbers[0], numbers[-1]) == (logging.DEBUG, 4)


@pytest.mark.parametrize("pair", [(0, 10), (10, 15), (15, 40), (40, 45), (50, 55)])
def test_keas_debug_levels_are_told_apart(pair: tuple[int, int]) -> None:
    assert debug(pair[0]) > debug(pair[1])


@pytest.mark.parametrize(
    ("severity", "lowest"),
    [("FATAL", 50), ("ERROR", 40), ("WARN", 30), ("INFO", 20), ("DEBUG", 10)],
)
def test_severities(severity: str, lowest: int) -> None:
    assert level(severity, 0) == lowest


def test_none_silences_even_fatal_lines() -> None:
    assert level("NONE", 0) > logging.CRITICAL


def test_without_loggers_it_is_info() -> None:
    assert levels((), verbose=False) == ((ROOT, logging.INFO),)


def test_a_logger_without_a_root_logger_leaves_the_root_at_info() -> None:
    chosen = levels((Logger("kea-dhcp4.leases", severity="DEBUG", debug_level=99),), verbose=False)
    assert chosen == ((ROOT, logging.INFO), ("kea-dhcp4.leases", 4))


def test_verbose_outweighs_the_configuration() -> None:
    assert levels((Logger(ROOT, severity="ERROR"),), verbose=True) == ((ROOT, 4),)


def test_a_full_queue_drops_and_counts() -> None:
    full: queue.Queue[logging.LogRecord] = queue.Queue(1)
    handler = NeverBlockingHandler(full)
    before = log.dropped_records()
    for _ in range(3):
        handler.handle(logging.LogRecord("kea-dhcp4", logging.INFO, "", 0, "text", (), None))
    assert (full.qsize(), log.dropped_records() - before) == (1, 2)
