"""A lease of DHCPv6 as commands show it, and the relay information in its user context.

Runs in: any
"""

from __future__ import annotations

import struct
from typing import Any

from kea_mp.leases.json4 import Context, context_of, octets
from kea_mp.leases.model import NA, PD, Lease6
from kea_mp.values import colons, text6

TYPES = {NA: "IA_NA", 1: "IA_TA", PD: "IA_PD"}  #: by lease type, as commands say it

_REMOTE_ID, _RELAY_ID = 37, 53  #: options (RFC 4649, RFC 5460)


def shown6(lease: Lease6) -> dict[str, Any]:
    """The members of a lease in the answer to a command, in Kea's order. What Kea shows only when it is there is left
    out."""
    context = context_of(lease.user_context)
    shown: dict[str, Any] = {
        "cltt": lease.cltt,
        "duid": colons(lease.duid),
        "fqdn-fwd": lease.fqdn_fwd,
        "fqdn-rev": lease.fqdn_rev,
        "hostname": lease.hostname,
    }
    if lease.hw:
        shown["hw-address"] = colons(lease.hw[1:])
    shown |= {"iaid": lease.iaid, "ip-address": text6(lease.address)}
    if lease.pool_id:
        shown["pool-id"] = lease.pool_id
    shown["preferred-lft"] = lease.pref_lft
    if lease.lease_type == PD:
        shown["prefix-len"] = lease.prefix_len
    shown |= {
        "state": lease.state,
        "subnet-id": lease.subnet_id,
        "type": TYPES.get(lease.lease_type, str(lease.lease_type)),
    }
    if context:
        shown["user-context"] = context
    shown["valid-lft"] = lease.valid_lft
    return shown


def with_relay_info(context: Context) -> Context:
    """A user context with its relay information in the form of Kea 3.0 (until 2.2 it was called "relays", without the
    ids that are in the options). What is no relay information at all is left out."""
    isc = context.get("ISC")
    if not isinstance(isc, dict):
        return context
    rest = {name: value for name, value in isc.items() if name not in ("relays", "relay-info")}
    info = isc.get("relay-info", isc.get("relays"))
    good = isinstance(info, list) and bool(info) and all(map(_is_relay, info))
    if good:
        assert isinstance(info, list)
        rest["relay-info"] = info if "relay-info" in isc else [_with_ids(relay) for relay in info]
    if rest:
        return {**context, "ISC": rest}
    return {name: value for name, value in context.items() if name != "ISC"}


def _is_relay(relay: Any) -> bool:
    return isinstance(relay, dict) and isinstance(relay.get("options", ""), str)


def _with_ids(relay: Context) -> Context:
    data, place, found = octets(relay.get("options", "")), 0, dict(relay)
    while place + 4 <= len(data):
        code, length = struct.unpack_from("!HH", data, place)
        payload = data[place + 4 : place + 4 + length]
        place += 4 + length
        if place <= len(data) and payload and code in (_REMOTE_ID, _RELAY_ID):
            found["remote-id" if code == _REMOTE_ID else "relay-id"] = payload.hex().upper()
    return found
