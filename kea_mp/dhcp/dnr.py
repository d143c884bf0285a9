"""Encrypted DNS servers, DHCPv4 option 162 and DHCPv6 option 144 (RFC 9463), in Kea's notation.

"10, dot1.example.org., 10.0.2.3 10.3.4.5, alpn=dot\\,doq | 20, dot2.example.org." gives two instances: priority,
authentication domain name, addresses, service parameters; the last two may be missing. A DHCPv6 option is one
instance, with wider length fields.

Runs in: any
"""

from __future__ import annotations

from dataclasses import dataclass

from kea_mp.dhcp.fields import address_bytes, decimal, take
from kea_mp.dhcp.names import name_to_text, name_to_wire, read_name
from kea_mp.dhcp.tokens import BLANKS, escaped, split
from kea_mp.errors import WireError
from kea_mp.values import address6, text4, text6

ALPN, PORT, DOHPATH = 1, 3, 7  #: service parameter keys (RFC 9460, 9461) that the option may have
_KEYS = {"alpn": ALPN, "port": PORT, "dohpath": DOHPATH}
_NAMES = {number: name for name, number in _KEYS.items()}

ALPN_IDS = frozenset(
    [
        "http/0.9",
        "http/1.0",
        "http/1.1",
        "spdy/1",
        "spdy/2",
        "spdy/3",
        "stun.turn",
        "stun.nat-discovery",
        "h2",
        "h2c",
        "webrtc",
        "c-webrtc",
        "ftp",
        "imap",
        "pop3",
        "managesieve",
        "coap",
        "xmpp-client",
        "xmpp-server",
        "acme-tls/1",
        "mqtt",
        "dot",
        "ntske/1",
        "sunrpc",
        "h3",
        "smb",
        "irc",
        "nntp",
        "nnsp",
        "doq",
        "sip/2",
        "tds/8.0",
        "dicom",
    ]
)  #: IANA's TLS ALPN protocol identifiers, as far as Kea 3.0 knows them


@dataclass(frozen=True, slots=True)
class _Layout:
    """What differs between the families. width: bytes of a length field; address: bytes of an address."""

    width: int
    address: int

    def sized(self, data: bytes) -> bytes:
        """data behind its length."""
        if len(data) >= 1 << 8 * self.width:
            raise ValueError(f"{len(data)} bytes are too many for a field of an encrypted DNS server")
        return len(data).to_bytes(self.width, "big") + data

    def read(self, data: bytes, at: int) -> tuple[bytes, int]:
        """What stands behind the length at data[at:], and where the next field begins."""
        start = at + self.width
        size = int.from_bytes(take(data, at, self.width), "big")
        return take(data, start, size), start + size

    def packed(self, text: str) -> bytes:
        return address_bytes(text) if self.address == 4 else address6(text)

    def text(self, address: bytes) -> str:
        return text4(int.from_bytes(address, "big")) if self.address == 4 else text6(address)


_DNR4, _DNR6 = _Layout(1, 4), _Layout(2, 16)


def dnr4_from_text(text: str) -> bytes:
    """The payload of option 162. ValueError names the problem."""
    instances = [_instance(part, _DNR4) for part in split(text, "|")]
    if not instances:
        raise ValueError("no encrypted DNS server specified")
    return b"".join(len(instance).to_bytes(2, "big") + instance for instance in instances)


def dnr6_from_text(text: str) -> bytes:
    """The payload of option 144. ValueError names the problem."""
    return _instance(text, _DNR6)


def _instance(text: str, layout: _Layout) -> bytes:
    values = [value.strip(BLANKS) for value in split(text)]
    if not 2 <= len(values) <= 4:
        raise ValueError(f"{text!r} does not have 2 to 4 fields: priority, name, addresses, service parameters")
    body = decimal(values[0], 0xFFFF).to_bytes(2, "big") + layout.sized(name_to_wire(values[1]).lower())
    if len(values) > 2:
        addresses = b"".join(layout.packed(address) for address in values[2].split())
        if not addresses:
            raise ValueError(f"{text!r} has no address in its third field")
        body += layout.sized(addresses)
    if len(values) == 4:
        body += _parameters(values[3])
    return body


