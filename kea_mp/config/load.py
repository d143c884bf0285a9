"""The two ways to a Config4: a file, or JSON that a command brings.

Runs in: any
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kea_mp.config import keys4
from kea_mp.config.build4 import build4
from kea_mp.config.check import Complaints, check_map
from kea_mp.config.model import Config4
from kea_mp.config.parse import Positions, load_file, parse_text


def config4_from_file(path: str | Path) -> Config4:
    """The DHCPv4 configuration in a file of Kea's JSON; ConfigError says file, line, column and JSON path."""
    return _config4(*load_file(path), "")


def config4_from_text(text: str, origin: str) -> Config4:
    """The same from a text; origin is said in errors."""
    return _config4(*parse_text(text, origin), "")


def config4_from_json(value: dict[str, Any], origin: str = "") -> Config4:
    """The same from a value `{"Dhcp4": {…}}`; origin is said in errors, there are no lines."""
    return _config4(value, Positions(), origin)


def _config4(value: Any, positions: Positions, origin: str) -> Config4:
    complaints = Complaints(positions, origin, [f"DHCP4_CONFIG_SYNTAX_WARNING {text}" for text in positions.warnings])
    if type(value) is not dict:
        raise complaints.error((), 'must be a map {"Dhcp4": {…}}')
    for name in value:
        if name != "Dhcp4":
            raise complaints.error((name,), 'only "Dhcp4" may stand here')
    if "Dhcp4" not in value:
        raise complaints.error((), 'the map "Dhcp4" is missing')
    check_map(value["Dhcp4"], keys4.SCOPES["Dhcp4"], ("Dhcp4",), complaints)
    return build4(value["Dhcp4"], complaints)
