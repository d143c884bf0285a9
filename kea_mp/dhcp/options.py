"""Option definitions, and option payloads to and from the text of a configuration (Kea option-data, option-def).

ValueError: the text or the definition is wrong, for a ConfigError with its place. WireError: the bytes are wrong.
Where Kea quietly takes only a part of what is written (a second value for an option of one value, bytes after the last
field) the same part is taken here.

Runs in: any
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from kea_mp.dhcp.fields import FIELDS, TYPES, Field, take
from kea_mp.dhcp.names import BadName, name_to_text, read_names
from kea_mp.dhcp.special import NOTHING_SPECIAL, SkippedOption, Special
from kea_mp.dhcp.special4 import SPECIAL4
from kea_mp.dhcp.special6 import SPECIAL6
from kea_mp.dhcp.tokens import BLANKS, escaped, rejoined, split
from kea_mp.errors import WireError

DHCP4, AGENT_SPACE, VENDOR_ENCAPSULATED = "dhcp4", "dhcp-agent-options-space", "vendor-encapsulated-options-space"
DHCP6, RSOO_SPACE = "dhcp6", "rsoo-opts"
SZTP = 143  #: the dhcp4 option whose tuples are those of DHCPv6 (RFC 8572)

_SPECIAL = {DHCP4: SPECIAL4, DHCP6: SPECIAL6}
#: the fields of some types by family
_WIRE_TYPES = {4: {"internal": "binary"}, 6: {"internal": "binary", "fqdn": "fqdn6", "tuple": "tuple16"}}
_HIGHEST_CODE = {4: 255, 6: 65535}
_RESERVED = {DHCP4: (0, 255), DHCP6: (0,)}

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?")
_HEX_OCTET = re.compile(r"[0-9a-fA-F]{1,2}")


@dataclass(frozen=True, slots=True)
class Definition:
    """One option definition (Kea option-def). record: field types when type is "record", the last one repeated when
    array. encapsulate: the space of the sub-options that follow the fields. family: 4 or 6."""

    space: str
    code: int
    name: str
    type: str
    array: bool = False
    record: tuple[str, ...] = ()
    encapsulate: str = ""
    family: int = 4


def special(definition: Definition) -> Special:
    """What is special about the format of this option."""
    return _SPECIAL.get(definition.space, {}).get(definition.code, NOTHING_SPECIAL)


def vendor_of(space: str) -> int:
    """4491 for "vendor-4491", 0 for any other kind of space."""
    prefix, _, number = space.partition("-")
    if prefix != "vendor" or not number.isascii() or not number.isdigit() or int(number) > 0xFFFFFFFF:
        return 0
    return int(number)


def validate(definition: Definition) -> None:
    """ValueError: Kea would refuse this definition in option-def."""
    where = f"option definition {definition.space}.{definition.name}"
    for what, name in (("name", definition.name), ("space", definition.space)):
        if not _NAME.fullmatch(name):
            raise ValueError(f"{where}: {name!r} is no valid {what}")
    highest, reserved = _HIGHEST_CODE[definition.family], _RESERVED.get(definition.space, ())
    if not 0 <= definition.code <= highest or definition.code in reserved:
        raise ValueError(f"{where}: code {definition.code} is not usable")
    for name in (definition.type, *definition.record):
        if name not in TYPES:
            raise ValueError(f"{where}: unknown type {name!r}")
    if definition.encapsulate:
        if not _NAME.fullmatch(definition.encapsulate) or definition.encapsulate == definition.space:
            raise ValueError(f"{where}: must not encapsulate {definition.encapsulate!r}")
        if definition.array:
            raise ValueError(f"{where}: an array may not encapsulate any option space")
    if definition.type == "record":
        _validate_record(definition, where)
    elif definition.record:
        raise ValueError(f"{where}: only the type record has record types")
    elif definition.array and definition.type in ("string", "binary", "empty", "internal"):
        raise ValueError(f"{where}: an array of {definition.type} is not possible")


def _validate_record(definition: Definition, where: str) -> None:
    record = definition.record
    if len(record) < 2:
        raise ValueError(f"{where}: a record needs at least 2 fields, not {len(record)}")
    for name in record:
        if name in ("empty", "internal", "record"):
            raise ValueError(f"{where}: a field of a record cannot be {name}")
    if "string" in record[:-1] or "binary" in record[:-1]:
        raise ValueError(f"{where}: a string or binary field must be the last one")
    if definition.array and record[-1] in ("string", "binary"):
        raise ValueError(f"{where}: an array of {record[-1]} is not possible")


class Definitions:
    """What is known about options: the user's definitions before the standard ones. Immutable."""

    def __init__(
        self,
        standard: Iterable[Definition],
        vendor: Iterable[Definition] = (),
        last_resort: Iterable[Definition] = (),
        user: Iterable[Definition] = (),
    ) -> None:
        """user: ValueError when one is invalid, given twice, or in the place of a standard one (vendor and last
        resort definitions may be replaced)."""
        self.standard: tuple[Definition, ...] = tuple(standard)
        self._vendor, self._last = tuple(vendor), tuple(last_resort)
        self.user: tuple[Definition, ...] = tuple(user)
        self._by_code: dict[tuple[str, int], Definition] = {}
        self._by_name: dict[tuple[str, str], Definition] = {}
        for row in self.standard:
            self._index(row)
        for row in self.user:
            validate(row)
            self._refuse_taken(row)
            self._index(row)
        for row in (*self._vendor, *self._last):
            self._by_code.setdefault((row.space, row.code), row)
            self._by_name.setdefault((row.space, row.name), row)

    def _index(self, row: Definition) -> None:
        self._by_code[row.space, row.code] = self._by_name[row.space, row.name] = row

    def _refuse_taken(self, row: Definition) -> None:
        taken = self._by_code.get((row.space, row.code)) or self._by_name.get((row.space, row.name))
        if taken in self.standard:
            raise ValueError(f"standard option {taken.space}.{taken.name} ({taken.code}) cannot be defined anew")
        if taken:
            raise ValueError(f"option {row.name!r} ({row.code}) is already defined in space {row.space!r}")

    def by_code(self, space: str, code: int) -> Definition | None:
        return self._by_code.get((space, code))

    def by_name(self, space: str, name: str) -> Definition | None:
        return self._by_name.get((space, name))

    def in_space(self, space: str) -> dict[int, Definition]:
        """All definitions of a space, by code."""
        return {code: row for (where, code), row in self._by_code.items() if where == space}

    def extended(self, user: Iterable[Definition]) -> Definitions:
        """These and the user's definitions."""
        return Definitions(self.standard, self._vendor, self._last, (*self.user, *user))


