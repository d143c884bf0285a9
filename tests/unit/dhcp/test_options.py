"""Option payloads from and to the text of a configuration, and the registry of definitions."""

from __future__ import annotations

import pytest

from kea_mp.dhcp.definitions4 import AGENT4, CABLELABS_CLIENT_CONF, DEFINITIONS4, DOCSIS4, STANDARD4
from kea_mp.dhcp.options import Definition, conform, decode, encode_csv, encode_hex, to_csv, validate, vendor_of
from kea_mp.dhcp.special4 import pack_vivco, pack_vivso, parse_vivco, parse_vivso
from kea_mp.dhcp.tokens import split
from kea_mp.errors import WireError


def standard(name: str) -> Definition:
    row = DEFINITIONS4.by_name("dhcp4", name)
    assert row is not None
    return row


def custom(type_: str, *record: str, array: bool = False) -> Definition:
    return Definition("dhcp4", 222, "mine", type_, array, record)


@pytest.mark.parametrize(
    ("name", "text", "wire"),
    [
        ("subnet-mask", "255.255.255.0", "ffffff00"),
        ("time-offset", "-3600", "fffff1f0"),
        ("routers", "10.0.0.1 , 10.0.0.2", "0a0000010a000002"),
        ("domain-name", "example.org", b"example.org".hex()),
        ("domain-name", r"a\,b", b"a,b".hex()),
        ("boot-size", "0x10", "0010"),
        ("boot-size", "ff", "00ff"),
        ("ip-forwarding", "TRUE", "01"),
        ("ip-forwarding", "0", "00"),
        ("dhcp-client-identifier", "01 02fe", "0102fe"),
        ("path-mtu-plateau-table", "68,296", "00440128"),
        ("domain-search", "a.b,c.", "016101620001630"[:-1] + "00"),
        ("v4-lost", "a.b.", "0161016200"),
        ("slp-directory-agent", "true, 10.0.0.1, 10.0.0.2", "010a0000010a000002"),
        ("slp-service-scope", "false, x y", "00" + b"x y".hex()),
        ("option-6rd", "8,16,2001:db8::,10.0.0.1", "081020010db8" + "00" * 12 + "0a000001"),
        ("v4-portparams", "4, 3/3", "04036000"),
        ("uuid-guid", "0, 0102", "000102"),
        ("v4-sztp-redirect", "https://a", "0009" + b"https://a".hex()),
        ("classless-static-route", "10.0.0.0/8 - 10.1.1.1, 0.0.0.0/0 - 10.1.1.2", "080a0a010101000a010102"),
        ("vivso-suboptions", "4491", "0000118b"),
        ("vivco-suboptions", "4491, 03666f6f", "0000118b03666f6f"),
        ("dhcp-agent-options", "", ""),
    ],
)
def test_standard_options_are_encoded_as_kea_does(name: str, text: str, wire: str) -> None:
    assert encode_csv(standard(name), text).hex() == wire


@pytest.mark.parametrize(
    ("definition", "text"),
    [
        (standard("subnet-mask"), ""),
        (standard("subnet-mask"), "255.255.255"),
        (standard("routers"), "10.0.0.1, 2001:db8::1"),
        (standard("boot-size"), "65536"),
        (standard("boot-size"), "-1"),
        (standard("boot-size"), "many"),
        (standard("boot-size"), "1.5"),
        (standard("ip-forwarding"), "yes"),
        (standard("ip-forwarding"), "2"),
        (standard("domain-name"), ""),
        (standard("domain-search"), ""),
        (standard("domain-search"), "a..b"),
        (standard("path-mtu-plateau-table"), ""),
        (standard("dhcp-client-identifier"), "abc"),
        (standard("dhcp-client-identifier"), "zz"),
        (standard("dhcp-agent-options"), "1"),
        (standard("slp-directory-agent"), "true"),
        (standard("v4-portparams"), "4, 8/3"),
        (standard("v4-portparams"), "4, 8"),
        (standard("classless-static-route"), ""),
        (standard("classless-static-route"), "10.0.0.0/33 - 10.1.1.1"),
        (standard("classless-static-route"), "10.0.0.0/8"),
        (standard("classless-static-route"), "10.0.0.0 - 10.1.1.1"),
        (standard("subnet-mask"), "010.0.0.1"),
        (standard("vivco-suboptions"), "1"),
        (standard("vivco-suboptions"), "1, 05aa"),
        (standard("vivco-suboptions"), "1, 01aa0000000201bb"),
        (custom("internal"), ""),
        (custom("boolean", array=True), ""),
        (custom("int8"), "128"),
        (custom("ipv6-address"), "10.0.0.1"),
        (custom("ipv6-prefix"), "2001:db8::"),
        (custom("ipv6-prefix"), "2001:db8::/129"),
        (custom("tuple"), "x" * 256),
    ],
)
def test_text_that_does_not_suit_the_definition_is_refused(definition: Definition, text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        encode_csv(definition, text)


def test_further_values_of_a_single_option_are_dropped_as_in_kea() -> None:
    assert encode_csv(standard("domain-name"), "a, b") == b"a"


def test_an_ipv6_prefix_keeps_only_the_bits_of_its_length() -> None:
    wire = encode_csv(custom("ipv6-prefix"), "2001:dbf:ffff::/30")
    assert wire.hex() == "1e20010dbc"
    assert decode(custom("ipv6-prefix"), wire) == ["2001:dbc::/30"]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        (",,", []),
        ("a,,b", ["a", "b"]),
        (r"a\,b,c", ["a,b", "c"]),
        (r"a\\,b", ["a\\", "b"]),
        (r"a\b", [r"a\b"]),
        ("a\\", ["a\\"]),
    ],
)
def test_lists_are_split_as_kea_splits_them(text: str, tokens: list[str]) -> None:
    assert split(text) == tokens


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("", ""),
        ("0102", "0102"),
        ("0x0102", "0102"),
        ("102", "0102"),
        ("0x102", "0102"),
        ("1:2:fe", "0102fe"),
        ("1 2 fe", "0102fe"),
        (" 'ab c' ", b"ab c".hex()),
    ],
)
def test_hexadecimal_data_is_read_in_all_notations_of_kea(text: str, wire: str) -> None:
    assert encode_hex(text).hex() == wire


