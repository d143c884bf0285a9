"""DHCPv6 sockets of three workers on a real link: every message reaches one of them, and answers leave. Needs root."""

from __future__ import annotations

import itertools
import select
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import pytest

from kea_mp.config.model import Interfaces
from kea_mp.dhcp.message6 import Message6, pack_option6
from kea_mp.errors import ExitCode, ExitWith
from kea_mp.family import DHCP6
from kea_mp.supervisor.dhcp_sockets import DhcpSockets
from kea_mp.supervisor.shard6 import shard6
from kea_mp.supervisor.start_record import DhcpSocket6
from kea_mp.values import address6, is_link_local6, is_multicast6, text6
from tests.lab.net import Lab, inside, ip
from tests.lab.waiting import eventually
from workers.serving.engine6.packet import Packet6, Reply6
from workers.serving.packets6 import Datagram6, Port6

pytestmark = pytest.mark.root

WORKERS = 3
SERVER, SERVER_TOO = "2001:db8::1", "2001:db8::2"
CHANCE = Random(6)
CLIENTS = [address6("fe80::")[:8] + CHANCE.randbytes(8) for _ in range(12)]
RELAYS = [address6("2001:db8::")[:8] + CHANCE.randbytes(8) for _ in range(6)]
ALL_AGENTS_AND_SERVERS, ALL_SERVERS = "ff02::1:2", "ff05::1:3"
_numbers = itertools.count(1)


@dataclass
class Sent:
    source: bytes
    payload: bytes


class Network:
    """A server with the sockets of three workers, and another host that has the addresses of many."""

    def __init__(self, lab: Lab, *names: str) -> None:
        self.lab = lab
        self.server, self.client = lab.hosts("server", "client")
        lab.link(
            (self.server, "srv0"), (self.client, "cli0"), ipv6=True,
            addresses=((f"{SERVER}/64", f"{SERVER_TOO}/64"), [f"{text6(a)}/64" for a in (*CLIENTS, *RELAYS)]),
        )  # fmt: skip
        with inside(self.client):
            self.client_index = socket.if_nametoindex("cli0")
        self.names = names

    def open(self) -> None:
        with inside(self.server):
            self.sockets = DhcpSockets(Interfaces(names=self.names), WORKERS, (547, 546), DHCP6)
            assert self.sockets.open(0.0)
            dhcp = [[d for d in self.sockets.of_worker(w) if isinstance(d, DhcpSocket6)] for w in range(WORKERS)]
        self.ports = [[Port6(each) for each in shard] for shard in dhcp]
        (self.link_local,) = {port.link_local for port in self.ports[0]}

    def sender(self, source: bytes, port: int) -> socket.socket:
        with inside(self.client):
            made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, self.client_index)
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 8)
            made.bind((text6(source), port, 0, self.client_index if is_link_local6(source) else 0))
        made.settimeout(2)
        return made

    def send(self, source: bytes, payload: bytes, destination: str) -> Sent:
        """Send a message whose end tells it from all others."""
        payload += pack_option6(65000, next(_numbers).to_bytes(4, "big"))
        scope = self.client_index if destination.startswith("f") else 0
        with self.sender(source, 546) as made:
            made.sendto(payload, (destination, 547, 0, scope))
        return Sent(source, payload)

    def arrived(self, count: int) -> dict[bytes, list[tuple[int, Datagram6]]]:
        """payload → worker and datagram of each arrival, once `count` have arrived and then nothing more."""
        found: dict[bytes, list[tuple[int, Datagram6]]] = {}
        everywhere = [(worker, port) for worker, ports in enumerate(self.ports) for port in ports]
        end = time.monotonic() + 5
        while sum(map(len, found.values())) < count and time.monotonic() < end:
            select.select([port for _, port in everywhere], [], [], 0.5)
            for worker, port in everywhere:
                for datagram in port.receive(100):
                    found.setdefault(datagram.payload, []).append((worker, datagram))
        # A second copy of anything would be in a socket since its first one was: veth delivers at once.
        for worker, port in everywhere:
            for datagram in port.receive(100):
                found.setdefault(datagram.payload, []).append((worker, datagram))
        return found

    def close(self) -> None:
        self.sockets.close()


@pytest.fixture
def network() -> Iterator[Network]:
    with Lab() as lab:
        made = Network(lab, "srv0", f"srv0/{SERVER}")
        made.open()
        yield made
        made.close()


def solicit(client: int) -> bytes:
    return b"\1abc" + pack_option6(1, b"\0\3\0\1" + client.to_bytes(6, "big"))


def relayed(message: bytes, peer: bytes, hops: int = 0) -> bytes:
    return bytes((12, hops)) + address6("2001:db8::") + peer + pack_option6(18, b"eth0") + pack_option6(9, message)


def messages(kind: str) -> list[tuple[bytes, bytes]]:
    """Source and payload of what clients or relays send."""
    if kind == "direct":
        return [(source, solicit(number)) for number, source in enumerate(CLIENTS)]
    if kind == "direct without identifier":
        return [(source, b"\x0babc") for source in CLIENTS]
    if kind == "one address":
        return [(CLIENTS[0], solicit(number)) for number in range(24)]
    if kind == "relayed":
        return [(RELAYS[n % 6], relayed(solicit(n), peer)) for n, peer in enumerate(CLIENTS)]
    inner = [relayed(solicit(n), peer) for n, peer in enumerate(CLIENTS)]
    return [(RELAYS[0], relayed(message, RELAYS[1 + n % 5], 1)) for n, message in enumerate(inner)]


