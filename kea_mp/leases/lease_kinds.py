"""What differs between the leases of the two families for a store on a database: their table, how a client is found,
and how addresses are counted.

A search for free addresses counts with plain numbers. An IPv4 address is one. An IPv6 address or prefix becomes one
together with its length, so that prefixes of one length are neighbours, and those of another length are elsewhere:
`length << 128 | the first `length` bits`.

Runs in: connection
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Protocol

from msgspec import structs

from kea_mp.family import DHCP4, DHCP6, Family
from kea_mp.leases.csv6 import NO_DUID
from kea_mp.leases.memfile_reports import is_wanted6
from kea_mp.leases.model import DECLINED, RECLAIMED, REGISTERED, Lease4, Lease6
from kea_mp.leases.sql_tables import LEASE4, LEASE6, Table
from kea_mp.leases.store import FindLeases, FindLeases6, Found, Found6, Range6, Wanted, Wanted6
from kea_mp.leases.tally import Places, Tally, Tally6, place6
from kea_mp.values import text4, text6

Address = int | bytes
AnyLease = Lease4 | Lease6
AnyFind = FindLeases | FindLeases6
AnyFound = Found | Found6
Range = tuple[int, int]  #: of numbers, first and last
Looks = dict[str, list[Any]]  #: name of a look-up → its keys
Client = bytes | tuple[bytes, int, int]

_ALL = (1 << 128) - 1
_BY_ADDRESS = attrgetter("address")


class LeaseKind(Protocol):
    """One family's leases."""

    @property
    def family(self) -> Family: ...

    @property
    def table(self) -> Table: ...

    @property
    def find(self) -> type[Any]:
        """The request for leases."""
        ...

    @property
    def tally(self) -> type[Places[Any]]:
        """What counts them, made with the subnets of a configuration."""
        ...

    @property
    def beginning(self) -> Any:
        """What all addresses are behind."""
        ...

    @property
    def end(self) -> Any:
        """The last address."""
        ...

    def number(self, address: Any, length: int) -> int:
        """The number of the address, or of the prefix of this length that it is in."""
        ...

    def number_of(self, lease: Any) -> int: ...

    def address(self, number: int) -> Any: ...

    def length(self, number: int) -> int:
        """Of the prefix; that of an address is the number of its bits."""
        ...

    def ranges(self, pools: Any) -> list[Range]:
        """The pools of a request."""
        ...

    def text(self, lease: Any) -> str:
        """Address or prefix of a lease for people."""
        ...

    def client(self, request: Any) -> Client:
        """Whom a proposal is for."""
        ...

    def looks(self, requests: Iterable[Any]) -> Looks:
        """How the leases of these clients are looked up."""
        ...

    def by_client(self, found: dict[str, list[Any]]) -> Any:
        """What the look-ups found, as `mine` needs it."""
        ...

    def mine(self, request: Any, by_client: Any) -> tuple[Any, ...]:
        """The leases that a request asks for, in the order that it promises."""
        ...

    def found(self, mine: tuple[Any, ...], at: Any, number: int = 0, row: Any = None) -> Any:
        """The answer. number, row: what is proposed, if anything."""
        ...

    def version(self, lease: Any) -> tuple[object, ...]:
        """What tells versions of a row apart, as far as the table holds it."""
        ...

    def problem(self, lease: Any) -> str:
        """Why this lease can have no row, "" when it can."""
        ...

    def ends_for_good(self, lease: Any) -> bool:
        """Whether its row is deleted when it has ended, even where others are kept for clients that come back."""
        ...

    def shortened(self, lease: Any, valid_lft: int) -> Any:
        """With this valid lifetime."""
        ...

    def looks_for(self, wanted: Any) -> Looks:
        """How leases that a command asks for are looked up; empty when there is no index for it."""
        ...

    def is_wanted(self, lease: Any, wanted: Any) -> bool:
        """Whether a lease is one of those that a command asks for."""
        ...

    def is_filter(self, wanted: Any) -> bool:
        """Whether a command asks for something that neither an index nor a subnet tells."""
        ...

    def place(self, pool_id: int, *rest: int) -> int:
        """Where the leases of a row in Kea's statistics table are counted; rest: (lease type in DHCPv6,) state."""
        ...


