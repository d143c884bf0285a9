"""Big lease files, and how long a server takes to answer on top of one.

Runs in: any (root)
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from tests.lab.daemon import KeaMp
from tests.lab.packets import DISCOVER, OFFER, Bootp
from tests.lab.peer import Peer
from tests.lab.wire_client import WireClient

HEADER = (
    "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id"
)
FIRST = int(IPv4Address("10.65.0.0"))
SERVER, RELAY = "10.64.0.1", "10.64.0.2"
SERVER_MAC, RELAY_MAC = "02:5e:00:00:00:01", "02:c1:00:00:00:02"

CONFIG: dict[str, Any] = {
    "interfaces-config": {"interfaces": ["srv0"], "dhcp-socket-type": "raw"},
    "valid-lifetime": 7200,
    "subnet4": [{"id": 1, "subnet": "10.64.0.0/10", "pools": [{"pool": "10.65.0.0 - 10.127.255.254"}]}],
}


def mac_of(number: int) -> bytes:
    return b"\x02\x11" + number.to_bytes(4, "big")


def write_leases(path: Path, count: int) -> None:
    """A file of `count` valid leases, as Kea writes them."""
    expire = int(time.time()) + 7200
    with path.open("w") as file:
        file.write(HEADER + "\n")
        for number in range(count):
            mac = mac_of(number).hex(":")
            address = IPv4Address(FIRST + number)
            file.write(f"{address},{mac},01:{mac},7200,{expire},1,0,0,host-{number}.example.org,0,,0\n")


@dataclass(frozen=True)
class Start:
    """first_answer_s: from the start of the process to its first offer; pss: of the whole tree in bytes, after it."""

    first_answer_s: float
    pss: int
    known: str
    fresh: str


def measure(server: KeaMp | Peer, client_host: str, patience_s: float = 120.0) -> Start:
    """Start the server and ask until it answers; then as a client of the file, whose address is `known`."""
    client = WireClient(client_host, "cli0", RELAY_MAC, SERVER_MAC)
    try:
        began = time.monotonic()
        server.start()
        fresh = _ask(client, b"\x02\x22\0\0\0\x01", began + patience_s)
        answered = time.monotonic() - began
        pss = server.pss()
        known = _ask(client, mac_of(77), began + patience_s + 5)
        return Start(answered, pss, known, fresh)
    finally:
        client.close()


def _ask(client: WireClient, mac: bytes, until: float) -> str:
    """A DISCOVER every 20 ms; the address that is offered first."""
    client.drain()
    discover = Bootp(
        xid=int.from_bytes(mac[2:], "big"), chaddr=mac, giaddr=RELAY, hops=1,
        options=((53, bytes((DISCOVER,))), (61, b"\x01" + mac)),
    )  # fmt: skip
    while time.monotonic() < until:
        client.send(discover.encode(), (RELAY, 67), (SERVER, 67))
        answer = client.receive(0.02)
        if answer is not None and answer.type == OFFER and answer.xid == discover.xid:
            return answer.yiaddr
    raise AssertionError("no offer in time")
