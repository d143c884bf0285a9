"""Network namespaces joined by veth pairs: several hosts on one machine, gone when the test ends.

Names are `kmp<pid>x<n>-<host>`, so that a later run recognises and removes what a crashed one has left behind.

Runs in: any (root)
"""

from __future__ import annotations

import ctypes
import itertools
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import TracebackType

from tests.lab.waiting import eventually

PREFIX = "kmp"
CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count(1)
_swept = threading.Event()


def ip(*arguments: str) -> str:
    """Run iproute2's `ip`; its output. CalledProcessError carries what it said."""
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """This thread inside a network namespace; a socket opened here stays in it."""
    with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{namespace}") as there:
        _enter(there.fileno())
        try:
            yield
        finally:
            _enter(home.fileno())


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def pids_in(namespace: str) -> list[int]:
    """Processes of a network namespace."""
    return [int(pid) for pid in ip("netns", "pids", namespace).split()]


def _remove(namespace: str) -> None:
    with suppress(RuntimeError):
        for pid in pids_in(namespace):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    with suppress(RuntimeError):
        ip("netns", "delete", namespace)


def sweep() -> None:
    """Remove namespaces of runs that are no more."""
    for line in ip("netns", "list").splitlines():
        name = line.split()[0] if line.strip() else ""
        owner = name.removeprefix(PREFIX).partition("x")[0]
        if name.startswith(PREFIX) and owner.isdigit() and not Path(f"/proc/{owner}").exists():
            _remove(name)


class Lab:
    """Some hosts and the links between them.

    >>> with Lab() as lab:
    ...     server, client = lab.hosts("server", "client")
    ...     lab.link((server, "srv0"), (client, "cli0"))
    """

    def __init__(self) -> None:
        self.id = f"{PREFIX}{os.getpid()}x{next(_numbers)}"
        self._namespaces: list[str] = []

    def __enter__(self) -> Lab:
        if not _swept.is_set():
            _swept.set()
            sweep()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for namespace in self._namespaces:
            _remove(namespace)

    def hosts(self, *names: str) -> list[str]:
        """Make namespaces; their full names in the same order."""
        return [self.host(name) for name in names]

    def host(self, name: str) -> str:
        namespace = f"{self.id}-{name}"
        ip("netns", "add", namespace)
        self._namespaces.append(namespace)
        ip("-n", namespace, "link", "set", "lo", "up")
        return namespace

    def link(
        self,
        here: tuple[str, str],
        there: tuple[str, str],
        macs: tuple[str, str] | None = None,
        addresses: tuple[Sequence[str], Sequence[str]] = ((), ()),
        ipv6: bool = False,
    ) -> None:
        """Join (host, interface) and (host, interface); both come up. addresses: "192.0.2.1/24", for each end.

        ipv6: both have link-local addresses, usable at once. Without it there is no IPv6 chatter: captures hold what
        the test sent and what the server answered.
        """
        ip(
            "link",
            "add",
            "name",
            here[1],
            "netns",
            here[0],
            "type",
            "veth",
            "peer",
            "name",
            there[1],
            "netns",
            there[0],
        )
        for (namespace, interface), mac, own in zip((here, there), macs or ("", ""), addresses, strict=True):
            if mac:
                ip("-n", namespace, "link", "set", "dev", interface, "address", mac)
            settings = ("accept_dad=0", "accept_ra=0") if ipv6 else ("disable_ipv6=1",)
            subprocess.run(
                ["ip", "netns", "exec", namespace, "sysctl", "-qw"]
                + [f"net.ipv6.conf.{interface}.{setting}" for setting in settings],
                check=False,
                capture_output=True,
            )
            for address in own:
                ip("-n", namespace, "address", "add", address, "dev", interface)
            ip("-n", namespace, "link", "set", "dev", interface, "up")
        if ipv6:
            for end in (here, there):
                eventually(partial(_has_ipv6, *end), what=f"IPv6 is up on {end[1]}")


def _has_ipv6(namespace: str, interface: str) -> bool:
    """The kernel gives an interface its addresses and the route for multicasts a moment after it came up."""
    routes = ip("-n", namespace, "-6", "route", "show", "table", "local", "dev", interface)
    return {"fe80", "ff00"} <= {word[:4] for word in routes.split()}


def run_in(
    namespace: str, *command: str, timeout: float = 60.0, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run a command inside a namespace and wait for it."""
    done = subprocess.run(
        ["ip", "netns", "exec", namespace, *command], capture_output=True, text=True, timeout=timeout, check=False
    )
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.strip()} {done.stdout.strip()}")
    return done


def packet_socket(namespace: str, interface: str, protocol: int = 0x0800) -> socket.socket:
    """An AF_PACKET socket on an interface of a namespace."""
    with inside(namespace):
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))
    opened.bind((interface, protocol))
    return opened


def udp_socket(namespace: str, address: str, port: int) -> socket.socket:
    """A UDP socket bound in a namespace, IPv6 for an address with a colon; it may broadcast and share its port."""
    with inside(namespace):
        opened = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    if opened.family == socket.AF_INET6:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    opened.bind((address, port))
    return opened
