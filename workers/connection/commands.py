"""Orders of the supervisor that are about leases: one lease, a page of leases, a change, numbers, a copy in a file.

Each is short: what would be long comes as many orders, or goes on in slices between batches (`step`).

Runs in: connection
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from kea_mp.bus.messages import Answered, Order
from kea_mp.control.answer import to_json
from kea_mp.errors import CommandError
from kea_mp.leases.json4 import shown4
from kea_mp.leases.model import Lease4
from kea_mp.leases.store import (
    ClaimLease,
    Failed,
    LeaseReports,
    Page,
    RemoveLease,
    Request,
    Result,
    Stored,
    Wanted,
)
from workers.connection.dump import Dump, Lines

MESSAGE_BYTES = 1 << 20  #: of leases in one answer, unless a single one is larger

Part = tuple[int, int, bytes]  #: subnet id, number of leases, their JSON without brackets


class LeaseOrders:
    """Carries out orders on one lease backend."""

    def __init__(
        self,
        child: str,
        reports: LeaseReports | None,
        execute: Callable[[Sequence[Request]], list[Result]],
        lines: Lines | None = None,
    ) -> None:
        """reports None: this backend cannot be asked. execute: changes leases; `Failed` when the backend is down.
        lines None: there is no lease file to copy."""
        self._child, self._reports, self._execute, self._lines = child, reports, execute, lines
        self._dumps: list[tuple[int, Dump]] = []

    @property
    def busy(self) -> bool:
        """Whether `step` has something to do at once."""
        return bool(self._dumps)

    def answer(self, order: Order) -> Answered | None:
        """What there is to say about an order now; None: `step` will. BackendDown is for the caller to report."""
        try:
            if order.command == "lease-write":
                self._dumps.append((order.number, Dump(order.arguments["path"], self._file())))
                return None
            found = _ORDERS[order.command](self, order.arguments)
        except CommandError as refusal:
            return Answered(self._child, order.number, refusal.result, refusal.text)
        return Answered(self._child, order.number, 0, "", found)

    def step(self) -> Answered | None:
        """A slice of a copy in progress; its answer when it has ended."""
        if not self._dumps:
            return None
        number, dump = self._dumps[0]
        try:
            if not dump.step():
                return None
            answer = Answered(self._child, number, 0, "", {})
        except CommandError as refusal:
            answer = Answered(self._child, number, refusal.result, refusal.text)
        del self._dumps[0]
        return answer

    def stop(self) -> None:
        """Leave no half a copy behind."""
        for _, dump in self._dumps:
            dump.stop()

    # ---- the orders -----------------------------------------------------------------------------------------

    def get(self, arguments: dict[str, Any]) -> dict[str, Any]:
        lease = self._one(arguments["place"])
        return {"lease": None if lease is None else to_json(shown4(lease))}

    def page(self, arguments: dict[str, Any]) -> dict[str, Any]:
        parts, after = in_parts(self._page(arguments))
        return {"parts": parts, "after": after}

    def put(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Write a lease if there is none (absent) or one (present) at its address."""
        lease = msgspec.convert(arguments["lease"], Lease4)
        seen = self._asked().at(lease.address)
        if not arguments["absent" if seen is None else "present"]:
            return {"stored": False, "present": seen is not None}
        return {"stored": self._changed([ClaimLease(lease, seen)]) == 1, "present": seen is not None}

    def remove(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Delete a lease; the address of the one that was there, None when there was none (any more)."""
        lease = self._one(arguments["place"])
        removed = lease is not None and self._changed([RemoveLease(lease)]) == 1
        return {"removed": lease.address if lease is not None and removed else None}

    def wipe(self, arguments: dict[str, Any]) -> dict[str, Any]:
        page = self._page(arguments)
        return {"count": self._changed([RemoveLease(lease) for lease in page.leases]), "after": page.after}

    def counts(self, arguments: dict[str, Any]) -> dict[str, Any]:
        counts = self._asked().counts(arguments["first"], arguments["last"])
        return {"counts": [(subnet_id, *numbers) for subnet_id, numbers in counts.items()]}

    def _asked(self) -> LeaseReports:
        if self._reports is None:
            raise CommandError("the lease commands are not available on this lease backend yet")
        return self._reports

    def _file(self) -> Lines:
        if self._lines is None:
            raise CommandError("only leases of type memfile are written to a file")
        return self._lines

    def _page(self, arguments: dict[str, Any]) -> Page:
        wanted = msgspec.convert(arguments["wanted"], Wanted)
        return self._asked().page(wanted, arguments["after"], arguments["limit"])

    def _one(self, place: int | Sequence[Any]) -> Lease4 | None:
        """The lease at an address, or the first of an identity."""
        if isinstance(place, int):
            return self._asked().at(place)
        wanted, after = msgspec.convert(place, Wanted), -1
        while True:
            page = self._asked().page(wanted, after, 1)
            if page.leases or page.after is None:
                return page.leases[0] if page.leases else None
            after = page.after

    def _changed(self, requests: list[Request]) -> int:
        """How many changes were made; those under whose hands a lease has changed were not."""
        results = self._execute(requests) if requests else []
        failed = next((result for result in results if isinstance(result, Failed)), None)
        if failed is not None:
            raise CommandError(failed.reason)
        return sum(isinstance(result, Stored) for result in results)


_ORDERS: dict[str, Callable[[LeaseOrders, dict[str, Any]], dict[str, Any]]] = {
    "lease-get": LeaseOrders.get,
    "lease-page": LeaseOrders.page,
    "lease-put": LeaseOrders.put,
    "lease-remove": LeaseOrders.remove,
    "lease-wipe": LeaseOrders.wipe,
    "lease-counts": LeaseOrders.counts,
}

NAMES = frozenset({*_ORDERS, "lease-write"})  #: orders that are carried out here


def in_parts(page: Page) -> tuple[list[Part], int | None]:
    """A page as JSON, neighbours of one subnet together, and where to go on: earlier than the page when it is large."""
    parts: list[Part] = []
    subnet_id, run, size = -1, list[bytes](), 0
    after = page.after
    for lease in page.leases:
        text = to_json(shown4(lease))
        size += len(text)
        if size > MESSAGE_BYTES and size > len(text):
            break
        if lease.subnet_id != subnet_id and run:
            parts.append((subnet_id, len(run), b",".join(run)))
            run = []
        subnet_id, last = lease.subnet_id, lease.address
        run.append(text)
    else:
        last = -1
    if run:
        parts.append((subnet_id, len(run), b",".join(run)))
    return parts, after if last < 0 else last
