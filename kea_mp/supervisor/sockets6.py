"""The DHCPv6 sockets: per packet worker one for each multicast group of servers (RFC 8415 7.1), one for each link-local
address and one for each further address that the configuration names.

A multicast is given to every socket of a group and the socket filter picks; a unicast is given to one, and the group
selector picks. The order of binding is the order of the workers. An address may still be tentative (duplicate address
detection): it is bound nevertheless, and serves from the moment on when it is not.

Runs in: supervisor
"""

from __future__ import annotations

import socket
import sys
from functools import partial

from kea_mp.family import DHCP6
from kea_mp.supervisor.interfaces import Target6
from kea_mp.supervisor.shard6 import group_selector6, udp_filter6
from kea_mp.supervisor.sockets import (
    IPV6_FREEBIND,
    SO_ATTACH_REUSEPORT_CBPF,
    Opened,
    attach,
    guard,
    reusable,
    to_device,
)
from kea_mp.supervisor.start_record import UDP, DhcpSocket6
from kea_mp.values import address6, is_link_local6, is_multicast6, text6

ALL_AGENTS_AND_SERVERS, ALL_SERVERS = address6("ff02::1:2"), address6("ff05::1:3")


def made6(target: Target6, workers: int, server_port: int, client_port: int) -> Opened[DhcpSocket6]:
    """All sockets of one interface, to be bound. OSError, ExitWith: as `Opened.bind`."""
    made = Opened[DhcpSocket6]([[] for _ in range(workers)], UDP, target.name, server_port, DHCP6)
    groups = (ALL_AGENTS_AND_SERVERS, ALL_SERVERS) if target.multicast else ()
    with made.complete():
        for address in (*target.link_locals, *target.unicasts):
            made.late.append(partial(_refuse_another_server, target, address, server_port))
        for worker, shard in enumerate(made.shards):
            for address in (*groups, *target.link_locals, *target.unicasts):
                bare = reusable(socket.AF_INET6)
                link_local = target.link_locals[0] if target.link_locals else b""
                facts = target.name, target.index, target.mac, address, link_local
                shard.append(DhcpSocket6(bare, *facts, server_port, client_port))
                _prepare(bare, target, address, worker, workers)
                made.late.append(partial(_bind, bare, target, address, server_port, worker, workers))
    return made


def _prepare(bare: socket.socket, target: Target6, address: bytes, worker: int, workers: int) -> None:
    bare.setblocking(False)
    bare.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    attach(bare, udp_filter6(worker, workers))
    if is_multicast6(address) or is_link_local6(address):
        to_device(bare, target.name)
    else:
        bare.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    bare.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)


def _bind(bare: socket.socket, target: Target6, address: bytes, port: int, worker: int, workers: int) -> None:
    bare.bind((text6(address), port, 0, target.index))
    if is_multicast6(address):
        membership = address + target.index.to_bytes(4, sys.byteorder)
        bare.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, membership)
    elif worker == 0:
        attach(bare, group_selector6(workers), SO_ATTACH_REUSEPORT_CBPF)


def _refuse_another_server(target: Target6, address: bytes, port: int) -> None:
    """Sockets of another server with SO_REUSEPORT would simply join our group: find out without it."""
    guard(socket.AF_INET6, (text6(address), port, 0, target.index), target.name).close()
