"""Reservations: by DUID and hardware address, of addresses and prefixes, global and out of pool.

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
    Pools,
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

ME: Json = {"duid": duid_text(1)}
OTHER: Json = {"duid": duid_text(2)}
ADDRESS, SECOND_ADDRESS, PREFIX = "2001:db8:1::42", "2001:db8:1::43", "2001:db8:f005::/48"
FIRST_POOLED, FIRST_PREFIX = "2001:db8:1::10", "2001:db8:f000::/48"
OUTSIDE, OUTSIDE_PREFIX = "2001:db8:1::cafe", "2001:db8:e000::/48"


def na(iaid: int, *addresses: str) -> bytes:
    return ia(IA_NA, iaid, *map(iaaddr, addresses))


def pd(iaid: int, *prefixes: str) -> bytes:
    return ia(IA_PD, iaid, *map(iaprefix, prefixes))


BOTH = (na(1), pd(1))


def reserved(*hosts: Json, pools: Pools = None, **more: Any) -> Json:
    """A configuration with one subnet and these reservations in it."""
    return config(subnet(pools=pools, pd_pools=[pd_pool()], reservations=list(hosts)), **more)


def by_mac(source: str, mac: str = "02:00:00:00:00:01") -> Json:
    """One for a hardware address that is learnt in one way."""
    host = {"hw-address": mac, "ip-addresses": ["2001:db8:a::42"]}
    return config(remote(reservations=[host]), mac_sources=[source])


def host(who: Json, *addresses: str, prefixes: tuple[str, ...] = (), **more: Any) -> Json:
    return {**who, "ip-addresses": list(addresses), "prefixes": list(prefixes), **more}


FOREIGN_MAC = "02:ab:cd:ef:00:11"
FOREIGN = bytes.fromhex("02abcdef0011")

SCENARIOS = (
    Scenario6("an address and a prefix are reserved", reserved(host(ME, ADDRESS, prefixes=(PREFIX,))),
              (*four_way(*BOTH), renew(), rebind(), release()), (*GOT, REPLY, REPLY, REPLY)),
    Scenario6("reserved outside of the pools", reserved(host(ME, OUTSIDE, prefixes=(OUTSIDE_PREFIX,))),
              (*four_way(*BOTH), renew(), *four_way(*BOTH, client=2)), (*GOT, REPLY, *GOT)),
    Scenario6("several addresses and prefixes are reserved",
              reserved(host(ME, ADDRESS, SECOND_ADDRESS, OUTSIDE, prefixes=(PREFIX, OUTSIDE_PREFIX))),
              (*four_way(na(1)), *four_way(na(1), na(2), na(3), na(4), pd(1), pd(2), pd(3)), renew()),
              (*GOT, *GOT, REPLY)),
    Scenario6("a client that asks for another address than the reserved one", reserved(host(ME, ADDRESS)),
              (*four_way(na(1, SECOND_ADDRESS)), ask(3, server_id, na(1, SECOND_ADDRESS))), (*GOT, REPLY)),
    Scenario6("a client that asks for its reserved address", reserved(host(ME, ADDRESS, SECOND_ADDRESS, prefixes=(
        PREFIX,))), four_way(na(1, SECOND_ADDRESS), pd(1, PREFIX)), GOT),
    Scenario6("reserved addresses are not for others", reserved(host(OTHER, FIRST_POOLED, prefixes=(FIRST_PREFIX,))),
              (*four_way(*BOTH), solicit(na(1, FIRST_POOLED), pd(1, FIRST_PREFIX)), *four_way(*BOTH, client=2)),
              (*GOT, ADVERTISE, *GOT)),
    Scenario6("the only address is reserved for another",
              reserved(host(OTHER, FIRST_POOLED), pools=[f"{FIRST_POOLED} - {FIRST_POOLED}"]),
              (solicit(), *four_way(client=2)), (ADVERTISE, *GOT)),
    Scenario6("two subnets reserve for one client", config(
        subnet(reservations=[host(ME, ADDRESS)]), remote(reservations=[host(ME, "2001:db8:a::42")])),
              (*four_way(), *four_way(relays=Relay())), GOT * 2),
    Scenario6("a reservation of an address alone, and of a prefix alone",
              reserved(host(ME, ADDRESS), host(OTHER, prefixes=(PREFIX,))),
              (*four_way(*BOTH), *four_way(*BOTH, client=2)), GOT * 2),
    Scenario6("a reservation of no address", reserved({**ME, "hostname": "printer"}), (*four_way(*BOTH), renew()),
              (*GOT, REPLY)),
    Scenario6("reserved by a hardware address from the DUID", reserved(
        {"hw-address": "02:00:00:00:00:01", "ip-addresses": [ADDRESS]}), (*four_way(), *four_way(client=2)), GOT * 2),
    Scenario6("the first identifier that matches decides", reserved(
        {"hw-address": "02:00:00:00:00:01", "ip-addresses": [ADDRESS]}, host(ME, SECOND_ADDRESS),
        host_reservation_identifiers=["duid", "hw-address"]), four_way(), GOT),
    Scenario6("an identifier that is not listed is not looked for", reserved(
        {"hw-address": "02:00:00:00:00:01", "ip-addresses": [ADDRESS]}, host_reservation_identifiers=["duid"]),
              (solicit(),), (ADVERTISE,)),
    Scenario6("a hardware address that the relay tells", by_mac("client-link-addr-option", FOREIGN_MAC),
              four_way(relays=Relay(options=(opt(79, u16(1) + FOREIGN),))), GOT),
    Scenario6("a hardware address of the link-local address", by_mac("ipv6-link-local"),
              four_way(relays=Relay(), duid_is=b"\0\2abcdefgh"), GOT),
    Scenario6("a hardware address out of the remote-id", by_mac("remote-id", FOREIGN_MAC),
              four_way(relays=Relay(options=(opt(37, u32(9) + FOREIGN),))), GOT),
    Scenario6("a hardware address out of a subscriber-id", by_mac("subscriber-id", FOREIGN_MAC),
              (solicit(relays=Relay(options=(opt(38, FOREIGN),))),), (ADVERTISE,)),
    Scenario6("hardware addresses of cable equipment", config(
        remote(reservations=[{"hw-address": FOREIGN_MAC, "ip-addresses": ["2001:db8:a::42"]}]),
        mac_sources=["docsis-modem", "docsis-cmts"]),
              (solicit(ia(IA_NA, 1), opt(17, u32(4491) + opt(36, FOREIGN)), relays=Relay()),
               solicit(client=2, relays=Relay(options=(opt(17, u32(4491) + opt(1026, FOREIGN)),)))),
              (ADVERTISE, ADVERTISE)),
    Scenario6("any source of a hardware address", by_mac("any", FOREIGN_MAC),
              (solicit(relays=Relay(options=(opt(79, u16(1) + FOREIGN),))), *four_way(client=2, relays=Relay())),
              (ADVERTISE, *GOT)),
    Scenario6("reserved options beat all others", config(
        subnet(reservations=[{**ME, "option-data": [option("dns-servers", "2001:db8::1")]}],
               option_data=[option("dns-servers", "2001:db8::2")])), (*four_way(), information(), solicit(client=2)),
              (*GOT, REPLY, ADVERTISE)),
    Scenario6("reserved classes open pools and bring options", config(
        subnet(pools=[{"pool": "2001:db8:1::80-2001:db8:1::8f", "client-classes": ["blue"]}, "2001:db8:1::90/124"],
               reservations=[{**ME, "client-classes": ["blue"]}]),
        client_classes=[{"name": "blue", "option-data": [option("dns-servers", "2001:db8::b")]}]),
              (*four_way(), renew(), *four_way(client=2)), (*GOT, REPLY, *GOT)),
    Scenario6("reserved classes in a shared network", config(shared_networks=[
        {"name": "n", "interface": "srv0", "subnet6": [
            remote("2001:db8:1::/64", 1, option_data=[option("dns-servers", "2001:db8::1")]),
            remote("2001:db8:a::/64", 2, reservations=[host(ME, "2001:db8:a::42") | {"client-classes": ["blue"]}],
                   option_data=[option("dns-servers", "2001:db8::2")])]}],
        client_classes=[{"name": "blue", "option-data": [option("domain-search", "blue.example")]}]),
              (*four_way(), renew(), solicit(client=2)), (*GOT, REPLY, ADVERTISE)),
    Scenario6("the DROP class of a reservation", reserved({**ME, "client-classes": ["DROP"]}),
              (solicit(), solicit(client=2)), (None, ADVERTISE)),
    Scenario6("the DROP class of a global reservation, looked up early", config(
        subnet(), early_global_reservations_lookup=True, reservations=[{**ME, "client-classes": ["DROP"]}]),
              (solicit(), solicit(client=2)), (None, ADVERTISE)),
    Scenario6("a class of a global reservation chooses the subnet", config(
        subnet(client_classes=["blue"]), subnet("2001:db8:2::/64", 2, client_classes=["red"]),
        early_global_reservations_lookup=True, reservations_global=True, client_classes=[{"name": "blue"}, {
            "name": "red"}], reservations=[{**ME, "client-classes": ["red"]}, {**OTHER, "client-classes": ["blue"]}]),
              (*four_way(), *four_way(client=2), solicit(client=3)), (*GOT, *GOT, ADVERTISE)),
    Scenario6("a global reservation with addresses and prefixes", config(
        subnet(pd_pools=[pd_pool()]), reservations_global=True, reservations_in_subnet=False,
        reservations=[host(ME, ADDRESS, prefixes=(PREFIX, OUTSIDE_PREFIX)), host(OTHER, "2001:db8:9::1")]),
              (*four_way(*BOTH), renew(), *four_way(*BOTH, client=2)), (*GOT, REPLY, *GOT)),
    Scenario6("a global reservation is not looked at by default", config(reservations=[host(ME, ADDRESS)]),
              (solicit(),), (ADVERTISE,)),
    Scenario6("the subnet's reservation goes before the global one", config(
        subnet(reservations=[host(ME, ADDRESS)], pd_pools=[pd_pool()]), reservations_global=True,
        reservations=[host(ME, SECOND_ADDRESS, prefixes=(PREFIX,))]), (*four_way(*BOTH, na(2)), renew()),
              (*GOT, REPLY)),
    Scenario6("reservations in the subnet are switched off", config(
        subnet(reservations=[host(ME, ADDRESS)], reservations_in_subnet=False)), (*four_way(), solicit(
            na(1, ADDRESS), client=2)), (*GOT, ADVERTISE)),
    Scenario6("reservations out of the pool only", config(subnet(
        pd_pools=[pd_pool()], reservations_out_of_pool=True,
        reservations=[host(ME, OUTSIDE, ADDRESS, prefixes=(OUTSIDE_PREFIX, PREFIX)), host(OTHER, FIRST_POOLED)])),
              (*four_way(*BOTH, na(2), pd(2)), *four_way(na(1), client=2), solicit(na(1, FIRST_POOLED), client=3)),
              (*GOT, *GOT, ADVERTISE)),
    Scenario6("a reservation in the second subnet of a shared network", config(shared_networks=[
        {"name": "n", "interface": "srv0", "subnet6": [
            remote("2001:db8:1::/64", 1, pd_pools=[pd_pool()]),
            remote("2001:db8:a::/64", 2, reservations=[host(ME, "2001:db8:a::42", prefixes=(OUTSIDE_PREFIX,))])]}]),
              (*four_way(*BOTH), renew(), rebind(), release()), (*GOT, REPLY, REPLY, REPLY)),
    Scenario6("reservations in both subnets of a shared network", config(shared_networks=[
        {"name": "n", "interface": "srv0", "subnet6": [
            remote("2001:db8:1::/64", 1, reservations=[host(ME, ADDRESS)]),
            remote("2001:db8:a::/64", 2, reservations=[host(ME, "2001:db8:a::42")])]}]),
              (*four_way(na(1)), *four_way(na(1), na(2), na(3)), renew()), (*GOT, *GOT, REPLY)),
    Scenario6("a client holds what is reserved for another", reserved(host(OTHER, ADDRESS, prefixes=(PREFIX,))),
              (*four_way(na(1, SECOND_ADDRESS), pd(1)), renew(na(1, ADDRESS), pd(1, PREFIX)), confirm(na(1, ADDRESS))),
              (*GOT, REPLY, REPLY)),
    Scenario6("a reserved lease with excluded prefix", config(subnet(pd_pools=[pd_pool(
        "2001:db8:f000::/48", 48, excluded_prefix="2001:db8:f000:5::", excluded_prefix_len=64)], reservations=[
            {**ME, "prefixes": [OUTSIDE_PREFIX], "excluded-prefixes": ["2001:db8:e000:1::/64"]}])),
              (*four_way(pd(1), oro=(67,)), renew(oro=(67,)), *four_way(pd(1), client=2, oro=(67,))),
              (*GOT, REPLY, *GOT)),
    Scenario6("a reserved address after a lease from the pool",
              reserved(host(ME, ADDRESS), host(OTHER, SECOND_ADDRESS)),
              (*four_way(na(1), na(2)), renew(na(1), na(2)), request(), release(na(1, ADDRESS)), *four_way(na(5))),
              (*GOT, REPLY, REPLY, REPLY, *GOT)),
    Scenario6("a reserved client through a guard of its subnet", config(
        subnet(client_classes=["KNOWN"], reservations=[host(ME, ADDRESS)])), (solicit(), solicit(client=2)),
              (ADVERTISE, ADVERTISE)),
)  # fmt: skip
