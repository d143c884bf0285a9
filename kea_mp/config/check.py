"""Whether a JSON value is a configuration: keys, types and ranges, as the tables say (`keys`, `keys4`, `keys6`).

Runs in: any
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kea_mp.config import keys
from kea_mp.config.keys import Key, Scope
from kea_mp.config.parse import JsonPath, Positions
from kea_mp.errors import ConfigError

Scopes = Mapping[str, Scope]  #: those that the rows refer to, by name

_TYPES: dict[str, type] = {
    keys.STRING: str,
    keys.INTEGER: int,
    keys.REAL: float,
    keys.BOOLEAN: bool,
    keys.MAP: dict,
    keys.LIST: list,
}


@dataclass(slots=True)
class Complaints:
    """How what is wrong is told: errors with path and place, warnings gathered."""

    positions: Positions
    origin: str = ""  #: said when there is no text with lines: a command
    warnings: list[str] = field(default_factory=list)

    def error(self, path: JsonPath, problem: str) -> ConfigError:
        return ConfigError(problem, path_text(path), self.positions.where(path) or self.origin)

    def warn(self, path: JsonPath, identifier: str, text: str) -> None:
        """identifier: of the Kea message. The place makes it findable."""
        place = self.positions.where(path) or self.origin
        self.warnings.append(f"{identifier} {': '.join(part for part in (place, path_text(path), text) if part)}")


def path_text(path: JsonPath) -> str:
    """`Dhcp4.subnet4[0].pools[1].pool`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def check_map(value: Any, scope: Scope, path: JsonPath, complaints: Complaints, scopes: Scopes) -> None:
    """Refuse with a ConfigError what is not a map of this scope."""
    if type(value) is not dict:
        raise complaints.error(path, f"must be a map, not {_said(value)}")
    if not value and not scope.empty:
        raise complaints.error(path, "must not be empty")
    keys = scope.keys
    for name, item in value.items():
        key = keys.get(name)
        if key is None:
            if scope.open:
                continue
            raise complaints.error((*path, name), f"unknown key in a {scope.name} map")
        _check_value(item, key, path, complaints, scopes)
    for name in scope.required:
        if name not in value:
            raise complaints.error(path, f"the key {name!r} is missing")


def _check_value(value: Any, key: Key, parent: JsonPath, complaints: Complaints, scopes: Scopes) -> None:
    if type(value) is not _TYPES[key.type]:
        raise complaints.error((*parent, key.name), f"must be {_article(key.type)}, not {_said(value)}")
    if key.type != keys.BOOLEAN:
        _CHECKS[key.type](value, key, parent, complaints, scopes)
    if key.refuse and value not in key.harmless:
        raise complaints.error((*parent, key.name), key.refuse)


def _check_string(value: str, key: Key, parent: JsonPath, complaints: Complaints, _: Scopes) -> None:
    if key.choices and value not in key.choices:
        raise complaints.error((*parent, key.name), f"{value!r} is none of: {', '.join(key.choices)}")
    if key.low is not None and len(value) < key.low:
        raise complaints.error((*parent, key.name), "must not be empty")
    if key.high is not None and len(value.encode("utf-8", "surrogateescape")) > key.high:
        raise complaints.error((*parent, key.name), f"must be at most {key.high} bytes long")


def _check_number(value: float, key: Key, parent: JsonPath, complaints: Complaints, _: Scopes) -> None:
    low, high = key.low, key.high
    if low is None or high is None:
        return
    if low <= value <= high and not (key.above_low and value == low) and not (key.below_high and value == high):
        return
    bounds = f"{'above' if key.above_low else 'at least'} {low} and {'below' if key.below_high else 'at most'} {high}"
    raise complaints.error((*parent, key.name), f"{value} is out of range: must be {bounds}")


def _check_map(value: dict[str, Any], key: Key, parent: JsonPath, complaints: Complaints, scopes: Scopes) -> None:
    if key.items:
        check_map(value, scopes[key.items], (*parent, key.name), complaints, scopes)


def _check_list(value: list[Any], key: Key, parent: JsonPath, complaints: Complaints, scopes: Scopes) -> None:
    if not value and not key.empty:
        raise complaints.error((*parent, key.name), "must not be empty")
    if key.items == keys.STRING:
        for index, item in enumerate(value):
            if type(item) is not str:
                raise complaints.error((*parent, key.name, index), f"must be a string, not {_said(item)}")
    elif key.items:
        scope = scopes[key.items]
        for index, item in enumerate(value):
            check_map(item, scope, (*parent, key.name, index), complaints, scopes)


_CHECKS: dict[str, Callable[[Any, Key, JsonPath, Complaints, Scopes], None]] = {
    keys.STRING: _check_string,
    keys.INTEGER: _check_number,
    keys.REAL: _check_number,
    keys.MAP: _check_map,
    keys.LIST: _check_list,
}


def _article(name: str) -> str:
    if name == keys.REAL:
        return "a number with a decimal point"
    return f"{'an' if name == keys.INTEGER else 'a'} {name}"


def _said(value: Any) -> str:
    if value is None:
        return "null"
    return next((_article(name) for name, type_ in _TYPES.items() if type(value) is type_), str(type(value)))
