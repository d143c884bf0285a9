"""A small world for DHCPv6 engine tests: configurations, packets, and a store of a few rows driven by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kea_mp.config.model import ExpiredLeases, Interfaces, Lifetime, MemfileAccess, OptionData, OptionSet
from kea_mp.config.model6 import (
    Config6,
    Host6,
    Parameters6,
    PdPool6,
    Pool6,
    ReservedPrefix,
    ServerId,
    Subnet6,
)
from kea_mp.dhcp.message6 import (
    IA_NA,
    IA_PD,
    Ia,
    Leased,
    Message6,
    Relay6,
    decode6,
    encode6,
    pack_ia,
    pack_iaaddr,
    pack_iaprefix,
    pack_option6,
)
from kea_mp.leases.model import NA, PD, Lease6, usable_by_anyone
from kea_mp.leases.store import (
    Changed,
    ClaimLease,
    Failed,
    FindLeases6,
    Found6,
    RemoveLease,
    Request6,
    Result6,
    Stored,
)
from kea_mp.values import address6
from workers.serving.engine6.exchange import Drop, Engine6, Packet6, Reply6

NOW = 1_700_000_000
SERVER_DUID = bytes.fromhex("000100012a2b2c2d020000000099")
MAC = bytes.fromhex("020000000001")
HW = b"\x01" + MAC
DUID = bytes.fromhex("00030001") + MAC
OTHER_DUID = bytes.fromhex("00030001020000000002")
CLIENT = address6("fe80::ff:fe00:1")
EVERYBODY = address6("ff02::1:2")
OUR_ADDRESS = address6("2001:db8::1")
LIFETIME = Lifetime(4000, 2000, 8000)
PREFERRED = Lifetime(3000, 1000, 6000)


def a(text: str) -> bytes:
    """2001:db8::… for short: a("::10"); "::" is itself."""
    return address6("2001:db8" + text if text.startswith("::") and text != "::" else text)


def parameters(**changes: Any) -> Parameters6:
    return Parameters6(**{"valid_lifetime": LIFETIME, "preferred_lifetime": PREFERRED, **changes})


def pool(first: str, last: str, **more: Any) -> Pool6:
    return Pool6(first=a(first), last=a(last), **more)


def pd_pool(prefix: str = "2001:db8:8000::", length: int = 40, delegated: int = 56, **more: Any) -> PdPool6:
    return PdPool6(prefix=a(prefix), length=length, delegated_length=delegated, **more)


def subnet(id: int = 1, prefix: str = "2001:db8::", length: int = 64, **more: Any) -> Subnet6:
    values: dict[str, Any] = {
        "pools": (pool("::10", "::1f"),),
        "pd_pools": (),
        "parameters": parameters(),
        "options_chain": ({},),
        "interface": "eth0",
    }
    return Subnet6(id=id, prefix=address6(prefix), length=length, **{**values, **more})


def options(*rows: OptionData) -> OptionSet:
    found: dict[str, dict[int, tuple[OptionData, ...]]] = {}
    for row in rows:
        space = found.setdefault(row.space, {})
        space[row.code] = (*space.get(row.code, ()), row)
    return found


def option(code: int, data: bytes, space: str = "dhcp6", **more: Any) -> OptionData:
    return OptionData(space, code, f"option-{code}", data, **more)


def host(*addresses: str, kind: str = "duid", value: bytes = DUID, subnet_id: int = 1, **more: Any) -> Host6:
    prefixes = tuple(more.pop("prefixes", ()))
    reserved = tuple(one if isinstance(one, ReservedPrefix) else ReservedPrefix(a(one), 56) for one in prefixes)
    return Host6((kind, value), subnet_id, addresses=tuple(map(a, addresses)), prefixes=reserved, **more)


def config(*subnets: Subnet6, **more: Any) -> Config6:
    values: dict[str, Any] = {
        "raw": {},
        "digest": "",
        "interfaces": Interfaces(),
        "lease_database": MemfileAccess("/nowhere/leases.csv"),
        "expired": ExpiredLeases(),
        "subnets": subnets or (subnet(),),
        "global_parameters": parameters(),
        "server_id": ServerId("/nowhere/serverid"),
    }
    return Config6(**{**values, **more})


def engine(*subnets: Subnet6, **more: Any) -> Engine6:
    return Engine6(config(*subnets, **more), SERVER_DUID)


def na(iaid: int = 1, *addresses: str, preferred: int = 0, valid: int = 0) -> bytes:
    """An IA_NA, packed."""
    body = b"".join(pack_iaaddr(a(address), preferred, valid) for address in addresses)
    return pack_ia(IA_NA, iaid, 0, 0, body)


def pd(iaid: int = 1, *prefixes: str, length: int = 56, preferred: int = 0, valid: int = 0) -> bytes:
    """An IA_PD, packed."""
    body = b"".join(pack_iaprefix(a(prefix), length, preferred, valid) for prefix in prefixes)
    return pack_ia(IA_PD, iaid, 0, 0, body)


def relay(link: str = "2001:db8::ffff", peer: bytes = CLIENT, hops: int = 0, **opts: Any) -> Relay6:
    codes = {int(code.removeprefix("o")): [data] for code, data in opts.items()}
    return Relay6(hops, a(link), peer, codes)


def message(
    kind: int, *ias: bytes, duid: bytes = DUID, server: bytes = b"", opts: dict[int, bytes] | None = None
) -> Message6:
    packed = (pack_option6(1, duid) if duid else b"") + (pack_option6(2, server) if server else b"") + b"".join(ias)
    packed += b"".join(pack_option6(code, data) for code, data in (opts or {}).items())
    return decode6(encode6(kind, 0x123456, packed))


def packet(kind: int, *ias: bytes, relays: tuple[Relay6, ...] = (), to_us: bool | None = None, **more: Any) -> Packet6:
    """to_us: our server identifier is in it; None: if the message needs one."""
    source, destination = more.pop("source", CLIENT), more.pop("destination", EVERYBODY)
    interface, port = more.pop("interface", "eth0"), more.pop("source_port", 546)
    named = kind in (3, 5, 8, 9) if to_us is None else to_us
    whole = message(kind, *ias, server=SERVER_DUID if named else b"", **more)
    whole = Message6(whole.type, whole.xid, whole.options, whole.ias, relays)
    return Packet6(whole, interface, 2, source, port, destination)


def lease(address: str, *, age: int = 1000, **more: Any) -> Lease6:
    values: dict[str, Any] = {
        "duid": DUID, "iaid": 1, "lease_type": NA, "prefix_len": 128, "pref_lft": 3000, "valid_lft": 4000,
        "cltt": NOW - age, "subnet_id": 1, "hw": HW, "hw_source": 2,
    }  # fmt: skip
    return Lease6(address=a(address), **{**values, **more})


def prefix(address: str, *, length: int = 56, **more: Any) -> Lease6:
    return lease(address, lease_type=PD, prefix_len=length, **more)


def _next(address: bytes, length: int) -> bytes:
    return (int.from_bytes(address, "big") + (1 << 128 - length)).to_bytes(16, "big")


@dataclass
class Store:
    """A lease store for one exchange after the other. asked: every request so far; trips: how often it was asked.
    fails: answer Failed. intruder: a row that appears just before the next write."""

    rows: dict[bytes, Lease6] = field(default_factory=dict)
    asked: list[Request6] = field(default_factory=list)
    trips: int = 0
    fails: bool = False
    intruder: Lease6 | None = None

    @classmethod
    def of(cls, *leases: Lease6) -> Store:
        return cls({row.address: row for row in leases})

    def answers(self, requests: tuple[Request6, ...]) -> tuple[Result6, ...]:
        """Reads see the state before the writes; proposals of one batch differ."""
        self.trips += 1
        proposed: set[bytes] = set()
        return tuple(self._answer(request, proposed) for request in requests)

    def _answer(self, request: Request6, proposed: set[bytes]) -> Result6:
        self.asked.append(request)
        if self.fails:
            return Failed("the disk is on fire")
        if isinstance(request, FindLeases6):
            return self._find(request, proposed)
        if self.intruder is not None:
            self.rows[self.intruder.address], self.intruder = self.intruder, None
        target = request.lease if isinstance(request, ClaimLease) else request.seen
        there = self.rows.get(target.address)
        if there != request.seen:
            return Changed(there)
        if isinstance(request, RemoveLease):
            return Stored(self.rows.pop(target.address))
        self.rows[target.address] = request.lease
        return Stored(request.lease)

    def _find(self, request: FindLeases6, proposed: set[bytes]) -> Found6:
        who = (request.duid, request.iaid, request.lease_type)
        mine = tuple(
            row for row in self.rows.values()
            if (row.duid, row.iaid, row.lease_type) == who and row.subnet_id in request.subnets
        )  # fmt: skip
        at = self.rows.get(request.address)
        taken = at is not None and not usable_by_anyone(at, request.now)
        if not request.pools or mine or (request.address and not taken):
            return Found6(mine, at)
        for pool in request.pools:
            address = pool.first
            while address <= pool.last:
                row = self.rows.get(address)
                free = row is None or usable_by_anyone(row, request.now)
                if free and address not in request.skip and address not in proposed:
                    proposed.add(address)
                    return Found6(mine, at, address, pool.length, row)
                address = _next(address, pool.length)
        return Found6(mine, at)

    @property
    def writes(self) -> list[Request6]:
        return [request for request in self.asked if not isinstance(request, FindLeases6)]


@dataclass
class Answer:
    """A reply taken apart. codes: option codes in the order on the wire."""

    reply: Reply6
    message: Message6
    codes: list[int]

    def __getitem__(self, code: int) -> bytes:
        return self.message.options[code][0]

    def __contains__(self, code: int) -> bool:
        return code in self.message.options

    @property
    def type(self) -> int:
        return self.message.type

    def ia(self, code: int = IA_NA, place: int = 0) -> Ia:
        return [ia for ia in self.message.ias if ia.code == code][place]

    @property
    def address(self) -> Leased:
        """The only address of the first IA_NA."""
        (leased,) = self.ia().leases
        return leased

    @property
    def prefix(self) -> Leased:
        (leased,) = self.ia(IA_PD).leases
        return leased

    def status(self, code: int = IA_NA, place: int = 0) -> int | None:
        """In an IA."""
        status = self.ia(code, place).status
        return status.code if status is not None else None


def codes_of(payload: bytes) -> list[int]:
    found, at = [], 4
    while at < len(payload):
        found.append(int.from_bytes(payload[at : at + 2], "big"))
        at += 4 + int.from_bytes(payload[at + 2 : at + 4], "big")
    return found


def run(engine: Engine6, packet: Packet6, store: Store | None = None, now: float = NOW) -> Answer | Drop:
    """The exchange, the store answering at once."""
    store = store if store is not None else Store()
    exchange = engine.respond(packet, now)
    try:
        asked = next(exchange)
        while True:
            several = isinstance(asked, tuple)
            requests = asked if isinstance(asked, tuple) else (asked,)
            results = store.answers(requests)
            for request, result in zip(requests, results, strict=True):
                engine.saw(request, result)
            asked = exchange.send(results if several else results[0])
    except StopIteration as end:
        outcome = end.value
    if isinstance(outcome, Drop):
        return outcome
    decoded = decode6(outcome.payload)
    return Answer(outcome, decoded, [] if decoded.relays else codes_of(outcome.payload))


def answered(engine: Engine6, packet: Packet6, store: Store | None = None, now: float = NOW) -> Answer:
    outcome = run(engine, packet, store, now)
    assert isinstance(outcome, Answer), outcome
    return outcome


def dropped(engine: Engine6, packet: Packet6, store: Store | None = None, now: float = NOW) -> Drop:
    outcome = run(engine, packet, store, now)
    assert isinstance(outcome, Drop), outcome
    return outcome
