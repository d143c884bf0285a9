"""Kea's standard DHCPv6 option definitions, as rows.

Facts of RFC 8415 and its companions in the names and types that Kea 3.0 gives them. Options of vendors are in the
space under which a configuration names them, "vendor-4491".

Runs in: any
"""

from __future__ import annotations

from kea_mp.dhcp.options import Definition, Definitions


def _row(
    space: str,
    code: int,
    name: str,
    kind: str,
    array: bool = False,
    record: tuple[str, ...] = (),
    encapsulate: str = "",
) -> Definition:
    return Definition(space, code, name, kind, array, record, encapsulate, family=6)


_RULE = ("uint8", "uint8", "uint8", "ipv4-address", "ipv6-prefix")
_BIND = ("ipv4-address", "ipv6-prefix")

#: the "dhcp6" space; a user may not define these codes anew
STANDARD6 = (
    _row("dhcp6", 1, "clientid", "binary"),
    _row("dhcp6", 2, "serverid", "binary"),
    _row("dhcp6", 3, "ia-na", "record", record=("uint32", "uint32", "uint32")),
    _row("dhcp6", 4, "ia-ta", "uint32"),
    _row("dhcp6", 5, "iaaddr", "record", record=("ipv6-address", "uint32", "uint32")),
    _row("dhcp6", 6, "oro", "uint16", array=True),
    _row("dhcp6", 7, "preference", "uint8"),
    _row("dhcp6", 8, "elapsed-time", "uint16"),
    _row("dhcp6", 9, "relay-msg", "binary"),
    _row("dhcp6", 11, "auth", "binary"),
    _row("dhcp6", 12, "unicast", "ipv6-address"),
    _row("dhcp6", 13, "status-code", "record", record=("uint16", "string")),
    _row("dhcp6", 14, "rapid-commit", "empty"),
    _row("dhcp6", 15, "user-class", "binary"),
    _row("dhcp6", 16, "vendor-class", "record", record=("uint32", "binary")),
    _row("dhcp6", 17, "vendor-opts", "uint32"),
    _row("dhcp6", 18, "interface-id", "binary"),
    _row("dhcp6", 19, "reconf-msg", "uint8"),
    _row("dhcp6", 20, "reconf-accept", "empty"),
    _row("dhcp6", 21, "sip-server-dns", "fqdn", array=True),
    _row("dhcp6", 22, "sip-server-addr", "ipv6-address", array=True),
    _row("dhcp6", 23, "dns-servers", "ipv6-address", array=True),
    _row("dhcp6", 24, "domain-search", "fqdn", array=True),
    _row("dhcp6", 25, "ia-pd", "record", record=("uint32", "uint32", "uint32")),
    _row("dhcp6", 26, "iaprefix", "record", record=("uint32", "uint32", "uint8", "ipv6-address")),
    _row("dhcp6", 27, "nis-servers", "ipv6-address", array=True),
    _row("dhcp6", 28, "nisp-servers", "ipv6-address", array=True),
    _row("dhcp6", 29, "nis-domain-name", "fqdn", array=True),
    _row("dhcp6", 30, "nisp-domain-name", "fqdn", array=True),
    _row("dhcp6", 31, "sntp-servers", "ipv6-address", array=True),
    _row("dhcp6", 32, "information-refresh-time", "uint32"),
    _row("dhcp6", 33, "bcmcs-server-dns", "fqdn", array=True),
    _row("dhcp6", 34, "bcmcs-server-addr", "ipv6-address", array=True),
    _row("dhcp6", 36, "geoconf-civic", "record", record=("uint8", "uint16", "binary")),
    _row("dhcp6", 37, "remote-id", "record", record=("uint32", "binary")),
    _row("dhcp6", 38, "subscriber-id", "binary"),
    _row("dhcp6", 39, "client-fqdn", "record", record=("uint8", "fqdn")),
    _row("dhcp6", 40, "pana-agent", "ipv6-address", array=True),
    _row("dhcp6", 41, "new-posix-timezone", "string"),
    _row("dhcp6", 42, "new-tzdb-timezone", "string"),
    _row("dhcp6", 43, "ero", "uint16", array=True),
    _row("dhcp6", 44, "lq-query", "record", record=("uint8", "ipv6-address"), encapsulate="dhcp6"),
    _row("dhcp6", 45, "client-data", "empty", encapsulate="dhcp6"),
    _row("dhcp6", 46, "clt-time", "uint32"),
    _row("dhcp6", 47, "lq-relay-data", "record", record=("ipv6-address", "binary")),
    _row("dhcp6", 48, "lq-client-link", "ipv6-address", array=True),
    _row("dhcp6", 51, "v6-lost", "fqdn"),
    _row("dhcp6", 52, "capwap-ac-v6", "ipv6-address", array=True),
    _row("dhcp6", 53, "relay-id", "binary"),
    _row("dhcp6", 56, "ntp-server", "empty", encapsulate="v6-ntp-server-suboptions"),
    _row("dhcp6", 57, "v6-access-domain", "fqdn"),
    _row("dhcp6", 58, "sip-ua-cs-list", "fqdn", array=True),
    _row("dhcp6", 59, "bootfile-url", "string"),
    _row("dhcp6", 60, "bootfile-param", "tuple", array=True),
    _row("dhcp6", 61, "client-arch-type", "uint16", array=True),
    _row("dhcp6", 62, "nii", "record", record=("uint8", "uint8", "uint8")),
    _row("dhcp6", 64, "aftr-name", "fqdn"),
    _row("dhcp6", 65, "erp-local-domain-name", "fqdn"),
    _row("dhcp6", 66, "rsoo", "empty", encapsulate="rsoo-opts"),
    _row("dhcp6", 67, "pd-exclude", "ipv6-prefix"),
    _row("dhcp6", 74, "rdnss-selection", "record", array=True, record=("ipv6-address", "uint8", "fqdn")),
    _row("dhcp6", 79, "client-linklayer-addr", "binary"),
    _row("dhcp6", 80, "link-address", "ipv6-address"),
    _row("dhcp6", 82, "solmax-rt", "uint32"),
    _row("dhcp6", 83, "inf-max-rt", "uint32"),
    _row("dhcp6", 87, "dhcpv4-message", "binary"),
    _row("dhcp6", 88, "dhcp4o6-server-addr", "ipv6-address", array=True),
    _row("dhcp6", 94, "s46-cont-mape", "empty", encapsulate="s46-cont-mape-options"),
    _row("dhcp6", 95, "s46-cont-mapt", "empty", encapsulate="s46-cont-mapt-options"),
    _row("dhcp6", 96, "s46-cont-lw", "empty", encapsulate="s46-cont-lw-options"),
    _row("dhcp6", 103, "v6-captive-portal", "string"),
    _row("dhcp6", 135, "relay-source-port", "uint16"),
    _row("dhcp6", 136, "v6-sztp-redirect", "tuple", array=True),
    _row("dhcp6", 143, "ipv6-address-andsf", "ipv6-address", array=True),
    _row("dhcp6", 144, "v6-dnr", "internal"),
    _row("dhcp6", 148, "addr-reg-enable", "empty"),
)

