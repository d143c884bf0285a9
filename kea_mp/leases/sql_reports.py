"""What commands ask of a lease database.

Runs in: connection
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, Protocol, TypeVar

from kea_mp.leases.lease_kinds import AnyLease
from kea_mp.leases.link import Link, Work
from kea_mp.leases.model import DECLINED
from kea_mp.leases.store import Page

LOOK = 10_000  #: rows that the database looks at for one page: some milliseconds
SENT = 2_000  #: rows that it sends for one page of which only some are wanted

T = TypeVar("T")


class Asked(Protocol):
    """How a question is put to the database: again once when the connection breaks, BackendDown then."""

    def __call__(self, ask: Callable[[], T], /) -> T: ...


class SqlReports:
    """LeaseReports over a Link, of the leases that it is for."""

    def __init__(self, link: Link, asked: Asked) -> None:
        self._link, self._asked, self._kind = link, asked, link.kind
        self.beginning = link.kind.beginning  #: behind it are all addresses

    def at(self, address: Any) -> Any:
        """See `LeaseReports`."""
        found = self._looked_up(Work(addresses=[address]))
        return found[0] if found else None

    def page(self, wanted: Any, after: Any, limit: int) -> Page[Any, Any]:
        """See `LeaseReports`."""
        kind = self._kind
        if looks := kind.looks_for(wanted):
            leases = self._looked_up(Work(looks=looks))
            found: list[Any] = [lease for lease in leases if lease.address > after and kind.is_wanted(lease, wanted)]
            found.sort(key=attrgetter("address"))
            return Page(tuple(found[:limit]), found[limit - 1].address if len(found) > limit else None)
        if kind.is_filter(wanted):
            return self._page_of_some(wanted, after, limit)
        if wanted.subnets:
            return self._page_of(wanted.subnets, after, limit)
        rows = self._asked(partial(self._link.page, after, limit))
        return Page(tuple(rows), rows[-1].address if len(rows) == limit else None)

    def counts(self, first: int, last: int) -> dict[int, tuple[int, ...]]:
        """See `LeaseReports`."""
        counts: dict[int, list[int]] = {}
        for subnet_id, *rest, leases in self._asked(partial(self._link.counts_of, first, last)):
            numbers = counts.setdefault(subnet_id, [0] * (2 * len(self._kind.tally.kinds)))
            numbers[2 * (self._kind.place(0, *rest) >> 32) + (rest[-1] == DECLINED)] += leases
        return {subnet_id: tuple(numbers) for subnet_id, numbers in counts.items()}

    def _page_of(self, subnets: Sequence[int], after: Any, limit: int) -> Page[Any, Any]:
        """The database goes through a bounded stretch of the addresses and sends what is of these subnets: an index of
        subnets in the order of addresses is not in Kea's schema of both databases."""
        reach = self._asked(partial(self._link.behind, after, LOOK))
        last = self._kind.end if reach is None else reach
        rows = self._asked(partial(self._link.page_of, subnets, after, last, limit))
        return Page(tuple(rows), rows[-1].address if len(rows) == limit else reach)

    def _page_of_some(self, wanted: Any, after: Any, limit: int) -> Page[Any, Any]:
        """The database sends what is there, and what is wanted is picked out here."""
        size = max(limit, SENT)
        rows = self._asked(partial(self._link.page, after, size))
        found = [lease for lease in rows if self._kind.is_wanted(lease, wanted)]
        if len(found) > limit:
            return Page(tuple(found[:limit]), found[limit - 1].address)
        return Page(tuple(found), rows[-1].address if len(rows) == size else None)

    def _looked_up(self, work: Work) -> list[AnyLease]:
        done = self._asked(partial(self._link.exchange, work))
        return [*(lease for found in done.looks.values() for lease in found), *done.by_address]
