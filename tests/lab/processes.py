"""Child processes of the lab: output kept in a file, killed with everything below them, memory measured.

Runs in: any
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil


class Process:
    """A command in the background. log: where its output goes."""

    def __init__(self, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> None:
        self.command, self.log = list(command), log
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                self.command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=env
            )

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._child.poll()

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self, timeout: float = 15.0) -> int:
        """Its exit code; AssertionError with its last output when it does not end."""
        try:
            return self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.command} still runs after {timeout} s\n{self.output()[-3000:]}") from None

    def stop(self, timeout: float = 15.0) -> int:
        """SIGTERM, and SIGKILL for the whole tree when it is not gone in time (which is an AssertionError)."""
        self.signal(signal.SIGTERM)
        try:
            return self.wait(timeout)
        finally:
            self.kill_tree()

    def tree(self) -> list[psutil.Process]:
        """It and its descendants, those that still live."""
        try:
            top = psutil.Process(self.pid)
            return [top, *top.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def kill_tree(self) -> None:
        """kill -9 of all at once."""
        for process in self.tree():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._child.wait()

    def pss(self) -> int:
        """Proportional set size of the tree in bytes: shared pages are counted once."""
        total = 0
        for process in self.tree():
            with suppress(psutil.Error, OSError):
                total += process.memory_full_info().pss
        return total
