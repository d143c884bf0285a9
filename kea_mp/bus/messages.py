"""Everything that crosses a process border except lease batches, as one closed union.

Downwards (PUB, supervisor → all): `Directive`, `Order`. Upwards (PUSH, child → supervisor): `Health`, `Answered`.

**Connecting.** The supervisor decides when a connection worker tries and what follows; the worker does one attempt for
each number that it is told, and reports. It ends with none of 69, 75 and 76 of its own: that a backend cannot be
reached, is lost or has another schema are reports.

- The attempts of a child are numbered by the supervisor over the daemon's whole life, across restarts of the child.
- `Directive.attempts[child]` is there while attempt number n is wanted and its outcome unknown. The worker makes it
  when n is above the number of the last attempt that *this process* has begun (0 at its start), so a repeated directive
  does nothing, a missed one is made up for by the next, and a new process makes only attempts that are wanted now.
- A process that has just started is `idle` until told, and heeds no attempt of a generation before its own: its
  predecessor may still be connected, or hold the lease file. Memfile loads when it is told to, and is `up` with its
  first report, or the process ends.
- `Health.state` and `Health.attempt` go together: `connecting` (attempt n is under way), `up` (n has succeeded),
  `failed` (n has failed: `error_class`, `error`), `lost` (the connection that n made is gone; nothing has been tried
  since). `lost`, `failed` and `up` are sent at once, all are repeated with each heartbeat.
- The worker says in the log what only it knows (DATABASE_*_FATAL_ERROR, TLS, schema made); the lines of the recovery
  (*_RECONNECT_*, lost, recovered, given up) are the supervisor's.

Runs in: any
"""

from __future__ import annotations

from typing import Any

import msgspec

VERSION = 1  #: of the records below; first byte of every message

SERVE, PAUSE, EXIT = "serve", "pause", "exit"

#: Health.state of a connection worker
IDLE, CONNECTING, UP, LOST, FAILED = "idle", "connecting", "up", "lost", "failed"

SCHEMA_MISMATCH = "schema-mismatch"  #: the one Health.error_class that decides something: exit 76 at start-up


class Directive(msgspec.Struct, frozen=True, tag="directive"):
    """What packet workers do now. Sent at once on a change and again at every heartbeat; level-triggered.

    epoch grows with each change of mode or generation. report: when it differs from the one a child has last
    answered, the child sends its Health at once (so that statistics are exact when a command asks). attempts: the
    connection attempts that are wanted now, by child (see above).
    """

    epoch: int
    mode: str
    generation: int
    report: int = 0
    attempts: dict[str, int] = {}


class Order(msgspec.Struct, frozen=True, tag="order"):
    """A command that one child carries out ("connection-lease-database", "serving-0" …), answered by Answered.
    generation: of the child that is meant, since there may be one more of this name while the configuration changes."""

    child: str
    number: int
    command: str
    arguments: dict[str, Any] = {}
    generation: int = 1


class Health(msgspec.Struct, frozen=True, tag="health"):
    """A child's report: every heartbeat, at each change, and when asked.

    seq grows by one per report of this pid. epoch, generation, mode: what the child follows now (packet worker:
    mode "serve" only if it really serves). state: of the backend for a connection worker, "" for others; attempt: the
    newest one that it has begun (see above). host: the server in use or last tried, "name:port"; tls: the protocol of
    the session, "" in clear. counters: running totals of this pid (Kea statistic names and our own).
    gauges: values that replace, not add (subnet[1].assigned-addresses, queue depths, latencies in ms).
    error: the last thing that went wrong, for people, with the server's name; never with a password; error_class: its
    kind in a word or two
    (SCHEMA_MISMATCH, "unreachable", "authentication", "read-only", "timeout", "tls" …). exit_code: what the child will
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
    error_class: str = ""
    attempt: int = 0
    host: str = ""
    tls: str = ""
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