@dataclass
class _Found4:
    by_hw: dict[bytes, list[Lease4]] = field(default_factory=dict)
    by_client: dict[bytes, list[Lease4]] = field(default_factory=dict)


class Leases4:
    """DHCPv4."""

    family, table, find, tally = DHCP4, LEASE4, FindLeases, Tally
    beginning, end = -1, 0xFFFFFFFF

    def number(self, address: int, length: int) -> int:
        return address

    def number_of(self, lease: Lease4) -> int:
        return lease.address

    def address(self, number: int) -> int:
        return number

    def length(self, number: int) -> int:
        return 32

    def ranges(self, pools: Sequence[int]) -> list[Range]:
        return list(zip(pools[::2], pools[1::2], strict=True))

    def text(self, lease: Lease4) -> str:
        return text4(lease.address)

    def client(self, request: FindLeases) -> Client:
        return request.client_id or request.hw

    def looks(self, requests: Iterable[FindLeases]) -> Looks:
        hws, client_ids = set(), set()
        for request in requests:
            if request.hw:
                hws.add(request.hw[1:])
            if request.client_id:
                client_ids.add(request.client_id)
        return {name: list(keys) for name, keys in (("by_hw", hws), ("by_client", client_ids)) if keys}

    def by_client(self, found: dict[str, list[Lease4]]) -> _Found4:
        grouped = _Found4()
        for lease in sorted(found.get("by_hw", ()), key=_BY_ADDRESS):
            grouped.by_hw.setdefault(lease.hw[1:], []).append(lease)
        for lease in sorted(found.get("by_client", ()), key=_BY_ADDRESS):
            grouped.by_client.setdefault(lease.client_id, []).append(lease)
        return grouped

    def mine(self, request: FindLeases, by_client: _Found4) -> tuple[Lease4, ...]:
        wanted = request.subnets
        mine = [lease for lease in by_client.by_client.get(request.client_id, ()) if lease.subnet_id in wanted]
        for lease in by_client.by_hw.get(request.hw[1:], ()) if request.hw else ():
            if lease.subnet_id in wanted and lease not in mine:
                mine.append(lease)
        return tuple(mine)

    def found(
        self, mine: tuple[Lease4, ...], at: Lease4 | None, number: int = 0, row: Lease4 | None = None
    ) -> Found:  # fmt: skip
        return Found(mine, at, number, row)

    def version(self, lease: Lease4) -> tuple[object, ...]:
        """The table has no hardware type."""
        return lease.cltt, lease.valid_lft, lease.state, lease.hw[1:], lease.client_id, lease.subnet_id

    def problem(self, lease: Lease4) -> str:
        if len(lease.hw) < 2 and not lease.client_id and lease.state not in (DECLINED, RECLAIMED):
            return "has neither hardware address nor client-id"
        return ""

    def ends_for_good(self, lease: Lease4) -> bool:
        return lease.state == DECLINED

    def shortened(self, lease: Lease4, valid_lft: int) -> Lease4:
        return structs.replace(lease, valid_lft=valid_lft)

    def looks_for(self, wanted: Wanted) -> Looks:
        if wanted.hw:
            return {"by_hw": [wanted.hw[1:]]}
        if wanted.client_id:
            return {"by_client": [wanted.client_id]}
        return {"by_name": [wanted.hostname]} if wanted.hostname else {}

    def is_wanted(self, lease: Lease4, wanted: Wanted) -> bool:
        return not wanted.subnets or lease.subnet_id in wanted.subnets

    def is_filter(self, wanted: Wanted) -> bool:
        return False

    def place(self, pool_id: int, *rest: int) -> int:
        return pool_id


