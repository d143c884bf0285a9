"""DHCPv6 messages from and to bytes."""

from __future__ import annotations

import pytest

from kea_mp.dhcp.message6 import (
    IA_NA,
    IA_PD,
    IA_TA,
    INTERFACE_ID,
    RELAY_FORW,
    RELAY_REPL,
    REPLY,
    SOLICIT,
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
from kea_mp.errors import WireError
from kea_mp.values import address6

#: SOLICIT of a client that wants an address and a prefix, by hand from RFC 8415 8, 21.
SOLICIT_HEX = (
    "01 10874c"  # type, transaction id
    "0001 000a 0003 0001 020000000001"  # client identifier
    "0006 0004 0017 0018"  # option request
    "0008 0002 0064"  # elapsed time
    "000e 0000"  # rapid commit
    "0003 000c 00000001 00000e10 00001518"  # IA_NA
    "0019 0029 00000002 00000000 00000000"  # IA_PD
    "001a 0019 00000064 000000c8 38 20010db8000200000000000000000000"  # a prefix
)
SOLICITED = bytes.fromhex(SOLICIT_HEX)
LINK, PEER = address6("2001:db8::1"), address6("fe80::7")
ADDRESS, PREFIX = address6("2001:db8::5"), address6("2001:db8:2::")


def solicit(options: bytes = b"") -> bytes:
    return b"\x01\x00\x00\x09" + options


def relayed(message: bytes, before: bytes = b"", after: bytes = b"", hops: int = 0) -> bytes:
    return bytes((RELAY_FORW, hops)) + LINK + PEER + before + pack_option6(9, message) + after


def test_a_solicit_is_read_field_by_field() -> None:
    read = decode6(SOLICITED)
    prefix = Leased(PREFIX, 56, preferred=100, valid=200)
    assert (read.type, read.xid, read.relays) == (SOLICIT, 0x10874C, ())
    assert read.ias == (Ia(IA_NA, 1, 3600, 5400), Ia(IA_PD, 2, 0, 0, (prefix,)))
    assert list(read.options) == [1, 6, 8, 14, 3, 25]
    assert read.option(1) == bytes.fromhex("00030001020000000001")
    assert read.option(14) == b""
    assert read.option(2) is None


def test_an_option_that_comes_again_is_a_second_instance() -> None:
    read = decode6(solicit(pack_option6(65000, b"a") + pack_option6(7, b"\x01") + pack_option6(65000, b"b")))
    assert read.options == {65000: [b"a", b"b"], 7: [b"\x01"]}
    assert read.option(65000) == b"a"


def test_several_associations_keep_their_order() -> None:
    packed = [pack_ia(code, iaid, 0, 0, b"") for code, iaid in ((IA_PD, 4), (IA_NA, 9), (IA_TA, 2), (IA_NA, 1))]
    assert [(ia.code, ia.iaid) for ia in decode6(solicit(b"".join(packed))).ias] == [
        (IA_PD, 4),
        (IA_NA, 9),
        (IA_TA, 2),
        (IA_NA, 1),
    ]


def test_addresses_have_their_lifetimes_status_and_options() -> None:
    inner = pack_iaaddr(ADDRESS, 60, 90, pack_status(3, "no such") + pack_option6(65000, b"x"))
    (ia,) = decode6(solicit(pack_ia(IA_NA, 7, 1, 2, inner + pack_status(2, "none")))).ias
    lease = Leased(ADDRESS, 128, 60, 90, Status(3, "no such"), {65000: [b"x"]})
    assert ia == Ia(IA_NA, 7, 1, 2, (lease,), Status(2, "none"))


def test_prefixes_lose_the_bits_behind_their_length() -> None:
    inner = pack_iaprefix(address6("2001:db8:2:ff::1"), 60, 0, 0, pack_option6(67, b"\x40\x55"))
    ((lease,),) = [ia.leases for ia in decode6(solicit(pack_ia(IA_PD, 1, 0, 0, inner))).ias]
    assert lease == Leased(address6("2001:db8:2:f0::"), 60, 0, 0, None, {67: [b"\x40\x55"]})


def test_a_prefix_length_beyond_an_address_is_that_of_an_address() -> None:
    ((lease,),) = [ia.leases for ia in decode6(solicit(pack_ia(IA_PD, 1, 0, 0, pack_iaprefix(ADDRESS, 200, 0, 0)))).ias]
    assert (lease.address, lease.length) == (ADDRESS, 128)


def test_a_prefix_in_an_address_association_is_only_kept() -> None:
    (ia,) = decode6(solicit(pack_ia(IA_NA, 1, 0, 0, pack_iaprefix(PREFIX, 56, 0, 0)))).ias
    assert ia.leases == ()
    assert list(ia.options) == [26]


def test_temporary_addresses_are_read() -> None:
    (ia,) = decode6(solicit(pack_ia(IA_TA, 5, 0, 0, pack_iaaddr(ADDRESS, 1, 2)))).ias
    assert ia == Ia(IA_TA, 5, 0, 0, (Leased(ADDRESS, 128, 1, 2),))


def test_relay_headers_are_in_the_order_of_the_wire() -> None:
    data = relayed(relayed(SOLICITED, pack_option6(INTERFACE_ID, b"in")), pack_option6(37, b"\0\0\0\x09a"), hops=1)
    read = decode6(data)
    assert (read.type, read.xid, len(read.ias)) == (SOLICIT, 0x10874C, 2)
    assert read.relays == (
        Relay6(1, LINK, PEER, {37: [b"\0\0\0\x09a"]}),
        Relay6(0, LINK, PEER, {INTERFACE_ID: [b"in"]}),
    )
    assert read.relays[1].option(INTERFACE_ID) == b"in"
    assert read.relays[0].option(INTERFACE_ID) is None


def test_options_behind_the_relayed_message_count() -> None:
    assert decode6(relayed(SOLICITED, after=pack_option6(INTERFACE_ID, b"x"))).relays[0].option(INTERFACE_ID) == b"x"


def test_of_several_relayed_messages_the_last_counts() -> None:
    data = relayed(b"\x03\0\0\x01", after=pack_option6(9, SOLICITED))
    assert decode6(data).type == SOLICIT


@pytest.mark.parametrize(("depth", "good"), [(32, True), (33, False)])
def test_32_relay_headers_are_the_most(depth: int, good: bool) -> None:
    data = SOLICITED
    for hops in range(depth):
        data = relayed(data, hops=hops)
    if good:
        assert len(decode6(data).relays) == depth
        return
    with pytest.raises(WireError, match="more than 32"):
        decode6(data)


def test_an_answer_is_wrapped_as_its_query_was() -> None:
    before = pack_option6(135, b"\x02\x23") + pack_option6(INTERFACE_ID, b"eth0") + pack_option6(37, b"\0\0\0\x09a")
    query = decode6(relayed(relayed(SOLICITED, before), hops=1))
    preference = pack_option6(7, b"\xff")
    inner = (
        b"\x0d\0" + LINK + PEER + pack_option6(INTERFACE_ID, b"eth0") + pack_option6(135, b"\x02\x23")
        + pack_option6(9, b"\x07\x10\x87\x4c" + preference)
    )  # fmt: skip
    wrapped = encode6(REPLY, query.xid, preference, query.relays)
    assert wrapped == b"\x0d\x01" + LINK + PEER + pack_option6(9, inner)
    assert [relay.type for relay in decode6(wrapped).relays] == [RELAY_REPL, RELAY_REPL]


def test_an_answer_to_a_direct_query_has_no_header() -> None:
    assert encode6(REPLY, 0x10874C, pack_option6(7, b"\x01")) == bytes.fromhex("07 10874c 0007 0001 01")


@pytest.mark.parametrize(
    ("packed", "wire"),
    [
        (pack_ia(IA_NA, 1, 2, 3, b"abcd"), "0003 0010 00000001 00000002 00000003 61626364"),
        (pack_ia(IA_TA, 1, 2, 3, b""), "0004 0004 00000001"),
        (pack_iaaddr(ADDRESS, 1, 2), "0005 0018 20010db8000000000000000000000005 00000001 00000002"),
        (pack_iaprefix(PREFIX, 56, 1, 2), "001a 0019 00000001 00000002 38 20010db8000200000000000000000000"),
        (pack_status(6, "no"), "000d 0004 0006 6e6f"),
    ],
)
def test_options_are_written_as_the_rfc_draws_them(packed: bytes, wire: str) -> None:
    assert packed == bytes.fromhex(wire)


def test_a_message_that_does_not_fit_into_a_relay_header_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        encode6(REPLY, 1, bytes(0xFFFF), (Relay6(0, LINK, PEER),))


@pytest.mark.parametrize("tail", [b"\0", b"\0\1", b"\0\1\0", b"\0\1\0\5abcd"])
def test_what_the_end_cuts_off_is_no_option(tail: bytes) -> None:
    assert decode6(SOLICITED + tail) == decode6(SOLICITED)


def test_a_broken_vendor_option_ends_the_options() -> None:
    read = decode6(solicit(pack_option6(7, b"\1") + pack_option6(17, b"\0\0\1") + pack_option6(8, b"\0\0")))
    assert read.options == {7: [b"\1"]}
    assert "enterprise" in read.skipped
    assert not decode6(SOLICITED).skipped


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01\x00\x00",
        relayed(SOLICITED)[:33],
        relayed(SOLICITED)[:-1],
        relayed(b""),
        relayed(b"\x01\x02\x03"),
        relayed(SOLICITED, after=pack_option6(9, b"")),
        bytes((RELAY_FORW, 0)) + LINK + PEER + pack_option6(INTERFACE_ID, b"x"),
        relayed(SOLICITED, pack_option6(17, b"x")),
        relayed(SOLICITED, pack_option6(37, b"x")),
    ],
)
def test_bytes_that_are_no_message_are_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        decode6(data)


