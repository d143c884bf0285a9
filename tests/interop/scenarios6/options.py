"""Configured options: from which level, for whom, on request or always; of vendors; names and preferences.

Runs in: any
"""

from __future__ import annotations

from typing import Any

from tests.interop.scenario6 import (
    ADVERTISE,
    GOT,
    IA_NA,
    IA_PD,
    REPLY,
    Json,
    Relay,
    Scenario6,
    config,
    duid_text,
    four_way,
    ia,
    iaaddr,
    information,
    opt,
    option,
    pd_pool,
    rebind,
    remote,
    renew,
    request,
    solicit,
    subnet,
    u8,
    u16,
    u32,
)

NA, PD = ia(IA_NA, 1), ia(IA_PD, 1)


def dns(number: int, **more: Any) -> Json:
    return option("dns-servers", f"2001:db8::{number}", **more)


def search(name: str, **more: Any) -> Json:
    return option("domain-search", f"{name}.example", **more)


def vendor_class(*values: bytes, enterprise: int = 4491) -> bytes:
    return opt(16, u32(enterprise) + b"".join(u16(len(value)) + value for value in values))


def vendor(enterprise: int, *options: bytes) -> bytes:
    return opt(17, u32(enterprise) + b"".join(options))


def fqdn(flags: int, name: bytes) -> bytes:
    return opt(39, u8(flags) + name)


MODEM = vendor_class(b"modem", enterprise=9)
CLASSES = [{"name": "VENDOR_CLASS_modem", "option-data": [dns(0xC), search("class")]}]
LEVELS = config(
    {
        **subnet(option_data=[dns(5), option("sntp-servers", "2001:db8::55")]),
        "pools": [
            {
                "pool": "2001:db8:1::10-2001:db8:1::1f",
                "option-data": [dns(6), option("nisp-domain-name", "pool.example")],
            }
        ],
        "pd-pools": [
            {
                **pd_pool(),
                "option-data": [option("nis-domain-name", "pd.example"), option("nisp-domain-name", "pd.example")],
            }
        ],
    },
    option_data=[
        dns(1),
        search("global"),
        option("information-refresh-time", "700"),
        option("nis-servers", "2001:db8::11"),
    ],
    client_classes=CLASSES,
)
WANTED = (23, 24, 27, 29, 30, 31, 32)
NAME, PARTIAL = b"\4host\7example\3org\0", b"\4host"
DDNS = {"ddns_qualifying_suffix": "suffix.example", "ddns_generated_prefix": "made"}
SPACES: Json = {
    "option_def": [
        {"name": "colour", "code": 7, "type": "uint16", "space": "vendor-32473"},
        {"name": "shape", "code": 8, "type": "string", "space": "vendor-32473"},
        {"name": "own", "code": 1234, "type": "record", "record-types": "uint8, ipv6-address, fqdn", "space": "dhcp6"},
        {"name": "many", "code": 1235, "type": "uint32", "array": True, "space": "dhcp6"},
        {"name": "holder", "code": 1236, "type": "uint8", "encapsulate": "inner", "space": "dhcp6"},
        {"name": "part", "code": 3, "type": "ipv6-prefix", "space": "inner"},
    ],
}

