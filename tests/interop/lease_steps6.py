"""Lease commands of DHCPv6 in an order in which each means something, with arguments good and bad.

Runs in: any
"""

from __future__ import annotations

from typing import Any

from tests.interop.lease_steps import HOOKS, NONE, Step, each

CONFIG: dict[str, Any] = {
    "interfaces-config": {"interfaces": []},
    "server-id": {"type": "EN", "identifier": "0102", "persist": False},
    "expired-leases-processing": {"reclaim-timer-wait-time": 0, "flush-reclaimed-timer-wait-time": 0},
    "hooks-libraries": [
        {"library": f"{HOOKS}/libdhcp_lease_cmds.so"},
        {"library": f"{HOOKS}/libdhcp_stat_cmds.so"},
    ],
    "client-classes": [{"name": "guard"}],
    "subnet6": [
        {
            "id": 1, "subnet": "2001:db8:1::/64", "valid-lifetime": 700, "preferred-lifetime": 400,
            "pools": [{"pool": "2001:db8:1::10-2001:db8:1::99"}, {"pool": "2001:db8:1::1:0/112", "pool-id": 3}],
            "pd-pools": [{"prefix": "2001:db8:f000::", "prefix-len": 40, "delegated-len": 56, "pool-id": 4}],
        },
        {"id": 7, "subnet": "2001:db8:7::/64", "pools": [{"pool": "2001:db8:7::/80"}]},
        {"id": 9, "subnet": "2001:db8:9::/65"},
        {"id": 10, "subnet": "2001:db8:9:0:8000::/65", "client-classes": ["guard"]},
    ],
}  # fmt: skip

DUID = "1a:1b:1c:1d:1e:1f"


def add(**changes: Any) -> Step:
    lease = {"ip-address": "2001:db8:1::20", "duid": DUID, "iaid": 1234}
    lease |= {k.replace("_", "-"): v for k, v in changes.items()}
    return "lease6-add", {name: value for name, value in lease.items() if value is not NONE}


def prefix(**changes: Any) -> Step:
    return add(**{"ip_address": "2001:db8:f000::", "type": "IA_PD", "prefix_len": 56, "subnet_id": 1, **changes})


def update(**changes: Any) -> Step:
    return "lease6-update", add(**changes)[1]


def by(identifier: Any, subnet_id: Any = 1, iaid: Any = 1234, **changes: Any) -> dict[str, Any]:
    asked = {"subnet-id": subnet_id, "identifier-type": "duid", "identifier": identifier, "iaid": iaid}
    asked |= {k.replace("_", "-"): v for k, v in changes.items()}
    return {name: value for name, value in asked.items() if value is not NONE}


