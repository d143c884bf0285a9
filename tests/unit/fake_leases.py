"""Leases in a dict, asked and changed as those of a backend are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kea_mp.leases.model import DECLINED, DEFAULT, Lease4, same_version
from kea_mp.leases.store import (
    Changed,
    ClaimLease,
    Failed,
    Page,
    RemoveLease,
    Request,
    Result,
    Stored,
    Wanted,
)
from kea_mp.values import address4


def lease(address: str = "192.0.2.20", **changes: object) -> Lease4:
    fields = {
        "address": address4(address),
        "hw": b"\x01\x1a\x1b\x1c\x1d\x1e\x1f",
        "client_id": b"",
        "valid_lft": 3600,
        "cltt": 1_700_000_000,
        "subnet_id": 1,
    }
    return Lease4(**{**fields, **changes})  # type: ignore[arg-type]


@dataclass
class FakeLeases:
    """LeaseReports, and `execute` of a LeaseStore. down: why changes fail. looks: leases looked at for one page."""

    by_address: dict[int, Lease4] = field(default_factory=dict)
    down: str = ""
    looks: int = 3
    executed: list[Request] = field(default_factory=list)

    def put(self, *leases: Lease4) -> FakeLeases:
        self.by_address |= {lease.address: lease for lease in leases}
        return self

    def at(self, address: int) -> Lease4 | None:
        return self.by_address.get(address)

    def page(self, wanted: Wanted, after: int, limit: int) -> Page:
        behind = sorted(address for address in self.by_address if address > after)
        seen = behind[: min(self.looks, limit)]
        found = tuple(lease for lease in map(self.by_address.__getitem__, seen) if _is_wanted(lease, wanted))
        return Page(found, seen[-1] if len(seen) < len(behind) else None)

    def counts(self, first: int, last: int) -> dict[int, tuple[int, int]]:
        found: dict[int, tuple[int, int]] = {}
        for lease in self.by_address.values():
            if first <= lease.subnet_id <= last:
                assigned, declined = found.get(lease.subnet_id, (0, 0))
                found[lease.subnet_id] = (assigned + (lease.state == DEFAULT), declined + (lease.state == DECLINED))
        return found

    def execute(self, requests: Sequence[Request]) -> list[Result]:
        self.executed += requests
        return [Failed(self.down) if self.down else self._changed(request) for request in requests]

    def _changed(self, request: Request) -> Result:
        match request:
            case ClaimLease(lease, seen):
                place = lease.address
            case RemoveLease(seen):
                place = seen.address
            case _:
                raise AssertionError(request)
        current = self.by_address.get(place)
        if not same_version(current, seen):
            return Changed(current)
        if isinstance(request, ClaimLease):
            self.by_address[place] = request.lease
            return Stored(request.lease)
        return Stored(self.by_address.pop(place))


def _is_wanted(lease: Lease4, wanted: Wanted) -> bool:
    return (
        (not wanted.subnets or lease.subnet_id in wanted.subnets)
        and (not wanted.hw or lease.hw[1:] == wanted.hw[1:])
        and (not wanted.client_id or lease.client_id == wanted.client_id)
        and (not wanted.hostname or lease.hostname == wanted.hostname)
    )
