"""Loggers of the DHCPv6 engine under Kea's names, and whether they are listened to.

Runs in: serving
"""

from __future__ import annotations

import logging

from kea_mp.dhcp.message6 import Message6
from kea_mp.values import colons
from workers.serving.engine.trace import Listening

packets = logging.getLogger("kea-dhcp6.packets")
bad_packets = logging.getLogger("kea-dhcp6.bad-packets")
dhcp6 = logging.getLogger("kea-dhcp6.dhcp6")
leases = logging.getLogger("kea-dhcp6.leases")
alloc_engine = logging.getLogger("kea-dhcp6.alloc-engine")

listening = Listening(packets, bad_packets, dhcp6, leases, alloc_engine)


def label6(message: Message6) -> str:
    """Who it is about, as in Kea's log lines: "duid=[00:03:…], tid=0x1a2b"."""
    duid = message.option(1)
    return f"duid=[{colons(duid) if duid else 'no info'}], tid=0x{message.xid:x}"
