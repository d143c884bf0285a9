"""What every test may rely on: which machine this is, and what is only run with --all.

Runs in: any
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.lab.databases import Server


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="also the tests marked `long`")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    from tests.lab import peer

    every = bool(config.getoption("--all"))
    for item in items:
        if item.get_closest_marker("long") and not every:
            item.add_marker(pytest.mark.skip(reason="long: scripts/test --all"))
        if item.get_closest_marker("root") and os.geteuid() != 0:
            item.add_marker(pytest.mark.skip(reason="needs root"))
        if item.get_closest_marker("peer") and not peer.available():
            item.add_marker(pytest.mark.skip(reason=f"no real Kea in {peer.ROOT}: scripts/peer installs it"))


@pytest.fixture(scope="session", params=["postgresql", "mysql"])
def database_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A database server for tests that leave it running; each makes databases of its own in it."""
    from tests.lab import databases

    if not databases.available(request.param):
        pytest.skip(f"no {request.param} server can be started here: scripts/test installs it")
    with databases.running(request.param) as server:
        yield server
