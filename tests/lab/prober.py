"""Asks a command over and over, on a schedule that no slow answer moves, and keeps how long each took.

Runs in: any, in a thread of its own
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab import unixcontrol

EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Probe:
    """at: time.monotonic() when it was asked; took_s: until the answer; result: None without one (error says why)."""

    at: float
    took_s: float
    result: int | None
    error: str = ""


class Prober:
    """Asks `command` at `socket` every EVERY_S. The schedule waits for a slow answer: one question at a time."""

    def __init__(self, socket: Path, command: str, arguments: Mapping[str, Any] | None = None) -> None:
        self.command, self.probes = command, list[Probe]()
        self._socket, self._arguments = socket, dict(arguments) if arguments is not None else None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"prober {command}", daemon=True)

    def __enter__(self) -> Prober:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def took(self) -> list[float]:
        """Seconds of each that was answered."""
        return [probe.took_s for probe in list(self.probes) if probe.result is not None]

    def results(self) -> set[int]:
        return {probe.result for probe in list(self.probes) if probe.result is not None}

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            began = time.monotonic()
            result, error = None, ""
            try:
                answer = unixcontrol.ask(self._socket, self.command, self._arguments, timeout=30.0)
                result = int(answer["result"])
            except (OSError, ValueError, KeyError) as problem:
                error = repr(problem)
            ended = time.monotonic()
            self.probes.append(Probe(began, ended - began, result, error))
            due = max(due + EVERY_S, ended)


def share(values: list[float], part: float) -> float:
    """The value that `part` of all are not above (0.99: the 99th percentile); 0.0 of none."""
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] if values else 0.0
