"""A Link to a dict, which fails as it is told: what a SqlLeaseStore does about it needs no database.

Runs in: any
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from kea_mp.leases.lease_kinds import LEASES4
from kea_mp.leases.link import Count, Done, LinkError, Search, Work
from kea_mp.leases.model import DEFAULT, RECLAIMED, Lease4, same_version, usable_by_anyone

_KEYS: dict[str, Callable[[Lease4], object]] = {
    "by_hw": lambda row: row.hw[1:],
    "by_client": lambda row: row.client_id,
    "by_name": lambda row: row.hostname.lower(),
}


class FakeLink:
    """troubles: what the next exchanges raise, None: nothing. A trouble in `after` comes when all is done (a lost
    answer). refused: addresses that are refused with `refusal`."""

    kind = LEASES4
    last_time = 2**31 - 1

    def __init__(self) -> None:
        self.rows: dict[Any, Any] = {}
        self.before: deque[LinkError | None] = deque()
        self.after: deque[LinkError | None] = deque()
        self.connecting: deque[LinkError | None] = deque()
        self.refused: set[int] = set()
        self.refusal: type[LinkError] = LinkError
        self.works: list[Work] = []
        self.connected = False

    def connect(self) -> None:
        trouble = self.connecting.popleft() if self.connecting else None
        if trouble is not None:
            raise trouble
        self.connected = True

    def exchange(self, work: Work) -> Done:
        self.works.append(work)
        trouble = self.before.popleft() if self.before else None
        if trouble is not None:
            raise trouble
        if any(lease.address in self.refused for lease in [*work.inserts, *(new for new, _ in work.updates)]):
            raise self.refusal("refused")
        done = self._reads(work)
        self._writes(work, done.written)
        trouble = self.after.popleft() if self.after else None
        if trouble is not None:
            raise trouble
        return done

    def _reads(self, work: Work) -> Done:
        rows = self.rows.values()
        return Done(
            {name: [row for row in rows if _KEYS[name](row) in keys] for name, keys in work.looks.items()},
            [self.rows[address] for address in work.addresses if address in self.rows],
            [self._search(first, last, work) for first, last in work.searches],
        )

    def _search(self, first: int, last: int, work: Work) -> Search:
        free = [
            address
            for address in range(first, last + 1)
            if address not in self.rows or usable_by_anyone(self.rows[address], work.now)
        ]
        rows = [self.rows[address] for address in free if address in self.rows]
        return Search([(a, a) for a in free[: work.pieces]], rows, len(free) < work.pieces)

    def _writes(self, work: Work, written: set[Any]) -> None:
        for lease in work.inserts:
            if lease.address not in self.rows:
                self.rows[lease.address] = lease
                written.add(lease.address)
        for new, seen in work.updates:
            if same_version(self.rows.get(new.address), seen):
                self.rows[new.address] = new
                written.add(new.address)
        for seen in work.removals:
            if same_version(self.rows.get(seen.address), seen):
                del self.rows[seen.address]
                written.add(seen.address)

    def ended(self, now: int, limit: int) -> list[Lease4]:
        found = [row for row in self.rows.values() if row.state != RECLAIMED and row.expire <= now]
        return sorted(found, key=lambda row: row.expire)[:limit]

    def flush(self, before: int, limit: int) -> int:
        old = [a for a, row in self.rows.items() if row.state == RECLAIMED and row.expire <= before][:limit]
        for address in old:
            del self.rows[address]
        return len(old)

    def counts(self) -> list[Count]:
        return [(row.subnet_id, row.pool_id, DEFAULT, 1) for row in self.rows.values()]

    def counts_of(self, first: int, last: int) -> list[tuple[int, int, int]]:
        return [(row.subnet_id, row.state, 1) for row in self.rows.values() if first <= row.subnet_id <= last]

    def behind(self, after: int, count: int) -> int | None:
        return next(iter([address for address in sorted(self.rows) if address > after][count:]), None)

    def page_of(self, subnets: Sequence[int], after: int, last: int, limit: int) -> list[Lease4]:
        rows = (self.rows[address] for address in sorted(self.rows) if after < address <= last)
        return [row for row in rows if row.subnet_id in subnets][:limit]

    def page(self, after: int, limit: int) -> list[Lease4]:
        return [self.rows[address] for address in sorted(self.rows) if address > after][:limit]

    def ping(self) -> None:
        trouble = self.before.popleft() if self.before else None
        if trouble is not None:
            raise trouble

    def fileno(self) -> int:
        return 99 if self.connected else -1

    def close(self) -> None:
        self.connected = False
