"""Where a client's hardware address can be learnt (Kea mac-sources). It is `HwAddress`: htype byte + address.

Relays are asked from the client's side: what the one next to the client has added.

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kea_mp.dhcp.duid import ETHERNET, hardware
from kea_mp.dhcp.message6 import Option6
from kea_mp.dhcp.special import SkippedRest
from kea_mp.dhcp.special6 import parse_vendor_opts
from kea_mp.values import HwAddress
from workers.serving.engine6.packet import Packet6

CABLE_LABS, DEVICE_ID, CMTS_CM_MAC = 4491, 36, 1026
LONGEST = 20  #: bytes of a hardware address
DOCSIS = 1  #: hardware type of cable modems

Learnt = tuple[HwAddress, int]  #: and how it was learnt (Kea's HWADDR_SOURCE_ number)
NOT_KNOWN: Learnt = (b"", 0)


def _raw(packet: Packet6) -> HwAddress:
    return packet.source_mac


def _duid(packet: Packet6) -> HwAddress:
    return hardware(packet.message.option(Option6.CLIENT_ID) or b"")


def _link_local(packet: Packet6) -> HwAddress:
    """From an EUI-64 interface identifier (RFC 4291 2.5.1)."""
    relays = packet.message.relays
    address = relays[-1].peer if relays else packet.source
    if address[:2] != b"\xfe\x80" or address[8] & 3 != 2 or address[11:13] != b"\xff\xfe":
        return b""
    return b"%c%c%b%b" % (ETHERNET, address[8] ^ 2, address[9:11], address[13:])


def _client_link_address(packet: Packet6) -> HwAddress:
    """RFC 6939."""
    data = _of_relay(packet, Option6.CLIENT_LINKLAYER_ADDR)
    return data[1:] if len(data) >= 3 and not data[0] else b""


def _remote_id(packet: Packet6) -> HwAddress:
    """RFC 4649: behind the enterprise number."""
    data = _of_relay(packet, Option6.REMOTE_ID)
    return b"%c%b" % (ETHERNET, data[4 : 4 + LONGEST]) if len(data) >= 5 else b""


def _subscriber_id(packet: Packet6) -> HwAddress:
    """Kea knows the name and finds nothing."""
    return b""


def _cmts(packet: Packet6) -> HwAddress:
    for relay in reversed(packet.message.relays):
        found = _cable(relay.options.get(Option6.VENDOR_OPTS, ()), CMTS_CM_MAC)
        if found:
            return found
    return b""


def _modem(packet: Packet6) -> HwAddress:
    return _cable(packet.message.options.get(Option6.VENDOR_OPTS, ()), DEVICE_ID)


def _of_relay(packet: Packet6, code: int) -> bytes:
    relays = packet.message.relays
    return (relays[-1].option(code) or b"") if relays else b""


def _cable(payloads: Iterable[bytes], code: int) -> HwAddress:
    for payload in payloads:
        try:
            enterprise, options = parse_vendor_opts(payload)
        except SkippedRest:
            continue
        if enterprise == CABLE_LABS and options.get(code, [b""])[0]:
            return b"%c%b" % (DOCSIS, options[code][0])
    return b""


Source = tuple[int, Callable[[Packet6], HwAddress]]
_RAW: Source = (0x01, _raw)
_SOURCES: dict[str, Source] = {
    "raw": _RAW,
    "client-link-addr-option": (0x08, _client_link_address),
    "duid": (0x02, _duid),
    "ipv6-link-local": (0x04, _link_local),
    "remote-id": (0x10, _remote_id),
    "subscriber-id": (0x20, _subscriber_id),
    "docsis-cmts": (0x40, _cmts),
    "docsis-modem": (0x80, _modem),
}  #: by the names of `Config6.mac_sources`, in the order in which "any" goes through them


def sources_of(names: Iterable[str]) -> tuple[Source, ...]:
    """The sources to ask, in order."""
    found: list[Source] = []
    for name in names:
        found += _SOURCES.values() if name == "any" else [_SOURCES[name]]
    return tuple(dict.fromkeys(found))


def learn(packet: Packet6, sources: tuple[Source, ...]) -> Learnt:
    """The first hardware address that a source knows."""
    for number, source in sources:
        found = source(packet)
        if found:
            return found, number
    return NOT_KNOWN
