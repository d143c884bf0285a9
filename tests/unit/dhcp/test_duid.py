"""DUIDs: their kinds, their text, and the server's own."""

from __future__ import annotations

from typing import Any

import pytest

from kea_mp.dhcp.duid import (
    EN,
    EPOCH,
    LL,
    LLT,
    Link,
    duid_from_text,
    duid_text,
    hardware,
    is_duid,
    kind,
    pack_en,
    pack_ll,
    pack_llt,
    server_duid,
)

MAC = bytes.fromhex("020000000001")
OTHER = bytes.fromhex("020000000002")
NOW = EPOCH + 1000
ETH = Link(1, MAC, up=True, loopback=False)


def chosen(wanted: int, **given: Any) -> bytes:
    facts: dict[str, Any] = {
        "htype": 0, "time": 0, "identifier": b"", "enterprise": 0, "stored": b"", "links": [ETH], "now": NOW,
        "random": b"random",
    }  # fmt: skip
    return server_duid(wanted, **{**facts, **given})


@pytest.mark.parametrize(
    ("duid", "wire", "number"),
    [
        (pack_llt(1, 5, MAC), "0001 0001 00000005 020000000001", LLT),
        (pack_en(9, b"ab"), "0002 00000009 6162", EN),
        (pack_ll(1, MAC), "0003 0001 020000000001", LL),
    ],
)
def test_duids_are_written_as_the_rfc_draws_them(duid: bytes, wire: str, number: int) -> None:
    assert duid == bytes.fromhex(wire)
    assert kind(duid) == number


def test_the_hardware_address_is_in_two_kinds() -> None:
    assert hardware(pack_llt(1, 5, MAC)) == b"\1" + MAC
    assert hardware(pack_ll(6, MAC)) == b"\6" + MAC
    for duid in (pack_en(9, b"abcdef"), b"\0\3\0\1", b"\0\1\0\1\0\0\0\0", b"\0\3\1\1" + MAC, b"", b"\0\4" + bytes(16)):
        assert hardware(duid) == b""


def test_a_duid_has_3_to_130_bytes() -> None:
    assert [is_duid(bytes(size)) for size in (2, 3, 130, 131)] == [False, True, True, False]


def test_text_is_hexadecimal_with_colons() -> None:
    duid = pack_ll(1, MAC)
    assert duid_text(duid) == "00:03:00:01:02:00:00:00:00:01"
    assert duid_from_text(duid_text(duid) + "\n") == duid
    assert duid_from_text("00030001020000000001") == duid
    for text in ("", "00:03", "zz:03:00", "00:03:00:01:0"):
        with pytest.raises(ValueError, match=r"."):
            duid_from_text(text)


def test_a_new_duid_is_made_of_an_interface_and_the_time() -> None:
    assert chosen(LLT) == pack_llt(1, 1000, MAC)
    assert chosen(LL) == pack_ll(1, MAC)


def test_what_is_stored_stays() -> None:
    for stored in (pack_llt(6, 7, OTHER), pack_ll(6, OTHER), pack_en(9, b"abcdef")):
        assert chosen(kind(stored), stored=stored) == stored


def test_what_is_stored_of_another_type_says_nothing() -> None:
    assert chosen(LL, stored=pack_llt(6, 7, OTHER)) == pack_ll(1, MAC)
    assert chosen(EN, stored=pack_ll(1, OTHER)) == pack_en(2495, b"random")
    assert chosen(LL, stored=b"\0\3\0\6") == pack_ll(1, MAC)


def test_what_is_configured_wins() -> None:
    stored = pack_llt(6, 7, OTHER)
    assert chosen(LLT, stored=stored, identifier=MAC) == pack_llt(6, 7, MAC)
    assert chosen(LLT, stored=stored, identifier=MAC, htype=1, time=9) == pack_llt(1, 9, MAC)
    assert chosen(LLT, identifier=OTHER) == pack_llt(1, 1000, OTHER)
    assert chosen(LLT, stored=stored, time=9) == pack_llt(6, 9, OTHER)
    assert chosen(EN, enterprise=5, stored=pack_en(9, b"abcdef")) == pack_en(5, b"abcdef")
    assert chosen(EN, identifier=b"xyz", stored=pack_en(9, b"abcdef")) == pack_en(9, b"xyz")


def test_the_first_ethernet_address_is_taken_otherwise_the_last_of_another_kind() -> None:
    tunnel = Link(32, bytes(range(20)), up=True, loopback=False)
    last = Link(32, bytes(range(1, 21)), up=True, loopback=False)
    unfit = [
        Link(1, bytes(6), up=True, loopback=False),
        Link(1, OTHER, up=False, loopback=False),
        Link(1, OTHER, up=True, loopback=True),
        Link(1, OTHER[:4], up=True, loopback=False),
    ]
    assert chosen(LL, links=[*unfit, tunnel, ETH, Link(1, OTHER, True, False)]) == pack_ll(1, MAC)
    assert chosen(LL, links=[*unfit, tunnel, last]) == pack_ll(32, last.address)
    with pytest.raises(ValueError, match="no interface"):
        chosen(LLT, links=unfit)
