"""The PID file, and the lock on it that keeps a second daemon of the same name out.

The file is where Kea has it: `<run folder>/<stem of the configuration file>.kea-dhcp4.pid` (or kea-dhcp6). Its lock is
the kernel's and goes with the process, so a file that a killed daemon left behind is never in the way.

Runs in: supervisor
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from kea_mp.errors import ExitCode, ExitWith
from kea_mp.family import Family


class PidFile:
    """Created and locked; `remove` at the end. ExitWith 73 when another daemon holds it, 77 or 71 when it cannot be
    made.
    """

    def __init__(self, run_dir: Path, config_file: Path, family: Family) -> None:
        self._family = family
        self.path = run_dir / f"{config_file.stem}.{family.root}.pid"
        try:
            self._descriptor = self._locked()
        except PermissionError as error:
            text = f"the PID file {self.path} cannot be written: {error.strerror}"
            raise ExitWith(ExitCode.NO_PERMISSION, family.message("INIT_FAIL"), text) from error
        except OSError as error:
            text = f"the PID file {self.path} cannot be written: {error.strerror}"
            raise ExitWith(ExitCode.OS_ERROR, family.message("INIT_FAIL"), text) from error
        line = f"{os.getpid()}\n".encode()
        os.pwrite(self._descriptor, line, 0)
        os.ftruncate(self._descriptor, len(line))

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def _locked(self) -> int:
        while True:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pid = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
                os.close(descriptor)
                text = f"{self._family.root} already running? PID file {self.path} belongs to the process {pid}"
                raise ExitWith(ExitCode.CANT_CREATE, self._family.message("ALREADY_RUNNING"), text) from None
            if self._is_in_place(descriptor):
                return descriptor
            os.close(descriptor)  # its owner removed it between our open and our lock

    def _is_in_place(self, descriptor: int) -> bool:
        try:
            there = os.stat(self.path)
        except FileNotFoundError:
            return False
        return os.path.samestat(there, os.fstat(descriptor))
