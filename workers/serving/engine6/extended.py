"""Relay information kept in a DHCPv6 lease (store-extended-info).

Runs in: serving
"""

from __future__ import annotations

from typing import Any

from kea_mp.dhcp.message6 import Option6, Relay6, pack_option6
from kea_mp.values import text6
from workers.serving.engine.extended import with_isc
from workers.serving.engine6.context import Exchange6


def extended6(x: Exchange6, context: str) -> str:
    """The user context of a lease after this message. Only the relay information is replaced."""
    relays = x.message.relays
    if x.plan is None or not x.plan.parameters.store_extended_info or not relays:
        return context
    return with_isc(context, "relay-info", [_relay_info(relay) for relay in relays])


def _relay_info(relay: Relay6) -> dict[str, Any]:
    info: dict[str, Any] = {"hop": relay.hops, "link": text6(relay.link), "peer": text6(relay.peer)}
    packed = b"".join(pack_option6(code, data) for code in sorted(relay.options) for data in relay.options[code])
    if packed:
        info["options"] = "0x" + packed.hex().upper()
    remote, name = relay.option(Option6.REMOTE_ID), relay.option(Option6.RELAY_ID)
    if remote:
        info["remote-id"] = remote.hex().upper()
    if name:
        info["relay-id"] = name.hex().upper()
    return info
