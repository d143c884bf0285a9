"""Kea's JSON: comments, include directives, extraneous commas, and where every value stands.

Kea's dialect (its lexer, 3.0): `#`, `//` and `/* */` comments, `<?include "file"?>` anywhere between two tokens,
repeated and trailing commas accepted with a warning, numbers with leading zeros accepted with a warning, no
duplicate key, integers of 64 bits, `\\u` only up to `\\u00ff`. An include is opened as it is named, so a relative
one is under the working directory, as in Kea.

Runs in: any
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kea_mp.errors import ConfigError

JsonPath = tuple[str | int, ...]  #: ("Dhcp4", "subnet4", 0, "pools"): steps from the root to a value

INCLUDE_DEPTH = 10
NESTING_DEPTH = 200
_SKIP = r"(?:[ \t\r\n]+|\#[^\n]*|//[^\n]*|/\*[\s\S]*?\*/)*"
_TOKEN = re.compile(
    _SKIP + r'(?:"(?P<plain>[^"\\\x00-\x1f]*)"'
    r"|(?P<punctuation>[{}\[\],:])"
    r'|(?P<escaped>"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9A-Fa-f]{4})*")'
    r"|(?P<number>[-+.0-9][-+.0-9eE]*)"
    r"|(?P<word>[A-Za-z]+)"
    r'|<\?[ \t\r\n]*include[ \t\r\n]*"(?P<include>[^"\n]+)"[ \t\r\n]*\?>'
    r"|(?P<end>\Z))"
)
_PLAIN_GROUP, _PUNCTUATION_GROUP = _TOKEN.groupindex["plain"], _TOKEN.groupindex["punctuation"]
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_LEADING_ZERO = re.compile(r"-?0[0-9]+")
_REAL = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_ESCAPE = re.compile(r"\\(?:u(....)|(.))")
_SIMPLE_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": True, "false": False, "null": None}

_STRING, _PUNCTUATION, _SCALAR, _END = range(4)
_Token = tuple[int, Any, int]  #: kind, value, offset


@dataclass(slots=True)
class Positions:
    """Where the values stand. Texts are numbered through: an offset tells both the file and the place in it."""

    root: Any = None
    warnings: list[str] = field(default_factory=list)  #: what Kea logs as DHCP4_CONFIG_SYNTAX_WARNING
    _texts: list[tuple[int, str, str]] = field(default_factory=list)  #: first offset, name, text
    _offsets: dict[int, Any] = field(default_factory=dict)  #: id of a container → offset by key or by index
    _start: int = 0

    def add_text(self, name: str, text: str) -> int:
        """Number a file's text; its first offset."""
        first = self._texts[-1][0] + len(self._texts[-1][2]) + 1 if self._texts else 0
        self._texts.append((first, name, text))
        return first

    def remember(self, container: Any, offsets: Any) -> None:
        self._offsets[id(container)] = offsets

    def place(self, offset: int) -> str:
        """`file:line:column`, both counted from 1."""
        first, name, text = next(entry for entry in reversed(self._texts) if entry[0] <= offset)
        offset -= first
        line_start = text.rfind("\n", 0, offset) + 1
        return f"{name}:{text.count(chr(10), 0, offset) + 1}:{offset - line_start + 1}"

    def where(self, path: JsonPath) -> str:
        """Where the value at `path` stands, or the nearest value around it that exists; "" without a text."""
        if not self._texts:
            return ""
        offset, value = self._start, self.root
        for step in path:
            try:
                offset, value = self._offsets[id(value)][step], value[step]
            except (KeyError, IndexError, TypeError):
                break
        return self.place(offset)


def parse_text(text: str, origin: str) -> tuple[Any, Positions]:
    """The value of a text in Kea's JSON and where everything in it stands. origin: the name said in errors."""
    positions = Positions()
    tokens = _tokens(text, origin, positions, 0)
    positions._start = tokens[0][2]
    parser = _Parser(tokens, positions)
    positions.root = parser.document()
    return positions.root, positions


def load_file(path: str | Path) -> tuple[Any, Positions]:
    """`parse_text` of a file; a file that cannot be read is a ConfigError."""
    return parse_text(_read(str(path), ""), str(path))


def _read(name: str, where: str) -> str:
    try:
        return Path(name).read_text("utf-8", errors="surrogateescape")
    except OSError as error:
        raise ConfigError(f"cannot read {name!r}: {error.strerror}", where=where) from error


def _tokens(text: str, name: str, positions: Positions, depth: int) -> list[_Token]:
    first = positions.add_text(name, text)
    found: list[_Token] = []
    append, match_at, at = found.append, _TOKEN.match, 0
    while True:
        match = match_at(text, at)
        if match is None:
            raise _unreadable(text, at, first, positions)
        kind, at = match.lastgroup, match.end()
        start = first + match.start(kind or 0)
        match kind:
            case "punctuation":
                append((_PUNCTUATION, match[_PUNCTUATION_GROUP], start))
            case "plain":
                append((_STRING, match[_PLAIN_GROUP], start - 1))
            case "number":
                append((_SCALAR, _number(match["number"], start, positions), start))
            case "word":
                append((_SCALAR, _word(match["word"], start, positions), start))
            case "escaped":
                append((_STRING, _unescaped(match["escaped"], start, positions), start))
            case "include":
                if depth >= INCLUDE_DEPTH:
                    raise ConfigError("Too many nested include.", where=positions.place(start))
                included = _read(match["include"], positions.place(start))
                found += _tokens(included, match["include"], positions, depth + 1)[:-1]
                # The text goes on after the directive: number it anew so that offsets find this file again.
                first = positions.add_text(name, text)
            case _:
                append((_END, "end of file", first + len(text)))
                return found


