"""DHCPv6 packets of the differential scenarios, and short ways to write configurations.

A client is a number: from it come its DUID (type 3, of 02:00:00:00:00:0N) and its link-local address (of the same
hardware address, by EUI-64).

Runs in: any
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from kea_mp.family import DHCP6
from tests.interop.scenario import Asked, Json, Scenario, Sleep, Step, dashed, option, u8, u16, u32
from tests.lab.packets6 import (
    ADDR_REG_INFORM,
    ADDR_REG_REPLY,
    ADVERTISE,
    ALL_AGENTS_AND_SERVERS,
    ALL_SERVERS,
    CLIENT_ID,
    CONFIRM,
    DECLINE,
    IA_NA,
    IA_PD,
    IA_TA,
    INFORMATION_REQUEST,
    ORO,
    REBIND,
    RELEASE,
    RENEW,
    REPLY,
    REQUEST,
    SERVER_ID,
    SOLICIT,
    TYPE_NAMES6,
    Answer6,
    ia,
    iaaddr,
    iaprefix,
    ip6,
    message6,
    opt,
    relayed6,
)

SERVER = "2001:db8:1::1"
RELAY, RELAY2 = "2001:db8:a::1", "2001:db8:b::1"
CLIENTS = range(1, 7)

#: what both servers are told to be called: otherwise they would differ in it
SERVER_ID_CONFIG: Json = {"type": "EN", "enterprise-id": 32473, "identifier": "0a0b0c0d0e0f", "persist": False}
SERVER_DUID = b"\0\2" + u32(32473) + b"\x0a\x0b\x0c\x0d\x0e\x0f"

Pools = Sequence[str | Json] | None
Piece = bytes | Callable[[Answer6 | None], bytes]  #: packed options, or made of the last answer to this client


def link_local(client: int) -> str:
    return f"fe80::ff:fe00:{client}"


def duid(client: int) -> bytes:
    return b"\0\3\0\1\2\0\0\0\0" + u8(client)


def duid_text(client: int) -> str:
    """For `duid` of a reservation."""
    return duid(client).hex(":")


#: addresses that live on the client side
SOURCES = (*map(link_local, CLIENTS), RELAY, RELAY2, "2001:db8:1::2", "2001:db8:1::77", "2001:db8:2::77", "fe80::9")


@dataclass(frozen=True)
class Relay:
    """A relay header; of several the first is the one next to the client."""

    link: str = RELAY
    peer: str = ""
    options: tuple[bytes, ...] = ()
    hops: int | None = None


@dataclass(frozen=True)
class Ask6(Asked):
    """One packet. pieces: its options; relays: next to the client first. raw: sent instead of all of it."""

    kind: int
    client: int
    duid: bytes
    pieces: tuple[Piece, ...]
    source: tuple[str, int]
    destination: tuple[str, int] = (ALL_AGENTS_AND_SERVERS, 547)
    relays: tuple[Relay, ...] = ()
    cut: int | None = None
    raw: bytes | None = None
    note: str = ""

    @property
    def name(self) -> str:
        return self.note or TYPE_NAMES6.get(self.kind, f"type {self.kind}")

    def payload(self, last: Answer6 | None) -> bytes:
        """The UDP payload."""
        if self.raw is not None:
            return self.raw
        options = [piece if isinstance(piece, bytes) else piece(last) for piece in self.pieces]
        payload = message6(self.kind, self.kind << 16 | self.client, *options)[: self.cut]
        peer = link_local(self.client)
        for hops, relay in enumerate(self.relays):
            number = hops if relay.hops is None else relay.hops
            payload = relayed6(payload, relay.link, relay.peer or peer, number, *relay.options)
            peer = relay.link
        return payload


# --- configurations ---------------------------------------------------------------------------------------------


def subnet(prefix: str = "2001:db8:1::/64", id: int = 1, pools: Pools = None, **more: Any) -> Json:
    """A subnet on the servers' link; keyword names have "_" for "-". Without pools: ::10 to ::99."""
    base = prefix.split("/")[0]
    ranges = [f"{base}10 - {base}99"] if pools is None else pools
    return {
        "id": id,
        "subnet": prefix,
        "interface": "srv0",
        "pools": [{"pool": pool} if isinstance(pool, str) else pool for pool in ranges],
        **dashed(more),
    }


def remote(prefix: str = "2001:db8:a::/64", id: int = 2, pools: Pools = None, **more: Any) -> Json:
    """A subnet behind a relay."""
    made = subnet(prefix, id, pools, **more)
    del made["interface"]
    return made


def pd_pool(prefix: str = "2001:db8:f000::/36", delegated: int = 48, **more: Any) -> Json:
    address, _, length = prefix.partition("/")
    return {"prefix": address, "prefix-len": int(length), "delegated-len": delegated, **dashed(more)}


def with_pd(*pools: Json, **more: Any) -> Json:
    """The usual subnet with pd-pools."""
    return subnet(pd_pools=list(pools) or [pd_pool()], **more)


