"""Domain names and the FQDN option."""

from __future__ import annotations

import pytest

from kea_mp.dhcp.names import (
    FLAG6_N,
    FLAG6_O,
    FLAG6_S,
    Fqdn4,
    Fqdn6,
    name_to_text,
    name_to_wire,
    parse_fqdn4,
    parse_fqdn6,
    read_name,
    read_names,
)
from kea_mp.errors import WireError


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        (".", b"\0"),
        ("a", b"\1a\0"),
        ("a.", b"\1a\0"),
        ("Www.example.com", b"\3Www\7example\3com\0"),
        (r"a\.b.c", b"\3a.b\1c\0"),
        (r"a\032b", b"\3a b\0"),
    ],
)
def test_text_becomes_labels(text: str, wire: bytes) -> None:
    assert name_to_wire(text) == wire


def test_labels_become_text_with_escapes() -> None:
    assert name_to_text(b"\4a.\0b\1c\0") == r"a\.\000b.c."
    assert name_to_text(b"\1a\0", final_dot=False) == "a"
    assert name_to_text(b"\0", final_dot=False) == "."


@pytest.mark.parametrize("text", ["", "..", ".a", "a..b", "a\\", r"a\1", r"a\256", "x" * 64, ".".join(["x" * 49] * 6)])
def test_text_that_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="domain name"):
        name_to_wire(text)


def test_the_longest_possible_name_is_taken() -> None:
    assert len(name_to_wire(".".join(["x" * 63, "x" * 63, "x" * 63, "x" * 61]))) == 255


def test_compression_is_followed_backwards() -> None:
    data = b"\3www\7example\0" + b"\3ftp\xc0\x04"
    assert read_names(data) == [b"\3www\7example\0", b"\3ftp\7example\0"]
    assert read_name(data, 13) == (b"\3ftp\7example\0", 19)


@pytest.mark.parametrize(
    "data", [b"", b"\1", b"\1a", b"\xc0", b"\xc0\0", b"\1a\xc0\2", b"\x40a\0", b"\3abc" * 64 + b"\0"]
)
def test_bytes_that_are_no_name_are_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        read_name(data)


@pytest.mark.parametrize(
    ("payload", "option"),
    [
        (b"\x05\0\0\3Foo\7example\0", Fqdn4(5, "foo.example", True, 0, 0)),
        (b"\x04\0\0\3foo", Fqdn4(4, "foo", False, 0, 0)),
        (b"\x01\0\0foo.example.", Fqdn4(1, "foo.example", True, 0, 0)),
        (b"\x08\xff\xffFOO", Fqdn4(8, "foo", False)),
        (b"\x04\0\0", Fqdn4(4, "", False, 0, 0)),
    ],
)
def test_the_fqdn_option_is_read_in_both_encodings(payload: bytes, option: Fqdn4) -> None:
    assert parse_fqdn4(payload) == option
    assert option.pack().lower() == payload.lower()


def test_the_flags_have_names() -> None:
    option = Fqdn4(0b0110, "a", False)
    assert (option.s, option.o, option.e, option.n) == (False, True, True, False)


@pytest.mark.parametrize("payload", [b"\0\0", b"\x09\0\0", b"\x04\0\0\5a", b"\0\0\0a..b"])
def test_an_fqdn_option_that_is_broken_is_refused(payload: bytes) -> None:
    with pytest.raises(WireError):
        parse_fqdn4(payload)


def test_lenient_parsing_lets_s_win_over_n() -> None:
    assert parse_fqdn4(b"\x09\0\0", lenient=True).flags == 1


@pytest.mark.parametrize(
    ("payload", "read"),
    [
        ("00", Fqdn6(0, "", False)),
        ("01 04 486f7374 02 6578 00", Fqdn6(FLAG6_S, "host.ex", True)),
        ("02 04 486f7374", Fqdn6(FLAG6_O, "host", False)),
        ("04 00", Fqdn6(FLAG6_N, ".", True)),
    ],
)
def test_the_dhcpv6_name_is_in_wire_format_whole_or_partial(payload: str, read: Fqdn6) -> None:
    assert parse_fqdn6(bytes.fromhex(payload)) == read
    assert (read.s, read.o, read.n) == tuple(bool(read.flags & flag) for flag in (1, 2, 4))
    assert parse_fqdn6(read.pack()) == read


@pytest.mark.parametrize("payload", ["", "05", "00 05 6162", "00 c000", "00 0161 c001"])
def test_a_broken_dhcpv6_name_is_refused(payload: str) -> None:
    with pytest.raises(WireError):
        parse_fqdn6(bytes.fromhex(payload))


def test_lenient_parsing_of_a_dhcpv6_name_drops_the_flag_n() -> None:
    assert parse_fqdn6(b"\x05", lenient=True) == Fqdn6(FLAG6_S, "", False)
