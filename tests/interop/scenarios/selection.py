"""Subnet selection: interface, relays, link selection, shared networks, guards.

Runs in: any
"""

from __future__ import annotations

from tests.interop.scenario4 import (
    ACK,
    GOT,
    NAK,
    OFFER,
    Last,
    Scenario,
    Sleep,
    addresses,
    ask,
    config,
    discover,
    four_way,
    init_reboot,
    option,
    rebind,
    release,
    renew,
    selecting,
    subnet,
    suboptions,
)

OTHER, THIRD = "02:00:00:00:00:02", "02:00:00:00:00:03"
R1, R2, R3 = "10.1.0.1", "10.2.0.1", "10.3.0.1"
NET1, NET2 = subnet("10.1.0.0/24", 11), subnet("10.2.0.0/24", 12)
LOCAL = subnet()
THREE = config(LOCAL, NET1, NET2)


def rai(*pairs: tuple[int, bytes]) -> tuple[int, bytes]:
    """Relay agent information."""
    return 82, suboptions(*pairs)


CIRCUIT = (1, b"eth0/3")
REMOTE = (2, b"switch-7")

SHARED = config(
    shared_networks=[
        {
            "name": "floor",
            "interface": "srv0",
            "option-data": [option("domain-name", "floor.example")],
            "subnet4": [
                subnet(pools=["192.0.2.10 - 192.0.2.10"]),
                subnet("10.1.0.0/24", 2, ["10.1.0.10 - 10.1.0.10"], option_data=[option("domain-name", "two.example")]),
            ],
        }
    ]
)

