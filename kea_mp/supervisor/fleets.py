"""The children of each configuration: of the one in force, of the next one while it gets ready, of those that end.

A fleet is named by its generation. The next one is started beside the one in force and holds; when all of it has
reported it takes over, and the older one ends: packet workers first, for they need their connection workers until then.

Runs in: supervisor
"""

from __future__ import annotations

from collections.abc import Iterable

from kea_mp.supervisor import children
from kea_mp.supervisor.children import Child, Kind, Phase, Terminate

DRAIN_S, STOP_S = 3.0, 10.0  #: how long packet workers and connection workers may take to end


class Fleets:
    """All children that there are. Generations only grow, also over those that never came into force."""

    def __init__(self, names: Iterable[tuple[str, Kind]]) -> None:
        self.generation = self._newest = 1  #: in force; given last
        self.coming: int | None = None
        self._of = {1: {name: Child(name, kind) for name, kind in names}}

    @property
    def current(self) -> dict[str, Child]:
        return self._of[self.generation]

    @property
    def all(self) -> list[Child]:
        return [child for fleet in self._of.values() for child in fleet.values()]

    @property
    def ending(self) -> list[int]:
        """The fleets that are on their way out, oldest first."""
        return [generation for generation in sorted(self._of) if generation not in (self.generation, self.coming)]

    @property
    def older(self) -> list[Child]:
        """The children of what was in force before, as long as one of them lives."""
        return [child for child in self.all if child.generation < self.generation]

    def of(self, generation: int) -> dict[str, Child]:
        return self._of[generation]

    def find(self, name: str, pid: int) -> Child | None:
        """The child that this process is."""
        return next((child for child in self.all if (child.name, child.pid) == (name, pid)), None)

    def put(self, child: Child) -> None:
        self._of[child.generation][child.name] = child

    @property
    def next_generation(self) -> int:
        return self._newest + 1

    def prepare(self, names: Iterable[tuple[str, Kind]], now: float) -> None:
        """The next one, to be started now."""
        self.coming = self._newest = self.next_generation
        self._of[self.coming] = {
            name: Child(name, kind, start_at=now, generation=self.coming) for name, kind in names
        }  # fmt: skip

    @property
    def ready(self) -> bool:
        """Whether all of the next one are there."""
        return self.coming is not None and all(child.health is not None for child in self._of[self.coming].values())

    def take_over(self) -> None:
        """The next one is in force."""
        assert self.coming is not None
        self.generation, self.coming = self.coming, None

    def stop(self, child: Child, now: float, limit_s: float, *, replace_it: bool = False) -> list[Terminate]:
        after, action = children.stopped(child, now, limit_s, replace_it=replace_it)
        self.put(after)
        return [] if action is None else [action]

    def end(self, generation: int, now: float) -> tuple[list[Terminate], bool]:
        """The next step to the end of one fleet; whether it is gone."""
        actions: list[Terminate] = []
        fleet = self._of[generation]
        for child in list(fleet.values()):
            if child.kind is Kind.SERVING or child.phase is Phase.WAITING:
                actions += self.stop(child, now, DRAIN_S)
        if any(child.alive for child in fleet.values() if child.kind is Kind.SERVING):
            return actions, False
        for child in list(fleet.values()):
            if child.kind is Kind.CONNECTION:
                actions += self.stop(child, now, STOP_S)
        return actions, not any(child.alive for child in fleet.values())

    def forget(self, generation: int) -> None:
        """It is gone."""
        del self._of[generation]
