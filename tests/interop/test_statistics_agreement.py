"""The same packets sent to both servers count alike under every one of Kea's statistic names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.interop.differential import Arena, play, side_of
from tests.interop.scenario4 import (
    Ask,
    Last,
    Scenario,
    Sleep,
    Step,
    addresses,
    ask,
    config,
    decline,
    discover,
    four_way,
    inform,
    init_reboot,
    release,
    renew,
    subnet,
)
from tests.lab import peer
from tests.lab.daemon import KeaMp
from tests.lab.peer import Peer

pytestmark = [
    pytest.mark.peer,
    pytest.mark.root,
    pytest.mark.skipif(not peer.available(), reason=f"no real Kea 3.0 in {peer.ROOT} (scripts/peer makes it)"),
]

SECOND, THIRD, FOURTH, FIFTH = (f"02:00:00:00:00:{number:02x}" for number in range(2, 6))

#: Kea counts it from 3.1 on
NEWER = {"pkt4-service-disabled", "pkt6-service-disabled"}

SMALL = config(subnet(pools=["192.0.2.10 - 192.0.2.12", {"pool": "192.0.2.20 - 192.0.2.20", "pool-id": 5}]))


def packets(name: str, configuration: dict[str, Any], *steps: Step) -> Scenario:
    """What the answers are is another test's business."""
    return Scenario(name, configuration, steps, (None,) * sum(isinstance(step, Ask) for step in steps))


SCENARIOS = (
    packets("leases are given, renewed, released, declined", config(), *four_way(), renew(),
            *four_way(mac=SECOND), release(mac=SECOND), *four_way(mac=THIRD), decline(mac=THIRD)),
    packets("messages that are no lease's business", config(), inform("192.0.2.2"),
            ask(8, mac=SECOND), ask(2), ask(5), ask(6), ask(13), ask(99)),
    packets("requests that are refused or for others", config(authoritative=True), init_reboot("198.51.100.7"),
            discover(), ask(3, (50, Last.YIADDR), (54, addresses("192.0.2.99"))), *four_way(mac=SECOND)),
    packets("a pool runs dry", SMALL, *four_way(), *four_way(mac=SECOND), *four_way(mac=THIRD),
            *four_way(mac=FOURTH), discover(mac=FIFTH)),
    packets("packets that are cut", config(), discover(cut=239), discover(cut=243)),
    packets("a subnet that nobody has", config(), discover(relay="10.9.9.9")),
    packets("a released address is taken again", SMALL, *four_way(), release(), Sleep(1.1), *four_way(), release(),
            Sleep(2.1), *four_way(mac=SECOND)),
)  # fmt: skip


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    with Arena() as both:
        yield both


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_statistics_count_alike(arena: Arena, scenario: Scenario) -> None:
    assert disagreements(arena, scenario) == {}


def test_what_is_shorter_than_a_message_is_counted_by_us_and_not_by_kea(arena: Arena) -> None:
    """Kea gives up while it reads from the socket, before it counts; a flood of such packets should be seen."""
    ours, theirs = counted(arena, packets("short", config(), discover(cut=100)))
    names = ("pkt4-received", "pkt4-parse-failed", "pkt4-receive-drop")
    assert ([ours[name] for name in names], [theirs[name] for name in names]) == ([1, 1, 1], [0, 0, 0])


def disagreements(arena: Arena, scenario: Scenario) -> dict[str, str]:
    """Statistics that the two servers do not have alike after the scenario."""
    ours, theirs = counted(arena, scenario)
    return {
        name: f"ours {ours.get(name)}, Kea {theirs.get(name)}"
        for name in sorted((ours.keys() | theirs.keys()) - NEWER)
        if ours.get(name) != theirs.get(name)
    }


def counted(arena: Arena, scenario: Scenario) -> tuple[dict[str, int], dict[str, int]]:
    """The newest value of each statistic, ours and Kea's, after the scenario."""
    (kea_host, kea_client), (own_host, own_client) = arena.pairs
    family = scenario.family
    with Peer(scenario.config, kea_host, family=family) as kea, KeaMp(
        scenario.config, own_host, workers=2, family=family
    ) as own:  # fmt: skip
        sides = side_of(scenario, own_client, own), side_of(scenario, kea_client, kea)
        try:
            play(scenario, *sides)
        finally:
            for side in sides:
                side.client.close()
        ours, theirs = (
            {name: samples[0][0] for name, samples in server.command("statistic-get-all")["arguments"].items()}
            for server in (own, kea)
        )
    return ours, theirs
