"""Encrypted DNS servers, option 162 (RFC 9463), in Kea's notation.

"10, dot1.example.org., 10.0.2.3 10.3.4.5, alpn=dot\\,doq | 20, dot2.example.org." gives two instances: priority,
authentication domain name, addresses, service parameters; the last two may be missing.

Runs in: any
"""

from __future__ import annotations

from kea_mp.dhcp.fields import address_bytes, decimal, take
from kea_mp.dhcp.names import name_to_text, name_to_wire, read_name
from kea_mp.dhcp.tokens import BLANKS, escaped, split
from kea_mp.errors import WireError
from kea_mp.values import text4

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


def dnr_from_text(text: str) -> bytes:
    """The payload of option 162. ValueError names the problem."""
    data = b"".join(_instance(part) for part in split(text, "|"))
    if not data:
        raise ValueError("no encrypted DNS server specified")
    return data


def _instance(text: str) -> bytes:
    values = [value.strip(BLANKS) for value in split(text)]
    if not 2 <= len(values) <= 4:
        raise ValueError(f"{text!r} does not have 2 to 4 fields: priority, name, addresses, service parameters")
    name = name_to_wire(values[1]).lower()
    body = decimal(values[0], 0xFFFF).to_bytes(2, "big") + bytes((len(name),)) + name
    if len(values) > 2:
        addresses = b"".join(address_bytes(address) for address in values[2].split())
        if not 4 <= len(addresses) <= 252:
            raise ValueError(f"{text!r} needs 1 to 63 addresses in its third field")
        body += bytes((len(addresses),)) + addresses
    if len(values) == 4:
        body += _parameters(values[3])
    return len(body).to_bytes(2, "big") + body


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


def dnr_to_texts(data: bytes) -> list[str]:
    """The instances of option 162, one text each, as the configuration has them. WireError: malformed."""
    texts, at = [], 0
    while at < len(data):
        size = int.from_bytes(take(data, at, 2), "big")
        texts.append(_instance_text(take(data, at + 2, size)))
        at += 2 + size
    return texts


def _instance_text(body: bytes) -> str:
    priority = int.from_bytes(take(body, 0, 2), "big")
    name_size = take(body, 2, 1)[0]
    name = name_to_text(read_name(take(body, 3, name_size))[0])
    fields, at = [str(priority), name], 3 + name_size
    if at < len(body):
        size = body[at]
        if not size or size % 4:
            raise WireError(f"encrypted DNS option has {size} bytes of addresses, not a positive multiple of 4")
        packed = take(body, at + 1, size)
        addresses = [text4(int.from_bytes(packed[i : i + 4], "big")) for i in range(0, size, 4)]
        fields.append(" ".join(addresses))
        parameters = _parameters_text(body[at + 1 + size :])
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
