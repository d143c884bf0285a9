"""Lease commands in an order in which each means something, with arguments good and bad, for servers to be compared.

Runs in: any
"""

from __future__ import annotations

import json
from typing import Any

HOOKS = "/usr/lib/x86_64-linux-gnu/kea/hooks"
CONFIG: dict[str, Any] = {
    "interfaces-config": {"interfaces": ["lo"], "dhcp-socket-type": "udp"},
    "expired-leases-processing": {"reclaim-timer-wait-time": 0, "flush-reclaimed-timer-wait-time": 0},
    "hooks-libraries": [
        {"library": f"{HOOKS}/libdhcp_lease_cmds.so"},
        {"library": f"{HOOKS}/libdhcp_stat_cmds.so"},
    ],
    "client-classes": [{"name": "guard"}],
    "subnet4": [
        {
            "id": 1, "subnet": "192.0.2.0/24", "valid-lifetime": 700,
            "pools": [{"pool": "192.0.2.10-192.0.2.99"}, {"pool": "192.0.2.100-192.0.2.150", "pool-id": 3}],
        },
        {"id": 7, "subnet": "198.51.100.0/24", "pools": [{"pool": "198.51.100.0/25"}]},
        {"id": 9, "subnet": "203.0.113.0/25"},
        {"id": 10, "subnet": "203.0.113.128/25", "client-classes": ["guard"]},
    ],
}  # fmt: skip

Arguments = Any
Step = tuple[str, Arguments]
NONE = object()  #: no arguments at all
HW = "1a:1b:1c:1d:1e:1f"


def add(**changes: Any) -> Step:
    lease = {"ip-address": "192.0.2.20", "hw-address": HW} | {k.replace("_", "-"): v for k, v in changes.items()}
    return "lease4-add", lease


def update(**changes: Any) -> Step:
    return "lease4-update", add(**changes)[1]


def each(name: str, *arguments: Arguments) -> list[Step]:
    return [(name, one) for one in arguments]


def by(kind: Any, identifier: Any, subnet_id: Any = 1) -> dict[str, Any]:
    return {"subnet-id": subnet_id, "identifier-type": kind, "identifier": identifier}


ADDING = [
    *each("lease4-add", NONE, {}, 5, [], {"ip-address": "192.0.2.20"}, {"hw-address": "1a:1b"}),
    *(add(ip_address=text) for text in ("2001:db8::1", 5, "x", "", "192.0.2", "192.0.02.20", "192.0.2.256")),
    *(add(hw_address=text) for text in (5, "", "xx", "1a1b1c", ":", "1:2:", "1 2 3", ":".join(["01"] * 21))),
    *(add(subnet_id=number) for number in (55, "x", -1, 7, 1 << 40, 1.5, None)),
    add(ip_address="10.0.0.1"),
    add(ip_address="203.0.113.200"),
    *(add(client_id=text) for text in (5, "", "01", "zz", "01:zz", ":".join(["01"] * 256))),
    *(add(valid_lft=number) for number in ("x", -1, 1 << 32)),
    *(add(pool_id=number) for number in ("x", -1, 1 << 32)),
    *(add(expire=number) for number in ("x", 0, -5, 100, 1.5)),
    add(expire=5, valid_lft=10),
    *(add(state=number) for number in ("x", 5, 9, 300, -1)),
    *(add(fqdn_fwd=value) for value in (1, True)),
    *(add(fqdn_rev=value) for value in ("x", True)),
    add(hostname=5),
    add(user_context=5),
    add(user_context=None),
    add(comment="c", user_context={"comment": "d"}),
    add(force_create="x"),
    add(hw_address="1:2:3"),
    add(hw_address="1:2:3"),
    add(bogus=1),
    add(ip_address="192.0.2.21", client_id="0x0102"),
    add(ip_address="192.0.2.22", client_id="1 2 3", hw_address="02:00:00:00:00:22"),
    add(ip_address="192.0.2.23", client_id="10203", hw_address=""),
    add(ip_address="192.0.2.24", comment="c", user_context={"b": [1, None, 2.5, {}], "a": "x,y"}),
    add(ip_address="192.0.2.25", comment=5),
    add(ip_address="192.0.2.26", state=1, hw_address=""),
    add(ip_address="192.0.2.27", state=2),
    add(ip_address="192.0.2.30", hostname="Foo.Example.ORG.", fqdn_fwd=True, fqdn_rev=True, pool_id=3,
        client_id="01:02:03:04", valid_lft=100, expire=2000000000),
    add(ip_address="192.0.2.31", valid_lft=4294967295),
    add(ip_address="192.0.2.33", user_context={}),
    add(ip_address="192.0.2.0"),
    add(ip_address="192.0.2.255", hw_address="1A:1B"),
    add(ip_address="198.51.100.7", subnet_id=0),
    add(ip_address="198.51.100.8", subnet_id=7, state=1),
    add(ip_address="203.0.113.9"),
    add(ip_address="203.0.113.200", subnet_id=10),
    add(ip_address="192.0.2.35", user_context={"ISC": {"relay-agent-info": "0x0104AABBCCDD"}}),
    add(ip_address="192.0.2.36", user_context={"ISC": {"relay-agent-info": "0x0104AABBCCDD0202EEFF0C021234"}, "x": 1}),
    add(ip_address="192.0.2.37", user_context={"ISC": {"relay-agent-info": {"sub-options": "0x0104AABBCCDD"}}}),
    add(ip_address="192.0.2.38", user_context={"ISC": {}}),
    add(ip_address="192.0.2.39", user_context={"ISC": {"relay-agent-info": 5, "y": 1}}),
    add(ip_address="192.0.2.40", hw_address="01:02", hostname="a,b"),
]  # fmt: skip

