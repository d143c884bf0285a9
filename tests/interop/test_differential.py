"""Our answers and real Kea's, field by field and option by option, for every scenario.

The scenarios run some at a time, each in hosts of its own; a test waits for its scenario's result.
"""

from __future__ import annotations

import queue
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.interop.differential import Arena
from tests.interop.scenario import Scenario
from tests.interop.scenarios import SCENARIOS as SCENARIOS4
from tests.interop.scenarios6 import SCENARIOS as SCENARIOS6
from tests.interop.side import Difference

SCENARIOS = {**SCENARIOS4, **SCENARIOS6}

LANES = 4

Results = dict[str, "Future[list[Difference]]"]


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest) -> Iterator[Results]:
    """The scenarios of the chosen tests, started; in the order in which the tests will ask."""
    chosen = [
        item.callspec.params["name"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and hasattr(item, "callspec") and "name" in item.callspec.params
    ]
    free: queue.SimpleQueue[Arena] = queue.SimpleQueue()

    def run(scenario: Scenario) -> list[Difference]:
        arena = free.get()
        try:
            return arena.run(scenario)
        finally:
            free.put(arena)

    with ExitStack() as stack:
        for _ in range(LANES):
            free.put(stack.enter_context(Arena()))
        pool = ThreadPoolExecutor(LANES)
        stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        yield {name: pool.submit(run, SCENARIOS[name]) for name in chosen if name in SCENARIOS}


@pytest.mark.root
@pytest.mark.peer
@pytest.mark.parametrize("name", SCENARIOS)
def test_answers_as_kea_does(name: str, results: Results) -> None:
    differences = results[name].result()
    assert not differences, "\n".join(map(str, differences))


@pytest.mark.parametrize("scenarios", [SCENARIOS4, SCENARIOS6], ids=["DHCPv4", "DHCPv6"])
def test_there_are_enough_scenarios(scenarios: dict[str, Scenario]) -> None:
    assert len(scenarios) >= 60


def test_every_allowed_difference_has_its_reason() -> None:
    assert all(len(reason) > 20 for scenario in SCENARIOS.values() for reason in scenario.allowed.values())
