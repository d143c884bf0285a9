"""What a client class sets for DHCPv6.

Runs in: any
"""

from __future__ import annotations

from kea_mp.config.classes import common_values
from kea_mp.config.keys import LIFETIMES
from kea_mp.config.keys6 import PREFERRED
from kea_mp.config.model6 import ClientClass6
from kea_mp.config.options import OptionEncoder
from kea_mp.config.parameters import own_lifetime
from kea_mp.config.scope import Level

_LIFETIMES = tuple(key.name for key in (*LIFETIMES, *PREFERRED))


def client_class6(level: Level, encoder: OptionEncoder) -> ClientClass6:
    return ClientClass6(
        **common_values(level, encoder, _LIFETIMES), preferred_lifetime=own_lifetime(level, "preferred-lifetime")
    )