@pytest.mark.parametrize("to", ["multicast", "link-local", "unicast"])
@pytest.mark.parametrize("kind", ["direct", "direct without identifier", "one address", "relayed", "twice relayed"])
def test_every_message_reaches_its_worker_and_no_other(network: Network, kind: str, to: str) -> None:
    multicast = ALL_AGENTS_AND_SERVERS if "direct" in kind or kind == "one address" else ALL_SERVERS
    destination = {"multicast": multicast, "link-local": text6(network.link_local), "unicast": SERVER}[to]
    sent = [network.send(source, payload, destination) for source, payload in messages(kind)]
    arrived = network.arrived(len(sent))
    owners = []
    for each in sent:
        ((worker, datagram),) = arrived.pop(each.payload)
        assert worker == shard6(each.source, each.payload, WORKERS)
        assert (datagram.source, datagram.destination) == (each.source, address6(destination))
        assert datagram.source_port == 546
        owners.append(worker)
    assert not arrived
    assert len(set(owners)) > 1


def test_an_address_that_is_not_configured_is_not_served(network: Network) -> None:
    with network.sender(RELAYS[0], 546) as made:
        made.connect((SERVER_TOO, 547))
        made.send(solicit(1))
        with pytest.raises(ConnectionRefusedError):
            made.recv(100)


@pytest.mark.parametrize("destination", [ALL_AGENTS_AND_SERVERS, SERVER])
def test_an_answer_reaches_a_client_and_a_relay(network: Network, destination: str) -> None:
    for source, port in ((CLIENTS[0], 546), (RELAYS[0], 547)):
        if is_link_local6(source) and destination == SERVER:
            continue  # such a client has no address that the server could answer to from a global one
        sent = network.send(source, solicit(1), destination)
        (((worker, datagram),),) = network.arrived(1).values()
        answerer = next(port6 for port6 in network.ports[worker] if port6.address == address6(destination))
        with network.sender(source, port) as listening:
            query = Packet6(Message6(1, 1, {}), "", datagram.index, datagram.source, port, datagram.destination)
            reply = Reply6(b"answer to " + sent.payload[-4:], datagram.source, port, datagram.index, 7)
            answerer.send(query, reply)
            payload, (host, from_port, *_) = listening.recvfrom(100)
        assert payload == b"answer to " + sent.payload[-4:]
        assert from_port == 547
        own = network.link_local if is_link_local6(source) else address6(SERVER)
        assert address6(host)[:8] == own[:8]
        assert destination != SERVER or address6(host) == own


def test_sockets_are_in_the_groups_of_servers_once_for_each_worker(network: Network) -> None:
    addresses = [[port.address for port in ports] for ports in network.ports]
    assert addresses == [addresses[0]] * WORKERS
    assert addresses[0] == [
        address6(ALL_AGENTS_AND_SERVERS), address6(ALL_SERVERS), network.link_local, address6(SERVER),
    ]  # fmt: skip
    joined = ip("-n", network.server, "-6", "maddress", "show", "dev", "srv0")
    assert ALL_AGENTS_AND_SERVERS in joined
    assert ALL_SERVERS in joined


def test_a_second_server_is_told_that_the_port_is_taken(network: Network) -> None:
    with inside(network.server), pytest.raises(ExitWith, match="in use") as end:
        DhcpSockets(Interfaces(names=("srv0",)), 1, (547, 546), DHCP6).open(0.0)
    assert end.value.code is ExitCode.OS_ERROR
    assert end.value.identifier == "DHCP6_FATAL_OPEN_SOCKETS_FAILED"


def test_a_link_whose_address_is_still_tentative_is_served() -> None:
    """Duplicate address detection takes a second or two, in which nothing can be bound the usual way."""
    with Lab() as lab:
        network = Network(lab, "*")
        for setting in ("accept_dad=1", "dad_transmits=3"):
            set_on(lab, network.server, setting)
        ip("-n", network.server, "link", "set", "dev", "srv0", "down")
        ip("-n", network.server, "link", "set", "dev", "srv0", "up")
        eventually(
            lambda: "tentative" in ip("-n", network.server, "-6", "address", "show", "dev", "srv0", "scope", "link")
        )
        network.open()
        assert "tentative" in ip("-n", network.server, "-6", "address", "show", "dev", "srv0", "scope", "link")
        sent = network.send(CLIENTS[0], solicit(1), ALL_AGENTS_AND_SERVERS)
        assert list(network.arrived(1)) == [sent.payload]
        network.close()


def set_on(lab: Lab, host: str, setting: str) -> None:
    name, value = setting.split("=")
    ip("netns", "exec", host, "sysctl", "-qw", f"net.ipv6.conf.srv0.{name}={value}")


def test_the_star_serves_no_loopback_and_no_address_that_is_not_named(network: Network) -> None:
    network.close()
    network.names = ("*",)
    network.open()
    assert {port.interface for port in network.ports[0]} == {"srv0"}
    assert all(is_multicast6(port.address) or is_link_local6(port.address) for port in network.ports[0])
