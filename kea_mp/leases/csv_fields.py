"""What the lease files of both families have in common: fields and how they are escaped, schemas, Kea's checks.

A row as it stands in the file is also how memfile holds a lease in memory, so what parses a row trusts it: it was
written here, or was checked when the file was read. A removed lease is a row with a valid lifetime of 0.

Runs in: any
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from json import JSONDecodeError, loads

ETHERNET = b"\x01"

# Parts of regular expressions that rows must match.
PAIR = rb"[0-9a-f][0-9a-f]"
U32 = rb"(?:0|[1-9][0-9]{0,8}|[1-3][0-9]{9}|4[01][0-9]{8})"
LIFETIME = rb"(?:0|[1-9][0-9]{0,8}|[1-3][0-9]{9}|4[01][0-9]{8}|4294967295)"
EXPIRE = rb"(?:0|[1-9][0-9]{0,18})"
HOST = rb"[ -%'-+\--@\[-~]*(?:&#x[0-9a-f]{2}[ -%'-+\--@\[-~]*)*"
CONTEXT = rb"[ -+\--~]*"


class RowError(ValueError):
    """This row is no lease; the text says why."""


@dataclass(frozen=True, slots=True)
class Format:
    """The file of one family. version: Kea's of the schema. minimum: a file with fewer columns is not a lease file.
    defaults: of the columns that younger schemas added, where a row of an older file has a value."""

    version: str
    columns: tuple[bytes, ...]
    minimum: int
    defaults: Mapping[bytes, bytes]

    @property
    def header(self) -> bytes:
        return b",".join(self.columns)

    def schema_of(self, header: bytes) -> Schema:
        """The schema of a file by its first line; RowError when it is not a lease file."""
        names = header.split(b",")
        for name, column in zip(names, self.columns, strict=False):
            if name != column:
                raise RowError(f"header contains an invalid column: {name.decode(errors='replace')!r}")
        if len(names) < self.minimum:
            raise RowError(f"header has only {len(names)} valid column(s), it must have at least {self.minimum}")
        return Schema(self, len(names))


@dataclass(frozen=True, slots=True)
class Schema:
    """What the header of a file says. columns: how many it has. Rows of an older file are filled up with
    defaults, the surplus of a newer one is cut off."""

    format: Format
    columns: int

    @property
    def is_current(self) -> bool:
        return self.columns == len(self.format.columns)

    @property
    def is_older(self) -> bool:
        return self.columns < len(self.format.columns)

    def fitted(self, fields: list[bytes]) -> list[bytes]:
        """The fields of a row in the current schema; RowError when there are too few. Kea 3.0 cuts off what is too
        much, whatever the header says; later versions discard such rows, and the leases with them."""
        columns = self.format.columns
        count, want = len(fields), len(columns)
        if count < min(self.columns, want):
            raise RowError(f"Invalid number of columns: {count} in row: {b','.join(fields)!r}")
        return fields[:want] + [self.format.defaults.get(column, b"") for column in columns[count:]]


# ---- text ---------------------------------------------------------------------------------------------------


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


# ---- fields of rows by other hands --------------------------------------------------------------------------


def octets(text: str, separator: str) -> bytes:
    """One or two hexadecimal digits each between separators."""
    parts = text.split(separator) if text else []
    if not all(1 <= len(part) <= 2 and _HEXADECIMAL.fullmatch(part) for part in parts):
        raise RowError(f"invalid format of the decoded string {text!r}")
    return bytes(int(part, 16) for part in parts)


def identifier(text: str, name: str, least: int, most: int) -> bytes:
    """Octets between colons or blanks, or digits without either (with or without 0x), as Kea reads them; b"" for no
    text."""
    separator = next((mark for mark in ": " if mark in text), "")
    if separator or not text:
        found = octets(text, separator or ":")
    else:
        digits = text[2:] if text.startswith("0x") and len(text) > 2 else text
        if not _HEXADECIMAL.fullmatch(digits):
            raise RowError(f"{text!r} is not a valid string of hexadecimal digits")
        found = bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits)
    if text and not least <= len(found) <= most:
        raise RowError(f"{name} of {len(found)} octets")
    return found


def number(text: str, bits: int) -> int:
    """An unsigned number with Kea's leniency: a plus is ignored, a minus counts down from the top."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()) or int(digits) >> bits:
        raise RowError(f"{text!r} is not an unsigned number of {bits} bits")
    return -int(digits) % (1 << bits) if text[0] == "-" else int(digits)


def flag(text: str) -> bool:
    if not _FLAG.fullmatch(text):
        raise RowError(f"{text!r} is neither 0 nor 1")
    return text.endswith("1")


def is_context(data: bytes) -> bool:
    """Whether an escaped user_context is what Kea accepts there: nothing, or a JSON map."""
    if not data:
        return True
    try:
        check_context(unescape(data))
    except RowError:
        return False
    return True


@lru_cache(maxsize=256)
def check_context(text: str) -> None:
    """RowError for a user context that Kea does not accept."""
    if not text:
        return
    try:
        value = loads(text)
    except (JSONDecodeError, RecursionError) as error:
        raise RowError(f"user context {text!r}: {error}") from error
    if not isinstance(value, dict):
        raise RowError(f"user context {text!r} is not a JSON map")
