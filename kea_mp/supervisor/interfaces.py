"""Which interfaces and addresses DHCP is served on: `interfaces-config.interfaces` against what the system has.

Kea's rules: "*" is every interface but loopback. DHCPv4: a name takes all addresses of the interface, "name/address"
takes one. DHCPv6: a name takes multicasts and the link-local addresses, "name/address" takes that address besides. A
name or an address that does not exist ends the start; an interface that is down, not running or without an address of
the family is a problem that may pass (service-sockets-max-retries, service-sockets-require-all).

Runs in: supervisor
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import psutil

from kea_mp.config.model import Interfaces
from kea_mp.errors import ConfigError, ExitCode, ExitWith
from kea_mp.family import DHCP4, DHCP6, Family
from kea_mp.values import address6, from_colons, is_link_local6, is_multicast6, quick4, text4, text6

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface of this machine. flags: "up", "running", "loopback", "broadcast", "multicast" …"""

    name: str
    index: int
    mac: bytes
    addresses: tuple[int, ...]
    flags: frozenset[str]
    addresses6: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """An interface to open sockets on, and the addresses that count there (the first is the server identifier)."""

    name: str
    index: int
    mac: bytes
    addresses: tuple[int, ...]
    broadcast: bool = True


@dataclass(frozen=True, slots=True)
class Target6:
    """An interface to open DHCPv6 sockets on. link_locals: its own; unicasts: further addresses that were asked for."""

    name: str
    index: int
    mac: bytes
    link_locals: tuple[bytes, ...]
    unicasts: tuple[bytes, ...]
    multicast: bool = True


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
    addresses6: dict[str, list[bytes]] = {name: [] for name in index}
    for label, entries in psutil.net_if_addrs().items():
        name = label.partition(":")[0]  # an address may have a label of its own, "eth0:1"
        for entry in entries:
            if entry.family == socket.AF_INET and name in addresses:
                addresses[name].append(quick4(entry.address))
            elif entry.family == socket.AF_INET6 and name in addresses6:
                addresses6[name].append(address6(entry.address.partition("%")[0]))
            elif entry.family == socket.AF_PACKET:
                macs[name] = from_colons(entry.address)
    return [
        Interface(
            name,
            number,
            macs.get(name, b""),
            tuple(addresses[name]),
            frozenset(stats[name].flags.split(",")) if name in stats else frozenset(),
            tuple(addresses6[name]),
        )
        for name, number in sorted(index.items(), key=lambda item: item[1])
    ]


def chosen(names: Sequence[str], found: Sequence[Interface], socket_type: str) -> tuple[list[Target], list[Problem]]:
    """Where to open sockets, and where that is not possible now. ExitWith 71 for what does not exist."""
    by_name = {interface.name: interface for interface in found}
    known = {interface.name: interface.addresses for interface in found}
    wanted = _wanted(names, by_name, known, quick4, DHCP4)
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


def chosen6(names: Sequence[str], found: Sequence[Interface]) -> tuple[list[Target6], list[Problem]]:
    """As `chosen`, for DHCPv6."""
    by_name = {interface.name: interface for interface in found}
    known = {interface.name: interface.addresses6 for interface in found}
    targets, problems = [], []
    for name, addresses in _wanted(names, by_name, known, _unicast6, DHCP6).items():
        interface = by_name[name]
        link_locals = tuple(address for address in interface.addresses6 if is_link_local6(address))
        unicasts = tuple(address for address in addresses or () if address not in link_locals)
        problem = _not_running(interface)
        if not problem and not link_locals and not unicasts:
            problem = f"the interface {name} has no link-local address"
        if problem:
            problems.append(Problem(name, problem))
            continue
        multicast = "multicast" in interface.flags and bool(link_locals)
        targets.append(Target6(name, interface.index, interface.mac, link_locals, unicasts, multicast))
    return targets, problems


def check(wanted: Interfaces, family: Family) -> list[Problem]:
    """Where no socket could be opened now. ExitWith 71 for what does not exist."""
    return chosen_by(wanted, family)[1]


def check_usable(wanted: Interfaces, family: Family) -> None:
    """ConfigError when a daemon could not go on with these; ExitWith 71 for what does not exist."""
    targets, problems = chosen_by(wanted, family)
    if problems and wanted.max_retries == 0 and (wanted.require_all or not targets):
        raise ConfigError("; ".join(problem.text for problem in problems))


def chosen_by(wanted: Interfaces, family: Family) -> tuple[Sequence[Target | Target6], list[Problem]]:
    """Where to open sockets of this family, and where that is not possible now. ExitWith 71 for what does not exist."""
    if family == DHCP6:
        return chosen6(wanted.names, present())
    return chosen(wanted.names, present(), wanted.socket_type)


def _unicast6(text: str) -> bytes:
    try:
        address = address6(text)
    except ValueError:
        address = b""
    if not address or is_multicast6(address):
        raise _missing(f"address '{text}' is not a valid IPv6 unicast address", DHCP6)
    return address


def _wanted(
    names: Sequence[str],
    by_name: Mapping[str, Interface],
    known: Mapping[str, Sequence[A]],
    parsed: Callable[[str], A],
    family: Family,
) -> dict[str, tuple[A, ...] | None]:
    """The interfaces that are asked for and the addresses that are named with them; None: none was. ExitWith 71."""
    wanted: dict[str, tuple[A, ...] | None] = {}
    for written in names:
        name, slash, text = (part.strip() for part in written.partition("/"))
        if name == "*":
            wanted |= {i.name: None for i in by_name.values() if "loopback" not in i.flags and i.name not in wanted}
            continue
        if name not in by_name:
            raise _missing(f"interface '{name}' doesn't exist in the system", family)
        if not slash:
            # In DHCPv6 an address is served besides what the name alone stands for.
            wanted[name] = wanted.get(name) if family.number == 6 else None
            continue
        address = parsed(text)
        if address not in known[name]:
            raise _missing(f"interface '{name}' doesn't have address '{text}' assigned", family)
        wanted[name] = (*(wanted.get(name) or ()), address)
    return wanted


def described(target: Target | Target6) -> str:
    """For people: its name and its addresses."""
    if isinstance(target, Target6):
        texts = map(text6, (*target.link_locals, *target.unicasts))
    else:
        texts = map(text4, target.addresses)
    return f"{target.name} ({', '.join(texts)})"


def _unusable(interface: Interface, socket_type: str) -> str:
    """Why not, or ""."""
    if "loopback" in interface.flags and socket_type != "udp":
        return f"must not open socket on the loopback interface {interface.name}"
    problem = _not_running(interface)
    if not problem and not interface.addresses:
        return f"the interface {interface.name} has no usable IPv4 addresses configured"
    return problem


def _not_running(interface: Interface) -> str:
    if "up" not in interface.flags:
        return f"the interface {interface.name} is down"
    if "running" not in interface.flags:
        return f"the interface {interface.name} is not running"
    return ""


def _missing(text: str, family: Family) -> ExitWith:
    return ExitWith(ExitCode.OS_ERROR, family.message("INIT_FAIL"), f"failed to initialize Kea server: {text}")
