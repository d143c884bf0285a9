"""The lease file on disk: opened and locked, appended to, made durable, put aside for a clean-up.

Runs in: connection
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence

from kea_mp.errors import BackendDown, ExitCode, ExitWith
from kea_mp.leases.csv4 import HEADER

INPUT, PREVIOUS, OUTPUT, FINISHED, PID = ".1", ".2", ".output", ".completed", ".pid"  #: Kea's names of left-overs

_PROBE = b"\n" * 4096


class Journal:
    """The current lease file. Lines are appended with one write; a failed write leaves the file as it was.

    path: absolute. sync: whether `append` waits until the disk has the lines. Raises ExitWith at opening:
    73 when another daemon holds the file or it cannot be written, 77 without permission.
    """

    def __init__(self, path: str, sync: bool) -> None:
        self.path = path
        self._sync = sync
        self._size = 0  #: what is known to be good
        self._fd = -1
        self._fd = self._opened(os.O_CREAT)
        self._size = self._ended()

    def append(self, lines: Sequence[bytes], durable: bool = True) -> None:
        """BackendDown when the lines could not be written; nothing of them counts then."""
        data = b"\n".join(lines) + b"\n"
        try:
            self._write(data)
            if durable and self._sync:
                os.fdatasync(self._fd)
        except OSError as error:
            self._cut_back()
            raise BackendDown(f"lease file {self.path}: {error.strerror}") from error
        self._size += len(data)

    def probe(self) -> None:
        """Whether there is room for rows again after a failure; BackendDown when not. What is written to find out,
        empty lines, is no row and is taken back."""
        try:
            os.ftruncate(self._fd, self._size)
            self._write(_PROBE)
            os.fdatasync(self._fd)
            os.ftruncate(self._fd, self._size)
        except OSError as error:
            self._cut_back()
            raise BackendDown(f"lease file {self.path}: {error.strerror}") from error

    def put_aside(self) -> bool:
        """Rename the file for a clean-up and go on in a new one. False when a clean-up's input is still there,
        which that clean-up has to finish with first. BackendDown when no new file could be made."""
        if os.path.exists(self.path + INPUT) or os.path.exists(self.path + FINISHED):
            return False
        try:
            if not self._sync:
                os.fdatasync(self._fd)
            os.rename(self.path, self.path + INPUT)
            try:
                fresh = self._opened(os.O_CREAT | os.O_EXCL)
            except (OSError, ExitWith):
                os.rename(self.path + INPUT, self.path)
                raise
        except (OSError, ExitWith) as error:
            raise BackendDown(f"lease file {self.path} could not be put aside: {error}") from error
        os.close(self._fd)
        self._fd = fresh
        self._size = self._ended()
        return True

    def close(self) -> None:
        if self._fd >= 0:
            os.fdatasync(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _write(self, data: bytes) -> None:
        written = os.write(self._fd, data)
        while written < len(data):  # a full disk takes a part first and then says so
            written += os.write(self._fd, data[written:])

    def _cut_back(self) -> None:
        try:
            os.ftruncate(self._fd, self._size)
        except OSError:
            # `probe` tries again before anything is written; until then the rows there were never acknowledged.
            return

    def _opened(self, flags: int) -> int:
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | flags, 0o640)
        except PermissionError as error:
            raise ExitWith(ExitCode.NO_PERMISSION, "DHCPSRV_MEMFILE_FAILED_TO_OPEN",
                           f"Could not open lease file: {self.path}: {error.strerror}") from error  # fmt: skip
        except OSError as error:
            raise ExitWith(ExitCode.CANT_CREATE, "DHCPSRV_MEMFILE_FAILED_TO_OPEN",
                           f"Could not open lease file: {self.path}: {error.strerror}") from error  # fmt: skip
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(fd)
            raise ExitWith(ExitCode.CANT_CREATE, "DHCPSRV_MEMFILE_FAILED_TO_OPEN",
                           f"lease file {self.path} is in use by another process") from error  # fmt: skip
        return fd

    def _ended(self) -> int:
        """Give a new file its header and a torn last line its end; the size after that."""
        size = os.fstat(self._fd).st_size
        if size == 0:
            self._write(HEADER + b"\n")
        elif os.pread(self._fd, 1, size - 1) != b"\n":
            self._write(b"\n")
        else:
            return size
        os.fdatasync(self._fd)
        folder = os.open(os.path.dirname(self.path) or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)  # the name of the new file has to outlive a crash too
        finally:
            os.close(folder)
        return os.fstat(self._fd).st_size
