"""All differential scenarios."""

from __future__ import annotations

from tests.interop.scenario4 import Scenario
from tests.interop.scenarios import exchanges, lifetimes, malformed, names, options, reservations, selection

GROUPS: dict[str, tuple[Scenario, ...]] = {
    "exchanges": exchanges.SCENARIOS,
    "selection": selection.SCENARIOS,
    "reservations": reservations.SCENARIOS,
    "options": options.SCENARIOS,
    "lifetimes": lifetimes.SCENARIOS,
    "names": names.SCENARIOS,
    "malformed": malformed.SCENARIOS,
}
SCENARIOS: dict[str, Scenario] = {
    f"{group}: {scenario.name}": scenario for group, scenarios in GROUPS.items() for scenario in scenarios
}