ADDING = [
    *each("lease6-add", NONE, {}, 5, [], {"ip-address": "2001:db8:1::20"}, {"duid": DUID}),
    *(add(ip_address=text) for text in ("192.0.2.1", 5, "x", "", "2001:db8:1", "2001:db8:1::20/64")),
    *(add(duid=text) for text in (NONE, 5, "", "xx", "1a1b1c", "1a:1b", ":", "1:2:", "1 2 3", "00:00:00", "1a1b",
                                  ":".join(["01"] * 131))),
    *(add(iaid=number) for number in (NONE, "x", -1, 1 << 32, 1.5)),
    *(add(subnet_id=number) for number in (55, "x", -1, 7, 1 << 40, 1.5, None)),
    *(add(type=text) for text in ("IA_TA", "V4", "0", 5, "")),
    add(ip_address="2001:db8:ffff::1"),
    add(ip_address="2001:db8:9:0:8000::1"),
    *(add(valid_lft=number) for number in ("x", -1, 1 << 32)),
    *(add(preferred_lft=number) for number in ("x", -1, 1 << 32)),
    *(add(pool_id=number) for number in ("x", -1, 1 << 32)),
    *(add(expire=number) for number in ("x", 0, -5, 100, 1.5)),
    add(expire=5, valid_lft=10),
    *(add(state=number) for number in ("x", 5, 9, 300, -1)),
    *(add(fqdn_fwd=value) for value in (1, True)),
    *(add(fqdn_rev=value) for value in ("x", True)),
    *(add(hw_address=text) for text in (5, "xx", ":".join(["01"] * 21))),
    add(hostname=5),
    add(user_context=5),
    add(user_context=None),
    add(comment="c", user_context={"comment": "d"}),
    add(force_create="x"),
    *(prefix(prefix_len=number) for number in (NONE, "x", 0, 129, 300, -1, 20)),
    prefix(subnet_id=NONE),
    prefix(subnet_id=0),
    prefix(subnet_id=77),
    prefix(state=1),
    prefix(state=4),
    prefix(ip_address="2001:db8:f000::1"),
    add(duid="1:2:3"),
    add(duid="1:2:3"),
    add(bogus=1),
    add(ip_address="2001:db8:1::21", prefix_len=64),
    add(ip_address="2001:db8:1::22", hw_address="02:00:00:00:00:22"),
    add(ip_address="2001:db8:1::23", duid="1 2 3"),
    add(ip_address="2001:db8:1::24", comment="c", user_context={"b": [1, None, 2.5, {}], "a": "x,y"}),
    add(ip_address="2001:db8:1::25", comment=5),
    add(ip_address="2001:db8:1::26", state=1),
    add(ip_address="2001:db8:1::2a", state=1, duid="00:00:00"),
    add(ip_address="2001:db8:1::27", state=2),
    add(ip_address="2001:db8:1::28", state=3),
    add(ip_address="2001:db8:1::29", state=4),
    add(ip_address="2001:db8:1::30", hostname="Foo.Example.ORG.", fqdn_fwd=True, fqdn_rev=True, pool_id=3,
        hw_address="01:02:03:04", valid_lft=100, preferred_lft=50, expire=2000000000, type="IA_NA"),
    add(ip_address="2001:db8:1::31", valid_lft=4294967295, preferred_lft=4294967295),
    add(ip_address="2001:db8:1::32", valid_lft=100, preferred_lft=500),
    add(ip_address="2001:db8:1::33", user_context={}),
    add(ip_address="2001:DB8:1:0::34", iaid=0, duid="1A:1B:1C:1D"),
    add(ip_address="2001:db8:1::35", iaid=4294967295, duid="0x1a1b1c1d1e"),
    add(ip_address="2001:db8:7::7", subnet_id=0),
    add(ip_address="2001:db8:7::8", subnet_id=7, state=1),
    add(ip_address="2001:db8:9::9"),
    add(ip_address="2001:db8:9:0:8000::1", subnet_id=10),
    add(ip_address="2001:db8:1::36", user_context={"ISC": {"relay-info": [
        {"hop": 33, "link": "2001:db8::1", "peer": "2001:db8::2", "options": "0x00C800080102030405060708"},
        {"hop": 5, "link": "2001:db8::3", "peer": "2001:db8::4", "remote-id": "010203040506",
         "options": "0x002500080102030405060708"},
    ]}}),
    add(ip_address="2001:db8:1::37", user_context={"ISC": {"relays": [
        {"hop": 33, "link": "2001:db8::1", "peer": "2001:db8::2", "options": "0x00C800080102030405060708"},
        {"hop": 100, "link": "2001:db8::5", "peer": "2001:db8::6", "options": "0x00350003102034"},
        {"hop": 5, "link": "2001:db8::3", "peer": "2001:db8::4", "options": "0x0025000600000001AABB"},
    ]}}),
    add(ip_address="2001:db8:1::38", user_context={"ISC": {}}),
    add(ip_address="2001:db8:1::39", user_context={"ISC": {"relay-info": 5, "y": 1}}),
    add(ip_address="2001:db8:1::3a", user_context={"ISC": {"relays": 5}}),
    add(ip_address="2001:db8:1::40", hostname="a,b"),
    add(ip_address="2001:db8:1::41", valid_lft=0),
    prefix(),
    prefix(),
    prefix(ip_address="2001:db8:f000:100::", pool_id=4, hostname="p."),
    prefix(ip_address="2001:db8:1:1000::", prefix_len=60, iaid=7, valid_lft=1000),
    prefix(ip_address="2001:db8:abcd::", prefix_len=128),
    prefix(ip_address="2001:db8:f000:200::", state=2),
    prefix(ip_address="2001:db8:f000:300::", state=3),
]  # fmt: skip

ADDRESSES = (
    *(f"2001:db8:1::{last:x}" for last in range(0x20, 0x42)), "2001:db8:7::7", "2001:db8:9::9", "2001:db8:f000::",
    "2001:db8:f000:100::", "2001:db8:1:1000::", "2001:db8:abcd::", "2001:db8:f000:200::",
)  # fmt: skip