def encode_csv(definition: Definition, text: str) -> bytes:
    """The payload for option-data with csv-format true. Sub-options are not in it."""
    values = [value.strip(BLANKS) for value in split(text)]
    try:
        return _configured(definition, _encode_values(definition, values))
    except WireError as problem:
        raise ValueError(str(problem)) from None


def _configured(definition: Definition, data: bytes) -> bytes:
    """As conform; with some options Kea is stricter in a configuration than in a message."""
    check = special(definition).check
    if check:
        check(data)
    return conform(definition, data)


def _encode_values(definition: Definition, values: list[str]) -> bytes:
    encode = special(definition).encode
    if encode:
        return encode(values)
    if definition.type == "empty":
        if values:
            raise ValueError("an option of type empty has no value")
        return b""
    if definition.type == "internal":
        if not values:
            raise ValueError("no value given")
        return rejoined(values).encode()
    fields = _fields(definition)
    if len(values) < len(fields) and not (definition.array and definition.type != "record"):
        raise ValueError(f"{len(values)} value(s) given where {len(fields)} are needed")
    used = len(values) if definition.array else len(fields)
    fields = (*fields, *(fields[-1:] * (used - len(fields))))
    return b"".join(field.encode(value) for field, value in zip(fields, values[:used], strict=False))


def _fields(definition: Definition) -> tuple[Field, ...]:
    """The fields of one record, or the only field. Not for empty."""
    names = definition.record if definition.type == "record" else (definition.type,)
    wire = _WIRE_TYPES[6 if (definition.space, definition.code) == (DHCP4, SZTP) else definition.family]
    return tuple(FIELDS[wire.get(name, name)] for name in names)


def encode_hex(text: str, definition: Definition | None = None) -> bytes:
    """The payload for option-data with csv-format false: hexadecimal digits with or without 0x, ":" or blanks between
    octets, or text in single quotes. With a definition the bytes must suit it."""
    data = _from_hex(text)
    if definition is None:
        return data
    try:
        return _configured(definition, data)
    except WireError as problem:
        raise ValueError(str(problem)) from None


