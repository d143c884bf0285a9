"""Which messages are looked at.

Runs in: any
"""

from __future__ import annotations

import pytest

from kea_mp.dhcp.message6 import (
    ADDR_REG_INFORM,
    ADVERTISE,
    CONFIRM,
    DECLINE,
    INFORMATION_REQUEST,
    REBIND,
    RELEASE,
    RENEW,
    REPLY,
    REQUEST,
    SOLICIT,
)
from tests.unit.serving.engine6.world import (
    DUID,
    OUR_ADDRESS,
    SERVER_DUID,
    Drop,
    answered,
    dropped,
    engine,
    na,
    packet,
    relay,
)

MISSING = "DHCP6_REQUIRED_OPTIONS_CHECK_FAIL"


@pytest.mark.parametrize("kind", [REQUEST, RENEW, RELEASE, DECLINE])
def test_these_messages_must_name_us(kind: int) -> None:
    assert dropped(engine(), packet(kind, na(), to_us=False)) == Drop("pkt6-receive-drop", MISSING)
    answered(engine(), packet(kind, na(), to_us=True))


@pytest.mark.parametrize("kind", [SOLICIT, REBIND, CONFIRM, ADDR_REG_INFORM])
def test_these_messages_must_name_no_server(kind: int) -> None:
    assert dropped(engine(), packet(kind, na(1, "::10"), to_us=True)).identifier == MISSING


@pytest.mark.parametrize("kind", [SOLICIT, REQUEST, CONFIRM, RENEW, REBIND, RELEASE, DECLINE])
def test_these_messages_must_name_their_client(kind: int) -> None:
    assert dropped(engine(), packet(kind, na(1, "::10"), duid=b"")).identifier == MISSING


def test_an_information_request_needs_no_identifier() -> None:
    assert answered(engine(), packet(INFORMATION_REQUEST, duid=b"")).codes == [2]
    assert answered(engine(), packet(INFORMATION_REQUEST, to_us=True)).codes == [1, 2]


@pytest.mark.parametrize("duid", [b"\0\1", bytes(3), b"\0\1" + bytes(129)])
def test_an_identifier_that_is_no_duid_is_refused(duid: bytes) -> None:
    assert dropped(engine(), packet(SOLICIT, na(), duid=duid)).identifier == MISSING


def test_two_client_identifiers_are_one_too_many() -> None:
    assert dropped(engine(), packet(SOLICIT, na(), opts={1: DUID})).identifier == MISSING


def test_a_message_for_another_server_is_not_ours() -> None:
    assert dropped(engine(), packet(REQUEST, na(), to_us=False, opts={2: b"\0\3\0\1\1\2"})) == Drop(
        "pkt6-receive-drop", "DHCP6_PACKET_DROP_SERVERID_MISMATCH"
    )


@pytest.mark.parametrize("kind", [SOLICIT, CONFIRM, REBIND, INFORMATION_REQUEST])
def test_these_messages_must_be_sent_to_everybody(kind: int) -> None:
    refused = Drop("pkt6-receive-drop", "DHCP6_PACKET_DROP_UNICAST")
    assert dropped(engine(), packet(kind, na(1, "::10"), destination=OUR_ADDRESS)) == refused


@pytest.mark.parametrize("kind", [REQUEST, RENEW, RELEASE, DECLINE])
def test_these_messages_may_be_sent_to_our_address(kind: int) -> None:
    assert answered(engine(), packet(kind, na(1, "::10"), destination=OUR_ADDRESS)).type == REPLY


def test_a_relay_may_send_to_our_address() -> None:
    answered(engine(), packet(SOLICIT, na(), destination=OUR_ADDRESS, relays=(relay(),)))


@pytest.mark.parametrize("kind", [ADVERTISE, REPLY, 10, 14, 99])
def test_other_messages_are_not_for_a_server(kind: int) -> None:
    assert dropped(engine(), packet(kind)) == Drop("pkt6-receive-drop", "DHCP6_UNKNOWN_MSG_RECEIVED")


def test_a_dhcpv4_query_is_for_another_server_and_no_drop() -> None:
    assert dropped(engine(), packet(20)) == Drop("", "DHCP6_UNKNOWN_MSG_RECEIVED")


def test_our_own_identifier_is_the_one_of_the_configuration() -> None:
    assert answered(engine(), packet(SOLICIT, na()))[2] == SERVER_DUID