def test_a_relay_option_broken_behind_the_message_loses_only_itself() -> None:
    read = decode6(relayed(SOLICITED, pack_option6(INTERFACE_ID, b"x"), pack_option6(17, b"x")))
    assert read.relays == (Relay6(0, LINK, PEER, {INTERFACE_ID: [b"x"]}),)


#: asked of kea-dhcp6 3.0.4: it drops the message
CONDEMNED = {
    "IA_NA too short": pack_option6(3, bytes(8)),
    "IA_TA too short": pack_option6(4, bytes(3)),
    "IA_PD too short": pack_option6(25, b""),
    "IAADDR too short": pack_ia(IA_NA, 1, 0, 0, pack_option6(5, bytes(23))),
    "IAPREFIX too short": pack_ia(IA_PD, 1, 0, 0, pack_option6(26, bytes(24))),
    "IA in IA too short": pack_ia(IA_NA, 1, 0, 0, pack_option6(3, b"a")),
    "IAADDR outside too short": pack_option6(5, bytes(3)),
    "ORO odd": pack_option6(6, bytes(3)),
    "ORO empty": pack_option6(6, b""),
    "elapsed time too short": pack_option6(8, b"\0"),
    "unicast too short": pack_option6(12, bytes(3)),
    "status code too short": pack_option6(13, b"\0"),
    "vendor class without enterprise": pack_option6(16, bytes(3)),
    "vendor class cut off": pack_option6(16, bytes(4) + b"\0\5ab"),
    "vendor sub-option empty": pack_option6(17, (4491).to_bytes(4, "big") + pack_option6(2, b"")),
    "vendor sub-option too short": pack_option6(17, (4491).to_bytes(4, "big") + pack_option6(1, b"\0")),
    "DNS servers": pack_option6(23, bytes(15)),
    "domain search": pack_option6(24, b"\5a"),
    "compressed domain search": pack_option6(24, b"\1a\0\1b\xc0\0"),
    "geoconf": pack_option6(36, b"\0"),
    "remote-id": pack_option6(37, b"\0"),
    "FQDN empty": pack_option6(39, b""),
    "FQDN with N and S": pack_option6(39, b"\5"),
    "FQDN cut off": pack_option6(39, b"\0\5ab"),
    "query": pack_option6(44, bytes(3)),
    "option in client data": pack_option6(45, pack_option6(6, b"\0")),
    "NTP sub-option": pack_option6(56, pack_option6(1, bytes(3))),
    "boot parameter cut off": pack_option6(60, b"\0\5a"),
    "architecture": pack_option6(61, b"\0"),
    "NII": pack_option6(62, b"\1\2"),
    "AFTR name empty": pack_option6(64, b""),
    "excluded prefix too short": pack_ia(IA_PD, 1, 0, 0, pack_iaprefix(PREFIX, 64, 0, 0, pack_option6(67, b"\1"))),
    "excluded prefix of 0 bits": pack_ia(IA_PD, 1, 0, 0, pack_iaprefix(PREFIX, 64, 0, 0, pack_option6(67, b"\0\1"))),
    "RDNSS selection cut off": pack_option6(74, bytes(16)),
    "rule in a container": pack_option6(94, pack_option6(89, bytes(3))),
    "relay port": pack_option6(135, b"a"),
    "DNR too short": pack_option6(144, b"\0"),
    "DNR without address": pack_option6(144, b"\0\1\0\3\1a\0\0\0"),
}


