"""What every test may rely on: which machine this is, and what is only run with --all.

Runs in: any
"""

from __future__ import annotations

import os

import pytest


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
