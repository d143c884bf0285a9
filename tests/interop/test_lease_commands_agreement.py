"""The commands of lease_cmds and stat_cmds, asked of Kea and of us in one order: same results, leases and members.

Texts are our own where something is wrong; where all is well they are Kea's. What differs on purpose has a test or a
list of its own, with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.interop.lease_steps import ADDING, ASKING, CHANGING, CONFIG, NONE, Step, add, comparable, update
from tests.lab import lease_file, peer
from tests.lab.daemon import KeaMp
from tests.lab.net import Lab
from tests.lab.peer import Peer

pytestmark = [
    pytest.mark.peer,
    pytest.mark.root,
    pytest.mark.skipif(not peer.available(), reason=f"no real Kea 3.0 in {peer.ROOT} (scripts/peer makes it)"),
]

#: there is no DHCPv6 daemon yet, and Kea's lists the commands for it even in the DHCPv4 daemon
OF_DHCPV6 = ("lease6-", "stat-lease6-")

#: Kea's text carries the path of its own machine
OWN_TEXT = {"lease4-write"}

Servers = tuple[Peer, KeaMp]


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    """Two servers with one configuration, each in a namespace of its own."""
    with Lab() as lab:
        kea, ours = lab.hosts("kealse", "ownlse")
        with Peer(CONFIG, kea) as theirs, KeaMp(CONFIG, ours) as mine:
            yield theirs, mine


def both(servers: Servers, step: Step) -> tuple[dict[str, Any], dict[str, Any]]:
    name, arguments = step
    given = () if arguments is NONE else (arguments,)
    theirs, mine = servers
    return theirs.command(name, *given), mine.command(name, *given)


def judged(servers: Servers, steps: list[Step]) -> list[str]:
    """The steps that were not answered alike."""
    wrong = []
    for step in steps:
        kea, ours = both(servers, step)
        alike = kea["result"] == ours["result"] and ("text" in kea) == ("text" in ours)
        alike = alike and comparable(kea.get("arguments")) == comparable(ours.get("arguments"))
        if kea["result"] == 0 and step[0] not in OWN_TEXT:
            alike = alike and kea["text"] == ours["text"]
        if not alike:
            shown = "no arguments" if step[1] is NONE else json.dumps(step[1])
            wrong.append(f"{step[0]} {shown}\n  Kea  {kea}\n  ours {ours}")
    return wrong


def wipe(servers: Servers) -> None:
    both(servers, ("lease4-wipe", {}))


def test_leases_are_added_shown_changed_and_deleted_alike(servers: Servers) -> None:
    wipe(servers)
    wrong = judged(servers, [*ADDING, *ASKING, *CHANGING])
    assert not wrong, "\n".join(wrong)


def test_leases_come_in_the_same_order_where_kea_has_one(servers: Servers) -> None:
    wipe(servers)
    for last in (30, 9, 200, 31):
        both(servers, add(ip_address=f"192.0.2.{last}"))
    both(servers, add(ip_address="198.51.100.3"))
    for step in (
        ("lease4-get-all", NONE),
        ("lease4-get-all", {"subnets": [7, 1]}),
        ("lease4-get-page", {"from": "192.0.2.9", "limit": 3}),
    ):
        kea, ours = ([lease["ip-address"] for lease in answer["arguments"]["leases"]] for answer in both(servers, step))
        assert sorted(ours) == sorted(kea)
        if "subnets" not in repr(step):  # within a subnet Kea's order is its own
            assert ours == kea


def test_both_write_the_same_rows(servers: Servers) -> None:
    wipe(servers)
    for step in ADDING:
        both(servers, step)
    theirs, mine = servers
    name = f"{theirs.name}.dump.csv"
    rows = []
    for server, path in ((theirs, theirs.lease_file.with_name(name)), (mine, mine.data / name)):
        assert server.command("lease4-write", {"filename": name})["result"] == 0
        assert server.command("lease4-write", {"filename": name})["result"] == 0
        assert len(list(path.parent.glob(f"{name}.bak*"))) == 1
        rows.append({a: {k: v for k, v in row.items() if k != "expire"} for a, row in lease_file.leases(path).items()})
    assert rows[1] == rows[0]
    assert len(rows[0]) > 20


def test_statistics_follow_alike(servers: Servers) -> None:
    """Leases whose pool-id is that of their pool, in states that Kea counts. Kea 3.0 counts a lease that is added as
    released among the assigned, goes by the address instead of the lease's pool-id until it is restarted, counts no
    update to or from reclaimed, moves no numbers of a pool with an update, and leaves those standing when leases are
    wiped."""
    wipe(servers)
    then = assigned(servers)
    added = [
        add(ip_address="192.0.2.50"), add(ip_address="192.0.2.51", state=1), add(ip_address="192.0.2.52", state=2),
        add(ip_address="192.0.2.110", pool_id=3), add(ip_address="192.0.2.53", valid_lft=1, expire=10),
        ("lease4-del", {"ip-address": "192.0.2.51"}), ("lease4-del", {"ip-address": "192.0.2.110"}),
        add(ip_address="192.0.2.51", state=1),
    ]  # fmt: skip
    updated = [
        update(ip_address="192.0.2.50", state=1), update(ip_address="192.0.2.51"), update(ip_address="192.0.2.53"),
        update(ip_address="192.0.2.50"), update(ip_address="192.0.2.50", hostname="a."),
        update(ip_address="192.0.2.54", force_create=True),
    ]  # fmt: skip
    for step in (*added, *updated):
        kea, ours = both(servers, step)
        assert kea["result"] == ours["result"] == 0, (step, kea, ours)
        moved = [
            {name: now.get(name, 0) - before.get(name, 0) for name in now}
            for now, before in zip(assigned(servers), then, strict=True)
        ]
        names = [name for name in moved[0] if step in added or ".pool[" not in name]
        assert [moved[1].get(name, 0) for name in names] == [moved[0][name] for name in names], (step, names)


def assigned(servers: Servers) -> list[dict[str, int]]:
    answers = both(servers, ("statistic-get-all", NONE))
    return [
        {
            name: samples[0][0]
            for name, samples in answer["arguments"].items()
            if name.startswith(("subnet[1]", "cumulative", "declined", "reclaimed"))
        }
        for answer in answers
    ]


def test_the_same_commands_are_listed(servers: Servers) -> None:
    kea, ours = (set(answer["arguments"]) for answer in both(servers, ("list-commands", NONE)))
    of_leases = ("lease4-", "lease6-", "stat-lease")
    assert {name for name in ours if name.startswith(of_leases)} == {
        name for name in kea if name.startswith(of_leases) and not name.startswith(OF_DHCPV6)
    }


def test_a_registered_lease_is_refused(servers: Servers) -> None:
    """Kea 3.0 writes an IPv4 lease in the state of registered IPv6 addresses and then never ends it; its later versions
    refuse it as we do."""
    kea, ours = both(servers, add(ip_address="192.0.2.77", state=4))
    assert (kea["result"], ours["result"]) == (0, 1)


def test_an_empty_hardware_address_finds_nothing(servers: Servers) -> None:
    """In Kea 3.0 it finds leases that have none; its later versions refuse it in one of the commands."""
    both(servers, add(ip_address="192.0.2.78", hw_address="", client_id="01:02"))
    kea, ours = both(servers, ("lease4-get-by-hw-address", {"hw-address": ""}))
    assert (kea["result"], ours["result"], ours["arguments"]) == (0, 3, {"leases": []})
