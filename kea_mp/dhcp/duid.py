"""DHCP unique identifiers (RFC 8415 11): their kinds, their text, and which one a server takes for its own.

A DUID is `bytes` as on the wire: two bytes of type, then its content. Times in it are seconds since 2000-01-01 modulo
2**32. The server's own is kept in a file of Kea's format: its text.

Runs in: any
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kea_mp.values import HwAddress, colons, from_colons

LLT, EN, LL, UUID = 1, 2, 3, 4  #: types: link-layer address plus time, enterprise, link-layer address, UUID
TYPES = {"LLT": LLT, "EN": EN, "LL": LL}  #: what a server's own may be (Kea server-id type)
EPOCH = 946_684_800  #: 2000-01-01, seconds since 1970
SHORTEST, LONGEST = 3, 130  #: bytes, as Kea has it
ISC = 2495  #: the enterprise number that Kea takes when none is given
ETHERNET = 1
RANDOM_BYTES = 6  #: identifier of a generated DUID-EN

_HARDWARE_AT = {LLT.to_bytes(2, "big"): 8, LL.to_bytes(2, "big"): 4}  #: by type on the wire


def is_duid(data: bytes) -> bool:
    """Whether it has a length that a DUID may have."""
    return SHORTEST <= len(data) <= LONGEST


def pack_llt(htype: int, time: int, address: bytes) -> bytes:
    """time: seconds since 2000-01-01."""
    return b"\0\1" + htype.to_bytes(2, "big") + (time & 0xFFFFFFFF).to_bytes(4, "big") + address


def pack_en(enterprise: int, identifier: bytes) -> bytes:
    return b"\0\2" + enterprise.to_bytes(4, "big") + identifier


def pack_ll(htype: int, address: bytes) -> bytes:
    return b"\0\3" + htype.to_bytes(2, "big") + address


def kind(duid: bytes) -> int:
    """LLT, EN, LL, UUID or another number."""
    return int.from_bytes(duid[:2], "big")


def hardware(duid: bytes) -> HwAddress:
    """The hardware address in a DUID-LLT or DUID-LL, b"" of others (Kea mac-sources "duid")."""
    start = _HARDWARE_AT.get(duid[:2], 0)
    if not start or len(duid) <= start or duid[2]:  # a hardware type that does not fit into a byte
        return b""
    return duid[3:4] + duid[start:]


def duid_text(duid: bytes) -> str:
    """ "00:03:00:01:02:00:00:00:00:01", as Kea writes it everywhere."""
    return colons(duid)


def duid_from_text(text: str) -> bytes:
    """A DUID in hexadecimal digits with or without colons, blanks ignored as in Kea's file. ValueError: it is none."""
    data = from_colons("".join(text.split()))
    if not is_duid(data):
        raise ValueError(f"a DUID has {SHORTEST} to {LONGEST} bytes, not {len(data)}")
    return data


@dataclass(frozen=True, slots=True)
class Link:
    """A network interface that may lend its address to a DUID."""

    htype: int
    address: bytes
    up: bool
    loopback: bool


def server_duid(
    wanted: int,
    *,
    htype: int,
    time: int,
    identifier: bytes,
    enterprise: int,
    stored: bytes,
    links: Sequence[Link],
    now: int,
    random: bytes,
) -> bytes:
    """The server's DUID as Kea chooses it. wanted: LLT, EN or LL; htype, time, identifier, enterprise: Kea server-id,
    0 or b"" where nothing is given; stored: what the file holds, or b""; now: seconds since 1970; random: 6 bytes.

    What is not given is taken from the stored one when that is of the same type, so that it stays the same.
    ValueError: it needs a link-layer address and no interface has one.
    """
    same = stored if kind(stored) == wanted else b""
    if wanted == EN:
        kept = same if len(same) > 6 else b""
        number = enterprise or int.from_bytes(kept[2:6], "big") or ISC
        return pack_en(number, identifier or kept[6:] or random)
    start = 8 if wanted == LLT else 4
    kept = same if len(same) > start else b""
    kept_htype = int.from_bytes(kept[2:4], "big")
    if identifier:
        htype, address = htype or kept_htype or ETHERNET, identifier
    elif kept:
        htype, address = kept_htype, kept[start:]
    else:
        htype, address = _lent(links)
    if wanted == LL:
        return pack_ll(htype, address)
    return pack_llt(htype, time or int.from_bytes(kept[4:8], "big") or now - EPOCH, address)


def _lent(links: Sequence[Link]) -> tuple[int, bytes]:
    """The first Ethernet address of an interface that is up, otherwise the last address of another kind."""
    fit = [link for link in links if link.up and not link.loopback and len(link.address) >= 6 and any(link.address)]
    ethernet = [link for link in fit if link.htype == ETHERNET and len(link.address) == 6]
    if not fit:
        raise ValueError("no interface is up whose hardware address could make a DUID")
    found = ethernet[0] if ethernet else fit[-1]
    return found.htype, found.address
