"""DHCPv6 option payloads from and to the text of a configuration, and the formats that are their own."""

from __future__ import annotations

import pytest

from kea_mp.dhcp.definitions6 import DEFINITIONS6, DOCSIS6, ISC6, NTP6, S46, STANDARD6
from kea_mp.dhcp.judge6 import ANY, CLOSER, NESTED, SIZES
from kea_mp.dhcp.options import Definition, conform, decode, encode_csv, encode_hex, to_csv, validate
from kea_mp.dhcp.special import SkippedRest
from kea_mp.dhcp.special6 import (
    pack_pd_exclude,
    pack_tuples,
    parse_codes,
    parse_pd_exclude,
    parse_tuples,
    parse_vendor_class,
    parse_vendor_opts,
    sub_options6,
)
from kea_mp.errors import WireError
from kea_mp.values import address6, masked6, text6


def standard(name: str, space: str = "dhcp6") -> Definition:
    row = DEFINITIONS6.by_name(space, name)
    assert row is not None
    return row


#: asked of kea-dhcp6 3.0.4, which sends these bytes for this text
AS_KEA = [
    ("dns-servers", "2001:db8::53, 2001:db8::54", "20010db800000000000000000000005320010db8000000000000000000000054"),
    ("domain-search", "a.example.org, b.example", "0161076578616d706c65036f7267000162076578616d706c6500"),
    ("unicast", "2001:db8::9", "20010db8000000000000000000000009"),
    ("preference", "17", "11"),
    ("geoconf-civic", "1, 513, 0a0b", "0102010a0b"),
    ("remote-id", "9, 0102", "000000090102"),
    ("subscriber-id", "aabb", "aabb"),
    ("new-posix-timezone", r"EST5EDT4\,M3.2.0/02:00", "45535435454454342c4d332e322e302f30323a3030"),
    ("v6-lost", "lost.example", "046c6f7374076578616d706c6500"),
    ("bootfile-url", "tftp://[2001:db8::1]/x", "746674703a2f2f5b323030313a6462383a3a315d2f78"),
    ("bootfile-param", r"root=/dev/sda2, quiet\,loud", "000e726f6f743d2f6465762f73646132000a71756965742c6c6f7564"),
    ("client-arch-type", "7, 9", "00070009"),
    ("nii", "1, 3, 16", "010310"),
    ("aftr-name", "aftr.example.", "0461667472076578616d706c6500"),
    ("pd-exclude", "2001:db8:0:ff::/60", "3c20010db8000000f0"),
    ("rdnss-selection", "2001:db8::1, 3, example.com", "20010db800000000000000000000000103076578616d706c6503636f6d00"),
    ("client-linklayer-addr", "0001020304050607", "0001020304050607"),
    ("solmax-rt", "3600", "00000e10"),
    ("dhcp4o6-server-addr", "2001:db8::4", "20010db8000000000000000000000004"),
    ("v6-captive-portal", "https://p/", "68747470733a2f2f702f"),
    ("relay-source-port", "547", "0223"),
    ("v6-sztp-redirect", "https://a, https://b", "000968747470733a2f2f61000968747470733a2f2f62"),
    ("ipv6-address-andsf", "2001:db8::5", "20010db8000000000000000000000005"),
    (
        "v6-dnr",
        r"10, Dot.example., 2001:db8::1 2001:db8::2, alpn=dot\,doq port=853",
        "000a000d03646f74076578616d706c6500002020010db800000000000000000000000120010db80000000000000000000000020001000803646f7403646f71000300020355",
    ),
    ("status-code", "2, no", "00026e6f"),
    ("vendor-class", "4491, 0003666f6f", "0000118b0003666f6f"),
    ("vendor-opts", "4491", "0000118b"),
    ("client-fqdn", "1, host.example.", "0104686f7374076578616d706c6500"),
    ("elapsed-time", "9", "0009"),
    ("rapid-commit", "", ""),
    ("interface-id", "6574", "6574"),
    ("information-refresh-time", "600", "00000258"),
    ("sip-server-dns", "sip.example", "03736970076578616d706c6500"),
    ("erp-local-domain-name", "erp.example", "03657270076578616d706c6500"),
    ("addr-reg-enable", "", ""),
    ("oro", "1, 2", "00010002"),
    ("user-class", "0003616263", "0003616263"),
    ("lq-query", "1, 2001:db8::1", "0120010db8000000000000000000000001"),
    ("clt-time", "5", "00000005"),
    ("ero", "43", "002b"),
]


