from __future__ import annotations

import msgspec
import pytest

from kea_mp.control.answer import Answer, success
from kea_mp.control.configuration import AT_ONCE_BYTES
from kea_mp.control.daemon import Computed, Wait
from tests.unit.control.fake_daemon import CONFIG, FakeDaemon, command


def test_config_get_shows_the_configuration_and_its_hash() -> None:
    daemon = FakeDaemon()
    arguments = msgspec.json.decode(command(daemon, "config-get").answer.to_json())["arguments"]
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


def large(**more: object) -> dict[str, object]:
    hosts = [{"hw-address": f"02:00:00:00:{n >> 8:02x}:{n & 255:02x}", "hostname": f"host-{n}"} for n in range(1000)]
    assert len(str(hosts)) > AT_ONCE_BYTES
    return {"Dhcp4": {**CONFIG, "reservations": hosts, **more}}


def computed(wait: Wait) -> Answer:
    assert isinstance(wait, Computed)
    return wait.function(wait.data)


def test_a_large_configuration_is_tested_beside_the_loop() -> None:
    outcome = command(FakeDaemon(), "config-test", large(), lambda wait: success("elsewhere"))
    assert outcome.answer == success("elsewhere")
    assert [type(wait) for wait in outcome.waits] == [Computed]


def test_a_large_configuration_is_judged_like_a_small_one() -> None:
    assert command(FakeDaemon(), "config-test", large(), computed).answer.result == 0
    answer = command(FakeDaemon(), "config-test", large(bogus=1), computed).answer
    assert (answer.result, "bogus" in answer.text) == (1, True)