@pytest.mark.parametrize("text", ["xy", "1::2", "123:1", "''", "01  02", "0x"])
def test_hexadecimal_data_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        encode_hex(text)


def test_hexadecimal_data_must_suit_the_definition() -> None:
    assert encode_hex("0a000001", standard("routers")) == b"\x0a\0\0\1"
    with pytest.raises(ValueError, match="multiple of 4"):
        encode_hex("0a0000", standard("routers"))


DNR = r"10, dot1.example.org., 10.0.2.3 10.3.4.5, alpn=dot\,doq port=853 | 20, dot2.example.org."


def test_encrypted_dns_is_encoded_and_comes_back() -> None:
    wire = encode_csv(standard("v4-dnr"), DNR)
    assert wire.hex() == (
        "0030 000a 12 04646f7431076578616d706c65036f726700 08 0a0002030a030405 0001 0008 03646f7403646f71 0003 0002"
        "0355 0015 0014 12 04646f7432076578616d706c65036f726700"
    ).replace(" ", "")
    assert to_csv(standard("v4-dnr"), wire) == DNR


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10",
        "x, a.",
        "0x10, a.",
        "65536, a.",
        "10, a., ::1",
        "10, a., 10.0.0.1, ipv4hint=10.0.0.1",
        "10, a., 10.0.0.1, port=1 port=2",
        "10, a., 10.0.0.1, port",
        "10, a., 10.0.0.1, alpn=none-such",
        "10, a., 10.0.0.1, alpn=h2",
        "10, a., 10.0.0.1, dohpath=/q",
        "10, a., 10.0.0.1, port=1, more",
    ],
)
def test_encrypted_dns_that_kea_refuses_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        encode_csv(standard("v4-dnr"), text)


def test_vendor_classes_are_read_and_written_by_enterprise() -> None:
    payload = bytes.fromhex("0000118b 01 61 00000009 02 6263 0000118b 01 64")
    assert parse_vivco(payload) == {4491: [b"a", b"d"], 9: [b"bc"]}
    assert parse_vivco(pack_vivco({9: [b"bc"], 1: [b""]})) == {9: [b"bc"], 1: [b""]}
    assert parse_vivco(bytes.fromhex("00000009 02 62")) == {}
    with pytest.raises(WireError):
        parse_vivco(b"\0\0\0")
    with pytest.raises(ValueError, match="255"):
        pack_vivco({1: [bytes(256)]})


def test_vendor_options_are_read_and_written_by_enterprise() -> None:
    payload = bytes.fromhex("0000118b 03 01 01 02 00000009 00 0000118b 02 05 00")
    assert parse_vivso(payload) == {4491: bytes.fromhex("010102 0500"), 9: b""}
    assert pack_vivso({9: b"\1\0"}) == bytes.fromhex("00000009 02 0100")
    assert pack_vivso({9: b""}) == bytes.fromhex("00000009 00")


