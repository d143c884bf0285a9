"""Every command that both servers have, asked of both: same result, same members, same shape of arguments.

Texts are compared only for being there: they are our own. What differs on purpose is listed with its reason.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kea_mp.family import DHCP4, DHCP6, Family
from tests.lab import peer
from tests.lab.daemon import KeaMp
from tests.lab.net import Lab
from tests.lab.peer import Peer

pytestmark = [
    pytest.mark.peer,
    pytest.mark.root,
    pytest.mark.skipif(not peer.available(), reason=f"no real Kea 3.0 in {peer.ROOT} (scripts/peer makes it)"),
]

CONFIG4: dict[str, Any] = {
    "interfaces-config": {"interfaces": ["lo"], "dhcp-socket-type": "udp"},
    "subnet4": [
        {
            "id": 1,
            "subnet": "192.0.2.0/24",
            "pools": [{"pool": "192.0.2.10-192.0.2.99"}, {"pool": "192.0.2.100-192.0.2.150", "pool-id": 3}],
        },
        {"id": 7, "subnet": "198.51.100.0/24", "pools": [{"pool": "198.51.100.0/25"}]},
    ],
}

CONFIG6: dict[str, Any] = {
    "interfaces-config": {"interfaces": []},
    "server-id": {"type": "EN", "enterprise-id": 4711, "identifier": "0123456789AB", "persist": False},
    "subnet6": [
        {
            "id": 1,
            "subnet": "2001:db8:1::/64",
            "pools": [{"pool": "2001:db8:1::/80"}, {"pool": "2001:db8:1:0:1::/80", "pool-id": 3}],
            "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 48, "delegated-len": 64, "pool-id": 5}],
        },
        {"id": 7, "subnet": "2001:db8:7::/64", "pools": [{"pool": "2001:db8:7::/64"}]},
    ],
}

Servers = tuple[Peer, KeaMp]


@pytest.fixture(scope="module", params=[DHCP4, DHCP6], ids=lambda family: family.name)
def servers(request: pytest.FixtureRequest) -> Iterator[Servers]:
    """Two servers with one configuration, each in a namespace of its own."""
    family: Family = request.param
    config = CONFIG6 if family == DHCP6 else CONFIG4
    with Lab() as lab:
        kea, ours = lab.hosts("keacmd", "owncmd")
        control = {"control-socket": {"socket-type": "unix", "socket-name": "agreement.sock"}}
        with Peer(config, kea, family=family) as theirs, KeaMp({**config, **control}, ours, family=family) as mine:
            yield theirs, mine


def spoken(text: bytes, family: Family) -> bytes:
    """A request that is written down for DHCPv4, for this family."""
    if family == DHCP4:
        return text
    other = re.sub(
        rb"(Dhcp|dhcp|pkt|subnet)([46])", lambda found: found[1] + (b"6" if found[2] == b"4" else b"4"), text
    )
    return other.replace(b"192.0.2.0/24", b"2001:db8::/64")


def ask(path: Path, text: bytes) -> dict[str, Any]:
    """The answer to these very bytes."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(15.0)
        connection.connect(str(path))
        connection.sendall(text)
        answer: dict[str, Any] = json.loads(b"".join(iter(lambda: connection.recv(65536), b"")))
    return answer


