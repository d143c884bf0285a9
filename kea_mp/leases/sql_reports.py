"""What commands ask of a lease database.

Runs in: connection
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import attrgetter
from typing import Protocol, TypeVar

from kea_mp.leases.link import Link, Work
from kea_mp.leases.model import DECLINED, DEFAULT, Lease4
from kea_mp.leases.store import Page, Wanted

LOOK = 2000  #: rows looked at for one page

T = TypeVar("T")


class Asked(Protocol):
    """How a question is put to the database: again once when the connection breaks, BackendDown then."""

    def __call__(self, ask: Callable[[], T], /) -> T: ...


class SqlReports:
    """LeaseReports over a Link."""

    def __init__(self, link: Link, asked: Asked) -> None:
        self._link, self._asked = link, asked

    def at(self, address: int) -> Lease4 | None:
        """See `LeaseReports`."""
        found = self._looked_up(Work(addresses=[address]))
        return found[0] if found else None

    def page(self, wanted: Wanted, after: int, limit: int) -> Page:
        """See `LeaseReports`."""
        if wanted.hw or wanted.client_id or wanted.hostname:
            found = [lease for lease in self._of_identity(wanted) if lease.address > after and _is_in(lease, wanted)]
            found.sort(key=attrgetter("address"))
            return Page(tuple(found[:limit]), found[limit - 1].address if len(found) > limit else None)
        size = max(limit, LOOK) if wanted.subnets else limit
        rows = self._asked(partial(self._link.page, after, size))
        found = [lease for lease in rows if _is_in(lease, wanted)]
        if len(found) > limit:
            return Page(tuple(found[:limit]), found[limit - 1].address)
        return Page(tuple(found), rows[-1].address if len(rows) == size else None)

    def counts(self, first: int, last: int) -> dict[int, tuple[int, int]]:
        """See `LeaseReports`."""
        counts: dict[int, tuple[int, int]] = {}
        for subnet_id, state, leases in self._asked(partial(self._link.counts_of, first, last)):
            assigned, declined = counts.get(subnet_id, (0, 0))
            counts[subnet_id] = (
                assigned + (leases if state == DEFAULT else 0),
                declined + (leases if state == DECLINED else 0),
            )
        return counts

    def _of_identity(self, wanted: Wanted) -> list[Lease4]:
        if wanted.hw:
            return self._looked_up(Work(hws=[wanted.hw[1:]]))
        if wanted.client_id:
            return self._looked_up(Work(client_ids=[wanted.client_id]))
        return self._asked(partial(self._link.named, wanted.hostname))

    def _looked_up(self, work: Work) -> list[Lease4]:
        done = self._asked(partial(self._link.exchange, work))
        return [*done.by_hw, *done.by_client, *done.by_address]


def _is_in(lease: Lease4, wanted: Wanted) -> bool:
    return not wanted.subnets or lease.subnet_id in wanted.subnets
