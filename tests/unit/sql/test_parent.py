"""The process that supervises never loads a database driver."""

from __future__ import annotations

import subprocess
import sys

import pytest

DRIVERS = ("psycopg", "pymysql", "sqlalchemy")


@pytest.mark.parametrize("module", ["kea_mp.__main__", "kea_mp.supervisor.startup", "kea_mp.control.cli"])
def test_no_driver_is_imported(module: str) -> None:
    program = f"import sys, {module}; print([m for m in {DRIVERS} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
