"""Leases of each kind, for contract tests that say the same of all: IPv4 addresses, IPv6 addresses, delegated prefixes.

A kind has a pool of four places, numbered 0 to 3; whatever has another number lies outside of it.

Runs in: any
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from kea_mp.config.model import Config4, ExpiredLeases, Interfaces, Lifetime, MemfileAccess, Parameters4, Pool4, Subnet4
from kea_mp.config.model6 import Config6, Parameters6, PdPool6, Pool6, ServerId, Subnet6
from kea_mp.family import DHCP4, DHCP6
from kea_mp.leases.csv6 import NO_DUID
from kea_mp.leases.model import DECLINED, NA, PD, Lease4, Lease6
from kea_mp.leases.open_memfile import open_memfile
from kea_mp.leases.open_sql import open_sql
from kea_mp.leases.store import FindLeases, FindLeases6, Found, Found6, LeaseStore, Range6
from kea_mp.values import address4, address6
from tests.lab.lease_database import Database

NOW = 1_800_000_000

Store = LeaseStore[Any, Any]
Opener = Callable[[], Store]


def hw(number: int, htype: int = 1) -> bytes:
    return bytes([htype, 2, 0, 0, 0, 0, number])


class Kind(ABC):
    """What tests need to know of one kind. name: for pytest. total, assigned, cumulative: of its statistics; declined:
    "" when such leases are never declined. backends: on which it is there. nobody: changes that take a lease's client
    away; rarely: fields that only some leases have; varied: what identifies clients besides their number."""

    name: str
    total: str
    assigned: str
    cumulative: str
    declined: str = "declined-addresses"
    pool: str = "pool"
    family = DHCP6
    backends = ("memfile", "postgresql", "mysql")
    subnets: Any
    nobody: ClassVar[dict[str, Any]]
    rarely: ClassVar[dict[str, Any]]
    varied: ClassVar[dict[str, SearchStrategy[Any]]]

    @abstractmethod
    def is_of(self, lease: Any, client: int, **varied: Any) -> bool:
        """Whether a lease is one of this client's."""

    @abstractmethod
    def place(self, number: int) -> Any:
        """The address or prefix."""

    @abstractmethod
    def lease(self, number: int = 0, client: int = 1, **changes: Any) -> Any:
        """A lease of a client, in subnet 1 and pool 7, for an hour from NOW."""

    @abstractmethod
    def declined_lease(self, number: int = 0, **changes: Any) -> Any:
        """A lease of nobody any more."""

    @abstractmethod
    def request(self, client: int = 1, at: int | None = None, pools: tuple[tuple[int, int], ...] = (),
                skip: tuple[int, ...] = (), **changes: Any) -> Any:  # fmt: skip
        """What finds the leases of a client in subnet 1. pools: first and last number of each."""

    @abstractmethod
    def found(self, mine: tuple[Any, ...] = (), at: Any = None, free: int | None = None, row: Any = None) -> Any:
        """The answer to a request. free: the number of what is proposed."""

    @abstractmethod
    def config(self, access: MemfileAccess) -> Config4 | Config6: ...

    def memfile_in(self, folder: Path) -> Opener:
        access = MemfileAccess(str(Path(mkdtemp(dir=folder), "leases.csv")), sync="none")
        return lambda: open_memfile(self.config(access), NOW)[0]

    def sql_in(self, database: Database) -> Opener:
        database.clear()
        return lambda: open_sql(database.access, self.subnets, self.family)


class Addresses4(Kind):
    name = "v4"
    total, assigned, cumulative = "total-addresses", "assigned-addresses", "cumulative-assigned-addresses"
    family = DHCP4
    nobody: ClassVar = {"hw": b""}
    rarely: ClassVar = {"client_id": b"\xff\x00\x01"}
    varied: ClassVar = {"client_id": st.sampled_from([b"", hw(1), hw(2), b"\xff\x01\x02"])}
    first = address4("192.0.2.10")
    parameters = Parameters4(Lifetime(3600, 3600, 3600))
    subnets = (Subnet4(1, address4("192.0.2.0"), 24, (Pool4(first, first + 3, pool_id=7),), parameters),)

    def is_of(self, lease: Lease4, client: int, client_id: bytes = b"", **varied: Any) -> bool:
        return lease.hw == hw(client) or bool(client_id and lease.client_id == client_id)

    def place(self, number: int) -> int:
        return self.first + number

    def lease(self, number: int = 0, client: int = 1, **changes: Any) -> Lease4:
        fields = {"hw": hw(client), "client_id": b"", "valid_lft": 3600, "cltt": NOW, "subnet_id": 1, "pool_id": 7}
        return Lease4(**{"address": self.place(number), **fields, **changes})

    def declined_lease(self, number: int = 0, **changes: Any) -> Lease4:
        return self.lease(number, **{"hw": b"", "state": DECLINED, **changes})

    def request(self, client: int = 1, at: int | None = None, pools: tuple[tuple[int, int], ...] = (),
                skip: tuple[int, ...] = (), **changes: Any) -> FindLeases:  # fmt: skip
        fields: dict[str, Any] = {"hw": hw(client), "client_id": b"", "subnets": (1,), "now": NOW}
        fields["address"] = 0 if at is None else self.place(at)
        fields["pools"] = tuple(self.place(number) for pool in pools for number in pool)
        return FindLeases(**{**fields, "skip": tuple(map(self.place, skip)), **changes})

    def found(self, mine: tuple[Any, ...] = (), at: Any = None, free: int | None = None, row: Any = None) -> Found:
        return Found(mine, at, 0 if free is None else self.place(free), row)

    def config(self, access: MemfileAccess) -> Config4:
        return Config4({}, "", Interfaces(), access, ExpiredLeases(), self.subnets, self.parameters)