def _parameters(text: str) -> bytes:
    found: dict[int, bytes] = {}
    for pair in text.split():
        parts = split(pair, "=", escape=False)
        key = _KEYS.get(parts[0]) if len(parts) == 2 else None
        if key is None:
            raise ValueError(f"{pair!r} is not alpn=…, port=… or dohpath=…")
        if key in found:
            raise ValueError(f"service parameter {parts[0]} is given twice")
        found[key] = _parameter(key, parts[1])
    if DOHPATH not in found and any(name.startswith("h") for name in _alpn_names(found.get(ALPN, b""))):
        raise ValueError("alpn names HTTP, so dohpath must be given")
    return b"".join(
        key.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value for key, value in sorted(found.items())
    )


def _parameter(key: int, value: str) -> bytes:
    if key == PORT:
        return decimal(value, 0xFFFF).to_bytes(2, "big")
    if key == DOHPATH:
        if "{?dns}" not in value:
            raise ValueError(f"dohpath {value!r} lacks the variable {{?dns}}")
        return value.encode()
    names = split(value, ",", escape=False)
    unknown = [name for name in names if name not in ALPN_IDS]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no registered ALPN identifier")
    return b"".join(bytes((len(name),)) + name.encode() for name in names)


def _alpn_names(data: bytes) -> list[str]:
    names, at = [], 0
    while at < len(data):
        name = take(data, at + 1, data[at])
        names.append(name.decode(errors="backslashreplace"))
        at += 1 + len(name)
    return names


def dnr4_to_texts(data: bytes) -> list[str]:
    """The instances of option 162, one text each, as the configuration has them. WireError: malformed."""
    texts, at = [], 0
    while at < len(data):
        size = int.from_bytes(take(data, at, 2), "big")
        texts.append(_instance_text(take(data, at + 2, size), _DNR4))
        at += 2 + size
    return texts


def dnr6_to_texts(data: bytes) -> list[str]:
    """The instance that option 144 is, as the configuration has it. WireError: malformed."""
    return [_instance_text(data, _DNR6)]


def _instance_text(body: bytes, layout: _Layout) -> str:
    priority = int.from_bytes(take(body, 0, 2), "big")
    wire, at = layout.read(body, 2)
    fields = [str(priority), name_to_text(read_name(wire)[0])]
    if at < len(body):
        packed, at = layout.read(body, at)
        if not packed or len(packed) % layout.address:
            problem = f"not a positive multiple of {layout.address}"
            raise WireError(f"encrypted DNS option has {len(packed)} bytes of addresses, {problem}")
        addresses = [packed[i : i + layout.address] for i in range(0, len(packed), layout.address)]
        fields.append(" ".join(map(layout.text, addresses)))
        parameters = _parameters_text(body[at:])
        fields += [parameters] if parameters else []
    return ", ".join(escaped(field) for field in fields)


def _parameters_text(data: bytes) -> str:
    texts, at, last = [], 0, -1
    while at < len(data):
        key, size = int.from_bytes(take(data, at, 2), "big"), int.from_bytes(take(data, at + 2, 2), "big")
        value = take(data, at + 4, size)
        if key not in _NAMES or key <= last:
            raise WireError(f"service parameter {key} of encrypted DNS option is unknown or out of order")
        texts.append(f"{_NAMES[key]}={_parameter_text(key, value)}")
        at, last = at + 4 + size, key
    return " ".join(texts)


def _parameter_text(key: int, value: bytes) -> str:
    if key == ALPN:
        return ",".join(_alpn_names(value))
    if key == PORT:
        return str(int.from_bytes(take(value, 0, 2), "big"))
    return value.decode(errors="backslashreplace")
