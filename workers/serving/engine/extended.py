"""Relay information kept in the lease (store-extended-info), and taken back from it (stash-agent-options).

Runs in: serving
"""

from __future__ import annotations

from typing import Any

import msgspec

from kea_mp.leases.json4 import kea_json
from kea_mp.leases.model import Lease4
from workers.serving.engine.agent import RELAY_ID, REMOTE_ID, echoed, parts_of, sub_option
from workers.serving.engine.context import Exchange, belongs

_decode = msgspec.json.Decoder().decode

Extended = tuple[str, bytes, bytes]  #: user_context, relay_id, remote_id of a lease


def extended(x: Exchange, context: str, relay_id: bytes, remote_id: bytes) -> Extended:
    """What a lease with these columns keeps after this message. Only the relay information is replaced."""
    plan = x.plan
    if plan is None or not plan.parameters.store_extended_info or 82 not in x.options or x.stashed:
        return context, relay_id, remote_id
    info: dict[str, Any] = {"sub-options": "0x" + echoed(x.agent).hex().upper() if x.agent else ""}
    if (remote := sub_option(x.agent, REMOTE_ID)) is not None:
        remote_id = remote
        if remote:
            info["remote-id"] = remote.hex().upper()
    if (relay := sub_option(x.agent, RELAY_ID)) is not None:
        relay_id = relay
        if relay:
            info["relay-id"] = relay.hex().upper()
    return with_isc(context, "relay-agent-info", info), relay_id, remote_id


def with_isc(context: str, key: str, info: Any) -> str:
    """The user context of a lease with this in its member ISC; the same text when it is there already."""
    whole = _as_dict(context)
    isc = whole.get("ISC")
    isc = dict(isc) if isinstance(isc, dict) else {}
    if isc.get(key) == info:
        return context
    isc[key] = info
    return kea_json({**whole, "ISC": isc})


def _as_dict(context: str) -> dict[str, Any]:
    if not context:
        return {}
    try:
        whole = _decode(context)
    except msgspec.DecodeError:
        return {}
    return whole if isinstance(whole, dict) else {}


def may_recover_agent(x: Exchange) -> bool:
    """Whether the lease may know the relay that this renewal came past (RFC 3046 is silent about renewals)."""
    message = x.message
    return bool(message.ciaddr) and not message.giaddr and not x.agent


def stashed_agent(x: Exchange, lease: Lease4 | None) -> bytes:
    """Option 82 as the client's valid lease remembers it, b"" if it does not."""
    if lease is None or lease.expire < x.now or not belongs(lease, x.hw, x.client_id):
        return b""
    isc = _as_dict(lease.user_context).get("ISC")
    info = isc.get("relay-agent-info") if isinstance(isc, dict) else None
    if isinstance(info, dict):
        info = info.get("sub-options")
    if not isinstance(info, str):
        return b""
    try:
        agent = bytes.fromhex(info.removeprefix("0x"))
    except ValueError:
        return b""
    return agent if parts_of(agent) else b""
