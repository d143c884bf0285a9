"""Kea's lease file of DHCPv4, one row at a time: bytes ⇄ Lease4, old and new schemas, what Kea takes and refuses.

`lease_of` trusts its row: it came from `line_of`, or passed `ROW` or `canonical` when the file was read. Hardware types
are not in the file: what is read back is Ethernet (as in Kea).

Runs in: any
"""

from __future__ import annotations

import re
from binascii import unhexlify

from kea_mp.leases.csv_fields import (
    CONTEXT,
    ETHERNET,
    EXPIRE,
    HOST,
    LIFETIME,
    PAIR,
    U32,
    Format,
    RowError,
    check_context,
    escape,
    flag,
    identifier,
    number,
    octets,
    unescape,
)
from kea_mp.leases.model import DECLINED, Lease4
from kea_mp.values import address4, text4

FORMAT = Format(
    "3.0",
    (
        b"address", b"hwaddr", b"client_id", b"valid_lifetime", b"expire", b"subnet_id", b"fqdn_fwd", b"fqdn_rev",
        b"hostname", b"state", b"user_context", b"pool_id",
    ),
    minimum=9,
    defaults={b"state": b"0", b"user_context": b"", b"pool_id": b"0"},
)  # fmt: skip
HEADER = FORMAT.header

_BIT = ("0", "1")  #: by a bool

_OCTET = rb"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_ADDRESS = rb"(" + _OCTET + rb"\." + _OCTET + rb"\." + _OCTET + rb")\.(" + _OCTET + rb")"
_HW = rb":".join([PAIR] * 6) + rb"|(?!,,)(?:" + PAIR + rb"(?::" + PAIR + rb"){0,19})?"
_CLIENT_ID = rb":".join([PAIR] * 7) + rb"|(?:" + PAIR + rb"(?::" + PAIR + rb"){1,254})?"
_IDENTITY = rb"(?:" + _HW + rb"),(?:" + _CLIENT_ID + rb")"  #: Ethernet spelt out, for it is twice as fast
_REST = b"(%b),%b,(%b),[01],[01],%b,%b,(%b),%b" % (LIFETIME, EXPIRE, U32, HOST, U32, CONTEXT, U32)

ROW = re.compile(_ADDRESS + rb"," + _IDENTITY + rb"," + _REST)
"""A row as Kea and we write it, groups: /24 text, last octet, valid_lifetime, subnet_id, user_context (which is
to be checked where it is not empty). What does not match goes through `canonical`."""

CANONICAL = re.compile(rb"([0-9]+\.[0-9]+\.[0-9]+)\.([0-9]+),[^,]*,[^,]*,([0-9]+),[^,]*,([0-9]+),.*,([^,]*),[0-9]+")
"""The same groups of a row that `canonical` has made."""


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


def canonical(fields: list[bytes]) -> bytes:
    """The row of these (fitted) fields as `line_of` writes it, after every check Kea makes; RowError."""
    texts = [field.decode("latin-1") for field in fields]
    address = _address(texts[0])
    hw, client_id = octets(texts[1], ":"), identifier(texts[2], "client-id", 2, 255)
    if len(hw) > 20:
        raise RowError(f"hardware address of {len(hw)} octets")
    state, context = number(texts[9], 32), unescape(fields[10])
    if not hw and not client_id and state != DECLINED:
        raise RowError(f"Lease4: {texts[0]} has neither hardware address or client id")
    check_context(context)
    valid, expire = number(texts[3], 32), number(texts[4], 64)
    return line_of(
        Lease4(
            address, ETHERNET + hw, client_id, valid, expire - valid, number(texts[5], 32),
            flag(texts[6]), flag(texts[7]), unescape(fields[8]).lower(), state, context, number(texts[11], 32),
        )
    )  # fmt: skip


def _address(text: str) -> int:
    try:
        address = address4(text)
    except ValueError as error:
        raise RowError(str(error)) from error
    if text4(address) != text:
        raise RowError(f"{text!r} is not an IPv4 address")
    return address
