"""Options of the configuration.

Runs in: any
"""

from __future__ import annotations

from dataclasses import dataclass

from kea_mp.config.model import OptionSet
from kea_mp.config.scope import Level


@dataclass(frozen=True, slots=True)
class OptionEncoder:
    """Encodes option-data."""

    def class_options(self, level: Level) -> OptionSet:
        return self.options(level)

    def options(self, level: Level) -> OptionSet:
        """The options set at this level."""
        if level.json.get("option-data"):
            raise level.error("option-data is not supported by kea_mp yet", "option-data")
        return {}
