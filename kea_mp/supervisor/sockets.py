"""The DHCP sockets: opened once, one shard per (interface, packet worker), and kept while workers come and go.

They are made first and bound later: those of another configuration are given to its workers at their start, and get
nothing while the ones before serve.

raw: an AF_PACKET socket per worker on each interface, plus one UDP socket per address which takes the port, so that the
kernel neither answers "port unreachable" nor lets a second server in; a filter drops all that it would receive.

udp: per worker one socket bound to the interface for broadcasts, and one bound to each address for unicast (also when a
packet for this address comes in through another interface). A broadcast is given to every socket of a group and the
socket filter picks; a unicast is given to one, and the group selector picks. The order of binding is the order of the
workers.

Runs in: supervisor
"""

from __future__ import annotations

import ctypes
import errno
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

from kea_mp.errors import ExitCode, ExitWith
from kea_mp.family import DHCP4, Family
from kea_mp.supervisor.interfaces import Target
from kea_mp.supervisor.shard import DROP_ALL, Program, group_selector, packed, raw_filter, udp_filter
from kea_mp.supervisor.start_record import RAW, UDP, DhcpSocket, DhcpSocket6
from kea_mp.values import text4

AnySocket = DhcpSocket | DhcpSocket6
S = TypeVar("S", DhcpSocket, DhcpSocket6)

RECEIVE_BYTES = 4 << 20  #: receive buffer of each socket: a burst of some thousand packets waits there

_ETH_P_IP = 0x0800
SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF, _SO_RCVBUFFORCE = 26, 51, 33
IPV6_FREEBIND = 78  #: linux/in6.h: a tentative address can be bound as well
_BROADCAST = 0xFFFFFFFF


@dataclass(slots=True)
class Opened(Generic[S]):
    """The sockets of one interface, of one kind and port. shards: per worker. guards: held by us alone. late: what
    binding them will do, in this order."""

    shards: list[list[S]]
    kind: str
    name: str
    port: int
    family: Family
    guards: list[socket.socket] = field(default_factory=list)
    late: list[Callable[[], object]] = field(default_factory=list)

    def bind(self) -> None:
        """From now on packets arrive. OSError says why not; ExitWith 77 when it is for permission."""
        with self.complete():
            for step in self.late:
                step()
            self.late.clear()

    @contextmanager
    def complete(self) -> Iterator[None]:
        """All sockets or none: what goes wrong within closes them. ExitWith 77 instead of a PermissionError."""
        try:
            yield
        except PermissionError as error:
            self.close()
            text = (
                f"failed to open a {self.kind} socket on {self.name}, port {self.port}: {error.strerror}; "
                "run as root or with CAP_NET_RAW, CAP_NET_BIND_SERVICE and CAP_NET_ADMIN"
            )
            raise ExitWith(ExitCode.NO_PERMISSION, self.family.message("INIT_FAIL"), text) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        for shard in self.shards:
            for dhcp in shard:
                dhcp.socket.close()
        for guard in self.guards:
            guard.close()


def made4(target: Target, kind: str, workers: int, server_port: int, client_port: int) -> Opened[DhcpSocket]:
    """All sockets of one interface, to be bound. OSError, ExitWith: as `Opened.bind`."""
    made = Opened[DhcpSocket]([[] for _ in range(workers)], kind, target.name, server_port, DHCP4)
    with made.complete():
        if kind == RAW:
            _open_raw(made, target, server_port, client_port)
        else:
            _open_udp(made, target, server_port, client_port)
    return made


def _open_raw(made: Opened[DhcpSocket], target: Target, server_port: int, client_port: int) -> None:
    for address in target.addresses:
        made.late.append(partial(_stand_guard, made, address, server_port))
    workers = len(made.shards)
    for worker, shard in enumerate(made.shards):
        # Protocol 0 receives nothing until bind, so nothing gets past the filter.
        frames = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        frames.setblocking(False)
        facts = target.name, target.index, target.mac, target.addresses[0], target.addresses
        shard.append(DhcpSocket(frames, RAW, *facts, server_port, client_port))
        attach(frames, raw_filter(server_port, target.addresses, worker, workers))
        enlarge(frames)
        made.late.append(partial(frames.bind, (target.name, _ETH_P_IP)))


def _open_udp(made: Opened[DhcpSocket], target: Target, server_port: int, client_port: int) -> None:
    workers = len(made.shards)

    def make(bare: socket.socket, address: int, addresses: tuple[int, ...]) -> DhcpSocket:
        bare.setblocking(False)
        facts = target.name, target.index, target.mac
        return DhcpSocket(bare, UDP, *facts, address, addresses, server_port, client_port)

    for address in target.addresses:
        # Sockets of another server with SO_REUSEPORT would simply join our group: find out without it.
        # Only here: our own sockets for broadcasts on other interfaces are bound to every address.
        made.late.append(partial(_refuse_another_server, address, server_port, target.name))
    for worker, shard in enumerate(made.shards):
        if target.broadcast:
            wide = _reusable()
            shard.append(make(wide, target.addresses[0], target.addresses))
            to_device(wide, target.name)
            attach(wide, udp_filter(worker, workers, (_BROADCAST,)))
            made.late.append(partial(wide.bind, ("", server_port)))
        for address in target.addresses:
            narrow = _reusable()
            shard.append(make(narrow, address, (address,)))
            attach(narrow, udp_filter(worker, workers))
            made.late.append(partial(narrow.bind, (text4(address), server_port)))
            if worker == 0:
                made.late.append(partial(attach, narrow, group_selector(workers), SO_ATTACH_REUSEPORT_CBPF))


def _stand_guard(made: Opened[DhcpSocket], address: int, port: int) -> None:
    made.guards.append(_guard(address, port))


def _refuse_another_server(address: int, port: int, interface: str) -> None:
    _guard(address, port, interface).close()


def _guard(address: int, port: int, interface: str = "") -> socket.socket:
    return guard(socket.AF_INET, (text4(address), port), interface)


def guard(
    family: socket.AddressFamily, bound: tuple[str, int] | tuple[str, int, int, int], interface: str = ""
) -> socket.socket:
    """A UDP socket that owns the port at this address (on one interface) and never holds a packet."""
    made = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if interface:
            to_device(made, interface)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
        attach(made, DROP_ALL)
        made.bind(bound)
    except OSError as error:
        made.close()
        if error.errno == errno.EADDRINUSE:
            text = f"address {bound[0]}, port {bound[1]} is in use - is another DHCP server running?"
            raise OSError(error.errno, text) from error
        raise
    return made


def _reusable() -> socket.socket:
    made = reusable(socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    made.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO
    return made


def reusable(family: socket.AddressFamily) -> socket.socket:
    """A UDP socket that will be one of a group."""
    made = socket.socket(family, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    enlarge(made)
    return made


def to_device(made: socket.socket, interface: str) -> None:
    """Only what comes in there, and all that is sent leaves there."""
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")


def enlarge(made: socket.socket) -> None:
    """Give it room for a burst."""
    try:
        made.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BYTES)
    except PermissionError:  # without CAP_NET_ADMIN the system's limit holds (net.core.rmem_max)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)


def attach(made: socket.socket, program: Program, option: int = SO_ATTACH_FILTER) -> None:
    """Give a socket, or with SO_ATTACH_REUSEPORT_CBPF its group, a program."""
    code = packed(program)
    buffer = ctypes.create_string_buffer(code, len(code))
    made.setsockopt(socket.SOL_SOCKET, option, struct.pack("HP", len(program), ctypes.addressof(buffer)))
