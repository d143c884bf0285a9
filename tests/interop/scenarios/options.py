"""Options: types, levels, request list, vendor spaces, long ones.

Runs in: any
"""

from __future__ import annotations

from tests.interop.scenario4 import (
    GOT,
    OFFER,
    Json,
    Scenario,
    addresses,
    config,
    discover,
    four_way,
    option,
    subnet,
    suboptions,
    u32,
)

OTHER = "02:00:00:00:00:02"
ALL = tuple(range(1, 255))


def with_options(*data: Json, **more: object) -> Json:
    return config(option_data=list(data), **more)


TYPES = with_options(
    option("time-offset", "-3600"), option("routers", "192.0.2.1, 192.0.2.254"),
    option("time-servers", "192.0.2.5"), option("log-servers", "192.0.2.6"), option("cookie-servers", "192.0.2.7"),
    option("boot-size", "512"), option("merit-dump", "/dump"), option("domain-name", "example.org"),
    option("root-path", "/root"), option("ip-forwarding", "true"), option("policy-filter", "10.0.0.0, 255.0.0.0"),
    option("max-dgram-reassembly", "1500"), option("default-ip-ttl", "64"),
    option("path-mtu-aging-timeout", "600"), option("path-mtu-plateau-table", "68, 296, 508"),
    option("interface-mtu", "1400"), option("static-routes", "10.1.0.1, 192.0.2.1"),
    option("arp-cache-timeout", "60"), option("tcp-keepalive-interval", "75"), option("nis-domain", "nis.example"),
    option("ntp-servers", "192.0.2.44"), option("netbios-node-type", "8"),
    option("nisplus-domain-name", "plus.example"), option("tftp-server-name", "tftp.example"),
    option("boot-file-name", "/image"), option("smtp-server", "192.0.2.25"),
)  # fmt: skip

MODERN = with_options(
    option("domain-search", "a.example, b.a.example, other.org"), option(
        120, "00076578616d706c6503636f6d00", csv_format=False),
    option("classless-static-route", "10.0.0.0/8 - 192.0.2.1, 0.0.0.0/0 - 192.0.2.254"),
    option("v4-captive-portal", "https://portal.example/"), option("pcode", "CET-1"), option("tcode", "Europe/Berlin"),
    option("v6-only-preferred", "1800"), option("capwap-ac-v4", "192.0.2.8"), option(
        "rdnss-selection", "03c0000201c0000202076578616d706c6500", csv_format=False), option("v4-portparams", "4, 2/0"),
    option("option-6rd", "14, 40, 2001:db8::, 192.0.2.9"), option("auto-config", "1"),
)  # fmt: skip

CUSTOM_DEF = [
    {"name": "rec", "code": 224, "type": "record", "record-types": "uint8, ipv4-address, string"},
    {"name": "nums", "code": 225, "type": "uint16", "array": True},
    {"name": "flag", "code": 227, "type": "boolean"},
    {"name": "blob", "code": 228, "type": "binary"},
    {"name": "neg", "code": 229, "type": "int32"},
    {"name": "fq", "code": 230, "type": "fqdn"},
    {"name": "tup", "code": 231, "type": "tuple"},
    {"name": "pre", "code": 232, "type": "ipv6-prefix"},
    {"name": "nothing", "code": 233, "type": "empty"},
    {"name": "box", "code": 234, "type": "uint8", "encapsulate": "inner"},
    {"name": "in1", "code": 1, "type": "uint16", "space": "inner"},
    {"name": "in2", "code": 2, "type": "string", "space": "inner"},
]
CUSTOM = config(
    option_def=CUSTOM_DEF,
    option_data=[
        option("rec", "7, 192.0.2.7, text"), option("nums", "1, 2, 65535"),
        option("flag", "false"), option("blob", "0a0b0c"), option("neg", "-5"), option("fq", "www.example.org"),
        option("tup", "hello"), option("pre", "2001:db8:1::/48"), option("nothing"),
        option("box", "9"), option("in1", "513", space="inner"), option("in2", "deep", space="inner"),
    ],
)  # fmt: skip

LEVELS = config(
    subnet(pools=[{"pool": "192.0.2.10 - 192.0.2.19", "option-data": [option("domain-name", "pool.example")]},
                  {"pool": "192.0.2.20 - 192.0.2.29"}],
           option_data=[option("domain-name", "subnet.example"), option("domain-name-servers", "192.0.2.51")]),
    option_data=[option("domain-name", "global.example"), option("domain-name-servers", "192.0.2.50"),
                 option("ntp-servers", "192.0.2.40")],
)  # fmt: skip

NETWORK_LEVEL = config(
    shared_networks=[{"name": "n", "interface": "srv0", "option-data": [option("domain-name", "network.example"),
                      option("ntp-servers", "192.0.2.41")], "subnet4": [subnet(option_data=[
                          option("ntp-servers", "192.0.2.42")])]}],
    option_data=[option("domain-name", "global.example"), option("time-servers", "192.0.2.30")],
)  # fmt: skip

