"""Saying and counting that there is nothing left to give, and why.

Kea's counters, global and of the subnet, and its log lines once a minute for each subnet.

Runs in: serving
"""

from __future__ import annotations

from kea_mp.values import text6
from workers.serving.engine.allocate import FULL_S
from workers.serving.engine6 import trace
from workers.serving.engine6.context import Exchange6
from workers.serving.engine6.plan import SubnetPlan6
from workers.serving.engine6.reach import Reach6


def nothing_left(x: Exchange6, reach: Reach6) -> None:
    """No subnet of the reach has a free address, or prefix."""
    if not reach.circle:
        return
    last = reach.circle[-1]
    no_pools = not any(phase.groups for phase in reach.phases)
    place = "v6-allocation-fail-shared-network" if last.network else "v6-allocation-fail-subnet"
    cause = "v6-allocation-fail-no-pools" if no_pools else "v6-allocation-fail"
    names = (place, cause, "v6-allocation-fail-classes")
    x.count(*(scoped for name in names for scoped in (name, f"subnet[{last.id}].{name}")))
    if not 0 <= x.now - x.know.full_said.get(last.id, 0) < FULL_S:
        x.know.full_said[last.id] = x.now
        _say(x, last, no_pools)


def _say(x: Exchange6, last: SubnetPlan6, no_pools: bool) -> None:
    who, warning = trace.label6(x.message), trace.alloc_engine.warning
    if last.network:
        warning(
            "ALLOC_ENGINE_V6_ALLOC_FAIL_SHARED_NETWORK %s: failed to allocate a lease in the shared network %s",
            who, last.network,
        )  # fmt: skip
    else:
        warning(
            "ALLOC_ENGINE_V6_ALLOC_FAIL_SUBNET %s: failed to allocate a lease in the subnet %s/%d, subnet-id %d",
            who, text6(last.first), last.length, last.id,
        )  # fmt: skip
    if no_pools:
        warning("ALLOC_ENGINE_V6_ALLOC_FAIL_NO_POOLS %s: no pools are available", who)
    else:
        warning("ALLOC_ENGINE_V6_ALLOC_FAIL %s: no address or prefix is free", who)
    text = "ALLOC_ENGINE_V6_ALLOC_FAIL_CLASSES %s: classes %s (said once a minute for each subnet)"
    warning(text, who, ", ".join(x.classes.names))
