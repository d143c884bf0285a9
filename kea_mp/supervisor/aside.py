"""A computation beside the loop: the process that runs one function, and the sheet on which it leaves its answer.

A thread would not do: the interpreter lets one thread run at a time, and a loop that makes some dozen system calls a
turn would stand in line after each of them.

Runs in: supervisor, and the child that computes
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
from collections.abc import Callable
from multiprocessing import reduction
from typing import Any

import msgspec

from kea_mp.control.answer import Answer, error

NICE = 5  #: packets come first
_PR_SET_PDEATHSIG = 1


class Sheet:
    """A memory file that the child writes and the supervisor reads when the child has ended."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, answer: Answer) -> None:
        with os.fdopen(os.dup(self._descriptor), "wb") as file:
            file.write(msgspec.msgpack.encode(answer))

    def read(self) -> Answer | None:
        """What was written; None when nothing was, or not all of it."""
        size = os.fstat(self._descriptor).st_size
        try:
            return msgspec.msgpack.decode(os.pread(self._descriptor, size, 0), type=Answer)
        except msgspec.DecodeError:
            return None

    def close(self) -> None:
        os.close(self._descriptor)

    def __reduce__(self) -> tuple[Callable[[Any], Any], tuple[Any]]:
        return _handed, (reduction.DupFd(self._descriptor),)


def blank() -> Sheet:
    return Sheet(os.memfd_create("kea-mp-answer", os.MFD_CLOEXEC))


def _handed(descriptor: Any) -> Sheet:
    """The sheet, in the child."""
    return Sheet(descriptor.detach())


def compute(function: Callable[[bytes], Answer], data: bytes, sheet: Sheet, parent: int) -> None:
    """All that the child does. data: a `Parcel` of it on the other side."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        return
    os.nice(NICE)
    gc.disable()  # it ends soon
    try:
        answer = function(data)
    except Exception as problem:  # noqa: BLE001  the outermost loop of this process
        answer = error(f"internal error: {problem!r}")
    sheet.write(answer)
