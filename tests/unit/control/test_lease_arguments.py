"""Arguments of lease commands: what they mean, and what is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kea_mp.control.answer import Result
from kea_mp.control.lease_arguments import NewLease, OneLease, address_of, client_id_of, hw_of, lease_of, which
from kea_mp.errors import CommandError
from kea_mp.leases.model import DECLINED, Lease4
from kea_mp.leases.store import Wanted
from kea_mp.values import address4
from tests.unit.control.fake_daemon import NOW, configuration

HW = b"\x01\x1a\x1b\x1c\x1d\x1e\x1f"
CONFIG = configuration(
    **{
        "valid-lifetime": 900,
        "client-classes": [{"name": "guard"}],
        "subnet4": [
            {"id": 5, "subnet": "192.0.2.0/25", "client-classes": ["guard"]},
            {"id": 1, "subnet": "192.0.2.128/25", "valid-lifetime": 700},
            {"id": 7, "subnet": "198.51.100.0/24"},
        ],
    }
)


def parsed(**arguments: Any) -> Lease4:
    given = {"ip-address": "192.0.2.130", "hw-address": "1a:1b:1c:1d:1e:1f"}
    given |= {name.replace("_", "-"): value for name, value in arguments.items()}
    return lease_of(msgspec.convert(given, NewLease), CONFIG, int(NOW))


def refused(**arguments: Any) -> CommandError:
    with pytest.raises(CommandError) as caught:
        parsed(**arguments)
    return caught.value


def one(**arguments: Any) -> int | Wanted | None:
    return which(msgspec.convert({name.replace("_", "-"): value for name, value in arguments.items()}, OneLease))


def test_what_is_not_given_comes_from_the_subnet_and_the_clock() -> None:
    assert parsed() == Lease4(address4("192.0.2.130"), HW, b"", 700, int(NOW), 1)
    assert parsed(ip_address="198.51.100.1").valid_lft == 900


def test_everything_that_is_given_is_in_the_lease() -> None:
    lease = parsed(
        subnet_id=1, pool_id=3, client_id="01:02", valid_lft=100, expire=1000, fqdn_fwd=True, fqdn_rev=True,
        hostname="Host.Example.", state=1, user_context={"b": 1, "a": "x"}, comment="c",
    )  # fmt: skip
    assert lease == Lease4(
        address4("192.0.2.130"), HW, b"\x01\x02", 100, 900, 1, True, True, "host.example.", DECLINED,
        '{ "a": "x", "b": 1, "comment": "c" }', 3,
    )  # fmt: skip


def test_relay_information_is_taken_out_of_the_user_context() -> None:
    lease = parsed(user_context={"ISC": {"relay-agent-info": "0x02021234"}})
    assert lease.remote_id == b"\x12\x34"
    assert '"remote-id": "1234", "sub-options": "0x02021234"' in lease.user_context


def test_an_empty_user_context_is_none() -> None:
    assert parsed(user_context={}).user_context == ""


def test_the_subnet_must_fit_and_is_otherwise_a_conflict() -> None:
    for arguments in ({"subnet_id": 6}, {"subnet_id": 7}, {"ip_address": "10.0.0.1"}, {"ip_address": "192.0.2.5"}):
        assert refused(**arguments).result == Result.CONFLICT
    assert parsed(ip_address="192.0.2.5", subnet_id=5).subnet_id == 5
    assert parsed(subnet_id=0).subnet_id == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"expire": 0}, "positive"),
        ({"expire": 100, "valid_lft": 101}, "'expire' must not be less"),
        ({"state": 4}, "'state'"),
        ({"fqdn_rev": True}, "'hostname'"),
        ({"hw_address": ""}, "neither hardware address nor client-id"),
        ({"hw_address": "1:2:"}, "'hw-address'"),
        ({"client_id": "01"}, "2 to 255 octets"),
        ({"ip_address": "2001:db8::1"}, "not an IPv4 address"),
        ({"user_context": {"comment": 1}, "comment": 2}, "'comment' is there twice"),
    ],
)
def test_what_cannot_be_a_lease_is_refused(arguments: dict[str, Any], says: str) -> None:
    refusal = refused(**arguments)
    assert refusal.result == Result.ERROR
    assert says in refusal.text


def test_a_lease_without_hardware_address_needs_a_client_id_unless_it_is_declined() -> None:
    assert parsed(hw_address="", client_id="01:02").hw == b""
    assert parsed(hw_address="", state=DECLINED).hw == b""


def test_an_explicit_null_comment_is_a_comment() -> None:
    assert parsed(comment=None).user_context == '{ "comment": null }'


@pytest.mark.parametrize("text", ["", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.256", " 1.2.3.4", "1.2.3.4\n", "::1"])
def test_only_four_decimal_octets_are_an_address(text: str) -> None:
    with pytest.raises(CommandError, match="from"):
        address_of(text, "from")


def test_octets_of_a_hardware_address_stand_between_colons() -> None:
    assert hw_of("1:b:03") == b"\x01\x01\x0b\x03"
    assert hw_of("A0") == b"\x01\xa0"
    assert hw_of("") == b""
    for text in ("1 2", "102", ":", "1::2", "g", "01:", "1\n", ":".join(["00"] * 21)):
        with pytest.raises(CommandError):
            hw_of(text)


def test_a_client_id_may_be_written_in_several_ways() -> None:
    for text in ("01:02:03", "1:2:3", "01 2 03", "010203", "10203", "0x010203"):
        assert client_id_of(text) == b"\x01\x02\x03"
    for text in ("", "01", "0x", "1:2 3", "zz", "01:zz", "1-2", "0x01:02", "00" * 256):
        with pytest.raises(CommandError):
            client_id_of(text)


def test_one_lease_is_meant_by_its_address_whatever_else_is_there() -> None:
    assert one(ip_address="192.0.2.1", subnet_id="x", identifier=5, update_ddns=True, type="V4") == address4(
        "192.0.2.1"
    )


def test_one_lease_is_meant_by_an_identity_in_a_subnet() -> None:
    given = {"subnet_id": 7, "identifier_type": "hw-address", "identifier": "1a:1b"}
    assert one(**given) == Wanted((7,), hw=b"\x01\x1a\x1b")
    assert one(**given | {"identifier_type": "client-id"}) == Wanted((7,), client_id=b"\x1a\x1b")


def test_no_lease_can_be_in_no_subnet_or_of_no_hardware_address() -> None:
    given = {"subnet_id": 7, "identifier_type": "hw-address", "identifier": "1a:1b"}
    for change in ({"subnet_id": 0}, {"subnet_id": -1}, {"subnet_id": 1 << 32}, {"identifier": ""}):
        assert one(**given | change) is None


@pytest.mark.parametrize(
    "change",
    [
        {"subnet_id": "7"}, {"subnet_id": True}, {"subnet_id": None}, {"identifier_type": 1}, {"identifier": 1},
        {"identifier_type": "duid"}, {"identifier": "x"}, {"type": "IA_XX"},
    ],
)  # fmt: skip
def test_what_means_no_lease_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(CommandError):
        one(**{"subnet_id": 7, "identifier_type": "hw-address", "identifier": "1a:1b"} | change)


def test_without_address_the_subnet_and_identity_are_asked_for() -> None:
    for given in ({}, {"subnet_id": 1}, {"subnet_id": 1, "identifier": "01"}):
        with pytest.raises(CommandError):
            one(**given)