def test_many_vendor_options_are_cut_between_sub_options() -> None:
    options = b"".join(bytes((code, 100)) + bytes(100) for code in range(5))
    packed = pack_vivso({9: options})
    assert [packed[4], packed[4 + 1 + 204 + 4]] == [204, 204]
    assert parse_vivso(packed) == {9: options}
    with pytest.raises(ValueError, match="253"):
        pack_vivso({9: b"\1\xfe" + bytes(254)})


@pytest.mark.parametrize("payload", ["00000009", "00000009 02 01", "00000009 01 01", "00000009 02 01 01"])
def test_vendor_options_that_are_cut_off_are_refused(payload: str) -> None:
    with pytest.raises(WireError):
        parse_vivso(bytes.fromhex(payload))


def test_all_of_keas_standard_definitions_are_there() -> None:
    assert [len(STANDARD4), len(AGENT4), len(CABLELABS_CLIENT_CONF), len(DOCSIS4)] == [124, 20, 9, 2]
    for row in (*STANDARD4, *AGENT4, *CABLELABS_CLIENT_CONF, *DOCSIS4):
        assert DEFINITIONS4.by_code(row.space, row.code) is DEFINITIONS4.by_name(row.space, row.name)
        assert not (row.encapsulate and row.array)


def test_a_user_definition_is_found_and_goes_before_the_last_resort() -> None:
    mine = Definition("dhcp4", 43, "mine", "uint8")
    more = DEFINITIONS4.extended([mine, Definition("vendor-4491", 1, "other", "string")])
    assert more.by_code("dhcp4", 43) is mine
    assert more.by_code("vendor-4491", 1) is more.by_name("vendor-4491", "other")
    assert DEFINITIONS4.by_code("dhcp4", 43) is not mine
    assert set(more.in_space("vendor-4491")) == {1, 2}


@pytest.mark.parametrize(
    "rows",
    [
        [Definition("dhcp4", 3, "mine", "uint8")],
        [Definition("dhcp4", 222, "routers", "uint8")],
        [Definition("a", 1, "x", "uint8"), Definition("a", 1, "y", "uint8")],
        [Definition("a", 1, "x", "uint8"), Definition("a", 2, "x", "uint8")],
        [Definition("dhcp4", 255, "x", "uint8")],
    ],
)
def test_a_user_definition_in_the_place_of_another_is_refused(rows: list[Definition]) -> None:
    with pytest.raises(ValueError, match=r"."):
        DEFINITIONS4.extended(rows)


@pytest.mark.parametrize(
    "row",
    [
        Definition("a", 1, "-x", "uint8"),
        Definition("a_", 1, "x", "uint8"),
        Definition("a", 1, "x", "uint64"),
        Definition("a", 1, "x", "tuple16"),
        Definition("a", 1, "x", "string", array=True),
        Definition("a", 1, "x", "uint8", array=True, encapsulate="b"),
        Definition("a", 1, "x", "uint8", encapsulate="a"),
        Definition("a", 1, "x", "uint8", record=("uint8",)),
        Definition("a", 1, "x", "record", record=("uint8",)),
        Definition("a", 1, "x", "record", record=("string", "uint8")),
        Definition("a", 1, "x", "record", record=("uint8", "empty")),
        Definition("a", 1, "x", "record", array=True, record=("uint8", "string")),
    ],
)
def test_a_definition_that_kea_refuses_is_refused(row: Definition) -> None:
    with pytest.raises(ValueError, match="option definition"):
        validate(row)


@pytest.mark.parametrize(
    ("space", "number"), [("vendor-4491", 4491), ("vendor-x", 0), ("dhcp4", 0), ("vendor-4294967296", 0)]
)
def test_a_vendor_space_names_its_enterprise(space: str, number: int) -> None:
    assert vendor_of(space) == number


def test_a_payload_is_brought_to_keas_normal_form() -> None:
    assert conform(standard("host-name"), b"a\0\0") == b"a"
    assert conform(standard("domain-search"), b"\1a\1b\0\1c\xc0\2") == b"\1a\1b\0\1c\1b\0"
    assert conform(standard("slp-directory-agent"), b"\1\x0a\0\0\1\x0a") == b"\1\x0a\0\0\1"


def test_values_are_shown_as_the_configuration_has_them() -> None:
    assert decode(standard("fqdn"), b"\4\0\0\3foo\0") == ["4", "0", "0", "foo."]
    assert decode(standard("vendor-class-identifier"), b"\xffa") == ["\\xffa"]
    assert decode(custom("record", "uint8", "boolean", array=True), b"\5\1\0") == ["5", "true", "false"]
    assert decode(custom("tuple", array=True), b"\1a\0") == ["a", ""]
    with pytest.raises(WireError):
        decode(standard("ip-forwarding"), b"\2")
