"""Parameters that global, shared network and subnet share in DHCPv6.

Runs in: any
"""

from __future__ import annotations

from kea_mp.config.model6 import Parameters6
from kea_mp.config.parameters import common_values, inherited_lifetime, sets_parameters
from kea_mp.config.scope import Level


def parameters6(level: Level, inherited: Parameters6 | None = None) -> Parameters6:
    """What holds at this level. inherited: the outer level's, returned as it is when nothing is set here."""
    if inherited is not None and not sets_parameters(level):
        return inherited
    return Parameters6(
        **common_values(level, inherited.ddns if inherited else None),
        preferred_lifetime=inherited_lifetime(level, "preferred-lifetime"),
        pd_allocator=level.find("pd-allocator"),
    )
