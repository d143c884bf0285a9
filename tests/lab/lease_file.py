"""Reads Kea's memfile CSV as any other program would: by its header, the last row of an address counts.

Runs in: any
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Every complete row of the file and of what a clean-up has left beside it, oldest first."""
    for suffix in (".completed", ".2", ".1", ""):
        one = Path(f"{path}{suffix}")
        if one.exists():
            with one.open(newline="") as file:
                yield from csv.DictReader(file)


def leases(path: Path) -> dict[str, dict[str, str]]:
    """Address → its last row; leases that were removed (valid lifetime 0) are left out."""
    last = {row["address"]: row for row in rows(path)}
    return {address: row for address, row in last.items() if row["valid_lifetime"] != "0"}
