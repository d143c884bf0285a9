"""What a command may know and do: the daemon as its handlers see it, and what they may wait for.

A handler is a generator. It reads and changes the daemon through `Daemon`, *yields* one of the waits and is
resumed with what the wait is worth; it never blocks. The supervisor implements `Daemon` and resumes handlers in
its poll loop; tests do both by hand.

A handler answers about the state it has waited for: `dhcp-disable` yields `Acknowledged` and so answers when
every worker has really stopped. A wait that cannot be fulfilled ends by its own bound: `Acknowledged` at the
latest after the silence limit (a silent worker does not serve), `Reported` after `REPORT_S`, `Ordered` after
its `patience_s`, after the silence limit when the child does not report any more, or at once when it is not running
(with result 1), `Computed` after COMPUTE_S, `Applied` after APPLY_S, its turn included.

Runs in: supervisor
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from kea_mp.config.model import Config4
from kea_mp.config.model6 import Config6
from kea_mp.control.answer import Answer
from kea_mp.counters import Statistics

SERVE, PAUSE, EXIT = "serve", "pause", "exit"  #: what Snapshot.mode can be, as in the directive

LEASE_DATABASE = "connection-lease-database"  #: name of the child that owns the leases

REPORT_S = 0.1  #: how long `Reported` waits for children that do not report
APPLY_S = 300.0  #: how long `Applied` waits: a lease file with millions of rows may have to be loaded
COMPUTE_S = 120.0  #: how long `Computed` waits, for its turn too
ORDER_S = 10.0  #: how long `Ordered` waits for a child that works on it


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Every live packet worker follows the current epoch, or has been silent for longer than the silence limit
    and so does not serve. Resumed with None."""


