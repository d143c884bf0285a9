"""Packets in hand at the moment of the loss: tries are counted by attempts, not by what fails because of the loss."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.cells import Stand, backend
from tests.faults.table import STOP
from tests.faults.targets import SqlTarget
from tests.lab import databases
from tests.lab.daemon import KeaMp
from tests.lab.net import udp_socket
from tests.lab.packets import DISCOVER, Bootp
from tests.lab.relay import RELAY, SERVER
from tests.lab.waiting import eventually

pytestmark = [pytest.mark.root, pytest.mark.timeout(60)]

IN_FLIGHT = 30
WAIT_S = 2.0  #: reconnect-wait-time, long enough to look at what the first try was used for


def received(daemon: KeaMp) -> int:
    arguments = daemon.command("statistic-get", {"name": "pkt4-received"})["arguments"]
    return int(arguments["pkt4-received"][0][0])


def lines(daemon: KeaMp, identifier: str) -> int:
    return sum(f" {identifier} " in line for line in daemon.output().splitlines())


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_thirty_packets_in_flight_at_the_loss_use_one_try(stand: Stand, kind: str) -> None:
    if not databases.available(kind):
        pytest.skip(f"no {kind} server can be started here")
    target = stand.target(kind, network=True)
    assert isinstance(target, SqlTarget)
    settings: dict[str, Any] = {"max-reconnect-tries": 10, "reconnect-wait-time": int(1000 * WAIT_S), "on-fail": STOP}
    stand.end_daemon()
    daemon = stand.running(target, **settings)
    before = received(daemon)
    relay = udp_socket(stand.clients_host, RELAY, 67)
    try:
        target.through.black_hole()
        for number in range(IN_FLIGHT):
            mac = b"\x02\x00\x00\x0a" + number.to_bytes(2, "big")
            packet = Bootp(xid=number, chaddr=mac, giaddr=RELAY, hops=1, options=((53, bytes((DISCOVER,))),))
            relay.sendto(packet.encode(), (SERVER, 67))
        eventually(lambda: received(daemon) >= before + IN_FLIGHT, 5, "all are in hand")
        target.through.down()
        failed = f"{'PGSQL' if kind == 'postgresql' else 'MYSQL'}_LB_DB_RECONNECT_ATTEMPT_FAILED"
        eventually(lambda: lines(daemon, failed), 5, "the first try has failed")
        eventually(lambda: daemon.service()["acknowledged"], 5, "every worker has heard of it")
        seen = backend(daemon, target.role)
        assert (seen["state"], seen["try"], lines(daemon, failed)) == ("retrying", 1, 1)
        assert lines(daemon, "DHCP4_DB_RECONNECT_LOST_CONNECTION") == 1
    finally:
        relay.close()
        target.through.heal()
    eventually(lambda: backend(daemon, target.role)["state"] == "up", WAIT_S + 5, "it is back")
    assert lines(daemon, failed) <= 2
