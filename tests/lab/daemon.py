"""Our daemon, run as a user runs it: the command in a namespace, folders of its own, watched from outside.

Runs in: any (root)
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from kea_mp.family import DHCP4, Family
from tests.lab import lease_file, unixcontrol
from tests.lab.processes import Process
from tests.lab.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]


class KeaMp:
    """One `kea-mp dhcp4` or `dhcp6`. config: the content of Dhcp4 or Dhcp6; lease-database and loggers are set here
    unless given.

    workers: 0: as the configuration says. folder: keeps configuration, run and data folders; made and deleted here
    when not given. leases: CSV text or a file to start with.
    """

    def __init__(
        self,
        config: dict[str, Any],
        namespace: str = "",
        workers: int = 1,
        folder: Path | None = None,
        leases: str | Path = "",
        severity: str = "INFO",
        arguments: tuple[str, ...] = (),
        family: Family = DHCP4,
    ) -> None:
        self.family = family
        self._own_folder = folder is None
        # Not below pytest's long tmp_path: a UNIX socket's path has at most 107 bytes.
        self.folder = folder or Path(tempfile.mkdtemp(prefix="kmp-"))
        self.namespace, self.workers, self.arguments = namespace, workers, arguments
        self.run, self.data = self.folder / "run", self.folder / "data"
        self.socket = self.run / f"{family.name}.sock"
        self.lease_file = self.data / f"leases{family.number}.csv"
        self.config_file = self.folder / f"{family.root}.conf"
        self.log = self.folder / "out.log"
        for path in (self.run, self.data):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o700)
        own = {
            "lease-database": {"type": "memfile", "lfc-interval": 0, "name": str(self.lease_file)},
            "loggers": [{"name": family.root, "severity": severity, "output-options": [{"output": "stdout"}]}],
        }
        self.config = {**own, **config}
        self.config["lease-database"] = {"name": str(self.lease_file), **self.config["lease-database"]}
        self.config_file.write_text(json.dumps({family.top: self.config}))
        if isinstance(leases, Path):
            shutil.copyfile(leases, self.lease_file)
        elif leases:
            self.lease_file.write_text(leases)
        self.process: Process | None = None

    def __enter__(self) -> KeaMp:
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

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "KEA_MP_RUN_DIR": str(self.run), "KEA_MP_DATA_DIR": str(self.data)}

    def command_line(self, *arguments: str) -> list[str]:
        inside = ["ip", "netns", "exec", self.namespace] if self.namespace else []
        return [*inside, sys.executable, "-m", "kea_mp", *arguments]

    def start(self) -> None:
        workers = ("--workers", str(self.workers)) if self.workers else ()
        command = self.command_line(self.family.name, "-c", str(self.config_file), *workers)
        self.process = Process([*command, *self.arguments], self.log, env={**self.env, "PYTHONPATH": str(ROOT)})

    def wait_serving(self, timeout: float = 30.0) -> None:
        def serving() -> bool:
            assert self.process is not None
            if self.process.exit_code is not None:
                raise RuntimeError(f"kea-mp ended with {self.process.exit_code}: {self.process.output()[-3000:]}")
            service = self.service()
            return service["state"] == "serve" and bool(service["acknowledged"])

        try:
            eventually(serving, timeout, "kea-mp serves", every=0.05)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.output()[-3000:]}") from None

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def command(self, name: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
        return unixcontrol.ask(self.socket, name, arguments)

    def status(self) -> dict[str, Any]:
        """The extension part of status-get."""
        own: dict[str, Any] = self.command("status-get")["arguments"]["kea-mp"]
        return own

    def service(self) -> dict[str, Any]:
        state: dict[str, Any] = self.status()["service"]
        return state

    def cli(self, *arguments: str, timeout: float = 30.0) -> subprocess.CompletedProcess[str]:
        """`kea-mp …` with this daemon's folders."""
        return subprocess.run(
            [sys.executable, "-m", "kea_mp", *arguments],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            cwd=ROOT,
        )

    def worker_pids(self) -> list[int]:
        """Packet workers in the order of their shard."""
        workers = [p for p in self.status()["processes"] if p["name"].startswith("serving-")]
        return [int(p["pid"]) for p in sorted(workers, key=lambda p: int(p["name"].rpartition("-")[2]))]

    def leases(self) -> dict[str, dict[str, str]]:
        """The lease files as they are on disk: address → the last row."""
        return lease_file.leases(self.lease_file)

    def pss(self) -> int:
        assert self.process is not None
        return self.process.pss()

    def stop(self, timeout: float = 15.0) -> int:
        """SIGTERM; its exit code."""
        assert self.process is not None
        return self.process.stop(timeout)

    def kill_tree(self) -> None:
        assert self.process is not None
        self.process.kill_tree()

    def remove(self) -> None:
        if self.process is not None:
            self.process.kill_tree()
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)
