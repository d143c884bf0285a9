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
    from tests.lab.lease_database import Database


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="also the tests marked `long`")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--all"):
        os.environ["KEA_MP_ALL"] = "1"  # how many cases a fuzz test tries is decided when its module is imported


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


def _server(kind: str, durable: bool) -> Iterator[Server]:
    from tests.lab import databases

    if not databases.available(kind):
        pytest.skip(f"no {kind} server can be started here: scripts/test installs it")
    with databases.running(kind, durable=durable) as server:
        yield server


@pytest.fixture(scope="session", params=["postgresql", "mysql"])
def database_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A database server for tests that leave it running; each makes databases of its own in it."""
    yield from _server(request.param, durable=False)


@pytest.fixture(scope="module", params=["postgresql", "mysql"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A database server with durable commits, for one module, which may kill it."""
    yield from _server(request.param, durable=True)


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    """A database of the test's own, with the schema; its server runs again afterwards."""
    from tests.lab.lease_database import database_on

    yield database_on(server)
    if not server.pids():
        server.start()