def both(servers: Servers, text: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    theirs, mine = servers
    text = spoken(text, mine.family)
    return ask(theirs.socket, text), ask(mine.socket, text)


def shape(value: Any) -> Any:
    """What kind of JSON this is, all the way down; numbers and texts themselves left out."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return type(value).__name__


def outline(answer: dict[str, Any]) -> tuple[Any, list[str]]:
    """The result, and the members that an answer has."""
    return answer["result"], sorted(answer)


def request(name: str, arguments: Any = ...) -> bytes:
    return json.dumps({"command": name} | ({} if arguments is ... else {"arguments": arguments})).encode()


ENVELOPES = (
    b'{"command": "nope"}',
    b'{"command": ""}',
    b"{}",
    b"[]",
    b"5",
    b'"x"',
    b"garbage",
    b"}",
    b'{"comand": "version-get"}',
    b'{"command": 5}',
    b'{"command": null}',
    b'{"command": "version-get", "foo": 1}',
    b'{"command": "version-get",}',
    b'{"command": "version-get", "service": ["dhcp4"]}',
    b'{"command": "version-get", "service": "dhcp6"}',
    b'{"command": "version-get", "remote-address": 4}',
    b'{"command": "version-get", "arguments": 5}',
    b'# one\n{"command": /* two */ "version-get" // three }\n} trailing {',
    b'{"command": "build-report", "command": "version-get"}',
)

COMMANDS = (
    request("build-report"),
    request("config-hash-get"),
    request("config-hash-get", {"ignored": 1}),
    request("server-tag-get"),
    request("version-get"),
    request("config-test"),
    request("config-test", {}),
    request("config-test", 5),
    request("config-test", []),
    request("config-test", {"Dhcp6": {}}),
    request("config-test", {"Dhcp4": 5}),
    request("config-test", {"Dhcp4": {}, "X": 1}),
    request("config-test", {"Dhcp4": {"bogus": 1}}),
    request("config-test", {"Dhcp4": {"subnet4": [{"id": 1, "subnet": "x"}]}}),
    request("config-test", {"Dhcp4": {"subnet4": [{"id": 1, "subnet": "192.0.2.0/24"}]}}),
    request("dhcp-disable", {"max-period": 60}),
    request("dhcp-enable"),
    request("dhcp-enable"),
    request("dhcp-disable"),
    request("dhcp-disable", {}),
    request("dhcp-disable", 5),
    request("dhcp-disable", []),
    request("dhcp-disable", None),
    request("dhcp-disable", {"foo": 1}),
    request("dhcp-disable", {"max-period": 0}),
    request("dhcp-disable", {"max-period": -1}),
    request("dhcp-disable", {"max-period": "x"}),
    request("dhcp-disable", {"max-period": 1.5}),
    request("dhcp-disable", {"origin": "ha-partner"}),
    request("dhcp-disable", {"origin": "bogus"}),
    request("dhcp-disable", {"origin": ""}),
    request("dhcp-disable", {"origin": 5}),
    request("dhcp-disable", {"origin": True}),
    request("dhcp-disable", {"origin-id": 1500}),
    request("dhcp-disable", {"origin-id": "x"}),
    request("dhcp-disable", {"origin-id": 2000, "origin": "bogus"}),
    request("dhcp-disable", {"origin-id": 3000, "max-period": 5}),
    request("dhcp-disable", {"origin-id": 3001}),
    request("dhcp-enable", 5),
    request("dhcp-enable", {"origin": "bogus"}),
    request("dhcp-enable", {"origin": True}),
    request("dhcp-enable", {"origin-id": "x"}),
    request("dhcp-enable", {"max-period": 7}),
    request("leases-reclaim"),
    request("leases-reclaim", {}),
    request("leases-reclaim", 5),
    request("leases-reclaim", {"remove": 1}),
    request("leases-reclaim", {"remove": True}),
    request("leases-reclaim", {"remove": False, "x": 1}),
    request("shutdown", 5),
    request("shutdown", {"exit-value": "x"}),
    request("shutdown", {"exit-value": 1.5}),
    request("shutdown", {"exit-value": None}),
    request("statistic-get"),
    request("statistic-get", {}),
    request("statistic-get", {"name": 5}),
    request("statistic-get", []),
    request("statistic-get", {"name": "nope"}),
    request("statistic-get", {"name": "pkt4-received", "x": 1}),
    request("statistic-sample-age-set", {"name": "pkt4-sent"}),
    request("statistic-sample-age-set", {"name": "pkt4-sent", "duration": "x"}),
    request("statistic-sample-age-set", {"name": "pkt4-sent", "duration": 10}),
    request("statistic-sample-age-set", {"name": "nope", "duration": 10}),
    request("statistic-sample-age-set-all"),
    request("statistic-sample-age-set-all", {"duration": 3600}),
    request("statistic-sample-count-set", {"name": "pkt4-sent"}),
    request("statistic-sample-count-set", {"name": "pkt4-sent", "max-samples": "x"}),
    request("statistic-sample-count-set", {"name": "nope", "max-samples": 3}),
    request("statistic-sample-count-set", {"name": "pkt4-sent", "max-samples": 3}),
    request("statistic-sample-count-set", {"max-samples": 3}),
    request("statistic-sample-count-set-all"),
    request("statistic-sample-count-set-all", {"max-samples": 0}),
    request("statistic-sample-count-set-all", {"max-samples": 3}),
    request("statistic-reset"),
    request("statistic-reset", {"name": "nope"}),
    request("statistic-reset", {"name": "pkt4-received"}),
    request("statistic-get", {"name": "pkt4-received"}),
    request("statistic-remove", {"name": "nope"}),
    request("statistic-reset-all", {"name": "x"}),
)

#: not in our answers to status-get: they describe threads, and packet workers are processes
THREADS = {"multi-threading-enabled", "thread-pool-size", "packet-queue-size", "packet-queue-statistics"}

#: in config-get: the two servers of this test have files and sockets of their own
OF_THE_SERVER = {"control-sockets", "lease-database", "loggers"}

#: in config-get: Kea shows what statistic-sample-*-set-all has set last, we show what is configured
SET_BY_COMMAND = {"statistic-default-sample-age", "statistic-default-sample-count"}

#: in Kea's list-commands only
NOT_YET = {"subnet6-select-test"}

#: in our statistic-get-all only: Kea counts it from 3.1 on
NEWER = {"pkt4-service-disabled", "pkt6-service-disabled"}


@pytest.mark.parametrize("text", ENVELOPES, ids=bytes.decode)
def test_envelopes_are_judged_alike(servers: Servers, text: bytes) -> None:
    kea, ours = both(servers, text)
    assert outline(ours) == outline(kea), f"Kea says {kea}, we say {ours}"


def test_commands_answer_alike(servers: Servers) -> None:
    wrong = []
    for text in COMMANDS:
        kea, ours = both(servers, text)
        if outline(ours) != outline(kea) or shape(ours.get("arguments")) != shape(kea.get("arguments")):
            wrong.append(f"{text.decode()}\n  Kea  {kea}\n  ours {ours}")
    for origin in (1, 5, 2000, 1500, 3001):
        both(servers, request("dhcp-enable", {"origin-id": origin}))
    assert not wrong, "\n".join(wrong)


def test_status_shows_the_same_fields(servers: Servers) -> None:
    kea, ours = (answer["arguments"] for answer in both(servers, request("status-get")))
    del ours["kea-mp"]
    assert {name: shape(ours[name]) for name in ours if name not in THREADS} == {
        name: shape(kea[name]) for name in kea if name not in THREADS
    }


def test_status_lists_the_same_origins(servers: Servers) -> None:
    origins = (1, 5, 1000, 1999, 2000, 2999, 3000, 4000)
    try:
        for origin in origins:
            both(servers, request("dhcp-disable", {"origin-id": origin}))
        kea, ours = (answer["arguments"]["dhcp-state"] for answer in both(servers, request("status-get")))
    finally:
        for origin in origins:
            both(servers, request("dhcp-enable", {"origin-id": origin}))
    assert ours == kea
    kea, ours = (answer["arguments"]["dhcp-state"] for answer in both(servers, request("status-get")))
    assert (ours, ours["globally-disabled"]) == (kea, False)


def test_the_same_commands_are_listed(servers: Servers) -> None:
    kea, ours = (answer["arguments"] for answer in both(servers, request("list-commands")))
    assert ours == sorted(ours)
    assert set(ours) == set(kea) - NOT_YET


def test_the_same_statistics_have_the_same_values(servers: Servers) -> None:
    kea, ours = (answer["arguments"] for answer in both(servers, request("statistic-get-all")))
    assert {name: ours[name][0][0] for name in ours if name not in NEWER} == {name: kea[name][0][0] for name in kea}
    assert [shape(samples[:1]) for samples in ours.values()] == [[["int", "str"]]] * len(ours)


def test_config_get_shows_the_same_configuration(servers: Servers) -> None:
    kea, ours = (answer["arguments"] for answer in both(servers, request("config-get")))
    assert sorted(ours) == sorted(kea)
    top = servers[1].family.top
    assert sorted(ours[top]) == sorted(kea[top])
    assert comparable(ours[top]) == comparable(kea[top])
    assert (len(ours["hash"]), ours["hash"]) == (len(kea["hash"]), ours["hash"].upper())


def comparable(shown: dict[str, Any]) -> dict[str, Any]:
    left_out = OF_THE_SERVER | SET_BY_COMMAND
    return {name: value for name, value in shown.items() if name not in left_out}


def test_a_client_that_falls_silent_is_told_so(servers: Servers) -> None:
    kea, ours = both(servers, b'{"command": "version-get"')
    assert outline(ours) == outline(kea)
    assert "25 bytes" in kea["text"]
    assert "25 bytes" in ours["text"]
