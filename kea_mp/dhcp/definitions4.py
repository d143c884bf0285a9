"""Kea's standard DHCPv4 option definitions, as rows.

Facts of RFC 2132 and its successors in the names and types that Kea 3.0 gives them. The DOCSIS options are in the
space under which a configuration names them, "vendor-4491".

Runs in: any
"""

from __future__ import annotations

from kea_mp.dhcp.options import Definition, Definitions

#: the "dhcp4" space; a user may not define these codes anew
STANDARD4 = (
    Definition("dhcp4", 1, "subnet-mask", "ipv4-address"),
    Definition("dhcp4", 2, "time-offset", "int32"),
    Definition("dhcp4", 3, "routers", "ipv4-address", array=True),
    Definition("dhcp4", 4, "time-servers", "ipv4-address", array=True),
    Definition("dhcp4", 5, "name-servers", "ipv4-address", array=True),
    Definition("dhcp4", 6, "domain-name-servers", "ipv4-address", array=True),
    Definition("dhcp4", 7, "log-servers", "ipv4-address", array=True),
    Definition("dhcp4", 8, "cookie-servers", "ipv4-address", array=True),
    Definition("dhcp4", 9, "lpr-servers", "ipv4-address", array=True),
    Definition("dhcp4", 10, "impress-servers", "ipv4-address", array=True),
    Definition("dhcp4", 11, "resource-location-servers", "ipv4-address", array=True),
    Definition("dhcp4", 12, "host-name", "string"),
    Definition("dhcp4", 13, "boot-size", "uint16"),
    Definition("dhcp4", 14, "merit-dump", "string"),
    Definition("dhcp4", 15, "domain-name", "string"),
    Definition("dhcp4", 16, "swap-server", "ipv4-address"),
    Definition("dhcp4", 17, "root-path", "string"),
    Definition("dhcp4", 18, "extensions-path", "string"),
    Definition("dhcp4", 19, "ip-forwarding", "boolean"),
    Definition("dhcp4", 20, "non-local-source-routing", "boolean"),
    Definition("dhcp4", 21, "policy-filter", "ipv4-address", array=True),
    Definition("dhcp4", 22, "max-dgram-reassembly", "uint16"),
    Definition("dhcp4", 23, "default-ip-ttl", "uint8"),
    Definition("dhcp4", 24, "path-mtu-aging-timeout", "uint32"),
    Definition("dhcp4", 25, "path-mtu-plateau-table", "uint16", array=True),
    Definition("dhcp4", 26, "interface-mtu", "uint16"),
    Definition("dhcp4", 27, "all-subnets-local", "boolean"),
    Definition("dhcp4", 28, "broadcast-address", "ipv4-address"),
    Definition("dhcp4", 29, "perform-mask-discovery", "boolean"),
    Definition("dhcp4", 30, "mask-supplier", "boolean"),
    Definition("dhcp4", 31, "router-discovery", "boolean"),
    Definition("dhcp4", 32, "router-solicitation-address", "ipv4-address"),
    Definition("dhcp4", 33, "static-routes", "ipv4-address", array=True),
    Definition("dhcp4", 34, "trailer-encapsulation", "boolean"),
    Definition("dhcp4", 35, "arp-cache-timeout", "uint32"),
    Definition("dhcp4", 36, "ieee802-3-encapsulation", "boolean"),
    Definition("dhcp4", 37, "default-tcp-ttl", "uint8"),
    Definition("dhcp4", 38, "tcp-keepalive-interval", "uint32"),
    Definition("dhcp4", 39, "tcp-keepalive-garbage", "boolean"),
    Definition("dhcp4", 40, "nis-domain", "string"),
    Definition("dhcp4", 41, "nis-servers", "ipv4-address", array=True),
    Definition("dhcp4", 42, "ntp-servers", "ipv4-address", array=True),
    Definition("dhcp4", 44, "netbios-name-servers", "ipv4-address", array=True),
    Definition("dhcp4", 45, "netbios-dd-server", "ipv4-address", array=True),
    Definition("dhcp4", 46, "netbios-node-type", "uint8"),
    Definition("dhcp4", 47, "netbios-scope", "string"),
    Definition("dhcp4", 48, "font-servers", "ipv4-address", array=True),
    Definition("dhcp4", 49, "x-display-manager", "ipv4-address", array=True),
    Definition("dhcp4", 50, "dhcp-requested-address", "ipv4-address"),
    Definition("dhcp4", 51, "dhcp-lease-time", "uint32"),
    Definition("dhcp4", 52, "dhcp-option-overload", "uint8"),
    Definition("dhcp4", 53, "dhcp-message-type", "uint8"),
    Definition("dhcp4", 54, "dhcp-server-identifier", "ipv4-address"),
    Definition("dhcp4", 55, "dhcp-parameter-request-list", "uint8", array=True),
    Definition("dhcp4", 56, "dhcp-message", "string"),
    Definition("dhcp4", 57, "dhcp-max-message-size", "uint16"),
    Definition("dhcp4", 58, "dhcp-renewal-time", "uint32"),
    Definition("dhcp4", 59, "dhcp-rebinding-time", "uint32"),
    Definition("dhcp4", 60, "vendor-class-identifier", "string"),
    Definition("dhcp4", 61, "dhcp-client-identifier", "binary"),
    Definition("dhcp4", 62, "nwip-domain-name", "string"),
    Definition("dhcp4", 63, "nwip-suboptions", "binary"),
    Definition("dhcp4", 64, "nisplus-domain-name", "string"),
    Definition("dhcp4", 65, "nisplus-servers", "ipv4-address", array=True),
    Definition("dhcp4", 66, "tftp-server-name", "string"),
    Definition("dhcp4", 67, "boot-file-name", "string"),
    Definition("dhcp4", 68, "mobile-ip-home-agent", "ipv4-address", array=True),
    Definition("dhcp4", 69, "smtp-server", "ipv4-address", array=True),
    Definition("dhcp4", 70, "pop-server", "ipv4-address", array=True),
    Definition("dhcp4", 71, "nntp-server", "ipv4-address", array=True),
    Definition("dhcp4", 72, "www-server", "ipv4-address", array=True),
    Definition("dhcp4", 73, "finger-server", "ipv4-address", array=True),
    Definition("dhcp4", 74, "irc-server", "ipv4-address", array=True),
    Definition("dhcp4", 75, "streettalk-server", "ipv4-address", array=True),
    Definition("dhcp4", 76, "streettalk-directory-assistance-server", "ipv4-address", array=True),
    Definition("dhcp4", 77, "user-class", "binary"),
    Definition("dhcp4", 78, "slp-directory-agent", "record", array=True, record=("boolean", "ipv4-address")),
    Definition("dhcp4", 79, "slp-service-scope", "record", record=("boolean", "string")),
    Definition("dhcp4", 81, "fqdn", "record", record=("uint8", "uint8", "uint8", "fqdn")),
    Definition("dhcp4", 82, "dhcp-agent-options", "empty", encapsulate="dhcp-agent-options-space"),
    Definition("dhcp4", 85, "nds-servers", "ipv4-address", array=True),
    Definition("dhcp4", 86, "nds-tree-name", "string"),
    Definition("dhcp4", 87, "nds-context", "string"),
    Definition("dhcp4", 88, "bcms-controller-names", "fqdn", array=True),
    Definition("dhcp4", 89, "bcms-controller-address", "ipv4-address", array=True),
    Definition("dhcp4", 90, "authenticate", "binary"),
    Definition("dhcp4", 91, "client-last-transaction-time", "uint32"),
    Definition("dhcp4", 92, "associated-ip", "ipv4-address", array=True),
    Definition("dhcp4", 93, "client-system", "uint16", array=True),
    Definition("dhcp4", 94, "client-ndi", "record", record=("uint8", "uint8", "uint8")),
    Definition("dhcp4", 97, "uuid-guid", "record", record=("uint8", "binary")),
    Definition("dhcp4", 98, "uap-servers", "string"),
    Definition("dhcp4", 99, "geoconf-civic", "binary"),
    Definition("dhcp4", 100, "pcode", "string"),
    Definition("dhcp4", 101, "tcode", "string"),
    Definition("dhcp4", 108, "v6-only-preferred", "uint32"),
    Definition("dhcp4", 112, "netinfo-server-address", "ipv4-address", array=True),
    Definition("dhcp4", 113, "netinfo-server-tag", "string"),
    Definition("dhcp4", 114, "v4-captive-portal", "string"),
    Definition("dhcp4", 116, "auto-config", "uint8"),
    Definition("dhcp4", 117, "name-service-search", "uint16", array=True),
    Definition("dhcp4", 118, "subnet-selection", "ipv4-address"),
    Definition("dhcp4", 119, "domain-search", "fqdn", array=True),
    Definition("dhcp4", 121, "classless-static-route", "internal"),
    Definition("dhcp4", 122, "cablelabs-client-conf", "empty", encapsulate="cablelabs-client-conf"),
    Definition("dhcp4", 124, "vivco-suboptions", "record", record=("uint32", "binary")),
    Definition("dhcp4", 125, "vivso-suboptions", "uint32"),
    Definition("dhcp4", 136, "pana-agent", "ipv4-address", array=True),
    Definition("dhcp4", 137, "v4-lost", "fqdn"),
    Definition("dhcp4", 138, "capwap-ac-v4", "ipv4-address", array=True),
    Definition("dhcp4", 141, "sip-ua-cs-domains", "fqdn", array=True),
    Definition("dhcp4", 143, "v4-sztp-redirect", "tuple", array=True),
    Definition(
        "dhcp4", 146, "rdnss-selection", "record", array=True, record=("uint8", "ipv4-address", "ipv4-address", "fqdn")
    ),
    Definition("dhcp4", 151, "status-code", "record", record=("uint8", "string")),
    Definition("dhcp4", 152, "base-time", "uint32"),
    Definition("dhcp4", 153, "start-time-of-state", "uint32"),
    Definition("dhcp4", 154, "query-start-time", "uint32"),
    Definition("dhcp4", 155, "query-end-time", "uint32"),
    Definition("dhcp4", 156, "dhcp-state", "uint8"),
    Definition("dhcp4", 157, "data-source", "uint8"),
    Definition("dhcp4", 159, "v4-portparams", "record", record=("uint8", "psid")),
    Definition("dhcp4", 162, "v4-dnr", "internal"),
    Definition(
        "dhcp4", 212, "option-6rd", "record", array=True, record=("uint8", "uint8", "ipv6-address", "ipv4-address")
    ),
    Definition("dhcp4", 213, "v4-access-domain", "fqdn"),
)

