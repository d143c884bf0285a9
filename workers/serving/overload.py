"""What to leave unanswered when more arrives than can be served, out of how long packets have waited in their socket.

A queue that never empties only makes every client wait: past a second or two clients have given up, and a server that
answers them does work for nobody while the queue fills with their next tries. So DISCOVERs and SOLICITs are the
first to go, for they begin an exchange; what is left completes the exchanges that have begun.

| waiting                                               | left unanswered |
|-------------------------------------------------------|-----------------|
| for up to TARGET_S, or for longer since less than PERSIST_S (a burst) | nothing |
| for longer than TARGET_S since PERSIST_S, until it has been shorter for as long | DISCOVERs, SOLICITs |
| for longer than STALE_S                               | everything      |

Runs in: serving
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

TARGET_S = 0.25
PERSIST_S = 1.0
STALE_S = 2.0


class Shed(Enum):
    """What is left unanswered."""

    NOTHING = "nothing"
    FIRSTS = "firsts"  #: messages that begin an exchange
    ALL = "everything"


@dataclass(frozen=True, slots=True)
class Queue:
    """One socket. shedding: messages that begin an exchange are dropped while they have waited for too long.
    other_since: since when the waiting time says the opposite of `shedding`, monotonic seconds; None: it does not."""

    shedding: bool = False
    other_since: float | None = None


CALM = Queue()  #: nothing is shed, and nothing points to it


def looked(queue: Queue, waited_s: float, now: float) -> Queue:
    """The queue after a look at it. waited_s: how long the newest packet that was read had waited."""
    if (waited_s > TARGET_S) == queue.shedding:
        return queue if queue.other_since is None else replace(queue, other_since=None)
    if queue.other_since is None:
        return replace(queue, other_since=now)
    return Queue(not queue.shedding) if now - queue.other_since >= PERSIST_S else queue


def shed(queue: Queue, waited_s: float) -> Shed:
    """What of the packets just read is left unanswered."""
    if waited_s > STALE_S:
        return Shed.ALL
    return Shed.FIRSTS if queue.shedding and waited_s > TARGET_S else Shed.NOTHING
