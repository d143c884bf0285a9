"""`kea-mp dhcp4 -T` with the lease database: reachable, unreachable, of another version."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kea_mp.errors import ExitCode
from tests.lab.databases import PASSWORD, USER, Server, free_port

pytestmark = pytest.mark.root


def checked(folder: Path, server: Server, name: str, **changes: Any) -> tuple[int, str]:
    """The exit code of -T, and what it says."""
    access = {"type": server.type, "name": name, "user": USER, "password": PASSWORD, "host": "127.0.0.1",
              "port": server.port, **changes}  # fmt: skip
    file = folder / "kea.conf"
    file.write_text(json.dumps({"Dhcp4": {"interfaces-config": {"interfaces": ["lo"]}, "lease-database": access}}))
    command = [sys.executable, "-m", "kea_mp", "dhcp4", "-T", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


def test_it_succeeds_with_a_database_that_can_be_used(server: Server, tmp_path: Path) -> None:
    assert checked(tmp_path, server, server.database()) == (ExitCode.OK, "")


def test_it_says_69_at_once_even_when_the_server_would_retry(server: Server, tmp_path: Path) -> None:
    begun = time.monotonic()
    retries = {"retry-on-startup": True, "max-reconnect-tries": 5, "reconnect-wait-time": 60000}
    code, said = checked(tmp_path, server, "kea", port=free_port(), **retries)
    assert code == ExitCode.UNAVAILABLE
    assert "Unable to open database" in said
    assert "retry-on-startup" in said
    assert PASSWORD not in said
    assert time.monotonic() - begun < 20


def test_it_says_76_for_another_schema(server: Server, tmp_path: Path) -> None:
    name = server.database()
    server.run(name, "CREATE TABLE other (a INTEGER)")
    code, said = checked(tmp_path, server, name)
    assert code == ExitCode.SCHEMA
    assert "schema" in said
