"""subnet4-select-test and subnet4o6-select-test place a described message where Kea places it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from tests.lab.daemon import KeaMp
from tests.lab.net import Lab
from tests.lab.peer import Peer

pytestmark = [pytest.mark.peer, pytest.mark.root]

CONFIG: dict[str, Any] = {
    "interfaces-config": {"interfaces": ["lo"], "dhcp-socket-type": "udp"},
    "client-classes": [{"name": "a"}, {"name": "b"}],
    "subnet4": [
        {"id": 1, "subnet": "192.0.2.0/24"},
        {"id": 2, "subnet": "198.51.100.0/24", "relay": {"ip-addresses": ["10.9.9.9"]}, "client-classes": ["a"]},
        {"id": 3, "subnet": "203.0.113.0/24", "interface": "lo"},
        {"id": 4, "subnet": "127.0.0.0/8"},
    ],
    "shared-networks": [
        {
            "name": "net", "relay": {"ip-addresses": ["10.8.8.8"]}, "client-classes": ["b"],
            "subnet4": [{"id": 5, "subnet": "10.5.0.0/16"}, {"id": 6, "subnet": "10.6.0.0/16"}],
        },
    ],
}  # fmt: skip
IN_1, IN_6, ZERO, EVERYBODY = "192.0.2.7", "10.6.1.1", "0.0.0.0", "255.255.255.255"
NOT_STRINGS: tuple[Any, ...] = (5, None, True, [], {})
ADDRESSES = ("address", "relay", "local", "remote", "link", "subnet")

Servers = tuple[Peer, KeaMp]


@pytest.fixture(scope="module", params=[False, True], ids=["", "ignore-rai-link-selection"])
def servers(request: pytest.FixtureRequest) -> Iterator[Servers]:
    config = CONFIG | ({"compatibility": {"ignore-rai-link-selection": True}} if request.param else {})
    with Lab() as lab:
        kea, ours = lab.hosts("keasel", "ownsel")
        with Peer(config, kea) as theirs, KeaMp(config, ours) as mine:
            yield theirs, mine


def descriptions() -> Iterator[dict[str, Any]]:
    """Each entry left out, or with one of a few values, in every combination of three of them."""
    some: dict[str, tuple[Any, ...]] = {
        "interface": ("lo", "nope", ""),
        "address": (IN_1, ZERO),
        "relay": ("10.9.9.9", "10.8.8.8", IN_6, "10.99.0.1", ZERO),
        "local": (EVERYBODY, "127.0.0.1"),
        "remote": (IN_6, ZERO),
        "link": (IN_6, "10.99.0.1", ZERO),
        "subnet": (IN_1, IN_6),
        "classes": ([], ["a"], ["b", "a"], ["", "b"]),
    }
    for one, two, three in product(some, some, some):
        if one <= two <= three:
            for values in product(some[one], some[two], some[three]):
                yield dict(zip((one, two, three), values, strict=True))


def wrong_ones() -> Iterator[dict[str, Any]]:
    for name in ("interface", *ADDRESSES):
        yield from ({name: value} for value in NOT_STRINGS)
    for name in ADDRESSES:
        yield from ({name: text} for text in ("", "x", "192.0.2", "2001:db8::1"))
    lists: tuple[Any, ...] = ("a", 5, [5], [["a"]], {})
    yield from ({"classes": value} for value in lists)
    yield from ({"bogus": 1}, {"link": IN_1, "subnet": 5}, {"link": "x", "subnet": 5}, {"hw-address": "1:2"})


def judged(servers: Servers, name: str, asked: Iterator[Any]) -> None:
    """Answered alike; an error in words of our own."""
    wrong = []
    for arguments in asked:
        kea, ours = (server.command(name, arguments) for server in servers)
        if (ours["result"], ours["text"] if kea["result"] != 1 else "") != (
            kea["result"], kea["text"] if kea["result"] != 1 else "",
        ):  # fmt: skip
            wrong.append(f"{json.dumps(arguments)}\n  Kea  {kea}\n  ours {ours}")
    assert not wrong, f"{len(wrong)}\n" + "\n".join(wrong[:20])


def test_a_described_message_is_placed_where_kea_places_it(servers: Servers) -> None:
    judged(servers, "subnet4-select-test", descriptions())


def test_descriptions_that_are_none_are_refused_alike(servers: Servers) -> None:
    judged(servers, "subnet4-select-test", wrong_ones())
    wholes: tuple[tuple[Any, ...], ...] = ((), ({},), (5,), ([],))
    for arguments in wholes:
        kea, ours = (server.command("subnet4-select-test", *arguments) for server in servers)
        assert kea["result"] == ours["result"], arguments


def over_ipv6() -> Iterator[dict[str, Any]]:
    yield from ({}, {"bogus": 1}, {"interface": "nope"}, {"interface": 5}, {"classes": ["a"]}, {"classes": [1]})
    yield from ({name: IN_1} for name in ADDRESSES)
    yield from ({name: "2001:db8::1"} for name in ADDRESSES)
    identifiers = ("'abc'", "", "zz", 5, "0102", "01:02", "0x0102", "1:2", "''", "012", "01:", "'a")
    yield from ({"interface-id": value} for value in identifiers)


def test_nothing_is_over_ipv6_and_wrong_descriptions_are_refused_alike(servers: Servers) -> None:
    judged(servers, "subnet4o6-select-test", over_ipv6())
