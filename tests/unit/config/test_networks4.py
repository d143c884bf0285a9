"""Subnets, pools, shared networks and reservations as values."""

from typing import Any

from kea_mp.config.load import config4_from_json
from kea_mp.config.model import Host4, Subnet4
from kea_mp.values import address4


def subnets(*plain: dict[str, Any], networks: list[dict[str, Any]] | None = None) -> tuple[Subnet4, ...]:
    return config4_from_json({"Dhcp4": {"subnet4": list(plain), "shared-networks": networks or []}}).subnets


def subnet(identifier: int = 1, prefix: str = "192.0.2.0/24", **rest: Any) -> dict[str, Any]:
    return {"id": identifier, "subnet": prefix, **{name.replace("_", "-"): value for name, value in rest.items()}}


def hosts(*rows: dict[str, Any]) -> tuple[Host4, ...]:
    return subnets(subnet(reservations=list(rows)))[0].hosts


def test_subnets_come_in_the_order_of_their_ids() -> None:
    found = subnets(
        subnet(7, "10.7.0.0/16"), subnet(3, "10.3.0.0/16"), networks=[{"name": "n", "subnet4": [subnet(5)]}]
    )
    assert [item.id for item in found] == [3, 5, 7]


def test_host_bits_of_a_prefix_are_cleared() -> None:
    (found,) = subnets(subnet(1, "192.0.2.77/26"))
    assert (found.prefix, found.last, found.length) == (address4("192.0.2.64"), address4("192.0.2.127"), 26)


def test_pools_are_ranges_or_prefixes_in_the_order_of_addresses() -> None:
    (found,) = subnets(subnet(pools=[{"pool": "192.0.2.20 - 192.0.2.30", "pool-id": 9}, {"pool": "192.0.2.8/29"}]))
    assert [(pool.first & 255, pool.last & 255, pool.pool_id) for pool in found.pools] == [(8, 15, 0), (20, 30, 9)]


def test_a_subnet_has_what_its_network_gives_unless_it_has_its_own() -> None:
    network = {
        "name": "n",
        "interface": "eth0",
        "relay": {"ip-addresses": ["10.0.0.1"]},
        "client-classes": ["a"],
        "evaluate-additional-classes": ["x"],
        "subnet4": [
            subnet(1, "10.1.0.0/16"),
            subnet(
                2,
                "10.2.0.0/16",
                relay={"ip-addresses": ["10.0.0.2"]},
                client_classes=["b"],
                evaluate_additional_classes=["y", "x"],
            ),
        ],
    }
    first, second = subnets(networks=[network])
    assert (first.network, first.interface, first.relays) == ("n", "eth0", (address4("10.0.0.1"),))
    assert (first.classes, first.network_classes, first.additional_classes) == ((), ("a",), ("x",))
    assert (second.relays, second.classes, second.network_classes) == ((address4("10.0.0.2"),), ("b",), ("a",))
    assert second.additional_classes == ("y", "x")  # the first class that sets an option wins


def test_older_names_of_class_lists_mean_the_same() -> None:
    (found,) = subnets(subnet(client_class="a", require_client_classes=["b"]))
    assert (found.classes, found.additional_classes) == (("a",), ("b",))


def test_options_are_looked_for_in_the_subnet_then_in_the_network() -> None:
    routers = [{"name": "routers", "data": "10.0.0.1"}]
    network = {"name": "n", "option-data": routers, "subnet4": [subnet(1), subnet(2, "10.0.0.0/8")]}
    alone, inside = subnets(subnet(9, "10.9.0.0/16"), networks=[network])[-1], subnets(networks=[network])[0]
    assert len(alone.options_chain) == 1
    assert [bool(options) for options in inside.options_chain] == [False, True]


def test_an_identifier_is_octets_digits_or_quoted_text() -> None:
    found = hosts(
        {"hw-address": "1:2:3:4:5:a"},
        {"hw-address": "0a 0b 0c"},
        {"client-id": "0x0102"},
        {"duid": "01020304"},
        {"circuit-id": " ' port 1 ' "},
        {"flex-id": "abc"},
    )
    assert [host.identifier for host in found] == [
        ("hw-address", b"\x01\x01\x02\x03\x04\x05\x0a"),
        ("hw-address", b"\x01\x0a\x0b\x0c"),
        ("client-id", b"\x01\x02"),
        ("duid", b"\x01\x02\x03\x04"),
        ("circuit-id", b"port 1"),
        ("flex-id", b"\x0a\xbc"),
    ]


def test_a_reservation_keeps_all_that_it_gives() -> None:
    (found,) = hosts(
        {
            "duid": "010203",
            "ip-address": "192.0.2.9",
            "hostname": "h.example",
            "next-server": "192.0.2.1",
            "server-hostname": "s",
            "boot-file-name": "b",
            "client-classes": ["x", "y", "x"],
            "comment": "c",
        }
    )
    assert (found.subnet_id, found.address, found.hostname) == (1, address4("192.0.2.9"), "h.example")
    assert (found.next_server, found.server_hostname, found.boot_file_name) == (address4("192.0.2.1"), "s", "b")
    assert (found.classes, found.user_context) == (("x", "y"), {"comment": "c"})


def test_comment_joins_the_user_context() -> None:
    (found,) = subnets(subnet(user_context={"a": 1}, comment="c"))
    assert found.user_context == {"a": 1, "comment": "c"}
