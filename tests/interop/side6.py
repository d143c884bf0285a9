"""The differential test's side for DHCPv6.

Status codes are compared without their texts, which are Kea's own sentences. From where an answer to a global address
comes is not compared: to a relay that asked by multicast Kea answers from its link-local address, which no router
forwards, we from the one that the system chooses for that destination (RFC 6724).

Runs in: any (root)
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv6Address
from struct import unpack_from

from tests.interop.scenario import SERVER_MAC, SIDE_MAC, Asked
from tests.interop.scenario6 import Ask6
from tests.interop.side import ORDER, Seconds, Side, Told
from tests.lab.daemon import KeaMp
from tests.lab.packets6 import (
    CLIENT_ID,
    IA_NA,
    IA_PD,
    IA_TA,
    IAADDR,
    IAPREFIX,
    STATUS,
    TYPE_NAMES6,
    Answer6,
    Pair,
    pairs,
)
from tests.lab.peer import Peer
from tests.lab.wire_client import WireClient6

FIELDS = (
    "type", "xid", "mac_source", "mac_destination", "ip_destination", "port_source", "port_destination",
)  # fmt: skip


class Side6(Side[Answer6]):
    """Remembers the last answer with an IA in it, per client identifier."""

    def __init__(self, namespace: str, server: Peer | KeaMp) -> None:
        self._wire = WireClient6(namespace, "cli0", SIDE_MAC, SERVER_MAC)
        super().__init__(server, self._wire)
        self._memory: dict[bytes, Answer6] = {}

    def send(self, step: Asked) -> None:
        assert isinstance(step, Ask6)
        self._wire.send(step.payload(self._memory.get(step.duid)), step.source, step.destination)

    def remember(self, answer: Answer6) -> None:
        duid = answer.option(CLIENT_ID)
        if duid is not None and any(code in (IA_NA, IA_PD) for code, _ in answer.options):
            self._memory[duid] = answer

    def type_of(self, answer: Answer6) -> int:
        return answer.type

    def type_name(self, number: int) -> str:
        return TYPE_NAMES6.get(number, str(number))

    def told(self, answer: Answer6) -> Told:
        found: Told = {name: getattr(answer, name) for name in FIELDS}
        if IPv6Address(answer.ip_destination).is_link_local:
            found["ip_source"] = answer.ip_source
        for number, relay in enumerate(answer.relays):
            about = f"relay {number}"
            found |= {
                f"{about} header": (relay.type, relay.hops, relay.link, relay.peer),
                f"{about} {ORDER}": tuple(code for code, _ in relay.options),
            }
            _tell(found, f"{about} ", relay.options)
        _tell(found, "", answer.options)
        found[ORDER] = tuple(code for code, _ in answer.options)
        return found


def _tell(found: Told, within: str, options: Iterable[Pair]) -> None:
    """Add what these options say; the second of a name is "…#2"."""
    for code, payload in options:
        name = f"{within}option {code}"
        if code in (IA_NA, IA_PD, IA_TA):
            name += f"[{int.from_bytes(payload[:4], 'big')}]"
        elif code == IAADDR:
            name += f"[{IPv6Address(payload[:16])}]"
        elif code == IAPREFIX:
            name += f"[{IPv6Address(payload[9:25])}/{payload[8]}]"
        number = 1
        unique = name
        while unique in found:
            number += 1
            unique = f"{name}#{number}"
        found[unique] = _value(code, payload)
        inner = {IA_NA: 12, IA_PD: 12, IA_TA: 4, IAADDR: 24, IAPREFIX: 25}.get(code)
        if inner is not None:
            times = _times(code, payload)
            found |= {f"{unique} {what}": Seconds(value) for what, value in times.items()}
            _tell(found, f"{unique} ", pairs(payload[inner:]))


def _value(code: int, payload: bytes) -> object:
    if code == STATUS:
        return int.from_bytes(payload[:2], "big")
    return "there" if code in (IA_NA, IA_PD, IA_TA, IAADDR, IAPREFIX) else payload


def _times(code: int, payload: bytes) -> dict[str, int]:
    """T1 and T2 of an IA, lifetimes of a lease."""
    if code == IA_TA:
        return {}
    at = {IAADDR: 16, IAPREFIX: 0}.get(code, 4)
    names = ("preferred", "valid") if code in (IAADDR, IAPREFIX) else ("T1", "T2")
    return dict(zip(names, unpack_from("!II", payload, at), strict=True))
