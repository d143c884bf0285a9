"""Kea's lease file of DHCPv6, one row at a time: bytes ⇄ Lease6, old and new schemas, what Kea takes and refuses.

`lease_of` trusts its row: it came from `line_of`, or passed `ROW` or `canonical` when the file was read.

Runs in: any
"""

from __future__ import annotations

import logging
import re
from binascii import unhexlify

from kea_mp.leases.csv_fields import (
    CONTEXT,
    ETHERNET,
    EXPIRE,
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
from kea_mp.leases.model import DECLINED, PD, Lease6
from kea_mp.values import address6, text6

logger = logging.getLogger("kea-dhcp6.dhcpsrv")

FORMAT = Format(
    "5.0",
    (
        b"address", b"duid", b"valid_lifetime", b"expire", b"subnet_id", b"pref_lifetime", b"lease_type", b"iaid",
        b"prefix_len", b"fqdn_fwd", b"fqdn_rev", b"hostname", b"hwaddr", b"state", b"user_context", b"hwtype",
        b"hwaddr_source", b"pool_id",
    ),
    minimum=12,
    defaults={b"state": b"0", b"pool_id": b"0"},
)  # fmt: skip
HEADER = FORMAT.header

NO_DUID = b"\0\0\0"  #: stands in leases that have no client any more (Kea's empty DUID)

_BIT = ("0", "1")  #: by a bool

_ADDRESS = rb"[0-9a-f:.]{2,45}"
_DUID = rb"(?!00:00:00,)" + PAIR + rb"(?::" + PAIR + rb"){2,129}"
_LENGTH = rb"(?:12[0-8]|1[01][0-9]|[1-9]?[0-9])"
_HOST = rb"[ -%'-+\--~]*(?:&#x[0-9a-f]{2}[ -%'-+\--~]*)*"
_HW = rb":".join([PAIR] * 6) + rb"|(?:" + PAIR + rb"(?::" + PAIR + rb"){0,19})?"
_HTYPE = rb"(?:0|[1-9][0-9]{0,2})"

ROW = re.compile(
    rb"(%b),%b,(%b),%b,(%b),%b,([0-3]),%b,%b,[01],[01],%b,(?:%b),%b,(%b),(?:%b)?,(?:%b)?,%b"
    % (
        _ADDRESS, _DUID, LIFETIME, EXPIRE, U32, LIFETIME, LIFETIME, _LENGTH, _HOST, _HW, U32, CONTEXT, _HTYPE,
        LIFETIME, U32,
    )
)  # fmt: skip
"""A row as Kea and we write it, groups: address, valid_lifetime, subnet_id, lease_type, user_context (which is to be
checked where it is not empty). What does not match goes through `canonical`. An IAID is 32 bits of any kind."""

ADDRESS, DUID, VALID, EXPIRES, SUBNET, TYPE, HOSTNAME, STATE = 0, 1, 2, 3, 4, 6, 11, 13  #: columns of a row


def line_of(lease: Lease6) -> bytes:
    """The row of a lease, without newline. RowError for a lease that Kea's file does not take."""
    if (not lease.duid or lease.duid == NO_DUID) and lease.state != DECLINED:
        raise RowError(f"lease {text6(lease.address)} has no DUID")
    return _row(lease, lease.valid_lft, lease.pref_lft)


def removal_of(lease: Lease6) -> bytes:
    """The row that takes a lease out of the file: the lease with lifetimes of 0."""
    return _row(lease, 0, 0)


def _row(lease: Lease6, valid: int, preferred: int) -> bytes:
    hw, host, context = lease.hw, lease.hostname, lease.user_context
    htype, source = (hw[0], lease.hw_source) if hw else ("", "")
    return (
        f"{text6(lease.address)},{(lease.duid or NO_DUID).hex(':')},{valid},{lease.cltt + valid},{lease.subnet_id},"
        f"{preferred},{lease.lease_type},{lease.iaid},{lease.prefix_len},{_BIT[lease.fqdn_fwd]},"
        f"{_BIT[lease.fqdn_rev]},{escape(host) if host else ''},{hw[1:].hex(':')},{lease.state},"
        f"{escape(context) if context else ''},{htype},{source},{lease.pool_id}"
    ).encode()


def identity_of(duid: bytes, iaid: int, lease_type: int) -> bytes:
    """What leases of one identity association have in common, as a key of indexes."""
    return b"%b/%d/%d" % (duid.hex(":").encode(), iaid, lease_type)


def lease_of(address: bytes, line: bytes) -> Lease6:
    """The lease of a trusted row; `address` is known to the caller already."""
    (
        _, duid, valid, expire, subnet, preferred, kind, iaid, length, fwd, rev, host, hw, state, context, htype,
        source, pool,
    ) = line.split(b",")  # fmt: skip
    lifetime = int(valid)
    return Lease6(
        address,
        unhexlify(duid.replace(b":", b"")),
        int(iaid),
        int(kind),
        int(length),
        int(preferred),
        lifetime,
        int(expire) - lifetime,
        int(subnet),
        fwd == b"1",
        rev == b"1",
        unescape(host) if host else "",
        int(state),
        unescape(context) if context else "",
        int(pool),
        bytes([int(htype)]) + unhexlify(hw.replace(b":", b"")) if hw else b"",
        int(source) if hw else 0,
    )


def canonical(fields: list[bytes]) -> bytes:
    """The row of these (fitted) fields as `line_of` writes it, after every check Kea makes; RowError."""
    texts = [field.decode("latin-1") for field in fields]
    try:
        address = address6(texts[0])
    except ValueError as error:
        raise RowError(str(error)) from error
    kind = number(texts[6], 31)
    duid = identifier(texts[1], "DUID", 3, 130)
    if not duid:
        raise RowError("Empty DUIDs are not allowed")
    state, context = number(texts[13], 32), unescape(fields[14])
    if duid == NO_DUID and state != DECLINED:
        raise RowError("The Empty DUID is only valid for declined leases")
    check_context(context)
    valid, expire = number(texts[2], 32), number(texts[3], 64)
    hw, source = _hardware(texts)
    return _row(
        Lease6(
            address, duid, number(texts[7], 32), kind, number(texts[8], 31) & 0xFF if kind == PD else 128,
            number(texts[5], 32), valid, expire - valid, number(texts[4], 32), flag(texts[9]), flag(texts[10]),
            unescape(fields[11]), state, context, number(texts[17], 32), hw, source,
        ),
        valid, number(texts[5], 32),
    )  # fmt: skip


def _hardware(texts: list[str]) -> tuple[bytes, int]:
    """Type and address, and where it was learnt. As in Kea a lease does not depend on it: what is wrong here is said
    and left out."""
    try:
        htype = number(texts[15], 16) if texts[15] else ETHERNET[0]
        found = octets(texts[12], ":")
        if len(found) > 20 or htype > 0xFF:
            raise RowError(f"hardware address {texts[12]} of type {htype}")
        if not found:
            return b"", 0
        return bytes([htype]) + found, number(texts[16], 32) if texts[16] else 0
    except RowError as error:
        logger.warning("DHCPSRV_MEMFILE_READ_HWADDR_FAIL failed to read hardware address from lease file: %s", error)
        return b"", 0
