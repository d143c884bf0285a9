"""Which interfaces and addresses DHCP is served on: `interfaces-config.interfaces` against what the system has.

Kea's rules: "*" is every interface but loopback; a name takes all IPv4 addresses of the interface; "name/address" takes
one. A name or an address that does not exist ends the start; an interface that is down, not running or without an IPv4
address is a problem that may pass (service-sockets-max-retries, service-sockets-require-all).

Runs in: supervisor
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass, replace

import psutil

from kea_mp.errors import ExitCode, ExitWith
from kea_mp.values import from_colons, quick4, text4


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface of this machine. flags: "up", "running", "loopback", "broadcast" …"""

    name: str
    index: int
    mac: bytes
    addresses: tuple[int, ...]
    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Target:
    """An interface to open sockets on, and the addresses that count there (the first is the server identifier)."""

    name: str
    index: int
    mac: bytes
    addresses: tuple[int, ...]
    broadcast: bool = True


@dataclass(frozen=True, slots=True)
class Problem:
    """Why no socket can be opened on an interface at present."""

    name: str
    text: str


def present() -> list[Interface]:
    """The interfaces as they are now, in the order of their index."""
    stats, index = psutil.net_if_stats(), {name: number for number, name in socket.if_nameindex()}
    macs: dict[str, bytes] = {}
    addresses: dict[str, list[int]] = {name: [] for name in index}
    for label, entries in psutil.net_if_addrs().items():
        name = label.partition(":")[0]  # an address may have a label of its own, "eth0:1"
        for entry in entries:
            if entry.family == socket.AF_INET and name in addresses:
                addresses[name].append(quick4(entry.address))
            elif entry.family == socket.AF_PACKET:
                macs[name] = from_colons(entry.address)
    return [
        Interface(
            name,
            number,
            macs.get(name, b""),
            tuple(addresses[name]),
            frozenset(stats[name].flags.split(",")) if name in stats else frozenset(),
        )
        for name, number in sorted(index.items(), key=lambda item: item[1])
    ]


def chosen(names: Sequence[str], found: Sequence[Interface], socket_type: str) -> tuple[list[Target], list[Problem]]:
    """Where to open sockets, and where that is not possible now. ExitWith 71 for what does not exist."""
    by_name = {interface.name: interface for interface in found}
    wanted: dict[str, tuple[int, ...] | None] = {}  # addresses; None: all
    for written in names:
        name, slash, text = (part.strip() for part in written.partition("/"))
        if name == "*":
            wanted |= {i.name: None for i in found if "loopback" not in i.flags and i.name not in wanted}
            continue
        if name not in by_name:
            raise _missing(f"interface '{name}' doesn't exist in the system")
        if not slash:
            wanted[name] = None
            continue
        address = quick4(text)
        if address not in by_name[name].addresses:
            raise _missing(f"interface '{name}' doesn't have address '{text}' assigned")
        wanted[name] = (*(wanted.get(name) or ()), address)
    targets, problems = [], []
    for name, addresses in wanted.items():
        interface = by_name[name]
        if addresses is not None:
            interface = replace(interface, addresses=addresses)
        problem = _unusable(interface, socket_type)
        if problem:
            problems.append(Problem(name, problem))
            continue
        broadcast = "broadcast" in interface.flags
        targets.append(Target(name, interface.index, interface.mac, interface.addresses, broadcast))
    return targets, problems


def described(target: Target) -> str:
    return f"{target.name} ({', '.join(map(text4, target.addresses))})"


def _unusable(interface: Interface, socket_type: str) -> str:
    """Why not, or ""."""
    if "loopback" in interface.flags and socket_type != "udp":
        return f"must not open socket on the loopback interface {interface.name}"
    if "up" not in interface.flags:
        return f"the interface {interface.name} is down"
    if "running" not in interface.flags:
        return f"the interface {interface.name} is not running"
    if not interface.addresses:
        return f"the interface {interface.name} has no usable IPv4 addresses configured"
    return ""


def _missing(text: str) -> ExitWith:
    return ExitWith(ExitCode.OS_ERROR, "DHCP4_INIT_FAIL", f"failed to initialize Kea server: {text}")
