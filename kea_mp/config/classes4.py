"""What a client class sets for DHCPv4.

Runs in: any
"""

from __future__ import annotations

from kea_mp.config.classes import common_values
from kea_mp.config.keys import LIFETIMES
from kea_mp.config.model import ClientClass4
from kea_mp.config.options import OptionEncoder
from kea_mp.config.scope import Level

_LIFETIMES = (*(key.name for key in LIFETIMES), "offer-lifetime")


def client_class4(level: Level, encoder: OptionEncoder) -> ClientClass4:
    json = level.json
    next_server = level.address("next-server") if "next-server" in json else 0
    if next_server == 0xFFFFFFFF:
        raise level.error("must not be the broadcast address", "next-server")
    return ClientClass4(
        **common_values(level, encoder, _LIFETIMES),
        next_server=next_server,
        server_hostname=json.get("server-hostname", ""),
        boot_file_name=json.get("boot-file-name", ""),
        offer_lifetime=json.get("offer-lifetime"),
    )