ASKING = [
    *each(
        "lease4-get", NONE, {}, 5, [], {"ip-address": 5}, {"ip-address": "x"}, {"ip-address": None},
        {"ip-address": "2001:db8::1"}, {"ip-address": "192.0.2.99"}, {"subnet-id": "x"}, {"subnet-id": 1},
        {"subnet-id": 1, "identifier-type": "hw-address"}, {"subnet-id": 1, "identifier": "01"},
        {"ip-address": "192.0.2.20", "type": "V4"}, {"ip-address": "192.0.2.20", "type": "x"},
        {"ip-address": "192.0.2.20", "type": ""},
        {"ip-address": "192.0.2.20", "type": 5}, {"ip-address": "192.0.2.20", "update-ddns": 5},
        {"ip-address": "192.0.2.20", "update-ddns": True}, {"ip-address": "192.0.2.20", "iaid": 5, "subnet-id": "x"},
        by("bogus", "01"), by(5, "01"), by("hw-address", 5), by("hw-address", "zz"),
        by("hw-address", "02:00:00:00:00:22"), by("hw-address", "02:00:00:00:00:22", 7),
        by("hw-address", "02:00:00:00:00:22", 8), by("hw-address", "02:00:00:00:00:22", 0), by("hw-address", "01", -1),
        by("client-id", "01:02:03:04"), by("client-id", "01020304"), by("client-id", "01"), by("client-id", ""),
        by("duid", "01:02:03:04"),
        *({"ip-address": f"192.0.2.{last}"} for last in (0, *range(20, 41), 255)),
    ),
    *each(
        "lease4-get-all", NONE, {}, 5, [], {"subnets": 5}, {"subnets": []}, {"subnets": ["x"]}, {"subnets": [-1]},
        {"subnets": [1 << 40]}, {"subnets": [7]}, {"subnets": [7, 7]}, {"subnets": [9, 1, 7]}, {"subnets": [66]},
        {"subnets": [0]},
    ),
    *each(
        "lease4-get-page", NONE, {}, 5, {"from": 5}, {"from": "x"}, {"from": "2001:db8::"}, {"from": "start"},
        {"limit": 2}, {"from": "", "limit": 2}, {"from": "start", "limit": "x"}, {"from": "start", "limit": 0},
        {"from": "start", "limit": -1}, {"from": "start", "limit": 1 << 33}, {"from": "start", "limit": 2},
        {"from": "start", "limit": 4294967295}, {"from": "192.0.2.21", "limit": 2}, {"from": "192.0.2.19", "limit": 1},
        {"from": "255.255.255.255", "limit": 2}, {"from": "203.0.113.200", "limit": 2},
        {"from": "start", "limit": 2, "subnets": [7]},
    ),
    *each(
        "lease4-get-by-hw-address", NONE, {}, 5, {"hw-address": 5}, {"hw-address": "zz"}, {"hw-address": HW},
        {"hw-address": HW.upper()}, {"hw-address": "1a:1b:1c:1d:1e:1e"}, {"hw-address": HW.replace(":", "")},
    ),
    *each(
        "lease4-get-by-client-id", NONE, {}, 5, {"client-id": 5}, {"client-id": ""}, {"client-id": "01"},
        {"client-id": "zz"}, {"client-id": "01:02:03:04"}, {"client-id": "01020304"}, {"client-id": "0x01020304"},
        {"client-id": "01:02:03:05"},
    ),
    *each(
        "lease4-get-by-hostname", NONE, {}, 5, {"hostname": 5}, {"hostname": ""}, {"hostname": "foo.example.org."},
        {"hostname": "FOO.example.org."}, {"hostname": "foo.example.org"}, {"hostname": "a,b"},
    ),
    *each(
        "stat-lease4-get", NONE, {}, 5, [], {"subnet-id": "x"}, {"subnet-id": 0}, {"subnet-id": -1}, {"subnet-id": 1},
        {"subnet-id": 66}, {"subnet-id": 1, "subnet-range": {}}, {"subnet-range": 5}, {"subnet-range": {}},
        *({"subnet-range": {"first-subnet-id": first, "last-subnet-id": last}}
          for first, last in (("x", 1), (0, 1), (1, 0), (5, 2), (2, 8), (7, 7), (20, 28))),
        {"subnet-range": {"first-subnet-id": 1}}, {"bogus": 1},
    ),
    *each(
        "lease4-resend-ddns", {}, {"ip-address": 5}, {"ip-address": "x"}, {"ip-address": "2001:db8::1"},
        {"ip-address": "192.0.2.30"}, {"ip-address": "192.0.2.99"},
    ),
    *each(
        "lease4-write", NONE, {}, 5, {"filename": 5}, {"filename": ""}, {"filename": "/tmp/x.csv"},
        {"filename": "no/dir.csv"}, {"filename": "../x.csv"}, {"filename": "folder/"},
    ),
]  # fmt: skip

