"""Parameters that global, shared network and subnet share in DHCPv4.

Runs in: any
"""

from __future__ import annotations

from kea_mp.config.model import Parameters4
from kea_mp.config.parameters import common_values, sets_parameters
from kea_mp.config.scope import Level


def parameters4(level: Level, inherited: Parameters4 | None = None) -> Parameters4:
    """What holds at this level. inherited: the outer level's, returned as it is when nothing is set here."""
    if inherited is not None and not sets_parameters(level):
        return inherited
    return Parameters4(
        **common_values(level, inherited.ddns if inherited else None),
        offer_lifetime=level.find("offer-lifetime", 0),
        match_client_id=level.find("match-client-id"),
        authoritative=level.find("authoritative"),
        next_server=next_server(level) or 0,
        server_hostname=_boot_text(level, "server-hostname"),
        boot_file_name=_boot_text(level, "boot-file-name"),
    )


def next_server(level: Level) -> int | None:
    """The nearest next-server; "" means that the outer one holds."""
    holder = level.holder("next-server", empty=False)
    return None if holder is None else holder.address("next-server")


def _boot_text(level: Level, name: str) -> str:
    holder = level.holder(name, empty=False)
    return "" if holder is None else str(holder.json[name])
