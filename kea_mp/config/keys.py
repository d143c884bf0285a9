"""Keys of a configuration that both families have: where one may stand, of which type and in which range; defaults.

One row per key that Kea 3.0 accepts. A row with `refuse` is Kea's but not ours: it is refused with that sentence
unless its value is one of `harmless`. What rows cannot say (two keys together, a value that must fit another one)
is in the builders. Kea checks many ranges only where a value is used; here a value out of range is always refused.

Runs in: any
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kea_mp.family import Family

U8, U16, U32 = 0xFF, 0xFFFF, 0xFFFFFFFF

STRING, INTEGER, REAL, BOOLEAN, MAP, LIST = "string", "integer", "real", "boolean", "map", "list"

NOT_YET = "is not supported by kea_mp yet"
NOT_HERE = "is not supported by this version of kea_mp"


@dataclass(frozen=True, slots=True)
class Key:
    """A row. low, high: range of a number, length of a string in bytes. choices: allowed strings. items: scope of
    the maps in a list, or STRING; for a map its scope ("": anything). empty: whether a list may be empty."""

    name: str
    type: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    items: str = ""
    empty: bool = True
    refuse: str = ""
    harmless: tuple[Any, ...] = ()
    above_low: bool = False  #: low itself is out of range
    below_high: bool = False  #: high itself is out of range


@dataclass(frozen=True, slots=True)
class Scope:
    """Keys of one kind of map. required: keys that must be there. empty: Kea accepts the map without any key.
    open: other keys may stand here as well."""

    name: str
    keys: dict[str, Key]
    required: tuple[str, ...] = ()
    empty: bool = False
    open: bool = False


@dataclass(frozen=True, slots=True)
class Tables:
    """What the tables say about one family's configuration. scopes: by name, for Key.items. defaults: what Kea 3.0
    fills in at the global level; the other levels inherit and have no default of their own. map_defaults: maps that
    Kea shows complete, whether or not they were configured. copied_down: copied into a shared network or subnet that
    has none of its own, as Kea does before it checks them. network: the keys that such a level may have of those that
    it inherits."""

    family: Family
    scopes: Mapping[str, Scope]
    defaults: Mapping[str, Any]
    map_defaults: Mapping[str, Mapping[str, Any]]
    copied_down: tuple[str, ...]
    network: frozenset[str]
    host_identifiers: tuple[str, ...]  #: the keys that may identify a reservation's client

    @property
    def option_defaults(self) -> dict[str, Any]:
        return {"space": self.family.name, "always-send": False, "never-send": False}

    @property
    def option_def_defaults(self) -> dict[str, Any]:
        return {"space": self.family.name, "record-types": "", "array": False, "encapsulate": ""}


def integer(name: str, high: int = U32, low: int = 0) -> Key:
    return Key(name, INTEGER, low, high)


def boolean(name: str) -> Key:
    return Key(name, BOOLEAN)


def string(name: str, low: int | None = None, high: int | None = None) -> Key:
    return Key(name, STRING, low, high)


def choice(name: str, *choices: str) -> Key:
    return Key(name, STRING, choices=choices)


def refused(name: str, type_: str, sentence: str = NOT_YET, harmless: tuple[Any, ...] = ()) -> Key:
    return Key(name, type_, refuse=sentence, harmless=harmless)


def scope(
    name: str, *rows: Key, required: tuple[str, ...] = (), empty: bool = False, open: bool = False
) -> tuple[str, Scope]:
    return name, Scope(name, {row.name: row for row in rows}, required, empty, open)


CONTEXT = (Key("user-context", MAP), string("comment"))

CONFLICT_RESOLUTION = (
    "check-with-dhcid", "no-check-with-dhcid", "check-exists-with-dhcid", "no-check-without-dhcid",
)  # fmt: skip

LIFETIMES = (
    integer("valid-lifetime"),
    integer("min-valid-lifetime"),
    integer("max-valid-lifetime"),
)

DDNS = (
    boolean("ddns-send-updates"),
    boolean("ddns-override-no-update"),
    boolean("ddns-override-client-update"),
    choice("ddns-replace-client-name", "never", "always", "when-present", "when-not-present"),
    string("ddns-generated-prefix"),
    string("ddns-qualifying-suffix"),
    boolean("ddns-update-on-renew"),
    choice("ddns-conflict-resolution-mode", *CONFLICT_RESOLUTION),
    Key("ddns-ttl-percent", REAL, low=0, high=1, above_low=True),
    integer("ddns-ttl"),
    integer("ddns-ttl-min"),
    integer("ddns-ttl-max"),
    string("hostname-char-set"),
    string("hostname-char-replacement"),
)

#: What global, shared network and subnet have in common.
NETWORK = (
    *LIFETIMES,
    integer("renew-timer"),
    integer("rebind-timer"),
    boolean("calculate-tee-times"),
    Key("t1-percent", REAL),  # ranges hold only when calculate-tee-times is on
    Key("t2-percent", REAL),
    Key("cache-threshold", REAL, low=0, high=1, below_high=True),
    integer("cache-max-age"),
    Key("adaptive-lease-time-threshold", REAL, refuse="is newer than Kea 3.0 and " + NOT_YET),
    boolean("reservations-global"),
    boolean("reservations-in-subnet"),
    boolean("reservations-out-of-pool"),
    choice("allocator", "iterative", "random", "flq"),
    boolean("store-extended-info"),
    *DDNS,
    boolean("ddns-use-conflict-resolution"),
    Key("option-data", LIST, items="option-data"),
)

GUARDS = (
    string("client-class"),
    Key("client-classes", LIST, items=STRING),
    Key("require-client-classes", LIST, items=STRING),
    Key("evaluate-additional-classes", LIST, items=STRING),
)

DATABASE = (
    choice("type", "memfile", "mysql", "postgresql"),
    string("name"),
    boolean("persist"),
    integer("lfc-interval"),
    integer("max-row-errors"),
    string("user"),
    string("password"),
    string("password-file"),  # later than 3.0
    string("host"),
    integer("port", U16),
    integer("connect-timeout"),
    integer("read-timeout"),
    integer("write-timeout"),
    integer("tcp-user-timeout"),
    integer("max-reconnect-tries"),
    integer("reconnect-wait-time"),
    choice("on-fail", "stop-retry-exit", "serve-retry-exit", "serve-retry-continue"),
    boolean("retry-on-startup"),
    string("trust-anchor"),
    string("cert-file"),
    string("key-file"),
    string("cipher-list"),
    choice("ssl-mode", "disable", "prefer", "require", "verify-ca", "verify-full"),  # later than 3.0
)

#: Keys of lease-database that Kea takes and ignores when the type is memfile.
MEMFILE_IDLE = frozenset(row.name for row in DATABASE) - {
    "type", "name", "persist", "lfc-interval", "max-row-errors", "on-fail",
}  # fmt: skip

GLOBAL = (
    Key("interfaces-config", MAP, items="interfaces-config"),
    Key("lease-database", MAP, items="lease-database"),
    refused("hosts-database", MAP, NOT_HERE + ": reservations are in the configuration only"),
    refused("hosts-databases", LIST, NOT_HERE + ": reservations are in the configuration only", ([],)),
    refused("config-control", MAP, NOT_HERE + ": there is no configuration backend"),
    Key("host-reservation-identifiers", LIST, items=STRING, empty=False),
    Key("client-classes", LIST, items="client-class"),
    Key("option-def", LIST, items="option-def"),
    Key("hooks-libraries", LIST, items="hooks-library"),
    Key("expired-leases-processing", MAP, items="expired-leases-processing"),
    refused("dhcp4o6-port", INTEGER, NOT_YET + ": there is no DHCPv4-over-DHCPv6", (0,)),
    Key("control-socket", MAP, items="control-socket"),
    Key("control-sockets", LIST, items="control-socket"),
    Key("dhcp-queue-control", MAP, items="dhcp-queue-control"),
    Key("dhcp-ddns", MAP, items="dhcp-ddns"),
    Key("multi-threading", MAP, items="multi-threading"),
    Key("sanity-checks", MAP, items="sanity-checks"),
    Key("reservations", LIST, items="reservation"),
    Key("shared-networks", LIST, items="shared-network"),
    Key("loggers", LIST, items="logger", empty=False),
    Key("compatibility", MAP, items="compatibility"),
    integer("decline-probation-period"),
    string("server-tag"),
    integer("statistic-default-sample-count"),
    integer("statistic-default-sample-age"),
    boolean("early-global-reservations-lookup"),
    boolean("ip-reservations-unique"),
    boolean("reservations-lookup-first"),
    integer("parked-packet-limit"),
)

#: What both families have among the global defaults.
DEFAULTS: dict[str, Any] = {
    "allocator": "iterative",
    "cache-threshold": 0.25,
    "ddns-conflict-resolution-mode": "check-with-dhcid",
    "ddns-generated-prefix": "myhost",
    "ddns-override-client-update": False,
    "ddns-override-no-update": False,
    "ddns-qualifying-suffix": "",
    "ddns-replace-client-name": "never",
    "ddns-send-updates": True,
    "ddns-update-on-renew": False,
    "decline-probation-period": 86400,
    "dhcp4o6-port": 0,
    "early-global-reservations-lookup": False,
    "hooks-libraries": [],
    "hostname-char-replacement": "",
    "hostname-char-set": "[^A-Za-z0-9.-]",
    "ip-reservations-unique": True,
    "parked-packet-limit": 256,
    "reservations-global": False,
    "reservations-in-subnet": True,
    "reservations-lookup-first": False,
    "reservations-out-of-pool": False,
    "server-tag": "",
    "statistic-default-sample-age": 0,
    "statistic-default-sample-count": 20,
    "store-extended-info": False,
    "t1-percent": 0.5,
    "valid-lifetime": 7200,
}

MAP_DEFAULTS: dict[str, dict[str, Any]] = {
    "dhcp-ddns": {
        "enable-updates": False,
        "server-ip": "127.0.0.1",
        "server-port": 53001,
        "sender-ip": "",
        "sender-port": 0,
        "max-queue-size": 1024,
        "ncr-protocol": "UDP",
        "ncr-format": "JSON",
    },
    "expired-leases-processing": {
        "reclaim-timer-wait-time": 10,
        "flush-reclaimed-timer-wait-time": 25,
        "hold-reclaimed-time": 3600,
        "max-reclaim-leases": 100,
        "max-reclaim-time": 250,
        "unwarned-reclaim-cycles": 5,
    },
    "interfaces-config": {"interfaces": [], "re-detect": True},
    "lease-database": {"type": "memfile"},
    "multi-threading": {"enable-multi-threading": True, "thread-pool-size": 0, "packet-queue-size": 64},
    "sanity-checks": {"lease-checks": "warn", "extended-info-checks": "fix"},
}

COPIED_DOWN = (
    "renew-timer", "rebind-timer", "valid-lifetime", "min-valid-lifetime", "max-valid-lifetime",
    "calculate-tee-times", "t1-percent", "t2-percent", "store-extended-info", "cache-threshold", "cache-max-age",
    "allocator",
)  # fmt: skip

POOL = (
    *GUARDS, *DDNS, *CONTEXT,
    string("pool"),
    integer("pool-id", low=1),
    Key("option-data", LIST, items="option-data"),
)  # fmt: skip

CLIENT_CLASS = (
    string("name", low=1),
    refused("test", STRING, NOT_YET + ": classes are assigned by name, not by expressions"),
    refused("template-test", STRING, NOT_YET + ": classes are assigned by name, not by expressions"),
    boolean("only-if-required"),
    boolean("only-in-additional-list"),
    Key("option-data", LIST, items="option-data"),
    *LIFETIMES,
    *CONTEXT,
)

INTERFACES = (
    Key("interfaces", LIST, items=STRING),
    boolean("re-detect"),
    boolean("service-sockets-require-all"),
    integer("service-sockets-retry-wait-time"),
    integer("service-sockets-max-retries"),
    *CONTEXT,
)


def option_scopes(highest_code: int) -> tuple[tuple[str, Scope], ...]:
    """The maps of options. highest_code: that an option may have."""
    return (
        scope(
            "option-data",
            string("name", low=1),
            integer("code", highest_code),
            string("data"),
            string("space", low=1),
            boolean("csv-format"),
            boolean("always-send"),
            boolean("never-send"),
            Key("client-classes", LIST, items=STRING),
            *CONTEXT,
            empty=True,
        ),
        scope(
            "option-def",
            string("name", low=1),
            integer("code", highest_code),
            string("type"),
            string("space", low=1),
            boolean("array"),
            string("record-types"),
            string("encapsulate"),
            *CONTEXT,
            required=("name", "code", "type"),
        ),
    )


#: The maps that both families have alike.
COMMON_SCOPES = (
    scope("hooks-library", string("library", low=1), Key("parameters", MAP), required=("library",)),
    scope("relay", Key("ip-addresses", LIST, items=STRING), required=("ip-addresses",)),
    scope("lease-database", *DATABASE, required=("type",)),
    scope(
        "expired-leases-processing",
        integer("reclaim-timer-wait-time", U16),
        integer("flush-reclaimed-timer-wait-time", U16),
        integer("hold-reclaimed-time"),
        integer("max-reclaim-leases"),
        integer("max-reclaim-time", 10000),
        integer("unwarned-reclaim-cycles", U16),
    ),
    scope(
        "control-socket",
        choice("socket-type", "unix", "http", "https"),
        string("socket-name"),
        string("socket-address"),
        integer("socket-port", U16),
        Key("authentication", MAP),
        string("trust-anchor"),
        string("cert-file"),
        string("key-file"),
        boolean("cert-required"),
        Key("http-headers", LIST),
        *CONTEXT,
        required=("socket-type",),
    ),
    scope(
        "logger",
        string("name", low=1),
        Key("output-options", LIST, items="output-option", empty=False),
        Key("output_options", LIST, items="output-option", empty=False),
        integer("debuglevel", 99),
        string("severity"),
        *CONTEXT,
        required=("name",),
    ),
    scope(
        "output-option",
        string("output", low=1),
        boolean("flush"),
        integer("maxsize", (1 << 63) - 1),
        integer("maxver", 0x7FFFFFFF),
        string("pattern"),
        required=("output",),
    ),
    scope(
        "sanity-checks",
        choice("lease-checks", "none", "warn", "fix", "fix-del", "del"),
        Key(
            "extended-info-checks", STRING, choices=("none", "fix", "strict", "pedantic"),
            refuse=NOT_YET + " beyond none and fix", harmless=("none", "fix"),
        ),
    ),
    scope(
        "multi-threading",
        boolean("enable-multi-threading"),
        integer("thread-pool-size", U16),
        integer("packet-queue-size", U16),
        *CONTEXT,
        required=("enable-multi-threading",),
    ),
    scope(
        "dhcp-queue-control",
        refused("enable-queue", BOOLEAN, NOT_YET + ": there is no packet queue", (False,)),
        string("queue-type"),
        integer("capacity"),
        *CONTEXT,
        required=("enable-queue",),
        open=True,
    ),
    scope(
        "dhcp-ddns",
        refused("enable-updates", BOOLEAN, NOT_YET + ": no DNS updates are sent", (False,)),
        string("server-ip"),
        integer("server-port", U16),
        string("sender-ip"),
        integer("sender-port", U16),
        integer("max-queue-size"),
        choice("ncr-protocol", "UDP"),
        choice("ncr-format", "JSON"),
        *CONTEXT,
        required=("enable-updates",),
    ),
    scope(
        "kea-mp",
        integer("workers", 256, low=1),
        choice("memfile-sync", "batch", "none"),
        integer("remembered-leases", 10_000_000),
        boolean("allow-clear-text"),
        empty=True,
    ),
)  # fmt: skip
