"""Waiting for a condition, never for time.

Runs in: any
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(condition: Callable[[], T], timeout: float = 10.0, what: str = "", every: float = 0.02) -> T:
    """The first true value of `condition`, asked again every `every` seconds; AssertionError after `timeout` seconds.

    An exception of the condition counts as "not yet" and is shown when the time is over.
    """
    end = time.monotonic() + timeout
    last: object = None
    while True:
        try:
            value = condition()
            if value:
                return value
            last = value
        except (OSError, AssertionError, ValueError, KeyError, IndexError) as error:
            last = error
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout:g} s: {what or condition} (last: {last!r})")
        time.sleep(every)
