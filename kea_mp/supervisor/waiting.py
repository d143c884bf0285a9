"""What command handlers wait for, measured against the core.

Runs in: supervisor
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Protocol

from kea_mp.bus.messages import Answered, Order
from kea_mp.control.answer import Answer, error
from kea_mp.control.daemon import REPORT_S, Acknowledged, Ordered, Reported, Wait
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
    """Until a child has carried out an order, dies, falls silent, or is too slow."""

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
        return self._answer is not None or now >= self.until or not self._is_there()

    def value(self, now: float) -> Answer:
        if self._answer is not None:
            return self._answer
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

    def _is_there(self) -> bool:
        child = self._core.children.get(self._order.child)
        return child is not None and child.phase is Phase.RUNNING and child.pid == self._pid


_numbers = itertools.count(1)


def begun(
    wait: Wait, core: Core, feed: Callable[[Event], object], send: Callable[[Order], None], now: float
) -> Waiting:
    """The wait under way: its question is asked."""
    match wait:
        case Acknowledged():
            return ForAcknowledgement(core, now)
        case Reported():
            feed(AskReports())
            return ForReports(core, now)
        case Ordered(child, command, arguments, patience_s):
            order = Order(child, next(_numbers), command, arguments)
            waiting = ForAnswer(core, order, patience_s, now)
            if not waiting.over(now):
                send(order)
            return waiting
