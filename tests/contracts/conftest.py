"""Database servers for the contract suites: one of each kind for all tests.

Runs in: any (root)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.contracts.kinds import KINDS, Kind, Opener, Store
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


# ---- a lease store of each kind and backend -----------------------------------------------------------------

_BOTH = [pytest.param((kind, name), id=f"{kind.name}-{name}") for kind in KINDS for name in kind.backends]


@pytest.fixture(params=_BOTH)
def kind_and_backend(request: pytest.FixtureRequest) -> tuple[Kind, str]:
    both: tuple[Kind, str] = request.param
    return both


@pytest.fixture
def kind(kind_and_backend: tuple[Kind, str]) -> Kind:
    return kind_and_backend[0]


@pytest.fixture
def empty(kind_and_backend: tuple[Kind, str], request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Opener]:
    """Makes the backend under test anew, without leases."""
    kind, backend = kind_and_backend
    if backend == "memfile":
        return partial(kind.memfile_in, tmp_path)
    return partial(kind.sql_in, request.getfixturevalue(f"{backend}_database"))


@pytest.fixture
def opened(empty: Callable[[], Opener]) -> Opener:
    """Opens the backend under test; opening again after `close` finds the same leases."""
    return empty()


@pytest.fixture
def store(opened: Opener) -> Iterator[Store]:
    made = opened()
    yield made
    made.close()
