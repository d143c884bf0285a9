"""A procedure, a function and a trigger of MySQL as rows.

Runs in: any
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Routine:
    """A procedure, or a function when it returns something ("text READS SQL DATA"). arguments: "name type, …"."""

    name: str
    arguments: str
    body: str
    returns: str = ""

    @property
    def statement(self) -> str:
        if self.returns:
            return f"CREATE FUNCTION {self.name}({self.arguments}) RETURNS {self.returns}\n{self.body.strip()}"
        arguments = ", ".join(f"IN {each}" for each in self.arguments.split(", ") if each)
        return f"CREATE PROCEDURE {self.name}({arguments})\n{self.body.strip()}"

    @property
    def line(self) -> str:
        """As `kea_mp.sql.catalog` shows it."""
        returns = re.sub(r" (READS SQL DATA|DETERMINISTIC)$", "", self.returns)
        return f"{self.name} ({self.arguments}): {returns}".lower().strip()


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger for each row. event: "after insert" …"""

    name: str
    table: str
    event: str
    body: str

    @property
    def statement(self) -> str:
        return f"CREATE TRIGGER {self.name} {self.event} ON {self.table} FOR EACH ROW\n{self.body.strip()}"

    @property
    def line(self) -> str:
        """As `kea_mp.sql.catalog` shows it."""
        return f"{self.name} on {self.table}: {self.event}".lower()