_Found6 = dict[Client, list[Lease6]]


class Leases6:
    """DHCPv6."""

    family, table, find, tally = DHCP6, LEASE6, FindLeases6, Tally6
    beginning, end = b"", b"\xff" * 16

    def number(self, address: bytes, length: int) -> int:
        return length << 128 | int.from_bytes(address, "big") >> 128 - length

    def number_of(self, lease: Lease6) -> int:
        return self.number(lease.address, lease.prefix_len)

    def address(self, number: int) -> bytes:
        return ((number & _ALL) << 128 - (number >> 128)).to_bytes(16, "big")

    def length(self, number: int) -> int:
        return number >> 128

    def ranges(self, pools: Sequence[Range6]) -> list[Range]:
        return [(self.number(pool.first, pool.length), self.number(pool.last, pool.length)) for pool in pools]

    def text(self, lease: Lease6) -> str:
        return text6(lease.address) if lease.prefix_len == 128 else f"{text6(lease.address)}/{lease.prefix_len}"

    def client(self, request: FindLeases6) -> Client:
        return request.duid, request.iaid, request.lease_type

    def looks(self, requests: Iterable[FindLeases6]) -> Looks:
        keys = {(request.duid, request.iaid) for request in requests if request.duid and request.subnets}
        return {"by_ia": list(keys)} if keys else {}

    def by_client(self, found: dict[str, list[Lease6]]) -> _Found6:
        grouped: _Found6 = {}
        for lease in sorted(found.get("by_ia", ()), key=_BY_ADDRESS):
            grouped.setdefault((lease.duid, lease.iaid, lease.lease_type), []).append(lease)
        return grouped

    def mine(self, request: FindLeases6, by_client: _Found6) -> tuple[Lease6, ...]:
        leases = by_client.get((request.duid, request.iaid, request.lease_type), ())
        return tuple([lease for lease in leases if lease.subnet_id in request.subnets])

    def found(
        self, mine: tuple[Lease6, ...], at: Lease6 | None, number: int = 0, row: Lease6 | None = None
    ) -> Found6:  # fmt: skip
        return Found6(mine, at, self.address(number), number >> 128, row) if number else Found6(mine, at)

    def version(self, lease: Lease6) -> tuple[object, ...]:
        return (
            lease.cltt, lease.valid_lft, lease.pref_lft, lease.state, lease.duid, lease.iaid, lease.lease_type,
            lease.subnet_id,
        )  # fmt: skip

    def problem(self, lease: Lease6) -> str:
        has_nobody = not lease.duid or (lease.duid == NO_DUID and lease.state != DECLINED)
        return "has no DUID" if has_nobody else ""

    def ends_for_good(self, lease: Lease6) -> bool:
        return lease.state in (DECLINED, REGISTERED)

    def shortened(self, lease: Lease6, valid_lft: int) -> Lease6:
        return structs.replace(lease, valid_lft=valid_lft, pref_lft=min(lease.pref_lft, valid_lft))

    def looks_for(self, wanted: Wanted6) -> Looks:
        if wanted.duid:
            return {"by_ia": [(wanted.duid, wanted.iaid)]} if wanted.iaid >= 0 else {"by_duid": [wanted.duid]}
        return {"by_name": [wanted.hostname]} if wanted.hostname else {}

    def is_wanted(self, lease: Lease6, wanted: Wanted6) -> bool:
        return is_wanted6(lease, wanted)

    def is_filter(self, wanted: Wanted6) -> bool:
        return bool(wanted.hw) or wanted.lease_type >= 0

    def place(self, pool_id: int, *rest: int) -> int:
        lease_type, state = rest
        return place6(lease_type, pool_id, state)


LEASES4, LEASES6 = Leases4(), Leases6()


def kind_for(family: Family) -> LeaseKind:
    return LEASES6 if family is DHCP6 else LEASES4
