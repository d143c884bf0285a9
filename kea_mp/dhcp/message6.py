"""DHCPv6 messages: bytes to `Message6` and back (RFC 8415, 6603, 9686).

Any bytes give a `Message6` or `WireError`. What a broken message is, is judged as Kea judges it: an option cut off by
the end of what contains it ends the options there without complaint, an option too short for its type condemns the
message (see `judge6`). Unlike Kea, addresses within an IA_TA are read. Addresses and prefixes are 16 bytes, lifetimes
and T1, T2 seconds.

The order of codes and of the instances of one code is kept; an option that comes again is a second instance
(RFC 8415 21.1), nothing is joined. Options of unknown codes are kept.

This is the hottest code of the program: one pass; objects only for what the engine looks into (relays, IA, addresses).

Runs in: any
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from struct import Struct
from struct import error as StructError

import msgspec

from kea_mp.dhcp.judge6 import ANY, NESTED, SIZES, judge
from kea_mp.dhcp.special import SkippedRest
from kea_mp.errors import WireError
from kea_mp.values import masked6

SERVER_PORT, CLIENT_PORT = 547, 546
MAX_RELAYS = 32  #: relay headers around a message


class MessageType6(IntEnum):
    """`name` is what Kea's logs say."""

    SOLICIT = 1
    ADVERTISE = 2
    REQUEST = 3
    CONFIRM = 4
    RENEW = 5
    REBIND = 6
    REPLY = 7
    RELEASE = 8
    DECLINE = 9
    RECONFIGURE = 10
    INFORMATION_REQUEST = 11
    RELAY_FORWARD = 12
    RELAY_REPLY = 13
    LEASEQUERY = 14
    LEASEQUERY_REPLY = 15
    LEASEQUERY_DONE = 16
    LEASEQUERY_DATA = 17
    RECONFIGURE_REQUEST = 18
    RECONFIGURE_REPLY = 19
    DHCPV4_QUERY = 20
    DHCPV4_RESPONSE = 21
    ACTIVELEASEQUERY = 22
    STARTTLS = 23
    ADDR_REG_INFORM = 36
    ADDR_REG_REPLY = 37


# plain ints for the hot path
SOLICIT, ADVERTISE, REQUEST, CONFIRM, RENEW, REBIND, REPLY, RELEASE, DECLINE = 1, 2, 3, 4, 5, 6, 7, 8, 9
INFORMATION_REQUEST, RELAY_FORW, RELAY_REPL, DHCPV4_QUERY = 11, 12, 13, 20
ADDR_REG_INFORM, ADDR_REG_REPLY = 36, 37


class Option6(IntEnum):
    """Option codes that the program itself handles; all others are rows of `definitions6`."""

    CLIENT_ID = 1
    SERVER_ID = 2
    IA_NA = 3
    IA_TA = 4
    IAADDR = 5
    ORO = 6
    PREFERENCE = 7
    ELAPSED_TIME = 8
    RELAY_MSG = 9
    AUTH = 11
    UNICAST = 12
    STATUS_CODE = 13
    RAPID_COMMIT = 14
    USER_CLASS = 15
    VENDOR_CLASS = 16
    VENDOR_OPTS = 17
    INTERFACE_ID = 18
    RECONF_MSG = 19
    RECONF_ACCEPT = 20
    DNS_SERVERS = 23
    DOMAIN_SEARCH = 24
    IA_PD = 25
    IAPREFIX = 26
    INFORMATION_REFRESH_TIME = 32
    REMOTE_ID = 37
    SUBSCRIBER_ID = 38
    CLIENT_FQDN = 39
    RELAY_ID = 53
    BOOTFILE_URL = 59
    CLIENT_ARCH_TYPE = 61
    RSOO = 66
    PD_EXCLUDE = 67
    CLIENT_LINKLAYER_ADDR = 79
    DHCPV4_MSG = 87
    RELAY_SOURCE_PORT = 135
    ADDR_REG_ENABLE = 148


IA_NA, IA_TA, IAADDR, STATUS_CODE, RELAY_MSG = 3, 4, 5, 13, 9
INTERFACE_ID, IA_PD, IAPREFIX, RELAY_SOURCE_PORT = 18, 25, 26, 135


class StatusCode(IntEnum):
    """Values of option 13; Kea's spelling is CamelCase: "NoAddrsAvail"."""

    SUCCESS = 0
    UNSPEC_FAIL = 1
    NO_ADDRS_AVAIL = 2
    NO_BINDING = 3
    NOT_ON_LINK = 4
    USE_MULTICAST = 5
    NO_PREFIX_AVAIL = 6


Options = Mapping[int, Sequence[bytes]]  #: code → the payloads of its instances, never empty; in the order of the wire

NO_OPTIONS: Options = {}

_RELAYED = (RELAY_FORW, RELAY_REPL)

