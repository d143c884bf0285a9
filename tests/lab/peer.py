"""Real Kea 3.0 as the peer, out of the chroot that `scripts/peer` makes.

Kea 3.0 takes lease files only under /var/lib/kea, sockets under /run/kea and logs under /var/log/kea, so every
instance has names of its own there.

Runs in: any (root)
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from kea_mp.family import DHCP4, DHCP6, Family
from tests.lab import lease_file, unixcontrol
from tests.lab.databases import PASSWORD, USER, Server
from tests.lab.processes import Process
from tests.lab.waiting import eventually

ROOT = Path(os.environ.get("KEA_MP_PEER", "/var/cache/kea_mp/peer"))

_numbers = itertools.count(1)


def binary(family: Family = DHCP4) -> str:
    """The server's file inside the chroot."""
    return f"/usr/sbin/{family.root}"


def available() -> bool:
    return os.access(f"{ROOT}{binary()}", os.X_OK)


def version() -> str:
    return subprocess.run(
        ["chroot", str(ROOT), binary(), "-v"], capture_output=True, text=True, check=True
    ).stdout.strip()


def kea_admin(server: Server, database: str, command: str, *more: str) -> str:
    """What the peer's kea-admin says. AssertionError with its output when it fails."""
    client, name = {"postgresql": ("psql", "pgsql"), "mysql": ("mysql", "mysql")}[server.type]
    if not (ROOT / "usr/bin" / client).exists():
        pytest.skip(f"the peer has no {client}: scripts/peer installs it")
    access = ["-h", server.address, "-P", str(server.port), "-u", USER, "-p", PASSWORD, "-n", database]
    if server.type == "mysql":  # newer clients want TLS, which this server does not have
        access += ["-x", "--skip-ssl"]
    inside = ["ip", "netns", "exec", server.namespace] if server.namespace else []
    done = subprocess.run(
        [*inside, "chroot", str(ROOT), "/usr/sbin/kea-admin", command, name, *access, *more],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Peer:
    """One kea-dhcp4 or kea-dhcp6. config: the content of Dhcp4 or Dhcp6; lease-database, control-socket, loggers and,
    lest two of them share the file with their identifier, server-id are set here unless given.

    leases: CSV text to start with.
    """

    def __init__(
        self,
        config: dict[str, Any],
        namespace: str,
        leases: str | Path = "",
        label: str = "",
        severity: str = "WARN",
        family: Family = DHCP4,
    ) -> None:
        self.family = family
        self.name = f"kmp{os.getpid()}-{next(_numbers)}{label}"
        self.namespace = namespace
        for folder, mode in (("etc/kea", 0o755), ("run/kea", 0o750), ("var/lib/kea", 0o750), ("var/log/kea", 0o750)):
            path = ROOT / folder
            if not path.exists():
                path.mkdir(parents=True, exist_ok=True)
                path.chmod(mode)
        self.socket = ROOT / f"run/kea/{self.name}.sock"
        self.lease_file = ROOT / f"var/lib/kea/{self.name}.csv"
        self.config_file = ROOT / f"etc/kea/{self.name}.conf"
        self.log = ROOT / f"var/log/kea/{self.name}.out"
        own = {
            "lease-database": {"type": "memfile", "lfc-interval": 0},
            "control-socket": {"socket-type": "unix", "socket-name": f"/run/kea/{self.name}.sock"},
            "loggers": [{"name": family.root, "severity": severity, "output-options": [{"output": "stdout"}]}],
        }
        if family == DHCP6:
            own["server-id"] = {"type": "LLT", "persist": False}
        self.config = {**own, **config}
        database = dict(self.config["lease-database"])
        if database["type"] == "memfile":
            database["name"] = f"/var/lib/kea/{self.name}.csv"
        self.config["lease-database"] = database
        self.config_file.write_text(json.dumps({family.top: self.config}))
        if isinstance(leases, Path):
            subprocess.run(["cp", str(leases), str(self.lease_file)], check=True)
        elif leases:
            self.lease_file.write_text(leases)
        self.process: Process | None = None

    def __enter__(self) -> Peer:
        try:
            self.start()
            self.wait_serving()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def start(self) -> None:
        self.process = Process(
            [
                *("ip", "netns", "exec", self.namespace, "chroot", str(ROOT)),
                *(binary(self.family), "-c", f"/etc/kea/{self.name}.conf"),
            ],
            self.log,
            env={"PATH": os.environ["PATH"], "KEA_LOCKFILE_DIR": "none"},
        )

    def wait_serving(self, timeout: float = 30.0) -> None:
        def serving() -> bool:
            assert self.process is not None
            if self.process.exit_code is not None:
                raise RuntimeError(f"Kea refused: {self.log.read_text(errors='replace')[-3000:]}")
            sockets = self.command("status-get")["arguments"]["sockets"]
            return bool(sockets["status"] == "ready")

        eventually(serving, timeout, "Kea serves")

    def command(self, name: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
        return unixcontrol.ask(self.socket, name, arguments)

    def leases(self) -> dict[str, dict[str, str]]:
        """The lease files as they are on disk: address → the last row."""
        return lease_file.leases(self.lease_file)

    def pss(self) -> int:
        assert self.process is not None
        return self.process.pss()

    def stop(self) -> int:
        assert self.process is not None
        return self.process.stop()

    def remove(self) -> None:
        """End it and delete its files."""
        if self.process is not None:
            self.process.kill_tree()
        for folder in ("etc/kea", "run/kea", "var/lib/kea", "var/log/kea"):
            for path in (ROOT / folder).glob(f"{self.name}.*"):
                with suppress(OSError):
                    path.unlink()
