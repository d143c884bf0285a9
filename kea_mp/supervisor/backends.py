"""The backends of a configuration, and the recovery of each: what is configured, where it stands, what is said of it.

Each has its own state, its own tries and its own reason against serving; nothing here is for all of them at once.

Runs in: supervisor
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType

from kea_mp.bus import messages
from kea_mp.bus.messages import Health
from kea_mp.config.model import Config, LeaseDatabase, MemfileAccess, SqlAccess
from kea_mp.supervisor import recovery
from kea_mp.supervisor.recovery import Action, Event, OnFail, Phase, Policy, Recovery

LIMITS = "libdhcp_limits.so"  #: needs a live lease database when it is loaded, so there is no start without one
_ORIGINS = 3000  #: Kea's origin of a backend is this + its id, which is this + role + type
_TYPES = {"mysql": 1, "postgresql": 2, "memfile": 3}


DEFAULT = Policy()


class Role(Enum):
    """What a backend is for: its name in status, its part of Kea's origin id, its part of Kea's message identifiers."""

    LEASES = ("lease-database", 0, "LB")
    HOSTS = ("hosts-database", 10, "HB")
    CONFIG = ("config-database", 20, "CB")

    def __init__(self, title: str, origin: int, letters: str) -> None:
        self.title, self.origin, self.letters = title, origin, letters


@dataclass(frozen=True, slots=True)
class Backend:
    """One configured backend. child: its connection worker. number: among those of its role, from 1 (0: there can be
    only one). name: of the database, or the path of the file. hosts: (name or folder, port), in the order of trying."""

    child: str
    kind: Role
    type: str
    name: str
    number: int = 0
    hosts: tuple[tuple[str, int], ...] = ()
    policy: Policy = DEFAULT

    @property
    def role(self) -> str:
        """ "lease-database", "hosts-database-2"."""
        return f"{self.kind.title}-{self.number}" if self.number else self.kind.title

    @property
    def place(self) -> str:
        """Where it is, for people."""
        where = ", ".join(f"{host}:{port}" for host, port in self.hosts)
        return f"{self.type} {self.name} at {where}" if where else f"{self.type} {self.name}"

    def origin(self, ever_up: bool) -> int:
        """Kea's origin id of the pause that it makes: one that was never reached has no manager, and its id is 0."""
        return 2 * _ORIGINS + self.kind.origin + _TYPES[self.type] if ever_up else _ORIGINS


def configured(config: Config) -> tuple[Backend, ...]:
    """The backends of a configuration, in the order of the connection workers."""
    return (described(Role.LEASES, config.lease_database, retries_first=LIMITS not in config.libraries),)


def described(kind: Role, access: LeaseDatabase, number: int = 0, retries_first: bool = True) -> Backend:
    """A backend with this access. retries_first: whether retry-on-startup may have its effect."""
    name = f"connection-{kind.title}-{number}" if number else f"connection-{kind.title}"
    if isinstance(access, MemfileAccess):
        return Backend(name, kind, "memfile", access.name, number, policy=Policy(OnFail(access.on_fail)))
    return Backend(name, kind, access.type, access.name, number, access.hosts, _policy(access, retries_first))


def _policy(access: SqlAccess, retries_first: bool) -> Policy:
    return Policy(
        on_fail=OnFail(access.on_fail),
        tries=access.max_reconnect_tries,
        wait_s=access.reconnect_wait_ms / 1000,
        retry_first=access.retry_on_startup and retries_first,
    )


@dataclass(frozen=True, slots=True)
class Backends:
    """All of them, by the names of their children, with their recoveries."""

    rows: Mapping[str, Backend]
    states: Mapping[str, Recovery]

    @property
    def attempts(self) -> dict[str, int]:
        """The attempts that are wanted now."""
        return {child: state.wanted for child, state in self.states.items() if state.wanted is not None}

    @property
    def settled(self) -> bool:
        """Whether it is known of each how it starts."""
        return all(state.phase is not Phase.CONNECTING for state in self.states.values())

    @property
    def next_due(self) -> float | None:
        return min((state.due for state in self.states.values() if state.due is not None), default=None)

    def pausing(self, child: str) -> bool:
        return recovery.pauses(self.rows[child].policy, self.states[child])

    def fed(self, child: str, event: Event, now: float, draw: float) -> tuple[Backends, tuple[Action, ...]]:
        """After an event of one backend."""
        state, actions = recovery.step(self.rows[child].policy, self.states[child], event, now, draw)
        if state is self.states[child]:
            return self, actions
        return replace(self, states=MappingProxyType({**self.states, child: state})), actions

    def away(self, child: str, now: float) -> str:
        """Why the backend of this child cannot be asked, in words; "" when it can, or when there is none."""
        state = self.states.get(child)
        if state is None or state.phase is Phase.UP:
            return ""
        return f"{self.rows[child].role} {in_words(self.rows[child].policy, state, now)}"


def started(rows: Iterable[Backend], now: float, before: Backends | None = None, served: bool = False) -> Backends:
    """Backends that are to be connected. before: those of the configuration that these replace, of which nothing stays
    but the numbers of the attempts. served: the service was on, and for a moment packets may wait for these."""
    found = {row.child: row for row in rows}
    states = {}
    for child in found:
        old = before.states.get(child) if before else None
        attempt = old.attempt + 1 if old else 1
        states[child] = Recovery(
            since=now,
            attempt=attempt,
            reconfiguring=before is not None,
            due=now + recovery.GRACE_S if served else None,
        )
    return Backends(MappingProxyType(found), MappingProxyType(states))


def event_of(health: Health) -> Event | None:
    """What a connection worker's report says about its backend, if anything is known by it."""
    match health.state:
        case messages.UP:
            return recovery.Connected()
        case messages.LOST:
            return recovery.Lost(health.attempt, health.error, health.error_class)
        case messages.FAILED:
            return recovery.Failed(health.attempt, health.error, health.error_class)
    return None


def in_words(policy: Policy, state: Recovery, now: float) -> str:
    """ "lost 12 s ago, try 3 of 10 in 4 s"."""
    error = f": {state.error}" if state.error else ""
    lost = "" if state.lost_at is None else f"lost {now - state.lost_at:.0f} s ago, "
    left = 0.0 if state.due is None else max(0.0, state.due - now)
    match state.phase:
        case Phase.CONNECTING:
            return f"is being connected for the first time, {now - state.since:.0f} s so far"
        case Phase.RESTARTING:
            return f"is being opened again since {now - state.since:.0f} s{error}"
        case Phase.TRYING:
            return f"{lost}try {state.tries} of {policy.tries} under way{error}"
        case Phase.WAITING:
            return f"{lost}try {state.tries + 1} of {policy.tries} in {left:.0f} s{error}"
        case Phase.PROBING:
            return f"{lost}given up, a probe is under way{error}"
        case Phase.GIVEN_UP:
            return f"{lost}given up, next probe in {left:.0f} s{error}"
        case Phase.REFUSED:
            return f"could not be reached by the reconfiguration, which is not repeated by itself{error}"
        case Phase.ENDED:
            return f"could not be reached, the daemon ends{error}"
    return "is up"