@pytest.mark.parametrize("options", CONDEMNED.values(), ids=CONDEMNED.keys())
def test_options_that_condemn_their_message(options: bytes) -> None:
    with pytest.raises(WireError):
        decode6(solicit(options))


#: asked of kea-dhcp6 3.0.4: it answers, and so the option has (None: has not) a place in the message
BORNE = {
    "elapsed time too long": (8, bytes(4), bytes(2)),
    "rapid commit with content": (14, b"xx", b""),
    "status code without text": (13, bytes(2), bytes(2)),
    "user class cut off": (15, b"\0\5ab", b"\0\5ab"),
    "vendor class without class": (16, bytes(4), bytes(4)),
    "FQDN without name": (39, b"\0", b"\0"),
    "FQDN with a partial name": (39, b"\0\2ab", b"\0\2ab"),
    "DNS servers, none": (23, b"", b""),
    "domain search, none": (24, b"", b""),
    "URL, empty": (59, b"", None),
    "captive portal of NULs": (103, b"\0", None),
    "NII too long": (62, b"\1\2\3\4", b"\1\2\3"),
    "AFTR name too long": (64, b"\1a\0junk", b"\1a\0"),
    "NTP sub-option cut off": (56, b"\0\1\0\5a", b"\0\1\0\5a"),
    "DNR with a name only": (144, b"\0\1\0\3\1a\0", b"\0\1\0\3\1a\0"),
    "unicast too long": (12, bytes(20), bytes(16)),
    "RSOO cut off": (66, b"\0\1\0\5a", b"\0\1\0\5a"),
    "a code without definition": (40000, b"abc", b"abc"),
    "a relayed message in a client's": (9, b"abc", b"abc"),
}


