"""A large value for all children, pickled once into a memory file that each child maps at its start.

A start record travels through a pipe, and whoever writes more into a pipe than it holds waits for the reader: for a
child that has yet to load its interpreter, or that was stopped just then. With the configuration in a memory file a
record is small whatever the site, and starting a child never holds the supervisor.

Runs in: supervisor, and any child at its start
"""

from __future__ import annotations

import gc
import mmap
import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import reduction
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Parcel(Generic[T]):
    """In the supervisor a memory file; a child that is handed it finds the value itself in its place."""

    def __init__(self, value: T) -> None:
        with _no_garbage_collection():
            data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        self._descriptor = os.memfd_create("kea-mp-parcel", os.MFD_CLOEXEC)
        with os.fdopen(os.dup(self._descriptor), "wb") as file:
            file.write(data)

    def close(self) -> None:
        os.close(self._descriptor)

    def __reduce__(self) -> tuple[Callable[[Any], Any], tuple[Any]]:
        return _opened, (reduction.DupFd(self._descriptor),)


def _opened(handed: Any) -> Any:
    """The value, in the child."""
    descriptor: int = handed.detach()
    try:
        with _no_garbage_collection(), mmap.mmap(descriptor, 0, prot=mmap.PROT_READ) as content:
            return pickle.loads(content)
    finally:
        os.close(descriptor)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """A hundred thousand new objects are no garbage, but looking through them again and again doubles the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
