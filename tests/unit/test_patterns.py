"""Log line patterns as Kea has them."""

from __future__ import annotations

import logging
import re
import time

import pytest

from kea_mp.patterns import CONSOLE, SYSLOG, compiled, severity


@pytest.fixture
def record() -> logging.LogRecord:
    made = logging.LogRecord("kea-dhcp4.alloc-engine", logging.WARNING, "/src/engine.py", 42, "ID text %d", (7,), None)
    made.created, made.process, made.thread, made.threadName, made.funcName = 1700000000.123456, 11, 22, "main", "offer"
    return made


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        ("%m\n", "ID text 7\n"),
        ("%m%n", "ID text 7\n"),
        ("%c|%c{1}|%c{2}", "kea-dhcp4.alloc-engine|alloc-engine|kea-dhcp4.alloc-engine"),
        ("%p|%-5p|%7p|%.2p", "WARN|WARN |   WARN|RN"),
        ("%i %t %T", "11 22 main"),
        ("%b %F %L %l %M", "engine.py /src/engine.py 42 /src/engine.py:42 offer"),
        ("%d{%Y-%m-%d %H:%M:%S.%q}", "2023-11-14 22:13:20.123"),
        ("%d{%Q}", "123.456"),
        ("%d", "2023-11-14 22:13:20"),
        ("100%% %m", "100% ID text 7"),
        ("%-12.6m|", "text 7      |"),
        ("%E{NOT_THERE}.", "."),
        ("", ""),
        ("plain", "plain"),
        (SYSLOG, "WARN  [kea-dhcp4.alloc-engine.22] ID text 7\n"),
    ],
)
def test_components(record: logging.LogRecord, pattern: str, line: str) -> None:
    assert compiled(pattern)(record) == line


def test_the_default_is_keas(record: logging.LogRecord) -> None:
    local = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.created))
    assert compiled(CONSOLE)(record) == f"{local}.123 WARN  [kea-dhcp4.alloc-engine/11.22] ID text 7\n"


def test_the_time_since_the_start_is_a_number(record: logging.LogRecord) -> None:
    assert re.fullmatch(r"-?\d+", compiled("%r")(record))


@pytest.mark.parametrize(("pattern", "named"), [("%y", "%y"), ("%m %", "'%'"), ("%c{x}", "%c{x}"), ("%c{0}", "%c{0}")])
def test_what_is_not_known_is_refused_by_name(pattern: str, named: str) -> None:
    with pytest.raises(ValueError, match=re.escape(named)):
        compiled(pattern)


@pytest.mark.parametrize(
    ("level", "word"), [(50, "FATAL"), (40, "ERROR"), (30, "WARN"), (20, "INFO"), (10, "DEBUG"), (1, "DEBUG")]
)
def test_severities_have_keas_words(level: int, word: str) -> None:
    assert severity(level) == word
