"""Kea's statistics of the whole daemon, added up from what its processes report.

Children report running totals per process (`Health.counters`) and levels (`Health.gauges`). What has been added since
the last report of the same process is added here, so that a process that dies leaves its share behind and its
successor starts from zero without a jump; a level replaces the one before, whoever reports it. As in Kea a
statistic holds samples, newest first, limited in number or in age; here one sample is one report in which the
value changed, where Kea has one per event.

`statistic-reset` starts again from zero, `statistic-remove` forgets until the next event, both as in Kea.

Runs in: supervisor
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from kea_mp.statistic_names import AnyConfig, is_level, is_statistic, lasting, of_daemon, of_subnets, totals

SAMPLES = 20  #: Kea statistic-default-sample-count
INCARNATIONS = 4  #: processes per child whose last totals are remembered, for reports that arrive late


@lru_cache(4096)  # thousands of samples are of the same report
def timestamp(moment: float) -> str:
    """When a sample was taken, as Kea writes it: local time with microseconds."""
    return datetime.fromtimestamp(moment).strftime("%Y-%m-%d %H:%M:%S.%f")


Shown = list[list[int | str]]  #: [[value, "timestamp"], …] newest first


@dataclass(frozen=True, slots=True)
class Limit:
    """How many samples are kept: the newest `count`, or all within `age_s` of the newest (count None)."""

    count: int | None = SAMPLES
    age_s: float = 0.0

    def apply(self, samples: list[tuple[int, float]]) -> None:
        """Drop what is too much of the oldest; the newest sample always stays."""
        if self.count is not None:
            del samples[: -max(self.count, 1)]
        else:
            oldest = samples[-1][1] - self.age_s
            del samples[: next(index for index, sample in enumerate(samples) if sample[1] >= oldest)]


@dataclass(slots=True)
class Observation:
    """One statistic: (value, time) newest last, never empty."""

    samples: list[tuple[int, float]]
    limit: Limit

    @property
    def value(self) -> int:
        return self.samples[-1][0]

    @property
    def shown(self) -> Shown:
        return [[value, timestamp(moment)] for value, moment in reversed(self.samples)]

    def set(self, value: int, now: float) -> None:
        self.samples.append((value, now))
        self.limit.apply(self.samples)


@dataclass(slots=True)
class Statistics:
    """All statistics of a daemon. One for its life; not thread-safe: it belongs to the supervisor's loop."""

    default: Limit = Limit()
    _observations: dict[str, Observation] = field(default_factory=dict)
    _totals: dict[str, dict[int, Mapping[str, int]]] = field(default_factory=dict)  #: child → pid → last counters
    _levels: dict[str, int] = field(default_factory=dict)  #: name → what was last reported
    _of_subnets: tuple[str, ...] = ()  #: names that go with the configuration

    def configured(self, config: AnyConfig, now: float) -> None:
        """A configuration is applied: all names of its subnets and pools are there, those of the last one are gone.

        Counts of a subnet start again, as in Kea; levels are what the lease backend last reported."""
        self.default = default_limit(config)
        for name in self._of_subnets:
            self._observations.pop(name, None)
        sizes, subnets = totals(config), tuple(of_subnets(config))
        self._of_subnets = (*subnets, *sizes)
        for name in (*of_daemon(config), *subnets, *lasting(config)):
            if name not in self._observations:
                self._set(name, self._levels.get(name, 0) if is_level(name) else 0, now)
        for name, value in sizes.items():
            self._set(name, value, now)

    def heard(self, child: str, pid: int, counters: Mapping[str, int], gauges: Mapping[str, float], now: float) -> None:
        """Take a report of a child. Reports of one pid come in order; those of a predecessor may come late."""
        incarnations = self._totals.setdefault(child, {})
        before = incarnations.get(pid, {})
        for name, value in counters.items():
            if value > before.get(name, 0) and is_statistic(name):
                self._add(name, value - before.get(name, 0), now)
        incarnations[pid] = counters
        while len(incarnations) > INCARNATIONS:
            del incarnations[next(iter(incarnations))]
        for name, level in gauges.items():
            if is_level(name) and is_statistic(name) and int(level) != self._levels.get(name, 0):
                self._add(name, int(level) - self._levels.get(name, 0), now)
                self._levels[name] = int(level)

    def get(self, name: str) -> Shown | None:
        """The samples of one statistic, None when there is none of this name."""
        observation = self._observations.get(name)
        return observation.shown if observation else None

    def value(self, name: str) -> int:
        """The present value; 0 for what was never counted."""
        observation = self._observations.get(name)
        return observation.value if observation else 0

    def all(self) -> dict[str, Shown]:
        return {name: self._observations[name].shown for name in sorted(self._observations)}

    def reset(self, name: str, now: float) -> bool:
        """Start again from zero, with this one sample. False: no such statistic."""
        observation = self._observations.get(name)
        if observation is None:
            return False
        observation.samples.clear()
        observation.set(0, now)
        return True

    def reset_all(self, now: float) -> None:
        for name in self._observations:
            self.reset(name, now)

    def remove(self, name: str) -> bool:
        """Forget the statistic until something is counted for it. False: no such statistic."""
        return self._observations.pop(name, None) is not None

    def remove_all(self) -> None:
        self._observations.clear()

    def limit(self, name: str, limit: Limit) -> bool:
        """Keep no more samples of one statistic than this. False: no such statistic."""
        observation = self._observations.get(name)
        if observation is None:
            return False
        observation.limit = limit
        limit.apply(observation.samples)
        return True

    def limit_all(self, limit: Limit) -> None:
        """Keep no more samples than this, of all that is there and of all to come."""
        self.default = limit
        for name in self._observations:
            self.limit(name, limit)

    def _add(self, name: str, amount: int, now: float) -> None:
        self._set(name, self.value(name) + amount, now)

    def _set(self, name: str, value: int, now: float) -> None:
        observation = self._observations.get(name)
        if observation is None:
            self._observations[name] = Observation([(value, now)], self.default)
        else:
            observation.set(value, now)


def default_limit(config: AnyConfig) -> Limit:
    """Kea statistic-default-sample-count and -age: a count of 0 means that the age holds."""
    count = int(config.raw.get("statistic-default-sample-count", SAMPLES))
    return Limit(count) if count else Limit(None, float(config.raw.get("statistic-default-sample-age", 0)))
