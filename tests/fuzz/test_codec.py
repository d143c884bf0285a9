"""Whatever arrives, the codec gives a message or WireError; whatever it wrote, it reads back."""

from __future__ import annotations

import os
from ipaddress import IPv4Address
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kea_mp.dhcp.dnr import dnr4_to_texts
from kea_mp.dhcp.fields import FIELDS
from kea_mp.dhcp.judge4 import judge
from kea_mp.dhcp.message4 import Message4, decode4, encode4, pack_option, sub_options
from kea_mp.dhcp.names import name_to_text, name_to_wire, parse_fqdn4, read_name
from kea_mp.dhcp.options import Definition, conform, decode, encode_csv, encode_hex, to_csv
from kea_mp.dhcp.special4 import parse_vivco, parse_vivso, routes_to_values
from kea_mp.errors import WireError
from kea_mp.values import masked6, text6

ALL = os.environ.get("KEA_MP_ALL") == "1"
CASES = settings(
    max_examples=100_000 if ALL else 2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
FEWER = settings(CASES, max_examples=20_000 if ALL else 300)

pytestmark = pytest.mark.timeout(1800 if ALL else 120)

HEADER = bytes.fromhex("0101060100000001000000000000000000000000000000000000000002000000000100000000000000000000")
COOKIE = bytes.fromhex("63825363")

tlv = st.tuples(st.integers(0, 255), st.binary(max_size=40)).map(lambda pair: pack_option(*pair))
octet = st.integers(0, 255)
word = st.integers(0, 0xFFFFFFFF)


@CASES
@given(
    st.one_of(st.binary(max_size=600), st.binary(max_size=300).map(lambda b: HEADER + bytes(192) + COOKIE + b)),
    st.booleans(),
)
@example(b"", False)
def test_any_bytes_give_a_message_or_wire_error(data: bytes, lenient: bool) -> None:
    try:
        read = decode4(data, lenient)
    except WireError:
        return
    assert isinstance(read, Message4)
    assert len(read.chaddr) == read.hlen <= 16
    assert 0 <= read.type <= 255
    assert all(0 < code < 255 for code in read.options)


@CASES
@given(
    st.lists(tlv, max_size=12), st.binary(max_size=64), st.binary(max_size=128), st.integers(0, 2**32), st.booleans()
)
def test_a_mutated_message_gives_a_message_or_wire_error(
    options: list[bytes], sname: bytes, file: bytes, seed: int, lenient: bool
) -> None:
    data = bytearray(HEADER + sname.ljust(64, b"\0") + file.ljust(128, b"\0") + COOKIE + b"".join(options) + b"\xff")
    random = Random(seed)
    for _ in range(random.randrange(4)):
        data[random.randrange(len(data))] = random.randrange(256)
    cut = random.choice((len(data), random.randrange(len(data))))
    try:
        assert isinstance(decode4(bytes(data[:cut]), lenient), Message4)
    except WireError:
        return


#: codes without a standard definition, so that any payload is good
free_codes = st.sampled_from([43, 63, 80, 84, 224, 254])


@FEWER
@given(
    st.fixed_dictionaries(
        {
            **dict.fromkeys(("op", "htype", "hops"), octet),
            **{name: st.integers(0, 0xFFFF) for name in ("secs", "flags")},
            **dict.fromkeys(("xid", "ciaddr", "yiaddr", "siaddr", "giaddr"), word),
            "chaddr": st.binary(max_size=16),
            "sname": st.binary(max_size=64),
            "file": st.binary(max_size=128),
        }
    ),
    st.dictionaries(free_codes, st.binary(max_size=700)),
)
def test_a_written_message_is_read_back(fields: dict[str, Any], options: dict[int, bytes]) -> None:
    packed = b"".join(pack_option(code, payload) for code, payload in options.items())
    chaddr, sname, file = (fields[name] for name in ("chaddr", "sname", "file"))
    read = decode4(encode4(**fields, hlen=len(chaddr), options=packed))
    names = {"sname": sname.rstrip(b"\0"), "file": file.rstrip(b"\0")}
    assert read == Message4(**{**fields, **names, "hlen": len(chaddr), "options": options})


@CASES
@given(octet, st.binary(max_size=80), st.booleans())
def test_any_option_is_judged_or_refused(code: int, payload: bytes, lenient: bool) -> None:
    try:
        kept = judge(code, payload, lenient)
    except WireError:
        return
    assert kept is None or isinstance(kept, bytes)


@FEWER
@given(st.binary(max_size=80))
def test_any_payload_is_parsed_or_refused_everywhere(payload: bytes) -> None:
    for parse in (sub_options, read_name, parse_fqdn4, parse_vivco, parse_vivso, routes_to_values, dnr4_to_texts):
        try:
            parse(payload)
        except WireError:
            continue


def whole(low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low, high).map(str)


label = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.\\ ,ä", min_size=1, max_size=12).map(
    lambda text: name_to_text(bytes((len(text.encode()),)) + text.encode() + b"\0", final_dot=False)
)
plain = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40).filter(
    lambda text: text == text.strip(" \t\n")
)
psid = st.integers(0, 16).flatmap(lambda n: st.integers(0, (1 << n) - 1).map(lambda value: f"{value}/{n}"))
TEXTS: dict[str, st.SearchStrategy[str]] = {
    "boolean": st.sampled_from(["true", "false"]),
    "int8": whole(-128, 127),
    "int16": whole(-0x8000, 0x7FFF),
    "int32": whole(-0x80000000, 0x7FFFFFFF),
    "uint8": whole(0, 0xFF),
    "uint16": whole(0, 0xFFFF),
    "uint32": whole(0, 0xFFFFFFFF),
    "ipv4-address": word.map(IPv4Address).map(str),
    "ipv6-address": st.binary(min_size=16, max_size=16).map(text6),
    "ipv6-prefix": st.tuples(st.binary(min_size=16, max_size=16), st.integers(0, 128)).map(
        lambda pair: f"{text6(masked6(*pair))}/{pair[1]}"
    ),
    "psid": psid,
    "fqdn": st.lists(label, min_size=1, max_size=4).map(lambda labels: ".".join(labels) + "."),
    "tuple": plain,
    "string": plain,
    "binary": st.binary(min_size=1, max_size=40).map(lambda data: data.hex().upper()),
}
LAST_ONLY = ("string", "binary")