def _from_hex(text: str) -> bytes:
    trimmed = text.strip(BLANKS)
    if len(trimmed) > 1 and trimmed[0] == trimmed[-1] == "'" and (quoted := trimmed[1:-1].strip(BLANKS)):
        return quoted.encode()
    for separator in (":", " "):
        if separator in text:
            octets = text.split(separator)
            if not all(_HEX_OCTET.fullmatch(octet) for octet in octets):
                raise ValueError(f"{text!r} is not a list of hexadecimal octets with {separator!r} between them")
            return bytes(int(octet, 16) for octet in octets)
    digits = text[2:] if text.startswith("0x") and len(text) > 2 else text
    return FIELDS["binary"].encode(("0" if len(text) % 2 else "") + digits)


def conform(definition: Definition, data: bytes, lenient: bool = False) -> bytes:
    """The part of a payload that the definition describes, in Kea's normal form.

    Strings lose their trailing NULs, names their compression. WireError: it does not suit; SkippedOption: Kea ignores
    such an option but not its message. lenient: Kea's lenient-option-parsing.
    """
    own = special(definition).conform
    if own:
        return own(data, lenient)
    if definition.type in ("binary", "internal"):
        return data
    if definition.type == "empty":
        return data if definition.encapsulate else b""
    if definition.type == "string":
        text = data.rstrip(b"\0")
        if not text:
            raise SkippedOption(f"option {definition.name} is an empty string")
        return text
    if definition.array and definition.type != "record":
        return _conform_array(definition, data, lenient)
    try:
        end = _walk(definition, data)
    except BadName as problem:
        if lenient:
            raise SkippedOption(str(problem)) from None
        raise
    return data if definition.encapsulate else data[:end]


def _conform_array(definition: Definition, data: bytes, lenient: bool) -> bytes:
    if definition.type == "fqdn":
        if not data and definition.family == 4:
            raise WireError(f"option {definition.name} is empty")
        try:
            return b"".join(read_names(data, compression=definition.family == 4))
        except WireError as problem:
            if lenient:
                raise SkippedOption(str(problem)) from None
            raise
    (field,) = _fields(definition)
    addresses = definition.type.endswith("-address")
    if field.size and not data and not addresses:
        raise WireError(f"option {definition.name} is empty")
    if len(data) % (field.size or 1) and (addresses or "int" in definition.type):
        raise WireError(f"option {definition.name} has {len(data)} bytes, not a multiple of {field.size}")
    return data[: _walk(definition, data)]


def fields_end(definition: Definition, data: bytes) -> int:
    """Where the fields of a payload end and its sub-options begin. WireError: a field is cut off."""
    return 0 if definition.type == "empty" else _walk(definition, data)


def _walk(definition: Definition, data: bytes) -> int:
    """Where the last whole field ends. Values are not judged, as in Kea: a boolean may be 7."""
    fields = _fields(definition)
    at = 0
    if definition.type == "record" or not definition.array:
        for field in fields:
            at = _after(field, data, at)
    if definition.array:
        while at < len(data) and at + fields[-1].size <= len(data):
            at = _after(fields[-1], data, at)
    return at


def _after(field: Field, data: bytes, at: int) -> int:
    if field.size:
        take(data, at, field.size)
        return at + field.size
    return field.decode(data, at)[1]


def decode(definition: Definition, data: bytes) -> list[str]:
    """The values of a payload as text, for logs and answers. WireError: it does not suit the definition."""
    own = special(definition).decode
    if own:
        return own(data)
    if definition.type == "empty":
        return []
    if definition.array and definition.type == "fqdn":
        return [name_to_text(name) for name in read_names(data, compression=definition.family == 4)]
    fields, values, at = _fields(definition), [], 0
    if definition.type == "record" or not definition.array:
        for field in fields:
            value, at = field.decode(data, at)
            values.append(value)
    while definition.array and at < len(data) and at + fields[-1].size <= len(data):
        value, at = fields[-1].decode(data, at)
        values.append(value)
    return values


def to_csv(definition: Definition, data: bytes) -> str:
    """A payload as option-data has it with csv-format true."""
    own = special(definition)
    values = decode(definition, data)
    if own.between != ", ":
        return own.between.join(values)
    return ", ".join(escaped(value) for value in values)