class Kind6(Kind):
    """What both kinds of DHCPv6 share."""

    lease_type: int
    length: int
    first: int
    nobody: ClassVar = {"duid": NO_DUID}
    rarely: ClassVar = {"hw": hw(9, htype=6), "hw_source": 2, "iaid": 0xFFFFFFFF}
    varied: ClassVar = {"iaid": st.integers(1, 2)}
    parameters = Parameters6(Lifetime(3600, 3600, 3600))

    def is_of(self, lease: Lease6, client: int, iaid: int = 5, **varied: Any) -> bool:
        return (lease.duid, lease.iaid) == (b"\0\3" + hw(client), iaid)

    def place(self, number: int) -> bytes:
        return (self.first + (number << 128 - self.length)).to_bytes(16, "big")

    def lease(self, number: int = 0, client: int = 1, **changes: Any) -> Lease6:
        fields = {"duid": b"\0\3" + hw(client), "iaid": 5, "lease_type": self.lease_type, "prefix_len": self.length}
        more = {"pref_lft": 1800, "valid_lft": 3600, "cltt": NOW, "subnet_id": 1, "pool_id": 7}
        return Lease6(**{"address": self.place(number), **fields, **more, **changes})

    def declined_lease(self, number: int = 0, **changes: Any) -> Lease6:
        return self.lease(number, **{"duid": NO_DUID, "pref_lft": 0, "state": DECLINED, **changes})

    def request(self, client: int = 1, at: int | None = None, pools: tuple[tuple[int, int], ...] = (),
                skip: tuple[int, ...] = (), **changes: Any) -> FindLeases6:  # fmt: skip
        fields: dict[str, Any] = {"duid": b"\0\3" + hw(client), "iaid": 5, "lease_type": self.lease_type}
        fields |= {"subnets": (1,), "now": NOW, "address": b"" if at is None else self.place(at)}
        fields["pools"] = tuple(Range6(self.place(first), self.place(last), self.length) for first, last in pools)
        return FindLeases6(**{**fields, "skip": tuple(map(self.place, skip)), **changes})

    def found(self, mine: tuple[Any, ...] = (), at: Any = None, free: int | None = None, row: Any = None) -> Found6:
        if free is None:
            return Found6(mine, at)
        return Found6(mine, at, self.place(free), self.length, row)

    def config(self, access: MemfileAccess) -> Config6:
        parts = (Interfaces(), access, ExpiredLeases(), self.subnets, self.parameters, ServerId(""))
        return Config6({}, "", *parts)


class Addresses6(Kind6):
    name = "na"
    total, assigned, cumulative = "total-nas", "assigned-nas", "cumulative-assigned-nas"
    lease_type, length = NA, 128
    prefix = address6("2001:db8::")
    first = int.from_bytes(address6("2001:db8::10"), "big")
    pool_ = Pool6(address6("2001:db8::10"), address6("2001:db8::13"), pool_id=7)
    subnets = (Subnet6(1, prefix, 64, (pool_,), (), Kind6.parameters),)


class Prefixes(Kind6):
    name = "pd"
    total, assigned, cumulative, declined, pool = "total-pds", "assigned-pds", "cumulative-assigned-pds", "", "pd-pool"
    lease_type, length = PD, 56
    prefix = address6("2001:db8:f:400::")
    first = int.from_bytes(prefix, "big")
    pool_ = PdPool6(prefix, 54, 56, pool_id=7)
    subnets = (Subnet6(1, address6("2001:db8::"), 64, (), (pool_,), Kind6.parameters),)


KINDS = (Addresses4(), Addresses6(), Prefixes())
