"""Kea's lease file of DHCPv4, one row at a time: bytes ⇄ Lease4, old and new schemas, what Kea takes and refuses.

A row as it stands in the file is also how memfile holds a lease in memory, so `lease_of` trusts its row: it
came from `line_of`, or passed `ROW` or `canonical` when the file was read. A removed lease is a row with a
valid lifetime of 0. Hardware types are not in the file: what is read back is Ethernet (as in Kea).

Runs in: any
"""

from __future__ import annotations

import re
from binascii import unhexlify
from dataclasses import dataclass
from functools import lru_cache
from json import JSONDecodeError, loads

from kea_mp.leases.model import DECLINED, Lease4
from kea_mp.values import address4, text4

COLUMNS = (
    b"address", b"hwaddr", b"client_id", b"valid_lifetime", b"expire", b"subnet_id", b"fqdn_fwd", b"fqdn_rev",
    b"hostname", b"state", b"user_context", b"pool_id",
)  # fmt: skip
HEADER = b",".join(COLUMNS)
_DEFAULTS = {b"state": b"0", b"user_context": b"", b"pool_id": b"0"}  #: of the columns that younger schemas added
_MINIMUM = COLUMNS.index(b"hostname") + 1  #: a file with fewer columns is not a lease file

ETHERNET = b"\x01"
_BIT = ("0", "1")  #: by a bool

_OCTET = rb"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_ADDRESS = rb"(" + _OCTET + rb"\." + _OCTET + rb"\." + _OCTET + rb")\.(" + _OCTET + rb")"
_PAIR = rb"[0-9a-f][0-9a-f]"
_HW = rb":".join([_PAIR] * 6) + rb"|(?!,,)(?:" + _PAIR + rb"(?::" + _PAIR + rb"){0,19})?"
_CLIENT_ID = rb":".join([_PAIR] * 7) + rb"|(?:" + _PAIR + rb"(?::" + _PAIR + rb"){1,254})?"
_IDENTITY = rb"(?:" + _HW + rb"),(?:" + _CLIENT_ID + rb")"  #: Ethernet spelt out, for it is twice as fast
_U32 = rb"(?:0|[1-9][0-9]{0,8}|[1-3][0-9]{9}|4[01][0-9]{8})"
_VALID = rb"(?:0|[1-9][0-9]{0,8}|[1-3][0-9]{9}|4[01][0-9]{8}|4294967295)"
_EXPIRE = rb"(?:0|[1-9][0-9]{0,18})"
_HOST = rb"[ -%'-+\--@\[-~]*(?:&#x[0-9a-f]{2}[ -%'-+\--@\[-~]*)*"
_REST = b"(%b),%b,(%b),[01],[01],%b,%b,([ -+\\--~]*),%b" % (_VALID, _EXPIRE, _U32, _HOST, _U32, _U32)

ROW = re.compile(_ADDRESS + rb"," + _IDENTITY + rb"," + _REST)
"""A row as Kea and we write it, groups: /24 text, last octet, valid_lifetime, subnet_id, user_context (which is
to be checked where it is not empty). What does not match goes through `canonical`."""

CANONICAL = re.compile(rb"([0-9]+\.[0-9]+\.[0-9]+)\.([0-9]+),[^,]*,[^,]*,([0-9]+),[^,]*,([0-9]+),.*,([^,]*),[0-9]+")
"""The same groups of a row that `canonical` has made."""


class RowError(ValueError):
    """This row is no lease; the text says why."""


def line_of(lease: Lease4) -> bytes:
    """The row of a lease, without newline. RowError for a lease that Kea's file does not take."""
    hw, client_id, valid = lease.hw, lease.client_id, lease.valid_lft
    if len(hw) < 2 and not client_id and lease.state != DECLINED:
        raise RowError(f"lease {text4(lease.address)} has neither hardware address nor client-id")
    context = lease.user_context
    host = lease.hostname
    return (
        f"{text4(lease.address)},{hw[1:].hex(':')},{client_id.hex(':')},{valid},{lease.cltt + valid},"
        f"{lease.subnet_id},{_BIT[lease.fqdn_fwd]},{_BIT[lease.fqdn_rev]},{escape(host) if host else ''},"
        f"{lease.state},{escape(context) if context else ''},{lease.pool_id}"
    ).encode()


def removal_of(lease: Lease4) -> bytes:
    """The row that takes a lease out of the file: the lease with a valid lifetime of 0."""
    context = lease.user_context
    return (
        f"{text4(lease.address)},{lease.hw[1:].hex(':')},{lease.client_id.hex(':')},0,{lease.cltt},"
        f"{lease.subnet_id},{lease.fqdn_fwd:d},{lease.fqdn_rev:d},{escape(lease.hostname)},"
        f"{lease.state},{escape(context) if context else ''},{lease.pool_id}"
    ).encode()


def lease_of(address: int, line: bytes, htype: bytes = ETHERNET) -> Lease4:
    """The lease of a trusted row; `address` is known to the caller already."""
    _, hw, client_id, valid, expire, subnet, fwd, rev, host, state, context, pool = line.split(b",")
    lifetime = int(valid)
    return Lease4(
        address,
        htype + unhexlify(hw.replace(b":", b"")) if hw else b"",
        unhexlify(client_id.replace(b":", b"")),
        lifetime,
        int(expire) - lifetime,
        int(subnet),
        fwd == b"1",
        rev == b"1",
        unescape(host) if host else "",
        int(state),
        unescape(context) if context else "",
        int(pool),
    )


