"""Where a DHCPv6 client's hardware address may be looked for (Kea mac-sources): each name and the one that it means.

Runs in: any
"""

from __future__ import annotations

SOURCES = {
    "any": "any",
    "raw": "raw",
    "duid": "duid",
    "ipv6-link-local": "ipv6-link-local",
    "client-link-addr-option": "client-link-addr-option",
    "rfc6939": "client-link-addr-option",
    "remote-id": "remote-id",
    "rfc4649": "remote-id",
    "subscriber-id": "subscriber-id",
    "rfc4580": "subscriber-id",
    "docsis-cmts": "docsis-cmts",
    "docsis-modem": "docsis-modem",
}
