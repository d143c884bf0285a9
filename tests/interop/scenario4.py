"""DHCPv4 packets of the differential scenarios, and short ways to write configurations.

Runs in: any
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from ipaddress import IPv4Address
from typing import Any

from tests.interop.scenario import (
    Asked,
    Json,
    Scenario,
    Sleep,
    Step,
    dashed,
    option,
    u8,
    u16,
    u32,
)
from tests.lab.packets import (
    ACK,
    DECLINE,
    DISCOVER,
    INFORM,
    NAK,
    OFFER,
    RELEASE,
    REQUEST,
    TYPE_NAMES,
    Answer,
    Bootp,
    mac_bytes,
)

SERVER = "192.0.2.1"
RELAY = "10.1.0.1"
RELAYS = (RELAY, "10.2.0.1", "10.3.0.1", "192.0.2.200", "10.1.0.9")  #: addresses that live on the client side


class Last(Enum):
    """Filled in from the last answer that this server gave to this client (by its hardware address)."""

    YIADDR = "yiaddr"
    SERVER_ID = "server-id"


Value = bytes | Last


@dataclass(frozen=True)
class Ask(Asked):
    """One packet. to: "broadcast" or "unicast" (to the server's address); sender: source address and port, by
    default what a client or a relay would use. payload: sent instead of the message. cut: only so many bytes of it."""

    message: Bootp
    ciaddr: Last | None = None
    options: tuple[tuple[int, Value], ...] = ()
    to: str = "broadcast"
    sender: tuple[str, int] | None = None
    payload: bytes | None = None
    cut: int | None = None
    note: str = ""

    @property
    def name(self) -> str:
        kind = next((value[0] for code, value in self.options if code == 53 and isinstance(value, bytes) and value), 0)
        return self.note or TYPE_NAMES.get(kind, f"type {kind}")


# --- configurations ---------------------------------------------------------------------------------------------


def subnet(prefix: str = "192.0.2.0/24", id: int = 1, pools: Sequence[str | Json] | None = None, **more: Any) -> Json:
    """A subnet; keyword names have "_" for "-". Without pools: .10 to .99."""
    base = str(IPv4Address(int(IPv4Address(prefix.split("/")[0])))).rpartition(".")[0]
    ranges = [f"{base}.10 - {base}.99"] if pools is None else pools
    return {
        "id": id,
        "subnet": prefix,
        "pools": [{"pool": pool} if isinstance(pool, str) else pool for pool in ranges],
        **dashed(more),
    }


def config(*subnets: Json, **members: Any) -> Json:
    """Dhcp4 with these subnets (one usual subnet when none is given)."""
    return {
        "interfaces-config": {"interfaces": ["srv0"], "dhcp-socket-type": "raw"},
        "valid-lifetime": 3600,
        "subnet4": list(subnets) if subnets or "shared_networks" in members else [subnet()],
        **dashed(members),
    }


# --- packets ----------------------------------------------------------------------------------------------------

CLIENT = "02:00:00:00:00:01"
USUAL = (1, 3, 6, 15)  #: a parameter request list


def addresses(*values: str) -> bytes:
    return b"".join(IPv4Address(value).packed for value in values)


def suboptions(*pairs: tuple[int, bytes]) -> bytes:
    return b"".join(bytes((code, len(value))) + value for code, value in pairs)


def ask(
    kind: int,
    *options: tuple[int, Value],
    mac: str = CLIENT,
    prl: Sequence[int] | None = USUAL,
    ciaddr: str | Last = "0.0.0.0",
    relay: str = "",
    to: str = "broadcast",
    sender: tuple[str, int] | None = None,
    cut: int | None = None,
    note: str = "",
    **fields: Any,
) -> Ask:
    """A message of type `kind`; a relay makes it a unicast from that relay. fields: of Bootp."""
    chaddr = mac_bytes(mac)
    xid = 0x10000000 + kind + (chaddr[-1] << 8 if chaddr else 0)
    members: Json = {"xid": xid, "chaddr": chaddr, "hlen": len(chaddr)}
    members |= {"giaddr": relay, "hops": 1} if relay else {}
    members |= {"ciaddr": ciaddr} if isinstance(ciaddr, str) else {}
    members |= fields
    parameters: tuple[tuple[int, Value], ...] = ((55, bytes(prl)),) if prl is not None else ()
    return Ask(
        Bootp(**members),
        ciaddr=ciaddr if isinstance(ciaddr, Last) else None,
        options=((53, u8(kind)), *options, *parameters),
        to="unicast" if relay else to,
        sender=sender or ((relay, 67) if relay else None),
        cut=cut,
        note=note,
    )


def discover(*options: tuple[int, Value], **more: Any) -> Ask:
    return ask(DISCOVER, *options, **more)


def selecting(*options: tuple[int, Value], **more: Any) -> Ask:
    """The REQUEST that follows an OFFER."""
    return ask(REQUEST, (50, Last.YIADDR), (54, Last.SERVER_ID), *options, note="SELECTING", **more)


def init_reboot(address: str | Last, *options: tuple[int, Value], **more: Any) -> Ask:
    value = address if isinstance(address, Last) else addresses(address)
    return ask(REQUEST, (50, value), *options, **{"note": "INIT-REBOOT", **more})


def renew(*options: tuple[int, Value], ciaddr: str | Last = Last.YIADDR, **more: Any) -> Ask:
    return ask(REQUEST, *options, ciaddr=ciaddr, **{"to": "unicast", "note": "RENEW", **more})


def rebind(*options: tuple[int, Value], ciaddr: str | Last = Last.YIADDR, **more: Any) -> Ask:
    return ask(REQUEST, *options, ciaddr=ciaddr, **{"note": "REBIND", **more})


def release(*options: tuple[int, Value], ciaddr: str | Last = Last.YIADDR, **more: Any) -> Ask:
    more.setdefault("prl", None)
    return ask(RELEASE, (54, Last.SERVER_ID), *options, ciaddr=ciaddr, to="unicast", **more)


def decline(*options: tuple[int, Value], address: str | Last = Last.YIADDR, **more: Any) -> Ask:
    more.setdefault("prl", None)
    value = address if isinstance(address, Last) else addresses(address)
    return ask(DECLINE, (50, value), (54, Last.SERVER_ID), *options, **more)


def inform(ciaddr: str, *options: tuple[int, Value], **more: Any) -> Ask:
    return ask(INFORM, *options, ciaddr=ciaddr, **{"to": "unicast", **more})


def four_way(*options: tuple[int, Value], **more: Any) -> tuple[Ask, Ask]:
    """DISCOVER and REQUEST with the same options."""
    return discover(*options, **more), selecting(*options, **more)


GOT = (OFFER, ACK)  #: what a four-way exchange is answered with


def fill(step: Ask, last: Answer | None) -> bytes:
    """The UDP payload of a step, with what the client's last answer said."""
    if step.payload is not None:
        return step.payload

    def value(of: Value) -> bytes:
        if isinstance(of, bytes):
            return of
        if of is Last.YIADDR:
            return IPv4Address(last.yiaddr if last else 0).packed
        return (last.options.get(54) if last else None) or IPv4Address(SERVER).packed

    message = step.message
    options = tuple((code, value(of)) for code, of in step.options)
    ciaddr = message.ciaddr if step.ciaddr is None else str(IPv4Address(value(step.ciaddr)))
    return replace(message, options=options, ciaddr=ciaddr).encode()[: step.cut]


__all__ = [
    "ACK", "DECLINE", "DISCOVER", "GOT", "INFORM", "NAK", "OFFER", "RELEASE", "REQUEST", "Ask", "Json", "Scenario",
    "Sleep", "Step", "option", "u8", "u16", "u32",
]  # fmt: skip
