"""All differential scenarios of DHCPv6."""

from __future__ import annotations

from tests.interop.scenario import Scenario
from tests.interop.scenarios6 import exchanges, leases, malformed, options, reservations, selection

GROUPS: dict[str, tuple[Scenario, ...]] = {
    "exchanges": exchanges.SCENARIOS,
    "selection": selection.SCENARIOS,
    "leases": leases.SCENARIOS,
    "reservations": reservations.SCENARIOS,
    "options": options.SCENARIOS,
    "malformed": malformed.SCENARIOS,
}
SCENARIOS: dict[str, Scenario] = {
    f"DHCPv6 {group}: {scenario.name}": scenario for group, scenarios in GROUPS.items() for scenario in scenarios
}
