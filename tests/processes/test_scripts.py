"""The two commands of the README, run as a user runs them."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.net import ip
from tests.lab.processes import Process
from tests.lab.waiting import eventually

pytestmark = [pytest.mark.root, pytest.mark.timeout(180)]

ROOT = Path(__file__).resolve().parents[2]
SERVE = str(ROOT / "scripts/serve")


@contextmanager
def no_namespace_left() -> Iterator[None]:
    before = set(ip("netns", "list").splitlines())
    yield
    left = {line for line in ip("netns", "list").splitlines() if line.startswith("kea-mp-")} - before
    assert left == set()


def test_serve_gives_a_real_client_a_lease_and_shows_the_status() -> None:
    with no_namespace_left():
        done = subprocess.run([SERVE, "--once"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "bound 192.0.2.100/24" in done.stderr
    assert "SERVING" in done.stdout
    assert "serving-1" in done.stdout


def test_serve_ends_on_ctrl_c_and_cleans_up(tmp_path: Path) -> None:
    with no_namespace_left():
        # A process group of its own, with SIGINT as a terminal has it: Ctrl-C goes to all of the group.
        process = Process(["setsid", "--wait", SERVE], tmp_path / "out.log")
        eventually(lambda: "serving until Ctrl-C" in process.output(), 60, "it serves")
        group = os.getpgid(process.tree()[-1].pid)
        os.killpg(group, signal.SIGINT)
        assert process.wait(30) == 130, process.output()
    assert "the server ended with exit code 0" in process.output()


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["--nonsense"], 64, "scripts/serve"),
        (["--interface", "lo"], 64, "-c my.conf"),
        (["--interface", "nowhere0", "-c", "/etc/hostname"], 71, "no interface nowhere0"),
        (["--interface", "lo", "-c", "/etc/hostname"], 78, "interfaces-config"),
    ],
)
def test_serve_says_what_is_wrong(arguments: list[str], code: int, text: str) -> None:
    done = subprocess.run([SERVE, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code
    assert text in done.stderr
