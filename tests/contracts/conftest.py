"""Database servers for the contract suites: one of each kind for all tests.

Runs in: any (root)
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab import databases
from tests.lab.lease_database import Database, lease_database


def _database(kind: str) -> Iterator[Database]:
    if not databases.available(kind):
        pytest.skip(f"no {kind} server can be started here")
    with lease_database(kind) as database:
        yield database


@pytest.fixture(scope="session")
def postgresql_database() -> Iterator[Database]:
    yield from _database("postgresql")


@pytest.fixture(scope="session")
def mysql_database() -> Iterator[Database]:
    yield from _database("mysql")
