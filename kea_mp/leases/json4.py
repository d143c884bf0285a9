"""A lease as commands show it, and the user context as Kea keeps it in leases.

Runs in: any
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from kea_mp.leases.model import Lease4
from kea_mp.values import colons, text4

_REMOTE_ID, _RELAY_ID = 2, 12  #: sub-options of option 82 (RFC 3046, RFC 6925)

Context = dict[str, Any]


def shown4(lease: Lease4) -> dict[str, Any]:
    """The members of a lease in the answer to a command, in Kea's order. The hardware type and what Kea shows only when
    it is there are left out."""
    context = context_of(lease.user_context)
    shown: dict[str, Any] = {}
    if lease.client_id:
        shown["client-id"] = colons(lease.client_id)
    shown |= {
        "cltt": lease.cltt,
        "fqdn-fwd": lease.fqdn_fwd,
        "fqdn-rev": lease.fqdn_rev,
        "hostname": lease.hostname,
        "hw-address": colons(lease.hw[1:]),
        "ip-address": text4(lease.address),
    }
    if lease.pool_id:
        shown["pool-id"] = lease.pool_id
    shown |= {"state": lease.state, "subnet-id": lease.subnet_id}
    if context:
        shown["user-context"] = context
    shown["valid-lft"] = lease.valid_lft
    return shown


def context_of(text: str) -> Context:
    """The map in a lease's user_context; empty when there is none, or (in a database) something else."""
    try:
        context = json.loads(text) if text else {}
    except ValueError:
        return {}
    return context if isinstance(context, dict) else {}


def kea_json(value: Any) -> str:
    """JSON text as Kea writes it into leases: keys sorted, spaces inside the braces."""
    if isinstance(value, dict):
        rows = (f"{_quoted(key)}: {kea_json(value[key])}" for key in sorted(value))
        return "{ " + ", ".join(rows) + " }" if value else "{  }"
    if isinstance(value, list):
        return "[ " + ", ".join(map(kea_json, value)) + " ]" if value else "[  ]"
    return msgspec.json.encode(value).decode()


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


def with_extended_info(context: Context) -> tuple[Context, bytes, bytes]:
    """A user context with its relay information in the form of Kea 3.0 (until 2.2 it was the bare hexadecimal text of
    option 82), and the relay id and remote id in it. What is no relay information at all is left out."""
    isc = context.get("ISC")
    if not isinstance(isc, dict):
        return context, b"", b""
    if not isc:
        return {name: value for name, value in context.items() if name != "ISC"}, b"", b""
    info = isc.get("relay-agent-info")
    if info is None:
        return context, b"", b""
    rest = {name: value for name, value in isc.items() if name != "relay-agent-info"}
    if isinstance(info, str):
        info = _of_older_form(info)
    if not isinstance(info, dict):
        return {**context, "ISC": rest}, b"", b""
    relay_id, remote_id = octets(info.get("relay-id")), octets(info.get("remote-id"))
    return {**context, "ISC": {**rest, "relay-agent-info": info}}, relay_id, remote_id


def _of_older_form(text: str) -> Context:
    info: Context = {"sub-options": text}
    option, place = octets(text), 0
    while place + 1 < len(option):
        code, payload = option[place], option[place + 2 : place + 2 + option[place + 1]]
        place += 2 + option[place + 1]
        if place <= len(option) and payload and code in (_REMOTE_ID, _RELAY_ID):
            info["remote-id" if code == _REMOTE_ID else "relay-id"] = payload.hex().upper()
    return info


def octets(text: Any) -> bytes:
    """Hexadecimal digits with or without 0x; b"" when it is something else."""
    try:
        return bytes.fromhex(text.removeprefix("0x")) if isinstance(text, str) else b""
    except ValueError:
        return b""
