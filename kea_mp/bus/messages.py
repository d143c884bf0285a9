"""Everything that crosses a process border except lease batches, as one closed union.

Downwards (PUB, supervisor → all): `Directive`, `Order`. Upwards (PUSH, child → supervisor): `Health`, `Answered`.

Runs in: any
"""

from __future__ import annotations

from typing import Any

import msgspec

VERSION = 1  #: of the records below; first byte of every message

SERVE, PAUSE, EXIT = "serve", "pause", "exit"


class Directive(msgspec.Struct, frozen=True, tag="directive"):
    """What packet workers do now. Sent at once on a change and again at every heartbeat; level-triggered.

    epoch grows with each change of mode or generation. report: when it differs from the one a child has last
    answered, the child sends its Health at once (so that statistics are exact when a command asks).
    """

    epoch: int
    mode: str
    generation: int
    report: int = 0


class Order(msgspec.Struct, frozen=True, tag="order"):
    """A command that one child carries out ("connection-lease-database", "serving-0" …), answered by Answered."""

    child: str
    number: int
    command: str
    arguments: dict[str, Any] = {}


class Health(msgspec.Struct, frozen=True, tag="health"):
    """A child's report: every heartbeat, at each change, and when asked.

    seq grows by one per report of this pid. epoch, generation, mode: what the child follows now (packet worker:
    mode "serve" only if it really serves). state: of the backend for a connection worker ("connecting", "up",
    "lost"), "" for others. counters: running totals of this pid (Kea statistic names and our own).
    gauges: values that replace, not add (subnet[1].assigned-addresses, queue depths, latencies in ms).
    error: the last thing that went wrong, for people; never with a password. exit_code: what the child will
    leave with, when that is already known.
    """

    child: str
    pid: int
    seq: int
    epoch: int = 0
    generation: int = 0
    mode: str = ""
    report: int = 0
    state: str = ""
    counters: dict[str, int] = {}
    gauges: dict[str, float] = {}
    error: str = ""
    exit_code: int = 0


class Answered(msgspec.Struct, frozen=True, tag="answered"):
    """The answer of a child to an Order (result, text, arguments as in Kea's answers)."""

    child: str
    number: int
    result: int
    text: str = ""
    arguments: dict[str, Any] | None = None


Down = Directive | Order
Up = Health | Answered
