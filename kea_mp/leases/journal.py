"""The lease file on disk: opened and locked, appended to, made durable, put aside for a clean-up.

Runs in: connection
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from kea_mp.errors import BackendDown, ExitCode, ExitWith

INPUT, PREVIOUS, OUTPUT, FINISHED, PID = ".1", ".2", ".output", ".completed", ".pid"  #: Kea's names of left-overs

FOUND = ".found"  #: our name of a file that took the place of the lease file while we were writing that

_FRESH = ".new"  #: the next lease file, until it takes the place of the one put aside
_PROBE = b"\n" * 4096
_ROWS_AT_ONCE = 10_000


class Journal:
    """The current lease file. Lines are appended with one write; a failed write leaves the file as it was.

    path: absolute. sync: whether `append` waits until the disk has the lines. header: the first line. Raises ExitWith
    at opening: 73 when another daemon holds the file or it cannot be written, 77 without permission.
    """

    def __init__(self, path: str, sync: bool, header: bytes) -> None:
        self.path = path
        self.header = header
        self._sync = sync
        self._fd = _locked(path, os.O_CREAT)
        try:
            self._size = _completed(self._fd, path, header)  #: what is known to be good
        except OSError as error:
            os.close(self._fd)
            raise _refused(ExitCode.CANT_CREATE, f"Could not write lease file: {path}: {error.strerror}") from error

    def append(self, lines: Sequence[bytes], durable: bool = True) -> None:
        """BackendDown when the lines could not be written; nothing of them counts then."""
        self.require()
        data = b"\n".join(lines) + b"\n"
        try:
            self._write(data)
            if durable and self._sync:
                os.fdatasync(self._fd)
        except OSError as error:
            self._cut_back()
            raise BackendDown(f"lease file {self.path}: {error.strerror}") from error
        self._size += len(data)

    def require(self) -> None:
        """BackendDown when the file that we write is not at its path any more: what it holds would be lost."""
        if not self.in_place:
            raise BackendDown(f"lease file {self.path} is gone, or another file has taken its place")

    @property
    def in_place(self) -> bool:
        try:
            return os.path.samestat(os.stat(self.path), os.fstat(self._fd))
        except OSError:
            return False

    def write_anew(self, lines: Iterable[bytes]) -> None:
        """A file with these rows in the place of one that is gone; they are all that there is. What stands at the path
        now is kept beside it. BackendDown when that cannot be done now."""
        try:
            fresh = self._fresh_with(iter(lines))
            if os.path.exists(self.path):
                os.rename(self.path, self.path + FOUND)
            os.link(self.path + _FRESH, self.path)
            os.unlink(self.path + _FRESH)
            _sync_folder(self.path)
            # Older rows, which would bring back leases that are no more.
            for left in (FINISHED, OUTPUT, INPUT, PREVIOUS):
                Path(self.path + left).unlink(missing_ok=True)
        except (OSError, ExitWith) as error:
            raise BackendDown(f"lease file {self.path} cannot be written anew: {error}") from error
        os.close(self._fd)
        self._fd, self._size = fresh, os.fstat(fresh).st_size

    def _fresh_with(self, lines: Iterator[bytes]) -> int:
        Path(self.path + _FRESH).unlink(missing_ok=True)
        fresh = _locked(self.path + _FRESH, os.O_CREAT | os.O_EXCL)
        try:
            _write(fresh, self.header + b"\n")
            while some := b"".join(line + b"\n" for line in islice(lines, _ROWS_AT_ONCE)):
                _write(fresh, some)
            os.fdatasync(fresh)
        except OSError:
            os.close(fresh)
            raise
        return fresh

    def probe(self) -> None:
        """Whether there is room for rows again after a failure; BackendDown when not. What is written to find out,
        empty lines, is no row and is taken back."""
        try:
            self.require()
            os.ftruncate(self._fd, self._size)
            self._write(_PROBE)
            os.fdatasync(self._fd)
            os.ftruncate(self._fd, self._size)
        except OSError as error:
            self._cut_back()
            raise BackendDown(f"lease file {self.path}: {error.strerror}") from error

    def put_aside(self) -> bool:
        """Rename the file for a clean-up and go on in a new one. False when a clean-up's input is still there,
        which that clean-up has to finish with first. BackendDown when no new file could be made; the old one is
        used on then."""
        if os.path.exists(self.path + INPUT) or os.path.exists(self.path + FINISHED):
            return False
        try:
            fresh = self._fresh()
        except (OSError, ExitWith) as error:
            raise BackendDown(f"lease file {self.path} could not be put aside: {error}") from error
        os.close(self._fd)
        self._fd = fresh
        try:
            self._size = os.fstat(fresh).st_size
            os.unlink(self.path + _FRESH)
            _sync_folder(self.path)
        except OSError as error:
            raise BackendDown(f"lease file {self.path}: {error.strerror}") from error
        return True

    def _fresh(self) -> int:
        """A new file in the place of the current one, which is now the clean-up's input. On an error the current one
        is where it was."""
        # Never opened as it is: when we were killed half-way, it may be another name of the current file.
        Path(self.path + _FRESH).unlink(missing_ok=True)
        fresh = _locked(self.path + _FRESH, os.O_CREAT | os.O_EXCL)
        try:
            _completed(fresh, self.path, self.header)
            os.rename(self.path, self.path + INPUT)
            try:
                os.link(self.path + _FRESH, self.path)  # unlike a rename, this would notice a file of somebody else
            except OSError:
                os.rename(self.path + INPUT, self.path)
                raise
        except OSError:
            os.close(fresh)
            raise
        return fresh

    def close(self) -> None:
        if self._fd >= 0:
            os.fdatasync(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _write(self, data: bytes) -> None:
        _write(self._fd, data)

    def _cut_back(self) -> None:
        try:
            os.ftruncate(self._fd, self._size)
        except OSError:
            # `probe` tries again before anything is written; until then the rows there were never acknowledged.
            return


def _write(fd: int, data: bytes) -> None:
    written = os.write(fd, data)
    while written < len(data):  # a full disk takes a part first and then says so
        written += os.write(fd, data[written:])


def _locked(path: str, flags: int) -> int:
    """The file, ours alone; ExitWith when that cannot be."""
    while True:
        try:
            fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | flags, 0o640)
        except OSError as error:
            denied = isinstance(error, PermissionError)
            code = ExitCode.NO_PERMISSION if denied else ExitCode.CANT_CREATE
            raise _refused(code, f"Could not open lease file: {path}: {error.strerror}") from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.exists(path) and os.path.samestat(os.stat(path), os.fstat(fd)):
                return fd
        except BlockingIOError as error:
            os.close(fd)
            raise _refused(ExitCode.CANT_CREATE, f"lease file {path} is in use by another process") from error
        os.close(fd)  # its owner has put it aside between our two steps


def _refused(code: ExitCode, text: str) -> ExitWith:
    return ExitWith(code, "DHCPSRV_MEMFILE_FAILED_TO_OPEN", text)


def _completed(fd: int, path: str, header: bytes) -> int:
    """Give a new file its header and a torn last line its end, and make sure of what a predecessor has written; the
    size after that."""
    size = os.fstat(fd).st_size
    if size == 0:
        _write(fd, header + b"\n")
    elif os.pread(fd, 1, size - 1) != b"\n":
        _write(fd, b"\n")
    os.fdatasync(fd)
    _sync_folder(path)
    return os.fstat(fd).st_size


def _sync_folder(path: str) -> None:
    """The name of a new file has to outlive a crash too."""
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
