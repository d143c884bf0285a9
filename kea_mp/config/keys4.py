"""Every key of a DHCPv4 configuration: where it may stand, of which type and in which range; then the defaults.

One row per key that Kea 3.0 accepts. A row with `refuse` is Kea's but not ours: it is refused with that sentence
unless its value is one of `harmless`. What rows cannot say (two keys together, a value that must fit another one)
is in the builders. Kea checks many ranges only where a value is used; here a value out of range is always refused.

Runs in: any
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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


def _integer(name: str, high: int = U32, low: int = 0) -> Key:
    return Key(name, INTEGER, low, high)


def _boolean(name: str) -> Key:
    return Key(name, BOOLEAN)


def _string(name: str, low: int | None = None, high: int | None = None) -> Key:
    return Key(name, STRING, low, high)


def _choice(name: str, *choices: str) -> Key:
    return Key(name, STRING, choices=choices)


def _refused(name: str, type_: str, sentence: str = NOT_YET, harmless: tuple[Any, ...] = ()) -> Key:
    return Key(name, type_, refuse=sentence, harmless=harmless)


def _scope(
    name: str, *rows: Key, required: tuple[str, ...] = (), empty: bool = False, open: bool = False
) -> tuple[str, Scope]:
    return name, Scope(name, {row.name: row for row in rows}, required, empty, open)


CONTEXT = (Key("user-context", MAP), _string("comment"))

CONFLICT_RESOLUTION = (
    "check-with-dhcid", "no-check-with-dhcid", "check-exists-with-dhcid", "no-check-without-dhcid",
)  # fmt: skip

LIFETIMES = (
    _integer("valid-lifetime"),
    _integer("min-valid-lifetime"),
    _integer("max-valid-lifetime"),
)

DDNS = (
    _boolean("ddns-send-updates"),
    _boolean("ddns-override-no-update"),
    _boolean("ddns-override-client-update"),
    _choice("ddns-replace-client-name", "never", "always", "when-present", "when-not-present"),
    _string("ddns-generated-prefix"),
    _string("ddns-qualifying-suffix"),
    _boolean("ddns-update-on-renew"),
    _choice("ddns-conflict-resolution-mode", *CONFLICT_RESOLUTION),
    Key("ddns-ttl-percent", REAL, low=0, high=1, above_low=True),
    _integer("ddns-ttl"),
    _integer("ddns-ttl-min"),
    _integer("ddns-ttl-max"),
    _string("hostname-char-set"),
    _string("hostname-char-replacement"),
)

BOOT = (
    _string("next-server"),
    _string("server-hostname", high=63),
    _string("boot-file-name", high=128),
)

#: What global, shared network and subnet have in common.
NETWORK = (
    *LIFETIMES,
    _integer("renew-timer"),
    _integer("rebind-timer"),
    _boolean("calculate-tee-times"),
    Key("t1-percent", REAL),  # ranges hold only when calculate-tee-times is on
    Key("t2-percent", REAL),
    Key("cache-threshold", REAL, low=0, high=1, below_high=True),
    _integer("cache-max-age"),
    Key("adaptive-lease-time-threshold", REAL, refuse="is newer than Kea 3.0 and " + NOT_YET),
    _boolean("match-client-id"),
    _boolean("authoritative"),
    *BOOT,
    _boolean("reservations-global"),
    _boolean("reservations-in-subnet"),
    _boolean("reservations-out-of-pool"),
    _choice("allocator", "iterative", "random", "flq"),
    _integer("offer-lifetime"),
    _boolean("store-extended-info"),
    *DDNS,
    _boolean("ddns-use-conflict-resolution"),
    Key("option-data", LIST, items="option-data"),
)

GUARDS = (
    _string("client-class"),
    Key("client-classes", LIST, items=STRING),
    Key("require-client-classes", LIST, items=STRING),
    Key("evaluate-additional-classes", LIST, items=STRING),
)

DATABASE = (
    _choice("type", "memfile", "mysql", "postgresql"),
    _string("name"),
    _boolean("persist"),
    _integer("lfc-interval"),
    _integer("max-row-errors"),
    _string("user"),
    _string("password"),
    _string("password-file"),  # later than 3.0
    _string("host"),
    _integer("port", U16),
    _integer("connect-timeout"),
    _integer("read-timeout"),
    _integer("write-timeout"),
    _integer("tcp-user-timeout"),
    _integer("max-reconnect-tries"),
    _integer("reconnect-wait-time"),
    _choice("on-fail", "stop-retry-exit", "serve-retry-exit", "serve-retry-continue"),
    _boolean("retry-on-startup"),
    _string("trust-anchor"),
    _string("cert-file"),
    _string("key-file"),
    _string("cipher-list"),
    _choice("ssl-mode", "disable", "prefer", "require", "verify-ca", "verify-full"),  # later than 3.0
)

#: Keys of lease-database that Kea takes and ignores when the type is memfile.
MEMFILE_IDLE = frozenset(row.name for row in DATABASE) - {"type", "name", "persist", "lfc-interval", "max-row-errors"}

GLOBAL = (
    Key("interfaces-config", MAP, items="interfaces-config"),
    Key("lease-database", MAP, items="lease-database"),
    _refused("hosts-database", MAP, NOT_HERE + ": reservations are in the configuration only"),
    _refused("hosts-databases", LIST, NOT_HERE + ": reservations are in the configuration only", ([],)),
    _refused("config-control", MAP, NOT_HERE + ": there is no configuration backend"),
    Key("host-reservation-identifiers", LIST, items=STRING, empty=False),
    Key("client-classes", LIST, items="client-class"),
    Key("option-def", LIST, items="option-def"),
    Key("hooks-libraries", LIST, items="hooks-library"),
    Key("expired-leases-processing", MAP, items="expired-leases-processing"),
    _refused("dhcp4o6-port", INTEGER, NOT_YET + ": there is no DHCPv4-over-DHCPv6", (0,)),
    Key("control-socket", MAP, items="control-socket"),
    Key("control-sockets", LIST, items="control-socket"),
    Key("dhcp-queue-control", MAP, items="dhcp-queue-control"),
    Key("dhcp-ddns", MAP, items="dhcp-ddns"),
    Key("multi-threading", MAP, items="multi-threading"),
    Key("sanity-checks", MAP, items="sanity-checks"),
    Key("reservations", LIST, items="reservation"),
    Key("subnet4", LIST, items="subnet4"),
    Key("shared-networks", LIST, items="shared-network"),
    Key("loggers", LIST, items="logger", empty=False),
    Key("compatibility", MAP, items="compatibility"),
    _integer("decline-probation-period"),
    _boolean("echo-client-id"),
    _string("server-tag"),
    _integer("statistic-default-sample-count"),
    _integer("statistic-default-sample-age"),
    _boolean("early-global-reservations-lookup"),
    _boolean("ip-reservations-unique"),
    _boolean("reservations-lookup-first"),
    _integer("parked-packet-limit"),
    _boolean("stash-agent-options"),
)

#: What Kea 3.0 fills in at the global level. The other levels inherit and have no default of their own.
GLOBAL_DEFAULTS: dict[str, Any] = {
    "allocator": "iterative",
    "authoritative": False,
    "boot-file-name": "",
    "cache-threshold": 0.25,
    "calculate-tee-times": False,
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
    "echo-client-id": True,
    "hooks-libraries": [],
    "host-reservation-identifiers": ["hw-address", "duid", "circuit-id", "client-id"],
    "hostname-char-replacement": "",
    "hostname-char-set": "[^A-Za-z0-9.-]",
    "ip-reservations-unique": True,
    "match-client-id": True,
    "next-server": "0.0.0.0",
    "parked-packet-limit": 256,
    "reservations-global": False,
    "reservations-in-subnet": True,
    "reservations-lookup-first": False,
    "reservations-out-of-pool": False,
    "server-hostname": "",
    "server-tag": "",
    "stash-agent-options": False,
    "statistic-default-sample-age": 0,
    "statistic-default-sample-count": 20,
    "store-extended-info": False,
    "t1-percent": 0.5,
    "t2-percent": 0.875,
    "valid-lifetime": 7200,
}

#: Maps that Kea shows complete, whether or not they were configured.
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
    "dhcp-queue-control": {"enable-queue": False, "queue-type": "kea-ring4", "capacity": 64},
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

#: Copied into a shared network or subnet that has none of its own, as Kea does before it checks them.
COPIED_DOWN = (
    "renew-timer", "rebind-timer", "valid-lifetime", "min-valid-lifetime", "max-valid-lifetime",
    "calculate-tee-times", "t1-percent", "t2-percent", "store-extended-info", "cache-threshold", "cache-max-age",
    "allocator", "offer-lifetime",
)  # fmt: skip

OPTION_DEFAULTS = {"space": "dhcp4", "always-send": False, "never-send": False}
OPTION_DEF_DEFAULTS = {"space": "dhcp4", "record-types": "", "array": False, "encapsulate": ""}

HOST_IDENTIFIERS = ("hw-address", "duid", "circuit-id", "client-id", "flex-id")

SCOPES: dict[str, Scope] = dict(
    (
        _scope("Dhcp4", *NETWORK, *GLOBAL, *CONTEXT),
        _scope(
            "shared-network",
            *NETWORK, *GUARDS, *CONTEXT,
            _string("name", low=1),
            _string("interface"),
            Key("relay", MAP, items="relay"),
            Key("subnet4", LIST, items="subnet4"),
            required=("name",),
        ),
        _scope(
            "subnet4",
            *NETWORK, *GUARDS, *CONTEXT,
            _string("subnet"),
            _integer("id", U32 - 1, low=1),
            _string("interface"),
            Key("relay", MAP, items="relay"),
            Key("pools", LIST, items="pool"),
            Key("reservations", LIST, items="reservation"),
            _refused("4o6-interface", STRING, NOT_YET + ": there is no DHCPv4-over-DHCPv6", ("",)),
            _refused("4o6-interface-id", STRING, NOT_YET + ": there is no DHCPv4-over-DHCPv6", ("",)),
            _refused("4o6-subnet", STRING, NOT_YET + ": there is no DHCPv4-over-DHCPv6", ("",)),
            required=("subnet", "id"),
        ),
        _scope(
            "pool",
            *GUARDS, *DDNS, *CONTEXT,
            _string("pool"),
            _integer("pool-id", low=1),
            Key("option-data", LIST, items="option-data"),
            required=("pool",),
        ),
        _scope(
            "reservation",
            *(_string(name, low=1) for name in HOST_IDENTIFIERS),
            _string("ip-address"),
            _string("hostname"),
            _string("next-server"),
            _string("server-hostname", high=63),
            _string("boot-file-name", high=127),
            Key("client-classes", LIST, items=STRING),
            Key("option-data", LIST, items="option-data"),
            *CONTEXT,
            empty=True,
        ),
        _scope(
            "option-data",
            _string("name", low=1),
            _integer("code", U8),
            _string("data"),
            _string("space", low=1),
            _boolean("csv-format"),
            _boolean("always-send"),
            _boolean("never-send"),
            Key("client-classes", LIST, items=STRING),
            *CONTEXT,
            empty=True,
        ),
        _scope(
            "option-def",
            _string("name", low=1),
            _integer("code", U8),
            _string("type"),
            _string("space", low=1),
            _boolean("array"),
            _string("record-types"),
            _string("encapsulate"),
            *CONTEXT,
            required=("name", "code", "type"),
        ),
        _scope(
            "client-class",
            _string("name", low=1),
            _refused("test", STRING, NOT_YET + ": classes are assigned by name, not by expressions"),
            _refused("template-test", STRING, NOT_YET + ": classes are assigned by name, not by expressions"),
            _boolean("only-if-required"),
            _boolean("only-in-additional-list"),
            Key("option-def", LIST, items="option-def"),
            Key("option-data", LIST, items="option-data"),
            *BOOT,
            *LIFETIMES,
            _integer("offer-lifetime"),
            *CONTEXT,
            required=("name",),
        ),
        _scope("hooks-library", _string("library", low=1), Key("parameters", MAP), required=("library",)),
        _scope("relay", Key("ip-addresses", LIST, items=STRING), required=("ip-addresses",)),
        _scope(
            "interfaces-config",
            Key("interfaces", LIST, items=STRING),
            _choice("dhcp-socket-type", "raw", "udp"),
            _choice("outbound-interface", "same-as-inbound", "use-routing"),
            _boolean("re-detect"),
            _boolean("service-sockets-require-all"),
            _integer("service-sockets-retry-wait-time"),
            _integer("service-sockets-max-retries"),
            *CONTEXT,
        ),
        _scope("lease-database", *DATABASE, required=("type",)),
        _scope(
            "expired-leases-processing",
            _integer("reclaim-timer-wait-time", U16),
            _integer("flush-reclaimed-timer-wait-time", U16),
            _integer("hold-reclaimed-time"),
            _integer("max-reclaim-leases"),
            _integer("max-reclaim-time", 10000),
            _integer("unwarned-reclaim-cycles", U16),
        ),
        _scope(
            "control-socket",
            _choice("socket-type", "unix", "http", "https"),
            _string("socket-name"),
            _string("socket-address"),
            _integer("socket-port", U16),
            Key("authentication", MAP),
            _string("trust-anchor"),
            _string("cert-file"),
            _string("key-file"),
            _boolean("cert-required"),
            Key("http-headers", LIST),
            *CONTEXT,
            required=("socket-type",),
        ),
        _scope(
            "logger",
            _string("name", low=1),
            Key("output-options", LIST, items="output-option", empty=False),
            Key("output_options", LIST, items="output-option", empty=False),
            _integer("debuglevel", 99),
            _string("severity"),
            *CONTEXT,
            required=("name",),
        ),
        _scope(
            "output-option",
            _string("output", low=1),
            _boolean("flush"),
            _integer("maxsize", (1 << 63) - 1),
            _integer("maxver", 0x7FFFFFFF),
            _string("pattern"),
            required=("output",),
        ),
        _scope(
            "sanity-checks",
            _choice("lease-checks", "none", "warn", "fix", "fix-del", "del"),
            Key(
                "extended-info-checks", STRING, choices=("none", "fix", "strict", "pedantic"),
                refuse=NOT_YET + " beyond none and fix", harmless=("none", "fix"),
            ),
        ),
        _scope(
            "multi-threading",
            _boolean("enable-multi-threading"),
            _integer("thread-pool-size", U16),
            _integer("packet-queue-size", U16),
            *CONTEXT,
            required=("enable-multi-threading",),
        ),
        _scope(
            "dhcp-queue-control",
            _refused("enable-queue", BOOLEAN, NOT_YET + ": there is no packet queue", (False,)),
            _string("queue-type"),
            _integer("capacity"),
            *CONTEXT,
            required=("enable-queue",),
            open=True,
        ),
        _scope(
            "dhcp-ddns",
            _refused("enable-updates", BOOLEAN, NOT_YET + ": no DNS updates are sent", (False,)),
            _string("server-ip"),
            _integer("server-port", U16),
            _string("sender-ip"),
            _integer("sender-port", U16),
            _integer("max-queue-size"),
            _choice("ncr-protocol", "UDP"),
            _choice("ncr-format", "JSON"),
            *CONTEXT,
            required=("enable-updates",),
        ),
        _scope(
            "compatibility",
            _boolean("lenient-option-parsing"),
            _boolean("ignore-dhcp-server-identifier"),
            _boolean("ignore-rai-link-selection"),
            _boolean("exclude-first-last-24"),
        ),
        _scope(
            "kea-mp",
            _integer("workers", 256, low=1),
            _choice("memfile-sync", "batch", "none"),
            empty=True,
        ),
    )
)  # fmt: skip
