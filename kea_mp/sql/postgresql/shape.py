"""A function and a trigger of PostgreSQL as rows.

Runs in: any
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Routine:
    """A function. arguments: as in CREATE FUNCTION; body: PL/pgSQL from DECLARE or BEGIN on, or a query."""

    name: str
    arguments: str
    returns: str
    body: str
    language: str = "plpgsql"

    @property
    def statement(self) -> str:
        return (
            f"CREATE FUNCTION {self.name}({self.arguments}) RETURNS {self.returns}\n"
            f"LANGUAGE {self.language} AS $body$\n{self.body.strip()}\n$body$"
        )

    @property
    def line(self) -> str:
        """As `kea_mp.sql.catalog` shows it."""
        return f"{self.name} ({self.arguments}): {self.returns}".lower()


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger. event: "after insert" …; tables: transition tables, which make it run once for a statement."""

    name: str
    table: str
    event: str
    function: str
    tables: str = ""

    @property
    def statement(self) -> str:
        each = f"REFERENCING {self.tables} FOR EACH STATEMENT" if self.tables else "FOR EACH ROW"
        return f"CREATE TRIGGER {self.name} {self.event} ON {self.table} {each} EXECUTE FUNCTION {self.function}()"

    @property
    def line(self) -> str:
        """As `kea_mp.sql.catalog` shows it."""
        return f"{self.name} on {self.table}: {self.event}".lower()


def on_row(name: str, body: str) -> Routine:
    """A trigger function whose result does not matter (it runs after the row)."""
    return Routine(name, "", "trigger", f"BEGIN\n{body}\nRETURN NULL;\nEND")
