"""Every key of a DHCPv6 configuration: where it may stand, of which type and in which range; then the defaults.

Runs in: any
"""

from __future__ import annotations

from kea_mp.config.keys import (
    CLIENT_CLASS,
    COMMON_SCOPES,
    CONTEXT,
    COPIED_DOWN,
    DEFAULTS,
    GLOBAL,
    GUARDS,
    INTERFACES,
    LIST,
    MAP,
    MAP_DEFAULTS,
    NETWORK,
    POOL,
    STRING,
    U16,
    U32,
    Key,
    Tables,
    boolean,
    choice,
    integer,
    option_scopes,
    scope,
    string,
)
from kea_mp.family import DHCP6

_LONGEST_PREFIX = 128

PREFERRED = (
    integer("preferred-lifetime"),
    integer("min-preferred-lifetime"),
    integer("max-preferred-lifetime"),
)

_NETWORK = (
    *NETWORK,
    *PREFERRED,
    choice("allocator", "iterative", "random"),  # in the place of the common row: no free lease queue of addresses
    choice("pd-allocator", "iterative", "random", "flq"),
)

_GLOBAL = (
    *GLOBAL,
    Key("subnet6", LIST, items="subnet6"),
    Key("server-id", MAP, items="server-id"),
    Key("mac-sources", LIST, items=STRING, empty=False),
    Key("relay-supplied-options", LIST, items=STRING),
    string("data-directory"),
    boolean("allow-address-registration"),  # later than 3.0
)

#: Of a shared network and a subnet.
_PLACE = (
    string("interface"),
    string("interface-id"),
    boolean("rapid-commit"),
    Key("relay", MAP, items="relay"),
)

_DEFAULTS = {
    **DEFAULTS,
    "calculate-tee-times": True,
    "host-reservation-identifiers": ["hw-address", "duid"],
    "mac-sources": ["any"],
    "pd-allocator": "iterative",
    "relay-supplied-options": ["65"],
    "t2-percent": 0.8,
}

_MAP_DEFAULTS = {
    **MAP_DEFAULTS,
    "dhcp-queue-control": {"enable-queue": False, "queue-type": "kea-ring6", "capacity": 64},
    "server-id": {"type": "LLT", "enterprise-id": 0, "htype": 0, "identifier": "", "persist": True, "time": 0},
}

_HOST_IDENTIFIERS = ("hw-address", "duid", "flex-id")

_SCOPES = dict(
    (
        *COMMON_SCOPES,
        *option_scopes(U16),
        scope("Dhcp6", *_NETWORK, *_GLOBAL, *CONTEXT),
        scope(
            "shared-network",
            *_NETWORK, *GUARDS, *CONTEXT, *_PLACE,
            string("name", low=1),
            Key("subnet6", LIST, items="subnet6"),
            required=("name",),
        ),
        scope(
            "subnet6",
            *_NETWORK, *GUARDS, *CONTEXT, *_PLACE,
            string("subnet"),
            integer("id", U32 - 1, low=1),
            Key("pools", LIST, items="pool"),
            Key("pd-pools", LIST, items="pd-pool"),
            Key("reservations", LIST, items="reservation"),
            required=("subnet", "id"),
        ),
        scope("pool", *POOL, required=("pool",)),
        scope(
            "pd-pool",
            *GUARDS, *CONTEXT,
            string("prefix"),
            integer("prefix-len", _LONGEST_PREFIX, low=1),
            integer("delegated-len", _LONGEST_PREFIX, low=1),
            string("excluded-prefix"),
            integer("excluded-prefix-len", _LONGEST_PREFIX),
            integer("pool-id", low=1),
            Key("option-data", LIST, items="option-data"),
            required=("prefix", "prefix-len", "delegated-len"),
        ),
        scope(
            "reservation",
            *(string(name, low=1) for name in _HOST_IDENTIFIERS),
            Key("ip-addresses", LIST, items=STRING),
            Key("prefixes", LIST, items=STRING),
            Key("excluded-prefixes", LIST, items=STRING),
            string("hostname"),
            Key("client-classes", LIST, items=STRING),
            Key("option-data", LIST, items="option-data"),
            *CONTEXT,
            empty=True,
        ),
        scope("client-class", *CLIENT_CLASS, *PREFERRED, required=("name",)),
        scope("interfaces-config", *INTERFACES),
        scope(
            "server-id",
            choice("type", "LLT", "EN", "LL"),
            string("identifier"),
            integer("time"),
            integer("htype", U16),
            integer("enterprise-id"),
            boolean("persist"),
            *CONTEXT,
            required=("type",),
        ),
        scope("compatibility", boolean("lenient-option-parsing")),
    )
)  # fmt: skip

TABLES6 = Tables(
    family=DHCP6,
    scopes=_SCOPES,
    defaults=_DEFAULTS,
    map_defaults=_MAP_DEFAULTS,
    copied_down=(*COPIED_DOWN, *(key.name for key in PREFERRED), "pd-allocator"),
    network=frozenset(key.name for key in _NETWORK) - {"option-data"},
    host_identifiers=_HOST_IDENTIFIERS,
)
