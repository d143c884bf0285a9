from __future__ import annotations

import logging

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kea_mp.control.answer import Answer, Result, error
from kea_mp.control.catalog import CATALOG
from kea_mp.control.daemon import Computed, Ordered, Wait
from tests.unit.control.fake_daemon import LIBRARIES, FakeDaemon, command, configuration, ordered, request
from tests.unit.fake_leases import FakeLeases


def test_a_command_is_carried_out() -> None:
    assert request(FakeDaemon(), b'{"command": "config-hash-get"}').result == Result.SUCCESS


def test_service_and_remote_address_may_be_there_and_are_not_looked_at() -> None:
    text = b'{"command": "config-hash-get", "service": ["dhcp6"], "remote-address": 5}'
    assert request(FakeDaemon(), text).result == Result.SUCCESS


def test_a_command_that_takes_no_arguments_ignores_them() -> None:
    assert request(FakeDaemon(), b'{"command": "config-hash-get", "arguments": 5}').result == Result.SUCCESS


def test_an_unknown_command_has_a_result_of_its_own() -> None:
    answer = request(FakeDaemon(), b'{"command": "nope"}')
    assert (answer.result, "nope" in answer.text) == (Result.UNSUPPORTED, True)


@pytest.mark.parametrize(
    "text",
    [
        b"[]",
        b"{}",
        b'{"comand": "list-commands"}',
        b'{"command": 5}',
        b'{"command": null}',
        b'{"command": "list-commands", "foo": 1}',
        b'{"command": "list-commands",}',
        b'{"command": "list-\xff"}',
        b"{" * 50,
    ],
)
def test_what_is_no_command_is_an_error(text: bytes) -> None:
    answer = request(FakeDaemon(), text)
    assert (answer.result, bool(answer.text)) == (Result.ERROR, True)


def test_the_last_of_two_equal_members_holds_as_in_kea() -> None:
    answer = request(FakeDaemon(), b'{"command": "nope", "command": "config-hash-get"}')
    assert answer.result == Result.SUCCESS


@pytest.mark.parametrize("arguments", [5, [], None, "x"])
def test_arguments_must_be_a_map(arguments: object) -> None:
    answer = command(FakeDaemon(), "dhcp-disable", arguments).answer
    assert (answer.result, "must be a map" in answer.text) == (Result.ERROR, True)


def test_an_argument_of_the_wrong_type_is_named() -> None:
    answer = command(FakeDaemon(), "dhcp-disable", {"max-period": "x"}).answer
    assert (answer.result, "'max-period'" in answer.text) == (Result.ERROR, True)


def test_a_missing_argument_is_named() -> None:
    answer = command(FakeDaemon(), "leases-reclaim").answer
    assert (answer.result, "'remove'" in answer.text) == (Result.ERROR, True)


def test_the_log_names_commands_and_never_their_arguments(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        command(FakeDaemon(), "config-test", {"Dhcp4": {"lease-database": {"type": "mysql", "password": "geheim"}}})
    assert "COMMAND_RECEIVED command 'config-test'" in caplog.text
    assert "geheim" not in caplog.text


def test_a_name_cannot_break_out_of_its_log_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        command(FakeDaemon(), "x\nFATAL forged")
    assert "\nFATAL" not in caplog.text


VALUES = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5)
NAMES = """name origin origin-id max-period remove exit-value duration max-samples Dhcp4 x ip-address hw-address
    subnet-id client-id state user-context comment expire valid-lft identifier identifier-type subnets from limit
    hostname filename subnet-range"""
KEYS = st.sampled_from(NAMES.split())
ARGUMENTS = VALUES | st.lists(VALUES, max_size=2) | st.dictionaries(KEYS, VALUES | st.dictionaries(KEYS, VALUES))


def worth(wait: Wait) -> Answer | None:
    if isinstance(wait, Computed):
        return error("not computed here")
    if not isinstance(wait, Ordered):
        return None
    return Answer(Result.SUCCESS, "done", {}) if wait.command == "leases-reclaim" else ordered(FakeLeases(), wait)


@given(st.sampled_from([row.name for row in CATALOG if 4 in row.families]), ARGUMENTS)
def test_any_command_with_any_arguments_gives_an_answer_that_can_be_sent(name: str, arguments: object) -> None:
    answer = command(FakeDaemon(configuration(**LIBRARIES)), name, arguments, worth).answer
    sent = msgspec.json.decode(answer.to_json())
    assert sent["result"] in (Result.SUCCESS, Result.ERROR, Result.EMPTY, Result.CONFLICT)
    assert sent["result"] == Result.SUCCESS or sent["text"]


@given(st.binary(max_size=60))
def test_any_bytes_give_an_answer(data: bytes) -> None:
    assert isinstance(request(FakeDaemon(), data), Answer)
