"""The log of a real daemon: loggers, outputs, levels, the lines of children."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes.daemon import Daemon, eventually

LINE = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} "
    r"(FATAL|ERROR|WARN |INFO |DEBUG) \[kea-dhcp4\.[a-z0-9-]+/\d+\.\d+\] [A-Z0-9_]+ "
)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(tmp_path)
    yield made
    made.stop()


def served(daemon: Daemon, *loggers: dict[str, Any], arguments: tuple[str, ...] = ()) -> None:
    daemon.configure(loggers=list(loggers) or None)
    daemon.start(*arguments, workers=1)
    daemon.until_serving()


def ended(daemon: Daemon) -> str:
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0
    return daemon.said()


def until_said(daemon: Daemon, text: str) -> None:
    eventually(lambda: text in daemon.said(), f"a line with {text}")


def to(output: str, **more: Any) -> dict[str, Any]:
    return {"output": output, **more}


def test_without_loggers_every_line_is_keas_on_stdout_at_info(daemon: Daemon) -> None:
    served(daemon)
    lines = ended(daemon).splitlines()
    assert [line for line in lines if not LINE.match(line)] == []
    assert not any(" DEBUG " in line for line in lines)
    pids = {line.split("/")[1].split(".")[0] for line in lines}
    assert len(pids) == 3, "the supervisor and both children have said something"


def test_d_says_everything(daemon: Daemon) -> None:
    served(daemon, {"name": "kea-dhcp4", "severity": "ERROR"}, arguments=("-d",))
    assert " INFO " in ended(daemon)


def test_a_severity_holds_for_the_children_too(daemon: Daemon) -> None:
    served(daemon, {"name": "kea-dhcp4", "severity": "WARN"})
    first = ended(daemon).partition("DHCP4_ROOT_USER_SECURITY_WARNING")[2]
    assert " INFO " not in first


def test_a_more_specific_logger_has_its_own_output_and_level(daemon: Daemon) -> None:
    special = daemon.folder / "commands.log"
    served(
        daemon,
        {"name": "kea-dhcp4", "severity": "INFO", "output-options": [to("stdout")]},
        {"name": "kea-dhcp4.commands", "severity": "INFO", "output-options": [to(str(special), pattern="%c|%m\n")]},
    )
    daemon.ask("version-get")
    said = ended(daemon)
    assert "kea-dhcp4.commands" not in said.partition("DHCP4_CONFIG_COMPLETE")[2]
    lines = special.read_text().splitlines()
    assert lines
    assert all(line.startswith("kea-dhcp4.commands|COMMAND_") for line in lines)


def test_a_logger_without_outputs_inherits_those_of_the_root(daemon: Daemon) -> None:
    file = daemon.folder / "all.log"
    served(
        daemon,
        {"name": "kea-dhcp4", "severity": "ERROR", "output-options": [to(str(file))]},
        {"name": "kea-dhcp4.commands", "severity": "INFO"},
    )
    daemon.ask("version-get")
    ended(daemon)
    assert "COMMAND_RECEIVED" in file.read_text()


def test_a_file_is_rotated_at_its_size_and_old_ones_are_dropped(daemon: Daemon) -> None:
    file = daemon.folder / "rotated.log"
    served(daemon, {"name": "kea-dhcp4", "output-options": [to(str(file), maxsize=2000, maxver=2)]})
    for _ in range(150):
        daemon.ask("version-get")
    ended(daemon)
    names = sorted(path.name for path in daemon.folder.glob("rotated.log*") if not path.name.endswith(".lock"))
    assert names == ["rotated.log", "rotated.log.1", "rotated.log.2"]
    assert all(path.stat().st_size <= 2000 for path in daemon.folder.glob("rotated.log*"))


def test_a_log_file_that_cannot_be_opened_exits_78_and_says_so_on_the_console(daemon: Daemon) -> None:
    file = daemon.configure(loggers=[{"name": "kea-dhcp4", "output-options": [to("/proc/no/such.log")]}])
    run = daemon.run("-c", str(file))
    assert run.returncode == 78
    assert "/proc/no/such.log" in run.stdout + run.stderr


def test_a_failed_start_is_said_on_the_console_though_the_log_is_a_file(daemon: Daemon) -> None:
    logger = {"name": "kea-dhcp4", "output-options": [to(str(daemon.folder / "own.log"))]}
    file = daemon.configure(loggers=[logger], **{"interfaces-config": {"interfaces": ["nosuch0"]}})
    run = daemon.run("-c", str(file))
    assert run.returncode == 71
    assert "nosuch0" in run.stderr
    assert "nosuch0" in (daemon.folder / "own.log").read_text()


def test_lines_of_a_killed_child_are_kept_and_its_successor_is_heard(daemon: Daemon) -> None:
    served(daemon)
    for _ in range(3):
        pid = daemon.pids()["serving-0"]
        os.kill(pid, signal.SIGKILL)
        successor = daemon.successor("serving-0", pid)
        daemon.until_serving()
        until_said(daemon, f"/{successor}.")


def test_threads_of_dead_children_do_not_pile_up(daemon: Daemon) -> None:
    served(daemon)
    tasks = Path(f"/proc/{daemon.pid}/task")
    before = len(list(tasks.iterdir()))
    for _ in range(3):
        pid = daemon.pids()["serving-0"]
        os.kill(pid, signal.SIGKILL)
        daemon.successor("serving-0", pid)
        daemon.until_serving()
    eventually(lambda: len(list(tasks.iterdir())) <= before, "as many threads as before")
