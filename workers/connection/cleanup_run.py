"""Starting the lease file's clean-up and hearing of its end.

The current file is put aside as `.1`, a process of its own merges `.2` and `.1`, and service goes on meanwhile. The
file names are Kea's, so that a Kea that is started on these files at any moment reads the same leases.

Runs in: connection
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import workers
from kea_mp.family import Family
from kea_mp.leases.journal import Journal
from workers.connection.cleanup import PROGRAM, running_cleanup


class CleanupRun:
    """The clean-ups of one lease file, one at a time."""

    def __init__(self, journal: Journal, family: Family) -> None:
        self._journal, self._family = journal, family
        self._logger = logging.getLogger(family.logger("dhcpsrv"))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Put the file aside and start a process on it, unless one is at work. BackendDown: the file is in trouble."""
        self._logger.info("DHCPSRV_MEMFILE_LFC_START starting Lease File Cleanup")
        if self._process is not None or running_cleanup(self._journal.path):
            self._logger.info("DHCPSRV_MEMFILE_LFC_RUNNING Lease File Cleanup instance already running")
            return
        self._journal.put_aside()
        command = [sys.executable, "-P", "-m", PROGRAM, str(self._family.number), self._journal.path, str(os.getpid())]
        self._logger.info(
            "DHCPSRV_MEMFILE_LFC_EXECUTE executing Lease File Cleanup using: %s", " ".join(command)
        )  # fmt: skip
        root = str(Path(workers.__file__).parents[1])
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": root},
            )  # fmt: skip
        except OSError as error:
            self._logger.error(
                "DHCPSRV_MEMFILE_LFC_SPAWN_FAIL lease file cleanup failed to run because its process couldn't be "
                "spawned: %s", error,
            )  # fmt: skip

    def look(self) -> None:
        """Say how a clean-up went once it has ended. What it leaves behind when it fails, the next one goes on with."""
        process = self._process
        if process is None or process.poll() is None:
            return
        self._process = None
        assert process.stdout is not None
        with process.stdout as output:
            said = output.read().decode(errors="replace").strip()
        if process.returncode == 0:
            self._logger.info("LFC_TERMINATE LFC finished processing: %s", said)
        else:
            self._logger.error("LFC_FAIL_PROCESS : exit code %s: %s", process.returncode, said)

    def stop(self) -> None:
        """End a clean-up that is at work: its files tell the next one how far it came."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self.look()
