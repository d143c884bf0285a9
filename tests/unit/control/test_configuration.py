from __future__ import annotations

import pytest

from tests.unit.control.fake_daemon import CONFIG, FakeDaemon, command


def test_config_get_shows_the_configuration_and_its_hash() -> None:
    daemon = FakeDaemon()
    arguments = command(daemon, "config-get").answer.arguments
    assert arguments == {"Dhcp4": daemon.config.raw, "hash": daemon.config.digest}


def test_config_hash_get_shows_a_sha_256_in_capitals() -> None:
    shown = command(FakeDaemon(), "config-hash-get").answer.arguments["hash"]
    assert (len(shown), shown) == (64, shown.upper())


def test_config_test_accepts_a_configuration_and_changes_nothing() -> None:
    daemon = FakeDaemon()
    before = daemon.config
    assert command(daemon, "config-test", {"Dhcp4": CONFIG}).answer.result == 0
    assert daemon.config is before


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"Dhcp6": {}},
        {"Dhcp4": 5},
        {"Dhcp4": {}, "X": 1},
        {"Dhcp4": {"bogus": 1}},
        {"Dhcp4": {"subnet4": [{"id": 1, "subnet": "x"}]}},
    ],
)
def test_config_test_refuses_what_is_no_configuration(arguments: dict[str, object]) -> None:
    answer = command(FakeDaemon(), "config-test", arguments).answer
    assert (answer.result, bool(answer.text)) == (1, True)


def test_config_test_says_where_the_error_is() -> None:
    answer = command(FakeDaemon(), "config-test", {"Dhcp4": {"subnet4": [{"id": 1, "bogus": 2}]}}).answer
    assert "subnet4[0]" in answer.text


def test_server_tag_get_shows_the_tag() -> None:
    assert command(FakeDaemon(), "server-tag-get").answer.arguments == {"server-tag": "tagged"}
