"""Runs a scenario against real Kea and against kea_mp in lock step, and says where their answers differ.

Runs in: any (root)
"""

from __future__ import annotations

import time
from typing import Any

from kea_mp.family import DHCP4
from tests.interop import scenario4, scenario6
from tests.interop.scenario import SERVER_MAC, SIDE_MAC, Asked, Scenario, Sleep
from tests.interop.side import Difference, Side, compare
from tests.interop.side4 import Side4
from tests.interop.side6 import Side6
from tests.lab.daemon import KeaMp
from tests.lab.net import Lab, ip
from tests.lab.peer import Peer

QUIET_S = 0.6  #: neither server has answered for so long: both are silent
PATIENCE_S = 4.0  #: one has answered, the other is waited for

Rows = dict[str, dict[str, str]]  #: of a lease file, by address


def side_of(scenario: Scenario, namespace: str, server: Peer | KeaMp) -> Side[Any]:
    """The side that speaks the scenario's protocol. namespace: the client's."""
    return (Side4 if scenario.family == DHCP4 else Side6)(namespace, server)


class Arena:
    """Two pairs of hosts with the same names, addresses and hardware addresses: one with Kea, one with kea_mp."""

    def __init__(self) -> None:
        self._lab = Lab()
        self.pairs: list[tuple[str, str]] = []

    def __enter__(self) -> Arena:
        self._lab.__enter__()
        for label in ("kea", "own"):
            server, client = self._lab.hosts(f"{label}s", f"{label}c")
            relays = [f"{address}/32" for address in scenario4.RELAYS]
            self._lab.link(
                (server, "srv0"),
                (client, "cli0"),
                (SERVER_MAC, SIDE_MAC),
                (
                    [f"{scenario4.SERVER}/24", f"{scenario6.SERVER}/64"],
                    ["192.0.2.2/24", *relays, *(f"{address}/128" for address in scenario6.SOURCES)],
                ),
                ipv6=True,
            )
            ip("-n", server, "route", "add", "10.0.0.0/8", "dev", "srv0")
            ip("-n", server, "-6", "route", "add", "2001:db8::/32", "dev", "srv0")
            self.pairs.append((server, client))
        return self

    def __exit__(self, *_: object) -> None:
        self._lab.__exit__(None, None, None)

    def run(self, scenario: Scenario, workers: int = 1) -> list[Difference]:
        """Both servers from an empty lease file through the scenario."""
        (kea_host, kea_client), (own_host, own_client) = self.pairs
        family = scenario.family
        peer = Peer(scenario.config, kea_host, family=family)
        own = KeaMp(scenario.config, own_host, workers, family=family)
        sides: list[Side[Any]] = []
        try:
            own.start()
            peer.start()
            peer.wait_serving()
            own.wait_serving()
            sides += [side_of(scenario, own_client, own), side_of(scenario, kea_client, peer)]
            return play(scenario, sides[0], sides[1])
        finally:
            for side in sides:
                side.client.close()
            peer.remove()
            own.remove()


def run_alone(scenario: Scenario, pair: tuple[str, str]) -> list[Any]:
    """Kea's answers only, None for silence: to see what a scenario asks."""
    with Peer(scenario.config, pair[0], family=scenario.family) as peer:
        side = side_of(scenario, pair[1], peer)
        answers = []
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


def play(scenario: Scenario, own: Side[Any], kea: Side[Any]) -> list[Difference]:
    """The differences of a scenario that are not allowed."""
    found: list[Difference] = []
    number = 0
    for step in scenario.steps:
        if isinstance(step, Sleep):
            time.sleep(step.seconds)
            continue
        name = f"{number + 1} {step.name}"
        found += _exchange(name, step, scenario.expect[number], own, kea)
        number += 1
    found += compare_leases(own.server.leases(), kea.server.leases())
    return [difference for difference in found if not _allowed(scenario, difference)]


def _exchange(name: str, step: Asked, expected: int | None, own: Side[Any], kea: Side[Any]) -> list[Difference]:
    """One packet to both servers."""
    own.send(step)
    kea.send(step)
    ours, theirs = _both(own, kea)
    for side, answer in ((own, ours), (kea, theirs)):
        if answer is not None:
            side.remember(answer)
    if ours is None or theirs is None:
        found = [] if ours is theirs else [Difference(name, "answer", own.said(ours), kea.said(theirs))]
    else:
        found = compare(name, own.told(ours), kea.told(theirs))
    if expected != (None if theirs is None else kea.type_of(theirs)):
        wanted = "silence" if expected is None else kea.type_name(expected)
        found.append(Difference(name, "expectation", wanted, f"really says {kea.said(theirs)}"))
    return found + [
        Difference(name, "extra answer", *(side.said(late) if side is s else "none" for s in (own, kea)))
        for side in (own, kea)
        for late in side.client.drain()
    ]


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


def _both(own: Side[Any], kea: Side[Any]) -> tuple[Any, Any]:
    """The answers of both, each waited for longer when the other has spoken."""
    theirs = kea.client.receive(QUIET_S)
    ours = own.client.receive(PATIENCE_S if theirs else 0.05)
    if ours and not theirs:
        theirs = kea.client.receive(PATIENCE_S)
    return ours, theirs


def _allowed(scenario: Scenario, difference: Difference) -> bool:
    number = difference.step.split(" ")[0]
    return not scenario.allowed.keys().isdisjoint((difference.field, number, f"{number}.{difference.field}"))
