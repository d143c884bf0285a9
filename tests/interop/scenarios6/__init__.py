"""All differential scenarios of DHCPv6."""

from __future__ import annotations

from tests.interop.scenario import Scenario
from tests.interop.scenarios6 import exchanges

GROUPS: dict[str, tuple[Scenario, ...]] = {
    "exchanges": exchanges.SCENARIOS,
}
SCENARIOS: dict[str, Scenario] = {
    f"DHCPv6 {group}: {scenario.name}": scenario for group, scenarios in GROUPS.items() for scenario in scenarios
}
