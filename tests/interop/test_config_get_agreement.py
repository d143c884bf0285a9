"""Kea shows in config-get what we show: the same keys and values, defaults and inherited ones among them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from kea_mp.config.load import config_from_json
from kea_mp.family import DHCP4, DHCP6, Family
from tests.lab import peer
from tests.lab.net import Lab
from tests.lab.peer import Peer

pytestmark = [
    pytest.mark.peer,
    pytest.mark.root,
    pytest.mark.skipif(not peer.available(), reason=f"no real Kea 3.0 in {peer.ROOT} (scripts/peer makes it)"),
]

Config = dict[str, Any]

BARE: Config = {"interfaces-config": {"interfaces": ["lo"]}}

INHERITED4: Config = {
    **BARE,
    "renew-timer": 900,
    "cache-max-age": 50,
    "option-data": [{"name": "domain-name-servers", "data": "192.0.2.1"}],
    "shared-networks": [
        {
            "name": "floor",
            "interface": "lo",
            "valid-lifetime": 5000,
            "relay": {"ip-addresses": ["192.0.2.3"]},
            "subnet4": [
                {"id": 2, "subnet": "198.51.100.0/24", "pools": [{"pool": "198.51.100.4 - 198.51.100.9"}]},
                {"id": 3, "subnet": "203.0.113.0/24", "max-valid-lifetime": 9000, "offer-lifetime": 4},
            ],
        }
    ],
    "subnet4": [
        {
            "id": 1,
            "subnet": "192.0.2.0/24",
            "client-class": "a",
            "pools": [{"pool": "192.0.2.128/25", "pool-id": 7, "require-client-classes": ["b"]}],
            "reservations": [{"hw-address": "1:2:3:4:5:6", "ip-address": "192.0.2.5"}],
        }
    ],
    "client-classes": [{"name": "a"}, {"name": "b", "only-if-required": True}],
}

INHERITED6: Config = {
    **BARE,
    "renew-timer": 900,
    "preferred-lifetime": 3000,
    "cache-max-age": 50,
    "option-data": [{"name": "dns-servers", "data": "2001:DB8::1"}],
    "option-def": [{"name": "mine", "code": 1000, "type": "uint8"}],
    "mac-sources": ["rfc6939", "duid"],
    "relay-supplied-options": ["110", "dns-servers"],
    "host-reservation-identifiers": ["flex-id", "duid"],
    "compatibility": {"lenient-option-parsing": True},
    "sanity-checks": {"lease-checks": "del"},
    "user-context": {"a": 1},
    "comment": "all",
    "reservations": [
        {"duid": "01:02:0a"},
        {"flex-id": "'abc'", "hostname": "f", "client-classes": ["a"], "user-context": {"b": 2}},
        {"hw-address": "0A0B0C0D0E0F", "ip-addresses": ["2001:DB8:0::5"], "option-data": [{"code": 1000, "data": "5"}]},
    ],
    "shared-networks": [
        {
            "name": "floor",
            "interface": "lo",
            "valid-lifetime": 5000,
            "rapid-commit": True,
            "relay": {"ip-addresses": ["2001:db8::3"]},
            "option-data": [{"name": "sntp-servers", "data": "2001:db8::1"}],
            "subnet6": [
                {"id": 2, "subnet": "2001:db8:2::/48", "pools": [{"pool": "2001:DB8:2::4 - 2001:db8:2::9"}]},
                {"id": 3, "subnet": "2001:db8:3::/48", "max-valid-lifetime": 9000, "min-preferred-lifetime": 40},
            ],
        },
        {"name": "empty", "interface-id": "port 7"},
    ],
    "subnet6": [
        {
            "id": 1,
            "subnet": "2001:DB8:1::/48",
            "interface-id": "port 1",
            "client-class": "a",
            "pools": [
                {"pool": "2001:db8:1::1:0/112", "pool-id": 7, "require-client-classes": ["b"]},
                {"pool": "2001:db8:1::8 - 2001:db8:1::f", "ddns-qualifying-suffix": "p."},
            ],
            "pd-pools": [
                {"prefix": "3000:0::", "prefix-len": 48, "delegated-len": 64, "pool-id": 3, "client-classes": ["a"]},
                {
                    "prefix": "3001::",
                    "prefix-len": 48,
                    "delegated-len": 64,
                    "excluded-prefix": "3001::A000:0:0:0",
                    "excluded-prefix-len": 72,
                },
            ],
            "reservations": [
                {
                    "duid": "010203",
                    "ip-addresses": ["2001:db8:1::77", "2001:db8:1::78"],
                    "prefixes": ["3000:0:0:7::/64", "3000:0:0:8::/64"],
                    "excluded-prefixes": ["3000::7:8000:0:0:0/72", ""],
                }
            ],
            "pd-allocator": "random",
            "reservations-global": True,
            "store-extended-info": True,
            "t1-percent": 0.4,
        },
        {"id": 9, "subnet": "2001:db8:9::/48", "preferred-lifetime": 5, "rapid-commit": True},
    ],
    "client-classes": [
        {"name": "a", "preferred-lifetime": 7, "option-data": [{"name": "dns-servers", "data": "2001:db8::9"}]},
        {"name": "b", "only-if-required": True, "comment": "later"},
    ],
}

CASES = {
    "bare-4": (DHCP4, BARE),
    "inherited-4": (DHCP4, INHERITED4),
    "bare-6": (DHCP6, BARE),
    "inherited-6": (DHCP6, INHERITED6),
}

#: the two servers of this test have files and sockets of their own
OF_THE_SERVER = {"control-sockets", "lease-database", "loggers"}


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with Lab() as lab:
        (name, _) = lab.hosts("cfgget", "other")
        yield name


@pytest.mark.parametrize(("family", "config"), CASES.values(), ids=CASES)
def test_config_get_shows_what_kea_shows(host: str, family: Family, config: Config) -> None:
    if family == DHCP4:
        config = {**config, "interfaces-config": {**config["interfaces-config"], "dhcp-socket-type": "udp"}}
    else:
        config = {**config, "server-id": {"type": "EN", "enterprise-id": 5, "persist": False}}
    with Peer(config, host, family=family) as kea:
        theirs = kea.command("config-get")["arguments"][family.top]
    ours = config_from_json({family.top: json.loads(json.dumps(kea.config))}, family).raw
    assert lines(ours) == lines(theirs)


def lines(value: Any, path: str = "") -> dict[str, Any]:
    """Each scalar and each empty list or map under its path, so that a difference reads as what it is."""
    if isinstance(value, dict) and value:
        items = [(f"{path}.{name}", inner) for name, inner in value.items() if path or name not in OF_THE_SERVER]
    elif isinstance(value, list) and value:
        items = [(f"{path}[{index}]", inner) for index, inner in enumerate(value)]
    else:
        return {path: value}
    return {where: found for name, inner in items for where, found in lines(inner, name).items()}
