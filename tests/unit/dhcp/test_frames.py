from __future__ import annotations

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kea_mp.dhcp.frames import Datagram, build_frame, parse_frame

SERVER, CLIENT = b"\x02\0\0\0\0\x01", b"\x02\0\0\0\0\x02"
SOURCE, DESTINATION = 0xC0000201, 0xC0000263


def ones_complement(data: bytes) -> int:
    """RFC 1071 by the book: 0xFFFF over data that carries its right checksum."""
    data += bytes(len(data) % 2)
    total = sum(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def frame(payload: bytes = b"hello") -> bytes:
    return build_frame(CLIENT, SERVER, SOURCE, DESTINATION, 67, 68, payload)


@given(st.binary(max_size=1472))
def test_what_was_built_is_parsed_again(payload: bytes) -> None:
    assert parse_frame(frame(payload)) == Datagram(SERVER, SOURCE, DESTINATION, 67, 68, payload)


@given(st.binary(max_size=600), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_both_checksums_are_right_for_any_payload_and_addresses(payload: bytes, source: int, destination: int) -> None:
    built = build_frame(CLIENT, SERVER, source, destination, 67, 68, payload)
    assert ones_complement(built[14:34]) == 0xFFFF
    pseudo = pack("!IIHH", source, destination, 17, len(payload) + 8)
    assert ones_complement(pseudo + built[34:]) == 0xFFFF


def test_a_udp_checksum_is_never_zero() -> None:
    # The payload that makes the sum 0xFFFF, whose complement would say "no checksum".
    bare = int.from_bytes(frame(b"\0\0")[40:42], "big")
    assert frame(bare.to_bytes(2, "big"))[40:42] == b"\xff\xff"


def test_an_ip_header_with_options_is_read_behind_them() -> None:
    plain = frame()
    longer = plain[:14] + b"\x46" + plain[15:34] + b"\x94\x04\0\0" + plain[34:]
    longer = longer[:16] + pack("!H", len(longer) - 14) + longer[18:]
    assert parse_frame(longer) == parse_frame(plain)


def test_padding_of_a_short_frame_is_no_payload() -> None:
    found = parse_frame(frame(b"hi") + bytes(20))
    assert found is not None
    assert found.payload == b"hi"


def changed(at: int, data: bytes) -> bytes:
    return frame()[:at] + data + frame()[at + len(data) :]


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        frame()[:41],
        frame()[:-1],
        changed(12, b"\x86\xdd"),
        changed(12, b"\x81\x00"),
        changed(14, b"\x44"),
        changed(14, b"\x65"),
        changed(14, b"\x4f"),
        changed(16, b"\x00\x1c"),
        changed(20, b"\x20\x00"),
        changed(20, b"\x00\x01"),
        changed(23, b"\x06"),
        changed(38, b"\x00\x07"),
        changed(38, b"\x01\x00"),
    ],
    ids=["empty", "short", "cut", "ipv6", "vlan", "ihl-4", "version-6", "ihl-beyond", "udp-beyond-ip", "first-fragment",
         "later-fragment", "tcp", "udp-length-7", "udp-beyond-frame"],
)  # fmt: skip
def test_what_is_no_whole_datagram_is_none(bad: bytes) -> None:
    assert parse_frame(bad) is None


@given(st.binary(max_size=120))
def test_any_bytes_give_a_datagram_or_none(data: bytes) -> None:
    parse_frame(data)
    parse_frame(frame()[:14] + data)
