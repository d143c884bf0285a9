"""Which subnet a message belongs to, and which pools its client may use.

Runs in: any
"""

from __future__ import annotations

from typing import Any

from tests.interop.scenario6 import (
    ADVERTISE,
    GOT,
    IA_NA,
    IA_PD,
    RELAY2,
    REPLY,
    Json,
    Relay,
    Scenario6,
    ask,
    config,
    confirm,
    duid_text,
    four_way,
    ia,
    iaaddr,
    iaprefix,
    information,
    opt,
    option,
    pd_pool,
    rebind,
    release,
    remote,
    renew,
    request,
    server_id,
    solicit,
    subnet,
    u16,
    u32,
)

ONE = ["2001:db8:1::10 - 2001:db8:1::10"]
ONE_A = ["2001:db8:a::10 - 2001:db8:a::10"]
DIRECT = Relay()
LINKLESS = Relay(link="::", peer="fe80::ff:fe00:1")


def iface(name: bytes) -> bytes:
    return opt(18, name)


def vendor_class(*values: bytes, enterprise: int = 4491) -> bytes:
    return opt(16, u32(enterprise) + b"".join(u16(len(value)) + value for value in values))


def net(*subnets: Json, **more: Any) -> Json:
    """A shared network on the servers' link."""
    return config(shared_networks=[{"name": "n", "interface": "srv0", "subnet6": list(subnets), **more}])


def member(prefix: str, id: int, *pools: str, **more: Any) -> Json:
    return remote(prefix, id, list(pools) or None, **more)


LISTENER = {"name": "VENDOR_CLASS_modem"}

