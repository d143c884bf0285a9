"""One cell of the suite: a fault hits one backend of a daemon under load, and what was seen is held against what is
promised (CONNECTIVITY §2 to §6, §10).

Runs in: any (root)
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.table import CONTINUE, STOP, Fault
from tests.faults.targets import FileTarget, SqlTarget, Target
from tests.lab.daemon import KeaMp
from tests.lab.databases import SERVERS, Server
from tests.lab.fault_proxy import FaultProxy
from tests.lab.keepers import Keepers
from tests.lab.lease_database import database_on
from tests.lab.net import Lab
from tests.lab.prober import Prober, share
from tests.lab.relay import RELAY, SERVER
from tests.lab.sql_daemon import POOLS
from tests.lab.waiting import eventually

NEW, RENEWALS = 100, 100  #: per second
WAIT_S = 0.3  #: reconnect-wait-time
MARGIN_S = 0.5  #: of the first answer after the return, behind reconnect-wait-time
COMMAND_S = 0.05  #: of a command, 99 of 100
BEFORE_S, AWAY_S, AFTER_S = 0.8, 1.0, 0.7
SETTLE_S = 0.2  #: after a loss was noticed, until answers in hand are out
EXIT = 75
BUSY = 0.6  #: part of the time for which somebody waits for a processor; above it, bounds of time mean nothing
SHOWN_KNOWN = 1  #: number of the client whose lease is asked for by command

_first_clients = itertools.count(1, 1 << 14)


@dataclass
class Seen:
    """What came of a cell. None: not seen, or not asked for. Times in seconds. broken, late: promises that were not
    kept, and bounds of time, as lines of text. busy: for what part of it somebody waited for a processor."""

    fault: str
    kind: str
    on_fail: str
    state: str = ""
    service: str = ""
    noticed_s: float | None = None
    exit_code: int | None = None
    first_answer_s: float | None = None
    longest_s: float = 0.0
    slow_part_s: float = 0.0
    confirmed: int | None = None
    wrong: int = 0
    lost: int = 0
    acknowledged: int = 0
    broken: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    busy: float = 0.0

    def check(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.broken.append(otherwise)

    def check_time(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.late.append(otherwise)


@dataclass
class Stand:
    """A host with the daemon, and one with its clients, joined; database servers live beside the daemon."""

    server_host: str
    clients_host: str
    servers: dict[str, Server] = field(default_factory=dict)
    targets: dict[tuple[str, bool], Target] = field(default_factory=dict)
    daemon: KeaMp | None = None
    _key: tuple[Any, ...] = ()

    def server(self, kind: str) -> Server:
        """The database server of this kind, started once."""
        if kind not in self.servers:
            self.servers[kind] = SERVERS[kind](durable=True, namespace=self.server_host)
            self.servers[kind].start()
        return self.servers[kind]

    def target(self, kind: str, network: bool) -> Target:
        """A backend of this kind, ready to be used."""
        if (kind, network) in self.targets:
            return self.targets[kind, network]
        if kind not in SERVERS:
            disk = FileTarget(Path(tempfile.mkdtemp(prefix="kmp-")) / "disk")
            disk.mount()
            made: Target = disk
        else:
            server = self.server(kind)
            proxy = FaultProxy(_socket_file(server), namespace=self.server_host) if network else None
            made = SqlTarget(server, database_on(server).name, proxy)
        self.targets[kind, network] = made
        return made

    def running(self, target: Target, **changes: Any) -> KeaMp:
        """The daemon with these settings of the backend: the one that runs already, if it is well."""
        key = (target.kind, id(target), tuple(sorted(changes.items())))
        if self.daemon is None or key != self._key or not is_well(self.daemon, target):
            self.end_daemon()
            self.daemon, self._key = KeaMp(configuration([target], **changes), self.server_host, workers=2), key
            self.daemon.start()
            self.daemon.wait_serving()
        return self.daemon

    def end_daemon(self) -> None:
        if self.daemon is not None:
            self.daemon.remove()
        self.daemon = None

    def close(self) -> None:
        self.end_daemon()
        for target in self.targets.values():
            if isinstance(target, SqlTarget) and target.proxy is not None:
                target.proxy.close()
            if isinstance(target, FileTarget):
                target.unmount()
                target.folder.rmdir()
                target.folder.parent.rmdir()
        for server in self.servers.values():
            server.remove()


@contextmanager
def stand() -> Iterator[Stand]:
    with Lab() as lab:
        server, client = lab.hosts("server", "client")
        lab.link((server, "srv0"), (client, "cli0"), addresses=([f"{SERVER}/24"], [f"{RELAY}/24"]))
        made = Stand(server, client)
        try:
            yield made
        finally:
            made.close()


def _socket_file(server: Server) -> str:
    """Which namespaces do not keep apart."""
    name = f".s.PGSQL.{server.port}" if server.type == "postgresql" else "server.sock"
    return str(server.folder / name)


def configuration(targets: list[Target], **changes: Any) -> dict[str, Any]:
    """The daemon on these backends. Every renewal is written (cache-threshold 0)."""
    config: dict[str, Any] = {
        "interfaces-config": {"interfaces": ["srv0"]},
        "valid-lifetime": 4000,
        "cache-threshold": 0.0,
        "hooks-libraries": [{"library": "libdhcp_lease_cmds.so"}],
        "subnet4": [{"id": 1, "subnet": "10.0.0.0/8", "pools": POOLS, "relay": {"ip-addresses": [RELAY]}}],
    }
    for target in targets:
        config |= target.settings(**changes)
    return config


def backend(daemon: KeaMp, role: str) -> dict[str, Any]:
    found: dict[str, Any] = next(b for b in daemon.status()["backends"] if b["role"] == role)
    return found


def is_well(daemon: KeaMp, target: Target) -> bool:
    try:
        status = daemon.status()
    except (OSError, ValueError, KeyError):
        return False
    states = {b["role"]: b["state"] for b in status["backends"]}
    return states.get(target.role) == "up" and status["service"]["state"] == "serve"


def processors_waited_for_s() -> float:
    """For how long, since the machine was started, anything that could run had to wait for a processor; 0.0 where the
    kernel does not say."""
    pressure = Path("/proc/pressure/cpu")
    return int(pressure.read_text().split("total=")[1].split()[0]) / 1e6 if pressure.exists() else 0.0


# ---- under load -----------------------------------------------------------------------------------------------------


@dataclass
class Watch:
    """Load and commands while a cell runs."""

    load: Keepers
    probers: list[Prober]
    stack: ExitStack
    began: float = field(default_factory=time.monotonic)
    waited_s: float = field(default_factory=processors_waited_for_s)

    def judge(self, seen: Seen, fault: Fault, target: Target) -> None:
        """When the database is back: everything that may be asked only now."""
        seen.busy = (processors_waited_for_s() - self.waited_s) / (time.monotonic() - self.began)
        self.stack.close()
        rows = target.rows()
        lost, wrong = self.load.missing_in(rows), self.load.forbidden()
        seen.lost, seen.wrong, seen.acknowledged = len(lost), len(wrong), len(self.load.holders)
        seen.check(not lost, f"lost leases: {lost[:3]}")
        seen.check(not wrong, f"forbidden answers: {wrong[:3]}")
        took = [seconds for prober in self.probers for seconds in prober.took()]
        seen.longest_s, seen.slow_part_s = max(took, default=0.0), share(took, 0.99)
        slowest = ", ".join(
            f"{prober.command} {1000 * share(prober.took(), 0.99):.0f} of {len(prober.took())}"
            for prober in self.probers
        )
        late = seen.slow_part_s > COMMAND_S + fault.slow_s or share(self.probers[0].took(), 0.99) > COMMAND_S
        seen.check_time(not late, f"commands took too long (p99, ms): {slowest}")
        answers = set().union(*(prober.results() for prober in self.probers))
        seen.check(answers <= {0, 1}, f"commands answered {answers}")


@contextmanager
def watched(here: Stand, daemon: KeaMp) -> Iterator[Watch]:
    """Load for a moment, then with commands asked about one of its leases."""
    with ExitStack() as stack:
        load = stack.enter_context(Keepers(here.clients_host, RELAY, SERVER, NEW, RENEWALS, first=next(_first_clients)))
        eventually(lambda: len(load.holders) > SHOWN_KNOWN, 5, "leases under load", every=0.01)
        known = {"identifier-type": "hw-address", "identifier": load.holders[0].mac.hex(":"), "subnet-id": 1}
        asked: list[tuple[str, dict[str, Any] | None]] = [("status-get", None), ("lease4-get", known)]
        probers = [stack.enter_context(Prober(daemon.socket, *what)) for what in asked]
        time.sleep(BEFORE_S)
        yield Watch(load, probers, stack)


def returned(here: Stand, fault: Fault, target: Target, on_fail: str) -> Seen:
    """The fault is over while there are tries left."""
    daemon = here.running(target, **_settings(fault, on_fail, tries=1000))
    seen = Seen(fault.name, target.kind, on_fail)
    with watched(here, daemon) as watch, ExitStack() as over:
        over.enter_context(fault.happen(target))
        struck = time.monotonic()
        if fault.lost:
            _see_loss(seen, fault, daemon, target, struck)
        away = time.monotonic()
        time.sleep(AWAY_S)
        _see_service(seen, fault, daemon, target)
        if fault.lost:
            _see_outage(seen, watch.load, away + SETTLE_S, time.monotonic())
        over.close()
        back = time.monotonic()
        first = eventually(lambda: watch.load.granted(back), 15, "new leases after the return", every=0.01)[0]
        if fault.lost and fault.tries:
            seen.first_answer_s = first.at - back
            seen.check_time(seen.first_answer_s <= WAIT_S + MARGIN_S, f"first answer after {seen.first_answer_s:.2f} s")
        eventually(lambda: is_well(daemon, target), 10, "all is well again")
        time.sleep(AFTER_S)
        watch.load.finish()
        if not fault.lost:
            unheard = sum(not client.address for client in watch.load.clients)
            seen.check(unheard <= len(watch.load.clients) // 100, f"{unheard} of {len(watch.load.clients)} unanswered")
        watch.judge(seen, fault, target)
    return seen


def given_up(here: Stand, fault: Fault, target: Target, on_fail: str) -> Seen:
    """The fault stays until all tries have failed."""
    daemon = here.running(target, **_settings(fault, on_fail, tries=2))
    seen = Seen(fault.name, target.kind, on_fail)
    with watched(here, daemon) as watch, ExitStack() as over:
        over.enter_context(fault.happen(target))
        if on_fail == CONTINUE:
            eventually(lambda: backend(daemon, target.role)["state"] == "given-up", 20, "it gives up", every=0.01)
            away = time.monotonic()
            time.sleep(AWAY_S)
            _see_service(seen, fault, daemon, target, "given-up")
            _see_outage(seen, watch.load, away, time.monotonic())
            over.close()
            eventually(lambda: is_well(daemon, target), 10, "a probe finds it")
            time.sleep(AFTER_S)
        else:
            assert daemon.process is not None
            seen.exit_code = daemon.process.wait(20)
            seen.check(seen.exit_code == EXIT, f"exit code {seen.exit_code}")
            over.close()
        watch.load.finish()
        watch.judge(seen, fault, target)
    return seen


def _settings(fault: Fault, on_fail: str, tries: int) -> dict[str, Any]:
    """A lease file has no tries; where they end in the cell a connection is not waited for as long as usual."""
    if not fault.tries:
        return {"on-fail": on_fail}
    soon = {"connect-timeout": 1} if tries < 10 else {}
    return {"on-fail": on_fail, "max-reconnect-tries": tries, "reconnect-wait-time": int(1000 * WAIT_S), **soon}


def _see_loss(seen: Seen, fault: Fault, daemon: KeaMp, target: Target, struck: float) -> None:
    eventually(lambda: backend(daemon, target.role)["state"] != "up", 15, "the loss is seen", every=0.01)
    seen.noticed_s = time.monotonic() - struck
    late = seen.noticed_s > fault.noticed_s + COMMAND_S  # it is seen by a command
    seen.check_time(not late, f"noticed after {seen.noticed_s:.2f} s")


def _see_service(seen: Seen, fault: Fault, daemon: KeaMp, target: Target, lost_as: str = "") -> None:
    """State and service as CONNECTIVITY §3 has them."""
    seen.state, seen.service = backend(daemon, target.role)["state"], daemon.service()["state"]
    state = lost_as or ("retrying" if fault.tries else "given-up") if fault.lost else "up"
    service = "pause" if fault.lost and seen.on_fail == STOP else "serve"
    seen.check((seen.state, seen.service) == (state, service), f"{seen.state}, {seen.service}: not {state}, {service}")


def _see_outage(seen: Seen, load: Keepers, since: float, until: float) -> None:
    """No new lease; renewals are confirmed unless the service pauses."""
    granted, confirmed = load.granted(since, until), load.renewed(since, until)
    seen.confirmed = len(confirmed)
    seen.check(not granted, f"{len(granted)} new leases while the backend was away")
    seen.check(bool(confirmed) != (seen.on_fail == STOP), f"{len(confirmed)} renewals answered while it was away")
