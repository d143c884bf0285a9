"""What each child does first and last: signals, the parent's death, its name, its log, its exit code.

`leaving` tells a child that it is asked to end (SIGTERM): look at `leaving.asked`, poll `leaving.fileno()`.

Runs in: connection, serving
"""

from __future__ import annotations

import ctypes
import importlib
import logging
import os
import signal
import sys
from types import FrameType

from kea_mp.errors import ExitCode, ExitWith
from kea_mp.log import ChildLog
from kea_mp.supervisor.start_record import StartRecord

_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
_NAME_LIMIT = 15  #: bytes of a thread's name (prctl(2))


class Leaving:
    """Whether this process was asked to end, as a value and as a descriptor to poll (readable for good once asked)."""

    def __init__(self) -> None:
        self.asked = False
        self._event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def fileno(self) -> int:
        return self._event

    def ask(self) -> None:
        self.asked = True
        os.eventfd_write(self._event, 1)

    def on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.ask()


leaving = Leaving()


def launch(module: str, start: StartRecord) -> None:
    """Run `module.run(start)` as the child that `start` names, and end the process with its exit code."""
    signal.signal(signal.SIGTERM, leaving.on_signal)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the supervisor decides
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    _follow_parent(start.parent)
    _name_process(start.child)
    log = ChildLog(start.log)
    try:
        code = _outcome(module, start)
    finally:
        log.close()
    sys.stdout.flush()
    sys.stderr.flush()
    # Our successor may be waiting for this end: it must not take as long as a million leases take to be freed, or as
    # a thread takes that still tries to connect.
    os._exit(code)


def _outcome(module: str, start: StartRecord) -> int:
    family = start.config.family
    logger = logging.getLogger(family.logger())
    try:
        importlib.import_module(module).run(start)
    except ExitWith as end:
        logger.critical("%s %s", end.identifier, end)
        return end.code
    except Exception:  # the outermost loop of this process
        text = "%s server failed: %s ended by an error in the program"
        logger.critical(text, family.message("SERVER_FAILED"), start.child, exc_info=True)
        return ExitCode.SOFTWARE
    return ExitCode.OK


def _follow_parent(parent: int) -> None:
    """Be killed when the supervisor dies, however it dies; leave at once when that has happened already."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit(ExitCode.SOFTWARE)


def _name_process(child: str) -> None:
    """The name that ps and top show; `connection-lease-database` does not fit and is shortened."""
    name = child.replace("connection-", "conn-").encode()[:_NAME_LIMIT]
    ctypes.CDLL(None).prctl(_PR_SET_NAME, name, 0, 0, 0)