#: inside option 82
AGENT4 = (
    Definition("dhcp-agent-options-space", 1, "circuit-id", "binary"),
    Definition("dhcp-agent-options-space", 2, "remote-id", "binary"),
    Definition("dhcp-agent-options-space", 4, "docsis-device-class", "uint32"),
    Definition("dhcp-agent-options-space", 5, "link-selection", "ipv4-address"),
    Definition("dhcp-agent-options-space", 6, "subscriber-id", "string"),
    Definition("dhcp-agent-options-space", 7, "radius", "binary"),
    Definition("dhcp-agent-options-space", 8, "auth", "binary"),
    Definition("dhcp-agent-options-space", 9, "vendor-specific-info", "binary"),
    Definition("dhcp-agent-options-space", 10, "relay-flags", "uint8"),
    Definition("dhcp-agent-options-space", 11, "server-id-override", "ipv4-address"),
    Definition("dhcp-agent-options-space", 12, "relay-id", "binary"),
    Definition("dhcp-agent-options-space", 13, "access-techno-type", "uint16"),
    Definition("dhcp-agent-options-space", 14, "access-network-name", "string"),
    Definition("dhcp-agent-options-space", 15, "access-point-name", "string"),
    Definition("dhcp-agent-options-space", 16, "access-point-bssid", "binary"),
    Definition("dhcp-agent-options-space", 17, "operator-id", "uint32"),
    Definition("dhcp-agent-options-space", 18, "operator-realm", "string"),
    Definition("dhcp-agent-options-space", 19, "relay-port", "uint16"),
    Definition("dhcp-agent-options-space", 151, "virtual-subnet-select", "binary"),
    Definition("dhcp-agent-options-space", 152, "virtual-subnet-select-ctrl", "empty"),
)