ASKING = [
    *each(
        "lease6-get", NONE, {}, 5, [], {"ip-address": 5}, {"ip-address": "x"}, {"ip-address": None},
        {"ip-address": "192.0.2.1"}, {"ip-address": "2001:db8:1::99"}, {"subnet-id": "x"}, {"subnet-id": 1},
        {"subnet-id": 1, "identifier-type": "duid"}, {"subnet-id": 1, "identifier": "01"},
        {"ip-address": "2001:db8:1::20", "type": "V4"}, {"ip-address": "2001:db8:1::20", "type": "x"},
        *({"ip-address": "2001:db8:1::20", "type": text}
          for text in (5, "IA_NA", "IA_PD", "IA_TA", "0", "1", "2", "3", "")),
        *({"ip-address": "2001:db8:f000::", "type": text} for text in ("IA_NA", "IA_PD", "2")),
        {"ip-address": "2001:db8:1::20", "update-ddns": 5}, {"ip-address": "2001:db8:1::20", "update-ddns": True},
        {"ip-address": "2001:db8:1::20", "iaid": "x", "subnet-id": "x"},
        {"ip-address": "2001:db8:1::20", "iaid": "x"},
        by("01", identifier_type="bogus"), by("01", identifier_type=5), by(5), by("zz"),
        by("01", identifier_type="hw-address"), by("01", identifier_type="client-id"),
        by(DUID), by(DUID.replace(":", "")), by(DUID, 7), by(DUID, 8), by(DUID, 0), by(DUID, -1), by(DUID, iaid=NONE),
        by(DUID, iaid="x"), by(DUID, iaid=-1), by(DUID, iaid=99), by(DUID, 1, type="IA_PD", iaid=7), by(""), by("01"),
        by("1A:1B:1C:1D", iaid=0), by("1a:1b:1c:1d:1e", iaid=4294967295), by(DUID, 1, iaid=7), by("00:00:00"),
        *({"ip-address": address} for address in ADDRESSES),
        *({"ip-address": address, "type": "IA_PD"} for address in ADDRESSES[-5:]),
    ),
    *each(
        "lease6-get-all", NONE, {}, 5, [], {"subnets": 5}, {"subnets": []}, {"subnets": ["x"]}, {"subnets": [-1]},
        {"subnets": [1 << 40]}, {"subnets": [7]}, {"subnets": [7, 7]}, {"subnets": [9, 1, 7]}, {"subnets": [66]},
        {"subnets": [0]},
    ),
    *each(
        "lease6-get-page", NONE, {}, 5, {"from": 5}, {"from": "x"}, {"from": "192.0.2.1"}, {"from": "start"},
        {"limit": 2}, {"from": "", "limit": 2}, {"from": "start", "limit": "x"}, {"from": "start", "limit": 0},
        {"from": "start", "limit": -1}, {"from": "start", "limit": 1 << 33}, {"from": "start", "limit": 2},
        {"from": "start", "limit": 4294967295}, {"from": "2001:db8:1::21", "limit": 2}, {"from": "::", "limit": 1},
        {"from": "ffff::", "limit": 2}, {"from": "2001:db8:9::9", "limit": 2},
        {"from": "start", "limit": 2, "subnets": [7]},
    ),
    *each(
        "lease6-get-by-duid", NONE, {}, 5, {"duid": 5}, {"duid": ""}, {"duid": "01"}, {"duid": "zz"}, {"duid": DUID},
        {"duid": DUID.upper()}, {"duid": DUID.replace(":", "")}, {"duid": "1a:1b:1c:1d:1e"}, {"duid": "1:2:3:4"},
        {"duid": "00:00:00"},
    ),
    *each(
        "lease6-get-by-hostname", NONE, {}, 5, {"hostname": 5}, {"hostname": ""}, {"hostname": "foo.example.org."},
        {"hostname": "FOO.example.org."}, {"hostname": "foo.example.org"}, {"hostname": "a,b"},
    ),
    *each(
        "stat-lease6-get", NONE, {}, 5, [], {"subnet-id": "x"}, {"subnet-id": 0}, {"subnet-id": -1}, {"subnet-id": 1},
        {"subnet-id": 66}, {"subnet-id": 1, "subnet-range": {}}, {"subnet-range": 5}, {"subnet-range": {}},
        *({"subnet-range": {"first-subnet-id": first, "last-subnet-id": last}}
          for first, last in (("x", 1), (0, 1), (1, 0), (5, 2), (2, 8), (7, 7), (20, 28))),
        {"subnet-range": {"first-subnet-id": 1}}, {"bogus": 1},
    ),
    *each(
        "lease6-resend-ddns", {}, {"ip-address": 5}, {"ip-address": "x"}, {"ip-address": "192.0.2.1"},
        {"ip-address": "2001:db8:1::30"}, {"ip-address": "2001:db8:1::99"},
    ),
    *each(
        "lease6-write", NONE, {}, 5, {"filename": 5}, {"filename": ""}, {"filename": "/tmp/x.csv"},
        {"filename": "no/dir.csv"}, {"filename": "../x.csv"}, {"filename": "folder/"},
    ),
]  # fmt: skip

