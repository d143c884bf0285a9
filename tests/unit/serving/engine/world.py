"""A small world for engine tests: configurations, packets, and a store of a few rows driven by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kea_mp.config.model import (
    Config4,
    ExpiredLeases,
    Host4,
    Interfaces,
    Lifetime,
    MemfileAccess,
    OptionData,
    OptionSet,
    Parameters4,
    Pool4,
    Subnet4,
)
from kea_mp.dhcp.message4 import Message4, decode4, encode4, pack_option
from kea_mp.leases.model import Lease4, same_version, usable_by_anyone
from kea_mp.leases.store import (
    Changed,
    ClaimLease,
    Failed,
    FindLeases,
    Found,
    RemoveLease,
    Request,
    Result,
    Stored,
)
from kea_mp.values import address4
from workers.serving.engine.exchange import Drop, Engine4, Packet4, Reply4

NOW = 1_700_000_000
SERVER = address4("192.0.2.1")
EVERYBODY = 0xFFFFFFFF
MAC = bytes.fromhex("020000000001")
HW = b"\x01" + MAC
CLIENT_ID = b"\x01" + MAC
OTHER_HW = bytes.fromhex("01020000000002")
LIFETIME = Lifetime(3600, 1800, 7200)


def a(text: str) -> int:
    """192.0.2.… for short: a(".10")."""
    return address4("192.0.2" + text if text.startswith(".") else text)


def parameters(**changes: Any) -> Parameters4:
    return Parameters4(**{"valid_lifetime": LIFETIME, **changes})


def pool(first: str, last: str, **more: Any) -> Pool4:
    return Pool4(a(first), a(last), **more)


def subnet(id: int = 1, prefix: str = "192.0.2.0", length: int = 24, **more: Any) -> Subnet4:
    values: dict[str, Any] = {
        "pools": (pool(".10", ".20"),),
        "parameters": parameters(),
        "options_chain": ({},),
    }
    return Subnet4(id=id, prefix=address4(prefix), length=length, **{**values, **more})


def options(*rows: OptionData) -> OptionSet:
    found: dict[str, dict[int, tuple[OptionData, ...]]] = {}
    for row in rows:
        space = found.setdefault(row.space, {})
        space[row.code] = (*space.get(row.code, ()), row)
    return found


def option(code: int, data: bytes, space: str = "dhcp4", **more: Any) -> OptionData:
    return OptionData(space, code, f"option-{code}", data, **more)


def host(address: str = "", *, kind: str = "hw-address", value: bytes = HW, subnet_id: int = 1, **more: Any) -> Host4:
    return Host4((kind, value), subnet_id, a(address) if address else 0, **more)


def config(*subnets: Subnet4, **more: Any) -> Config4:
    values: dict[str, Any] = {
        "raw": {},
        "digest": "",
        "interfaces": Interfaces(),
        "lease_database": MemfileAccess("/nowhere/leases.csv"),
        "expired": ExpiredLeases(),
        "subnets": subnets or (subnet(),),
        "global_parameters": parameters(),
    }
    return Config4(**{**values, **more})


def message(kind: int | None, *, mac: bytes = MAC, opts: dict[int, bytes] | None = None, **header: Any) -> Message4:
    packed = b"" if kind is None else pack_option(53, bytes((kind,)))
    packed += b"".join(pack_option(code, data) for code, data in (opts or {}).items())
    fields: dict[str, Any] = {
        "op": 1, "htype": 1, "hlen": len(mac), "hops": 0, "xid": 0x1234, "secs": 0, "flags": 0, "ciaddr": 0,
        "yiaddr": 0, "siaddr": 0, "giaddr": 0, "chaddr": mac, "sname": b"", "file": b"",
    }  # fmt: skip
    return decode4(encode4(**{**fields, **header}, options=packed))


def packet(
    kind: int | None, *, raw: bool = True, source: int = 0, destination: int = EVERYBODY, **more: Any
) -> Packet4:
    interface, port = more.pop("interface", "eth0"), more.pop("source_port", 68)
    return Packet4(message(kind, **more), interface, 2, SERVER, source, destination, port, b"\x02\0\0\0\0\x99", raw)


def lease(address: str, *, hw: bytes = HW, client_id: bytes = b"", age: int = 1000, **more: Any) -> Lease4:
    values: dict[str, Any] = {"valid_lft": 3600, "cltt": NOW - age, "subnet_id": 1}
    return Lease4(address=a(address), hw=hw, client_id=client_id, **{**values, **more})


@dataclass
class Store:
    """A lease store for one exchange after the other. asked: every request so far. fails: answer Failed."""

    rows: dict[int, Lease4] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    fails: bool = False
    intruder: Lease4 | None = None  #: appears just before the next write

    @classmethod
    def of(cls, *leases: Lease4) -> Store:
        return cls({row.address: row for row in leases})

    def answer(self, request: Request) -> Result:
        self.asked.append(request)
        if self.fails:
            return Failed("the disk is on fire")
        if isinstance(request, FindLeases):
            return self._find(request)
        if self.intruder is not None:
            self.rows[self.intruder.address], self.intruder = self.intruder, None
        target = request.lease if isinstance(request, ClaimLease) else request.seen
        there = self.rows.get(target.address)
        if not same_version(there, request.seen):
            return Changed(there)
        if isinstance(request, RemoveLease):
            return Stored(self.rows.pop(target.address))
        self.rows[target.address] = request.lease
        return Stored(request.lease)

    def _find(self, request: FindLeases) -> Found:
        here = [row for row in self.rows.values() if row.subnet_id in request.subnets]
        by_client = [row for row in here if request.client_id and row.client_id == request.client_id]
        by_hw = [row for row in here if request.hw and row.hw == request.hw and row not in by_client]
        mine = tuple(by_client + by_hw)
        at = self.rows.get(request.address)
        taken = at is not None and not usable_by_anyone(at, request.now)
        if not request.pools or mine or (request.address and not taken):
            return Found(mine, at)
        for first, last in zip(request.pools[::2], request.pools[1::2], strict=True):
            for address in range(first, last + 1):
                row = self.rows.get(address)
                if address not in request.skip and (row is None or usable_by_anyone(row, request.now)):
                    return Found(mine, at, address, row)
        return Found(mine, at)

    @property
    def writes(self) -> list[Request]:
        return [request for request in self.asked if not isinstance(request, FindLeases)]


@dataclass
class Answer:
    """A reply taken apart. codes: option codes in the order on the wire."""

    reply: Reply4
    message: Message4
    codes: list[int]

    def __getitem__(self, code: int) -> bytes:
        return self.message.options[code]

    def __contains__(self, code: int) -> bool:
        return code in self.message.options


def codes_of(payload: bytes) -> list[int]:
    found, at = [], 240
    while payload[at] != 255:
        found.append(payload[at])
        at += 2 + payload[at + 1]
    return found


def run(engine: Engine4, packet: Packet4, store: Store | None = None, now: float = NOW) -> Answer | Drop:
    """The exchange, the store answering at once."""
    store = store if store is not None else Store()
    exchange = engine.respond(packet, now)
    try:
        request = next(exchange)
        while True:
            result = store.answer(request)
            engine.saw(request, result)
            request = exchange.send(result)
    except StopIteration as end:
        outcome = end.value
    if isinstance(outcome, Drop):
        return outcome
    return Answer(outcome, decode4(outcome.payload), codes_of(outcome.payload))


def answered(engine: Engine4, packet: Packet4, store: Store | None = None, now: float = NOW) -> Answer:
    outcome = run(engine, packet, store, now)
    assert isinstance(outcome, Answer), outcome
    return outcome


def dropped(engine: Engine4, packet: Packet4, store: Store | None = None, now: float = NOW) -> Drop:
    outcome = run(engine, packet, store, now)
    assert isinstance(outcome, Drop), outcome
    return outcome
