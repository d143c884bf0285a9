"""Which leases are counted where: the rule behind the statistics tables, for both dialects.

A table counts leases by its key columns. Only leases in one of `states` count. The tables by client class take the
classes from the lease's user-context (ISC.client-classes), where Kea's limits hook leaves them.

Runs in: any
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counter:
    """A statistics table. keys: its primary key, which are columns of the lease too; states: those that count."""

    v: int
    table: str
    keys: tuple[str, ...]
    states: tuple[int, ...]

    @property
    def lease(self) -> str:
        return f"lease{self.v}"

    @property
    def arguments(self) -> tuple[str, ...]:
        """What Kea's functions for this table take of a lease, in their order."""
        rest = ("subnet_id", "pool_id", "lease_type")
        return ("state", *(name for name in rest if name in self.keys))

    def counts(self, state: str) -> str:
        return f"{state} IN ({', '.join(map(str, self.states))})"


COUNTERS = (
    Counter(4, "lease4_stat", ("subnet_id", "state"), (0, 1)),
    Counter(4, "lease4_pool_stat", ("subnet_id", "pool_id", "state"), (0, 1)),
    Counter(6, "lease6_stat", ("subnet_id", "lease_type", "state"), (0, 1, 4)),
    Counter(6, "lease6_pool_stat", ("subnet_id", "pool_id", "lease_type", "state"), (0, 1)),
)

COUNTED_BY_CLASS = 0  #: the only state that counts for the limits of client classes
HAS_CLASSES = "LIKE '%\"client-classes\"%'"  #: cheaper than parsing every user-context


def class_keys(v: int) -> tuple[str, ...]:
    """The primary key of lease{v}_stat_by_client_class."""
    return ("client_class", "lease_type") if v == 6 else ("client_class",)
