"""What a fault hits: one backend of the daemon, of any role. The suite knows backends only by what stands here.

A new role (hosts, configuration) is a target with its own part of the daemon's configuration; faults, cells and the
report take it as it is.

Runs in: any (root)
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Protocol

from tests.lab import lease_file
from tests.lab.databases import PASSWORD, USER, Server
from tests.lab.fault_proxy import FaultProxy
from tests.lab.keepers import Rows

LEASES = "lease-database"
_ROWS = {
    "postgresql": "SELECT address, hwaddr, extract(epoch FROM expire)::bigint FROM lease4",
    "mysql": "SELECT address, hwaddr, UNIX_TIMESTAMP(expire) FROM lease4",
}


class Target(Protocol):
    """role: as status-get names it; kind: the backend's type."""

    @property
    def role(self) -> str: ...

    @property
    def kind(self) -> str: ...

    def settings(self, **changes: Any) -> dict[str, Any]:
        """This backend's part of the daemon's configuration: top-level keys."""
        ...

    def rows(self) -> Rows:
        """The leases as any other program finds them there."""
        ...


@dataclass
class SqlTarget:
    """A database. proxy: through which the daemon reaches the server, when the fault is one of the network."""

    server: Server
    name: str
    proxy: FaultProxy | None = None
    role: str = LEASES

    @property
    def kind(self) -> str:
        return self.server.type

    @property
    def through(self) -> FaultProxy:
        assert self.proxy is not None, "this fault needs a proxy"
        return self.proxy

    def settings(self, **changes: Any) -> dict[str, Any]:
        own = {
            "type": self.kind,
            "name": self.name,
            "user": USER,
            "password": PASSWORD,
            "host": self.server.address,
            "port": self.proxy.port if self.proxy is not None else self.server.port,
        }
        return {self.role: own | changes}

    def admin(self, *statements: str) -> None:
        """As superuser, in this database."""
        self.server.run(self.name, *statements)

    def rows(self) -> Rows:
        with self.server.connection(self.name, admin=True) as connection:
            found = connection.exec_driver_sql(_ROWS[self.kind])
            return {int(address): (bytes(hw or b""), int(end)) for address, hw, end in found}


@dataclass
class FileTarget:
    """A lease file on a small disk of its own."""

    folder: Path
    role: str = LEASES
    kind: str = "memfile"
    size: int = field(default=4 << 20, init=False)

    @property
    def file(self) -> Path:
        return self.folder / "leases4.csv"

    def mount(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={self.size},mode=0700", "tmpfs", str(self.folder)]
        subprocess.run(command, check=True, capture_output=True)

    def unmount(self) -> None:
        subprocess.run(["umount", "-l", str(self.folder)], check=True, capture_output=True)

    def settings(self, **changes: Any) -> dict[str, Any]:
        return {self.role: {"type": self.kind, "lfc-interval": 0, "name": str(self.file)} | changes}

    def rows(self) -> Rows:
        return {
            int(IPv4Address(address)): (bytes.fromhex(row["hwaddr"].replace(":", "")), int(row["expire"]))
            for address, row in lease_file.leases(self.file).items()
        }
