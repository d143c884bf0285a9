"""Runs a scenario against real Kea and against kea_mp in lock step, and says where their answers differ.

Runs in: any (root)
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from tests.interop.scenario import (
    RELAYS,
    SERVER,
    SERVER_MAC,
    SIDE_MAC,
    Ask,
    Scenario,
    Sleep,
    fill,
)
from tests.lab.daemon import KeaMp
from tests.lab.net import Lab, ip
from tests.lab.packets import TYPE_NAMES, Answer
from tests.lab.peer import Peer
from tests.lab.wire_client import WireClient

QUIET_S = 0.6  #: neither server has answered for so long: both are silent
PATIENCE_S = 4.0  #: one has answered, the other is waited for

FIELDS = (
    "op", "htype", "hlen", "hops", "xid", "secs", "flags", "ciaddr", "yiaddr", "siaddr", "giaddr", "chaddr", "sname",
    "file", "mac_source", "mac_destination", "ip_source", "ip_destination", "port_source", "port_destination",
    "checksums",
)  # fmt: skip

COUNTDOWNS = (51, 58, 59)  #: seconds that are left may differ by one when a second passes between two servers


@dataclass(frozen=True)
class Difference:
    """step: number and name of the packet, from 1."""

    step: str
    field: str
    ours: str
    kea: str

    def __str__(self) -> str:
        return f"{self.step}: {self.field}: ours {self.ours}, Kea {self.kea}"


Rows = dict[str, dict[str, str]]  #: of a lease file, by address


class Side:
    """One server and the client beside it. memory: the last answer with an address, per client."""

    def __init__(self, namespace: str, server: Peer | KeaMp) -> None:
        self.server = server
        self.client = WireClient(namespace, "cli0", SIDE_MAC, SERVER_MAC)
        self.memory: dict[bytes, Answer] = {}

    def send(self, step: Ask) -> None:
        message = step.message
        last = self.memory.get(message.chaddr)
        payload = fill(step, last)
        target = SERVER if step.to == "unicast" else "255.255.255.255"
        if step.sender is not None:
            source = step.sender
        else:
            ciaddr = ".".join(str(octet) for octet in payload[12:16]) if len(payload) >= 16 else "0.0.0.0"
            source = (ciaddr if step.to == "unicast" else "0.0.0.0", 68)
        mac = message.chaddr[:6].hex(":") if message.giaddr == "0.0.0.0" and len(message.chaddr) == 6 else ""
        self.client.send(payload, source, (target, 67), mac)

    def remember(self, answer: Answer) -> None:
        if answer.yiaddr != "0.0.0.0":
            self.memory[answer.chaddr[: answer.hlen]] = answer


class Arena:
    """Two pairs of hosts with the same names, addresses and hardware addresses: one with Kea, one with kea_mp."""

    def __init__(self) -> None:
        self._lab = Lab()
        self.pairs: list[tuple[str, str]] = []

    def __enter__(self) -> Arena:
        self._lab.__enter__()
        for label in ("kea", "own"):
            server, client = self._lab.hosts(f"{label}s", f"{label}c")
            relays = [f"{address}/32" for address in RELAYS]
            self._lab.link(
                (server, "srv0"),
                (client, "cli0"),
                (SERVER_MAC, SIDE_MAC),
                ([f"{SERVER}/24"], ["192.0.2.2/24", *relays]),
            )
            ip("-n", server, "route", "add", "10.0.0.0/8", "dev", "srv0")
            self.pairs.append((server, client))
        return self

    def __exit__(self, *_: object) -> None:
        self._lab.__exit__(None, None, None)

    def run(self, scenario: Scenario, workers: int = 1) -> list[Difference]:
        """Both servers from an empty lease file through the scenario."""
        (kea_host, kea_client), (own_host, own_client) = self.pairs
        peer, own = Peer(scenario.config, kea_host), KeaMp(scenario.config, own_host, workers)
        sides: list[Side] = []
        try:
            own.start()
            peer.start()
            peer.wait_serving()
            own.wait_serving()
            sides += [Side(own_client, own), Side(kea_client, peer)]
            return play(scenario, sides[0], sides[1])
        finally:
            for side in sides:
                side.client.close()
            peer.remove()
            own.remove()


def run_alone(scenario: Scenario, pair: tuple[str, str]) -> list[Answer | None]:
    """Kea's answers only: to see what a scenario asks."""
    with Peer(scenario.config, pair[0]) as peer:
        side = Side(pair[1], peer)
        answers: list[Answer | None] = []
        for step in scenario.steps:
            if isinstance(step, Sleep):
                time.sleep(step.seconds)
                continue
            side.send(step)
            answer = side.client.receive(QUIET_S)
            if answer is not None:
                side.remember(answer)
            answers.append(answer)
        side.client.close()
        return answers


