"""A real connection worker: the test is its supervisor and its packet workers.

Runs in: any
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

import msgspec

from kea_mp.bus.messages import SERVE, Answered, Directive, Health, Order
from kea_mp.bus.sockets import ParentBus
from kea_mp.config.model import (
    Config4,
    ExpiredLeases,
    Interfaces,
    LeaseDatabase,
    Lifetime,
    MemfileAccess,
    Parameters4,
    Pool4,
    Subnet4,
)
from kea_mp.leases.model import Lease4
from kea_mp.leases.store import Batch, BatchDone, FindLeases, Found, Request, Result
from kea_mp.log import Channel
from kea_mp.supervisor.entry import enter
from kea_mp.supervisor.start_record import LogChannel, StartRecord
from kea_mp.values import address4
from tests.lab.waiting import eventually

CHILD = "connection-lease-database"
FIRST = address4("10.0.0.1")
PARAMETERS = Parameters4(Lifetime(3600, 3600, 3600))
SUBNET = Subnet4(1, address4("10.0.0.0"), 8, (Pool4(FIRST, FIRST + 65535),), PARAMETERS)
context = get_context("spawn")


def lease(number: int, **changes: Any) -> Lease4:
    hw = b"\x01\x02\x00" + number.to_bytes(4, "big")
    fields = {"address": FIRST + number, "hw": hw, "client_id": b"", "valid_lft": 3600, "cltt": int(time.time())}
    return Lease4(**{**fields, "subnet_id": 1, **changes})


class Rig:
    """A connection worker with two lanes, on `leases.csv` in a folder of its own, or on the database of `access`."""

    def __init__(self, folder: Path, access: LeaseDatabase | None = None, **of_file: Any) -> None:
        self.file = folder / "leases.csv"
        self.access = access or MemfileAccess(str(self.file), **of_file)
        self.expired = ExpiredLeases()
        self.bus = ParentBus(folder)
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(2)]
        self.lanes = [ours for ours, _ in pairs]
        self._theirs = tuple(theirs for _, theirs in pairs)
        for lane in self.lanes:
            lane.settimeout(20)
        self.reports: list[Health] = []
        self.answers: list[Answered] = []
        self.log = Channel()
        self._numbers = 0
        self._attempts = 0
        self.processes: list[SpawnProcess] = []

    def start(self, wait: bool = True) -> SpawnProcess:
        config = Config4({}, "", Interfaces(), self.access, self.expired, (SUBNET,), PARAMETERS)
        record = StartRecord(
            CHILD, 0, 2, config, 1, self.bus.endpoints, os.getpid(), LogChannel(self.log.theirs, (("kea-dhcp4", 10),)),
            self._theirs, heartbeat_s=0.1,
        )  # fmt: skip
        process = context.Process(target=enter, args=("workers.start", "workers.connection.__main__", record))
        process.start()
        self.processes.append(process)
        if wait:
            self.attempt()
            self.wait(lambda: any(r.pid == process.pid and r.state == "up" for r in self.reports), "the store is up")
        return process

    def attempt(self) -> int:
        """Want one more attempt, until it is begun; its number."""
        self._attempts += 1
        number = self._attempts

        def begun() -> bool:
            self.bus.publish(Directive(1, SERVE, 1, attempts={CHILD: number}))
            return self.last.attempt >= number

        self.wait(begun, f"attempt {number}")
        return number

    @property
    def last(self) -> Health:
        """Its latest report."""
        pid = self.processes[-1].pid
        return next((r for r in reversed(self.reports) if r.pid == pid), Health(CHILD, 0, 0))

    def wait_for(self, state: str) -> Health:
        """Its first report of this state from now on that is about the newest attempt."""
        self.wait(lambda: self.last.state == state and self.last.attempt == self._attempts, f"it is {state}")
        return self.last

    def order(self, number: int, command: str, **arguments: Any) -> tuple[Answered, float]:
        """The answer to an order, and how long it took."""
        begun = time.monotonic()
        self.bus.publish(Order(CHILD, number, command, arguments))
        self.wait(lambda: any(a.number == number for a in self.answers), f"an answer to order {number}")
        return next(a for a in self.answers if a.number == number), time.monotonic() - begun

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        def heard() -> bool:
            for record in self.bus.receive():
                (self.reports if isinstance(record, Health) else self.answers).append(record)  # type: ignore[arg-type]
            return condition()

        eventually(heard, 20, what, every=0.002)

    def send(self, *requests: Request, lane: int = 0) -> int:
        self._numbers += 1
        self.lanes[lane].send(msgspec.msgpack.encode(Batch(self._numbers, requests)))
        return self._numbers

    def receive(self, lane: int = 0) -> BatchDone:
        return msgspec.msgpack.decode(self.lanes[lane].recv(1 << 20), type=BatchDone[Result])

    def ask(self, *requests: Request, lane: int = 0) -> tuple[Result, ...]:
        number = self.send(*requests, lane=lane)
        return self.answered(number, lane).results

    def answered(self, number: int, lane: int = 0) -> BatchDone:
        """The answer to this batch; what else there is to be told is passed over."""
        while (done := self.receive(lane)).number != number:
            continue  # what a predecessor was sent, or news
        return done

    def find(self, number: int) -> tuple[Lease4, ...]:
        (found,) = self.ask(FindLeases(lease(number).hw, b"", (1,), int(time.time())))
        assert isinstance(found, Found)
        return found.mine

    def said(self) -> str:
        lines = []
        while self.log.qsize():
            lines += [line.text for line in self.log.get(0)]
        return "\n".join(lines)

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.join()
            process.close()
        for end in (*self.lanes, *self._theirs):
            end.close()
        self.bus.close()
        self.log.theirs.close()
        self.log.close()
