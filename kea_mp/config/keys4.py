"""Every key of a DHCPv4 configuration: where it may stand, of which type and in which range; then the defaults.

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
    NOT_YET,
    POOL,
    STRING,
    U8,
    U32,
    Key,
    Tables,
    boolean,
    choice,
    integer,
    option_scopes,
    refused,
    scope,
    string,
)
from kea_mp.family import DHCP4

_BOOT = (
    string("next-server"),
    string("server-hostname", high=63),
    string("boot-file-name", high=128),
)

_NETWORK = (
    *NETWORK,
    boolean("match-client-id"),
    boolean("authoritative"),
    *_BOOT,
    integer("offer-lifetime"),
)

_GLOBAL = (
    *GLOBAL,
    Key("subnet4", LIST, items="subnet4"),
    boolean("echo-client-id"),
    boolean("stash-agent-options"),
)

_DEFAULTS = {
    **DEFAULTS,
    "authoritative": False,
    "boot-file-name": "",
    "calculate-tee-times": False,
    "echo-client-id": True,
    "host-reservation-identifiers": ["hw-address", "duid", "circuit-id", "client-id"],
    "match-client-id": True,
    "next-server": "0.0.0.0",
    "server-hostname": "",
    "stash-agent-options": False,
    "t2-percent": 0.875,
}

_MAP_DEFAULTS = {
    **MAP_DEFAULTS,
    "dhcp-queue-control": {"enable-queue": False, "queue-type": "kea-ring4", "capacity": 64},
}

_HOST_IDENTIFIERS = ("hw-address", "duid", "circuit-id", "client-id", "flex-id")

_SCOPES = dict(
    (
        *COMMON_SCOPES,
        *option_scopes(U8),
        scope("Dhcp4", *_NETWORK, *_GLOBAL, *CONTEXT),
        scope(
            "shared-network",
            *_NETWORK, *GUARDS, *CONTEXT,
            string("name", low=1),
            string("interface"),
            Key("relay", MAP, items="relay"),
            Key("subnet4", LIST, items="subnet4"),
            required=("name",),
        ),
        scope(
            "subnet4",
            *_NETWORK, *GUARDS, *CONTEXT,
            string("subnet"),
            integer("id", U32 - 1, low=1),
            string("interface"),
            Key("relay", MAP, items="relay"),
            Key("pools", LIST, items="pool"),
            Key("reservations", LIST, items="reservation"),
            refused("4o6-interface", STRING, NOT_YET + ": there is no DHCPv4-over-DHCPv6", ("",)),
            refused("4o6-interface-id", STRING, NOT_YET + ": there is no DHCPv4-over-DHCPv6", ("",)),
            refused("4o6-subnet", STRING, NOT_YET + ": there is no DHCPv4-over-DHCPv6", ("",)),
            required=("subnet", "id"),
        ),
        scope("pool", *POOL, required=("pool",)),
        scope(
            "reservation",
            *(string(name, low=1) for name in _HOST_IDENTIFIERS),
            string("ip-address"),
            string("hostname"),
            string("next-server"),
            string("server-hostname", high=63),
            string("boot-file-name", high=127),
            Key("client-classes", LIST, items=STRING),
            Key("option-data", LIST, items="option-data"),
            *CONTEXT,
            empty=True,
        ),
        scope(
            "client-class",
            *CLIENT_CLASS,
            Key("option-def", LIST, items="option-def"),
            *_BOOT,
            integer("offer-lifetime"),
            required=("name",),
        ),
        scope(
            "interfaces-config",
            *INTERFACES,
            choice("dhcp-socket-type", "raw", "udp"),
            choice("outbound-interface", "same-as-inbound", "use-routing"),
        ),
        scope(
            "compatibility",
            boolean("lenient-option-parsing"),
            boolean("ignore-dhcp-server-identifier"),
            boolean("ignore-rai-link-selection"),
            boolean("exclude-first-last-24"),
        ),
    )
)  # fmt: skip

TABLES4 = Tables(
    family=DHCP4,
    scopes=_SCOPES,
    defaults=_DEFAULTS,
    map_defaults=_MAP_DEFAULTS,
    copied_down=(*COPIED_DOWN, "offer-lifetime"),
    network=frozenset(key.name for key in _NETWORK) - {"option-data"},
    host_identifiers=_HOST_IDENTIFIERS,
)
