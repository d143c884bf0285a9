"""The statistics that follow from leases changing, under Kea's names.

What Kea adds and subtracts in many places is here one rule on (row before, row after). Kea counts a declined address as
assigned too, until its probation is over.

Runs in: connection
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from kea_mp.config.model import Subnet4
from kea_mp.config.model6 import Subnet6
from kea_mp.family import DHCP4, DHCP6
from kea_mp.leases.model import (
    DECLINED,
    DEFAULT,
    PD,
    RECLAIMED,
    REGISTERED,
    RELEASED,
    Lease4,
    Lease6,
    usable_by_anyone,
)
from kea_mp.statistic_names import NAMES, PoolKind

_ASSIGNED, _DECLINED, _RECLAIMED, _RECLAIMED_DECLINED, _CUMULATIVE = range(5)
_LEVELS = (_ASSIGNED, _DECLINED)
_COUNTS = (_RECLAIMED, _RECLAIMED_DECLINED, _CUMULATIVE)

_IN_USE = (DEFAULT, DECLINED, REGISTERED)

L = TypeVar("L", bound=Lease4 | Lease6)

Cell = list[int]  #: the five numbers of one place
_NOTHING: Cell = [0] * 5


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of leases. names: of the five numbers ("": there is none). pools: where they are from, None: they are
    counted in subnets only."""

    names: tuple[str, str, str, str, str]
    pools: PoolKind | None


class Places(Generic[L]):
    """Numbers per subnet and place, and of the whole server. A place is a kind of leases and a pool id, as one number:
    see `place_of`."""

    kinds: ClassVar[tuple[Kind, ...]]

    __slots__ = ("_all", "_cells", "_changed", "_told", "_totals", "by_hand")

    def __init__(self, subnets: Iterable[Subnet4] | Iterable[Subnet6]) -> None:
        self.by_hand = False  #: changes are those of a command: Kea counts them in the levels only
        self._all: list[Cell] = [[0] * 5 for _ in self.kinds]
        self._cells: dict[int, dict[int, Cell]] = {}
        self._totals: dict[str, int] = {}
        for subnet in subnets:
            self._cells[subnet.id] = {}
            for number, kind in enumerate(self.kinds):
                if kind.pools is not None:
                    self._measure(subnet, number, kind.pools)
        self._told: dict[str, int] = {}
        self._changed = set(self._cells)  #: subnets whose numbers have changed since they were last told

    def _measure(self, subnet: Subnet4 | Subnet6, number: int, kind: PoolKind) -> None:
        whole = f"subnet[{subnet.id}].{kind.total}"
        self._totals[whole] = 0
        for pool_id, size in kind.sizes(subnet):
            self._cells[subnet.id].setdefault(number << 32 | pool_id, [0] * 5)
            self._totals[whole] += size
            key = f"subnet[{subnet.id}].{kind.key}[{pool_id}].{kind.total}"
            self._totals[key] = self._totals.get(key, 0) + size

    def place_of(self, lease: L) -> int:
        """Where a lease is counted: number of the kind << 32 | pool id."""
        raise NotImplementedError

    def loaded(self, subnet_id: int, place: int, state: int, count: int) -> None:
        """So many rows in this state were found in the file."""
        if state in _IN_USE:
            self._add(subnet_id, place, _ASSIGNED, count)
        if state == DECLINED:
            self._add(subnet_id, place, _DECLINED, count)

    def changed(self, old: L | None, new: L | None) -> None:
        """A client's exchange replaced the row `old` by `new` (None: there was no row, there is none now)."""
        if self.by_hand:
            self._recount(old, new)
            return
        if old is not None and new is not None and self.is_renewal(old, new):
            return
        if old is not None:
            if new is not None and new.state == DEFAULT and old.state != RECLAIMED and self.is_reclaimed(old, new):
                self.reclaimed(old)
            else:
                self._uncount(old)
        if new is not None and new.state in _IN_USE:
            place = self.place_of(new)
            self._add(new.subnet_id, place, _ASSIGNED, 1)
            self._add(new.subnet_id, place, _DECLINED if new.state == DECLINED else _CUMULATIVE, 1)

    def is_renewal(self, old: L, new: L) -> bool:
        """Whether a lease goes on in the same place: nothing is counted then."""
        return old.expire > new.cltt and _is_in_place(old, new)

    def is_reclaimed(self, old: L, new: L) -> bool:
        """Whether a row that gives way to a client's new lease counts as reclaimed first."""
        return usable_by_anyone(old, new.cltt)

    def _recount(self, old: L | None, new: L | None) -> None:
        """The levels only."""
        if old is not None:
            self._uncount(old)
        if new is not None and new.state in _IN_USE:
            place = self.place_of(new)
            self._add(new.subnet_id, place, _ASSIGNED, 1)
            if new.state == DECLINED:
                self._add(new.subnet_id, place, _DECLINED, 1)

    def reclaimed(self, old: L) -> None:
        """The lease had ended and was reclaimed. A released one stopped counting as assigned with its release."""
        place = self.place_of(old)
        self._add(old.subnet_id, place, _RECLAIMED, 1)
        if old.state != RELEASED:
            self._uncount(old)
        if old.state == DECLINED:
            self._add(old.subnet_id, place, _RECLAIMED_DECLINED, 1)

    def _uncount(self, old: L) -> None:
        if old.state in _IN_USE:
            self._add(old.subnet_id, self.place_of(old), _ASSIGNED, -1)
        if old.state == DECLINED:
            self._add(old.subnet_id, self.place_of(old), _DECLINED, -1)

    def levels_are(self, counts: Mapping[tuple[int, int, int], int]) -> None:
        """What a database counts that others write to as well: (subnet id, place, state) → leases."""
        wanted = {(subnet_id, place) for subnet_id, place, _ in counts}
        wanted.update((subnet_id, place) for subnet_id, cells in self._cells.items() for place in cells)
        for subnet_id, place in wanted:
            declined = counts.get((subnet_id, place, DECLINED), 0)
            assigned = sum(counts.get((subnet_id, place, state), 0) for state in _IN_USE)
            cell = self._cells.get(subnet_id, {}).get(place, _NOTHING)
            for which, number in ((_ASSIGNED, assigned), (_DECLINED, declined)):
                if number != cell[which]:
                    self._add(subnet_id, place, which, number - cell[which])

    def _add(self, subnet_id: int, place: int, which: int, number: int) -> None:
        self._all[place >> 32][which] += number
        cells = self._cells.setdefault(subnet_id, {})
        cell = cells.get(place)
        if cell is None:
            cell = cells[place] = [0] * 5
        cell[which] += number
        self._changed.add(subnet_id)

    def in_use(self, first: int, last: int) -> dict[int, tuple[int, ...]]:
        """Subnet id → of each kind the leases that are assigned and not declined, and the declined ones; for ids from
        first to last."""
        found = {}
        for subnet_id, cells in self._cells.items():
            if first <= subnet_id <= last:
                numbers = [0] * (2 * len(self.kinds))
                for place, cell in cells.items():
                    numbers[2 * (place >> 32)] += cell[_ASSIGNED] - cell[_DECLINED]
                    numbers[2 * (place >> 32) + 1] += cell[_DECLINED]
                found[subnet_id] = tuple(numbers)
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
        named: dict[str, int] = {}
        for kind, cell in zip(self.kinds, self._all, strict=True):
            _sum_up(named, "", which, kind, cell)
        for subnet_id in subnets:
            prefix = f"subnet[{subnet_id}]."
            for kind in self.kinds:
                _sum_up(named, prefix, which, kind, _NOTHING)
            for place, cell in self._cells[subnet_id].items():
                kind = self.kinds[place >> 32]
                _sum_up(named, prefix, which, kind, cell)
                if kind.pools is not None:
                    _sum_up(named, f"{prefix}{kind.pools.key}[{place & 0xFFFFFFFF}].", which, kind, cell)
        return named