_OPTION = Struct("!HH")
_RELAY = Struct("!BB16s16s")
_IA = Struct("!III")
_IA_OUT = Struct("!HHIII")
_IA_TA_OUT = Struct("!HHI")
_IAADDR = Struct("!16sII")
_IAADDR_OUT = Struct("!HH16sII")
_IAPREFIX = Struct("!IIB16s")
_IAPREFIX_OUT = Struct("!HHIIB16s")
_STATUS_OUT = Struct("!HHH")


class Status(msgspec.Struct, frozen=True, gc=False):
    """A status code option."""

    code: int
    text: str = ""


class Leased(msgspec.Struct, frozen=True, gc=False):
    """An address (IAADDR, length 128) or a prefix (IAPREFIX) within an IA; bits behind the prefix length are zero.

    options: all of it but the status, as PD_EXCLUDE.
    """

    address: bytes
    length: int
    preferred: int
    valid: int
    status: Status | None = None
    options: Options = NO_OPTIONS


class Ia(msgspec.Struct, frozen=True, gc=False):
    """An identity association. code: IA_NA, IA_TA (t1 and t2 are 0), IA_PD.

    leases: addresses of IA_NA and IA_TA, prefixes of IA_PD. options: whatever else is in it.
    """

    code: int
    iaid: int
    t1: int
    t2: int
    leases: tuple[Leased, ...] = ()
    status: Status | None = None
    options: Options = NO_OPTIONS


class Relay6(msgspec.Struct, frozen=True, gc=False):
    """One relay header. options: without the relay-msg option."""

    hops: int
    link: bytes
    peer: bytes
    options: Options = NO_OPTIONS
    type: int = RELAY_FORW

    def option(self, code: int) -> bytes | None:
        """The first instance."""
        values = self.options.get(code)
        return values[0] if values else None


class Message6(msgspec.Struct, frozen=True, gc=False):
    """A DHCPv6 message. type: of the innermost message. xid: 24 bits.

    options: those of the message itself, IAs among them as they are on the wire; ias: the same IAs read, in their
    order. relays: the headers around it in the order of the wire and of Kea's `relay6[…]`: relays[0] is the outermost,
    the relay next to the server, relays[-1] the one next to the client. skipped: why options are missing here, "" if
    none is: as in Kea a broken vendor-opts ends the options, and what was read before it counts.
    """

    type: int
    xid: int
    options: Options
    ias: tuple[Ia, ...] = ()
    relays: tuple[Relay6, ...] = ()
    skipped: str = ""

    def option(self, code: int) -> bytes | None:
        """The first instance, which is the one that Kea looks at."""
        values = self.options.get(code)
        return values[0] if values else None


def decode6(data: bytes, lenient: bool = False) -> Message6:
    """The message in a UDP payload. lenient: Kea's compatibility lenient-option-parsing. WireError: no message."""
    relays: list[Relay6] = []
    while data and data[0] in _RELAYED:
        if len(relays) == MAX_RELAYS:
            raise WireError(f"more than {MAX_RELAYS} relay headers are around the message")
        relay, data = _relay(data, lenient)
        relays.append(relay)
    if len(data) < 4:
        raise WireError(f"{len(data)} bytes are too few for a DHCPv6 header")
    options: dict[int, list[bytes]] = {}
    ias: list[Ia] = []
    skipped = ""
    try:
        _scan(data, 4, options, ias, lenient)
    except SkippedRest as problem:
        skipped = str(problem)
    return Message6(data[0], int.from_bytes(data[1:4], "big"), options, tuple(ias), tuple(relays), skipped)


def _relay(data: bytes, lenient: bool) -> tuple[Relay6, bytes]:
    """The outermost relay header, and the message within it."""
    try:
        kind, hops, link, peer = _RELAY.unpack_from(data)
    except StructError:
        raise WireError(f"{len(data)} bytes are too few for a relay header") from None
    options: dict[int, list[bytes]] = {}
    try:
        _scan(data, _RELAY.size, options, None, lenient)
    except SkippedRest as problem:
        if RELAY_MSG not in options:
            raise WireError(f"a relay header is broken before its message: {problem}") from None
    inner = options.pop(RELAY_MSG, [b""])[-1]  # RFC 8415 9.1 has one; of several Kea takes the last
    if not inner:
        raise WireError("there is no message within a relay header")
    return Relay6(hops, link, peer, options, kind), inner


def _scan(data: bytes, at: int, options: dict[int, list[bytes]], ias: list[Ia] | None, lenient: bool) -> None:
    """Add the options in data[at:] to options, and IAs, read, to ias; with None they are only judged."""
    end = len(data)
    last = end - 4
    unpack, sizes = _OPTION.unpack_from, SIZES
    while at <= last:
        code, length = unpack(data, at)
        start = at + 4
        at = start + length
        if at > end:
            return
        payload = data[start:at]
        size = sizes.get(code, ANY)
        if size != length and size != ANY:
            if size == NESTED and ias is not None:
                ias.append(_ia(code, payload, lenient))
            else:
                judged = judge(code, payload, lenient)
                if judged is None:
                    continue
                payload = judged
        if code in options:
            options[code].append(payload)
        else:
            options[code] = [payload]


