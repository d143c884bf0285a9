"""Kea's DHCPv4 statistics of the whole daemon, added up from what its processes report.

Children report running totals per process (`Health.counters`) and levels (`Health.gauges`). What has been added since
the last report of the same process is added here, so that a process that dies leaves its share behind and its
successor starts from zero without a jump; a level replaces the one before, whoever reports it. As in Kea a
statistic holds samples, newest first, limited in number or in age; here one sample is one report in which the
value changed, where Kea has one per event.

`statistic-reset` starts again from zero, `statistic-remove` forgets until the next event, both as in Kea.

Runs in: supervisor
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from kea_mp.config.model import Config4, Subnet4

SAMPLES = 20  #: Kea statistic-default-sample-count
INCARNATIONS = 4  #: processes per child whose last totals are remembered, for reports that arrive late

PACKETS4 = (
    "pkt4-ack-received",
    "pkt4-ack-sent",
    "pkt4-decline-received",
    "pkt4-discover-received",
    "pkt4-inform-received",
    "pkt4-nak-received",
    "pkt4-nak-sent",
    "pkt4-offer-received",
    "pkt4-offer-sent",
    "pkt4-parse-failed",
    "pkt4-receive-drop",
    "pkt4-received",
    "pkt4-release-received",
    "pkt4-request-received",
    "pkt4-sent",
    "pkt4-unknown-received",
    "v4-allocation-fail",
    "v4-allocation-fail-classes",
    "v4-allocation-fail-no-pools",
    "v4-allocation-fail-shared-network",
    "v4-allocation-fail-subnet",
    "v4-lease-reuses",
    "v4-reservation-conflicts",
)
LEASES4 = (
    "cumulative-assigned-addresses",
    "declined-addresses",
    "reclaimed-declined-addresses",
    "reclaimed-leases",
)
SUBNET4 = (
    "assigned-addresses",
    "cumulative-assigned-addresses",
    "declined-addresses",
    "reclaimed-declined-addresses",
    "reclaimed-leases",
)  #: of a subnet and of a pool, besides total-addresses
SUBNET4_LASTING = ("v4-lease-reuses", "v4-reservation-conflicts")  #: of a subnet; kept over a reconfiguration

#: ours, there from the first event on: what became of packets while leases could not be asked for
OURS = ("kea-mp-lease-confirmed", "kea-mp-unanswered-")

LEVELS = frozenset({"assigned-addresses", "declined-addresses"})  #: last part of a name: a state, not a count


def is_statistic(name: str) -> bool:
    """Whether a name that a child reports is shown as a statistic; the rest is for status only."""
    return name.startswith(("pkt4-", "v4-", "subnet[", *OURS)) or name in LEASES4


def is_level(name: str) -> bool:
    return name.rpartition(".")[2] in LEVELS


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
    _subnets: tuple[Subnet4, ...] = ()

    def configured(self, config: Config4, now: float) -> None:
        """A configuration is applied: all names of its subnets and pools are there, those of the last one are gone.

        Counts of a subnet start again, as in Kea; levels are what the lease backend last reported."""
        self.default = default_limit(config)
        for name in (*subnet_names(self._subnets), *totals(self._subnets)):
            self._observations.pop(name, None)
        self._subnets = config.subnets
        for name in (*PACKETS4, *LEASES4, *subnet_names(self._subnets), *lasting_names(self._subnets)):
            if name not in self._observations:
                self._set(name, self._levels.get(name, 0) if is_level(name) else 0, now)
        for name, value in totals(self._subnets).items():
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


def default_limit(config: Config4) -> Limit:
    """Kea statistic-default-sample-count and -age: a count of 0 means that the age holds."""
    count = int(config.raw.get("statistic-default-sample-count", SAMPLES))
    return Limit(count) if count else Limit(None, float(config.raw.get("statistic-default-sample-age", 0)))


def totals(subnets: Iterable[Subnet4]) -> dict[str, int]:
    """Sizes by statistic name: of each subnet, and of its pools, where pools with one id count together."""
    sizes: dict[str, int] = {}
    for subnet in subnets:
        sizes[f"subnet[{subnet.id}].total-addresses"] = sum(p.last - p.first + 1 for p in subnet.pools)
        for pool in subnet.pools:
            name = f"subnet[{subnet.id}].pool[{pool.pool_id}].total-addresses"
            sizes[name] = sizes.get(name, 0) + pool.last - pool.first + 1
    return sizes


def subnet_names(subnets: Iterable[Subnet4]) -> Iterator[str]:
    """Names of subnets and pools that start anew with a configuration, without total-addresses."""
    for subnet in subnets:
        for name in SUBNET4:
            yield f"subnet[{subnet.id}].{name}"
            for pool_id in {pool.pool_id for pool in subnet.pools}:
                yield f"subnet[{subnet.id}].pool[{pool_id}].{name}"


def lasting_names(subnets: Iterable[Subnet4]) -> Iterator[str]:
    """Names of subnets that go on counting when a configuration is applied."""
    for subnet in subnets:
        for name in SUBNET4_LASTING:
            yield f"subnet[{subnet.id}].{name}"
