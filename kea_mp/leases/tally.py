"""The statistics that follow from leases changing, under Kea's names.

What Kea adds and subtracts in many places is here one rule on (row before, row after). Kea counts a declined address as
assigned too, until its probation is over.

Runs in: connection
"""

from __future__ import annotations

from collections.abc import Iterable

from kea_mp.config.model import Subnet4
from kea_mp.leases.model import DECLINED, DEFAULT, RECLAIMED, RELEASED, Lease4, usable_by_anyone

_NAMES = (
    "assigned-addresses", "declined-addresses", "reclaimed-leases", "reclaimed-declined-addresses",
    "cumulative-assigned-addresses",
)  # fmt: skip
_ASSIGNED, _DECLINED, _RECLAIMED, _RECLAIMED_DECLINED, _CUMULATIVE = range(5)
_GAUGES = (_ASSIGNED, _DECLINED)

Cell = list[int]  #: the five numbers of one (subnet, pool id)


class Tally:
    """Numbers per (subnet id, pool id)."""

    __slots__ = ("_cells", "_totals", "_wanted")

    def __init__(self, subnets: Iterable[Subnet4]) -> None:
        self._cells: dict[tuple[int, int], Cell] = {}
        self._totals: dict[str, int] = {}
        self._wanted: set[tuple[int, int]] = set()  #: pools of the configuration
        for subnet in subnets:
            name = f"subnet[{subnet.id}]"
            self._totals[f"{name}.total-addresses"] = sum(pool.last - pool.first + 1 for pool in subnet.pools)
            for pool in subnet.pools:
                self._wanted.add((subnet.id, pool.pool_id))
                key = f"{name}.pool[{pool.pool_id}].total-addresses"
                self._totals[key] = self._totals.get(key, 0) + pool.last - pool.first + 1
            if not subnet.pools:
                self._wanted.add((subnet.id, -1))

    def loaded(self, subnet_id: int, pool_id: int, state: int, count: int = 1) -> None:
        """So many rows in this state were found in the file."""
        if state == DECLINED:
            self._cell(subnet_id, pool_id)[_DECLINED] += count
        if state in (DEFAULT, DECLINED):
            self._cell(subnet_id, pool_id)[_ASSIGNED] += count

    def changed(self, old: Lease4 | None, new: Lease4 | None) -> None:
        """A client's exchange replaced the row `old` by `new` (None: there was no row, there is none now)."""
        if _is_renewal(old, new):
            return
        if old is not None:
            if new is not None and new.state == DEFAULT and old.state != RECLAIMED and usable_by_anyone(old, new.cltt):
                self.reclaimed(old)
            else:
                self._uncount(old)
        if new is not None and new.state in (DEFAULT, DECLINED):
            cell = self._cell(new.subnet_id, new.pool_id)
            cell[_ASSIGNED] += 1
            cell[_CUMULATIVE if new.state == DEFAULT else _DECLINED] += 1

    def _uncount(self, old: Lease4) -> None:
        cell = self._cell(old.subnet_id, old.pool_id)
        if old.state in (DEFAULT, DECLINED):
            cell[_ASSIGNED] -= 1
        if old.state == DECLINED:
            cell[_DECLINED] -= 1

    def reclaimed(self, old: Lease4) -> None:
        """The lease had ended and was reclaimed."""
        cell = self._cell(old.subnet_id, old.pool_id)
        cell[_RECLAIMED] += 1
        if old.state != RELEASED:
            cell[_ASSIGNED] -= 1
        if old.state == DECLINED:
            cell[_DECLINED] -= 1
            cell[_RECLAIMED_DECLINED] += 1

    def _cell(self, subnet_id: int, pool_id: int) -> Cell:
        cell = self._cells.get((subnet_id, pool_id))
        if cell is None:
            cell = self._cells[subnet_id, pool_id] = [0, 0, 0, 0, 0]
        return cell

    def gauges(self) -> dict[str, int]:
        """What may go down as well as up, and the sizes of the pools."""
        return self._totals | self._named(_GAUGES)

    def counters(self) -> dict[str, int]:
        """What only grows, since this process started."""
        return self._named((_RECLAIMED, _RECLAIMED_DECLINED, _CUMULATIVE))

    def _named(self, which: Iterable[int]) -> dict[str, int]:
        named: dict[str, int] = {_NAMES[index]: 0 for index in which}
        for subnet_id, pool_id in sorted(self._wanted | self._cells.keys()):
            cell = self._cells.get((subnet_id, pool_id), (0, 0, 0, 0, 0))
            for index in which:
                name, value = _NAMES[index], cell[index]
                named[name] += value
                subnet = f"subnet[{subnet_id}].{name}"
                named[subnet] = named.get(subnet, 0) + value
                if (subnet_id, pool_id) in self._wanted and pool_id >= 0:
                    named[f"subnet[{subnet_id}].pool[{pool_id}].{name}"] = value
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