CHANGING = [
    *each("lease4-update", NONE, {}, 5),
    update(ip_address="192.0.2.90"),
    update(ip_address="192.0.2.90", force_create=True),
    update(ip_address="192.0.2.91", force_create="x"),
    update(hostname="new.", hw_address="1a:1b:1c:1d:1e:aa", client_id="ff:01"),
    ("lease4-get", {"ip-address": "192.0.2.20"}),
    ("lease4-get-by-client-id", {"client-id": "ff:01"}),
    update(state=1),
    update(state=0),
    update(state=2),
    update(state=9),
    update(subnet_id=7),
    update(subnet_id=77),
    update(ip_address="192.0.2.91", force_create=True, hostname="X"),
    ("lease4-get-by-hostname", {"hostname": "x"}),
    *each("stat-lease4-get", NONE),
    *each(
        "lease4-del", NONE, {}, 5, {"ip-address": "192.0.2.99"}, {"ip-address": "192.0.2.20"},
        {"ip-address": "192.0.2.20"}, {"ip-address": "x"}, {"ip-address": "192.0.2.30", "update-ddns": 1},
        by("hw-address", "99:1b:1c:1d:1e:1f"), by("hw-address", "02:00:00:00:00:22", 7),
        by("hw-address", "02:00:00:00:00:22"), by("client-id", "01:02:03:04"), by("duid", "01:02:03:04"),
        {"ip-address": "192.0.2.26"}, {"ip-address": "192.0.2.27"},
    ),
    *each("lease4-get-all", NONE),
    *each("stat-lease4-get", NONE),
    *each("lease4-wipe", 5, [], {"subnet-id": "x"}, {"subnet-id": -1}, {"subnet-id": 1 << 40}, {"subnet-id": 66},
          {"subnet-id": 7}, {"subnet-id": 7}, {"subnet-id": 0}, {}, NONE),
    *each("lease4-get-all", NONE),
    *each("stat-lease4-get", NONE),
]  # fmt: skip

#: the moment at which each server was asked
MOMENTS = {"cltt", "timestamp"}


def comparable(value: Any) -> Any:
    """Without the moments, and leases in the order of their addresses: Kea's order within an index is its own."""
    if isinstance(value, dict):
        return {name: comparable(inner) for name, inner in value.items() if name not in MOMENTS}
    if not isinstance(value, list):
        return value
    shown = [comparable(inner) for inner in value]
    return sorted(shown, key=json.dumps) if shown and isinstance(shown[0], dict) else shown