@pytest.mark.parametrize(("name", "text", "wire"), AS_KEA)
def test_standard_options_are_encoded_as_kea_does(name: str, text: str, wire: str) -> None:
    assert encode_csv(standard(name), text).hex() == wire


@pytest.mark.parametrize(("name", "text", "wire"), AS_KEA)
def test_what_is_sent_is_a_good_value_of_its_option(name: str, text: str, wire: str) -> None:
    data = bytes.fromhex(wire)
    assert conform(standard(name), data) == data
    assert encode_hex(wire, standard(name)) == data


@pytest.mark.parametrize(
    ("space", "name", "text", "wire"),
    [
        ("v6-ntp-server-suboptions", "ntp-server-address", "2001:db8::1", "20010db8000000000000000000000001"),
        ("v6-ntp-server-suboptions", "ntp-server-fqdn", "a.b", "0161016200"),
        (
            "s46-cont-mape-options",
            "s46-rule",
            "1, 0, 24, 192.0.2.0, 2001:db8:1::/48",
            "010018c0000200" + "3020010db80001",
        ),
        ("s46-cont-mape-options", "s46-br", "2001:db8::1", "20010db8000000000000000000000001"),
        ("s46-cont-mapt-options", "s46-dmr", "2001:db8:1::/48", "3020010db80001"),
        ("s46-cont-lw-options", "s46-v4v6bind", "192.0.2.1, 2001:db8:1::/48", "c0000201" + "3020010db80001"),
        ("s46-rule-options", "s46-portparams", "2, 3/4", "02043000"),
        ("vendor-4491", "tftp-servers", "2001:db8::1", "20010db8000000000000000000000001"),
        ("vendor-4491", "time-offset", "-3600", "fffff1f0"),
        ("vendor-2495", "4o6-source-port", "546", "0222"),
    ],
)
def test_options_of_other_spaces_are_encoded(space: str, name: str, text: str, wire: str) -> None:
    assert encode_csv(standard(name, space), text).hex() == wire


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("dns-servers", "192.0.2.1"),
        ("dns-servers", "2001:db8::1%eth0"),
        ("unicast", ""),
        ("preference", "256"),
        ("domain-search", "a..b"),
        ("pd-exclude", "2001:db8::"),
        ("pd-exclude", "2001:db8::/0"),
        ("rapid-commit", "1"),
        ("vendor-class", "4491, 0005aabb"),
        ("client-fqdn", "5, host.example."),
        ("v6-dnr", "10"),
        ("v6-dnr", "10, dot.example., 192.0.2.1"),
        ("v6-dnr", "10, dot.example., 2001:db8::1, colour=red"),
        ("client-arch-type", ""),
        ("status-code", "2"),
    ],
)
def test_text_that_does_not_suit_its_option_is_refused(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        encode_csv(standard(name), text)


def test_the_values_of_a_payload_are_shown_as_they_are_configured() -> None:
    texts = {
        "dns-servers": "2001:db8::53, 2001:db8::54",
        "v6-dnr": "10, dot.example., 2001:db8::1 2001:db8::2, alpn=dot\\,doq port=853",
        "bootfile-param": "root=/dev/sda2, quiet\\,loud",
        "client-fqdn": "1, host.example.",
        "rdnss-selection": "2001:db8::1, 3, example.com.",
    }
    for name, text in texts.items():
        row = standard(name)
        assert to_csv(row, encode_csv(row, text)) == text


def test_an_excluded_prefix_is_shown_by_its_length_and_bits() -> None:
    assert decode(standard("pd-exclude"), b"\x40\x55") == ["64", "55"]


def test_names_are_not_compressed() -> None:
    row = standard("domain-search")
    for data in (b"\1a\0\1b\xc0\0", b"\1a\0\xc0\0"):
        with pytest.raises(WireError):
            conform(row, data)
        with pytest.raises(WireError):
            decode(row, data)


def test_tuples_have_two_bytes_of_length_whatever_space_they_are_in() -> None:
    assert encode_csv(Definition("mine", 1, "one", "tuple", family=6), "ab") == b"\0\2ab"


def test_codes_go_up_to_65535() -> None:
    validate(Definition("dhcp6", 65535, "mine", "string", family=6))
    for code in (0, 65536):
        with pytest.raises(ValueError, match="not usable"):
            validate(Definition("dhcp6", code, "mine", "string", family=6))
    validate(Definition("other", 0, "mine", "string", family=6))


def test_standard_definitions_are_valid_and_there_once() -> None:
    rows = (*STANDARD6, *NTP6, *S46, *DOCSIS6, *ISC6)
    for row in rows:
        assert row.family == 6
        if row.encapsulate != row.space:  # client-data and lq-query contain options of their own space
            validate(row)
    for keys in ([(row.space, row.code) for row in rows], [(row.space, row.name) for row in rows]):
        assert len(keys) == len(set(keys))
    assert [row.code for row in STANDARD6] == sorted(row.code for row in STANDARD6)


def test_the_table_of_lengths_knows_what_is_simple() -> None:
    assert (SIZES[1], SIZES[3], SIZES[8], SIZES[14], SIZES[6]) == (ANY, NESTED, 2, 0, CLOSER)
    assert (SIZES[5], SIZES[26], SIZES[82], SIZES[62]) == (24, 25, 4, CLOSER)
    assert 65000 not in SIZES


def test_vendor_options_are_read() -> None:
    payload = bytes.fromhex("0000118b 0001 0002 0020 0002 0000 0001 0002 0021")
    assert parse_vendor_opts(payload) == (4491, {1: [b"\0\x20", b"\0\x21"], 2: [b""]})
    for cut in (3, len(payload) - 1, len(payload) - 3):
        with pytest.raises(SkippedRest):
            parse_vendor_opts(payload[:cut])


def test_vendor_classes_are_read() -> None:
    payload = (9).to_bytes(4, "big") + pack_tuples([b"ab", b"", b"c"])
    assert parse_vendor_class(payload) == (9, [b"ab", b"", b"c"])
    with pytest.raises(WireError):
        parse_vendor_class(payload[:-1])
    assert parse_vendor_class(payload[:-1], lenient=True) == (9, [b"ab", b"", b""])
    assert parse_tuples(b"") == []


def test_options_within_an_option_end_where_they_are_cut_off() -> None:
    payload = b"xx" + bytes.fromhex("0041 0001 aa 0041 0000 0007 0002 01")
    assert sub_options6(payload, 2) == ({65: [b"\xaa", b""]}, 11)


def test_requested_codes_are_read() -> None:
    assert parse_codes(bytes.fromhex("0017 0018 fde8")) == (23, 24, 65000)
    assert parse_codes(b"") == ()


@pytest.mark.parametrize(
    ("prefix", "length", "excluded", "excluded_length", "wire"),
    [
        ("2001:db8:dead:bee0::", 59, "2001:db8:dead:beef::", 64, "4078"),  # RFC 6603 4.2
        ("2001:db8::", 48, "2001:db8:0:ff00::", 56, "38ff"),
        ("2001:db8::", 32, "2001:db8:1:2::", 64, "4000010002"),
        ("2001:db8::", 56, "2001:db8:0:80::", 57, "3980"),
    ],
)
def test_excluded_prefixes_are_written_and_read(
    prefix: str, length: int, excluded: str, excluded_length: int, wire: str
) -> None:
    packed = pack_pd_exclude(address6(prefix), length, address6(excluded), excluded_length)
    assert packed.hex() == wire
    assert parse_pd_exclude(packed, address6(prefix), length) == (address6(excluded), excluded_length)


@pytest.mark.parametrize(
    ("payload", "length"), [(b"", 48), (b"\x30\0", 48), (b"\x38", 48), (b"\x38\0\0", 48), (b"\xff\0", 48)]
)
def test_an_excluded_prefix_that_is_not_within_its_prefix_is_refused(payload: bytes, length: int) -> None:
    with pytest.raises(WireError):
        parse_pd_exclude(payload, bytes(16), length)


def test_addresses_are_16_bytes_inside_and_short_text_outside() -> None:
    assert address6("2001:DB8:0::1") == bytes.fromhex("20010db8000000000000000000000001")
    assert text6(address6("2001:db8:0:0:1::1")) == "2001:db8::1:0:0:1"
    for text in ("", "192.0.2.1", "2001:db8::1/64", "fe80::1%eth0", "::g"):
        with pytest.raises(ValueError, match="is not an IPv6 address"):
            address6(text)


@pytest.mark.parametrize(("length", "text"), [(128, "ff::ff"), (121, "ff::80"), (120, "ff::"), (9, "80::"), (0, "::")])
def test_a_prefix_keeps_its_own_bits_only(length: int, text: str) -> None:
    assert text6(masked6(address6("ff::ff"), length)) == text
