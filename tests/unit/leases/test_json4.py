"""Leases as commands show them, and user contexts."""

from __future__ import annotations

import pytest

from kea_mp.leases.json4 import Context, context_of, kea_json, shown4, with_extended_info
from tests.unit.fake_leases import lease


def test_a_lease_is_shown_without_what_it_does_not_have() -> None:
    assert shown4(lease()) == {
        "cltt": 1_700_000_000, "fqdn-fwd": False, "fqdn-rev": False, "hostname": "", "hw-address": "1a:1b:1c:1d:1e:1f",
        "ip-address": "192.0.2.20", "state": 0, "subnet-id": 1, "valid-lft": 3600,
    }  # fmt: skip


def test_a_lease_is_shown_with_all_that_it_has() -> None:
    shown = shown4(lease(client_id=b"\x01\x02", pool_id=3, user_context='{ "a": 1 }', fqdn_fwd=True, hostname="h."))
    assert (shown["client-id"], shown["pool-id"], shown["user-context"]) == ("01:02", 3, {"a": 1})
    assert (shown["fqdn-fwd"], shown["hostname"]) == (True, "h.")


def test_members_are_in_keas_order() -> None:
    shown = shown4(lease(client_id=b"\x01\x02", pool_id=3, user_context='{ "a": 1 }'))
    assert list(shown) == sorted(shown)


@pytest.mark.parametrize("text", ["", "{}", "[1]", "5", "{ broken"])
def test_what_is_no_map_is_no_context(text: str) -> None:
    assert context_of(text) == {}
    assert "user-context" not in shown4(lease(user_context=text))


def test_contexts_are_written_as_kea_writes_them() -> None:
    assert kea_json({"b": [1, None], "a": {"x": "y"}}) == '{ "a": { "x": "y" }, "b": [ 1, null ] }'


@pytest.mark.parametrize(
    ("context", "kept"),
    [
        ({"a": 1}, {"a": 1}),
        ({"ISC": 5}, {"ISC": 5}),
        ({"ISC": {}, "a": 1}, {"a": 1}),
        ({"ISC": {"x": 1}}, {"ISC": {"x": 1}}),
        ({"ISC": {"relay-agent-info": 5, "x": 1}}, {"ISC": {"x": 1}}),
        (
            {"ISC": {"relay-agent-info": "0x0104AABBCCDD"}},
            {"ISC": {"relay-agent-info": {"sub-options": "0x0104AABBCCDD"}}},
        ),
        ({"ISC": {"relay-agent-info": "no hex"}}, {"ISC": {"relay-agent-info": {"sub-options": "no hex"}}}),
    ],
)
def test_relay_information_comes_in_the_present_form(context: Context, kept: Context) -> None:
    assert with_extended_info(context) == (kept, b"", b"")


def test_identifiers_are_taken_from_the_older_form() -> None:
    context = {"ISC": {"relay-agent-info": "0x0202EEFF0C021234"}}
    kept, relay_id, remote_id = with_extended_info(context)
    assert (relay_id, remote_id) == (b"\x12\x34", b"\xee\xff")
    info = {"sub-options": "0x0202EEFF0C021234", "remote-id": "EEFF", "relay-id": "1234"}
    assert kept == {"ISC": {"relay-agent-info": info}}


def test_a_sub_option_that_the_end_cuts_off_is_none() -> None:
    assert with_extended_info({"ISC": {"relay-agent-info": "0x0205EEFF"}})[2] == b""


def test_identifiers_are_taken_from_the_present_form() -> None:
    info = {"sub-options": "0x", "relay-id": "1234", "remote-id": "zz"}
    assert with_extended_info({"ISC": {"relay-agent-info": info}})[1:] == (b"\x12\x34", b"")
