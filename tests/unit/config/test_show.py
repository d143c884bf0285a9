"""What config-get shows is a configuration of the same meaning."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from kea_mp.config.load import config4_from_text, config6_from_text, config_from_json, config_from_text
from kea_mp.config.model import Host, Subnet4
from kea_mp.config.model6 import Subnet6
from tests.unit.config import cases4, cases6
from tests.unit.config.cases import Case

CASES = [*cases4.CASES, *cases6.CASES]


@pytest.mark.parametrize("case", [case for case in CASES if case.error is None], ids=lambda case: case.text[:80])
def test_what_is_shown_is_taken_again_and_shown_alike(case: Case) -> None:
    first = config_from_text(case.text, "", case.family)
    second = config_from_json({case.family.top: json.loads(json.dumps(first.raw))}, case.family)
    assert (second.raw, second.digest) == (first.raw, first.digest)
    assert [sorted_hosts(subnet) for subnet in second.subnets] == [sorted_hosts(subnet) for subnet in first.subnets]
    assert by_identifier(second.global_hosts) == by_identifier(first.global_hosts)
    assert (second.options, second.classes) == (first.options, first.classes)
    assert (second.loggers, second.interfaces, second.workers) == (first.loggers, first.interfaces, first.workers)


def sorted_hosts(subnet: Subnet4 | Subnet6) -> Subnet4 | Subnet6:
    return replace(subnet, hosts=by_identifier(subnet.hosts))


def by_identifier(hosts: Sequence[Host]) -> tuple[Host, ...]:
    """In Kea's order, which config-get has."""
    return tuple(sorted(hosts, key=lambda host: host.identifier[::-1]))


def test_defaults_and_inherited_values_are_filled_in() -> None:
    text = '{"Dhcp4": {"renew-timer": 5, "subnet4": [{"id": 1, "subnet": "192.0.2.0/24"}]}}'
    shown = config4_from_text(text, "").raw
    assert (shown["valid-lifetime"], shown["match-client-id"], shown["lease-database"]) == (
        7200, True, {"type": "memfile"},
    )  # fmt: skip
    assert shown["subnet4"][0]["renew-timer"] == 5
    assert shown["subnet4"][0]["pools"] == []


def test_older_keys_are_shown_under_their_newer_names() -> None:
    text = """{"Dhcp4": {"control-socket": {"socket-type": "unix", "socket-name": "a"}, "comment": "c",
        "ddns-use-conflict-resolution": false, "client-classes": [{"name": "x", "only-if-required": true}],
        "subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "client-class": "x", "require-client-classes": ["x"]}]}}"""
    shown = config4_from_text(text, "").raw
    assert shown["control-sockets"] == [{"socket-type": "unix", "socket-name": "a"}]
    assert shown["user-context"] == {"comment": "c"}
    assert shown["ddns-conflict-resolution-mode"] == "no-check-with-dhcid"
    assert shown["client-classes"][0]["only-in-additional-list"]
    assert shown["subnet4"][0]["client-classes"] == shown["subnet4"][0]["evaluate-additional-classes"] == ["x"]
    for old in ("control-socket", "comment", "ddns-use-conflict-resolution"):
        assert old not in shown


def test_what_kea_leaves_out_or_writes_out_is_left_out_or_written_out() -> None:
    text = '{"Dhcp4": {"client-classes": [], "subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "valid-lifetime": 5}]}}'
    shown = config4_from_text(text, "").raw
    assert not {"client-classes", "reservations"} & set(shown)
    assert (shown["subnet4"][0]["min-valid-lifetime"], shown["subnet4"][0]["max-valid-lifetime"]) == (5, 5)


def test_ipv6_addresses_are_shown_in_their_short_form() -> None:
    text = """{"Dhcp6": {"subnet6": [{"id": 1, "subnet": "2001:DB8:0::/32",
        "pools": [{"pool": "2001:db8:0::1 - 2001:db8::F"}],
        "pd-pools": [{"prefix": "3000:0::", "prefix-len": 48, "delegated-len": 64}],
        "reservations": [{"duid": "010203", "ip-addresses": ["2001:DB8::5"], "prefixes": ["3000:0::/56"]}]}]}}"""
    (shown,) = config6_from_text(text, "").raw["subnet6"]
    assert (shown["subnet"], shown["pools"][0]["pool"]) == ("2001:db8::/32", "2001:db8::1-2001:db8::f")
    assert shown["pd-pools"][0]["prefix"] == "3000::"
    assert shown["reservations"][0]["ip-addresses"] == ["2001:db8::5"]
    assert shown["reservations"][0]["prefixes"] == ["3000::/56"]


def test_options_of_relays_and_sources_of_addresses_are_shown_as_kea_names_them() -> None:
    text = '{"Dhcp6": {"mac-sources": ["rfc4649"], "relay-supplied-options": ["dns-servers", "110"]}}'
    shown = config6_from_text(text, "").raw
    assert shown["mac-sources"] == ["remote-id"]
    assert shown["relay-supplied-options"] == ["23", "65", "110"]
