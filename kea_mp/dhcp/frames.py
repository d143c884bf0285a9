"""Ethernet frames that carry a DHCPv4 datagram: what an AF_PACKET socket gives and takes.

Sums of 16-bit words in ones-complement arithmetic are the number that the bytes make, modulo 65535: 2^16 is 1 there, so
words simply add up. Python does that division over a whole payload in one call.

Runs in: serving
"""

from __future__ import annotations

from struct import Struct

import msgspec

_IPV4 = 0x0800
_UDP = 17
_FRAGMENT = 0x1FFF  #: the offset within a fragmented packet; the first fragment is refused by _MORE
_MORE = 0x2000

# destination and source MAC, type | version+IHL, length, flags+offset, protocol, source, destination | ports, length
_PLAIN = Struct("!6s6sHBxHxxHxBxxIIHHH")
_UDP_HEAD = Struct("!HHHxx")
_HEADERS = Struct("!6s6sHHHIHHIIHHHH")
_HEADERS_LENGTH = _HEADERS.size  # 42: Ethernet 14, IPv4 20, UDP 8

# RFC 791: version 4, five words, low delay (0x10, as DHCP servers do); identification 0 with "don't fragment"; TTL 64.
_VERSION_TOS = 0x4510
_ID_FLAGS = 0x00004000
_TTL_UDP = 0x4011
_IP_CONSTANT = _VERSION_TOS + _ID_FLAGS + _TTL_UDP


class Datagram(msgspec.Struct, frozen=True, gc=False):
    """A UDP datagram out of a frame. Addresses are ints; source_mac is where the frame came from."""

    source_mac: bytes
    source: int
    destination: int
    source_port: int
    destination_port: int
    payload: bytes


def parse_frame(frame: bytes) -> Datagram | None:
    """The datagram in an Ethernet frame; None when it is no whole, unfragmented UDP over IPv4 without VLAN tag.

    Checksums are not verified: frames of virtual and off-loading interfaces carry unfinished ones.
    """
    if len(frame) < _HEADERS_LENGTH:
        return None
    _, source_mac, kind, version, length, flags, protocol, source, destination, sport, dport, size = _PLAIN.unpack_from(
        frame
    )
    if kind != _IPV4 or protocol != _UDP or flags & (_FRAGMENT | _MORE):
        return None
    start = 34
    if version != 0x45:
        start = 14 + (version & 15) * 4
        if version < 0x46 or version > 0x4F or len(frame) < start + 8:
            return None
        sport, dport, size = _UDP_HEAD.unpack_from(frame, start)
    end = start + size
    # Short frames are padded behind the IP packet, so lengths in the headers may be less than the frame's, never more.
    if size < 8 or end > 14 + length or end > len(frame):
        return None
    return Datagram(source_mac, source, destination, sport, dport, frame[start + 8 : end])


def build_frame(
    dst_mac: bytes, src_mac: bytes, src_ip: int, dst_ip: int, src_port: int, dst_port: int, payload: bytes
) -> bytes:
    """An Ethernet frame with this datagram, both checksums filled in. MACs are 6 bytes; payload up to 65507 bytes."""
    size = len(payload)
    udp_length = size + 8
    length = udp_length + 20
    data = int.from_bytes(payload, "big")
    if size & 1:
        data <<= 8
    addresses = src_ip + dst_ip
    # RFC 1071: the complement of the sum. A UDP sum is never sent as 0, which would mean "none" (RFC 768): 65535 - x
    # is never 0 here; an IPv4 sum may be.
    ip_sum = (65535 - (_IP_CONSTANT + length + addresses) % 65535) % 65535
    udp_sum = 65535 - (data + addresses + _UDP + 2 * udp_length + src_port + dst_port) % 65535
    return (
        _HEADERS.pack(dst_mac, src_mac, _IPV4, _VERSION_TOS, length, _ID_FLAGS, _TTL_UDP, ip_sum, src_ip, dst_ip,
                      src_port, dst_port, udp_length, udp_sum)
        + payload
    )  # fmt: skip