#: inside option 122 (RFC 3495)
CABLELABS_CLIENT_CONF = (
    Definition("cablelabs-client-conf", 1, "tsp-primary-server", "ipv4-address"),
    Definition("cablelabs-client-conf", 2, "tsp-secondary-server", "ipv4-address"),
    Definition("cablelabs-client-conf", 4, "tsp-as-parameters", "record", record=("uint32", "uint32", "uint32")),
    Definition("cablelabs-client-conf", 5, "tsp-ap-parameters", "record", record=("uint32", "uint32", "uint32")),
    Definition("cablelabs-client-conf", 6, "tsp-realm", "fqdn"),
    Definition("cablelabs-client-conf", 7, "tsp-use-tgt", "boolean"),
    Definition("cablelabs-client-conf", 8, "tsp-provisioning-timer", "uint8"),
    Definition("cablelabs-client-conf", 9, "tsp-sct", "uint16"),
    Definition("cablelabs-client-conf", 10, "kdc-server", "ipv4-address", array=True),
)

#: enterprise 4491 inside option 125
DOCSIS4 = (
    Definition("vendor-4491", 1, "oro", "uint8", array=True),
    Definition("vendor-4491", 2, "tftp-servers", "ipv4-address", array=True),
)

#: used where the user has defined nothing else
LAST_RESORT4 = (
    Definition("dhcp4", 43, "vendor-encapsulated-options", "empty", encapsulate="vendor-encapsulated-options-space"),
)

#: everything standard; `DEFINITIONS4.extended(…)` adds a configuration's option-def
DEFINITIONS4 = Definitions((*STANDARD4, *AGENT4, *CABLELABS_CLIENT_CONF), DOCSIS4, LAST_RESORT4)