SCENARIOS = (
    Scenario6("options of every level", LEVELS,
              (*four_way(NA, oro=WANTED), *four_way(NA, PD, client=2, oro=WANTED), *four_way(
                  PD, client=3, oro=WANTED), information(oro=WANTED), renew(client=2, oro=WANTED)),
              (*GOT, *GOT, *GOT, REPLY, REPLY)),
    Scenario6("options of a class between subnet and global ones", LEVELS,
              (*four_way(NA, extra=MODEM, oro=WANTED), information(MODEM, oro=WANTED)), (*GOT, REPLY)),
    Scenario6("options of a shared network", config(shared_networks=[
        {"name": "n", "interface": "srv0", "option-data": [dns(3), search("network")], "subnet6": [
            remote("2001:db8:1::/64", 1, ["2001:db8:1::10-2001:db8:1::10"], option_data=[dns(4)]),
            remote("2001:db8:a::/64", 2)]}], option_data=[dns(1)]),
              (*four_way(), *four_way(client=2), information(client=3)), (*GOT, *GOT, REPLY)),
    Scenario6("an option asked for twice, and one that nobody has", config(option_data=[dns(1)]),
              (solicit(oro=(23, 23, 99, 31)), solicit(NA, opt(6, u16(24)), oro=(23,))), (ADVERTISE, ADVERTISE)),
    Scenario6("options that are always or never sent", config(
        subnet(option_data=[search("always", always_send=True), dns(5, never_send=True)]),
        option_data=[dns(1), option("sntp-servers", "2001:db8::2", always_send=True),
                     option("nis-servers", "2001:db8::3", never_send=True)]),
              (*four_way(oro=(23, 27)), renew(oro=None), rebind(oro=None), information(oro=None)),
              (*GOT, REPLY, REPLY, REPLY)),
    Scenario6("options for classes", config(client_classes=[{"name": "VENDOR_CLASS_modem"}], option_data=[
        dns(1, client_classes=["VENDOR_CLASS_modem"]), search("all")]),
              (solicit(NA, MODEM), solicit()), (ADVERTISE, ADVERTISE)),
    Scenario6("standard options of many types", config(option_data=[
        option("preference", "200"), option("sip-server-dns", "sip1.example, sip2.example"),
        option("sip-server-addr", "2001:db8::1, 2001:db8::2"), option("bootfile-url", "tftp://host/file"),
        option("bootfile-param", "one, two"), option("client-arch-type", "7, 9"), option("nii", "1, 2, 3"),
        option("new-posix-timezone", "EST5EDT4\\\\,M3.2.0/02:00\\\\,M11.1.0/02:00"),
        option("new-tzdb-timezone", "Europe/Berlin"), option("solmax-rt", "3600"), option("inf-max-rt", "3700"),
        option("v6-captive-portal", "https://portal.example/"), option("aftr-name", "aftr.example"),
        option("unicast", "2001:db8::9"), option("pana-agent", "2001:db8::a"), option(
            "bcmcs-server-dns", "b.example"), option("geoconf-civic", "1, 2, 0102"),
        option("remote-id", "9, 0102"), option("subscriber-id", "0102"), option("erp-local-domain-name", "erp.example"),
        option("v6-dnr", "100, resolver.example., 2001:db8::1 2001:db8::2, alpn=dot\\\\,doq port=8530")]),
              (*four_way(oro=(7, 12, 21, 22, 33, 36, 37, 38, 40, 41, 42, 59, 60, 61, 62, 64, 65, 82, 83, 103, 144)),
               information(oro=(7, 12, 21, 22, 59, 60, 61, 62, 82, 83, 103, 144))), (*GOT, REPLY)),
    Scenario6("a preference that is not asked for", config(option_data=[option("preference", "255", always_send=True)]),
              (*four_way(), information()), (*GOT, REPLY)),
    Scenario6("options of one's own types", config(option_data=[
        option("own", "5, 2001:db8::7, a.example"), option("many", "1, 2, 4000000000"), option("holder", "9"),
        option("part", "2001:db8:5::/48", space="inner"), option(1300, "0A0B", csv_format=False)], **SPACES),
              (*four_way(oro=(1234, 1235, 1236, 1300)),), GOT),
    Scenario6("vendor options on request", config(option_data=[
        option("vendor-opts", "32473"), option("colour", "500", space="vendor-32473"),
        option("shape", "round", space="vendor-32473", always_send=True)], **SPACES),
              (solicit(oro=(17,)), solicit(), solicit(NA, vendor_class(b"x", enterprise=32473)),
               solicit(NA, vendor(32473)), solicit(NA, vendor(1)), information(oro=(17,)),
               *four_way(extra=vendor(32473, opt(7, b"\0\1")), oro=(17,))), (*(ADVERTISE,) * 5, REPLY, *GOT)),
    Scenario6("options of cable equipment on request", config(option_data=[
        option("tftp-servers", "2001:db8::1", space="vendor-4491"), option("config-file", "modem.cm",
                                                                            space="vendor-4491"),
        option("syslog-servers", "2001:db8::2", space="vendor-4491", always_send=True)]),
              (solicit(NA, vendor(4491, opt(1, u16(32) + u16(33)))), solicit(NA, vendor(4491)),
               solicit(NA, vendor_class(b"docsis3.0")), solicit(NA, vendor(4491, opt(1, u16(33) + b"\0")))),
              (ADVERTISE, ADVERTISE, ADVERTISE, None)),
    Scenario6("several vendors", config(
        subnet(option_data=[option("vendor-opts", "7"), option(1, "01", space="vendor-7")]),
        option_def=[{"name": "a", "code": 1, "type": "binary", "space": "vendor-7"},
                    {"name": "b", "code": 1, "type": "binary", "space": "vendor-8"}],
        option_data=[option("vendor-opts", "8"), option(1, "02", space="vendor-8", always_send=True),
                     option("vendor-opts", "7")]),
              (solicit(oro=(17,)), solicit(NA, vendor(8), oro=(17,)), solicit(NA, vendor(7), vendor(8)),
               information(oro=(17,))), (ADVERTISE, ADVERTISE, ADVERTISE, REPLY)),
    Scenario6("vendor classes in answers", config(option_data=[option("vendor-class", "32473, 0003616263")]),
              (solicit(oro=(16,)), solicit(NA, MODEM, oro=(16,))), (ADVERTISE, ADVERTISE)),
    Scenario6("a user class changes nothing", config(option_data=[dns(1)]),
              (*four_way(extra=opt(15, u16(4) + b"user")), solicit(NA, opt(15, u16(4) + b"user" + u16(3) + b"two"))),
              (*GOT, ADVERTISE)),
    Scenario6("what the client sends is not echoed", config(),
              (solicit(NA, opt(8, u16(10)), opt(20), opt(61, u16(7)), opt(62, b"\1\2\3"), opt(1000, b"x"), opt(
                  12, bytes(16)), opt(45, b"q" * 24)),), (ADVERTISE,)),
    Scenario6("options through a relay, at every level", config(
        remote(option_data=[dns(2)]), option_data=[search("global")]),
              (*four_way(relays=Relay()), information(relays=Relay())), (*GOT, REPLY)),
    # names
    Scenario6("a full name: the server shall update, nobody shall, the client does", config(),
              (*four_way(NA, extra=fqdn(1, NAME)), *four_way(NA, extra=fqdn(4, NAME), client=2),
               *four_way(NA, extra=fqdn(0, NAME), client=3), solicit(NA, fqdn(5, NAME), client=4),
               solicit(NA, fqdn(0xF1, NAME), client=5)), (*GOT, *GOT, *GOT, None, ADVERTISE)),
    Scenario6("half a name, no name, a name without being asked", config(**DDNS),
              (*four_way(NA, extra=fqdn(1, PARTIAL), oro=(39,)), *four_way(NA, extra=fqdn(0, b""), client=2),
               *four_way(NA, client=3, oro=(39,)), renew(client=2), renew(ia(IA_NA, 1, iaaddr("2001:db8:1::10")),
                                                                      fqdn(1, NAME))),
              (*GOT, *GOT, *GOT, REPLY, REPLY)),
    Scenario6("no name and two associations", config(subnet(pd_pools=[pd_pool()]), **DDNS),
              (*four_way(NA, ia(IA_NA, 2), PD, extra=fqdn(0, b"")), *four_way(PD, extra=fqdn(0, b""), client=2)),
              GOT * 2),
    Scenario6("a name that is replaced", config(ddns_replace_client_name="always", **DDNS),
              four_way(NA, extra=fqdn(1, NAME)), GOT),
    Scenario6("a name that is made when there is none", config(ddns_replace_client_name="when-not-present", **DDNS),
              (*four_way(NA, extra=fqdn(1, NAME)), *four_way(NA, client=2),
               *four_way(NA, extra=fqdn(1, b""), client=3)),
              GOT * 3),
    Scenario6("a name with odd characters", config(hostname_char_set="[^A-Za-z0-9.-]", hostname_char_replacement="x"),
              (*four_way(NA, extra=fqdn(1, b"\7my_host\3ORG\0")), *four_way(NA, extra=fqdn(1, b"\3a b"), client=2)),
              GOT * 2),
    Scenario6("a reserved name", config(
        subnet(reservations=[{"duid": duid_text(1), "hostname": "printer"},
                             {"duid": duid_text(2), "hostname": "full.example.org"},
                             {"duid": duid_text(3), "hostname": "Capital"}]), **DDNS),
              (*four_way(NA, extra=fqdn(1, NAME)), *four_way(NA), *four_way(NA, extra=fqdn(1, PARTIAL), client=2),
               *four_way(NA, client=3)), GOT * 4),
    Scenario6("broken names", config(), (solicit(NA, fqdn(1, b"\4hos")), solicit(NA, fqdn(1, b"\0")), solicit(
        NA, opt(39, b"")), solicit(NA, fqdn(1, b"\5a.b.c\0"))), (None, ADVERTISE, None, ADVERTISE)),
    Scenario6("options that a request asks for and the solicit did not", config(option_data=[dns(1), search("s")]),
              (solicit(oro=None), request(oro=(23,)), renew(oro=(24,))), (*GOT, REPLY)),
)  # fmt: skip