def _unreadable(text: str, at: int, first: int, positions: Positions) -> ConfigError:
    skipped = re.compile(_SKIP).match(text, at)
    at = skipped.end() if skipped else at
    if text.startswith("/*", at):
        problem = "Comment not closed."
    elif text.startswith("<?", at):
        problem = 'a directive must be <?include "file"?>'
    elif text.startswith('"', at):
        problem = _bad_string(text, at)
    else:
        problem = f"Invalid character: {text[at]}"
    return ConfigError(problem, where=positions.place(first + at))


def _bad_string(text: str, at: int) -> str:
    for position in range(at + 1, len(text)):
        if text[position] < " ":
            return "Invalid control character in a string (or its closing quote is missing)"
        if text[position] == "\\" and not re.compile(r'\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})').match(text, position):
            return "Bad escape in a string"
    return "the closing quote of a string is missing"


def _number(text: str, offset: int, positions: Positions) -> int | float:
    if text.startswith("+"):
        raise ConfigError(f"Deprecated plus sign in {text} number.", where=positions.place(offset))
    if _INTEGER.fullmatch(text) or _LEADING_ZERO.fullmatch(text):
        if text.lstrip("-").startswith("0") and len(text.lstrip("-")) > 1:
            positions.warnings.append(f"{positions.place(offset)}: leading zeros in integers will be deprecated.")
        number = int(text)
        if not -(1 << 63) <= number < 1 << 63:
            raise ConfigError(f"Failed to convert {text} to an integer.", where=positions.place(offset))
        return number
    if not _REAL.fullmatch(text):
        raise ConfigError(f"Failed to convert {text} to a number.", where=positions.place(offset))
    return float(text)


def _word(text: str, offset: int, positions: Positions) -> bool | None:
    if text in _WORDS:
        return _WORDS[text]
    if text.lower() in _WORDS:
        problem = f"JSON {text.lower()} reserved keyword is lower case only"
    else:
        problem = f"Invalid character: {text[0]}"
    raise ConfigError(problem, where=positions.place(offset))


def _unescaped(quoted: str, offset: int, positions: Positions) -> str:
    def character(match: re.Match[str]) -> str:
        if match[1] is None:
            return _SIMPLE_ESCAPES.get(match[2], match[2])
        if not match[1].startswith("00"):
            raise ConfigError(f"Unsupported unicode escape in {quoted}", where=positions.place(offset))
        return chr(int(match[1], 16))

    return _ESCAPE.sub(character, quoted[1:-1])


class _Parser:
    """Recursive descent over the tokens; `at` is the next one."""

    def __init__(self, tokens: list[_Token], positions: Positions) -> None:
        self.tokens, self.positions, self.at, self.depth = tokens, positions, 0, 0

    def document(self) -> Any:
        value = self.value()
        if self.tokens[self.at][0] != _END:
            raise self.unexpected("end of file")
        return value

    def unexpected(self, expected: str) -> ConfigError:
        kind, value, offset = self.tokens[self.at]
        shown = {_STRING: "constant string", _SCALAR: "a number, boolean or null"}.get(kind, str(value))
        return ConfigError(
            f"syntax error, unexpected {shown}, expecting {expected}", where=self.positions.place(offset)
        )

    def value(self) -> Any:
        kind, value, offset = self.tokens[self.at]
        if kind in (_STRING, _SCALAR):
            self.at += 1
            return value
        if kind != _PUNCTUATION or value not in ("{", "["):
            raise self.unexpected("a value")
        self.depth += 1
        if self.depth > NESTING_DEPTH:
            raise ConfigError(f"nested deeper than {NESTING_DEPTH} levels", where=self.positions.place(offset))
        result = self.map() if value == "{" else self.list()
        self.depth -= 1
        return result

    def map(self) -> dict[str, Any]:
        tokens = self.tokens
        result: dict[str, Any] = {}
        offsets: dict[str, int] = {}
        self.at += 1
        while True:
            kind, key, offset = tokens[self.at]
            if kind != _STRING:
                if key == "}" and (kind == _PUNCTUATION):
                    break
                raise self.unexpected('a key in quotes or "}"')
            if key in result:
                raise ConfigError(
                    f"duplicate {key} entries (previous at {self.positions.place(offsets[key])})",
                    where=self.positions.place(offset),
                )
            self.at += 1
            if tokens[self.at][:2] != (_PUNCTUATION, ":"):
                raise self.unexpected(":")
            self.at += 1
            offsets[key] = tokens[self.at][2]
            result[key] = self.value()
            if not self.next_item("}"):
                break
        self.at += 1
        self.positions.remember(result, offsets)
        return result

    def list(self) -> list[Any]:
        result: list[Any] = []
        offsets: list[int] = []
        self.at += 1
        if self.tokens[self.at][:2] != (_PUNCTUATION, "]"):
            while True:
                offsets.append(self.tokens[self.at][2])
                result.append(self.value())
                if not self.next_item("]"):
                    break
        self.at += 1
        self.positions.remember(result, offsets)
        return result

    def next_item(self, closing: str) -> bool:
        """After an item: whether another one follows; stands on it or on the closing bracket."""
        kind, mark, offset = self.tokens[self.at]
        if kind != _PUNCTUATION or mark not in (",", closing):
            raise self.unexpected(f', or "{closing}"')
        if mark == closing:
            return False
        self.at += 1
        while self.tokens[self.at][:2] in ((_PUNCTUATION, ","), (_PUNCTUATION, closing)):
            self.positions.warnings.append(
                f"{self.positions.place(offset)}: Extraneous comma. A piece of configuration may have been omitted."
            )
            if self.tokens[self.at][1] == closing:
                return False
            offset = self.tokens[self.at][2]
            self.at += 1
        return True
