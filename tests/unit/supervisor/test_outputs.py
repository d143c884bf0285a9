"""Log outputs: which handler, which lines, which logger's outputs."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from kea_mp.config.model import Logger, LogOutput
from kea_mp.errors import ConfigError
from kea_mp.log import Line
from kea_mp.supervisor.outputs import File, Layout, Output, Outputs, Record, Stream, Syslog, check, handler


def record(name: str = "kea-dhcp4.dhcp4", text: str = "ID text") -> logging.LogRecord:
    return logging.LogRecord(name, logging.INFO, "", 0, text, (), None)


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        (LogOutput("stdout"), Stream),
        (LogOutput("stderr"), Stream),
        (LogOutput("stdout", flush=False), Stream),
        (LogOutput("syslog"), Syslog),
        (LogOutput("syslog:daemon"), Syslog),
    ],
)
def test_kinds(output: LogOutput, kind: type[logging.Handler]) -> None:
    assert type(handler(output, "kea-dhcp4")) is kind


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        (LogOutput("syslog:nonsense"), "nonsense"),
        (LogOutput("syslog:pid"), "pid"),
        (LogOutput("stdout", pattern="%y"), "%y"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_path(output: LogOutput, problem: str) -> None:
    for use in (lambda: handler(output, "kea-dhcp4"), lambda: check([Logger("kea-dhcp4", (output,))], "kea-dhcp4")):
        with pytest.raises(ConfigError, match=problem) as error:
            use()
        assert "output-options" in str(error.value)


def test_a_check_opens_no_file(tmp_path: Path) -> None:
    check([Logger("kea-dhcp4", (LogOutput(str(tmp_path / "x.log")),))], "kea-dhcp4")
    assert list(tmp_path.iterdir()) == []


def test_a_traceback_follows_on_its_own_lines() -> None:
    try:
        raise ValueError("why")
    except ValueError as error:
        made = record()
        made.exc_info = (ValueError, error, error.__traceback__)
    lines = Layout("%p %m\n").format(made).splitlines()
    assert lines[0] == "INFO ID text"
    assert lines[-1] == "ValueError: why"


class Pipe(io.StringIO):
    """Counts what is done to it."""

    writes = flushes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        return super().write(text)

    def flush(self) -> None:
        self.flushes += 1


def line(text: str = "ID text", name: str = "kea-dhcp4.leases") -> Line:
    return Line(name, logging.INFO, 0.0, 5, 6, "main", text)


def with_layout(output: Output, pattern: str) -> Output:
    output.layout = Layout(pattern)
    return output


@pytest.mark.parametrize(("flushes", "flushed"), [(True, 1), (False, 0)])
def test_lines_that_come_together_are_written_with_one_call(flushes: bool, flushed: int) -> None:
    pipe = Pipe()
    with_layout(Stream(pipe, flushes), "%c/%i.%t %m\n").take([line("one"), line("two")])
    assert pipe.getvalue() == "kea-dhcp4.leases/5.6 one\nkea-dhcp4.leases/5.6 two\n"
    assert (pipe.writes, pipe.flushes) == (1, flushed)


def test_a_childs_traceback_follows_its_line() -> None:
    pipe = Pipe()
    told = Line("kea-dhcp4", logging.ERROR, 0.0, 5, 6, "main", "ID", exc_text="Traceback\nValueError: why")
    with_layout(Stream(pipe), "%m\n").take([told])
    assert pipe.getvalue() == "ID\nTraceback\nValueError: why\n"


def test_lines_keep_their_order_and_go_to_their_own_outputs(tmp_path: Path) -> None:
    root, special = tmp_path / "root.log", tmp_path / "special.log"
    made = [Logger("kea-dhcp4", named(root, "%m\n")), Logger("kea-dhcp4.leases", named(special, "%m\n"))]
    outputs = Outputs("kea-dhcp4", made)
    outputs.take([line("1"), line("2", "kea-dhcp4.dhcp4"), line("3"), line("4", "kea-dhcp4.dhcp4")])
    assert texts(outputs, special) == ["1", "3"]
    assert texts(outputs, root) == ["2", "4"]


class FullDisk(Output):
    def write(self, texts: Sequence[str], records: Sequence[Record]) -> None:
        raise OSError(28, "No space left on device")


def test_an_output_that_fails_does_not_end_the_thread_that_writes(capsys: pytest.CaptureFixture[str]) -> None:
    with_layout(FullDisk(), "%m\n").take([line("one")])
    assert "No space left" in capsys.readouterr().err


@pytest.mark.parametrize(("pattern", "shown"), [("%m%n", False), ("%%F %m%n", False), ("%F:%L %m%n", True)])
def test_it_is_known_whether_a_pattern_shows_callers(pattern: str, shown: bool) -> None:
    outputs = Outputs("kea-dhcp4", [Logger("kea-dhcp4", (LogOutput("stdout", pattern=pattern),))])
    assert outputs.shows_callers == shown


def named(path: Path, pattern: str) -> tuple[LogOutput, ...]:
    return (LogOutput(str(path), pattern=pattern),)


def texts(outputs: Outputs, path: Path) -> list[str]:
    outputs.close()
    return path.read_text().splitlines()


def to(path: Path) -> tuple[LogOutput, ...]:
    return (LogOutput(str(path), pattern="%c\n"),)


def test_a_record_goes_to_the_most_specific_logger_only(tmp_path: Path) -> None:
    root, special = tmp_path / "root.log", tmp_path / "special.log"
    outputs = Outputs("kea-dhcp4", [Logger("kea-dhcp4", to(root)), Logger("kea-dhcp4.leases", to(special))])
    for name in ("kea-dhcp4.leases", "kea-dhcp4.leases.deep", "kea-dhcp4.leasesx", "kea-dhcp4"):
        outputs.handle(record(name))
    assert texts(outputs, special) == ["kea-dhcp4.leases", "kea-dhcp4.leases.deep"]
    assert texts(outputs, root) == ["kea-dhcp4.leasesx", "kea-dhcp4"]


def test_a_logger_without_outputs_has_those_of_the_root(tmp_path: Path) -> None:
    root = tmp_path / "root.log"
    outputs = Outputs("kea-dhcp4", [Logger("kea-dhcp4", to(root)), Logger("kea-dhcp4.leases")])
    outputs.handle(record("kea-dhcp4.leases"))
    assert texts(outputs, root) == ["kea-dhcp4.leases"]


def test_two_loggers_share_one_open_file(tmp_path: Path) -> None:
    both = tmp_path / "both.log"
    outputs = Outputs("kea-dhcp4", [Logger("kea-dhcp4", to(both)), Logger("kea-dhcp4.leases", to(both))])
    outputs.handle(record("kea-dhcp4"))
    outputs.handle(record("kea-dhcp4.leases"))
    assert texts(outputs, both) == ["kea-dhcp4", "kea-dhcp4.leases"]


def test_files_are_kept_up_to_their_number(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    file = with_layout(File(LogOutput(str(path), max_size=20, max_versions=2)), "%m\n")
    for number in range(12):
        file.handle(record(text=f"line {number:04}"))
    file.close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.log", "a.log.1", "a.log.2"]
    assert path.read_text() == "line 0010\nline 0011\n"


def test_lines_that_come_together_go_into_as_many_files_as_they_need(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    file = with_layout(File(LogOutput(str(path), max_size=20, max_versions=9)), "%m\n")
    file.take([line(f"line {number:04}") for number in range(5)])
    file.close()
    shown = [p.read_text() for p in sorted(tmp_path.iterdir())]
    assert shown == ["line 0004\n", "line 0002\nline 0003\n", "line 0000\nline 0001\n"]


def test_a_size_of_0_never_rotates(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    file = with_layout(File(LogOutput(str(path), max_size=0)), "%m\n")
    for _ in range(1000):
        file.handle(record())
    file.close()
    assert [p.name for p in tmp_path.iterdir()] == ["a.log"]


def test_the_stream_adds_no_newline_of_its_own() -> None:
    stream = io.StringIO()
    made = with_layout(Stream(stream), "%m|")
    made.handle(record())
    made.handle(record())
    assert stream.getvalue() == "ID text|ID text|"
