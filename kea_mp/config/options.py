"""Options of the configuration: definitions (option-def) and values (option-data), encoded once at load.

A value whose definition encapsulates a space is followed by the sub-options that the same list configures in that
space, as Kea appends them; spaces of vendors ("vendor-4491") stay separate, because option 125, or 17 of DHCPv6, is
made for the enterprise that a client names.

Runs in: any
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from kea_mp.config.model import OptionData, OptionDef, OptionSet
from kea_mp.config.scope import Json, Level
from kea_mp.dhcp.definitions4 import DEFINITIONS4
from kea_mp.dhcp.definitions6 import DEFINITIONS6
from kea_mp.dhcp.options import Definition, Definitions, encode_csv, encode_hex, validate, vendor_of

_CLASS_CODES = (43, *range(224, 255))  #: what a DHCPv4 class may define for itself (RFC 3942 and option 43)


@dataclass(frozen=True, slots=True)
class Format:
    """How options of a family are written. own: its option space. foreign: the other family's, which is refused.
    reserved: codes that are no options. number_size: bytes of a code, and of a length. other_names: the spaces under
    which Kea's definitions are found besides; options in them are taken and never sent."""

    own: str
    foreign: str
    reserved: tuple[int, ...]
    number_size: int
    other_names: Mapping[str, str]

    @property
    def longest(self) -> int:
        return (1 << 8 * self.number_size) - 1

    def packed(self, code: int, data: bytes) -> bytes:
        return code.to_bytes(self.number_size, "big") + len(data).to_bytes(self.number_size, "big") + data


_FORMATS = {
    4: Format("dhcp4", "dhcp6", (0, 255), 1, {"docsis3-v4": "vendor-4491"}),
    6: Format("dhcp6", "dhcp4", (0,), 2, {"docsis3-v6": "vendor-4491", "4o6": "vendor-2495"}),
}
_STANDARD = {4: DEFINITIONS4, 6: DEFINITIONS6}


def definitions(top: Level) -> Definitions:
    """Kea's standard definitions and those of option-def."""
    return _defined(top, [_definition(level) for level in top.items("option-def")])


def option_defs(known: Definitions) -> tuple[OptionDef, ...]:
    """The user's definitions as Config has them."""
    return tuple(
        OptionDef(row.space, row.code, row.name, row.type, row.array, row.record, row.encapsulate) for row in known.user
    )


def _format(level: Level) -> Format:
    return _FORMATS[level.tables.family.number]


def _definition(level: Level) -> Definition:
    json = level.json
    record = tuple(name for part in json.get("record-types", "").split(",") if (name := part.strip()))
    if record and json["type"] != "record":
        raise level.error("is only for type record", "record-types")
    own = _format(level)
    row = Definition(
        space=json.get("space", own.own),
        code=json["code"],
        name=json["name"],
        type=json["type"],
        array=json.get("array", False),
        record=record,
        encapsulate=json.get("encapsulate", ""),
        family=level.tables.family.number,
    )
    if row.space == own.foreign:
        raise level.error(f"the space {row.space} is not for {level.tables.family.protocol}", "space")
    try:
        validate(row)
    except ValueError as error:
        raise level.error(str(error)) from error
    return row


def _defined(level: Level, rows: list[Definition], other: tuple[Definition, ...] = ()) -> Definitions:
    """The standard definitions extended by `other` and `rows`, which stand in option-def of this level."""
    standard = _STANDARD[level.tables.family.number]
    try:
        return standard.extended((*other, *rows))
    except ValueError as error:
        problem, at = str(error), 0
        for at in range(len(rows)):
            try:
                standard.extended((*other, *rows[: at + 1]))
            except ValueError:
                break
        raise level.error(problem, "option-def", at) from error


