"""Saying and counting that a client gets nothing because nothing is left, and why.

Kea's counters, global and of the subnet, and its log lines, once a minute for each subnet.

Runs in: serving
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import NamedTuple

FULL_S = 60  #: seconds between two times that a subnet is said to have nothing left


class Exhausted(NamedTuple):
    """Where nothing is left. family: 4 or 6. subnet: its prefix, id: its number; of a shared network, the last one that
    was looked through. no_pools: none of them is for this client."""

    family: int
    network: str
    subnet: str
    id: int
    no_pools: bool


def counters(place: Exhausted) -> tuple[str, ...]:
    """The statistics to raise by one."""
    fail = f"v{place.family}-allocation-fail"
    where = f"{fail}-shared-network" if place.network else f"{fail}-subnet"
    names = (where, f"{fail}-no-pools" if place.no_pools else fail, f"{fail}-classes")
    return tuple(scoped for name in names for scoped in (name, f"subnet[{place.id}].{name}"))


def say(
    place: Exhausted,
    said: dict[int, int],
    now: int,
    logger: logging.Logger,
    label: Callable[[], str],
    classes: Iterable[str],
) -> None:
    """Warn, unless it was said a moment ago. said: when it was, by subnet id; now: seconds since the epoch; label:
    who the client is."""
    if 0 <= now - said.get(place.id, 0) < FULL_S:
        return
    said[place.id], who = now, label()
    fail, what = f"ALLOC_ENGINE_V{place.family}_ALLOC_FAIL", f"failed to allocate an IPv{place.family} lease"
    if place.network:
        logger.warning("%s_SHARED_NETWORK %s: %s in the shared network %s", fail, who, what, place.network)
    else:
        logger.warning("%s_SUBNET %s: %s in the subnet %s, subnet-id %d", fail, who, what, place.subnet, place.id)
    if place.no_pools:
        logger.warning("%s_NO_POOLS %s: no pools are available", fail, who)
    else:
        logger.warning("%s %s: nothing is free", fail, who)
    logger.warning("%s_CLASSES %s: classes %s (said once a minute for each subnet)", fail, who, ", ".join(classes))
