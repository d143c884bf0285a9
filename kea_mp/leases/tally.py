"""The statistics that follow from leases changing, under Kea's names.

What Kea adds and subtracts in many places is here one rule on (row before, row after). Kea counts a declined address as
assigned too, until its probation is over.

Runs in: connection
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kea_mp.config.model import Subnet4
from kea_mp.leases.model import DECLINED, DEFAULT, RECLAIMED, RELEASED, Lease4, usable_by_anyone

_ASSIGNED, _DECLINED, _RECLAIMED, _RECLAIMED_DECLINED, _CUMULATIVE = range(5)
_NAMES = (
    "assigned-addresses",
    "declined-addresses",
    "reclaimed-leases",
    "reclaimed-declined-addresses",
    "cumulative-assigned-addresses",
)
_LEVELS = (_ASSIGNED, _DECLINED)
_COUNTS = (_RECLAIMED, _RECLAIMED_DECLINED, _CUMULATIVE)

Cell = list[int]  #: the five numbers of one place
_NOTHING: Cell = [0] * 5


class Tally:
    """Numbers per subnet and pool id, and of the whole server."""

    __slots__ = ("_all", "_cells", "_changed", "_told", "_totals", "by_hand")

    def __init__(self, subnets: Iterable[Subnet4]) -> None:
        self.by_hand = False  #: changes are those of a command: Kea counts them in the levels only
        self._all: Cell = [0] * 5
        self._cells: dict[int, dict[int, Cell]] = {}
        self._totals: dict[str, int] = {}
        for subnet in subnets:
            name = f"subnet[{subnet.id}]"
            pools = self._cells[subnet.id] = {}
            self._totals[f"{name}.total-addresses"] = sum(pool.last - pool.first + 1 for pool in subnet.pools)
            for pool in subnet.pools:
                pools[pool.pool_id] = [0] * 5
                key = f"{name}.pool[{pool.pool_id}].total-addresses"
                self._totals[key] = self._totals.get(key, 0) + pool.last - pool.first + 1
        self._told: dict[str, int] = {}
        self._changed = set(self._cells)  #: subnets whose numbers have changed since they were last told

    def loaded(self, subnet_id: int, pool_id: int, state: int, count: int) -> None:
        """So many rows in this state were found in the file."""
        if state in (DEFAULT, DECLINED):
            self._add(subnet_id, pool_id, _ASSIGNED, count)
        if state == DECLINED:
            self._add(subnet_id, pool_id, _DECLINED, count)

    def changed(self, old: Lease4 | None, new: Lease4 | None) -> None:
        """A client's exchange replaced the row `old` by `new` (None: there was no row, there is none now)."""
        if self.by_hand:
            self._recount(old, new)
            return
        if _is_renewal(old, new):
            return
        if old is not None:
            if new is not None and new.state == DEFAULT and old.state != RECLAIMED and usable_by_anyone(old, new.cltt):
                self.reclaimed(old)
            else:
                self._uncount(old)
        if new is not None and new.state in (DEFAULT, DECLINED):
            self._add(new.subnet_id, new.pool_id, _ASSIGNED, 1)
            self._add(new.subnet_id, new.pool_id, _CUMULATIVE if new.state == DEFAULT else _DECLINED, 1)

    def _recount(self, old: Lease4 | None, new: Lease4 | None) -> None:
        """The levels only."""
        if old is not None:
            self._uncount(old)
        if new is not None and new.state in (DEFAULT, DECLINED):
            self._add(new.subnet_id, new.pool_id, _ASSIGNED, 1)
            if new.state == DECLINED:
                self._add(new.subnet_id, new.pool_id, _DECLINED, 1)

    def reclaimed(self, old: Lease4) -> None:
        """The lease had ended and was reclaimed. A released one stopped counting as assigned with its release."""
        self._add(old.subnet_id, old.pool_id, _RECLAIMED, 1)
        if old.state != RELEASED:
            self._uncount(old)
        if old.state == DECLINED:
            self._add(old.subnet_id, old.pool_id, _RECLAIMED_DECLINED, 1)

    def _uncount(self, old: Lease4) -> None:
        if old.state in (DEFAULT, DECLINED):
            self._add(old.subnet_id, old.pool_id, _ASSIGNED, -1)
        if old.state == DECLINED:
            self._add(old.subnet_id, old.pool_id, _DECLINED, -1)

    def levels_are(self, counts: Mapping[tuple[int, int, int], int]) -> None:
        """What a database counts that others write to as well: (subnet id, pool id, state) → leases."""
        places = {(subnet_id, pool_id) for subnet_id, pool_id, _ in counts}
        places.update((subnet_id, pool_id) for subnet_id, pools in self._cells.items() for pool_id in pools)
        for place in places:
            declined = counts.get((*place, DECLINED), 0)
            cell = self._cells.get(place[0], {}).get(place[1], _NOTHING)
            for which, number in ((_ASSIGNED, declined + counts.get((*place, DEFAULT), 0)), (_DECLINED, declined)):
                if number != cell[which]:
                    self._add(*place, which, number - cell[which])

    def _add(self, subnet_id: int, pool_id: int, which: int, number: int) -> None:
        self._all[which] += number
        pools = self._cells.setdefault(subnet_id, {})
        cell = pools.get(pool_id)
        if cell is None:
            cell = pools[pool_id] = [0] * 5
        cell[which] += number
        self._changed.add(subnet_id)

    def in_use(self, first: int, last: int) -> dict[int, tuple[int, int]]:
        """Subnet id → leases that are assigned and not declined, and declined ones, for ids from first to last."""
        found = {}
        for subnet_id, pools in self._cells.items():
            if first <= subnet_id <= last:
                declined = sum(cell[_DECLINED] for cell in pools.values())
                found[subnet_id] = (sum(cell[_ASSIGNED] for cell in pools.values()) - declined, declined)
        return found

    def levels(self) -> dict[str, int]:
        """What goes down as well as up, and the sizes of the pools, of the whole server."""
        return self._totals | self._named(_LEVELS, self._cells)

    def counts(self) -> dict[str, int]:
        """What only grows, since this process started, of the whole server."""
        return self._named(_COUNTS, self._cells)

    def news(self) -> tuple[dict[str, int], dict[str, int]]:
        """(levels, counts) for a report: levels of the server and of the subnets that have changed since the last
        one, and all counts."""
        changed, self._changed = self._changed, set()
        self._told.update(self._named(_COUNTS, changed))
        return self._named(_LEVELS, changed), self._told

    def _named(self, which: tuple[int, ...], subnets: Iterable[int]) -> dict[str, int]:
        named = {_NAMES[index]: self._all[index] for index in which}
        for subnet_id in subnets:
            pools = self._cells[subnet_id]
            for index in which:
                named[f"subnet[{subnet_id}].{_NAMES[index]}"] = sum(cell[index] for cell in pools.values())
                for pool_id, cell in pools.items():
                    named[f"subnet[{subnet_id}].pool[{pool_id}].{_NAMES[index]}"] = cell[index]
        return named


def _is_renewal(old: Lease4 | None, new: Lease4 | None) -> bool:
    """Whether a lease that had not ended goes on in the same place: nothing is counted then."""
    return (
        old is not None
        and new is not None
        and old.state == new.state == DEFAULT
        and old.expire > new.cltt
        and old.subnet_id == new.subnet_id
        and old.pool_id == new.pool_id
    )