SCENARIOS = (
    Scenario("the relay's address selects the subnet", THREE,
             (*four_way(relay=R1), *four_way(relay=R2, mac=OTHER)), GOT + GOT),
    Scenario("a relay of an unknown network", THREE, (discover(relay=R3),), (None,)),
    Scenario("a relayed client with the broadcast flag", THREE, four_way(relay=R1, flags=0x8000), GOT),
    Scenario("a relay that sends from another port", THREE,
             (discover(relay=R1, sender=(R1, 6767)),), (OFFER,)),
    Scenario("a relayed client renews directly", config(LOCAL, NET1),
             (*four_way(relay=R1), renew(sender=("10.1.0.10", 68), secs=1)), (*GOT, ACK)),
    Scenario("a relayed client rebinds through its relay", THREE,
             (*four_way(relay=R1), rebind(relay=R1)), (*GOT, ACK)),
    Scenario("a relayed client that moved to another network is refused", THREE,
             (*four_way(relay=R1), init_reboot(Last.YIADDR, relay=R2)), (*GOT, None)),
    Scenario("a relayed client that moved, authoritative", {**THREE, "authoritative": True},
             (*four_way(relay=R1), init_reboot(Last.YIADDR, relay=R2)), (*GOT, NAK)),
    Scenario("a client that moved discovers in its new network", THREE,
             (*four_way(relay=R1), *four_way(relay=R2)), GOT + GOT),
    Scenario("relay agent information is echoed", THREE, four_way(rai(CIRCUIT, REMOTE), relay=R1), GOT),
    Scenario("relay agent information is echoed in a refusal", {**THREE, "authoritative": True},
             (init_reboot("10.1.0.77", rai(CIRCUIT), relay=R1),), (NAK,)),
    Scenario("empty relay agent information", THREE, (discover((82, b""), relay=R1),), (OFFER,)),
    Scenario("relay agent information with an unknown suboption", THREE,
             (discover(rai((200, b"\x01\x02")), relay=R1),), (OFFER,)),
    Scenario("relay agent information comes before other options", THREE,
             (discover(rai(CIRCUIT), (12, b"pc"), (61, b"\x01abc"), relay=R1),), (OFFER,)),
    Scenario("link selection beats the relay's address (RFC 3527)", THREE,
             four_way(rai((5, addresses("10.2.0.0"))), relay=R1), GOT),
    Scenario("link selection of an unknown network", THREE,
             (discover(rai((5, addresses("10.77.0.0"))), relay=R1),), (None,)),
    Scenario("link selection is ignored with ignore-rai-link-selection",
             {**THREE, "compatibility": {"ignore-rai-link-selection": True}},
             (discover(rai((5, addresses("10.2.0.0"))), relay=R1),), (OFFER,)),
    Scenario("subnet selection by the client (RFC 3011)", THREE,
             four_way((118, addresses("10.2.0.0")), relay=R1), GOT),
    Scenario("subnet selection by a client that is not relayed", THREE,
             (discover((118, addresses("10.2.0.0"))),), (OFFER,)),
    Scenario("link selection beats subnet selection", THREE,
             (discover((118, addresses("10.2.0.0")), rai((5, addresses("10.1.0.0"))), relay=R3),), (OFFER,)),
    Scenario("server identifier override (RFC 5107)", THREE,
             four_way(rai((11, addresses("10.1.0.9"))), relay=R1), GOT),
    Scenario("relay addresses of the configuration",
             config(subnet("10.8.0.0/24", 8, relay={"ip-addresses": [R1, R2]})), four_way(relay=R2), GOT),
    Scenario("a relay of a shared network",
             config(shared_networks=[{"name": "n", "relay": {"ip-addresses": [R3]},
                                      "subnet4": [subnet("10.8.0.0/24", 8)]}]), four_way(relay=R3), GOT),
    Scenario("a subnet is selected by its interface",
             config(subnet("198.51.100.0/24", 5, interface="srv0")), four_way(), GOT),
    Scenario("a subnet of another interface is not used",
             config(subnet("198.51.100.0/24", 5)), (discover(),), (None,)),
    Scenario("a shared network uses its second subnet when the first is full", SHARED,
             (*four_way(), *four_way(mac=OTHER), discover(mac=THIRD)), (*GOT, *GOT, None)),
    Scenario("a client of a shared network asks for an address of the second subnet", SHARED,
             four_way((50, addresses("10.1.0.10"))), GOT),
    Scenario("renewing in a shared network", SHARED,
             (*four_way((50, addresses("10.1.0.10"))), renew(sender=("10.1.0.10", 68))), (*GOT, ACK)),
    Scenario("a release through a shared network", SHARED,
             (*four_way(), release(), Sleep(2.1), *four_way(mac=OTHER)), (*GOT, None, *GOT)),
    Scenario("init-reboot with the other subnet's address in a shared network", SHARED,
             (*four_way(), init_reboot("10.1.0.10")), (*GOT, NAK)),
    Scenario("a subnet guarded by KNOWN is closed, since reservations are looked up later",
             config(subnet(client_classes=["KNOWN"],
                           reservations=[{"hw-address": "02:00:00:00:00:02", "hostname": "known"}])),
             (discover(), *four_way(mac=OTHER)), (None, None, NAK)),
    Scenario("a pool for known clients and one for strangers",
             config(subnet(pools=[{"pool": "192.0.2.10 - 192.0.2.19", "client-classes": ["KNOWN"]},
                                  {"pool": "192.0.2.20 - 192.0.2.29", "client-classes": ["UNKNOWN"]}],
                           reservations=[{"hw-address": "02:00:00:00:00:02", "hostname": "known"}])),
             (*four_way(), *four_way(mac=OTHER)), GOT + GOT),
    Scenario("a pool guarded by a vendor class",
             config(subnet(pools=[{"pool": "192.0.2.10 - 192.0.2.19", "client-classes": ["VENDOR_CLASS_phone"]},
                                  {"pool": "192.0.2.20 - 192.0.2.29"}]),
                    client_classes=[{"name": "VENDOR_CLASS_phone",
                                     "option-data": [option("domain-name", "phones.example")]}]),
             (*four_way((60, b"phone"), prl=(1, 15)), discover(mac=OTHER, prl=(1, 15))), (*GOT, OFFER)),
    Scenario("relayed over udp sockets",
             {**THREE, "interfaces-config": {"interfaces": ["srv0"], "dhcp-socket-type": "udp"}},
             (*four_way(relay=R1), rebind(relay=R1), discover(relay=R2, mac=OTHER)), (*GOT, ACK, OFFER)),
    Scenario("a client that is not relayed asks over udp sockets",
             {**THREE, "interfaces-config": {"interfaces": ["srv0"], "dhcp-socket-type": "udp"}},
             four_way(flags=0x8000), (None, None),
             dict.fromkeys(("answer", "lease"), "Kea binds its UDP socket to the interface's address and never hears a "
                           "broadcast; ours does")),
    Scenario("an interface given with its address",
             {**THREE, "interfaces-config": {"interfaces": ["srv0/192.0.2.1"], "dhcp-socket-type": "raw"}},
             (*four_way(), *four_way(relay=R1, mac=OTHER)), GOT + GOT),
    Scenario("a unicast discover without relay", config(),
             (discover(to="unicast", sender=("192.0.2.2", 68)),), (OFFER,)),
    Scenario("a request through another relay of the same network",
             config(subnet("10.1.0.0/24", 11)), (discover(relay=R1), selecting(relay="10.1.0.9")), GOT),
    Scenario("a relayed request with a client address in it", THREE,
             (*four_way(relay=R1), ask(3, relay=R1, ciaddr=Last.YIADDR, note="RENEW BY RELAY")), (*GOT, ACK)),
)  # fmt: skip
