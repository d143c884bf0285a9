"""Rows of Kea's lease file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kea_mp.leases.csv4 import FORMAT, HEADER, ROW, canonical, lease_of, line_of, removal_of
from kea_mp.leases.csv_fields import RowError, Schema, escape, unescape
from kea_mp.leases.model import DECLINED, Lease4
from kea_mp.values import INFINITY, address4

ADDRESS = address4("192.0.2.9")
LEASE = Lease4(
    ADDRESS, b"\x01\x02\x00\x00\x00\x00\xab", b"\xff\x01", 3600, 1_800_000_000, 7, True, False, "host.example"
)
LINE = b"192.0.2.9,02:00:00:00:00:ab,ff:01,3600,1800003600,7,1,0,host.example,0,,0"

OCTETS = st.binary(min_size=1, max_size=20)
U32 = st.integers(0, INFINITY)
LEASES = st.builds(
    Lease4,
    address=st.just(ADDRESS),
    hw=OCTETS.map(b"\x01".__add__),
    client_id=st.just(b"") | st.binary(min_size=2, max_size=255),
    valid_lft=U32,
    cltt=st.integers(0, 1 << 40),
    subnet_id=U32,
    fqdn_fwd=st.booleans(),
    fqdn_rev=st.booleans(),
    hostname=st.text(max_size=20).map(str.lower),
    state=st.integers(0, 4),
    user_context=st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=3).map(
        lambda value: repr(value).replace("'", '"') if value else ""
    ),
    pool_id=U32,
)


def edited(**fields: bytes) -> list[bytes]:
    names = HEADER.split(b",")
    row = LINE.split(b",")
    for name, value in fields.items():
        row[names.index(name.encode())] = value
    return row


def test_a_lease_is_written_as_kea_writes_it() -> None:
    assert line_of(LEASE) == LINE


def test_a_removal_has_no_lifetime_and_ends_at_its_last_transmission() -> None:
    assert removal_of(LEASE) == LINE.replace(b"3600,1800003600", b"0,1800000000")


def test_an_unlimited_lease_ends_at_its_last_transmission_plus_the_largest_lifetime() -> None:
    line = line_of(Lease4(ADDRESS, LEASE.hw, b"", INFINITY, 1_800_000_000, 7))
    assert line.split(b",")[3:5] == [b"4294967295", b"6094967295"]


@given(LEASES)
def test_what_is_written_is_read_back(lease: Lease4) -> None:
    line = line_of(lease)
    assert b"\n" not in line
    assert lease_of(ADDRESS, line) == lease


@given(LEASES)
def test_what_is_written_stays_as_it_is_when_it_is_looked_at_closely(lease: Lease4) -> None:
    fields = line_of(lease).split(b",")
    try:
        assert canonical(fields) == b",".join(fields)
    except RowError as error:
        assert "user context" in str(error)  # noqa: PT017 (a text with quotes in it is no JSON any more)


def test_the_hardware_type_is_not_in_the_file() -> None:
    infiniband = Lease4(ADDRESS, b"\x20\x02\x03", b"", 1, 1, 1)
    assert lease_of(ADDRESS, line_of(infiniband)).hw == b"\x01\x02\x03"
    assert lease_of(ADDRESS, line_of(infiniband), b"\x20").hw == b"\x20\x02\x03"


def test_a_lease_without_identity_is_refused_unless_declined() -> None:
    with pytest.raises(RowError, match="neither hardware address nor client-id"):
        line_of(Lease4(ADDRESS, b"", b"", 1, 1, 1))
    assert line_of(Lease4(ADDRESS, b"", b"", 1, 1, 1, state=DECLINED)) == b"192.0.2.9,,,1,2,1,0,0,,1,,0"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [("plain.host", "plain.host"), ("a,b", "a&#x2cb"), ("a&b", "a&#x26b"), ("ü", "&#xc3&#xbc"), ("\n", "&#x0a")],
)
def test_escapes(text: str, escaped: str) -> None:
    assert escape(text) == escaped
    assert unescape(escaped.encode()) == text


def test_an_escape_without_digits_stands_for_itself() -> None:
    assert unescape(b"&#xZZ&#x2C") == "&#xZZ,"


def test_the_usual_row_is_recognised_at_once() -> None:
    found = ROW.fullmatch(LINE)
    assert found is not None
    assert found.groups() == (b"192.0.2", b"9", b"3600", b"7", b"")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"hwaddr": b"2:0:0:0:0:AB"}, LINE),
        ({"client_id": b"FF01"}, LINE),
        ({"client_id": b"0xff01"}, LINE),
        ({"hostname": b"Host.Example"}, LINE),
        ({"valid_lifetime": b"+3600"}, LINE),
        ({"fqdn_fwd": b"01"}, LINE),
        ({"valid_lifetime": b"-1"}, LINE.replace(b",3600,", b",4294967295,")),
        ({"hostname": b"h\xc3\xbc"}, LINE.replace(b"host.example", b"h&#xc3&#xbc")),
        ({"hwaddr": b""}, LINE.replace(b"02:00:00:00:00:ab", b"")),
    ],
)
def test_what_kea_tolerates_is_put_into_form(fields: dict[str, bytes], expected: bytes) -> None:
    assert canonical(edited(**fields)) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"address": b"192.0.2.256"},
        {"address": b"192.0.02.9"},
        {"address": b"2001:db8::1"},
        {"hwaddr": b"aabb"},
        {"hwaddr": b"aa::bb"},
        {"hwaddr": b":".join([b"aa"] * 21)},
        {"client_id": b"aa"},
        {"client_id": b":".join([b"aa"] * 256)},
        {"valid_lifetime": b"4294967296"},
        {"expire": b"18446744073709551616"},
        {"expire": b""},
        {"subnet_id": b"one"},
        {"fqdn_rev": b"2"},
        {"state": b""},
        {"user_context": b"[]"},
        {"user_context": b"{"},
        {"pool_id": b"0\r"},
        {"hwaddr": b"", "client_id": b""},
    ],
)
def test_what_kea_refuses_is_refused(fields: dict[str, bytes]) -> None:
    assert ROW.fullmatch(b",".join(edited(**fields))) is None or "user_context" in fields
    with pytest.raises(RowError):
        canonical(edited(**fields))


def test_rows_of_an_older_schema_are_filled_up() -> None:
    schema = FORMAT.schema_of(HEADER.removesuffix(b",state,user_context,pool_id"))
    assert schema == Schema(FORMAT, 9)
    assert schema.fitted(LINE.split(b",")[:9])[9:] == [b"0", b"", b"0"]
    assert schema.fitted(LINE.split(b",")[:10])[9:] == [b"0", b"", b"0"]


def test_rows_of_a_newer_schema_are_cut_off() -> None:
    schema = FORMAT.schema_of(HEADER + b",more")
    assert schema.fitted([*LINE.split(b","), b"x"]) == LINE.split(b",")


def test_a_row_with_too_few_columns_is_refused() -> None:
    with pytest.raises(RowError, match="Invalid number of columns: 11"):
        Schema(FORMAT, 12).fitted(LINE.split(b",")[:11])


@pytest.mark.parametrize(
    "header", [b"", b"address,hwaddr", b"address,mac,client_id", HEADER.replace(b"state", b"stat")]
)
def test_another_header_is_no_lease_file(header: bytes) -> None:
    with pytest.raises(RowError):
        FORMAT.schema_of(header)