@pytest.mark.parametrize(("code", "payload", "kept"), BORNE.values(), ids=BORNE.keys())
def test_options_that_are_borne(code: int, payload: bytes, kept: bytes | None) -> None:
    assert decode6(solicit(pack_option6(code, payload))).option(code) == kept


LENIENT = {
    "FQDN with N and S": (39, b"\5", b"\5"),
    "FQDN cut off": (39, b"\0\5ab", None),
    "vendor class cut off": (16, bytes(4) + b"\0\5ab", bytes(4) + b"\0\5ab"),
    "boot parameter cut off": (60, b"\0\5a", b"\0\5a"),
    "domain search": (24, b"\5a", None),
    "AFTR name empty": (64, b"", None),
}


@pytest.mark.parametrize(("code", "payload", "kept"), LENIENT.values(), ids=LENIENT.keys())
def test_lenient_parsing_bears_more(code: int, payload: bytes, kept: bytes | None) -> None:
    data = solicit(pack_option6(code, payload))
    with pytest.raises(WireError):
        decode6(data)
    assert decode6(data, lenient=True).option(code) == kept


def test_lenient_parsing_does_not_bear_what_has_nothing_to_do_with_names() -> None:
    with pytest.raises(WireError):
        decode6(solicit(pack_option6(74, bytes(16))), lenient=True)


def test_messages_of_every_type_are_read() -> None:
    for kind in range(256):
        if kind not in (RELAY_FORW, RELAY_REPL):
            assert decode6(bytes((kind, 0, 0, 1))) == Message6(kind, 1, {})


def test_options_within_options_without_end_are_read() -> None:
    payload = b""
    while len(payload) < 60_000:
        payload = pack_option6(45, payload)
    assert decode6(solicit(payload)).option(45) == payload[4:]
