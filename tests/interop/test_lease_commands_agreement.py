"""The commands of lease_cmds and stat_cmds, asked of Kea and of us in one order: same results, leases and members.

Texts are our own where something is wrong; where all is well they are Kea's. What differs on purpose has a test or a
list of its own, with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from kea_mp.family import DHCP4, DHCP6, Family
from tests.interop import lease_steps, lease_steps6
from tests.interop.lease_steps import NONE, Step, add, comparable, update
from tests.lab import lease_file, peer
from tests.lab.daemon import KeaMp
from tests.lab.net import Lab
from tests.lab.peer import Peer

pytestmark = [
    pytest.mark.peer,
    pytest.mark.root,
    pytest.mark.skipif(not peer.available(), reason=f"no real Kea 3.0 in {peer.ROOT} (scripts/peer makes it)"),
]

#: Kea's text carries the path of its own machine
OWN_TEXT = {"lease4-write", "lease6-write"}


@dataclass(frozen=True)
class Servers:
    """Kea and ours, of one family. steps: its lease_steps."""

    theirs: Peer
    mine: KeaMp
    family: Family
    steps: Any

    def named(self, what: str) -> str:
        """A command on leases of this family."""
        return f"lease{self.family.number}-{what}"

    def __iter__(self) -> Iterator[Peer | KeaMp]:
        return iter((self.theirs, self.mine))


@pytest.fixture(scope="module", params=[DHCP4, DHCP6], ids=lambda family: family.name)
def servers(request: pytest.FixtureRequest) -> Iterator[Servers]:
    """Two servers with one configuration, each in a namespace of its own."""
    family: Family = request.param
    steps = lease_steps6 if family is DHCP6 else lease_steps
    with Lab() as lab:
        kea, ours = lab.hosts("kealse", "ownlse")
        with Peer(steps.CONFIG, kea, family=family) as theirs, KeaMp(steps.CONFIG, ours, family=family) as mine:
            yield Servers(theirs, mine, family, steps)


@pytest.fixture
def of_dhcp4(servers: Servers) -> Servers:
    if servers.family is not DHCP4:
        pytest.skip("is about DHCPv4")
    return servers


@pytest.fixture
def of_dhcp6(servers: Servers) -> Servers:
    if servers.family is not DHCP6:
        pytest.skip("is about DHCPv6")
    return servers


def both(servers: Servers, step: Step) -> tuple[dict[str, Any], dict[str, Any]]:
    name, arguments = step
    given = () if arguments is NONE else (arguments,)
    theirs, mine = servers.theirs, servers.mine
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
    both(servers, (servers.named("wipe"), {}))


def test_leases_are_added_shown_changed_and_deleted_alike(servers: Servers) -> None:
    wipe(servers)
    steps = servers.steps
    wrong = judged(servers, [*steps.ADDING, *steps.ASKING, *steps.CHANGING])
    assert not wrong, "\n".join(wrong)


def test_leases_come_in_the_same_order_where_kea_has_one(servers: Servers) -> None:
    wipe(servers)
    add, six = servers.steps.add, servers.family is DHCP6
    for last in ("30", "9", "200", "31"):
        both(servers, add(ip_address=f"2001:db8:1::{last}" if six else f"192.0.2.{last}"))
    both(servers, add(ip_address="2001:db8:7::3" if six else "198.51.100.3"))
    for step in (
        (servers.named("get-all"), NONE),
        (servers.named("get-all"), {"subnets": [7, 1]}),
        (servers.named("get-page"), {"from": "2001:db8:1::9" if six else "192.0.2.9", "limit": 3}),
    ):
        kea, ours = ([lease["ip-address"] for lease in answer["arguments"]["leases"]] for answer in both(servers, step))
        assert sorted(ours) == sorted(kea)
        if "subnets" not in repr(step):  # within a subnet Kea's order is its own
            assert ours == kea


def test_both_write_the_same_rows(servers: Servers) -> None:
    wipe(servers)
    for step in servers.steps.ADDING:
        both(servers, step)
    theirs, mine = servers.theirs, servers.mine
    name = f"{theirs.name}.dump.csv"
    rows = []
    for server, path in ((theirs, theirs.lease_file.with_name(name)), (mine, mine.data / name)):
        assert server.command(servers.named("write"), {"filename": name})["result"] == 0
        assert server.command(servers.named("write"), {"filename": name})["result"] == 0
        assert len(list(path.parent.glob(f"{name}.bak*"))) == 1
        rows.append({a: {k: v for k, v in row.items() if k != "expire"} for a, row in lease_file.leases(path).items()})
    assert rows[1] == rows[0]
    assert len(rows[0]) > 20


def test_statistics_follow_alike(of_dhcp4: Servers) -> None:
    """Leases whose pool-id is that of their pool, in states that Kea counts. Kea 3.0 counts a lease that is added as
    released among the assigned, goes by the address instead of the lease's pool-id until it is restarted, counts no
    update to or from reclaimed, moves no numbers of a pool with an update, and leaves those standing when leases are
    wiped."""
    wipe(of_dhcp4)
    then = assigned(of_dhcp4)
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
        kea, ours = both(of_dhcp4, step)
        assert kea["result"] == ours["result"] == 0, (step, kea, ours)
        moved = [
            {name: now.get(name, 0) - before.get(name, 0) for name in now}
            for now, before in zip(assigned(of_dhcp4), then, strict=True)
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
    """Kea lists those of the other family too, which its daemons refuse."""
    kea, ours = (set(answer["arguments"]) for answer in both(servers, ("list-commands", NONE)))
    own = (servers.named(""), f"stat-{servers.named('')}")
    leases = {name for name in ours if name.startswith(("lease4-", "lease6-", "stat-lease"))}
    assert leases == {name for name in kea if name.startswith(own)}


def test_a_registered_lease_is_refused(of_dhcp4: Servers) -> None:
    """Kea 3.0 writes an IPv4 lease in the state of registered IPv6 addresses and then never ends it; its later versions
    refuse it as we do."""
    kea, ours = both(of_dhcp4, add(ip_address="192.0.2.77", state=4))
    assert (kea["result"], ours["result"]) == (0, 1)


def test_an_empty_hardware_address_finds_nothing(of_dhcp4: Servers) -> None:
    """In Kea 3.0 it finds leases that have none; its later versions refuse it in one of the commands."""
    both(of_dhcp4, add(ip_address="192.0.2.78", hw_address="", client_id="01:02"))
    kea, ours = both(of_dhcp4, ("lease4-get-by-hw-address", {"hw-address": ""}))
    assert (kea["result"], ours["result"], ours["arguments"]) == (0, 3, {"leases": []})


def test_statistics_of_dhcpv6_follow_alike(of_dhcp6: Servers) -> None:
    """As far as Kea does what its names say: see `test_statistics_follow_alike`."""
    wipe(of_dhcp6)
    then = assigned(of_dhcp6)
    add, update, prefix = lease_steps6.add, lease_steps6.update, lease_steps6.prefix
    place = "2001:db8:1::{}".format
    added = [
        add(ip_address=place(50)), add(ip_address=place(51), state=1), add(ip_address=place(52), state=2),
        add(ip_address=place("1:7"), pool_id=3), add(ip_address=place(53), valid_lft=1, expire=10),
        add(ip_address=place(55), state=4), prefix(pool_id=4), prefix(ip_address="2001:db8:f000:100::", pool_id=4),
        ("lease6-del", {"ip-address": place(51)}), ("lease6-del", {"ip-address": place("1:7")}),
        ("lease6-del", {"ip-address": "2001:db8:f000:100::", "type": "IA_PD"}),
        add(ip_address=place(51), state=1),
    ]  # fmt: skip
    updated = [
        update(ip_address=place(50), state=1), update(ip_address=place(51)), update(ip_address=place(53)),
        update(ip_address=place(50)), update(ip_address=place(50), hostname="a."),
        update(ip_address=place(54), force_create=True), ("lease6-update", prefix(pool_id=4, valid_lft=5)[1]),
    ]  # fmt: skip
    for step in (*added, *updated):
        kea, ours = both(of_dhcp6, step)
        assert kea["result"] == ours["result"] == 0, (step, kea, ours)
        moved = [
            {name: now.get(name, 0) - before.get(name, 0) for name in now}
            for now, before in zip(assigned(of_dhcp6), then, strict=True)
        ]
        names = [name for name in moved[0] if step in added or "pool[" not in name]
        assert [moved[1].get(name, 0) for name in names] == [moved[0][name] for name in names], (step, names)


def test_an_empty_hardware_address_is_none(of_dhcp6: Servers) -> None:
    """Kea shows it as an empty one until it is restarted."""
    kea, ours = both(of_dhcp6, lease_steps6.add(ip_address="2001:db8:1::78", hw_address=""))
    assert kea == ours
    kea, ours = both(of_dhcp6, ("lease6-get", {"ip-address": "2001:db8:1::78"}))
    assert kea["arguments"].pop("hw-address") == ""
    assert comparable(kea) == comparable(ours)
