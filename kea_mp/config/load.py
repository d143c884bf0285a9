"""The ways to a configuration: a file, a text, or JSON that a command brings.

Runs in: any
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kea_mp.config.build4 import build4
from kea_mp.config.build6 import build6
from kea_mp.config.check import Complaints, check_map
from kea_mp.config.keys import Tables
from kea_mp.config.keys4 import TABLES4
from kea_mp.config.keys6 import TABLES6
from kea_mp.config.model import Config4
from kea_mp.config.model6 import Config6
from kea_mp.config.parse import Positions, load_file, parse_text
from kea_mp.config.scope import Json
from kea_mp.family import Family


def config_from_file(path: str | Path, family: Family) -> Config4 | Config6:
    """The configuration in a file of Kea's JSON; ConfigError says file, line, column and JSON path."""
    return _config(*load_file(path), "", family)


def config_from_text(text: str, origin: str, family: Family) -> Config4 | Config6:
    """The same from a text; origin is said in errors."""
    return _config(*parse_text(text, origin), "", family)


def config_from_json(value: dict[str, Any], family: Family, origin: str = "") -> Config4 | Config6:
    """The same from a value `{"Dhcp4": {…}}` or `{"Dhcp6": {…}}`; origin is said in errors, there are no lines."""
    return _config(value, Positions(), origin, family)


def config4_from_file(path: str | Path) -> Config4:
    return _config4(*load_file(path), "")


def config4_from_text(text: str, origin: str) -> Config4:
    return _config4(*parse_text(text, origin), "")


def config4_from_json(value: dict[str, Any], origin: str = "") -> Config4:
    return _config4(value, Positions(), origin)


def config6_from_text(text: str, origin: str) -> Config6:
    return _config6(*parse_text(text, origin), "")


def config6_from_json(value: dict[str, Any], origin: str = "") -> Config6:
    return _config6(value, Positions(), origin)


def _config(value: Any, positions: Positions, origin: str, family: Family) -> Config4 | Config6:
    return (_config4 if family == TABLES4.family else _config6)(value, positions, origin)


def _config4(value: Any, positions: Positions, origin: str) -> Config4:
    return build4(*_checked(value, positions, origin, TABLES4))


def _config6(value: Any, positions: Positions, origin: str) -> Config6:
    return build6(*_checked(value, positions, origin, TABLES6))


def _checked(value: Any, positions: Positions, origin: str, tables: Tables) -> tuple[Json, Complaints]:
    """The map of the daemon, its keys, types and ranges checked."""
    family, top = tables.family, tables.family.top
    syntax = [f"{family.message('CONFIG_SYNTAX_WARNING')} {text}" for text in positions.warnings]
    complaints = Complaints(positions, origin, syntax)
    if type(value) is not dict:
        raise complaints.error((), f'must be a map {{"{top}": {{…}}}}')
    for name in value:
        if name != top:
            raise complaints.error((name,), f'only "{top}" may stand here')
    if top not in value:
        raise complaints.error((), f'the map "{top}" is missing')
    check_map(value[top], tables.scopes[top], (top,), complaints, tables.scopes)
    return value[top], complaints
