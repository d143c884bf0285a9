"""DHCPv4 messages: bytes to `Message4` and back (RFC 2131, 2132, 3396).

Any bytes give a `Message4` or `WireError`. What a broken message is, is judged as Kea judges it: an option cut off
by the end of the message ends the options without complaint, an option too short for its type condemns the message (see
`judge4`). Beyond Kea, option overload (52) is honoured. Lengths are bytes, addresses are ints, `secs` is seconds.

This is the hottest code of the program: one pass, one dict, no object per option.

Runs in: any
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from struct import error as StructError

import msgspec

from kea_mp.dhcp.judge4 import ANY, SIZES, judge
from kea_mp.errors import WireError

BOOTREQUEST, BOOTREPLY = 1, 2
MAGIC_COOKIE = 0x63825363
BROADCAST = 0x8000  #: the only flag (RFC 2131 figure 2)
HTYPE_ETHERNET = 1
SERVER_PORT, CLIENT_PORT = 67, 68
MAX_CHADDR, MAX_SNAME, MAX_FILE = 16, 64, 128
HEADER_LENGTH = 236  #: without the magic cookie
PAD, END = 0, 255


class MessageType(IntEnum):
    """Values of option 53. `name` with "DHCP" before it is what Kea's logs and statistics say."""

    DISCOVER = 1
    OFFER = 2
    REQUEST = 3
    DECLINE = 4
    ACK = 5
    NAK = 6
    RELEASE = 7
    INFORM = 8
    LEASEQUERY = 10
    LEASEUNASSIGNED = 11
    LEASEUNKNOWN = 12
    LEASEACTIVE = 13
    BULKLEASEQUERY = 14
    LEASEQUERYDONE = 15
    LEASEQUERYSTATUS = 17
    TLS = 18


DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = 1, 2, 3, 4, 5, 6, 7, 8  #: plain ints for the hot path


class Option(IntEnum):
    """Option codes that the program itself handles; all others are rows of `definitions4`."""

    SUBNET_MASK = 1
    ROUTERS = 3
    DNS_SERVERS = 6
    HOST_NAME = 12
    DOMAIN_NAME = 15
    BROADCAST_ADDRESS = 28
    VENDOR_ENCAPSULATED = 43
    REQUESTED_ADDRESS = 50
    LEASE_TIME = 51
    OVERLOAD = 52
    MESSAGE_TYPE = 53
    SERVER_ID = 54
    PARAMETER_REQUEST_LIST = 55
    MESSAGE = 56
    MAX_MESSAGE_SIZE = 57
    RENEWAL_TIME = 58
    REBINDING_TIME = 59
    VENDOR_CLASS_ID = 60
    CLIENT_ID = 61
    TFTP_SERVER_NAME = 66
    BOOT_FILE_NAME = 67
    USER_CLASS = 77
    FQDN = 81
    RELAY_AGENT = 82
    CLIENT_SYSTEM = 93
    CLIENT_NDI = 94
    UUID_GUID = 97
    V6_ONLY_PREFERRED = 108
    AUTO_CONFIG = 116
    SUBNET_SELECTION = 118
    DOMAIN_SEARCH = 119
    CLASSLESS_STATIC_ROUTE = 121
    VIVCO = 124
    VIVSO = 125


class Agent(IntEnum):
    """Relay agent sub-options, inside option 82."""

    CIRCUIT_ID = 1
    REMOTE_ID = 2
    LINK_SELECTION = 5
    SUBSCRIBER_ID = 6
    RELAY_FLAGS = 10
    SERVER_ID_OVERRIDE = 11
    RELAY_ID = 12
    RELAY_PORT = 19


_HEADER = Struct("!BBBBIHHIIII16s192sI")  # sname and file in one piece: they are nearly always empty
_HEADER_OUT = Struct("!BBBBIHHIIII16s64s128sI")
_NAMELESS_OUT = Struct("!BBBBIHHIIII16s192xI")
_NO_NAMES = bytes(MAX_SNAME + MAX_FILE)


class Message4(msgspec.Struct, frozen=True, gc=False):
    """A DHCPv4 message. options: code → payload, repeated codes concatenated (RFC 3396), without PAD and END.

    chaddr has hlen bytes. sname and file are without trailing NULs, and empty when they carried options.
    """

    op: int
    htype: int
    hlen: int
    hops: int
    xid: int
    secs: int
    flags: int
    ciaddr: int
    yiaddr: int
    siaddr: int
    giaddr: int
    chaddr: bytes
    sname: bytes
    file: bytes
    options: dict[int, bytes]

    @property
    def hw(self) -> bytes:
        """The hardware address as the lease path keys it (`values.HwAddress`); b"" when there is none."""
        return b"%c%b" % (self.htype, self.chaddr) if self.hlen else b""

    @property
    def type(self) -> int:
        """Option 53, or 0 when it is missing."""
        value = self.options.get(53)
        return value[0] if value else 0


