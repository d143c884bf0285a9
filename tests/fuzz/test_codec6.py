"""The DHCPv6 codec against generated and broken input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kea_mp.dhcp.definitions6 import DEFINITIONS6
from kea_mp.dhcp.duid import duid_from_text, duid_text, hardware, is_duid
from kea_mp.dhcp.judge6 import judge
from kea_mp.dhcp.message6 import (
    IA_NA,
    IA_PD,
    IA_TA,
    RELAY_FORW,
    RELAY_REPL,
    Ia,
    Leased,
    Message6,
    Relay6,
    Status,
    decode6,
    encode6,
    pack_ia,
    pack_iaaddr,
    pack_iaprefix,
    pack_option6,
    pack_status,
)
from kea_mp.dhcp.names import name_to_wire, parse_fqdn6
from kea_mp.dhcp.options import conform, decode, encode_hex, to_csv
from kea_mp.dhcp.special6 import pack_pd_exclude, parse_pd_exclude, parse_vendor_class, parse_vendor_opts
from kea_mp.errors import WireError
from kea_mp.values import masked6
from tests.fuzz.test_codec import ALL, CASES, FEWER

pytestmark = pytest.mark.timeout(1800 if ALL else 120)

RELAYED = (RELAY_FORW, RELAY_REPL)
standard_codes = st.sampled_from(sorted(DEFINITIONS6.in_space("dhcp6")))
#: without a standard definition, so that any payload is good
free_codes = st.sampled_from([10, 35, 54, 84, 112, 200, 40000, 65535])
address = st.binary(min_size=16, max_size=16)
lifetime = st.integers(0, 0xFFFFFFFF)
tlv = st.tuples(st.one_of(standard_codes, free_codes), st.binary(max_size=60)).map(lambda pair: pack_option6(*pair))
tlvs = st.lists(tlv, max_size=6).map(b"".join)
status = st.one_of(st.none(), st.builds(Status, st.integers(0, 0xFFFF), st.text(st.characters(codec="utf-8"))))
options = st.dictionaries(free_codes, st.lists(st.binary(max_size=30), min_size=1, max_size=3), max_size=3)
#: an address keeps all its bits, a prefix those of its length
leased = st.integers(0, 128).flatmap(
    lambda length: st.builds(
        Leased, address.map(lambda a: masked6(a, length)), st.just(length), lifetime, lifetime, status, options
    )
)
associated = st.builds(Leased, address, st.just(128), lifetime, lifetime, status, options)


def association(code: int, lease: st.SearchStrategy[Leased]) -> st.SearchStrategy[Ia]:
    time = st.just(0) if code == IA_TA else lifetime
    leases = st.lists(lease, max_size=2).map(tuple)
    return st.builds(Ia, st.just(code), lifetime, time, time, leases, status, options)


ias = st.lists(
    st.one_of(association(IA_NA, associated), association(IA_TA, associated), association(IA_PD, leased)), max_size=3
)
relays = st.lists(
    st.builds(Relay6, st.integers(0, 255), address, address, options, st.sampled_from(RELAYED)), max_size=4
)
relay_header = st.tuples(st.sampled_from(RELAYED), st.integers(0, 32), address, address).map(
    lambda fields: bytes(fields[:2]) + fields[2] + fields[3]
)


def packed(values: Mapping[int, Sequence[bytes]]) -> bytes:
    return b"".join(pack_option6(code, payload) for code, payloads in values.items() for payload in payloads)


def packed_status(given: Status | None) -> bytes:
    return pack_status(given.code, given.text) if given else b""


def packed_ia(ia: Ia) -> bytes:
    inner = b""
    for lease in ia.leases:
        tail = packed_status(lease.status) + packed(lease.options)
        if ia.code == IA_PD:
            inner += pack_iaprefix(lease.address, lease.length, lease.preferred, lease.valid, tail)
        else:
            inner += pack_iaaddr(lease.address, lease.preferred, lease.valid, tail)
    return pack_ia(ia.code, ia.iaid, ia.t1, ia.t2, inner + packed_status(ia.status) + packed(ia.options))


@CASES
@given(
    st.one_of(
        st.binary(max_size=400),
        st.tuples(st.integers(1, 40), tlvs).map(lambda pair: bytes((pair[0], 1, 2, 3)) + pair[1]),
        st.tuples(relay_header, tlvs, tlvs).map(
            lambda parts: parts[0] + parts[1] + pack_option6(9, b"\x01\x02\x03\x04" + parts[2])
        ),
    ),
    st.booleans(),
)
@example(b"", False)
@example(bytes((RELAY_FORW, 0)) + bytes(32), False)
def test_any_bytes_give_a_message_or_wire_error(data: bytes, lenient: bool) -> None:
    try:
        read = decode6(data, lenient)
    except WireError:
        return
    assert isinstance(read, Message6)
    assert read.type not in RELAYED
    assert 0 <= read.xid < 1 << 24
    assert all(values for values in read.options.values())
    assert len(read.ias) == sum(len(read.options.get(code, ())) for code in (IA_NA, IA_TA, IA_PD))
    for ia in read.ias:
        assert all(lease.length <= 128 and len(lease.address) == 16 for lease in ia.leases)


@CASES
@given(ias, tlvs, st.integers(0, 2**32), st.booleans(), st.integers(0, 3))
def test_a_mutated_message_gives_a_message_or_wire_error(
    associations: list[Ia], more: bytes, seed: int, lenient: bool, depth: int
) -> None:
    message = b"\x01\x02\x03\x04" + b"".join(map(packed_ia, associations)) + more
    for _ in range(depth):
        message = b"\x0c\x00" + bytes(32) + pack_option6(18, b"port") + pack_option6(9, message)
    data = bytearray(message)
    random = Random(seed)
    for _ in range(random.randrange(4)):
        data[random.randrange(len(data))] = random.randrange(256)
    cut = random.choice((len(data), random.randrange(len(data))))
    try:
        assert isinstance(decode6(bytes(data[:cut]), lenient), Message6)
    except WireError:
        return


@FEWER
@given(st.integers(0, 255).filter(lambda kind: kind not in RELAYED), st.integers(0, 0xFFFFFF), options, ias)
def test_a_written_message_is_read_back(
    kind: int, xid: int, values: dict[int, list[bytes]], associations: list[Ia]
) -> None:
    read = decode6(encode6(kind, xid, packed(values) + b"".join(map(packed_ia, associations))))
    assert (read.type, read.xid, read.ias) == (kind, xid, tuple(associations))
    assert {code: found for code, found in read.options.items() if code not in (IA_NA, IA_TA, IA_PD)} == values


@FEWER
@given(relays, options, st.binary(max_size=20))
def test_relay_headers_are_read_and_answered_in_their_order(
    headers: list[Relay6], values: dict[int, list[bytes]], interface: bytes
) -> None:
    data = b"\x01\x02\x03\x04" + packed(values)
    for relay in reversed(headers):
        echoed = pack_option6(18, interface)
        data = (
            bytes((relay.type, relay.hops))
            + relay.link
            + relay.peer
            + packed(relay.options)
            + echoed
            + pack_option6(9, data)
        )
    read = decode6(data)
    assert [(relay.type, relay.hops, relay.link, relay.peer) for relay in read.relays] == [
        (relay.type, relay.hops, relay.link, relay.peer) for relay in headers
    ]
    answer = decode6(encode6(7, read.xid, packed(values), read.relays))
    assert answer.options == values == read.options
    assert [(relay.hops, relay.link, relay.peer, relay.type, relay.options) for relay in answer.relays] == [
        (relay.hops, relay.link, relay.peer, RELAY_REPL, {18: [interface]}) for relay in headers
    ]


@CASES
@given(st.one_of(standard_codes, st.integers(0, 65535)), st.binary(max_size=80), st.booleans())
def test_any_option_is_judged_or_refused(code: int, payload: bytes, lenient: bool) -> None:
    try:
        kept = judge(code, payload, lenient)
    except WireError:
        return
    assert kept is None or isinstance(kept, bytes)


@CASES
@given(standard_codes, st.binary(max_size=80))
def test_what_conforms_conforms_again_and_can_be_shown_or_refused(code: int, payload: bytes) -> None:
    row = DEFINITIONS6.in_space("dhcp6")[code]
    try:
        data = conform(row, payload)
    except WireError:
        return
    assert conform(row, data) == data
    assert encode_hex(data.hex(), row) == data
    try:
        assert isinstance(to_csv(row, data), str)
        assert all(isinstance(value, str) for value in decode(row, data))
    except WireError:
        return  # a boolean of 7 passes, but is not shown


@CASES
@given(st.binary(max_size=80), st.booleans())
def test_any_payload_of_an_option_with_parts_gives_them_or_wire_error(payload: bytes, lenient: bool) -> None:
    for parse in (
        parse_vendor_opts,
        lambda data: parse_vendor_class(data, lenient),
        lambda data: parse_fqdn6(data, lenient),
    ):
        try:
            parse(payload)
        except WireError:
            continue


@CASES
@given(st.binary(max_size=40))
def test_a_client_name_is_written_as_it_was_read(payload: bytes) -> None:
    try:
        read = parse_fqdn6(payload)
    except WireError:
        return
    again = parse_fqdn6(read.pack())
    assert again == read
    if read.name:
        assert name_to_wire(read.name)


@FEWER
@given(st.integers(0, 127).flatmap(lambda n: st.tuples(address, st.just(n), st.integers(n + 1, 128))), address)
def test_an_excluded_prefix_is_read_back(prefix: tuple[bytes, int, int], bits: bytes) -> None:
    whole, length, excluded_length = prefix
    whole = masked6(whole, length)
    low = int.from_bytes(bits, "big") & (1 << 128 - length) - 1
    excluded = masked6((int.from_bytes(whole, "big") | low).to_bytes(16, "big"), excluded_length)
    payload = pack_pd_exclude(whole, length, excluded, excluded_length)
    assert judge(67, payload, lenient=False) == payload
    assert parse_pd_exclude(payload, whole, length) == (excluded, excluded_length)


@FEWER
@given(st.binary(max_size=140))
def test_a_duid_is_read_back_from_its_text(data: bytes) -> None:
    assert isinstance(hardware(data), bytes)
    if is_duid(data):
        assert duid_from_text(duid_text(data)) == data
    else:
        with pytest.raises(ValueError, match=r"bytes"):
            duid_from_text(duid_text(data))
