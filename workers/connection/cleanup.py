"""The lease file's clean-up: `.2` and `.1` merged into one file without what is obsolete. A process of its own.

Run as `python -m workers.connection.cleanup FAMILY LEASE-FILE PARENT-PID` (4 or 6). The steps and names are those of
kea-lfc, and any of them may be the last one: whoever reads the files afterwards, Kea or we, finds all leases.

Runs in: a process of its own, started by connection
"""

from __future__ import annotations

import ctypes
import fcntl
import gc
import os
import signal
import sys
from itertools import islice
from pathlib import Path

from kea_mp.errors import ExitCode, ExitWith
from kea_mp.family import FAMILIES, Family
from kea_mp.leases.journal import FINISHED, INPUT, OUTPUT, PID, PREVIOUS
from kea_mp.leases.load import Loading
from kea_mp.leases.open_memfile import loading_of

PROGRAM = "workers.connection.cleanup"
MAX_ERRORS = 100  #: bad rows in one file (as kea-lfc)
_PR_SET_PDEATHSIG = 1
_NICE = 4  #: as kea-lfc
_ROWS_AT_ONCE = 10_000


def running_cleanup(path: str) -> int:
    """The pid of a clean-up (ours or kea-lfc) at work on this lease file, 0 when there is none."""
    try:
        pid = int(Path(path + PID).read_text().split()[0])
        command = Path("/proc", str(pid), "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError, ValueError, IndexError):
        return 0
    # After a reboot the number may be that of any process.
    return pid if PROGRAM.encode() in command or b"kea-lfc" in command else 0


def clean_up(path: str, family: Family) -> str:
    """Merge and rotate; what was done, for the log. ExitWith, OSError: as far as it came, the files are consistent."""
    said = "nothing to merge"
    if not os.path.exists(path + FINISHED):
        loading = loading_of(family, MAX_ERRORS)
        for name in (path + PREVIOUS, path + INPUT):
            loading.file(name)
        written = _write(path + OUTPUT, loading)
        os.rename(path + OUTPUT, path + FINISHED)
        said = f"{loading.read} rows read, {loading.errors} bad ones, {written} leases written"
    _sync_folder(path)
    for name in (path + PREVIOUS, path + INPUT):
        Path(name).unlink(missing_ok=True)
    os.rename(path + FINISHED, path + PREVIOUS)
    _sync_folder(path)
    return said


def _write(path: str, loading: Loading) -> int:
    count, rows = 0, loading.lines()
    with open(path, "wb") as file:
        file.write(loading.format.header + b"\n")
        while lines := list(islice(rows, _ROWS_AT_ONCE)):
            file.write(b"\n".join(lines) + b"\n")
            count += len(lines)
        file.flush()
        os.fdatasync(file.fileno())
    return count


def _sync_folder(path: str) -> None:
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def main(path: str, family: Family) -> int:
    """Be the only clean-up of this file, and say on standard output what was done."""
    os.nice(_NICE)
    lock = os.open(path + PID + ".lock", os.O_RDONLY | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    if running_cleanup(path) not in (0, os.getpid()):
        sys.stdout.write("LFC_RUNNING LFC instance already running\n")
        return ExitCode.CANT_CREATE
    Path(path + PID).write_text(f"{os.getpid()}\n")
    fcntl.flock(lock, fcntl.LOCK_UN)
    try:
        sys.stdout.write(clean_up(path, family) + "\n")
    except (ExitWith, OSError) as error:
        sys.stdout.write(f"{error}\n")
        return error.code if isinstance(error, ExitWith) else ExitCode.CANT_CREATE
    finally:
        Path(path + PID).unlink(missing_ok=True)
    return ExitCode.OK


def _die_with(parent: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(ExitCode.SOFTWARE)


if __name__ == "__main__":
    _die_with(int(sys.argv[3]))
    gc.disable()  # nothing here makes cycles, and looking for them in a million rows takes long
    sys.exit(main(sys.argv[2], FAMILIES[int(sys.argv[1])]))