def csv(values: list[str]) -> str:
    return ", ".join(value.replace("\\", "\\\\").replace(",", "\\,") for value in values)


@FEWER
@given(st.data())
@pytest.mark.parametrize("name", sorted(TEXTS))
def test_a_value_of_every_type_comes_back_from_the_wire(name: str, data: st.DataObject) -> None:
    text = data.draw(TEXTS[name])
    definition = Definition("mine", 1, "one", name)
    wire = encode_csv(definition, csv([text]))
    assert decode(definition, wire) == [text]
    assert encode_csv(definition, to_csv(definition, wire)) == wire
    assert encode_hex(wire.hex(), definition) == wire
    assert not FIELDS[name].size or FIELDS[name].size == len(wire)


@FEWER
@given(st.data())
def test_arrays_and_records_come_back_from_the_wire(data: st.DataObject) -> None:
    singles = sorted(set(TEXTS) - set(LAST_ONLY))
    record = data.draw(st.lists(st.sampled_from(singles), min_size=1, max_size=4))
    array = data.draw(st.booleans())
    last = data.draw(st.sampled_from(singles if array else sorted(TEXTS)))
    repeated = data.draw(st.integers(1, 4)) if array else 1
    types = [*record, *[last] * repeated]
    definition = Definition("mine", 1, "many", "record", array, (*record, last))
    values = [data.draw(TEXTS[name]) for name in types]
    wire = encode_csv(definition, csv(values))
    assert decode(definition, wire) == values
    if array:
        rows = Definition("mine", 2, "list", last, array=True)
        assert decode(rows, encode_csv(rows, csv(values[len(record) :]))) == values[len(record) :]


@CASES
@given(st.sampled_from(sorted(TEXTS)), st.booleans(), st.binary(max_size=60), st.booleans())
def test_any_bytes_suit_a_definition_or_are_refused(name: str, array: bool, payload: bytes, lenient: bool) -> None:
    definition = Definition("mine", 1, "any", name, array and name not in LAST_ONLY)
    try:
        kept = conform(definition, payload, lenient)
        assert conform(definition, kept, lenient) == kept
        decode(definition, payload)
    except WireError:
        return


@CASES
@given(st.sampled_from(sorted(TEXTS)), st.text(max_size=60))
def test_any_text_is_encoded_or_refused_with_value_error(name: str, text: str) -> None:
    for definition in (Definition("mine", 1, "any", name), Definition("dhcp4", 121, "r", "internal")):
        try:
            encode_csv(definition, text)
            encode_hex(text, definition)
        except ValueError:
            continue


@FEWER
@given(st.lists(st.binary(min_size=1, max_size=63), max_size=4))
def test_any_labels_survive_as_text(labels: list[bytes]) -> None:
    wire = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
    if len(wire) <= 255:
        assert name_to_wire(name_to_text(wire)) == wire
        assert read_name(wire) == (wire, len(wire))
