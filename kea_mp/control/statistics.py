"""The statistic-* commands, as Kea has them.

All wait for exact counters of every child first, so that what was counted before a reset does not appear after it.

Runs in: supervisor
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from kea_mp.control.answer import Answer, error, success
from kea_mp.control.daemon import Daemon, Handling, Reported
from kea_mp.counters import Limit

# Kea 3.0.4 takes a negative duration and aborts, takes 0 samples and fails at the next count: both are refused here.
Seconds = Annotated[int, msgspec.Meta(ge=0, le=10**9)]
Samples = Annotated[int, msgspec.Meta(ge=1, le=0xFFFFFFFF)]


class Named(msgspec.Struct, frozen=True):
    """One statistic by its name."""

    name: str


class Age(msgspec.Struct, frozen=True):
    """For how long samples are kept. duration: seconds."""

    duration: Seconds


class NamedAge(msgspec.Struct, frozen=True):
    """The same for one statistic."""

    name: str
    duration: Seconds


class Count(msgspec.Struct, frozen=True, rename="kebab"):
    """How many samples are kept."""

    max_samples: Samples


class NamedCount(msgspec.Struct, frozen=True, rename="kebab"):
    """The same for one statistic."""

    name: str
    max_samples: Samples


def statistic_get(daemon: Daemon, arguments: Named) -> Handling:
    yield Reported()
    samples = daemon.statistics().get(arguments.name)
    return success(arguments={} if samples is None else {arguments.name: samples})


def statistic_get_all(daemon: Daemon, _: None) -> Handling:
    yield Reported()
    return success(arguments=daemon.statistics().all())


def statistic_reset(daemon: Daemon, arguments: Named) -> Handling:
    yield Reported()
    return _done(daemon.statistics().reset(arguments.name, daemon.now), arguments.name, "reset")


def statistic_reset_all(daemon: Daemon, _: None) -> Handling:
    yield Reported()
    daemon.statistics().reset_all(daemon.now)
    return success("all statistics reset")


def statistic_remove(daemon: Daemon, arguments: Named) -> Handling:
    yield Reported()
    return _done(daemon.statistics().remove(arguments.name), arguments.name, "removed")


def statistic_remove_all(daemon: Daemon, _: None) -> Handling:
    yield Reported()
    daemon.statistics().remove_all()
    return success("all statistics removed (Kea deprecates statistic-remove-all)")


def statistic_sample_age_set(daemon: Daemon, arguments: NamedAge) -> Answer:
    known = daemon.statistics().limit(arguments.name, Limit(None, arguments.duration))
    return _done(known, arguments.name, f"keeps its samples of {arguments.duration} s")


def statistic_sample_age_set_all(daemon: Daemon, arguments: Age) -> Answer:
    daemon.statistics().limit_all(Limit(None, arguments.duration))
    return success(f"all statistics keep their samples of {arguments.duration} s")


def statistic_sample_count_set(daemon: Daemon, arguments: NamedCount) -> Answer:
    known = daemon.statistics().limit(arguments.name, Limit(arguments.max_samples))
    return _done(known, arguments.name, f"keeps {arguments.max_samples} samples")


def statistic_sample_count_set_all(daemon: Daemon, arguments: Count) -> Answer:
    daemon.statistics().limit_all(Limit(arguments.max_samples))
    return success(f"all statistics keep {arguments.max_samples} samples")


def _done(known: bool, name: str, what: str) -> Answer:
    return success(f"statistic {name!r} {what}") if known else error(f"there is no statistic {name!r}")
