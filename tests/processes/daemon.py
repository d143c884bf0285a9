"""A real daemon in a network namespace of its own, and a relay that asks it, for the tests of processes.

The relay is a plain UDP socket on the other end of a veth pair: giaddr makes the server answer to it.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SERVER, RELAY = "192.0.2.1", "192.0.2.9"
DISCOVER, OFFER = 1, 2
PATIENCE_S = 15.0  #: for anything to happen on a busy machine


def eventually(condition: Callable[[], Any], what: str, within_s: float = PATIENCE_S) -> Any:
    """Wait until the condition gives something true; its value."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"not within {within_s} s: {what}")


@contextmanager
def namespaces(*names: str) -> Iterator[None]:
    """A server's and a client's network namespace, joined by a veth pair `veth0`, both ends up and with addresses."""
    server, client = names
    try:
        for name in names:
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        _ip("link", "add", "veth0", "netns", server, "type", "veth", "peer", "name", "veth0", "netns", client)
        for name, address in ((server, SERVER), (client, RELAY)):
            _ip("-n", name, "addr", "add", f"{address}/24", "dev", "veth0")
            _ip("-n", name, "link", "set", "veth0", "up")
        yield
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def socket_in(namespace: str, family: int, kind: int, protocol: int = 0) -> socket.socket:
    """A socket that lives in a namespace, while this process stays where it is."""
    made: list[socket.socket] = []

    def make() -> None:
        with open(f"/run/netns/{namespace}") as handle:
            if ctypes.CDLL(None, use_errno=True).setns(handle.fileno(), 0x40000000) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        made.append(socket.socket(family, kind, protocol))

    thread = threading.Thread(target=make)  # setns holds for one thread
    thread.start()
    thread.join()
    return made[0]


class Relay:
    """Asks the server on behalf of clients."""

    def __init__(self, namespace: str) -> None:
        self._socket = socket_in(namespace, socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((RELAY, 67))

    def discover(self, mac: bytes, patience_s: float = 0.5) -> int | None:
        """The address that is offered to this client, or None."""
        xid = random.getrandbits(32)
        self.send(mac, xid)
        until = time.monotonic() + patience_s
        while (left := until - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(2048)
            except TimeoutError:
                return None
            if struct.unpack_from("!I", data, 4)[0] == xid:
                return int(struct.unpack_from("!I", data, 16)[0])
        return None

    def send(self, mac: bytes, xid: int) -> None:
        head = struct.pack("!BBBBIHHIII4s", 1, 1, 6, 1, xid, 0, 0, 0, 0, 0, socket.inet_aton(RELAY))
        message = head + mac.ljust(16, b"\0") + bytes(192) + b"\x63\x82\x53\x63" + bytes([53, 1, DISCOVER, 255])
        self._socket.sendto(message, (SERVER, 67))

    def drain(self) -> int:
        """How many answers are there that nobody waits for."""
        self._socket.setblocking(False)
        count = 0
        try:
            while self._socket.recv(2048):
                count += 1
        except BlockingIOError:
            return count
        return count

    def close(self) -> None:
        self._socket.close()


class Daemon:
    """`kea-mp dhcp4` as a nanny sees it."""

    def __init__(self, folder: Path, namespace: str | None = None) -> None:
        self.folder, self.namespace = folder, namespace
        self.log = folder / "daemon.log"
        self.process: subprocess.Popen[bytes] | None = None

    def configure(self, **changes: Any) -> Path:
        """Write a configuration: memfile, one subnet, `veth0` when there is a namespace."""
        names = ["veth0"] if self.namespace else []
        dhcp4 = {
            "interfaces-config": {"interfaces": names, "dhcp-socket-type": "raw"},
            "lease-database": {"type": "memfile", "name": str(self.folder / "leases.csv"), "lfc-interval": 0},
            "valid-lifetime": 600,
            "subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.100-192.0.2.250"}]}],
        } | changes
        file = self.folder / "daemon.conf"
        file.write_text(json.dumps({"Dhcp4": {key: value for key, value in dhcp4.items() if value is not None}}))
        return file

    def command_line(self, *arguments: str) -> list[str]:
        enter = ["ip", "netns", "exec", self.namespace] if self.namespace else []
        return [*enter, sys.executable, "-m", "kea_mp", *arguments]

    def start(self, *arguments: str, workers: int = 2, file: Path | None = None) -> None:
        line = self.command_line("dhcp4", "-c", str(file or self.folder / "daemon.conf"), *arguments)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*line, "--workers", str(workers)], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "KEA_MP_RUN_DIR": str(self.folder / "run"), "KEA_MP_DATA_DIR": str(self.folder)}

    def run(self, *arguments: str, patience_s: float = PATIENCE_S) -> subprocess.CompletedProcess[str]:
        """A run that ends by itself."""
        line = self.command_line("dhcp4", *arguments)
        return subprocess.run(
            line, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=patience_s, check=False
        )

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def wait(self, patience_s: float = PATIENCE_S) -> int:
        """Its exit code."""
        assert self.process is not None
        return self.process.wait(patience_s)

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def stop(self) -> None:
        """Whatever the test has left."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()

    def ask(self, command: str, arguments: Any = None, patience_s: float = PATIENCE_S) -> dict[str, Any]:
        """A command over the default control socket."""
        request = {"command": command} | ({"arguments": arguments} if arguments is not None else {})
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(patience_s)
            connection.connect(str(self.folder / "run" / "dhcp4.sock"))
            connection.sendall(json.dumps(request).encode())
            answer = b""
            while data := connection.recv(65536):
                answer += data
        answered: dict[str, Any] = json.loads(answer)
        return answered

    def status(self) -> dict[str, Any]:
        """Our part of status-get; {} while there is no daemon to ask."""
        try:
            shown: dict[str, Any] = self.ask("status-get")["arguments"]["kea-mp"]
        except (OSError, ValueError):
            return {}
        return shown

    def is_in(self, mode: str) -> bool:
        service = self.status().get("service", {})
        return bool(service.get("state") == mode and service.get("acknowledged", False))

    def pids(self) -> dict[str, int]:
        return {process["name"]: process["pid"] for process in self.status().get("processes", ())}

    def successor(self, child: str, before: int) -> int:
        """The pid of the process that has followed `before`, once there is one."""
        return int(eventually(lambda: {self.pids().get(child, 0)} - {0, before}, f"a new {child}").pop())

    def until_serving(self) -> None:
        eventually(lambda: self.is_in("serve"), f"serving; the log says\n{self.said()}")

    def said(self) -> str:
        return self.log.read_text(errors="replace")


def gone(pids: Sequence[int]) -> bool:
    """Whether none of these processes runs any more (a zombie of another parent does not run)."""
    return not any(_runs(pid) for pid in pids)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
