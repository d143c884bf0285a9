"""What config-get shows is a configuration of the same meaning."""

import json

import pytest

from kea_mp.config.load import config4_from_json, config4_from_text
from tests.unit.config.cases4 import CASES, Case


@pytest.mark.parametrize("case", [case for case in CASES if case.error is None], ids=lambda case: case.dhcp4[:70])
def test_what_is_shown_is_taken_again_and_shown_alike(case: Case) -> None:
    first = config4_from_text(case.text, "")
    second = config4_from_json({"Dhcp4": json.loads(json.dumps(first.raw))})
    assert (second.raw, second.digest) == (first.raw, first.digest)
    assert second.subnets == first.subnets
    assert (second.options, second.classes, second.global_hosts) == (first.options, first.classes, first.global_hosts)
    assert (second.loggers, second.interfaces, second.workers) == (first.loggers, first.interfaces, first.workers)


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
