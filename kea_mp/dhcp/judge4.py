"""Which options of a received message Kea would not take: a length or content that the standard definition forbids.

`SIZES` is the table for the loop in `message4`: most options pass by one look at it, the others come to `judge`.

Runs in: any
"""

from __future__ import annotations

from kea_mp.dhcp.definitions4 import AGENT4, DEFINITIONS4, STANDARD4
from kea_mp.dhcp.fields import FIELDS
from kea_mp.dhcp.options import Definition, conform
from kea_mp.dhcp.special import SkippedOption
from kea_mp.dhcp.special4 import VIVSO, parse_vivso
from kea_mp.errors import WireError

ANY, CLOSER = -1, -2
HOST_NAME, RELAY_AGENT = 12, 82
CABLELABS = 4491  #: the only enterprise whose sub-options have standard definitions


def _size(row: Definition) -> int:
    if row.type == "binary":
        return ANY
    if row.array and row.type == "uint8":
        return ANY  # all but empty, and empty always gets the closer look
    if row.array or row.encapsulate or row.type not in FIELDS or row.code == VIVSO:
        return CLOSER
    return FIELDS[row.type].size or CLOSER


#: code → the length that an option has, or ANY, or CLOSER. 43 and 224 to 254 are for the user to define: ANY.
SIZES: tuple[int, ...] = tuple(next((_size(row) for row in STANDARD4 if row.code == code), ANY) for code in range(256))

_STANDARD = {row.code: row for row in STANDARD4}
_AGENT = {row.code: row for row in AGENT4}


def judge(code: int, payload: bytes, lenient: bool) -> bytes | None:
    """The payload to use, or None when Kea leaves the option out. WireError: Kea drops the message.

    payload: fragments already joined (RFC 3396). What follows a number or an address is cut off, as in Kea 3.0.
    """
    row = _STANDARD.get(code)
    if row is None:
        return payload
    if code == HOST_NAME and not payload:
        return None
    try:
        data = conform(row, payload, lenient)
        if code == RELAY_AGENT:
            _judge_agent(payload, lenient)
        elif code == VIVSO and len(payload) != 4:
            _judge_vendor(payload, lenient)
    except SkippedOption:
        return None
    except WireError as problem:
        raise WireError(f"option {code} ({row.name}): {problem}") from None
    return data


def _judge_agent(payload: bytes, lenient: bool) -> None:
    """Sub-options of option 82 up to one that is cut off, which Kea ignores with all that follows."""
    at, end = 0, len(payload)
    while at + 2 <= end and (stop := at + 2 + payload[at + 1]) <= end:
        row = _AGENT.get(payload[at])
        if row is not None:
            _conform_sub(row, payload[at + 2 : stop], lenient)
        at = stop


def _judge_vendor(payload: bytes, lenient: bool) -> None:
    options = parse_vivso(payload).get(CABLELABS, b"")
    at = 0
    while at < len(options):
        row = DEFINITIONS4.by_code(f"vendor-{CABLELABS}", options[at])
        stop = at + 2 + options[at + 1]
        if row is not None:
            _conform_sub(row, options[at + 2 : stop], lenient)
        at = stop


def _conform_sub(row: Definition, payload: bytes, lenient: bool) -> None:
    try:
        conform(row, payload, lenient)
    except SkippedOption:
        return  # an empty sub-option says as little as a missing one
    except WireError as problem:
        raise WireError(f"sub-option {row.code} ({row.name}): {problem}") from None