@dataclass(frozen=True, slots=True)
class Reported:
    """Every live child has sent exact counters (Directive.report), or REPORT_S have passed. Resumed with None."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """One child carries out a command (bus Order). Resumed with its `Answer`; result 1 that says why when the child
    is not running, dies over it, falls silent, or does not answer within patience_s."""

    child: str
    command: str
    arguments: dict[str, Any] = field(default_factory=dict)
    patience_s: float = ORDER_S


@dataclass(frozen=True, slots=True)
class Computed:
    """A function that takes long is computed beside the loop, in a process of its own: importable by its name, it sees
    nothing but `data`. One at a time. Resumed with its `Answer`; result 1 that says why when it does not come."""

    function: Callable[[bytes], Answer]
    data: bytes


@dataclass(frozen=True, slots=True)
class Applied:
    """Another configuration is put in force: config without its `raw`, shown as config-get shows it. One at a time.
    Resumed with None when all backends have been tried and the workers follow it, or with an `Answer` of result 1 that
    says why not: then the one before goes on, or, when a backend cannot be reached, the service is paused."""

    config: Config4 | Config6
    shown: bytes


Wait = Acknowledged | Reported | Ordered | Computed | Applied
Handling = Generator[Wait, Any, Answer]  #: a command under way


@dataclass(frozen=True, slots=True)
class PauseReason:
    """One member of the set of who wants the service paused.

    who: "user", "ha-local", "ha-partner", "origin-7" (dhcp-disable), a backend role ("lease-database") or
    "reconfiguration". origin: Kea's origin id (1 user, 1000.. HA local, 2000.. HA partner, 3000.. a database;
    0: Kea has none). since, until: seconds since the epoch; until None: no time limit. text: for people.
    """

    who: str
    since: float
    origin: int = 0
    until: float | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """One process of the daemon. name: "supervisor", "serving-0", "connection-lease-database".

    state: "running", "starting", "stopping", "waiting" (for its restart, pid 0). mode: what a packet worker
    follows ("serve", "pause", "" for others); epoch, generation: what it has acknowledged. started: seconds since
    the epoch. restarts: since the daemon started. silent_s: since its last report. counters, gauges: of its
    present incarnation.
    """

    name: str
    pid: int
    state: str
    mode: str = ""
    epoch: int = 0
    generation: int = 0
    started: float = 0.0
    restarts: int = 0
    silent_s: float = 0.0
    cpu_percent: float = 0.0
    memory_bytes: int = 0
    counters: dict[str, int] = field(default_factory=dict)
    gauges: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BackendStatus:
    """One configured backend. role: "lease-database", "hosts-database-1", "config-database-1". type: "memfile",
    "mysql", "postgresql". name: of the database, or the path of the CSV file. on_fail: of the configuration.

    host, port: of the server in use or last tried. tls: the protocol of the session, "" in clear.

    state: "connecting", "up", "restarting" (its process has ended), "retrying", "given-up", "refused" (by a
    reconfiguration), "ended"; since: seconds since the epoch. tries of max_tries: made or under way since the loss;
    next_try_ms: None while none is waited for. error: the last one, without password, error_class its kind. summary:
    what keeps it from being asked, in words; "" when it is up. queue_depth: exchanges that wait for it. gauges: batch
    size, latencies in ms as its connection worker reports them.
    """

    role: str
    type: str
    name: str = ""
    host: str = ""
    port: int = 0
    tls: str = ""
    state: str = ""
    since: float = 0.0
    on_fail: str = ""
    tries: int = 0
    max_tries: int = 0
    next_try_ms: int | None = None
    error: str = ""
    error_class: str = ""
    summary: str = ""
    queue_depth: int = 0
    gauges: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SocketsStatus:
    """The DHCP sockets as Kea's status-get shows them. status: "ready", "retrying" or "failed"."""

    status: str = "ready"
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The daemon at one moment, for status-get. mode: "serve", "pause" or "exit"; since: of the mode, seconds since
    the epoch. acknowledged: every live packet worker follows `epoch`. refused_digest, refused_why: of a
    configuration that was refused after `generation` was applied; empty if none was."""

    now: float
    mode: str
    since: float
    epoch: int
    generation: int
    acknowledged: bool
    reasons: tuple[PauseReason, ...] = ()
    processes: tuple[ProcessStatus, ...] = ()
    backends: tuple[BackendStatus, ...] = ()
    sockets: SocketsStatus = SocketsStatus()
    refused_digest: str = ""
    refused_why: str = ""


class Daemon(Protocol):
    """The supervisor as command handlers see it. Only read-only members and effects that return at once."""

    @property
    def now(self) -> float:
        """The wall clock, seconds since the epoch."""
        ...

    @property
    def config(self) -> Config4 | Config6: ...

    @property
    def server_duid(self) -> bytes:
        """Who we are in DHCPv6, b"" in DHCPv4."""
        ...

    @property
    def shown(self) -> msgspec.Raw:
        """The configuration as config-get shows it, JSON: rendered once, for a large one takes long."""
        ...

    @property
    def config_file(self) -> str:
        """The file given with -c, as it was given."""
        ...

    @property
    def family(self) -> int:
        """4 or 6."""
        ...

    @property
    def pid(self) -> int: ...

    @property
    def started(self) -> float:
        """Seconds since the epoch."""
        ...

    @property
    def reloaded(self) -> float:
        """When the configuration was last applied, seconds since the epoch."""
        ...

    def snapshot(self) -> Snapshot: ...

    def addresses_on(self, interface: str) -> tuple[int, ...] | None:
        """The IPv4 addresses of an interface of this machine, None when there is no such interface."""
        ...

    def refuse(self, digest: str, why: str) -> None:
        """Remember for status that a configuration was refused, until one is applied. digest: "" when it has none."""
        ...

    def statistics(self) -> Statistics:
        """The daemon's statistics, one object for its whole life: handlers reset and remove in it."""
        ...

    def disable(self, origin: int, max_period: int | None) -> None:
        """Pause for `origin`, for max_period seconds or until it is enabled. A second call replaces the limit."""
        ...

    def enable(self, origin: int) -> None:
        """Withdraw what `disable` did for `origin`. A pause for a backend or a reconfiguration is not touched."""
        ...

    def stop(self, exit_value: int) -> None:
        """Begin to leave. The answer to the command that asked is sent before the process ends."""
        ...