def _sum_up(named: dict[str, int], prefix: str, which: tuple[int, ...], kind: Kind, cell: Cell) -> None:
    for index in which:
        if kind.names[index]:
            name = prefix + kind.names[index]
            named[name] = named.get(name, 0) + cell[index]


class Tally(Places[Lease4]):
    """The numbers of DHCPv4. A place is a pool id."""

    __slots__ = ()

    kinds = (
        Kind(
            (
                "assigned-addresses", "declined-addresses", "reclaimed-leases", "reclaimed-declined-addresses",
                "cumulative-assigned-addresses",
            ),
            NAMES[DHCP4].pools[0],
        ),
    )  # fmt: skip

    def place_of(self, lease: Lease4) -> int:
        return lease.pool_id


class Tally6(Places[Lease6]):
    """The numbers of DHCPv6: of addresses, prefixes, and addresses that their clients have registered."""

    __slots__ = ()

    kinds = (
        Kind(
            (
                "assigned-nas", "declined-addresses", "reclaimed-leases", "reclaimed-declined-addresses",
                "cumulative-assigned-nas",
            ),
            NAMES[DHCP6].pools[0],
        ),
        Kind(("assigned-pds", "", "reclaimed-leases", "", "cumulative-assigned-pds"), NAMES[DHCP6].pools[1]),
        Kind(("registered-nas", "", "reclaimed-leases", "", "cumulative-registered-nas"), None),
    )  # fmt: skip

    def place_of(self, lease: Lease6) -> int:
        return place6(lease.lease_type, lease.pool_id, lease.state)

    def is_renewal(self, old: Lease6, new: Lease6) -> bool:
        return (old.expire > new.cltt or _is_its_own(old, new)) and _is_in_place(old, new)

    def is_reclaimed(self, old: Lease6, new: Lease6) -> bool:
        return not _is_its_own(old, new) and super().is_reclaimed(old, new)


def place6(lease_type: int, pool_id: int, state: int) -> int:
    """Where a lease of DHCPv6 is counted."""
    kind = 2 if state == REGISTERED else 1 if lease_type == PD else 0
    return kind << 32 | pool_id


def _is_its_own(old: Lease6, new: Lease6) -> bool:
    """Whether a client gets back what it had: in DHCPv6 Kea takes that for the same lease, ended or not."""
    return (old.duid, old.iaid, old.lease_type) == (new.duid, new.iaid, new.lease_type)


def _is_in_place(old: Lease4 | Lease6, new: Lease4 | Lease6) -> bool:
    return (
        old.state == new.state
        and old.state in (DEFAULT, REGISTERED)
        and old.subnet_id == new.subnet_id
        and old.pool_id == new.pool_id
    )