def config(*subnets: Json, **members: Any) -> Json:
    """Dhcp6 with these subnets (one usual subnet when none is given)."""
    return {
        "interfaces-config": {"interfaces": ["srv0"]},
        "server-id": SERVER_ID_CONFIG,
        "preferred-lifetime": 3000,
        "valid-lifetime": 4000,
        "renew-timer": 1000,
        "rebind-timer": 2000,
        "subnet6": list(subnets) if subnets or "shared_networks" in members else [subnet()],
        **dashed(members),
    }


Scenario6 = partial(Scenario, family=DHCP6)

# --- packets ----------------------------------------------------------------------------------------------------

USUAL = (23, 24)  #: an ORO
NA, PD = ia(IA_NA, 1), ia(IA_PD, 1)


def server_id(last: Answer6 | None) -> bytes:
    """The server identifier of the last answer, by default the one that both have."""
    return opt(SERVER_ID, (last.option(SERVER_ID) if last else None) or SERVER_DUID)


def same_ias(last: Answer6 | None) -> bytes:
    """All IAs as they were given."""
    if last is None:
        return NA
    return b"".join(opt(code, payload) for code, payload in last.options if code in (IA_NA, IA_PD))


def ask(
    kind: int,
    *pieces: Piece,
    client: int = 1,
    oro: Sequence[int] | None = USUAL,
    duid_is: bytes | None = None,
    identified: bool = True,
    source: tuple[str, int] | None = None,
    destination: tuple[str, int] = (ALL_AGENTS_AND_SERVERS, 547),
    relays: Relay | tuple[Relay, ...] = (),
    cut: int | None = None,
    note: str = "",
) -> Ask6:
    """A message of type `kind`, with client identifier unless `identified` says no."""
    through = (relays,) if isinstance(relays, Relay) else relays
    name = duid(client) if duid_is is None else duid_is
    own: tuple[Piece, ...] = (opt(CLIENT_ID, name),) if identified else ()
    wanted: tuple[Piece, ...] = (opt(ORO, b"".join(map(u16, oro))),) if oro is not None else ()
    return Ask6(
        kind, client, name, (*own, *pieces, *wanted),
        source or ((RELAY, 547) if through else (link_local(client), 546)), destination, through, cut, None, note,
    )  # fmt: skip


def raw(payload: bytes, note: str, client: int = 1) -> Ask6:
    """Any bytes."""
    return Ask6(0, client, duid(client), (), (link_local(client), 546), raw=payload, note=note)


def solicit(*pieces: Piece, **more: Any) -> Ask6:
    """With an IA_NA unless told otherwise."""
    return ask(SOLICIT, *(pieces or (NA,)), **more)


def request(*pieces: Piece, **more: Any) -> Ask6:
    """What was advertised, and more pieces."""
    return ask(REQUEST, server_id, same_ias, *pieces, **more)


def renew(*pieces: Piece, **more: Any) -> Ask6:
    """What the client has unless told otherwise."""
    return ask(RENEW, server_id, *(pieces or (same_ias,)), **more)


def rebind(*pieces: Piece, **more: Any) -> Ask6:
    return ask(REBIND, *(pieces or (same_ias,)), **more)


def release(*pieces: Piece, **more: Any) -> Ask6:
    return ask(RELEASE, server_id, *(pieces or (same_ias,)), **{"oro": None, **more})


def decline(*pieces: Piece, **more: Any) -> Ask6:
    return ask(DECLINE, server_id, *(pieces or (same_ias,)), **{"oro": None, **more})


def confirm(*pieces: Piece, **more: Any) -> Ask6:
    return ask(CONFIRM, *(pieces or (same_ias,)), **{"oro": None, **more})


def information(*pieces: Piece, **more: Any) -> Ask6:
    return ask(INFORMATION_REQUEST, *pieces, **more)


def inform(address: str, *pieces: Piece, **more: Any) -> Ask6:
    """ADDR-REG-INFORM of an address, from it."""
    return ask(ADDR_REG_INFORM, *(pieces or (iaaddr(address, 3000, 4000),)), **{"source": (address, 546), **more})


def four_way(*pieces: Piece, extra: Piece = b"", **more: Any) -> tuple[Ask6, Ask6]:
    """SOLICIT and REQUEST. pieces: of the SOLICIT, IAs among them; extra: of both."""
    return solicit(*(pieces or (NA,)), extra, **more), request(extra, **more)


GOT = (ADVERTISE, REPLY)  #: what a four-way exchange is answered with

__all__ = [
    "ADDR_REG_REPLY", "ADVERTISE", "ALL_AGENTS_AND_SERVERS", "ALL_SERVERS", "GOT", "IA_NA", "IA_PD", "IA_TA", "REPLY",
    "Answer6", "Json", "Scenario6", "Sleep", "Step", "ia", "iaaddr", "iaprefix", "ip6", "opt", "option", "u8", "u16",
    "u32",
]  # fmt: skip