#: inside option 56 (RFC 5908)
NTP6 = (
    _row("v6-ntp-server-suboptions", 1, "ntp-server-address", "ipv6-address"),
    _row("v6-ntp-server-suboptions", 2, "ntp-server-multicast", "ipv6-address"),
    _row("v6-ntp-server-suboptions", 3, "ntp-server-fqdn", "fqdn"),
)

#: inside the softwire containers 94 to 96, and inside their rules (RFC 7598)
S46 = (
    _row("s46-cont-mape-options", 90, "s46-br", "ipv6-address"),
    _row(
        "s46-cont-mape-options",
        89,
        "s46-rule",
        "record",
        record=_RULE,
        encapsulate="s46-rule-options",
    ),
    _row(
        "s46-cont-mapt-options",
        89,
        "s46-rule",
        "record",
        record=_RULE,
        encapsulate="s46-rule-options",
    ),
    _row("s46-cont-mapt-options", 91, "s46-dmr", "ipv6-prefix"),
    _row("s46-cont-lw-options", 90, "s46-br", "ipv6-address"),
    _row(
        "s46-cont-lw-options",
        92,
        "s46-v4v6bind",
        "record",
        record=_BIND,
        encapsulate="s46-v4v6bind-options",
    ),
    _row("s46-rule-options", 93, "s46-portparams", "record", record=("uint8", "psid")),
    _row("s46-v4v6bind-options", 93, "s46-portparams", "record", record=("uint8", "psid")),
)

#: enterprise 4491 inside option 17; the last one is a CMTS's, which is a relay
DOCSIS6 = (
    _row("vendor-4491", 1, "oro", "uint16", array=True),
    _row("vendor-4491", 2, "device-type", "string"),
    _row("vendor-4491", 10, "vendor-type", "string"),
    _row("vendor-4491", 32, "tftp-servers", "ipv6-address", array=True),
    _row("vendor-4491", 33, "config-file", "string"),
    _row("vendor-4491", 34, "syslog-servers", "ipv6-address", array=True),
    _row("vendor-4491", 36, "device-id", "binary"),
    _row("vendor-4491", 37, "time-servers", "ipv6-address", array=True),
    _row("vendor-4491", 38, "time-offset", "int32"),
    _row("vendor-4491", 1026, "cmts-cm-mac", "binary"),
)

#: enterprise 2495 inside option 17: between ISC's servers (RFC 7341)
ISC6 = (
    _row("vendor-2495", 60000, "4o6-interface", "string"),
    _row("vendor-2495", 60001, "4o6-source-address", "ipv6-address"),
    _row("vendor-2495", 60002, "4o6-source-port", "uint16"),
)

#: everything standard; `DEFINITIONS6.extended(…)` adds a configuration's option-def
DEFINITIONS6 = Definitions((*STANDARD6, *NTP6, *S46), (*DOCSIS6, *ISC6))
