"""Domain names on the wire (RFC 1035 3.1, 4.1.4) and the client FQDN options (81, RFC 4702; 39, RFC 4704).

Text follows the master-file rules that Kea follows: `\\.` and `\\DDD` escape, "." is the root. A wire name is at most
255 bytes, a label at most 63. Text that is no name: ValueError; bytes that are no name: WireError.

Runs in: any
"""

from __future__ import annotations

import msgspec

from kea_mp.errors import WireError

MAX_WIRE, MAX_LABEL, MAX_LABELS = 255, 63, 128

_ESCAPED = frozenset(b'"().;\\@$')
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_/!#%&'*+,:<=>?[]^`{|}~")


def name_to_wire(name: str | bytes) -> bytes:
    """A name with its root label; a missing final dot is added. ValueError names the problem."""
    text = name.encode() if isinstance(name, str) else name
    if text in (b".", b"@"):
        return b"\0"
    if not text:
        raise ValueError("a domain name must not be empty")
    wire = bytearray()
    for label in _labels(text):
        if not label:
            raise ValueError(f"domain name {_quoted(text)} has an empty label")
        if len(label) > MAX_LABEL:
            raise ValueError(f"domain name {_quoted(text)} has a label longer than {MAX_LABEL} bytes")
        wire.append(len(label))
        wire += label
    wire.append(0)
    if len(wire) > MAX_WIRE:
        raise ValueError(f"domain name {_quoted(text)} is longer than {MAX_WIRE} bytes on the wire")
    return bytes(wire)


def _labels(data: bytes) -> list[bytes]:
    """The labels of a name, escapes resolved; one final dot ends the last label."""
    labels, label, at = [], bytearray(), 0
    while at < len(data):
        octet = data[at]
        at += 1
        if octet == 0x2E:
            labels.append(bytes(label))
            label.clear()
            if at == len(data):
                return labels
        elif octet == 0x5C:
            octet, at = _unescape(data, at)
            label.append(octet)
        else:
            label.append(octet)
    labels.append(bytes(label))
    return labels


def _unescape(data: bytes, at: int) -> tuple[int, int]:
    """What follows a backslash at data[at - 1]: the octet meant, and where to go on."""
    if at == len(data):
        raise ValueError(f"domain name {_quoted(data)} ends inside an escape")
    if not 0x30 <= data[at] <= 0x39:
        return data[at], at + 1
    digits = data[at : at + 3]
    if len(digits) < 3 or not digits.isdigit() or int(digits) > 255:
        raise ValueError(f"domain name {_quoted(data)} has an escape that is not three digits up to 255")
    return int(digits), at + 3


def _quoted(name: bytes) -> str:
    return repr(name.decode(errors="backslashreplace"))


def name_to_text(wire: bytes, final_dot: bool = True) -> str:
    """A name of one piece (as `read_name` returns it) for people; the root is always "."."""
    parts, at = [], 0
    while at < len(wire) and (length := wire[at]):
        label = wire[at + 1 : at + 1 + length]
        parts.append("".join(_escape(octet) for octet in label))
        at += 1 + length
    if not parts:
        return "."
    return ".".join(parts) + ("." if final_dot else "")


def _escape(octet: int) -> str:
    if octet in _PLAIN:
        return chr(octet)
    return f"\\{chr(octet)}" if octet in _ESCAPED else f"\\{octet:03d}"


class BadName(WireError):
    """These bytes are no domain name."""


def read_name(data: bytes, at: int = 0, compression: bool = True) -> tuple[bytes, int]:
    """The name at data[at:], compression pointers followed, and where the next field begins. BadName: no name.

    compression False: there are none (RFC 8415 10).
    """
    wire = bytearray()
    labels, follow, resume, lowest = 0, at, -1, at
    while True:
        if follow >= len(data):
            raise BadName("domain name is cut off")
        length = data[follow]
        if length >= 0xC0 and compression:
            if follow + 1 >= len(data):
                raise BadName("domain name is cut off in a compression pointer")
            target = (length & 0x3F) << 8 | data[follow + 1]
            if target >= lowest:
                raise BadName("compression pointer of a domain name does not point backwards")
            resume = follow + 2 if resume < 0 else resume
            follow = lowest = target
            continue
        if length > MAX_LABEL:
            raise BadName(f"unknown label type 0x{length:02x} in a domain name")
        end = follow + 1 + length
        labels += 1
        if end > len(data):
            raise BadName("domain name is cut off in a label")
        wire += data[follow:end]
        if len(wire) > MAX_WIRE or labels > MAX_LABELS:
            raise BadName(f"domain name is longer than {MAX_WIRE} bytes")
        follow = end
        if not length:
            return bytes(wire), end if resume < 0 else resume


