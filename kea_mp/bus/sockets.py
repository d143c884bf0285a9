"""The bus on ZeroMQ: PUB/SUB downwards, PUSH/PULL upwards, over ipc sockets in a folder of mode 0700.

Neither end ever blocks: what does not fit is dropped, and the next heartbeat says it again. Each record downwards
carries the moment it was sent (CLOCK_MONOTONIC, the same for all processes of a machine), and a child drops a directive
that has been under way for too long: a process that was stopped finds old directives in its queue before the new ones,
and must not serve on them.

Runs in: any
"""

from __future__ import annotations

import os
import shutil
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import zmq

from kea_mp.bus.codec import decode_down, decode_up, encode
from kea_mp.bus.messages import Directive, Down, Up
from kea_mp.errors import WireError

STALE_S = 1.0  #: a directive older than this is dropped; longer than the heartbeat, shorter than the silence limit
LINGER_MS = 200  #: how long a leaving process waits for its last records to go out
HIGH_WATER = 1000  #: records per queue
PATH_LIMIT = 107  #: bytes in a UNIX socket address

_STAMP = struct.Struct("!d")
M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a child connects to: the supervisor's PUB and PULL sockets."""

    down: str
    up: str


class ParentBus:
    """The supervisor's end. `run_dir` must exist. OSError when the sockets cannot be made there."""

    def __init__(self, run_dir: Path) -> None:
        _sweep(run_dir)
        self._folder = run_dir / f"bus-{os.getpid()}"
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self.endpoints = Endpoints(f"ipc://{self._folder}/down", f"ipc://{self._folder}/up")
        if len(os.fsencode(self._folder / "down")) > PATH_LIMIT:
            raise OSError(f"the run folder's path is too long for UNIX sockets: {run_dir}")
        self.garbage = 0  #: records that could not be read
        self._lock = threading.Lock()  # of _pub and what was said on it
        self._directive: Directive | None = None
        self._published_at = 0.0
        self._context = zmq.Context(io_threads=1)
        self._pub = _socket(self._context, zmq.PUB)
        self._pull = _socket(self._context, zmq.PULL)
        self._pub.bind(self.endpoints.down)
        self._pull.bind(self.endpoints.up)

    def fileno(self) -> int:
        """Readable when `receive` may have something; edge-triggered, so drain it and also look at each wake-up."""
        return self._pull.fileno()

    def publish(self, message: Down) -> None:
        with self._lock:
            if isinstance(message, Directive):
                self._directive, self._published_at = message, time.monotonic()
            self._send(message)

    def repeat(self, after_s: float) -> None:
        """Say the last directive again if that was `after_s` ago or longer. May be called by another thread."""
        with self._lock:
            if self._directive is not None and time.monotonic() - self._published_at >= after_s:
                self._published_at = time.monotonic()
                self._send(self._directive)

    def _send(self, message: Down) -> None:
        try:
            self._pub.send(_STAMP.pack(time.monotonic()) + encode(message), zmq.NOBLOCK)
        except zmq.Again:
            return  # repeated with the next heartbeat

    def receive(self) -> list[Up]:
        """All records that have arrived."""
        records = []
        for frame in _drain(self._pull):
            try:
                records.append(decode_up(frame))
            except WireError:
                self.garbage += 1
        return records

    def close(self) -> None:
        self._pub.close()
        self._pull.close()
        self._context.term()
        shutil.rmtree(self._folder, ignore_errors=True)


class ChildBus:
    """A child's end, named so that it sees its own orders only."""

    def __init__(
        self, endpoints: Endpoints, child: str, clock: Callable[[], float] = time.monotonic, generation: int = 1
    ) -> None:
        self.child, self._generation = child, generation
        self.garbage = 0  #: records that could not be read
        self.dropped = 0  #: reports that found no room
        self._clock = clock
        self._context = zmq.Context(io_threads=1)
        self._sub = _socket(self._context, zmq.SUB)
        self._sub.setsockopt(zmq.SUBSCRIBE, b"")
        self._push = _socket(self._context, zmq.PUSH)
        self._sub.connect(endpoints.down)
        self._push.connect(endpoints.up)

    def fileno(self) -> int:
        """Readable when `receive` may have something; edge-triggered, so drain it and also look at each wake-up."""
        return self._sub.fileno()

    def receive(self) -> list[Down]:
        """All directives that are fresh and all orders for this child, in order of sending."""
        records: list[Down] = []
        for frame in _drain(self._sub):
            try:
                (sent,) = _STAMP.unpack_from(frame)
                record = decode_down(frame[_STAMP.size :])
            except (WireError, struct.error):
                self.garbage += 1
                continue
            if isinstance(record, Directive):
                if self._clock() - sent <= STALE_S:
                    records.append(record)
            elif (record.child, record.generation) == (self.child, self._generation):
                records.append(record)
        return records

    def send(self, message: Up) -> None:
        try:
            self._push.send(encode(message), zmq.NOBLOCK)
        except zmq.Again:
            self.dropped += 1

    def close(self) -> None:
        self._sub.close()
        self._push.close()
        self._context.term()


def _socket(context: zmq.Context[zmq.Socket[bytes]], kind: int) -> zmq.Socket[bytes]:
    made = context.socket(kind)
    made.setsockopt(zmq.LINGER, LINGER_MS)
    made.setsockopt(zmq.SNDHWM, HIGH_WATER)
    made.setsockopt(zmq.RCVHWM, HIGH_WATER)
    # A child must find a supervisor that is late, and quickly; the default backs off from 100 ms without a bound.
    made.setsockopt(zmq.RECONNECT_IVL, 20)
    made.setsockopt(zmq.RECONNECT_IVL_MAX, 200)
    return made


def _drain(source: zmq.Socket[bytes]) -> list[bytes]:
    frames = []
    while True:
        try:
            frames.append(source.recv(zmq.NOBLOCK))
        except zmq.Again:
            return frames


def _sweep(run_dir: Path) -> None:
    """Remove the folders of supervisors that are no more."""
    for folder in run_dir.glob("bus-*"):
        pid = folder.name.removeprefix("bus-")
        if pid.isdigit() and not Path("/proc", pid).exists():
            shutil.rmtree(folder, ignore_errors=True)
