"""The DHCPv6 daemon as a user runs it, alone and beside the DHCPv4 one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kea_mp.errors import ExitCode
from kea_mp.family import DHCP4, DHCP6, FAMILIES
from tests.lab.daemon import KeaMp
from tests.lab.net import Lab
from tests.lab.packets6 import IA_NA, REPLY, REQUEST, SOLICIT, ia, message6, opt
from tests.lab.waiting import eventually
from tests.lab.wire_client import WireClient6

pytestmark = [pytest.mark.root, pytest.mark.timeout(120)]

SERVER_MAC, CLIENT_MAC = "02:5e:00:00:00:01", "02:c1:00:00:00:02"
CLIENT = "fe80::c1:ff:fe00:2"
NAMED = opt(1, b"\0\3\0\1" + bytes.fromhex(CLIENT_MAC.replace(":", "")))
CONFIG: dict[int, dict[str, Any]] = {
    4: {
        "interfaces-config": {"interfaces": ["srv0"]},
        "subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.10-192.0.2.99"}]}],
    },
    6: {
        "interfaces-config": {"interfaces": ["srv0"]},
        "subnet6": [
            {"id": 1, "subnet": "2001:db8::/64", "interface": "srv0", "pools": [{"pool": "2001:db8::10-2001:db8::99"}]}
        ],
    },
}


@pytest.fixture
def site() -> Iterator[tuple[str, str]]:
    with Lab() as lab:
        server, client = lab.hosts("server", "client")
        macs, addresses = (SERVER_MAC, CLIENT_MAC), (("192.0.2.1/24",), ())
        lab.link((server, "srv0"), (client, "cli0"), macs, addresses, ipv6=True)
        yield server, client


def granted(client: WireClient6) -> str:
    """The server identifier of a server that has given an address, in hexadecimal."""
    client.send(message6(SOLICIT, 1, NAMED, ia(IA_NA, 1)), (CLIENT, 546))
    offer = client.receive(5)
    assert offer is not None
    options = [opt(code, payload) for code, payload in offer.options if code in (2, IA_NA)]
    client.send(message6(REQUEST, 2, NAMED, *options), (CLIENT, 546))
    answer = client.receive(5)
    assert answer is not None
    assert answer.type == REPLY
    return (answer.option(2) or b"").hex(":")


def test_both_daemons_run_beside_each_other(site: tuple[str, str]) -> None:
    host, client_host = site
    client = WireClient6(client_host, "cli0", CLIENT_MAC, SERVER_MAC)
    with (
        KeaMp(CONFIG[4], host, family=DHCP4) as server4,
        KeaMp(CONFIG[6], host, family=DHCP6, folder=server4.folder) as server6,
    ):
        shown = granted(client)
        assert server6.status()["server-duid"] == shown
        both = sorted(path.name for path in server4.run.iterdir() if not path.name.startswith("bus"))
        assert both == ["dhcp4.sock", "dhcp6.sock", "kea-dhcp4.kea-dhcp4.pid", "kea-dhcp6.kea-dhcp6.pid"]
        for server in (server4, server6):
            number = server.family.number
            for which in (("-c", str(server.config_file)), ("--family", str(number)), ("--socket", str(server.socket))):
                done = server.cli("status", *which)
                assert done.stdout.startswith(f"DHCPv{number} SERVING"), done.stdout + done.stderr
            answer = server.cli("command", "config-get", "-c", str(server.config_file)).stdout
            assert FAMILIES[number].top in answer
        unclear = server4.cli("status")
        assert (unclear.returncode, "--family" in unclear.stdout + unclear.stderr) == (3, True)
        assert server4.stop() == 0
        assert granted(client) == shown
        assert server6.stop() == 0
    client.close()


def test_the_server_is_the_same_after_a_restart(site: tuple[str, str]) -> None:
    host, client_host = site
    client = WireClient6(client_host, "cli0", CLIENT_MAC, SERVER_MAC)
    with KeaMp(CONFIG[6], host, family=DHCP6) as server:
        first = granted(client)
        assert (server.data / "kea-dhcp6-serverid").read_text() == first
        assert server.stop() == 0
        server.start()
        server.wait_serving()
        assert granted(client) == first
    client.close()


def test_a_new_configuration_may_change_who_the_server_is(site: tuple[str, str]) -> None:
    host, client_host = site
    client = WireClient6(client_host, "cli0", CLIENT_MAC, SERVER_MAC)
    with KeaMp(CONFIG[6], host, family=DHCP6) as server:
        before = granted(client)
        named = {"type": "EN", "enterprise-id": 4711, "identifier": "0123456789AB"}
        answer = server.command("config-set", {"Dhcp6": {**server.config, "server-id": named}})
        assert answer["result"] == 0, answer
        assert granted(client) == "00:02:00:00:12:67:01:23:45:67:89:ab" == server.status()["server-duid"] != before
    client.close()


def test_a_paused_server_counts_and_does_not_answer(site: tuple[str, str]) -> None:
    host, client_host = site
    client = WireClient6(client_host, "cli0", CLIENT_MAC, SERVER_MAC)
    with KeaMp(CONFIG[6], host, family=DHCP6) as server:
        assert server.command("dhcp-disable")["text"] == "DHCPv6 service disabled"
        client.send(message6(SOLICIT, 1, NAMED, ia(IA_NA, 1)), (CLIENT, 546))

        def count(name: str) -> int:
            samples = server.command("statistic-get", {"name": name})["arguments"][name]
            return int(samples[0][0])

        eventually(lambda: count("pkt6-received") == 1, what="it is counted")
        assert count("pkt6-receive-drop") == 1
        assert client.receive(0.2) is None
        assert server.command("dhcp-enable")["text"] == "DHCPv6 service enabled"
        granted(client)
    client.close()


def test_one_daemon_of_a_kind_and_name_at_a_time(site: tuple[str, str]) -> None:
    with KeaMp(CONFIG[6], site[0], family=DHCP6) as server:
        second = KeaMp(CONFIG[6], site[0], family=DHCP6, folder=server.folder)
        second.start()
        assert second.process is not None
        assert second.process.wait(20) == ExitCode.CANT_CREATE
        assert "DHCP6_ALREADY_RUNNING" in second.output()


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"subnet4": []}, ExitCode.CONFIG, "DHCP6_CONFIG_LOAD_FAIL"),
        ({"interfaces-config": {"interfaces": ["nope"]}}, ExitCode.OS_ERROR, "DHCP6_INIT_FAIL"),
    ],
    ids=["a key of the other daemon", "an interface that is not there"],
)
def test_what_keeps_it_from_starting_is_said(
    site: tuple[str, str], changes: dict[str, Any], code: ExitCode, said: str
) -> None:
    server = KeaMp({**CONFIG[6], **changes}, site[0], family=DHCP6)
    try:
        server.start()
        assert server.process is not None
        assert server.process.wait(20) == code
        assert said in server.output()
        assert "kea-dhcp4" not in server.output()
    finally:
        server.remove()
