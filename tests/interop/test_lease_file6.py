"""The lease file of DHCPv6 in both directions: kea-dhcp6 starts on ours, we open what it has written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kea_mp.config.model import ExpiredLeases, Interfaces, MemfileAccess
from kea_mp.config.model6 import Config6, ServerId
from kea_mp.family import DHCP6
from kea_mp.leases.csv6 import NO_DUID
from kea_mp.leases.json6 import shown6
from kea_mp.leases.memfile6 import MemfileStore6
from kea_mp.leases.model import DECLINED, NA, PD, RECLAIMED, REGISTERED, RELEASED, Lease6
from kea_mp.leases.open_memfile import open_memfile6
from kea_mp.leases.store import ClaimLease, Stored, Wanted6
from kea_mp.values import INFINITY, address6
from tests.contracts.kinds import Kind6
from tests.interop import lease_steps6
from tests.interop.lease_steps import NONE
from tests.lab import peer
from tests.lab.net import Lab
from tests.lab.peer import Peer

pytestmark = [
    pytest.mark.peer,
    pytest.mark.root,
    pytest.mark.skipif(not peer.available(), reason=f"no real Kea 3.0 in {peer.ROOT} (scripts/peer makes it)"),
]

NOW = 1_900_000_000
DUID = b"\0\3\0\1\2\0\0\0\0\1"


def lease(address: str, **changes: Any) -> Lease6:
    fields = {"duid": DUID, "iaid": 1, "lease_type": NA, "prefix_len": 128, "pref_lft": 400, "valid_lft": 700}
    return Lease6(**{"address": address6(address), **fields, "cltt": NOW, "subnet_id": 1, **changes})


LEASES = [
    lease("2001:db8:1::20"),
    lease("2001:db8:1::21", hw=b"\1\2\0\0\0\0\1", hw_source=2, pool_id=3),
    lease("2001:db8:1::22", hw=b"\6\2\0\0\0\0\1\7\7", hw_source=0xFFFFFFFF, iaid=0xFFFFFFFF),
    lease("2001:db8:1::23", hostname="a,b&c.example.", fqdn_fwd=True, fqdn_rev=True),
    lease("2001:db8:1::24", user_context='{ "a": [ 1, "x,y" ], "b": { "c": null } }'),
    lease("2001:db8:1::25", valid_lft=INFINITY, pref_lft=INFINITY),
    lease("2001:db8:1::26", duid=NO_DUID, pref_lft=0, valid_lft=86400, state=DECLINED),
    lease("2001:db8:1::27", state=RECLAIMED, cltt=NOW - 700),
    lease("2001:db8:1::28", state=RELEASED, pref_lft=0),
    lease("2001:db8:1::29", state=REGISTERED),
    lease("2001:db8:1::2a", duid=bytes(range(1, 131))),
    lease("2001:db8:f000:100::", lease_type=PD, prefix_len=56, pool_id=4),
]


def store_on(path: Path) -> MemfileStore6:
    access = MemfileAccess(str(path), sync="none", lease_checks="none")
    config = Config6({}, "", Interfaces(), access, ExpiredLeases(), (), Kind6.parameters, ServerId(""))
    return open_memfile6(config, NOW)[0]


def test_leases_written_by_one_are_read_by_the_other(tmp_path: Path) -> None:
    ours = store_on(tmp_path / "ours.csv")
    gone = lease("2001:db8:1::99")
    assert ours.execute([ClaimLease(one) for one in (*LEASES, gone)])[0] == Stored(LEASES[0])
    ours.execute([ClaimLease(lease("2001:db8:1::20", cltt=NOW + 5), LEASES[0])])
    ours.close()
    expected = [lease("2001:db8:1::20", cltt=NOW + 5), *LEASES[1:], gone]
    expected.sort(key=lambda one: one.address)
    with (
        Lab() as lab,
        Peer(lease_steps6.CONFIG, lab.hosts("kealf6")[0], family=DHCP6, leases=tmp_path / "ours.csv") as kea,
    ):
        told = kea.command("lease6-get-all")["arguments"]["leases"]
        assert sorted(told, key=lambda one: address6(one["ip-address"])) == [shown6(one) for one in expected]
        for step in lease_steps6.ADDING:
            kea.command(step[0], *(() if step[1] is NONE else (step[1],)))
        assert kea.command("lease6-del", {"ip-address": "2001:db8:1::99"})["result"] == 0
        told = kea.command("lease6-get-all")["arguments"]["leases"]
        assert len(told) > 30
        (tmp_path / "theirs.csv").write_bytes(kea.lease_file.read_bytes())
    theirs = store_on(tmp_path / "theirs.csv")
    found = theirs.reports().page(Wanted6(), b"", 1000).leases
    told = [one for one in told if one["valid-lft"]]  # a lifetime of 0 in the file is a removal
    for one in told:
        if one.get("hw-address") == "":
            del one["hw-address"]
    assert [shown6(one) for one in found] == sorted(told, key=lambda one: address6(one["ip-address"]))
    theirs.close()
