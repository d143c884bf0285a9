"""Which options of a received DHCPv6 message Kea would not take: a length or content that the standard definition
forbids.

`SIZES` is the table for the loop in `message6`: most options pass by one look at it, the others come to `judge`.

Runs in: any
"""

from __future__ import annotations

from collections.abc import Mapping

from kea_mp.dhcp.definitions6 import DEFINITIONS6, STANDARD6
from kea_mp.dhcp.fields import FIELDS
from kea_mp.dhcp.options import DHCP6, Definition, conform, fields_end
from kea_mp.dhcp.special import SkippedOption, SkippedRest
from kea_mp.dhcp.special6 import IA_NA, IA_PD, IA_TA, IAADDR, IAPREFIX, VENDOR_OPTS, parse_vendor_opts, sub_options6
from kea_mp.errors import WireError

ANY, CLOSER, NESTED = -1, -2, -3
ORO = 6
_DEEPEST = 8  #: levels of options within options that are looked at; nothing reads more of them


def _size(row: Definition) -> int:
    if row.code in (IA_NA, IA_TA, IA_PD):
        return NESTED
    if row.code in (IAADDR, IAPREFIX):
        return 24 if row.code == IAADDR else 25
    if row.type == "binary":
        return ANY
    if row.type == "empty" and not row.encapsulate:
        return 0
    if row.array or row.encapsulate or row.type not in FIELDS or row.code == VENDOR_OPTS:
        return CLOSER
    return FIELDS[row.type].size or CLOSER


#: code → the length that an option has, ANY (also of codes that are not here), CLOSER, or NESTED: an IA
SIZES = {row.code: _size(row) for row in STANDARD6}

_SPACES = {space: DEFINITIONS6.in_space(space) for space in {row.encapsulate for row in DEFINITIONS6.standard}}
_VENDORS = {enterprise: DEFINITIONS6.in_space(f"vendor-{enterprise}") for enterprise in (4491, 2495)}
_STANDARD = DEFINITIONS6.in_space(DHCP6)
_UNDEFINED: dict[int, Definition] = {}


def judge(code: int, payload: bytes, lenient: bool) -> bytes | None:
    """The payload to use, or None when Kea leaves the option out. WireError: Kea drops the message; SkippedRest: it
    leaves out what follows as well. What follows a number or an address is cut off, as in Kea 3.0."""
    if code == ORO and payload and not len(payload) % 2:
        return payload  # in nearly every message
    try:
        return _judged(_STANDARD, code, payload, lenient, 0)
    except SkippedOption:
        return None


def _judged(rows: Mapping[int, Definition], code: int, payload: bytes, lenient: bool, depth: int) -> bytes:
    row = rows.get(code)
    if row is None:
        return payload
    try:
        data = conform(row, payload, lenient)
        if row.encapsulate:
            _judge_within(_SPACES[row.encapsulate], payload, fields_end(row, payload), lenient, depth + 1)
        elif code == VENDOR_OPTS and rows is _STANDARD:
            _judge_vendor(payload, lenient, depth + 1)
    except (SkippedOption, SkippedRest):
        raise
    except WireError as problem:
        raise WireError(f"option {code} ({row.name}): {problem}") from None
    return data


def _judge_within(rows: Mapping[int, Definition], payload: bytes, at: int, lenient: bool, depth: int) -> None:
    """The options that follow an option's fields, up to one that is cut off."""
    if depth > _DEEPEST:
        return
    for code, values in sub_options6(payload, at)[0].items():
        for value in values:
            try:
                _judged(rows, code, value, lenient, depth)
            except SkippedOption:
                continue  # an empty sub-option says as little as a missing one


def _judge_vendor(payload: bytes, lenient: bool, depth: int) -> None:
    """Of a vendor's options Kea leaves none out: what is not in order condemns the message."""
    enterprise, options = parse_vendor_opts(payload)
    rows = _VENDORS.get(enterprise, _UNDEFINED)
    for code, values in options.items():
        for value in values:
            try:
                _judged(rows, code, value, lenient, depth)
            except SkippedOption as problem:
                raise WireError(f"sub-option {code}: {problem}") from None