@dataclass(frozen=True, slots=True)
class OptionEncoder:
    """Encodes option-data with the definitions that hold where it stands."""

    known: Definitions
    family: int  #: 4 or 6

    def options(self, level: Level) -> OptionSet:
        """The options set at this level: space → code → in their order."""
        result: dict[str, dict[int, tuple[OptionData, ...]]] = {}
        for inner in level.items("option-data"):
            option = self._option(inner, strict=level.path == (level.tables.family.top,))
            codes = result.setdefault(option.space, {})
            codes[option.code] = (*codes.get(option.code, ()), option)
        if len(result) > 1:
            self._encapsulate(level, result)
        return result

    def for_class(self, level: Level) -> OptionEncoder:
        """With the definitions of a client class, which come before all others."""
        rows = [_definition(inner) for inner in level.items("option-def")]
        if not rows:
            return self
        for index, row in enumerate(rows):
            if row.space != _FORMATS[4].own or row.code not in _CLASS_CODES:
                problem = f"a class may define dhcp4 options 43 and 224 to 254, not {row.space} {row.code}"
                raise level.error(problem, "option-def", index)
        taken = {(row.space, key) for row in rows for key in (row.code, row.name)}
        other = tuple(
            row for row in self.known.user if (row.space, row.code) not in taken and (row.space, row.name) not in taken
        )
        return OptionEncoder(_defined(level, rows, other), self.family)

    def definition(self, item: Json) -> Definition | None:
        """What option-data refers to: by code, otherwise by name."""
        own = _FORMATS[self.family]
        space = item.get("space", own.own)
        space = own.other_names.get(space, space)
        if "code" in item:
            return self.known.by_code(space, item["code"])
        return self.known.by_name(space, item["name"])

    def _option(self, level: Level, strict: bool) -> OptionData:
        """strict: as Kea's global option-data, which takes csv-format for true wherever it is missing."""
        item = level.json
        _check_names(level)
        definition = self.definition(item)
        own = _FORMATS[self.family]
        space, name = item.get("space", own.own), item.get("name", "")
        csv_format = item.get("csv-format", strict or definition is not None)
        if definition is None:
            if "code" not in item or csv_format:
                what = f"{space}.{name}" if name else f"{space} option {item['code']}"
                hint = " (csv-format false would take hexadecimal data)" if "code" in item else ""
                raise level.error(f"there is no definition for {what}{hint}")
        elif name and name != definition.name:
            raise level.error(f"code {definition.code} is option {definition.name!r}, not {name!r}", "name")
        code = item["code"] if definition is None else definition.code
        if space == own.own and code in own.reserved:
            raise level.error(f"code {code} is reserved", "code")
        return OptionData(
            space=space,
            code=code,
            name=definition.name if definition else name,
            data=self._payload(level, definition, csv_format),
            always_send=item.get("always-send", False),
            never_send=item.get("never-send", False),
            classes=tuple(name for name in item.get("client-classes", ()) if name),
        )

    def _payload(self, level: Level, definition: Definition | None, csv_format: bool) -> bytes:
        text = level.json.get("data")
        if text is None and level.json.get("never-send"):
            return b""
        try:
            if definition is not None and csv_format:
                return encode_csv(definition, text or "")
            return encode_hex(text or "", definition)
        except ValueError as error:
            kind = f" of type {definition.type}" if definition else ""
            problem = f"does not suit option {definition.name!r}{kind}: {error}" if definition else str(error)
            raise level.error(problem, *(() if text is None else ("data",))) from error

    def _encapsulate(self, level: Level, options: dict[str, dict[int, tuple[OptionData, ...]]]) -> None:
        """Append sub-options to what will be sent by itself: dhcp4 options and those of vendors."""
        for space in [space for space in options if space == _FORMATS[self.family].own or vendor_of(space)]:
            for code, same in options[space].items():
                definition = self.known.by_code(space, code)
                if definition is not None and definition.encapsulate in options:
                    tail = self._suboptions(level, options, definition, (space,))
                    options[space][code] = tuple(replace(option, data=option.data + tail) for option in same)

    def _suboptions(self, level: Level, options: OptionSet, parent: Definition, above: tuple[str, ...]) -> bytes:
        """The sub-options of a space, packed in the order of codes. above: spaces that are being packed already."""
        space, own = parent.encapsulate, _FORMATS[self.family]
        if space in above or space == own.own:
            return b""
        packed = bytearray()
        for code, same in sorted(options.get(space, {}).items()):
            option = next((option for option in same if not option.never_send), None)
            if option is None:
                continue
            definition = self.known.by_code(space, code)
            data = option.data
            if definition is not None and definition.encapsulate:
                data += self._suboptions(level, options, definition, (*above, space))
            if len(data) > own.longest:
                problem = f"sub-option {space} {code} has {len(data)} bytes, more than {own.longest}"
                raise level.error(problem, "option-data")
            packed += own.packed(code, data)
        return bytes(packed)


def _check_names(level: Level) -> None:
    item = level.json
    if "code" not in item and "name" not in item:
        raise level.error("code or name must be given")
    if " " in item.get("name", ""):
        raise level.error("a name has no blanks", "name")
    own = _format(level)
    space = item.get("space", own.own)
    if space == own.foreign:
        raise level.error(f"the space {space} is not for {level.tables.family.protocol}", "space")
    if not all(c.isascii() and (c.isalnum() or c in "-_") for c in space) or {space[0], space[-1]} & set("-_"):
        raise level.error(f"{space!r} is no name of a space", "space")
