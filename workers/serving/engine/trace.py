"""Loggers of the engine under Kea's names, and whether they are listened to.

The question costs too much per packet, so it is asked once, when an engine is made for a configuration.

Runs in: serving
"""

from __future__ import annotations

import logging

from kea_mp.dhcp.message4 import Message4
from kea_mp.values import colons

packets = logging.getLogger("kea-dhcp4.packets")
bad_packets = logging.getLogger("kea-dhcp4.bad-packets")
dhcp4 = logging.getLogger("kea-dhcp4.dhcp4")
leases = logging.getLogger("kea-dhcp4.leases")
alloc_engine = logging.getLogger("kea-dhcp4.alloc-engine")
dhcpsrv = logging.getLogger("kea-dhcp4.dhcpsrv")
ddns = logging.getLogger("kea-dhcp4.ddns")
options = logging.getLogger("kea-dhcp4.options")


class Listening:
    """debug, info: whether any of the loggers passes lines of that level on."""

    __slots__ = ("_loggers", "debug", "info")

    def __init__(self, *loggers: logging.Logger) -> None:
        self._loggers = loggers
        self.debug = self.info = False

    def refresh(self) -> None:
        self.debug = any(logger.isEnabledFor(logging.DEBUG) for logger in self._loggers)
        self.info = any(logger.isEnabledFor(logging.INFO) for logger in self._loggers)


listening = Listening(packets, bad_packets, dhcp4, leases, alloc_engine, dhcpsrv, ddns, options)


def label(message: Message4) -> str:
    """Who it is about, as in Kea's log lines: "[hwtype=1 02:00:00:00:00:01], cid=[…], tid=0x1a2b"."""
    client_id = message.options.get(61)
    cid = f"[{colons(client_id)}]" if client_id else "[no info]"
    return f"[hwtype={message.htype} {colons(message.chaddr)}], cid={cid}, tid=0x{message.xid:x}"
