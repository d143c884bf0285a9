"""DHCPv4 options whose format no list of fields describes: FQDN (81), classless routes (121), vendor options (124,
125), encrypted DNS (162).

Runs in: any
"""

from __future__ import annotations

import re

from kea_mp.dhcp.dnr import dnr4_from_text, dnr4_to_texts
from kea_mp.dhcp.fields import address_bytes, take
from kea_mp.dhcp.names import parse_fqdn4
from kea_mp.dhcp.special import SkippedOption, Special
from kea_mp.dhcp.tokens import BLANKS, rejoined, split
from kea_mp.errors import WireError
from kea_mp.values import text4

_WIDTH = re.compile(r"\+?[0-9]{1,3}")


def routes_from_values(values: list[str]) -> bytes:
    """Option 121 (RFC 3442) from Kea's notation "10.0.0.0/8 - 10.1.1.1", one route a value."""
    data = b"".join(_route(value) for value in values)
    if not data:
        raise ValueError("no route specified")
    return data


def _route(value: str) -> bytes:
    parts = [part.strip(BLANKS) for part in split(value, "-", escape=False)]
    subnet, slash, width_text = parts[0].partition("/") if len(parts) == 2 else ("", "", "")
    if not slash:
        raise ValueError(f"{value!r} is not a route like 10.229.0.128/25 - 10.229.0.1")
    if not _WIDTH.fullmatch(width_text) or (width := int(width_text)) > 32:
        raise ValueError(f"{value!r} has a prefix length that is not 0 to 32")
    octets = address_bytes(subnet)[: (width + 7) // 8]
    return bytes((width,)) + octets + address_bytes(parts[1])


def routes_to_values(data: bytes) -> list[str]:
    """The routes of option 121. WireError: not even one, one is cut off, or its mask is too wide."""
    if not data:
        raise WireError("classless static route option is empty")
    routes, at = [], 0
    while at < len(data):
        width = data[at]
        if width > 32:
            raise WireError(f"classless static route has a mask of {width} bits")
        size = (width + 7) // 8
        subnet = int.from_bytes(take(data, at + 1, size).ljust(4, b"\0"), "big")
        router = int.from_bytes(take(data, at + 1 + size, 4), "big")
        routes.append(f"{text4(subnet)}/{width} - {text4(router)}")
        at += size + 5
    return routes


def parse_vivco(payload: bytes) -> dict[int, list[bytes]]:
    """Option 124 (RFC 3925 3): enterprise → vendor classes.

    As in Kea a class that is cut off ends the option quietly, a cut-off enterprise number is a WireError.
    """
    found: dict[int, list[bytes]] = {}
    at = 0
    while at < len(payload):
        enterprise = int.from_bytes(take(payload, at, 4), "big")
        start = at + 5
        if start > len(payload) or (at := start + payload[start - 1]) > len(payload):
            break
        found.setdefault(enterprise, []).append(payload[start:at])
    return found


def check_vivco(payload: bytes) -> None:
    """ValueError: a configured option 124 ends within a class, or has classes of several enterprises."""
    classes = parse_vivco(payload)
    used = sum(5 + len(value) for values in classes.values() for value in values)
    if used != len(payload) and len(payload) != 4:
        raise ValueError("the vendor class ends before its length says so")
    if len(classes) > 1:
        raise ValueError("a configured vendor class option has one enterprise number only")


def pack_vivco(classes: dict[int, list[bytes]]) -> bytes:
    """The payload of option 124. ValueError: a class is longer than 255 bytes."""
    for values in classes.values():
        if any(len(value) > 255 for value in values):
            raise ValueError("a vendor class is longer than 255 bytes")
    return b"".join(
        b"%b%c%b" % (enterprise.to_bytes(4, "big"), len(value), value)
        for enterprise, values in classes.items()
        for value in values
    )


def parse_vivso(payload: bytes) -> dict[int, bytes]:
    """Option 125 (RFC 3925 4): enterprise → its sub-options, packed, blocks of one enterprise put together.

    WireError: a block or a sub-option is cut off.
    """
    found: dict[int, bytes] = {}
    at = 0
    while at < len(payload):
        enterprise = int.from_bytes(take(payload, at, 4), "big")
        size = take(payload, at + 4, 1)[0]
        block = take(payload, at + 5, size)
        _boundaries(block)
        found[enterprise] = found.get(enterprise, b"") + block
        at += 5 + size
    return found


def pack_vivso(blocks: dict[int, bytes]) -> bytes:
    """The payload of option 125 from enterprise → packed sub-options.

    More than 255 bytes become several blocks of the same enterprise, cut between sub-options. ValueError: one
    sub-option is too long for a block. WireError: they are no sub-options.
    """
    packed = bytearray()
    for enterprise, options in blocks.items():
        start, stop = 0, 0
        for end in [*_boundaries(options), None]:
            if end is None or end - start > 255:
                if stop - start > 255 or (end is not None and end - stop > 255):
                    raise ValueError(f"a sub-option of enterprise {enterprise} is longer than 253 bytes")
                packed += b"%b%c%b" % (enterprise.to_bytes(4, "big"), stop - start, options[start:stop])
                start = stop
            stop = stop if end is None else end
    return bytes(packed)


def _boundaries(options: bytes) -> list[int]:
    """Where each sub-option ends. WireError: one is cut off."""
    ends, at = [], 0
    while at < len(options):
        at += 2 + take(options, at, 2)[1]
        if at > len(options):
            raise WireError("vendor sub-option is cut off")
        ends.append(at)
    return ends


def _conform_fqdn(data: bytes, lenient: bool) -> bytes:
    try:
        parse_fqdn4(data, lenient)
    except WireError as problem:
        if lenient and len(data) >= 3:
            raise SkippedOption(str(problem)) from None
        raise
    return data


def _conform_routes(data: bytes, lenient: bool) -> bytes:
    routes_to_values(data)
    return data


def _conform_dnr(data: bytes, lenient: bool) -> bytes:
    dnr4_to_texts(data)
    return data


def _conform_vivco(data: bytes, lenient: bool) -> bytes:
    """What Kea cannot parse of a vendor option it leaves out."""
    try:
        parse_vivco(data)
    except WireError as problem:
        raise SkippedOption(str(problem)) from None
    return data


def _conform_vivso(data: bytes, lenient: bool) -> bytes:
    if len(data) != 4:  # only the enterprise number: the sub-options come from elsewhere in the configuration
        try:
            parse_vivso(data)
        except WireError as problem:
            raise SkippedOption(str(problem)) from None
    return data


def _fqdn_values(data: bytes) -> list[str]:
    fqdn = parse_fqdn4(data, lenient=True)
    return [str(fqdn.flags), str(fqdn.rcode1), str(fqdn.rcode2), fqdn.name + ("." if fqdn.full else "")]


def _dnr_encoded(values: list[str]) -> bytes:
    return dnr4_from_text(rejoined(values))


FQDN, ROUTES, VIVCO, VIVSO, DNR = 81, 121, 124, 125, 162
SPECIAL4 = {
    FQDN: Special(conform=_conform_fqdn, decode=_fqdn_values),
    ROUTES: Special(routes_from_values, _conform_routes, routes_to_values),
    VIVCO: Special(conform=_conform_vivco, check=check_vivco),
    VIVSO: Special(conform=_conform_vivso),
    DNR: Special(_dnr_encoded, _conform_dnr, dnr4_to_texts, between=" | "),
}  #: by code, in the space dhcp4