SCENARIOS = (
    Scenario6("through a relay", config(subnet(), remote()), (*four_way(relays=DIRECT), renew(relays=DIRECT)),
              (*GOT, REPLY)),
    Scenario6("through a relay that nobody knows", config(), (solicit(relays=DIRECT), information(relays=DIRECT)),
              (ADVERTISE, REPLY)),
    Scenario6("by the interface-id", config(subnet(), remote(interface_id="port-7")),
              (*four_way(relays=Relay(options=(iface(b"port-7"),))),
               solicit(relays=Relay(link="2001:db8:1::2", options=(iface(b"port-7"),))),
               solicit(relays=Relay(link="2001:db8:1::2", options=(iface(b"port-8"),)))),
              (*GOT, ADVERTISE, ADVERTISE)),
    Scenario6("by the interface-id alone", config(subnet(), remote(interface_id="port-7")),
              (solicit(relays=Relay(link="::", options=(iface(b"port-7"),))),
               solicit(relays=Relay(link="::", options=(iface(b"port-8"),)))), (ADVERTISE, ADVERTISE),
              dict.fromkeys(("1", "2"), "without a link address Kea 3.0 does not look at the interface-id of a relay, "
                            "which is all that a lightweight one has (RFC 6221); later ones do as we do")),
    Scenario6("by the addresses of relays", config(remote(relay={"ip-addresses": ["2001:db8:77::1", RELAY2]})),
              (*four_way(relays=Relay(link=RELAY2)), solicit(relays=Relay(link="2001:db8:77::2"))), (*GOT, ADVERTISE)),
    Scenario6("two relays", config(remote(), remote("2001:db8:b::/64", 3)),
              (*four_way(relays=(Relay(RELAY2, options=(iface(b"in"),)), Relay(options=(iface(b"out"),)))),
               *four_way(relays=(Relay("::"), Relay(RELAY2)), client=2),
               *four_way(relays=(Relay("fe80::9"), Relay(RELAY2)), client=3)), GOT * 3),
    Scenario6("two relays, with an interface-id of the outer one", config(remote(interface_id="out"), remote(
        "2001:db8:b::/64", 3)), (solicit(relays=(Relay(RELAY2), Relay("::", options=(iface(b"out"),)))),
                                 solicit(relays=(Relay(RELAY2, options=(iface(b"out"),)), Relay("::")))),
              (ADVERTISE, ADVERTISE)),
    Scenario6("a relay without a link address on the servers' link", config(subnet(), remote()),
              (solicit(relays=LINKLESS), solicit(relays=Relay("fe80::9"), source=("fe80::9", 547))),
              (ADVERTISE, ADVERTISE)),
    Scenario6("a relay of any hop count, and with its own port", config(remote()),
              (solicit(relays=Relay(hops=9)), solicit(relays=Relay(hops=32)), solicit(relays=Relay(hops=255)),
               solicit(relays=Relay(options=(opt(135, u16(0)), iface(b"x"))), source=("2001:db8:a::1", 1547)),
               solicit(source=("2001:db8:a::1", 1547), relays=DIRECT)), (ADVERTISE,) * 5),
    Scenario6("eight relays", config(remote()), (solicit(relays=(Relay(), *(Relay(RELAY2),) * 7)),), (ADVERTISE,)),
    Scenario6("what a relay adds stays with it", config(remote()),
              (solicit(relays=Relay(options=(opt(37, u32(9) + b"remote"), opt(38, b"subscriber"), iface(b"x"),
                                             opt(53, b"\0\3\0\1abcdef")))),), (ADVERTISE,)),
    Scenario6("options that a relay supplies",
              config(remote(option_data=[option("domain-search", "subnet.example")]),
                     relay_supplied_options=["65", "24", "23"]),
              (solicit(relays=Relay(options=(opt(66, opt(65, b"\4here\0") + opt(24, b"\5relay\0") + opt(22, b"x" * 16)
                                                 + opt(23, bytes(15) + b"\1")),))),
               solicit(relays=(Relay(options=(opt(66, opt(65, b"\3one\0")),)),
                               Relay(options=(opt(66, opt(65, b"\3two\0")),))))), (ADVERTISE, ADVERTISE)),
    Scenario6("options that a relay supplies by default", config(remote()),
              (solicit(relays=Relay(options=(opt(66, opt(65, b"\4here\0") + opt(23, bytes(15) + b"\1")),))),),
              (ADVERTISE,)),
    Scenario6("a client from an address of a subnet",
              config(member("2001:db8:1::/64", 1), member("2001:db8:2::/64", 2)),
              (solicit(source=("2001:db8:2::77", 546)), solicit(source=("2001:db8:1::77", 546)), solicit()),
              (ADVERTISE,) * 3),
    Scenario6("another subnet than before", config(subnet(), remote()),
              (*four_way(), *four_way(relays=DIRECT), renew(ia(IA_NA, 1, iaaddr("2001:db8:1::10")), relays=DIRECT)),
              (*GOT, *GOT, REPLY)),
    Scenario6("a shared network", net(member("2001:db8:1::/64", 1, *ONE), member("2001:db8:a::/64", 2, *ONE_A)),
              (*four_way(), *four_way(client=2), solicit(client=3), renew(), renew(client=2), rebind(client=2)),
              (*GOT, *GOT, ADVERTISE, REPLY, REPLY, REPLY)),
    Scenario6("hints in a shared network", net(member("2001:db8:1::/64", 1), member("2001:db8:a::/64", 2)),
              (*four_way(ia(IA_NA, 1, iaaddr("2001:db8:a::33"))), confirm(ia(IA_NA, 1, iaaddr("2001:db8:a::33"))),
               confirm(ia(IA_NA, 1, iaaddr("2001:db8:1::33"))), solicit(ia(IA_NA, 1, iaaddr("2001:db8:7::33")))),
              (*GOT, REPLY, REPLY, ADVERTISE)),
    Scenario6("several associations in a shared network",
              net(member("2001:db8:1::/64", 1, *ONE, pd_pools=[pd_pool("2001:db8:f000::/48", 48)]),
                  member("2001:db8:a::/64", 2, pd_pools=[pd_pool("2001:db8:e000::/44", 48)])),
              (ask(3, server_id, ia(IA_NA, 1), ia(IA_NA, 2)), ask(3, server_id, ia(IA_PD, 1), ia(IA_PD, 2), client=2),
               renew(), renew(client=2), rebind(), release(), release(client=2)), (REPLY,) * 7),
    Scenario6("prefixes of one subnet and addresses of the other",
              net(member("2001:db8:1::/64", 1), remote("2001:db8:a::/64", 2, [], pd_pools=[pd_pool()])),
              (*four_way(ia(IA_NA, 1), ia(IA_PD, 1)), renew(), rebind()), (*GOT, REPLY, REPLY)),
    Scenario6("a shared network through a relay", config(shared_networks=[
        {"name": "n", "relay": {"ip-addresses": [RELAY2]}, "subnet6": [member("2001:db8:1::/64", 1, *ONE),
                                                                        member("2001:db8:a::/64", 2)]}]),
              (*four_way(relays=Relay(RELAY2)), *four_way(client=2, relays=Relay(RELAY2)),
               *four_way(client=3, relays=Relay("2001:db8:a::1"))), GOT * 3),
    Scenario6("a subnet for a class", config(
        subnet(client_classes=["VENDOR_CLASS_modem"]), client_classes=[LISTENER]),
              (*four_way(extra=vendor_class(b"modem")), solicit(extra=vendor_class(b"other")) if False else solicit(
                  ia(IA_NA, 1), vendor_class(b"other")), renew(ia(IA_NA, 1, iaaddr("2001:db8:1::10")))),
              (*GOT, ADVERTISE, REPLY)),
    Scenario6("a subnet of a shared network for a class", net(
        member("2001:db8:1::/64", 1, client_classes=["VENDOR_CLASS_modem"]), member("2001:db8:a::/64", 2)),
              (*four_way(extra=vendor_class(b"modem")), *four_way(client=2), renew(),
               renew(vendor_class(b"modem"), ia(IA_NA, 1, iaaddr("2001:db8:1::10")))), (*GOT, *GOT, REPLY, REPLY)),
    Scenario6("pools for classes", config(subnet(
        pools=[{"pool": "2001:db8:1::80-2001:db8:1::80", "client-classes": ["VENDOR_CLASS_modem"]},
               {"pool": "2001:db8:1::90-2001:db8:1::90", "client-classes": ["UNKNOWN"]}],
        pd_pools=[pd_pool("2001:db8:f000::/44", 48, client_classes=["VENDOR_CLASS_modem"]),
                  pd_pool("2001:db8:e000::/44", 48)])),
              (*four_way(ia(IA_NA, 1), ia(IA_PD, 1), extra=vendor_class(b"modem")),
               *four_way(ia(IA_NA, 1), ia(IA_PD, 1), client=2), solicit(client=3),
               renew(ia(IA_NA, 1, iaaddr("2001:db8:1::80")), ia(IA_PD, 1, iaprefix("2001:db8:f000::/48")))),
              (*GOT, *GOT, ADVERTISE, REPLY)),
    Scenario6("two vendor classes, and known cable equipment", config(subnet(client_classes=[
        "VENDOR_CLASS_second"])),
              (solicit(ia(IA_NA, 1), vendor_class(b"first", b"second")),
               solicit(ia(IA_NA, 1), vendor_class(b"first"), vendor_class(b"second", enterprise=9)),
               solicit(ia(IA_NA, 1), vendor_class(b"second"))), (ADVERTISE,) * 3),
    Scenario6("cable equipment by its vendor class", config(subnet(client_classes=["VENDOR_CLASS_docsis3.0"])),
              (solicit(ia(IA_NA, 1), vendor_class(b"x", b"docsis3.0")), solicit(ia(IA_NA, 1), vendor_class(
                  b"docsis3.0 and more")), solicit(ia(IA_NA, 1), vendor_class(b"docsis3.0", enterprise=1))),
              (ADVERTISE,) * 3),
    Scenario6("known and unknown clients have their pools", config(subnet(
        pools=[{"pool": "2001:db8:1::80-2001:db8:1::8f", "client-classes": ["KNOWN"]},
               {"pool": "2001:db8:1::90-2001:db8:1::9f", "client-classes": ["UNKNOWN"]}],
        reservations=[{"duid": duid_text(1)}])), (*four_way(), *four_way(client=2)), GOT + GOT),
    Scenario6("classes that are evaluated last bring options", config(
        subnet(evaluate_additional_classes=["late"], pools=[{"pool": "2001:db8:1::10-2001:db8:1::1f",
                                                             "evaluate-additional-classes": ["later"]}]),
        client_classes=[{"name": "late", "only-in-additional-list": True,
                         "option-data": [option("dns-servers", "2001:db8::1")]},
                        {"name": "later", "only-in-additional-list": True,
                         "option-data": [option("dns-servers", "2001:db8::2"), option("domain-search", "later.example")
                                         ]}]), (*four_way(), information()), (*GOT, REPLY)),
    Scenario6("a request of a prefix from a relay", config(remote(pd_pools=[pd_pool()])),
              (solicit(ia(IA_PD, 5), relays=DIRECT), ask(3, server_id, ia(IA_PD, 5), relays=DIRECT),
               request(relays=DIRECT)), (ADVERTISE, REPLY, REPLY)),
)  # fmt: skip
