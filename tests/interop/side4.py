"""The differential test's side for DHCPv4.

Runs in: any (root)
"""

from __future__ import annotations

from tests.interop.scenario import SERVER_MAC, SIDE_MAC, Asked
from tests.interop.scenario4 import SERVER, Ask, fill
from tests.interop.side import ORDER, Seconds, Side, Told
from tests.lab.daemon import KeaMp
from tests.lab.packets import TYPE_NAMES, Answer
from tests.lab.peer import Peer
from tests.lab.wire_client import WireClient

FIELDS = (
    "op", "htype", "hlen", "hops", "xid", "secs", "flags", "ciaddr", "yiaddr", "siaddr", "giaddr", "chaddr", "sname",
    "file", "mac_source", "mac_destination", "ip_source", "ip_destination", "port_source", "port_destination",
    "checksums",
)  # fmt: skip

COUNTDOWNS = (51, 58, 59)  #: options that are seconds left


class Side4(Side[Answer]):
    """Remembers the last answer with an address, per client."""

    def __init__(self, namespace: str, server: Peer | KeaMp) -> None:
        self._wire = WireClient(namespace, "cli0", SIDE_MAC, SERVER_MAC)
        super().__init__(server, self._wire)
        self._memory: dict[bytes, Answer] = {}

    def send(self, step: Asked) -> None:
        assert isinstance(step, Ask)
        message = step.message
        payload = fill(step, self._memory.get(message.chaddr))
        target = SERVER if step.to == "unicast" else "255.255.255.255"
        if step.sender is not None:
            source = step.sender
        else:
            ciaddr = ".".join(str(octet) for octet in payload[12:16]) if len(payload) >= 16 else "0.0.0.0"
            source = (ciaddr if step.to == "unicast" else "0.0.0.0", 68)
        mac = message.chaddr[:6].hex(":") if message.giaddr == "0.0.0.0" and len(message.chaddr) == 6 else ""
        self._wire.send(payload, source, (target, 67), mac)

    def remember(self, answer: Answer) -> None:
        if answer.yiaddr != "0.0.0.0":
            self._memory[answer.chaddr[: answer.hlen]] = answer

    def type_of(self, answer: Answer) -> int:
        return answer.type

    def type_name(self, number: int) -> str:
        return TYPE_NAMES.get(number, str(number))

    def told(self, answer: Answer) -> Told:
        fields: Told = {name: getattr(answer, name) for name in FIELDS}
        options: Told = {
            f"option {code}": Seconds(int.from_bytes(payload, "big")) if code in COUNTDOWNS else payload
            for code, payload in sorted(answer.options.items())
        }
        return {**fields, **options, ORDER: answer.order}
