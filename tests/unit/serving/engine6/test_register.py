"""ADDR-REG-INFORM.

Runs in: any
"""

from __future__ import annotations

import pytest

from kea_mp.dhcp.message6 import ADDR_REG_INFORM, ADDR_REG_REPLY, pack_iaaddr
from kea_mp.dhcp.names import Fqdn6
from kea_mp.leases.model import REGISTERED
from tests.unit.serving.engine6.world import (
    NOW,
    OTHER_DUID,
    Answer,
    Drop,
    Packet6,
    Store,
    a,
    answered,
    dropped,
    engine,
    host,
    lease,
    na,
    packet,
    relay,
    subnet,
)

OWN = "2001:db8::5"


def registration(address: str = OWN, *ias: bytes, source: str = OWN, fqdn: bytes = b"", **more: object) -> Packet6:
    named = pack_iaaddr(a(address), 300, 400)[4:]
    options = {5: named} | ({39: fqdn} if fqdn else {})
    return packet(ADDR_REG_INFORM, *ias, source=a(source), opts=options, **more)


def test_a_client_registers_the_address_that_it_uses() -> None:
    store = Store()
    answer = answered(engine(), registration(), store)
    assert answer.type == ADDR_REG_REPLY
    assert answer.codes == [1, 2, 5]
    assert store.rows[a(OWN)] == lease(OWN, iaid=0, pref_lft=300, valid_lft=400, cltt=NOW, state=REGISTERED)


@pytest.mark.parametrize("owner", [OTHER_DUID, None])
def test_a_registration_may_be_renewed_by_anybody(owner: bytes | None) -> None:
    row = lease(OWN, iaid=0, state=REGISTERED, **({"duid": owner} if owner else {}))
    store = Store.of(row)
    answered(engine(), registration(), store)
    assert store.rows[a(OWN)].cltt == NOW


def test_through_relays_the_peer_address_is_the_clients() -> None:
    answer = answered(engine(), registration(source="2001:db8:9::9", relays=(relay(peer=a(OWN)),)))
    assert isinstance(answer, Answer)


@pytest.mark.parametrize(
    "wrong",
    [
        registration("2001:db8::6"),
        registration(OWN, na()),
        packet(ADDR_REG_INFORM, source=a(OWN)),
        registration("2001:db8:9::9", source="2001:db8:9::9"),
    ],
)
def test_what_is_no_registration_is_dropped(wrong: Packet6) -> None:
    refused = Drop("pkt6-receive-drop", "DHCP6_ADDR_REG_INFORM_FAIL")
    assert dropped(engine(), wrong) == refused


def test_a_leased_or_reserved_address_cannot_be_registered() -> None:
    assert dropped(engine(), registration(), Store.of(lease(OWN))).identifier == "DHCP6_ADDR_REG_INFORM_FAIL"
    reserving = engine(subnet(hosts=(host(OWN),)))
    assert dropped(reserving, registration()).identifier == "DHCP6_ADDR_REG_INFORM_FAIL"


def test_registration_can_be_disabled() -> None:
    server = engine(allow_address_registration=False)
    assert dropped(server, registration()) == Drop("pkt6-receive-drop", "DHCP6_ADDR6_REGISTER_DISABLED_DROP")


def test_a_registration_from_no_subnet_is_ignored() -> None:
    assert dropped(engine(subnet(interface="eth9", prefix="2001:db8:7::")), registration()).statistic == ""


def test_a_registered_address_keeps_the_name_of_its_client_and_none_is_made() -> None:
    store = Store()
    assert answered(engine(), registration(fqdn=Fqdn6(1, "Host.x", True).pack()), store)[39] == b"\6\4host\1x\0"
    assert store.rows[a(OWN)].hostname == "host.x."
    assert answered(engine(), registration(fqdn=b"\1"))[39] == b"\6"
