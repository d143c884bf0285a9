"""The same DHCPv6 packets sent to both servers count alike under every one of Kea's statistic names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.interop.differential import Arena
from tests.interop.scenario import Scenario, Sleep, Step
from tests.interop.scenario6 import (
    NA,
    PD,
    RELAY,
    Ask6,
    Relay,
    Scenario6,
    ask,
    config,
    confirm,
    decline,
    four_way,
    inform,
    information,
    pd_pool,
    raw,
    rebind,
    release,
    renew,
    solicit,
    subnet,
    with_pd,
)
from tests.interop.test_statistics_agreement import disagreements
from tests.interop.test_statistics_agreement import pytestmark as pytestmark
from tests.lab.packets6 import opt

RAPID_COMMIT = opt(14)

SMALL = config(
    subnet(
        pools=["2001:db8:1::10 - 2001:db8:1::11", {"pool": "2001:db8:1::20 - 2001:db8:1::20", "pool-id": 5}],
        pd_pools=[pd_pool("2001:db8:f000::/47", 48, pool_id=7)],
    )
)


def packets(name: str, configuration: dict[str, Any], *steps: Step) -> Scenario:
    """What the answers are is another test's business."""
    return Scenario6(name, configuration, steps, (None,) * sum(isinstance(step, Ask6) for step in steps))


SCENARIOS = (
    packets("leases are given, renewed, released, declined", config(with_pd()), *four_way(NA, PD), renew(), rebind(),
            *four_way(NA, PD, client=2), release(client=2), *four_way(client=3), decline(client=3)),
    packets("two messages instead of four", config(with_pd(rapid_commit=True)), solicit(NA, PD, RAPID_COMMIT), renew()),
    packets("messages that are no lease's business", config(), information(), *four_way(), confirm(),
            *(ask(kind, client=2) for kind in (2, 7, 10, 14, 20, 21, 37, 99))),
    packets("messages that are for others or lack something", config(), solicit(identified=False),
            ask(3, NA, opt(2, b"\0\3\0\1abcdef")), ask(5, NA), ask(1, NA, opt(2, b"\0\3\0\1abcdef"))),
    packets("a registered address", config(), inform("2001:db8:1::77"), inform("2001:db8:1::77")),
    packets("pools run dry", SMALL, *four_way(NA, PD), *four_way(NA, PD, client=2), *four_way(NA, PD, client=3),
            *four_way(NA, PD, client=4), solicit(NA, PD, client=5)),
    packets("packets that are cut or garbage", config(), raw(b"\1\0\0", "short"), solicit(cut=9),
            raw(b"\1\0\0\1\0\3\0\2ab", "an IA that is too short"), raw(b"\x0c\0", "a short relay header")),
    packets("a subnet that nobody has", config(), solicit(relays=Relay("2001:db8:99::1")),
            solicit(relays=Relay(RELAY))),
    packets("released leases are taken again", SMALL, *four_way(NA, PD), release(), Sleep(1.1), *four_way(NA, PD),
            release(), Sleep(2.1), *four_way(NA, PD, client=2)),
)  # fmt: skip


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    with Arena() as both:
        yield both


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_statistics_count_alike(arena: Arena, scenario: Scenario) -> None:
    assert disagreements(arena, scenario) == {}
