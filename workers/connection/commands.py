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
from kea_mp.family import DHCP4, Family
from kea_mp.leases.json4 import shown4
from kea_mp.leases.json6 import TYPES, shown6
from kea_mp.leases.model import REGISTERED, Lease4, Lease6
from kea_mp.leases.store import ClaimLease, Failed, LeaseReports, Page, RemoveLease, Stored, Wanted, Wanted6
from kea_mp.values import text6
from workers.connection.dump import Dump, Lines

MESSAGE_BYTES = 1 << 20  #: of leases in one answer, unless a single one is larger

AnyLease = Lease4 | Lease6
Change = ClaimLease[Any] | RemoveLease[Any]
Part = tuple[int, int, bytes]  #: subnet id, number of leases, their JSON without brackets


class LeaseOrders:
    """Carries out orders on one lease backend."""

    def __init__(
        self,
        child: str,
        reports: LeaseReports[Any, Any, Any] | None,
        execute: Callable[[Sequence[Change]], list[Any]],
        lines: Lines | None = None,
        family: Family = DHCP4,
    ) -> None:
        """reports None: this backend cannot be asked. execute: changes leases; `Failed` when the backend is down.
        lines None: there is no lease file to copy."""
        self._child, self._reports, self._execute, self._lines = child, reports, execute, lines
        six = family.number == 6
        self._lease: type[AnyLease] = Lease6 if six else Lease4
        self._wanted: type[Wanted | Wanted6] = Wanted6 if six else Wanted
        self._beginning: Any = b"" if six else -1  #: behind it are all addresses
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
        lease = self._one(arguments["place"], arguments.get("type"))
        return {"lease": None if lease is None else to_json(shown(lease))}

    def find(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The address of a lease, None when there is none."""
        lease = self._one(arguments["place"], arguments.get("type"))
        return {"address": None if lease is None else lease.address}

    def page(self, arguments: dict[str, Any]) -> dict[str, Any]:
        parts, after = in_parts(self._page(arguments))
        return {"parts": parts, "after": after}

    def put(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Write a lease if there is none (absent) or one (present) at its address."""
        lease: AnyLease = msgspec.convert(arguments["lease"], self._lease)
        seen = self._asked().at(lease.address)
        if not arguments["absent" if seen is None else "present"] or _is_other(seen, lease):
            return {"stored": False, "present": seen is not None}
        _refuse_registration(seen, lease)
        return {"stored": self._changed([ClaimLease(lease, seen)]) == 1, "present": seen is not None}

    def put_all(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """`put` of each of these leases, whether there is one or not: why it was not written, "" when it was."""
        problems: list[str] = []
        for lease in arguments["leases"]:
            try:
                done = self.put({"lease": lease, "absent": True, "present": True})
            except CommandError as refusal:
                problems.append(refusal.text)
            else:
                problems.append("" if done["stored"] else "the lease has changed meanwhile; a retry might succeed")
        return {"problems": problems}

    def remove(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Delete a lease; the address of the one that was there, None when there was none (any more)."""
        lease = self._one(arguments["place"], arguments.get("type"))
        removed = lease is not None and self._changed([RemoveLease(lease)]) == 1
        return {"removed": lease.address if lease is not None and removed else None}

    def remove_all(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """`remove` of each of these (place, type): whether it was there."""
        done = [self.remove({"place": place, "type": type_}) for place, type_ in arguments["places"]]
        return {"removed": [one["removed"] is not None for one in done]}

    def wipe(self, arguments: dict[str, Any]) -> dict[str, Any]:
        page = self._page(arguments)
        return {"count": self._changed([RemoveLease(lease) for lease in page.leases]), "after": page.after}

    def counts(self, arguments: dict[str, Any]) -> dict[str, Any]:
        counts = self._asked().counts(arguments["first"], arguments["last"])
        return {"counts": [(subnet_id, *numbers) for subnet_id, numbers in counts.items()]}

    def _asked(self) -> LeaseReports[Any, Any, Any]:
        if self._reports is None:
            raise CommandError("the lease commands are not available on this lease backend yet")
        return self._reports

    def _file(self) -> Lines:
        if self._lines is None:
            raise CommandError("only leases of type memfile are written to a file")
        return self._lines

    def _page(self, arguments: dict[str, Any]) -> Page[Any, Any]:
        wanted = msgspec.convert(arguments["wanted"], self._wanted)
        return self._asked().page(wanted, arguments["after"], arguments["limit"])

    def _one(self, place: int | bytes | Sequence[Any], lease_type: int | None) -> AnyLease | None:
        """The lease at an address, of this type if one is given, or the first of an identity; in DHCPv6 its only one.
        CommandError when there are several."""
        if isinstance(place, (int, bytes)):
            lease: AnyLease | None = self._asked().at(place)
            other = isinstance(lease, Lease6) and lease_type is not None and lease.lease_type != lease_type
            return None if other else lease
        wanted = msgspec.convert(place, self._wanted)
        several = isinstance(wanted, Wanted6)
        found: list[AnyLease] = []
        after = self._beginning
        while after is not None and len(found) < 1 + several:
            page = self._asked().page(wanted, after, 1 + several)
            found += page.leases
            after = page.after
        if several and len(found) > 1:
            raise CommandError(f"there are several leases with these, among them {_name(found[0])} and "
                               f"{_name(found[1])}")  # fmt: skip
        return found[0] if found else None

    def _changed(self, requests: list[Change]) -> int:
        """How many changes were made; those under whose hands a lease has changed were not."""
        results = self._execute(requests) if requests else []
        failed = next((result for result in results if isinstance(result, Failed)), None)
        if failed is not None:
            raise CommandError(failed.reason)
        return sum(isinstance(result, Stored) for result in results)


_ORDERS: dict[str, Callable[[LeaseOrders, dict[str, Any]], dict[str, Any]]] = {
    "lease-find": LeaseOrders.find,
    "lease-get": LeaseOrders.get,
    "lease-page": LeaseOrders.page,
    "lease-put": LeaseOrders.put,
    "lease-put-all": LeaseOrders.put_all,
    "lease-remove": LeaseOrders.remove,
    "lease-remove-all": LeaseOrders.remove_all,
    "lease-wipe": LeaseOrders.wipe,
    "lease-counts": LeaseOrders.counts,
}

NAMES = frozenset({*_ORDERS, "lease-write"})  #: orders that are carried out here


def shown(lease: AnyLease) -> dict[str, Any]:
    return shown4(lease) if isinstance(lease, Lease4) else shown6(lease)


def _name(lease: AnyLease) -> str:
    assert isinstance(lease, Lease6)
    return f"{text6(lease.address)} ({TYPES.get(lease.lease_type)})"


def _is_other(seen: AnyLease | None, lease: AnyLease) -> bool:
    """Whether the row at a prefix is that of an address, or the other way round: this is none that could be changed."""
    return isinstance(seen, Lease6) and isinstance(lease, Lease6) and seen.lease_type != lease.lease_type


def _refuse_registration(seen: AnyLease | None, lease: AnyLease) -> None:
    """CommandError, as in Kea, for an address that a client has registered and that is to be leased, or vice versa."""
    if isinstance(seen, Lease6) and (seen.state == REGISTERED) != (lease.state == REGISTERED):
        text = "is registered by its client" if seen.state == REGISTERED else "is leased and cannot be registered"
        raise CommandError(f"{text6(seen.address)} {text}")


def in_parts(page: Page[Any, Any]) -> tuple[list[Part], Any]:
    """A page as JSON, neighbours of one subnet together, and where to go on: earlier than the page when it is large."""
    parts: list[Part] = []
    subnet_id, run, size = -1, list[bytes](), 0
    after = page.after
    for lease in page.leases:
        text = to_json(shown(lease))
        size += len(text)
        if size > MESSAGE_BYTES and size > len(text):
            break
        if lease.subnet_id != subnet_id and run:
            parts.append((subnet_id, len(run), b",".join(run)))
            run = []
        subnet_id, last = lease.subnet_id, lease.address
        run.append(text)
    else:
        last = None
    if run:
        parts.append((subnet_id, len(run), b",".join(run)))
    return parts, after if last is None else last