def _needs_escape(byte: int) -> bool:
    return byte < 0x20 or byte > 0x7E or byte in b",&"


_ESCAPES = {byte: f"&#x{byte:02x}" if _needs_escape(byte) else chr(byte) for byte in range(256)}
_PLAIN = re.compile(r"[ -%'-+\--~]*")
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]+")
_FLAG = re.compile(r"\+?0*1|[+-]?0+")
_ESCAPED = re.compile(rb"&#x([0-9A-Fa-f]{2})")


def escape(text: str) -> str:
    """Text as it may stand in a row: Kea's `&#x2c` for a comma, an ampersand and whatever is not printable ASCII."""
    if _PLAIN.fullmatch(text):
        return text
    return "".join([_ESCAPES[byte] for byte in text.encode("utf-8", "surrogateescape")])


def unescape(data: bytes) -> str:
    """The text of an escaped field; a tag without two digits stands for itself."""
    if b"&#x" in data:
        data = _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), data)
    return data.decode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class Schema:
    """What the header of a file says. columns: how many it has. Rows of an older file are filled up with
    defaults, the surplus of a newer one is cut off."""

    columns: int

    @property
    def is_current(self) -> bool:
        return self.columns == len(COLUMNS)

    @property
    def is_older(self) -> bool:
        return self.columns < len(COLUMNS)

    def fitted(self, fields: list[bytes]) -> list[bytes]:
        """The fields of a row in the current schema; RowError when there are too few. Kea 3.0 cuts off what is too
        much, whatever the header says; later versions discard such rows, and the leases with them."""
        count, want = len(fields), len(COLUMNS)
        if count < min(self.columns, want):
            raise RowError(f"Invalid number of columns: {count} in row: {b','.join(fields)!r}")
        return fields[:want] + [_DEFAULTS[column] for column in COLUMNS[count:]]


def schema_of(header: bytes) -> Schema:
    """The schema of a file by its first line; RowError when it is not a lease file."""
    names = header.split(b",")
    for name, column in zip(names, COLUMNS, strict=False):
        if name != column:
            raise RowError(f"header contains an invalid column: {name.decode(errors='replace')!r}")
    if len(names) < _MINIMUM:
        raise RowError(f"header has only {len(names)} valid column(s), it must have at least {_MINIMUM}")
    return Schema(len(names))


def canonical(fields: list[bytes]) -> bytes:
    """The row of these (fitted) fields as `line_of` writes it, after every check Kea makes; RowError."""
    texts = [field.decode("latin-1") for field in fields]
    address = _address(texts[0])
    hw, client_id = _octets(texts[1], ":"), _client_id(texts[2])
    if len(hw) > 20:
        raise RowError(f"hardware address of {len(hw)} octets")
    state, context = _number(texts[9], 32), unescape(fields[10])
    if not hw and not client_id and state != DECLINED:
        raise RowError(f"Lease4: {texts[0]} has neither hardware address or client id")
    _check_context(context)
    valid, expire = _number(texts[3], 32), _number(texts[4], 64)
    return line_of(
        Lease4(
            address, ETHERNET + hw, client_id, valid, expire - valid, _number(texts[5], 32),
            _flag(texts[6]), _flag(texts[7]), unescape(fields[8]).lower(), state, context, _number(texts[11], 32),
        )
    )  # fmt: skip


def is_context(data: bytes) -> bool:
    """Whether an escaped user_context is what Kea accepts there: nothing, or a JSON map."""
    if not data:
        return True
    try:
        _check_context(unescape(data))
    except RowError:
        return False
    return True


@lru_cache(maxsize=256)
def _check_context(text: str) -> None:
    if not text:
        return
    try:
        value = loads(text)
    except (JSONDecodeError, RecursionError) as error:
        raise RowError(f"user context {text!r}: {error}") from error
    if not isinstance(value, dict):
        raise RowError(f"user context {text!r} is not a JSON map")


def _address(text: str) -> int:
    try:
        address = address4(text)
    except ValueError as error:
        raise RowError(str(error)) from error
    if text4(address) != text:
        raise RowError(f"{text!r} is not an IPv4 address")
    return address


def _octets(text: str, separator: str) -> bytes:
    parts = text.split(separator) if text else []
    if not all(1 <= len(part) <= 2 and _HEXADECIMAL.fullmatch(part) for part in parts):
        raise RowError(f"invalid format of the decoded string {text!r}")
    return bytes(int(part, 16) for part in parts)


def _client_id(text: str) -> bytes:
    """Octets between colons or blanks, or digits without either (with or without 0x), as Kea reads them."""
    separator = next((mark for mark in ": " if mark in text), "")
    if separator or not text:
        octets = _octets(text, separator or ":")
    else:
        digits = text[2:] if text.startswith("0x") and len(text) > 2 else text
        if not _HEXADECIMAL.fullmatch(digits):
            raise RowError(f"{text!r} is not a valid string of hexadecimal digits")
        octets = bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits)
    if text and not 2 <= len(octets) <= 255:
        raise RowError(f"client-id of {len(octets)} octets")
    return octets


def _number(text: str, bits: int) -> int:
    """An unsigned number with Kea's leniency: a plus is ignored, a minus counts down from the top."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()) or int(digits) >> bits:
        raise RowError(f"{text!r} is not an unsigned number of {bits} bits")
    return -int(digits) % (1 << bits) if text[0] == "-" else int(digits)


def _flag(text: str) -> bool:
    if not _FLAG.fullmatch(text):
        raise RowError(f"{text!r} is neither 0 nor 1")
    return text.endswith("1")
