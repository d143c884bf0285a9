"""Whether this packet worker may serve now, out of the directives that it has heard.

Level-triggered: only the last directive counts, and only while it is fresh. Whatever is not a clear "serve" for our own
configuration generation means that no packet is answered:

| heard                                             | mode   | packets                                   |
|---------------------------------------------------|--------|-------------------------------------------|
| nothing yet, since the start of this process      | HOLD   | stay in the socket                        |
| SERVE for another generation                      | HOLD   | stay in the socket for our successor      |
| SERVE for ours                                    | SERVE  | answered                                  |
| PAUSE                                             | PAUSE  | read and dropped                          |
| nothing for longer than the silence limit         | PAUSE  | read and dropped                          |
| SERVE, but we were stopped and it may be an old one | PAUSE | read and dropped                         |
| EXIT                                              | EXIT   | not read any more; never left again       |

A process that was stopped (SIGSTOP, a frozen machine) finds the directives of that time queued up, an old SERVE before
a newer PAUSE. They come in a burst, live ones come a heartbeat apart: so after a gap a SERVE is believed only when
nothing was heard for a while before it. PAUSE and EXIT are believed at once.

Runs in: serving
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from kea_mp.bus.messages import EXIT, PAUSE, SERVE, Directive


class Mode(Enum):
    """What is done with packets."""

    HOLD = "hold"
    SERVE = SERVE
    PAUSE = PAUSE
    EXIT = EXIT

    @property
    def word(self) -> str:
        """As Health says it."""
        return PAUSE if self is Mode.HOLD else self.value


@dataclass(frozen=True, slots=True)
class Gate:
    """What was heard. generation: ours. silence_s, heartbeat_s: seconds. started, heard_at: monotonic seconds.

    quiet_since: after a gap, when there was last a sign that directives in the queue may be old; None: they are live.
    """

    generation: int
    silence_s: float
    heartbeat_s: float
    started: float
    heard: Directive | None = None
    heard_at: float = 0.0
    quiet_since: float | None = None


def woken(gate: Gate, last: float, now: float) -> Gate:
    """The gate after a look at the clock; last: the look before. A long gap says that this process was stopped."""
    return replace(gate, quiet_since=now) if now - last > gate.silence_s / 2 else gate


def hear(gate: Gate, directive: Directive, now: float) -> Gate:
    """The gate after a directive was read from the bus at `now`."""
    heard = gate.heard
    if heard is not None and (heard.mode == EXIT or directive.epoch < heard.epoch):
        return gate  # the epochs of one supervisor only grow, and a worker never has a second supervisor
    quiet_since = gate.quiet_since
    if quiet_since is not None:
        quiet_since = None if now - quiet_since >= gate.heartbeat_s / 2 else now
    return replace(gate, heard=directive, heard_at=now, quiet_since=quiet_since)


def mode(gate: Gate, now: float) -> Mode:
    """What to do with packets at `now`."""
    heard = gate.heard
    if heard is None:
        return Mode.HOLD if now - gate.started <= gate.silence_s else Mode.PAUSE
    if heard.mode == EXIT:
        return Mode.EXIT
    if heard.mode != SERVE or now - gate.heard_at > gate.silence_s or gate.quiet_since is not None:
        return Mode.PAUSE
    return Mode.SERVE if heard.generation == gate.generation else Mode.HOLD


def serves_until(gate: Gate) -> float:
    """The monotonic second after which no answer may leave on what was heard so far."""
    return gate.heard_at + gate.silence_s if gate.heard is not None and gate.quiet_since is None else 0.0
