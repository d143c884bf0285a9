"""The rows that every Kea database holds from the beginning, in both dialects unless the table says otherwise.

Runs in: any
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Table

from kea_mp.sql import tables

VERSIONS = {"postgresql": (29, 0), "mysql": (30, 0)}  #: schema version of Kea 3.0, by dialect

_NUMBERED: dict[str, dict[int, str]] = {
    "lease_state": dict(enumerate(("default", "declined", "expired-reclaimed", "released", "registered"))),
    "lease6_types": dict(enumerate(("IA_NA", "IA_TA", "IA_PD"))),
    "lease_hwaddr_source": {
        0: "HWADDR_SOURCE_UNKNOWN",
        1: "HWADDR_SOURCE_RAW",
        2: "HWADDR_SOURCE_IPV6_LINK_LOCAL",
        4: "HWADDR_SOURCE_DUID",
        8: "HWADDR_SOURCE_CLIENT_ADDR_RELAY_OPTION",
        16: "HWADDR_SOURCE_REMOTE_ID",
        32: "HWADDR_SOURCE_SUBSCRIBER_ID",
        64: "HWADDR_SOURCE_DOCSIS_CMTS",
        128: "HWADDR_SOURCE_DOCSIS_MODEM",
    },
    "host_identifier_type": dict(enumerate(("hw-address", "duid", "circuit-id", "client-id", "flex-id"))),
    "dhcp_option_scope": dict(
        enumerate(("global", "subnet", "client-class", "host", "shared-network", "pool", "pd-pool"))
    ),
    "parameter_data_type": {0: "integer", 1: "real", 2: "boolean", 4: "string"},
    "option_def_data_type": {
        **dict(enumerate(("empty", "binary", "boolean", "int8", "int16", "int32", "uint8", "uint16", "uint32"))),
        **dict(enumerate(("ipv4-address", "ipv6-address", "ipv6-prefix", "psid", "string", "tuple", "fqdn"), start=10)),
        17: "internal",
        254: "record",
    },
    "modification": dict(enumerate(("create", "update", "delete"))),
    "ddns_replace_client_name_types": dict(
        enumerate(("RCM_NEVER", "RCM_ALWAYS", "RCM_WHEN_PRESENT", "RCM_WHEN_NOT_PRESENT"))
    ),
}
ALL_SERVERS = ("all", "special type: all servers")  #: tag and description of the server with id 1


def rows(dialect: str) -> Iterator[tuple[Table, list[dict[str, object]]]]:
    """Tables and their rows but for the version, which goes in last: it says that the schema is complete."""
    for name, numbered in _NUMBERED.items():
        table = tables.metadata.tables[name]
        if table.info.get("dialect", dialect) == dialect:
            key, label = (column.name for column in table.columns)
            yield table, [{key: number, label: text} for number, text in numbered.items()]


def version_row(dialect: str) -> tuple[Table, dict[str, object]]:
    major, minor = VERSIONS[dialect]
    return tables.metadata.tables["schema_version"], {"version": major, "minor": minor}
