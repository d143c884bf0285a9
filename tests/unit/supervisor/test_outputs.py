"""Log outputs: which handler, which lines, which logger's outputs."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import pytest

from kea_mp.config.model import Logger, LogOutput
from kea_mp.errors import ConfigError
from kea_mp.supervisor.outputs import File, Line, Outputs, Stream, Syslog, UnflushedStream, check, handler


def record(name: str = "kea-dhcp4.dhcp4", text: str = "ID text") -> logging.LogRecord:
    return logging.LogRecord(name, logging.INFO, "", 0, text, (), None)


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        (LogOutput("stdout"), Stream),
        (LogOutput("stderr"), Stream),
        (LogOutput("stdout", flush=False), UnflushedStream),
        (LogOutput("syslog"), Syslog),
        (LogOutput("syslog:daemon"), Syslog),
    ],
)
def test_kinds(output: LogOutput, kind: type[logging.Handler]) -> None:
    assert type(handler(output)) is kind


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        (LogOutput("syslog:nonsense"), "nonsense"),
        (LogOutput("syslog:pid"), "pid"),
        (LogOutput("stdout", pattern="%y"), "%y"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_path(output: LogOutput, problem: str) -> None:
    for use in (lambda: handler(output), lambda: check([Logger("kea-dhcp4", (output,))])):
        with pytest.raises(ConfigError, match=problem) as error:
            use()
        assert "output-options" in str(error.value)


def test_a_check_opens_no_file(tmp_path: Path) -> None:
    check([Logger("kea-dhcp4", (LogOutput(str(tmp_path / "x.log")),))])
    assert list(tmp_path.iterdir()) == []


def test_a_traceback_follows_on_its_own_lines() -> None:
    try:
        raise ValueError("why")
    except ValueError as error:
        made = record()
        made.exc_info = (ValueError, error, error.__traceback__)
    lines = Line("%p %m\n").format(made).splitlines()
    assert lines[0] == "INFO ID text"
    assert lines[-1] == "ValueError: why"


def texts(outputs: Outputs, path: Path) -> list[str]:
    outputs.close()
    return path.read_text().splitlines()


def to(path: Path) -> tuple[LogOutput, ...]:
    return (LogOutput(str(path), pattern="%c\n"),)


def test_a_record_goes_to_the_most_specific_logger_only(tmp_path: Path) -> None:
    root, special = tmp_path / "root.log", tmp_path / "special.log"
    outputs = Outputs([Logger("kea-dhcp4", to(root)), Logger("kea-dhcp4.leases", to(special))])
    for name in ("kea-dhcp4.leases", "kea-dhcp4.leases.deep", "kea-dhcp4.leasesx", "kea-dhcp4"):
        outputs.handle(record(name))
    assert texts(outputs, special) == ["kea-dhcp4.leases", "kea-dhcp4.leases.deep"]
    assert texts(outputs, root) == ["kea-dhcp4.leasesx", "kea-dhcp4"]


def test_a_logger_without_outputs_has_those_of_the_root(tmp_path: Path) -> None:
    root = tmp_path / "root.log"
    outputs = Outputs([Logger("kea-dhcp4", to(root)), Logger("kea-dhcp4.leases")])
    outputs.handle(record("kea-dhcp4.leases"))
    assert texts(outputs, root) == ["kea-dhcp4.leases"]


def test_two_loggers_share_one_open_file(tmp_path: Path) -> None:
    both = tmp_path / "both.log"
    outputs = Outputs([Logger("kea-dhcp4", to(both)), Logger("kea-dhcp4.leases", to(both))])
    outputs.handle(record("kea-dhcp4"))
    outputs.handle(record("kea-dhcp4.leases"))
    assert texts(outputs, both) == ["kea-dhcp4", "kea-dhcp4.leases"]


def test_files_are_kept_up_to_their_number(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    file = File(LogOutput(str(path), max_size=20, max_versions=2))
    for number in range(12):
        file.handle(record(text=f"line {number:04}\n"))
    file.close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.log", "a.log.1", "a.log.2"]


def test_a_size_of_0_never_rotates(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    file = File(LogOutput(str(path), max_size=0))
    for _ in range(1000):
        file.handle(record())
    file.close()
    assert [p.name for p in tmp_path.iterdir()] == ["a.log"]


def test_the_stream_adds_no_newline_of_its_own() -> None:
    stream = io.StringIO()
    made = Stream(stream)
    made.setFormatter(Line("%m|"))
    made.handle(record())
    made.handle(record())
    assert stream.getvalue() == "ID text|ID text|"
