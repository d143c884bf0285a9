"""Levels of loggers, and the handler that never blocks."""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections.abc import Iterator

import pytest

from kea_mp import log
from kea_mp.config.model import Logger
from kea_mp.log import BATCH, Channel, ChildHandler, NeverBlockingHandler, debug, level, levels

ROOT = "kea-dhcp4"


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
    assert levels(ROOT, (), verbose=False) == ((ROOT, logging.INFO),)


def test_a_logger_without_a_root_logger_leaves_the_root_at_info() -> None:
    chosen = levels(ROOT, (Logger("kea-dhcp4.leases", severity="DEBUG", debug_level=99),), verbose=False)
    assert chosen == ((ROOT, logging.INFO), ("kea-dhcp4.leases", 4))


def test_verbose_outweighs_the_configuration() -> None:
    assert levels(ROOT, (Logger(ROOT, severity="ERROR"),), verbose=True) == ((ROOT, 4),)


def test_a_full_queue_drops_and_counts() -> None:
    full: queue.Queue[logging.LogRecord] = queue.Queue(1)
    handler = NeverBlockingHandler(full)
    before = log.dropped_records()
    for _ in range(3):
        handler.handle(logging.LogRecord("kea-dhcp4", logging.INFO, "", 0, "text", (), None))
    assert (full.qsize(), log.dropped_records() - before) == (1, 2)


@pytest.fixture
def channel() -> Iterator[Channel]:
    made = Channel(65536)
    yield made
    made.theirs.close()
    made.close()


def child(channel: Channel, name: str = "kea-dhcp4.test-log") -> logging.Logger:
    """A logger as in a child, whose lines come only when they are sent at once."""
    logger = logging.getLogger(name)
    logger.handlers[:] = [ChildHandler(channel.theirs)]
    logger.propagate = False
    logger.setLevel(logging.INFO)
    return logger


def all_of(channel: Channel) -> list[list[str]]:
    """The texts of each message that has come."""
    came = []
    while channel.qsize():
        came.append([line.getMessage() for line in channel.get(0)])
    return came


def texts(channel: Channel) -> list[str]:
    return [text for message in all_of(channel) for text in message]


def test_lines_come_several_at_once_in_their_order(channel: Channel) -> None:
    logger = child(channel)
    for number in range(2 * BATCH):
        logger.info("line %d", number)
    came = all_of(channel)
    assert [text for texts in came for text in texts] == [f"line {number}" for number in range(2 * BATCH)]
    assert len(came) <= 4  # two of BATCH, and what time has sent


def test_a_warning_waits_for_nothing(channel: Channel) -> None:
    logger = child(channel)
    logger.info("before")
    logger.warning("beware")
    assert texts(channel) == ["before", "beware"]


def test_a_single_line_waits_a_moment_only(channel: Channel) -> None:
    child(channel).info("alone")
    assert [line.text for line in channel.get(5.0)] == ["alone"]


def test_a_line_says_what_a_record_says(channel: Channel) -> None:
    logger = child(channel)
    try:
        raise ValueError("why")
    except ValueError:
        logger.exception("ID %s", "text")
    (line,) = channel.get(5.0)
    assert (line.name, line.levelno, line.text) == (logger.name, logging.ERROR, "ID text")
    assert (line.process, line.thread) == (os.getpid(), threading.get_ident())
    assert (line.filename, line.funcName) == ("test_log.py", "test_a_line_says_what_a_record_says")
    assert line.exc_text.endswith("ValueError: why")


def test_what_does_not_fit_is_dropped_and_counted_and_nobody_waits(channel: Channel) -> None:
    logger, before = child(channel), log.dropped_records()
    for _ in range(100 * BATCH):
        logger.info("x" * 100)
    dropped = log.dropped_records() - before
    assert dropped > 0
    logger.handlers[0].flush()
    assert len(texts(channel)) + log.dropped_records() - before == 100 * BATCH


def test_bytes_that_are_no_text_do_not_lose_the_line(channel: Channel) -> None:
    child(channel).warning("name %s", "caf\udce9")
    assert texts(channel) == ["name caf\\udce9"]


def test_the_end_of_the_child_shows(channel: Channel) -> None:
    child(channel).warning("last words")
    channel.theirs.close()
    assert [line.text for line in channel.get(1.0)] == ["last words"]
    with pytest.raises(EOFError):
        channel.get(1.0)


def test_nothing_for_a_while_is_an_empty_queue(channel: Channel) -> None:
    with pytest.raises(queue.Empty):
        channel.get(0.01)
