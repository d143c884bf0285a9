"""DHCPv6 options whose format no list of fields describes: vendor options (16, 17), FQDN (39), excluded prefix (67),
encrypted DNS (144), and those that contain options.

Runs in: any
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import unpack

from kea_mp.dhcp.dnr import dnr6_from_text, dnr6_to_texts
from kea_mp.dhcp.fields import take
from kea_mp.dhcp.names import parse_fqdn6
from kea_mp.dhcp.special import SkippedOption, SkippedRest, Special
from kea_mp.dhcp.tokens import rejoined
from kea_mp.errors import WireError
from kea_mp.values import masked6


def sub_options6(payload: bytes, at: int = 0) -> tuple[dict[int, list[bytes]], int]:
    """The options in payload[at:] (of RSOO, of a vendor …): code → payloads of its instances; and where they end, which
    is before the end of the payload when the last one is cut off."""
    found: dict[int, list[bytes]] = {}
    end = len(payload)
    while at + 4 <= end:
        stop = at + 4 + (payload[at + 2] << 8 | payload[at + 3])
        if stop > end:
            break
        found.setdefault(payload[at] << 8 | payload[at + 1], []).append(payload[at + 4 : stop])
        at = stop
    return found, at


def parse_codes(payload: bytes) -> tuple[int, ...]:
    """The option codes in an ORO (6, RFC 8415 21.7) or ERO (43) that was judged already."""
    return unpack(f"!{len(payload) // 2}H", payload)


def parse_vendor_opts(payload: bytes) -> tuple[int, dict[int, list[bytes]]]:
    """Option 17 (RFC 8415 21.17): enterprise and its options. SkippedRest: a part is cut off."""
    if len(payload) < 4:
        raise SkippedRest(f"vendor options of {len(payload)} bytes have no enterprise number")
    options, end = sub_options6(payload, 4)
    if end != len(payload):
        raise SkippedRest(f"vendor options of enterprise {int.from_bytes(payload[:4], 'big')} are cut off")
    return int.from_bytes(payload[:4], "big"), options


def parse_tuples(payload: bytes, at: int = 0, lenient: bool = False) -> list[bytes]:
    """Values behind their length on two bytes (options 15, 16, 60, 136). WireError: one is cut off; with lenient it is
    what there is of it."""
    values = []
    while at < len(payload):
        size = int.from_bytes(take(payload, at, 2), "big")
        value = payload[at + 2 : at + 2 + size]
        if len(value) < size and not lenient:
            raise WireError(f"a value of {size} bytes is cut off after {len(value)}")
        values.append(value)
        at += 2 + size
    return values


def pack_tuples(values: Iterable[bytes]) -> bytes:
    """Values, each behind its length on two bytes."""
    return b"".join(len(value).to_bytes(2, "big") + value for value in values)


def parse_vendor_class(payload: bytes, lenient: bool = False) -> tuple[int, list[bytes]]:
    """Option 16 (RFC 8415 21.16): enterprise and its classes. WireError: a part is cut off."""
    return int.from_bytes(take(payload, 0, 4), "big"), parse_tuples(payload, 4, lenient)


def pack_pd_exclude(prefix: bytes, length: int, excluded: bytes, excluded_length: int) -> bytes:
    """The payload of option 67 (RFC 6603 4.2) for an excluded prefix, longer than the prefix that it is within."""
    bits = excluded_length - length
    subnet = int.from_bytes(excluded, "big") >> 128 - excluded_length & (1 << bits) - 1
    size = (bits + 7) // 8
    return bytes((excluded_length,)) + (subnet << 8 * size - bits).to_bytes(size, "big")


def parse_pd_exclude(payload: bytes, prefix: bytes, length: int) -> tuple[bytes, int]:
    """The excluded prefix of a delegated one and its length. WireError: it is not within it."""
    excluded_length = take(payload, 0, 1)[0]
    bits = excluded_length - length
    if not 0 < bits <= 128 - length or len(payload) - 1 != (bits + 7) // 8:
        raise WireError(
            f"excluded prefix of {excluded_length} bits in {len(payload)} bytes, within one of {length} bits"
        )
    subnet = int.from_bytes(payload[1:], "big") >> 8 * (len(payload) - 1) - bits
    whole = int.from_bytes(masked6(prefix, length), "big") | subnet << 128 - excluded_length
    return whole.to_bytes(16, "big"), excluded_length


def _conform_fqdn(data: bytes, lenient: bool) -> bytes:
    try:
        parse_fqdn6(data, lenient)
    except WireError as problem:
        if lenient and data:
            raise SkippedOption(str(problem)) from None
        raise
    return data


def _conform_vendor_class(data: bytes, lenient: bool) -> bytes:
    parse_vendor_class(data, lenient)
    return data


def _conform_vendor_opts(data: bytes, lenient: bool) -> bytes:
    parse_vendor_opts(data)
    return data


def _conform_tuples(data: bytes, lenient: bool) -> bytes:
    parse_tuples(data, lenient=lenient)
    return data


def _conform_pd_exclude(data: bytes, lenient: bool) -> bytes:
    if len(data) < 2 or not data[0]:
        raise WireError(f"excluded prefix of {data[0] if data else 0} bits in {len(data)} bytes")
    return data


def _conform_dnr(data: bytes, lenient: bool) -> bytes:
    dnr6_to_texts(data)
    return data


def _at_least(size: int) -> Special:
    """Fields of this size, then options."""

    def conform(data: bytes, lenient: bool) -> bytes:
        take(data, 0, size)
        return data

    return Special(conform=conform)


def _fqdn_values(data: bytes) -> list[str]:
    fqdn = parse_fqdn6(data, lenient=True)
    return [str(fqdn.flags), fqdn.name + ("." if fqdn.full else "")]


def _pd_exclude_values(data: bytes) -> list[str]:
    return [str(take(data, 0, 2)[0]), data[1:].hex().upper()]


def _dnr_encoded(values: list[str]) -> bytes:
    return dnr6_from_text(rejoined(values))


IA_NA, IA_TA, IAADDR, VENDOR_CLASS, VENDOR_OPTS, IA_PD, IAPREFIX = 3, 4, 5, 16, 17, 25, 26
FQDN, BOOTFILE_PARAM, PD_EXCLUDE, SZTP, DNR = 39, 60, 67, 136, 144
SPECIAL6 = {
    IA_NA: _at_least(12),
    IA_TA: _at_least(4),
    IAADDR: _at_least(24),
    VENDOR_CLASS: Special(conform=_conform_vendor_class),
    VENDOR_OPTS: Special(conform=_conform_vendor_opts),
    IA_PD: _at_least(12),
    IAPREFIX: _at_least(25),
    FQDN: Special(conform=_conform_fqdn, decode=_fqdn_values),
    BOOTFILE_PARAM: Special(conform=_conform_tuples),
    PD_EXCLUDE: Special(conform=_conform_pd_exclude, decode=_pd_exclude_values),
    SZTP: Special(conform=_conform_tuples),
    DNR: Special(_dnr_encoded, _conform_dnr, dnr6_to_texts, between=" | "),
}  #: by code, in the space dhcp6
