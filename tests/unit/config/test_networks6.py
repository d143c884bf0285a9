"""Subnets, pools, pd-pools, shared networks and reservations of DHCPv6 as values."""

from typing import Any

import pytest

from kea_mp.config.load import config6_from_json
from kea_mp.config.model6 import Host6, ReservedPrefix, Subnet6
from kea_mp.errors import ConfigError
from kea_mp.values import address6


def subnets(*plain: dict[str, Any], networks: list[dict[str, Any]] | None = None) -> tuple[Subnet6, ...]:
    return config6_from_json({"Dhcp6": {"subnet6": list(plain), "shared-networks": networks or []}}).subnets


def subnet(identifier: int = 1, prefix: str = "2001:db8::/32", **rest: Any) -> dict[str, Any]:
    return {"id": identifier, "subnet": prefix, **{name.replace("_", "-"): value for name, value in rest.items()}}


def hosts(*rows: dict[str, Any]) -> tuple[Host6, ...]:
    return subnets(subnet(reservations=list(rows)))[0].hosts


def test_host_bits_of_a_prefix_are_cleared() -> None:
    (found,) = subnets(subnet(1, "2001:db8::77/60"))
    assert (found.prefix, found.length) == (address6("2001:db8::"), 60)
    assert found.last == address6("2001:db8:0:f:ffff:ffff:ffff:ffff")
    assert found.contains(address6("2001:db8:0:f::1"))
    assert not found.contains(address6("2001:db8:0:10::"))


def test_pools_are_ranges_or_prefixes_in_the_order_of_addresses() -> None:
    (found,) = subnets(
        subnet(pools=[{"pool": "2001:db8::20 - 2001:db8::30", "pool-id": 9}, {"pool": "2001:db8::8/125"}])
    )
    assert [(pool.first[15], pool.last[15], pool.pool_id) for pool in found.pools] == [(8, 15, 0), (0x20, 0x30, 9)]
    assert found.pools[0].contains(address6("2001:db8::f"))


def test_pd_pools_come_in_the_order_of_addresses_with_what_is_excluded() -> None:
    excluded = {"excluded-prefix": "3000:0:0:0:8000::", "excluded-prefix-len": 72}
    (found,) = subnets(
        subnet(
            pd_pools=[
                {"prefix": "3001::", "prefix-len": 48, "delegated-len": 64},
                {"prefix": "3000::", "prefix-len": 48, "delegated-len": 64, "pool-id": 4, **excluded},
            ]
        )
    )
    first, second = found.pd_pools
    assert (first.prefix, first.length, first.delegated_length, first.pool_id) == (address6("3000::"), 48, 64, 4)
    assert (first.excluded, first.excluded_length) == (address6("3000:0:0:0:8000::"), 72)
    assert (second.excluded, second.excluded_length) == (b"", 0)
    assert first.last == address6("3000::ffff:ffff:ffff:ffff:ffff")
    assert first.contains(address6("3000:0:0:7::"))


def test_a_pd_pool_keeps_apart_from_the_pools_of_addresses() -> None:
    pools, pd_pools = [{"pool": "2001:db8::/64"}], [{"prefix": "2001:db8::", "prefix-len": 48, "delegated-len": 64}]
    with pytest.raises(ConfigError) as caught:
        subnets(subnet(pools=pools, pd_pools=pd_pools))
    assert caught.value.path == "Dhcp6.subnet6[0].pd-pools[0].prefix"


def test_a_subnet_has_what_its_network_gives_unless_it_has_its_own() -> None:
    network = {
        "name": "n",
        "interface-id": "port",
        "rapid-commit": True,
        "relay": {"ip-addresses": ["fe80::1"]},
        "preferred-lifetime": 50,
        "subnet6": [
            subnet(1, "2001:db8:1::/48"),
            subnet(
                2,
                "2001:db8:2::/48",
                interface_id="own",
                relay={"ip-addresses": ["fe80::2"]},
                preferred_lifetime=60,
            ),
        ],
    }
    first, second = subnets(networks=[network])
    assert (first.network, first.interface_id, first.rapid_commit) == ("n", b"port", True)
    assert (first.relays, second.relays) == ((address6("fe80::1"),), (address6("fe80::2"),))
    assert (second.interface_id, second.rapid_commit) == (b"own", True)
    lifetimes = [item.parameters.preferred_lifetime for item in (first, second)]
    assert [item and item.default for item in lifetimes] == [50, 60]


def test_a_reservation_has_several_addresses_and_prefixes() -> None:
    (found,) = hosts(
        {
            "duid": "01:02:03",
            "ip-addresses": ["2001:db8::9", "2001:db8::8"],
            "prefixes": ["3000:0:0:7::/64", "3000:0:1::/48"],
            "excluded-prefixes": ["3000:0:0:7:8000::/72", ""],
            "hostname": "h.example",
            "client-classes": ["x", "y", "x"],
            "comment": "c",
        }
    )
    assert found.identifier == ("duid", b"\x01\x02\x03")
    assert found.addresses == (address6("2001:db8::9"), address6("2001:db8::8"))
    assert found.prefixes == (
        ReservedPrefix(address6("3000:0:0:7::"), 64, address6("3000:0:0:7:8000::"), 72),
        ReservedPrefix(address6("3000:0:1::"), 48),
    )
    assert (found.hostname, found.classes, found.user_context) == ("h.example", ("x", "y"), {"comment": "c"})


def test_hardware_addresses_are_ethernet() -> None:
    found = hosts({"hw-address": "1:2:3:4:5:6"}, {"flex-id": "'port'"})
    assert [host.identifier for host in found] == [
        ("hw-address", b"\x01\x01\x02\x03\x04\x05\x06"),
        ("flex-id", b"port"),
    ]
