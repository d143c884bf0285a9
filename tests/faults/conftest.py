"""The stand that all cells share, and the page that they write when they have all been run.

Runs in: any (root)
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults import cells
from tests.faults.cells import Seen, Stand
from tests.faults.report import write

_returned: list[Seen] = []
_given_up: list[Seen] = []


@pytest.fixture(scope="session")
def stand() -> Iterator[Stand]:
    with cells.stand() as made:
        yield made


@pytest.fixture(scope="session")
def returned() -> list[Seen]:
    return _returned


@pytest.fixture(scope="session")
def given_up() -> list[Seen]:
    return _given_up


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.getoption("--all") and _returned and _given_up:
        write(_returned, _given_up)