def _ia(code: int, payload: bytes, lenient: bool) -> Ia:
    """The payload of an IA_NA, IA_TA or IA_PD, read."""
    judge(code, payload, lenient)
    if code == IA_TA:
        iaid, t1, t2, at = int.from_bytes(payload[:4], "big"), 0, 0, 4
    else:
        iaid, t1, t2 = _IA.unpack_from(payload)
        at = _IA.size
    if at == len(payload):
        return Ia(code, iaid, t1, t2)
    options: dict[int, list[bytes]] = {}
    _scan(payload, at, options, None, lenient)
    read = _prefix if code == IA_PD else _address
    leases = tuple([read(value, lenient) for value in options.pop(IAPREFIX if code == IA_PD else IAADDR, ())])
    return Ia(code, iaid, t1, t2, leases, _status(options), options)


def _address(payload: bytes, lenient: bool) -> Leased:
    """An IAADDR that was judged already."""
    address, preferred, valid = _IAADDR.unpack_from(payload)
    if len(payload) == _IAADDR.size:
        return Leased(address, 128, preferred, valid)
    options: dict[int, list[bytes]] = {}
    _scan(payload, _IAADDR.size, options, None, lenient)
    return Leased(address, 128, preferred, valid, _status(options), options)


def _prefix(payload: bytes, lenient: bool) -> Leased:
    """An IAPREFIX that was judged already."""
    preferred, valid, length, address = _IAPREFIX.unpack_from(payload)
    length = min(length, 128)  # as in Kea a hint beyond it is still a hint
    address = masked6(address, length)
    if len(payload) == _IAPREFIX.size:
        return Leased(address, length, preferred, valid)
    options: dict[int, list[bytes]] = {}
    _scan(payload, _IAPREFIX.size, options, None, lenient)
    return Leased(address, length, preferred, valid, _status(options), options)


def _status(options: dict[int, list[bytes]]) -> Status | None:
    """Take the status codes out of options, and read the first."""
    found = options.pop(STATUS_CODE, None)
    return read_status(found[0]) if found else None


def read_status(payload: bytes) -> Status:
    """The payload of a status code option that was judged already."""
    return Status(int.from_bytes(payload[:2], "big"), payload[2:].decode(errors="backslashreplace"))


def pack_option6(code: int, payload: bytes) -> bytes:
    """One option on the wire. ValueError: it is longer than 65535 bytes."""
    try:
        return _OPTION.pack(code, len(payload)) + payload
    except StructError:
        raise ValueError(f"option {code} of {len(payload)} bytes does not fit into a message") from None


def pack_ia(code: int, iaid: int, t1: int, t2: int, options: bytes) -> bytes:
    """An IA option around packed options; t1 and t2 are not for IA_TA."""
    if code == IA_TA:
        return _IA_TA_OUT.pack(code, 4 + len(options), iaid) + options
    return _IA_OUT.pack(code, 12 + len(options), iaid, t1, t2) + options


def pack_iaaddr(address: bytes, preferred: int, valid: int, options: bytes = b"") -> bytes:
    """An IAADDR option."""
    return _IAADDR_OUT.pack(IAADDR, 24 + len(options), address, preferred, valid) + options


def pack_iaprefix(prefix: bytes, length: int, preferred: int, valid: int, options: bytes = b"") -> bytes:
    """An IAPREFIX option."""
    return _IAPREFIX_OUT.pack(IAPREFIX, 25 + len(options), preferred, valid, length, prefix) + options


def pack_status(code: int, text: str) -> bytes:
    """A status code option."""
    data = text.encode()
    return _STATUS_OUT.pack(STATUS_CODE, 2 + len(data), code) + data


def encode6(kind: int, xid: int, options: bytes, relays: tuple[Relay6, ...] = ()) -> bytes:
    """The UDP payload of an answer. kind: MessageType6; options: packed; relays: those of the query, around which the
    same number of RELAY-REPL headers is made (RFC 8415 19.3). ValueError: too long."""
    payload = (kind << 24 | xid).to_bytes(4, "big") + options
    for relay in reversed(relays):
        payload = _RELAY.pack(RELAY_REPL, relay.hops, relay.link, relay.peer) + _echoed(relay.options, payload)
    return payload


def _echoed(options: Options, message: bytes) -> bytes:
    """What a RELAY-REPL header carries: interface-id and relay-source-port (RFC 8357) as they came, and the message."""
    packed = pack_option6(RELAY_MSG, message)
    for code in (RELAY_SOURCE_PORT, INTERFACE_ID):
        if code in options:
            packed = pack_option6(code, options[code][0]) + packed
    return packed
