"""Lifetimes, timers, the cache, stored offers, client identifiers.

Runs in: any
"""

from __future__ import annotations

from tests.interop.scenario4 import (
    ACK,
    GOT,
    OFFER,
    Scenario,
    Sleep,
    config,
    discover,
    four_way,
    rebind,
    release,
    renew,
    selecting,
    subnet,
    u32,
)

OTHER = "02:00:00:00:00:02"
RANGE = config(valid_lifetime=3600, min_valid_lifetime=1800, max_valid_lifetime=7200)
ID_A, ID_B = (61, b"\x00client-a"), (61, b"\x00client-b")

CHANCE = dict.fromkeys(("yiaddr", "ip_destination", "lease"), "the address is chosen at random by both")

SCENARIOS = (
    Scenario("a lifetime below the minimum", RANGE, four_way((51, u32(60))), GOT),
    Scenario("a lifetime within the range", RANGE, four_way((51, u32(4000))), GOT),
    Scenario("a lifetime above the maximum", RANGE, four_way((51, u32(100000))), GOT),
    Scenario("an unlimited lifetime is asked for", RANGE, four_way((51, b"\xff\xff\xff\xff")), GOT),
    Scenario("an unlimited lifetime is configured", config(valid_lifetime=0xFFFFFFFF, calculate_tee_times=True),
             four_way(), GOT),
    Scenario("a lifetime without a range", config(), four_way((51, u32(60))), GOT),
    Scenario("lifetimes of the subnet",
             config(subnet(valid_lifetime=500, min_valid_lifetime=400, max_valid_lifetime=600)),
             four_way((51, u32(550))), GOT),
    Scenario("configured timers", config(renew_timer=900, rebind_timer=1800), four_way(), GOT),
    Scenario("configured timers of the subnet",
             config(subnet(renew_timer=10, rebind_timer=20), renew_timer=900), four_way(), GOT),
    Scenario("a renew timer above the rebind timer", config(renew_timer=2000, rebind_timer=1800), four_way(), GOT),
    Scenario("timers above the lifetime", config(renew_timer=4000, rebind_timer=5000), four_way(), GOT),
    Scenario("a rebind timer alone", config(rebind_timer=1800), four_way(), GOT),
    Scenario("calculated timers", config(calculate_tee_times=True), four_way(), GOT),
    Scenario("calculated timers with other parts",
             config(subnet(calculate_tee_times=True, t1_percent=0.4, t2_percent=0.8), valid_lifetime=1001),
             four_way(), GOT),
    Scenario("configured timers win over calculated ones",
             config(calculate_tee_times=True, renew_timer=123), four_way(), GOT),
    Scenario("timers are sent without being asked for",
             config(renew_timer=900, rebind_timer=1800), four_way(prl=None), GOT),
    Scenario("lifetimes of a class",
             config(client_classes=[{"name": "VENDOR_CLASS_short", "valid-lifetime": 60, "min-valid-lifetime": 50,
                                     "max-valid-lifetime": 70}]),
             (*four_way((60, b"short")), *four_way((60, b"short"), (51, u32(65)), mac=OTHER)), GOT + GOT),
    Scenario("a renewal within the cache threshold keeps its end", config(cache_threshold=0.25),
             (*four_way(), Sleep(1.2), renew()), (*GOT, ACK)),
    Scenario("a renewal without cache starts anew", config(cache_threshold=0.0),
             (*four_way(), Sleep(1.2), renew()), (*GOT, ACK)),
    Scenario("a renewal beyond cache-max-age starts anew", config(subnet(cache_max_age=1), cache_threshold=0.5),
             (*four_way(), Sleep(2.2), renew()), (*GOT, ACK)),
    Scenario("a cached lease whose hostname changes is not cached", config(cache_threshold=0.5),
             (*four_way(), Sleep(1.2), renew((12, b"new"))), (*GOT, ACK)),
    Scenario("a stored offer keeps its address", config(subnet(pools=["192.0.2.10 - 192.0.2.10"]), offer_lifetime=60),
             (discover(), discover(mac=OTHER), selecting()), (OFFER, None, ACK)),
    Scenario("an offer is not stored by default", config(subnet(pools=["192.0.2.10 - 192.0.2.10"])),
             (discover(), Sleep(0.1), discover(mac=OTHER)), (OFFER, OFFER)),
    Scenario("one hardware address with two client identifiers", config(),
             (*four_way(ID_A), *four_way(ID_B)), GOT + GOT),
    Scenario("two client identifiers with match-client-id off", config(match_client_id=False),
             (*four_way(ID_A), *four_way(ID_B)), GOT + GOT),
    Scenario("one client identifier with two hardware addresses", config(),
             (*four_way(ID_A), *four_way(ID_A, mac=OTHER)), GOT + GOT),
    Scenario("one client identifier with two hardware addresses and match-client-id off",
             config(subnet(match_client_id=False)), (*four_way(ID_A), *four_way(ID_A, mac=OTHER)), GOT + GOT),
    Scenario("a client that stops sending its identifier", config(), (*four_way(ID_A), renew()), (*GOT, ACK)),
    Scenario("a client that starts to send its identifier", config(), (*four_way(), renew(ID_A)), (*GOT, ACK)),
    Scenario("a release with another client identifier", config(),
             (*four_way(ID_A), release(ID_B), rebind(ID_A)), (*GOT, None, ACK)),
    Scenario("server tag and extended information do not show", config(server_tag="one", store_extended_info=True),
             four_way(), GOT),
    Scenario("the random allocator keeps to the pool",
             config(allocator="random"),
             four_way(), GOT, CHANCE),
    Scenario("the free lease queue allocator", config(allocator="flq"),
             four_way(), GOT, CHANCE),
)  # fmt: skip