def read_names(data: bytes, compression: bool = True) -> list[bytes]:
    """All names of a list (RFC 3397), each in one piece."""
    names, at = [], 0
    while at < len(data):
        name, at = read_name(data, at, compression)
        names.append(name)
    return names


FLAG_S, FLAG_O, FLAG_E, FLAG_N = 1, 2, 4, 8
RCODE_SERVER = 255  #: what a server writes into the two deprecated RCODE fields


class Fqdn4(msgspec.Struct, frozen=True, gc=False):
    """Option 81. name: lower case, without final dot; full: the client sent the final dot or the root label.

    An empty name is partial: the client leaves it to the server.
    """

    flags: int
    name: str
    full: bool
    rcode1: int = RCODE_SERVER
    rcode2: int = RCODE_SERVER

    @property
    def s(self) -> bool:
        """The server should do (query) or does (reply) the A update."""
        return bool(self.flags & FLAG_S)

    @property
    def o(self) -> bool:
        """The server has overridden the client's S."""
        return bool(self.flags & FLAG_O)

    @property
    def e(self) -> bool:
        """The name is in wire format, not ASCII."""
        return bool(self.flags & FLAG_E)

    @property
    def n(self) -> bool:
        """The server should not do, or does not do, any update."""
        return bool(self.flags & FLAG_N)

    def pack(self) -> bytes:
        """The payload of option 81, in the encoding that flag E names. ValueError: the name is none."""
        head = bytes((self.flags, self.rcode1, self.rcode2))
        if not self.name:
            return head
        if self.e:
            wire = name_to_wire(self.name)
            return head + (wire if self.full else wire[:-1])
        return head + self.name.encode() + (b"." if self.full and self.name != "." else b"")


def parse_fqdn4(payload: bytes, lenient: bool = False) -> Fqdn4:
    """Option 81. WireError as Kea: fewer than 3 bytes, N and S together (lenient: N is cleared), or no name."""
    if len(payload) < 3:
        raise WireError(f"FQDN option of {len(payload)} bytes is cut off")
    flags, rcode1, rcode2 = payload[:3]
    if flags & FLAG_N and flags & FLAG_S:
        if not lenient:
            raise WireError("FQDN option has both flags N and S")
        flags &= ~FLAG_N
    data = payload[3:]
    if not data:
        return Fqdn4(flags, "", False, rcode1, rcode2)
    if flags & FLAG_E:
        wire, full = _possibly_partial(data, compression=True)
    else:
        full = data.endswith(b".")
        try:
            wire = name_to_wire(data)
        except ValueError as problem:
            raise WireError(f"FQDN option: {problem}") from None
    return Fqdn4(flags, name_to_text(wire, final_dot=False).lower(), full, rcode1, rcode2)


def _possibly_partial(data: bytes, compression: bool) -> tuple[bytes, bool]:
    """A name on the wire that may lack the root label, and whether it has it. WireError: it is none."""
    full = data[-1] == 0
    return read_name(data if full else data + b"\0", compression=compression)[0], full


FLAG6_S, FLAG6_O, FLAG6_N = 1, 2, 4


class Fqdn6(msgspec.Struct, frozen=True, gc=False):
    """Option 39. name, full: as in `Fqdn4`."""

    flags: int
    name: str
    full: bool

    @property
    def s(self) -> bool:
        """The server should do (query) or does (reply) the AAAA update."""
        return bool(self.flags & FLAG6_S)

    @property
    def o(self) -> bool:
        """The server has overridden the client's S."""
        return bool(self.flags & FLAG6_O)

    @property
    def n(self) -> bool:
        """The server should not do, or does not do, any update."""
        return bool(self.flags & FLAG6_N)

    def pack(self) -> bytes:
        """The payload of option 39. ValueError: the name is none."""
        if not self.name:
            return bytes((self.flags,))
        wire = name_to_wire(self.name)
        return bytes((self.flags,)) + (wire if self.full else wire[:-1])


def parse_fqdn6(payload: bytes, lenient: bool = False) -> Fqdn6:
    """Option 39. WireError as Kea: empty, N and S together (lenient: N is cleared), or no name."""
    if not payload:
        raise WireError("FQDN option is empty")
    flags = payload[0]
    if flags & FLAG6_N and flags & FLAG6_S:
        if not lenient:
            raise WireError("FQDN option has both flags N and S")
        flags &= ~FLAG6_N
    if len(payload) == 1:
        return Fqdn6(flags, "", False)
    wire, full = _possibly_partial(payload[1:], compression=False)
    if wire == b"\0" and not full:
        return Fqdn6(flags, "", False)  # nothing is left before what is not read
    return Fqdn6(flags, name_to_text(wire, final_dot=False).lower(), full)