_BULK = add(ip_address="2001:db8:1::50")[1]

CHANGING = [
    *each("lease6-update", NONE, {}, 5),
    update(ip_address="2001:db8:1::90"),
    update(ip_address="2001:db8:1::90", force_create=True),
    update(ip_address="2001:db8:1::91", force_create="x"),
    update(hostname="new.", hw_address="1a:1b:1c:1d:1e:aa", duid="ff:01:02"),
    ("lease6-get", {"ip-address": "2001:db8:1::20"}),
    ("lease6-get-by-duid", {"duid": "ff:01:02"}),
    update(state=1),
    update(state=0),
    update(state=2),
    update(state=4),
    update(state=9),
    update(iaid=5),
    update(subnet_id=7),
    update(subnet_id=77),
    update(ip_address="2001:db8:1::91", force_create=True, hostname="X"),
    ("lease6-get-by-hostname", {"hostname": "x"}),
    ("lease6-update", prefix(valid_lft=77)[1]),
    ("lease6-get", {"ip-address": "2001:db8:f000::", "type": "IA_PD"}),
    *each("stat-lease6-get", NONE),
    *each(
        "lease6-bulk-apply", NONE, {}, 5, [], {"leases": 5}, {"leases": []}, {"leases": [5]}, {"deleted-leases": 5},
        {"deleted-leases": []}, {"leases": [], "deleted-leases": []}, {"bogus": []}, {"leases": [{}]},
        {"leases": [_BULK]}, {"leases": [_BULK, {**_BULK, "ip-address": "x"}]},
        {"leases": [_BULK, {**_BULK, "ip-address": "2001:db8:1::51", "subnet-id": 7}]},
        {"leases": [_BULK, {**_BULK, "ip-address": "2001:db8:1::52", "hostname": "c."}],
         "deleted-leases": [_BULK, {"ip-address": "2001:db8:1::88"}]},
        {"deleted-leases": [{"ip-address": "2001:db8:1::88"}]},
        {"deleted-leases": [{"ip-address": "2001:db8:1::88"}, {"ip-address": "2001:db8:f000::", "type": "IA_PD"}]},
        {"deleted-leases": [by(DUID)]}, {"deleted-leases": [{"ip-address": "x"}]}, {"deleted-leases": [{}]},
        {"deleted-leases": [5]}, {"leases": [{**_BULK, "force-create": False, "ip-address": "2001:db8:1::55"}]},
    ),
    *each("lease6-get", {"ip-address": "2001:db8:1::50"}, {"ip-address": "2001:db8:1::52"}),
    *each(
        "lease6-del", NONE, {}, 5, {"ip-address": "2001:db8:1::99"}, {"ip-address": "2001:db8:1::20"},
        {"ip-address": "2001:db8:1::20"}, {"ip-address": "x"}, {"ip-address": "2001:db8:1::30", "update-ddns": 1},
        {"ip-address": "2001:db8:f000:100::"}, {"ip-address": "2001:db8:f000:100::", "type": "IA_PD"},
        by("99:1b:1c:1d:1e:1f"), by("1A:1B:1C:1D", 7, 0), by("1A:1B:1C:1D", 1, 0), by(DUID, iaid=NONE),
        by("01:02:03:04", identifier_type="hw-address"),
        {"ip-address": "2001:db8:1::26"}, {"ip-address": "2001:db8:1::27"}, {"ip-address": "2001:db8:1::29"},
    ),
    *each("lease6-get-all", NONE),
    *each("stat-lease6-get", NONE),
    *each("lease6-wipe", 5, [], {"subnet-id": "x"}, {"subnet-id": -1}, {"subnet-id": 1 << 40}, {"subnet-id": 66},
          {"subnet-id": 7}, {"subnet-id": 7}, {"subnet-id": 0}, {}, NONE),
    *each("lease6-get-all", NONE),
    *each("stat-lease6-get", NONE),
]  # fmt: skip
