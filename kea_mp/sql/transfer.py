"""Leases as lines of a memfile: the columns that `kea-admin lease-dump` and `lease-upload` carry, for both dialects.

Runs in: any
"""

from __future__ import annotations

from dataclasses import dataclass

COMMA = "&#x2c"  #: stands for a comma inside a field


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the lease table and of the file. kind: how its text is made: "number", "address", "hex" (octets
    with colons), "time" (seconds since the epoch), "flag", "text" (with COMMA), "context" (the same, may be absent)."""

    name: str
    kind: str


LEASE4 = (
    Field("address", "address"),
    Field("hwaddr", "hex"),
    Field("client_id", "hex"),
    Field("valid_lifetime", "number"),
    Field("expire", "time"),
    Field("subnet_id", "number"),
    Field("fqdn_fwd", "flag"),
    Field("fqdn_rev", "flag"),
    Field("hostname", "text"),
    Field("state", "number"),
    Field("user_context", "context"),
    Field("pool_id", "number"),
)
LEASE6 = (
    Field("address", "address"),
    Field("duid", "hex"),
    Field("valid_lifetime", "number"),
    Field("expire", "time"),
    Field("subnet_id", "number"),
    Field("pref_lifetime", "number"),
    Field("lease_type", "number"),
    Field("iaid", "number"),
    Field("prefix_len", "number"),
    Field("fqdn_fwd", "flag"),
    Field("fqdn_rev", "flag"),
    Field("hostname", "text"),
    Field("hwaddr", "hex"),
    Field("state", "number"),
    Field("user_context", "context"),
    Field("hwtype", "number"),
    Field("hwaddr_source", "number"),
    Field("pool_id", "number"),
)
FIELDS = {4: LEASE4, 6: LEASE6}
