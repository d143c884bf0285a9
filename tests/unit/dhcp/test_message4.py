"""DHCPv4 messages from and to bytes."""

from __future__ import annotations

import pytest

from kea_mp.dhcp.message4 import (
    BOOTREPLY,
    BOOTREQUEST,
    BROADCAST,
    DISCOVER,
    MAGIC_COOKIE,
    Message4,
    decode4,
    encode4,
    pack_option,
    sub_options,
)
from kea_mp.errors import WireError

#: DHCPDISCOVER of a Linux client as dhclient writes it, relayed; written by hand from RFC 2131 figure 1.
DISCOVER_HEADER = bytes.fromhex(
    "01 01 06 01"  # op, htype, hlen, hops
    "3d1d0000"  # xid
    "0003 8000"  # secs, flags
    "00000000 00000000 00000000 0a000001"  # ciaddr yiaddr siaddr giaddr
    "000b8201fc42 00000000000000000000"  # chaddr
)
NO_NAMES = bytes(64 + 128)
COOKIE = bytes.fromhex("63825363")
DISCOVER_OPTIONS = bytes.fromhex(
    "35 01 01"  # message type
    "3d 07 01 000b8201fc42"  # client identifier
    "32 04 00000000"  # requested address
    "0c 07 626f622d706300"  # host name "bob-pc" with a NUL
    "37 04 01 03 06 2a"  # parameter request list
    "52 08 01 03 657468 02 01 61"  # relay agent: circuit-id "eth", remote-id "a"
    "ff 00 00 00 00 00 00"
)
CAPTURE = DISCOVER_HEADER + NO_NAMES + COOKIE + DISCOVER_OPTIONS


def message(options: bytes = b"", sname: bytes = b"", file: bytes = b"") -> bytes:
    return DISCOVER_HEADER + sname.ljust(64, b"\0") + file.ljust(128, b"\0") + COOKIE + options


def test_a_captured_discover_is_read_field_by_field() -> None:
    assert decode4(CAPTURE) == Message4(
        op=BOOTREQUEST,
        htype=1,
        hlen=6,
        hops=1,
        xid=0x3D1D0000,
        secs=3,
        flags=BROADCAST,
        ciaddr=0,
        yiaddr=0,
        siaddr=0,
        giaddr=0x0A000001,
        chaddr=bytes.fromhex("000b8201fc42"),
        sname=b"",
        file=b"",
        options={
            53: b"\1",
            61: bytes.fromhex("01000b8201fc42"),
            50: bytes(4),
            12: b"bob-pc",
            55: b"\1\3\6\x2a",
            82: b"\1\3eth\2\1a",
        },
    )


def test_type_and_hardware_address_are_derived() -> None:
    read = decode4(CAPTURE)
    assert read.type == DISCOVER
    assert read.hw == bytes.fromhex("01000b8201fc42")


def test_a_message_without_type_has_type_zero() -> None:
    assert decode4(message()).type == 0


def test_no_hardware_address_is_an_empty_key() -> None:
    data = bytearray(message())
    data[2] = 0
    assert decode4(bytes(data)).hw == b""


def test_names_lose_their_trailing_nuls_only() -> None:
    read = decode4(message(sname=b"boot", file=b"a\0b"))
    assert (read.sname, read.file) == (b"boot", b"a\0b")


@pytest.mark.parametrize("length", [0, 1, 28, 235, 236, 239])
def test_a_message_too_short_for_header_and_cookie_is_refused(length: int) -> None:
    with pytest.raises(WireError, match="too few"):
        decode4(CAPTURE[:length])


def test_a_wrong_magic_cookie_is_refused() -> None:
    with pytest.raises(WireError, match="magic cookie"):
        decode4(CAPTURE.replace(COOKIE, b"abcd"))


def test_a_hardware_address_longer_than_its_field_is_refused() -> None:
    data = bytearray(CAPTURE)
    data[2] = 17
    with pytest.raises(WireError, match="17"):
        decode4(bytes(data))


@pytest.mark.parametrize("tail", ["32", "32 04", "32 04 0a0000"])
def test_an_option_cut_off_by_the_end_is_no_option_as_in_kea(tail: str) -> None:
    assert decode4(message(b"\x35\1\1" + bytes.fromhex(tail))).options == {53: b"\1"}


def test_nothing_after_end_is_read_and_pad_is_skipped() -> None:
    assert decode4(message(b"\0\0\x35\1\1\0\xff\x0c\1a")).options == {53: b"\1"}


def test_a_repeated_option_is_put_together() -> None:
    assert decode4(message(b"\x3d\2\1a\x35\1\1\x3d\1b")).options == {61: b"\1ab", 53: b"\1"}


def test_a_repeated_number_keeps_the_first_as_in_kea() -> None:
    assert decode4(message(b"\x35\1\1\x35\1\3")).options == {53: b"\1"}


def test_overloaded_fields_are_read_file_before_sname() -> None:
    read = decode4(message(b"\x34\1\3\x3d\1a\xff", sname=b"\x3d\1c\xff", file=b"\x3d\1b\xff"))
    assert read.options[61] == b"abc"
    assert (read.sname, read.file) == (b"", b"")


