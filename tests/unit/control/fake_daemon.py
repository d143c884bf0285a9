"""A daemon that handlers can be driven against by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from kea_mp.bus.codec import decode_down, decode_up, encode
from kea_mp.bus.messages import Answered, Order
from kea_mp.config.load import config4_from_json, config6_from_json
from kea_mp.config.model import Config4
from kea_mp.config.model6 import Config6
from kea_mp.control.answer import Answer, to_json
from kea_mp.control.daemon import (
    PAUSE,
    SERVE,
    BackendStatus,
    Handling,
    Ordered,
    PauseReason,
    ProcessStatus,
    Snapshot,
    SocketsStatus,
    Wait,
)
from kea_mp.control.dispatch import handle, run
from kea_mp.counters import Statistics
from tests.unit.fake_leases import FakeLeases
from workers.connection.commands import LeaseOrders

NOW = 1_700_000_000.0
READY = SocketsStatus()

CONFIG: dict[str, Any] = {
    "lease-database": {"type": "memfile"},
    "server-tag": "tagged",
    "subnet4": [
        {
            "id": 1,
            "subnet": "192.0.2.0/24",
            "pools": [{"pool": "192.0.2.10-192.0.2.99"}, {"pool": "192.0.2.100-192.0.2.150", "pool-id": 3}],
        },
        {"id": 7, "subnet": "198.51.100.0/24", "pools": [{"pool": "198.51.100.0/25"}]},
    ],
}


def configuration(**changes: Any) -> Config4:
    return config4_from_json({"Dhcp4": {**CONFIG, **changes}})


def daemon6() -> FakeDaemon:
    """A DHCPv6 daemon with one subnet."""
    subnet = {
        "id": 1,
        "subnet": "2001:db8:1::/64",
        "pools": [{"pool": "2001:db8:1::/64"}],
        "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 48, "delegated-len": 64}],
    }
    config = config6_from_json({"Dhcp6": {"lease-database": {"type": "memfile"}, "subnet6": [subnet]}})
    return FakeDaemon(config, "/etc/kea/kea-dhcp6.conf", 6, bytes.fromhex("0002000009bf01"))


def worker(number: int = 0, **changes: Any) -> ProcessStatus:
    serving = ProcessStatus(
        f"serving-{number}", 100 + number, "running", "serve", epoch=3, generation=1, started=NOW - 60
    )
    return replace(serving, **changes)


@dataclass
class FakeDaemon:
    """What happens to it is in `log`; a test changes `state` between two steps of a handler."""

    config: Config4 | Config6 = field(default_factory=configuration)
    config_file: str = "/etc/kea/kea-dhcp4.conf"
    family: int = 4
    server_duid: bytes = b""
    pid: int = 42
    started: float = NOW - 120.0
    reloaded: float = NOW - 60.0
    now: float = NOW
    reasons: dict[int, PauseReason] = field(default_factory=dict)
    others: tuple[PauseReason, ...] = ()
    backends: tuple[BackendStatus, ...] = (
        BackendStatus("lease-database", "memfile", "/var/lib/kea-mp/kea-leases4.csv", state="up", since=NOW - 100),
    )
    processes: tuple[ProcessStatus, ...] = (worker(0), worker(1))
    sockets: SocketsStatus = READY
    refused: tuple[str, str] = ("", "")
    log: list[tuple[Any, ...]] = field(default_factory=list)
    _statistics: Statistics = field(default_factory=Statistics)

    def __post_init__(self) -> None:
        self._statistics.configured(self.config, NOW)

    @property
    def shown(self) -> msgspec.Raw:
        return msgspec.Raw(to_json(self.config.raw))

    def addresses_on(self, interface: str) -> tuple[int, ...] | None:
        return {"lo": (0x7F000001,), "bare": ()}.get(interface)

    def snapshot(self) -> Snapshot:
        reasons = (*self.reasons.values(), *self.others)
        return Snapshot(
            now=self.now,
            mode=PAUSE if reasons else SERVE,
            since=NOW - 30,
            epoch=3,
            generation=1,
            acknowledged=True,
            reasons=reasons,
            processes=self.processes,
            backends=self.backends,
            sockets=self.sockets,
            refused_digest=self.refused[0],
            refused_why=self.refused[1],
        )

    def refuse(self, digest: str, why: str) -> None:
        self.refused = (digest, why)

    def statistics(self) -> Statistics:
        return self._statistics

    def disable(self, origin: int, max_period: int | None) -> None:
        self.log.append(("disable", origin, max_period))
        until = None if max_period is None else self.now + max_period
        self.reasons[origin] = PauseReason(f"origin-{origin}", self.now, origin, until)

    def enable(self, origin: int) -> None:
        self.log.append(("enable", origin))
        self.reasons.pop(origin, None)

    def stop(self, exit_value: int) -> None:
        self.log.append(("stop", exit_value))


@dataclass
class Outcome:
    """A command that is done: its answer, and what it had waited for."""

    answer: Answer
    waits: list[Wait]


def finish(handling: Handling, resume: Callable[[Wait], Any] = lambda wait: None) -> Outcome:
    """Drive a handler to its end; `resume` gives what each wait is worth."""
    waits: list[Wait] = []
    worth: Any = None
    while True:
        try:
            waits.append(handling.send(worth))
        except StopIteration as end:
            return Outcome(end.value, waits)
        worth = resume(waits[-1])


def command(
    daemon: FakeDaemon, name: str, arguments: Any = msgspec.UNSET, resume: Callable[[Wait], Any] = lambda wait: None
) -> Outcome:
    given = () if arguments is msgspec.UNSET else (msgspec.Raw(to_json(arguments)),)
    return finish(run(daemon, name, *given), resume)


def request(daemon: FakeDaemon, text: bytes) -> Answer:
    return finish(handle(daemon, text)).answer


LIBRARIES = {"hooks-libraries": [{"library": "libdhcp_lease_cmds.so"}, {"library": "libdhcp_stat_cmds.so"}]}


def ordered(leases: FakeLeases, wait: Ordered) -> Answer:
    """What the owner of these leases answers to an order, both through the bus."""
    order = decode_down(encode(Order(wait.child, 1, wait.command, wait.arguments)))
    assert isinstance(order, Order)
    found = LeaseOrders(wait.child, leases, leases.execute).answer(order)
    assert found is not None
    answered = decode_up(encode(found))
    assert isinstance(answered, Answered)
    return Answer(answered.result, answered.text, answered.arguments)
