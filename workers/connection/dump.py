"""lease4-write: a copy of all leases in a file of Kea's format, made in slices and put in place when it is whole.

Runs in: connection
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any, BinaryIO, Protocol

from kea_mp.errors import CommandError


class Lines(Protocol):
    """A lease backend that is a file of Kea's and can give its rows. header: the first line of such a file; beginning:
    behind this address are all rows."""

    header: bytes
    beginning: Any

    def lines(self, after: Any) -> tuple[list[bytes], Any]:
        """Some rows behind an address, and where to go on (None: that was all)."""
        ...


class Dump:
    """One copy. As Kea does, it is written as FILE.tmp<pid>, and a former FILE is kept as FILE.bak<pid>."""

    def __init__(self, path: str, lines: Lines) -> None:
        """CommandError when the file cannot be made."""
        self._path, self._fresh, self._lines = path, f"{path}.tmp{os.getpid()}", lines
        self._after = lines.beginning
        try:
            self._file: BinaryIO = open(self._fresh, "wb", opener=_private)  # noqa: SIM115 - closed by step or stop
            self._file.write(lines.header + b"\n")
        except OSError as error:
            raise self._refused(error) from error

    def step(self) -> bool:
        """Write some leases; True when the copy is complete. CommandError, with nothing left, when it failed."""
        try:
            if self._after is None:
                self._finish()
                return True
            lines, self._after = self._lines.lines(self._after)
            if lines:
                self._file.write(b"\n".join(lines) + b"\n")
        except OSError as error:
            self.stop()
            raise self._refused(error) from error
        return False

    def stop(self) -> None:
        """Give up."""
        with suppress(OSError):  # a full disk: what is in the buffer is of no use
            self._file.close()
        with suppress(FileNotFoundError):
            os.unlink(self._fresh)

    def _finish(self) -> None:
        self._file.close()
        with suppress(FileNotFoundError):
            os.rename(self._path, f"{self._path}.bak{os.getpid()}")
        os.rename(self._fresh, self._path)

    def _refused(self, error: OSError) -> CommandError:
        return CommandError(f"the leases cannot be written to {self._path}: {error.strerror}")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o640)
