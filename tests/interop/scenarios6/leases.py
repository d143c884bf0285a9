"""Addresses and prefixes: several associations, hints, pools that run dry, lengths of prefixes, lifetimes.

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
    Sleep,
    ask,
    config,
    four_way,
    ia,
    iaaddr,
    iaprefix,
    opt,
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
    with_pd,
)

THREE = ["2001:db8:1::10 - 2001:db8:1::12"]
HINTED = "2001:db8:1::42"
EXCLUDE = (67,)
FOREVER = 0xFFFFFFFF
CLASS = opt(16, u32(9) + u16(5) + b"modem")


def na(iaid: int, *addresses: str, **times: int) -> bytes:
    return ia(IA_NA, iaid, *(iaaddr(one, **times) for one in addresses))


def pd(iaid: int, *prefixes: str, **times: int) -> bytes:
    return ia(IA_PD, iaid, *(iaprefix(one, **times) for one in prefixes))


def timed(**settings: Any) -> Json:
    """A configuration with nothing set but these lifetimes and timers."""
    plain = config(with_pd())
    for key in ("preferred-lifetime", "valid-lifetime", "renew-timer", "rebind-timer"):
        del plain[key]
    return {**plain, **{key.replace("_", "-"): value for key, value in settings.items()}}


BOTH = (na(1), pd(1))
LENGTHS = with_pd(
    pd_pool("2001:db8:c000::/40", 44), pd_pool("2001:db8:d000::/40", 48), pd_pool("2001:db8:e000::/40", 56)
)
TWICE = "Kea advertises one address or prefix to several associations of a message, and gives it to one of them"
ONE_ASSOCIATION = "associations of one number are one; Kea advertises an address to each of them and gives one"
OVERFLOW = "5/8 of an unlimited lifetime overflows in Kea; ours is unlimited as well"
CACHED = {"cache_threshold": 0.5}

SCENARIOS = (
    Scenario6("an address and a prefix", config(with_pd()), (*four_way(*BOTH), renew(), rebind(), release()),
              (*GOT, REPLY, REPLY, REPLY)),
    Scenario6("several of each, not in order", config(with_pd()),
              (*four_way(pd(9), na(3), pd(2), na(1), na(2)), renew(), renew(na(2), na(7), pd(2))),
              (*GOT, REPLY, REPLY)),
    Scenario6("an association twice in one message", config(with_pd()),
              (*four_way(na(1), na(1), pd(1), pd(1)), renew()), (*GOT, REPLY), {"1": ONE_ASSOCIATION}),
    Scenario6("the same number for an address and a prefix", config(with_pd()),
              (*four_way(na(1), pd(1)), solicit(pd(1)), renew(na(1))), (*GOT, ADVERTISE, REPLY)),
    Scenario6("a second association of a client that has one", config(),
              (*four_way(na(1)), *four_way(na(2)), solicit(na(1), na(2))), (*GOT, *GOT, ADVERTISE)),
    Scenario6("a hint for an address", config(), four_way(na(1, HINTED)), GOT),
    Scenario6("a hint outside of the pools and of the subnet", config(),
              (solicit(na(1, "2001:db8:1::ff00")), solicit(na(1, "2001:db8:7::1")), solicit(na(1, "::"))),
              (ADVERTISE,) * 3),
    Scenario6("two hints in one association", config(), four_way(na(1, HINTED, "2001:db8:1::43")), GOT),
    Scenario6("the same hint in two associations", config(with_pd()),
              four_way(na(1, HINTED), na(2, HINTED), pd(1, "2001:db8:f005::/48"), pd(2, "2001:db8:f005::/48")), GOT,
              {"1": TWICE}),
    Scenario6("a hint for an address of another client", config(),
              (*four_way(na(1, HINTED)), *four_way(na(1, HINTED), client=2)), GOT + GOT),
    Scenario6("a hint for what another association of the client has", config(),
              (*four_way(na(1, HINTED)), *four_way(na(2, HINTED))), GOT + GOT),
    Scenario6("a hint of a client that has another address", config(),
              (*four_way(), solicit(na(1, HINTED)), ask(3, server_id, na(1, HINTED))), (*GOT, ADVERTISE, REPLY)),
    Scenario6("a pool runs dry", config(subnet(pools=THREE)),
              (*four_way(), *four_way(client=2), *four_way(client=3), solicit(client=4), ask(3, server_id, na(1),
               client=4), renew(na(1), client=4), rebind(na(1, HINTED), client=4)),
              (*GOT, *GOT, *GOT, ADVERTISE, REPLY, REPLY, REPLY)),
    Scenario6("a pool with too little for all associations", config(subnet(pools=THREE)),
              (*four_way(*map(na, range(1, 6))), renew(*map(na, range(1, 6)))), (*GOT, REPLY), {"1": TWICE}),
    Scenario6("no pools", config(subnet(pools=[])), (*four_way(*BOTH), renew(*BOTH)), (*GOT, REPLY)),
    Scenario6("a subnet of prefixes only", config(with_pd(pools=[])), (*four_way(*BOTH), renew()), (*GOT, REPLY)),
    Scenario6("a large pool", config(subnet(pools=["2001:db8:1:0:8000::/65"])), four_way(na(1), na(2)), GOT),
    Scenario6("pools with numbers", config(subnet(
        pools=[{"pool": "2001:db8:1::10-2001:db8:1::10", "pool-id": 7}],
        pd_pools=[pd_pool(pool_id=8)])), four_way(*BOTH), GOT),
    # prefixes
    Scenario6("a hint for a prefix", config(with_pd()), four_way(pd(1, "2001:db8:f007::/48")), GOT),
    Scenario6("a hint within a prefix, and one of another length", config(with_pd()),
              (solicit(pd(1, "2001:db8:f007:5::/64")), solicit(pd(1, "2001:db8:f007::/47")),
               solicit(pd(1, "2001:db8:f007::/0")), solicit(pd(1, "2001:db8:f007::/128"))), (ADVERTISE,) * 4,
              {"1": "Kea advertises 2001:db8:f007:5::/48, which begins within another prefix of the pool"}),
    Scenario6("a hint for a length alone", config(LENGTHS),
              tuple(solicit(pd(1, f"::/{length}")) for length in (44, 48, 56, 50, 40, 64, 60, 0)), (ADVERTISE,) * 8),
    Scenario6("a hint for a prefix that is too long or too short for its pool", config(LENGTHS),
              (solicit(pd(1, "2001:db8:d000::/56")), solicit(pd(1, "2001:db8:d000::/44")),
               *four_way(pd(1, "2001:db8:d010::/48"))), (ADVERTISE, ADVERTISE, *GOT)),
    Scenario6("a length that has run out", config(with_pd(pd_pool("2001:db8:d000::/48", 48), pd_pool(
        "2001:db8:e000::/40", 56))),
              (*four_way(pd(1, "::/48")), *four_way(pd(1, "::/48"), client=2), *four_way(pd(1, "::/52"), client=3)),
              GOT * 3),
    Scenario6("prefixes run out", config(with_pd(pd_pool("2001:db8:d000::/47", 48))),
              (*four_way(pd(1), pd(2), pd(3)), renew(), solicit(pd(1), client=2)), (*GOT, REPLY, ADVERTISE),
              {"1": TWICE}),
    Scenario6("two prefixes in one association", config(with_pd()),
              four_way(pd(1, "2001:db8:f001::/48", "2001:db8:f002::/48")), GOT),
    Scenario6("a renewal that names other prefixes", config(with_pd()),
              (*four_way(pd(1)), renew(pd(1, "2001:db8:f001::/48", "2001:db9::/48")),
               renew(pd(1, "2001:db8:f000::/48", "2001:db8:f001::/48")), rebind(pd(1)), renew(pd(2, "::/48"))),
              (*GOT, REPLY, REPLY, REPLY, REPLY)),
    Scenario6("an excluded prefix", config(with_pd(pd_pool(
        "2001:db8:f000::/48", 48, excluded_prefix="2001:db8:f000:5::", excluded_prefix_len=64), pools=[])),
              (*four_way(pd(1), oro=EXCLUDE), renew(oro=EXCLUDE), renew(), solicit(pd(1))),
              (*GOT, REPLY, REPLY, ADVERTISE)),
    # lifetimes
    Scenario6("all lifetimes and timers by default", timed(), (*four_way(*BOTH), renew()), (*GOT, REPLY)),
    Scenario6("only a valid lifetime", timed(valid_lifetime=1000), (*four_way(*BOTH), renew()), (*GOT, REPLY)),
    Scenario6("a preferred lifetime longer than the valid one", timed(preferred_lifetime=2000, valid_lifetime=1000),
              four_way(*BOTH), GOT),
    Scenario6("timers that are computed", timed(valid_lifetime=1001, preferred_lifetime=777, calculate_tee_times=True,
                                                t1_percent=0.4, t2_percent=0.7), (*four_way(*BOTH), renew()),
              (*GOT, REPLY)),
    Scenario6("timers that are configured badly", timed(renew_timer=2000, rebind_timer=1000, valid_lifetime=4000),
              four_way(*BOTH), GOT),
    Scenario6("timers beyond the lifetimes", timed(renew_timer=5000, rebind_timer=6000, valid_lifetime=4000),
              four_way(*BOTH), GOT),
    Scenario6("a rebind timer alone, a renew timer alone",
              config(with_pd(renew_timer=500, id=1), remote(rebind_timer=900, pd_pools=[pd_pool("2001:db9::/36")]))
              | {"renew-timer": 100, "rebind-timer": 0},
              (solicit(*BOTH), solicit(*BOTH, relays=Relay())), (ADVERTISE, ADVERTISE)),
    Scenario6("lifetimes in a range", timed(min_valid_lifetime=1000, valid_lifetime=2000, max_valid_lifetime=3000,
                                            min_preferred_lifetime=500, preferred_lifetime=700,
                                            max_preferred_lifetime=900),
              tuple(solicit(na(1, HINTED, preferred=p, valid=v), pd(1, "::/48", preferred=p, valid=v))
                    for p, v in ((0, 0), (600, 1500), (100, 100), (5000, 5000), (900, 0), (FOREVER, FOREVER))),
              (ADVERTISE,) * 6),
    Scenario6("lifetimes asked for where there is no range", config(with_pd()),
              (*four_way(na(1, HINTED, preferred=50, valid=60), pd(1, "::/48", preferred=50, valid=60)),
               renew(na(1, HINTED, preferred=50, valid=60))), (*GOT, REPLY)),
    Scenario6("a renewal with other lifetimes in a range", timed(min_valid_lifetime=1000, valid_lifetime=2000,
                                                                 max_valid_lifetime=3000),
              (*four_way(na(1, HINTED, preferred=1, valid=1500)), renew(na(1, HINTED, preferred=1000, valid=2500)),
               renew(na(1, HINTED)), renew(na(1))), (*GOT, REPLY, REPLY, REPLY)),
    Scenario6("unlimited lifetimes", timed(valid_lifetime=FOREVER, preferred_lifetime=FOREVER),
              (*four_way(*BOTH), renew(), release()), (*GOT, REPLY, REPLY)),
    Scenario6("an unlimited valid lifetime alone", timed(valid_lifetime=FOREVER, calculate_tee_times=True),
              (*four_way(*BOTH), renew()), (*GOT, REPLY),
              dict.fromkeys(("1", "2", "3", "lease.pref_lifetime"), OVERFLOW)),
    Scenario6("lifetimes of a class", config(with_pd(), client_classes=[
        {"name": "VENDOR_CLASS_modem", "valid-lifetime": 500, "preferred-lifetime": 300, "max-valid-lifetime": 900}]),
              (*four_way(*BOTH, extra=CLASS), renew(na(1, HINTED, valid=800), CLASS), renew(), solicit(client=2)),
              (*GOT, REPLY, REPLY, ADVERTISE)),
    Scenario6("lifetimes of a subnet and of its network", config(shared_networks=[
        {"name": "n", "interface": "srv0", "valid-lifetime": 1111, "renew-timer": 55, "subnet6": [
            {**subnet(preferred_lifetime=99), "pools": []}, remote("2001:db8:a::/64", 2, rebind_timer=66)]}]),
              four_way(), GOT),
    Scenario6("a renewal within the cache threshold", config(with_pd(), **CACHED),
              (*four_way(*BOTH), Sleep(2.1), renew(), request(), solicit(*BOTH), Sleep(1.1), rebind()),
              (*GOT, REPLY, REPLY, ADVERTISE, REPLY)),
    Scenario6("a renewal beyond the cache's age", config(subnet(), cache_max_age=1, cache_threshold=0.9),
              (*four_way(), Sleep(2.1), renew()), (*GOT, REPLY)),
    Scenario6("a cached lease for which something changes", config(subnet(), **CACHED),
              (*four_way(), Sleep(1.1), renew(na(1, "2001:db8:1::10"), opt(39, b"\0\4name\0")), Sleep(1.1), renew()),
              (*GOT, REPLY, REPLY)),
    Scenario6("a lease that expires is offered to its client again", timed(valid_lifetime=2, preferred_lifetime=1),
              (*four_way(*BOTH), Sleep(3.5), solicit(*BOTH), renew(*BOTH)), (*GOT, ADVERTISE, REPLY)),
    Scenario6("a lease that expires goes to another client", timed(
        valid_lifetime=2, subnet6=[subnet(pools=["2001:db8:1::10 - 2001:db8:1::10"])]),
              (*four_way(), Sleep(3.5), *four_way(client=2), renew()), (*GOT, *GOT, REPLY),
              {"lease.hwaddr": "Kea 3.0 leaves the former client's hardware address in the lease; later as we do"}),
    Scenario6("relay information in leases", config(remote(pd_pools=[pd_pool()]), store_extended_info=True),
              (*four_way(*BOTH, relays=(Relay("2001:db8:a::1", options=(opt(18, b"in"), opt(37, u32(9) + b"remote"))),
                                        Relay("2001:db8:b::1", options=(opt(53, b"\0\3\0\1abcdef"),)))),
               renew(relays=Relay(options=(opt(38, b"sub"),)))), (*GOT, REPLY)),
)  # fmt: skip
