"""Which subnet a described message would be placed in."""

from __future__ import annotations

from typing import Any

import pytest

from kea_mp.control.answer import Result
from tests.unit.control.fake_daemon import FakeDaemon, command, configuration

SUBNETS = [
    {"id": 1, "subnet": "192.0.2.0/24", "interface": "bare"},
    {"id": 2, "subnet": "198.51.100.0/24", "relay": {"ip-addresses": ["10.9.9.9"]}, "client-classes": ["a"]},
    {"id": 3, "subnet": "127.0.0.0/8"},
]


def said(**arguments: Any) -> tuple[int, str]:
    daemon = FakeDaemon(config=configuration(subnet4=SUBNETS, **{"client-classes": [{"name": "a"}]}))
    answer = command(daemon, "subnet4-select-test", arguments).answer
    return answer.result, answer.text


def chosen(subnet: str, number: int) -> tuple[int, str]:
    return Result.SUCCESS, f"selected subnet '{subnet}' id {number}"


def test_an_address_is_looked_for_among_the_prefixes() -> None:
    assert said(address="192.0.2.9") == said(remote="192.0.2.9") == chosen("192.0.2.0/24", 1)


def test_a_broadcast_says_nothing_about_the_client() -> None:
    assert said(address="192.0.2.9", local="255.255.255.255") == (Result.EMPTY, "no subnet selected")


def test_a_guard_wants_its_class() -> None:
    assert said(relay="10.9.9.9")[0] == Result.EMPTY
    assert said(relay="10.9.9.9", classes=["a"]) == chosen("198.51.100.0/24", 2)


def test_an_interface_is_known_by_its_name_and_by_its_address() -> None:
    assert said(interface="bare") == chosen("192.0.2.0/24", 1)
    assert said(interface="lo") == chosen("127.0.0.0/8", 3)
    assert said(interface="nope") == (Result.ERROR, "interface 'nope' does not exist")


@pytest.mark.parametrize("wrong", [{"relay": "x"}, {"relay": 5}, {"classes": "a"}, {"classes": [5]}, {"bogus": 1}])
def test_what_is_wrong_is_named(wrong: dict[str, Any]) -> None:
    result, text = said(**wrong)
    assert result == Result.ERROR
    assert next(iter(wrong)) in text


def test_a_message_within_dhcpv6_is_placed_nowhere() -> None:
    answer = command(FakeDaemon(), "subnet4o6-select-test", {"remote": "2001:db8::1", "interface-id": "'abc'"}).answer
    assert (answer.result, answer.text) == (Result.EMPTY, "no subnet selected")