VENDOR43 = config(
    client_classes=[
        {"name": "VENDOR_CLASS_modem",
         "option-data": [option("domain-name", "modem.example")]}],
    option_def=[{"name": "url", "code": 1, "space": "vendor-encapsulated-options-space", "type": "string"},
                {"name": "port", "code": 2, "space": "vendor-encapsulated-options-space", "type": "uint16"}],
    option_data=[option("vendor-encapsulated-options"),
                 option("url", "http://x/", space="vendor-encapsulated-options-space"),
                 option("port", "8080", space="vendor-encapsulated-options-space")],
)  # fmt: skip

VIVSO = config(
    option_def=[{"name": "tftp", "code": 2, "space": "vendor-4491", "type": "ipv4-address", "array": True},
                {"name": "label", "code": 3, "space": "vendor-4491", "type": "string"}],
    option_data=[option("vivso-suboptions", "4491"), option("tftp", "192.0.2.3", space="vendor-4491"),
                 option("label", "cable", space="vendor-4491", always_send=True)],
)  # fmt: skip
ORO = suboptions((1, b"\x02\x03"))


def vivso(enterprise: int, data: bytes) -> bytes:
    return u32(enterprise) + bytes((len(data),)) + data


SCENARIOS = (
    Scenario("standard options of every old type", TYPES, four_way(prl=ALL), GOT),
    Scenario("newer standard options", MODERN, four_way(prl=ALL), GOT),
    Scenario("custom options of every type", CUSTOM, four_way(prl=ALL), GOT),
    Scenario("an array of IPv6 addresses",
             config(option_def=[{"name": "six", "code": 226, "type": "ipv6-address", "array": True}],
                    option_data=[option("six", "2001:db8::1, 2001:db8::2")]),
             four_way(prl=(226,)), GOT,
             dict.fromkeys(("option 226", "option 32"), "Kea writes this one with a DHCPv6 option header, which no "
                           "DHCPv4 client can read")),
    Scenario("the order of the request list", TYPES, four_way(prl=(66, 3, 15, 4, 2, 17)), GOT),
    Scenario("a request list with repetitions and unknown codes", TYPES, four_way(prl=(3, 3, 250, 0, 255, 15)), GOT),
    Scenario("options of global, subnet and pool", LEVELS, four_way(prl=(15, 6, 42)), GOT),
    Scenario("options of the second pool", LEVELS, four_way((50, addresses("192.0.2.25")), prl=(15, 6, 42)), GOT),
    Scenario("options of global, network and subnet", NETWORK_LEVEL, four_way(prl=(15, 42, 4)), GOT),
    Scenario("always-send without a request list",
             with_options(option("ntp-servers", "192.0.2.44", always_send=True), option("domain-name", "x.example")),
             four_way(prl=None), GOT),
    Scenario("always-send set at another level",
             config(subnet(option_data=[option("domain-name", "s.example")]),
                    option_data=[option("domain-name", "g.example", always_send=True)]), four_way(prl=(1,)), GOT),
    Scenario("never-send", with_options(option("domain-name", "x.example", never_send=True),
             option("ntp-servers", "192.0.2.44")), four_way(prl=(15, 42)), GOT),
    Scenario("never-send at one level beats the others",
             config(subnet(option_data=[option("domain-name", "s.example")]),
                    option_data=[option("domain-name", "g.example", never_send=True)]), four_way(prl=(15,)), GOT),
    Scenario("always-send and never-send together",
             with_options(option("domain-name", "x.example", always_send=True, never_send=True)),
             four_way(prl=(15,)), GOT),
    Scenario("options that are sent without being asked for",
             with_options(option("routers", "192.0.2.1"), option("domain-name-servers", "192.0.2.53"),
                          option("domain-name", "x.example"), option("time-servers", "192.0.2.4")),
             four_way(prl=None), GOT),
    Scenario("the subnet mask can be configured", with_options(option("subnet-mask", "255.255.0.0")), four_way(), GOT),
    Scenario("a server identifier from the configuration",
             with_options(option("dhcp-server-identifier", "192.0.2.123")), four_way(), GOT),
    Scenario("options by code and in hexadecimal", with_options(
        option(15, "6578", csv_format=False), option(42, "C0 00 02 2C", csv_format=False),
        option(240, "0x0102", csv_format=False)), four_way(prl=(15, 42, 240)), GOT),
    Scenario("quoted text in hexadecimal format", with_options(option(241, "'abc'", csv_format=False)),
             four_way(prl=(241,)), GOT),
    Scenario("an option with an empty value", with_options(option(242, "", csv_format=False)),
             four_way(prl=(242,)), GOT),
    Scenario("text with an escaped comma", with_options(option("domain-name", "a\\\\,b")), four_way(prl=(15,)), GOT),
    Scenario("a long option is cut in pieces (RFC 3396)",
             with_options(option(240, "ab" * 700, csv_format=False)), four_way(prl=(240,)), GOT),
    Scenario("a long list of addresses",
             with_options(option("domain-name-servers", ", ".join(f"192.0.2.{n}" for n in range(1, 101)))),
             four_way(prl=(6,)), GOT,
             dict.fromkeys(("option 6", "option 51", "option 54"), "Kea fails over more than 63 addresses in one and "
                           "sends the message cut off there; ours cuts the option as RFC 3396 has it")),
    Scenario("a long option from the client is put together", config(), four_way((60, b"v" * 300)), GOT),
    Scenario("a long client identifier", config(), four_way((61, b"\x00" + b"i" * 120)), GOT),
    Scenario("vendor options 43", VENDOR43, four_way((60, b"modem"), prl=(43,)), GOT),
    Scenario("vendor options 43 from a client with its own in the request", VENDOR43,
             four_way((43, suboptions((1, b"x"))), prl=(43,)), GOT),
    Scenario("vendor options 43 are not asked for", VENDOR43, four_way(), GOT),
    Scenario("vendor options 43 as raw bytes",
             with_options(option("vendor-encapsulated-options", "01020304", csv_format=False)),
             four_way(prl=(43,)), GOT),
    Scenario("vendor options 125 for a client of that vendor", VIVSO,
             four_way((125, vivso(4491, ORO)), prl=(125,)), GOT),
    Scenario("vendor options 125 for a client that names its vendor in 124", VIVSO,
             four_way((124, vivso(4491, b"docsis")), prl=(125,)), GOT),
    Scenario("vendor options 125 for a client of another vendor", VIVSO,
             four_way((125, vivso(9, ORO)), prl=(125,)), GOT),
    Scenario("vendor options 125 without being asked", VIVSO, four_way(), GOT),
    Scenario("vendor options 125 for two vendors",
             {**VIVSO, "option-data": [*VIVSO["option-data"],
                                       option(7, "0102", space="vendor-99", csv_format=False, always_send=True),
                                       ]},
             four_way((125, vivso(4491, ORO) + vivso(99, suboptions((1, b"\x07")))), prl=(125,)), GOT),
    Scenario("a vendor class option 124 in the configuration",
             with_options(option("vivco-suboptions", "000004d203616263", csv_format=False)), four_way(prl=(124,)), GOT),
    Scenario("an option for a class only",
             config(subnet(option_data=[option("domain-name", "phone.example", client_classes=["VENDOR_CLASS_phone"]),
                                        option("domain-name", "plain.example")])),
             (*four_way((60, b"phone"), prl=(15,)), discover(mac=OTHER, prl=(15,))), (*GOT, OFFER)),
    Scenario("the client's maximum message size", with_options(option(240, "ab" * 700, csv_format=False)),
             (discover((57, b"\x02\x40"), prl=(240,)),), (OFFER,)),
    Scenario("the echoed client identifier", config(), four_way((61, b"\x01\x02\0\0\0\0\x01")), GOT),
    Scenario("the client identifier is not echoed", config(echo_client_id=False),
             four_way((61, b"\x01\x02\0\0\0\0\x01")), GOT),
    Scenario("relay information is not sent by configuration", config(), four_way(prl=(82, 53, 54, 51)), GOT),
    Scenario("next server, server name and boot file",
             config(subnet(next_server="192.0.2.7"), next_server="192.0.2.8", server_hostname="srv.example",
                    boot_file_name="/boot/file"), four_way(), GOT),
    Scenario("next server, server name and boot file with options 66 and 67",
             config(next_server="192.0.2.8", server_hostname="srv.example", boot_file_name="/boot/file",
                    option_data=[option("tftp-server-name", "t.example"), option("boot-file-name", "other")]),
             four_way(prl=(66, 67)), GOT),
    Scenario("classes set next server and boot file",
             config(client_classes=[{"name": "VENDOR_CLASS_PXE", "next-server": "192.0.2.6", "boot-file-name": "/pxe",
                                     "server-hostname": "pxe.example"}]), four_way((60, b"PXE")), GOT),
    Scenario("class options beat global ones but not the subnet's",
             config(subnet(option_data=[option("ntp-servers", "192.0.2.42")]),
                    client_classes=[{"name": "VENDOR_CLASS_a", "option-data": [
                        option("domain-name", "class.example"), option("ntp-servers", "192.0.2.43")]}],
                    option_data=[option("domain-name", "global.example")]),
             four_way((60, b"a"), prl=(15, 42)), GOT),
    Scenario("rapid commit and user class are ignored", config(), (discover((80, b""), (77, b"\x03abc")),), (OFFER,)),
    Scenario("a relay's vendor information is echoed", config(subnet("10.1.0.0/24", 11)),
             four_way((82, suboptions((9, u32(9) + b"\x02\x01\x00"))), relay="10.1.0.1"), GOT),
    Scenario("v6-only preferred", with_options(option("v6-only-preferred", "1800")),
             (discover(prl=(1, 108)), discover(prl=(1,))), (OFFER, OFFER)),
)  # fmt: skip