def decode4(data: bytes, lenient: bool = False) -> Message4:
    """The message in a UDP payload. lenient: Kea's compatibility lenient-option-parsing. WireError: no message."""
    try:
        op, htype, hlen, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr, chaddr, names, cookie = (
            _HEADER.unpack_from(data)
        )
    except StructError:
        raise WireError(f"{len(data)} bytes are too few for a DHCPv4 header with magic cookie") from None
    if cookie != MAGIC_COOKIE:
        raise WireError(f"magic cookie is 0x{cookie:08x}, not 0x{MAGIC_COOKIE:08x}: BOOTP or no DHCP at all")
    if hlen > MAX_CHADDR:
        raise WireError(f"hardware address length {hlen} exceeds {MAX_CHADDR}")
    options: dict[int, bytes] = {}
    odd: set[int] = set()
    _scan(data, HEADER_LENGTH + 4, len(data), options, odd)
    sname = file = b""
    if names != _NO_NAMES:
        sname, file = names[:MAX_SNAME], names[MAX_SNAME:]
        if 52 in options:
            sname, file = _overloaded(sname, file, options, odd)
        sname, file = sname.rstrip(b"\0"), file.rstrip(b"\0")
    for code in odd:
        payload = judge(code, options[code], lenient)
        if payload is None:
            del options[code]
        else:
            options[code] = payload
    if 61 in options and not 1 < len(options[61]) < 256:
        # a lease with such an identifier could not be read back by Kea, which drops the message
        raise WireError(f"client identifier of {len(options[61])} bytes is not 2 to 255 long")
    return Message4(
        op, htype, hlen, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr, chaddr[:hlen], sname, file, options
    )


def _scan(data: bytes, at: int, end: int, options: dict[int, bytes], odd: set[int]) -> None:
    """Add the options in data[at:end] to options. What the end cuts off is no option, as in Kea.

    odd: gets the codes that `judge` has to look at.
    """
    last = end - 1  # an option needs a code and a length octet
    while at < last:
        code = data[at]
        if code == END:
            return
        if code == PAD:
            at += 1
            continue
        length = data[at + 1]
        start = at + 2
        at = start + length
        if at > end:
            return
        if code in options:
            options[code] += data[start:at]
            odd.add(code)
        else:
            options[code] = data[start:at]
            if ((size := SIZES[code]) != length and size != ANY) or not length:
                odd.add(code)


def _overloaded(sname: bytes, file: bytes, options: dict[int, bytes], odd: set[int]) -> tuple[bytes, bytes]:
    """Take the options out of the fields that option 52 names: file first (RFC 2131 4.1). Returns sname, file."""
    which = options[52][:1]
    if which in (b"\x01", b"\x03"):
        _scan(file, 0, MAX_FILE, options, odd)
        file = b""
    if which in (b"\x02", b"\x03"):
        _scan(sname, 0, MAX_SNAME, options, odd)
        sname = b""
    return sname, file


def pack_option(code: int, payload: bytes) -> bytes:
    """One option on the wire; more than 255 bytes are split over several of the same code (RFC 3396)."""
    length = len(payload)
    if length <= 255:
        return b"%c%c%b" % (code, length, payload)
    parts = (payload[at : at + 255] for at in range(0, length, 255))
    return b"".join(b"%c%c%b" % (code, len(part), part) for part in parts)


def encode4(
    op: int,
    htype: int,
    hlen: int,
    hops: int,
    xid: int,
    secs: int,
    flags: int,
    ciaddr: int,
    yiaddr: int,
    siaddr: int,
    giaddr: int,
    chaddr: bytes,
    sname: bytes,
    file: bytes,
    options: bytes,
) -> bytes:
    """The UDP payload. options: packed, without END. ValueError when a field does not fit.

    As in Kea, message type first is the caller's business and nothing is padded to BOOTP's 300 bytes.
    """
    if len(chaddr) > MAX_CHADDR or len(sname) > MAX_SNAME or len(file) > MAX_FILE:
        raise ValueError("chaddr, sname or file is longer than its field")
    if not sname and not file:
        head = _NAMELESS_OUT.pack(
            op, htype, hlen, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr, chaddr, MAGIC_COOKIE
        )
        return head + options + b"\xff"
    return (
        _HEADER_OUT.pack(
            op, htype, hlen, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr, chaddr, sname, file, MAGIC_COOKIE
        )
        + options
        + b"\xff"
    )


def sub_options(payload: bytes) -> dict[int, bytes]:
    """Sub-options of option 82 (RFC 3046): code → payload, repeated codes concatenated. WireError: one is cut off."""
    found: dict[int, bytes] = {}
    at, end = 0, len(payload)
    while at < end:
        code = payload[at]
        if at + 1 == end or (stop := at + 2 + payload[at + 1]) > end:
            raise WireError(f"sub-option {code} is cut off after {end - at} bytes")
        found[code] = found.get(code, b"") + payload[at + 2 : stop]
        at = stop
    return found