@pytest.mark.parametrize(("which", "sname", "file"), [(1, b"\x0c\1s", b""), (2, b"", b"\x0c\1f")])
def test_only_the_field_named_by_overload_is_read(which: int, sname: bytes, file: bytes) -> None:
    read = decode4(message(bytes((52, 1, which, 255)), sname=b"\x0c\1s", file=b"\x0c\1f"))
    assert (read.sname, read.file) == (sname, file)
    assert read.options[12] == (b"f" if which == 1 else b"s")


@pytest.mark.parametrize(
    ("option", "why"),
    [
        ("35 00", "message type of none"),
        ("32 03 0a0000", "address of three bytes"),
        ("37 00", "empty parameter request list"),
        ("5d 03 000000", "array of uint16 with an odd length"),
        ("06 05 0a00000001", "address list with a rest"),
        ("51 02 0000", "FQDN without its fixed fields"),
        ("51 03 090000", "FQDN with N and S"),
        ("52 05 05 03 0a0000", "link selection of three bytes"),
        ("7d 08 0000118b 03 02 01 0a", "DOCSIS address list of one byte"),
    ],
)
def test_an_option_that_kea_cannot_use_condemns_the_message(option: str, why: str) -> None:
    with pytest.raises(WireError, match=r"option \d+ \("):
        decode4(message(bytes.fromhex(option)))


@pytest.mark.parametrize(
    ("option", "why"),
    [
        ("0c 00", "empty host name"),
        ("0f 02 0000", "string of NULs"),
        ("7c 03 000011", "cut-off enterprise number"),
        ("7d 05 0000118b 09", "cut-off vendor block"),
    ],
)
def test_an_option_that_kea_skips_is_left_out(option: str, why: str) -> None:
    assert decode4(message(bytes.fromhex("350101" + option))).options == {53: b"\1"}


@pytest.mark.parametrize("option", ["3d 00", "3d 01 61", "3d c8 {} 3d c8 {}".format(200 * "61", 200 * "62")])
def test_a_client_identifier_that_kea_could_not_store_condemns_the_message(option: str) -> None:
    with pytest.raises(WireError, match="client identifier"):
        decode4(message(bytes.fromhex(option)))


def test_what_follows_a_number_is_cut_off_as_in_kea() -> None:
    assert decode4(message(bytes.fromhex("35 02 0103 36 05 0a00000001"))).options == {53: b"\1", 54: b"\x0a\0\0\0"}


def test_lenient_parsing_skips_bad_names() -> None:
    data = message(bytes.fromhex("35 01 01 51 05 04 00 00 3f 61"))
    with pytest.raises(WireError):
        decode4(data)
    assert decode4(data, lenient=True).options == {53: b"\1"}


def test_lenient_parsing_keeps_an_fqdn_with_n_and_s() -> None:
    assert decode4(message(bytes.fromhex("51 03 090000")), lenient=True).options == {81: b"\x09\0\0"}


def test_options_without_a_definition_and_private_ones_are_taken_as_they_are() -> None:
    assert decode4(message(bytes.fromhex("50 00 2b 01 01 e0 02 abcd"))).options == {
        80: b"",
        43: b"\1",
        224: b"\xab\xcd",
    }


def test_a_long_option_is_split_and_comes_back_whole() -> None:
    payload = bytes(range(256)) * 3
    packed = pack_option(43, payload)
    assert packed[:2] == b"\x2b\xff"
    assert len(packed) == len(payload) + 2 * 4
    assert decode4(message(packed)).options[43] == payload


def test_an_empty_option_is_two_bytes() -> None:
    assert pack_option(80, b"") == b"\x50\0"


def reply(**changes: object) -> bytes:
    values: dict[str, object] = {
        "op": BOOTREPLY,
        "htype": 1,
        "hlen": 6,
        "hops": 0,
        "xid": 0x3D1D0000,
        "secs": 0,
        "flags": 0,
        "ciaddr": 0,
        "yiaddr": 0x0A000005,
        "siaddr": 0x0A000001,
        "giaddr": 0,
        "chaddr": bytes.fromhex("000b8201fc42"),
        "sname": b"server",
        "file": b"pxe.0",
        "options": pack_option(53, b"\2"),
    }
    return encode4(**{**values, **changes})  # type: ignore[arg-type]


def test_a_reply_is_written_byte_by_byte() -> None:
    assert reply() == (
        bytes.fromhex("02010600 3d1d0000 0000 0000 00000000 0a000005 0a000001 00000000 000b8201fc42")
        + bytes(10)
        + b"server".ljust(64, b"\0")
        + b"pxe.0".ljust(128, b"\0")
        + MAGIC_COOKIE.to_bytes(4, "big")
        + bytes.fromhex("350102 ff")
    )


def test_a_reply_is_not_padded_to_300_bytes_as_in_kea() -> None:
    assert len(reply()) == 236 + 4 + 3 + 1


@pytest.mark.parametrize("field", ["chaddr", "sname", "file"])
def test_a_value_longer_than_its_field_is_not_cut_silently(field: str) -> None:
    with pytest.raises(ValueError, match="longer"):
        reply(**{field: b"x" * 129})


def test_relay_sub_options_are_read_and_repeated_ones_put_together() -> None:
    assert sub_options(bytes.fromhex("01 02 6162 97 00 01 01 63")) == {1: b"abc", 151: b""}


@pytest.mark.parametrize("payload", ["01", "01 02 61", "01 00 02"])
def test_a_relay_sub_option_that_is_cut_off_is_refused(payload: str) -> None:
    with pytest.raises(WireError, match="cut off"):
        sub_options(bytes.fromhex(payload))