def play(scenario: Scenario, own: Side, kea: Side) -> list[Difference]:
    """The differences of a scenario that are not allowed."""
    found: list[Difference] = []
    number = 0
    for step in scenario.steps:
        if isinstance(step, Sleep):
            time.sleep(step.seconds)
            continue
        own.send(step)
        kea.send(step)
        answers = _both(own, kea)
        for side, answer in zip((own, kea), answers, strict=True):
            if answer is not None:
                side.remember(answer)
        name = f"{number + 1} {step.name}"
        found += compare(name, *answers)
        expected, said = scenario.expect[number], answers[1].type if answers[1] else None
        if expected != said:
            found.append(Difference(name, "expectation", _type(expected), f"really says {_type(said)}"))
        found += [
            Difference(name, "extra answer", *(str(late.type) if side is s else "none" for s in (own, kea)))
            for side in (own, kea)
            for late in side.client.drain()
        ]
        number += 1
    found += compare_leases(own.server.leases(), kea.server.leases())
    return [difference for difference in found if not _allowed(scenario, difference)]


def compare_leases(ours: Rows, theirs: Rows) -> list[Difference]:
    """What the two lease files say at the end, column by column; `expire` may differ by a second."""
    found = []
    for address in sorted(ours.keys() | theirs.keys()):
        a, b = ours.get(address), theirs.get(address)
        if a is None or b is None:
            found.append(Difference(f"lease {address}", "lease", str(a or "absent"), str(b or "absent")))
            continue
        for column in b:
            if a.get(column) == b[column]:
                continue
            if column == "expire" and abs(int(a[column]) - int(b[column])) <= 1:
                continue
            found.append(Difference(f"lease {address}", column, str(a.get(column)), b[column]))
    return found


def _both(own: Side, kea: Side) -> tuple[Answer | None, Answer | None]:
    """The answers of both, each waited for longer when the other has spoken."""
    theirs = kea.client.receive(QUIET_S)
    ours = own.client.receive(PATIENCE_S if theirs else 0.05)
    if ours and not theirs:
        theirs = kea.client.receive(PATIENCE_S)
    return ours, theirs


def _allowed(scenario: Scenario, difference: Difference) -> bool:
    number = difference.step.split(" ")[0]
    return difference.field in scenario.allowed or f"{number}.{difference.field}" in scenario.allowed


def _type(number: int | None) -> str:
    return "silence" if number is None else TYPE_NAMES.get(number, str(number))


def compare(step: str, ours: Answer | None, theirs: Answer | None) -> list[Difference]:
    """Field by field and option by option."""
    if ours is None or theirs is None:
        if ours is theirs:
            return []
        return [Difference(step, "answer", *(_type(answer.type if answer else None) for answer in (ours, theirs)))]
    found = [
        Difference(step, name, _show(getattr(ours, name)), _show(getattr(theirs, name)))
        for name in FIELDS
        if getattr(ours, name) != getattr(theirs, name)
    ]
    for code in sorted(ours.options.keys() | theirs.options.keys()):
        a, b = ours.options.get(code), theirs.options.get(code)
        if a == b or (code in COUNTDOWNS and a and b and abs(int.from_bytes(a, "big") - int.from_bytes(b, "big")) <= 1):
            continue
        found.append(Difference(step, f"option {code}", _show(a), _show(b)))
    if ours.options.keys() == theirs.options.keys() and ours.order != theirs.order:
        found.append(Difference(step, "order of options", str(ours.order), str(theirs.order)))
    return found


def _show(value: object) -> str:
    if isinstance(value, bytes):
        text = value.rstrip(b"\0")
        return f"{value.hex()} {text!r}" if text.isascii() and text and text.decode().isprintable() else value.hex()
    return "absent" if value is None else str(value)
