"""What command handlers wait for, measured against the core.

Runs in: supervisor
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Protocol

from kea_mp.bus.messages import Answered, Order
from kea_mp.control.answer import Answer, error
from kea_mp.control.daemon import COMPUTE_S, REPORT_S, Acknowledged, Applied, Computed, Ordered, Reported, Wait
from kea_mp.supervisor.children import Phase
from kea_mp.supervisor.core import SILENCE_S, AskReports, Core, Event


class Waiting(Protocol):
    """A wait under way."""

    @property
    def until(self) -> float:
        """When it ends by its own bound, monotonic seconds."""
        ...

    def over(self, now: float) -> bool: ...

    def value(self, now: float) -> Answer | None:
        """What the handler is resumed with, once it is over."""
        ...

    def answered(self, record: Answered) -> None: ...


class ForAcknowledgement:
    """Until every packet worker follows the directive; a silent one ends it by the silence limit."""

    def __init__(self, core: Core, now: float) -> None:
        self._core = core
        self.until = now + SILENCE_S

    def over(self, now: float) -> bool:
        return now >= self.until or self._core.acknowledged(now)

    def value(self, now: float) -> None:
        return None

    def answered(self, record: Answered) -> None:
        """Not for us."""


class ForReports:
    """Until every child that is heard has reported with the number that was asked for."""

    def __init__(self, core: Core, now: float) -> None:
        self._core, self._number = core, core.service.report
        self.until = now + REPORT_S

    def over(self, now: float) -> bool:
        reporting = [c.health for c in self._core.children.values() if c.health is not None]
        return now >= self.until or all(health.report >= self._number for health in reporting)

    def value(self, now: float) -> None:
        return None

    def answered(self, record: Answered) -> None:
        """Not for us."""


class ForAnswer:
    """Until a child has carried out an order, dies, falls silent, loses its backend, or is too slow."""

    def __init__(self, core: Core, order: Order, patience_s: float, now: float) -> None:
        self._core, self._order = core, order
        self._pid = core.children[order.child].pid if order.child in core.children else 0
        self._answer: Answer | None = None
        self._asked, self._ends = now, now + patience_s

    @property
    def until(self) -> float:
        """A child that works on it goes on reporting; one that is frozen is not waited for."""
        heard = self._core.children[self._order.child].heard if self._is_there() else 0.0
        return min(self._ends, max(self._asked, heard) + SILENCE_S)

    def over(self, now: float) -> bool:
        return self._answer is not None or now >= self.until or not self._is_there() or bool(self._away(now))

    def value(self, now: float) -> Answer:
        if self._answer is not None:
            return self._answer
        if away := self._away(now):
            return error(away)
        name, command = self._order.child.removeprefix("connection-"), self._order.command
        if not self._is_there():
            return error(f"{name} is not running: it cannot carry out {command}")
        if now < self._ends:
            silent_s = now - self._core.children[self._order.child].heard
            return error(f"{name} has not reported for {silent_s:.1f} s: it does not answer to {command}")
        return error(f"{name} did not carry out {command} in time")

    def answered(self, record: Answered) -> None:
        if (record.child, record.number) == (self._order.child, self._order.number):
            self._answer = Answer(record.result, record.text, record.arguments)

    def _away(self, now: float) -> str:
        return self._core.backends.away(self._order.child, now)

    def _is_there(self) -> bool:
        child = self._core.children.get(self._order.child)
        return child is not None and child.phase is Phase.RUNNING and child.pid == self._pid


class Computing(Protocol):
    """A function at work in a process of its own."""

    @property
    def sentinel(self) -> int: ...
    @property
    def over(self) -> bool: ...
    def finish(self) -> Answer | None: ...


class Aside:
    """The computations, one at a time: each takes a processor and the memory of a configuration."""

    def __init__(self, begin: Callable[[Callable[[bytes], Answer], bytes], Computing]) -> None:
        self._begin = begin
        self._line: list[ForComputation] = []

    @property
    def sentinels(self) -> list[int]:
        """What to poll."""
        return [self._line[0].computing.sentinel] if self._line and self._line[0].computing else []

    def join(self, wait: Computed, now: float) -> ForComputation:
        waiting = ForComputation(wait, now)
        self._line.append(waiting)
        self.turn(now)
        return waiting

    def turn(self, now: float) -> None:
        """Take the answer of what has ended, begin what is next."""
        while self._line and self._line[0].ended(now):
            self._line.pop(0)
        if self._line and self._line[0].computing is None:
            self._line[0].begin(self._begin)

    def close(self) -> None:
        """None of them goes on."""
        for waiting in self._line:
            waiting.stop()
        self._line.clear()


class ForComputation:
    """Until the function has been computed."""

    def __init__(self, wait: Computed, now: float) -> None:
        self._wait = wait
        self._answer: Answer | None = None
        self.computing: Computing | None = None
        self.until = now + COMPUTE_S

    def begin(self, begin: Callable[[Callable[[bytes], Answer], bytes], Computing]) -> None:
        try:
            self.computing = begin(self._wait.function, self._wait.data)
        except OSError as problem:
            self._answer = error(f"there is no room for one more process: {problem.strerror}")

    def ended(self, now: float) -> bool:
        if self.computing is not None and (self.computing.over or now >= self.until):
            self.stop()
        return self.over(now)

    def stop(self) -> None:
        if self.computing is not None:
            self._answer = self.computing.finish() or error("the process that computed this was killed")
            self.computing = None

    def over(self, now: float) -> bool:
        return self._answer is not None or now >= self.until

    def value(self, now: float) -> Answer:
        return self._answer or error("there were too many such commands at once: its turn did not come")

    def answered(self, record: Answered) -> None:
        """Not for us."""


_numbers = itertools.count(1)


def begun(
    wait: Wait,
    core: Core,
    feed: Callable[[Event], object],
    send: Callable[[Order], None],
    aside: Aside,
    apply: Callable[[Applied, float], Waiting],
    now: float,
) -> Waiting:
    """The wait under way: its question is asked."""
    match wait:
        case Computed():
            return aside.join(wait, now)
        case Applied():
            return apply(wait, now)
        case Acknowledged():
            return ForAcknowledgement(core, now)
        case Reported():
            feed(AskReports())
            return ForReports(core, now)
        case Ordered(child, command, arguments, patience_s):
            order = Order(child, next(_numbers), command, arguments, core.service.generation)
            waiting = ForAnswer(core, order, patience_s, now)
            if not waiting.over(now):
                send(order)
            return waiting
