"""Where a hardware address is learnt.

Runs in: any
"""

from __future__ import annotations

import pytest

from kea_mp.dhcp.message6 import Message6, Relay6
from kea_mp.values import address6
from tests.unit.serving.engine6.world import CLIENT, DUID, EVERYBODY, HW, MAC
from workers.serving.engine6.hardware import NOT_KNOWN, Learnt, learn, sources_of
from workers.serving.engine6.packet import Packet6

EUI64 = address6("fe80::216:3eff:fe00:1")
HW_OF_EUI64 = bytes.fromhex("0100163e000001")
CABLE_MODEM = b"\0\0\x11\x8b\0\x24\0\6" + MAC
OF_CMTS = b"\0\0\x11\x8b\4\2\0\6" + MAC
EN = bytes.fromhex("0002000009bf0102")


def found(
    *names: str, duid: bytes = EN, source: bytes = CLIENT, mac: bytes = b"", relays: tuple[Relay6, ...] = (),
    options: dict[int, list[bytes]] | None = None,
) -> Learnt:  # fmt: skip
    message = Message6(1, 1, {1: [duid], **(options or {})}, (), relays)
    return learn(Packet6(message, "eth0", 2, source, 546, EVERYBODY, mac), sources_of(names))


def through(**more: list[bytes]) -> tuple[Relay6, ...]:
    return (Relay6(0, bytes(16), EUI64, {int(code[1:]): data for code, data in more.items()}),)


NOWHERE = address6("2001:db8::7")


@pytest.mark.parametrize(
    ("name", "number", "more"),
    [
        ("raw", 1, {"mac": HW}),
        ("duid", 2, {"duid": DUID}),
        ("duid", 2, {"duid": bytes.fromhex("0001000112345678") + MAC}),
        ("ipv6-link-local", 4, {"source": EUI64}),
        ("ipv6-link-local", 4, {"source": NOWHERE, "relays": through()}),
        ("client-link-addr-option", 8, {"relays": through(o79=[b"\0\1" + MAC])}),
        ("remote-id", 16, {"relays": through(o37=[b"\0\0\0\7" + MAC])}),
        ("docsis-cmts", 64, {"relays": through(o17=[b"\0\0\0\7", OF_CMTS])}),
        ("docsis-modem", 128, {"options": {17: [CABLE_MODEM]}}),
    ],
)
def test_each_source_knows_it_in_its_way(name: str, number: int, more: dict[str, object]) -> None:
    hw = HW if number != 4 else HW_OF_EUI64
    assert found(name, **more) == (hw, number)  # type: ignore[arg-type]


def test_any_source_will_do() -> None:
    assert found("any", source=EUI64) == (HW_OF_EUI64, 4)
    assert found("any", source=EUI64, duid=DUID) == (HW, 2)
    assert found("any", source=NOWHERE, options={17: [CABLE_MODEM]}) == (HW, 128)


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("duid", {"duid": EN}),
        ("duid", {"duid": b"\0\3\1\1" + MAC}),
        ("ipv6-link-local", {"source": NOWHERE}),
        ("ipv6-link-local", {"source": address6("fe80::1")}),
        ("ipv6-link-local", {"source": address6("fe80::ff:fe00:1")}),
        ("client-link-addr-option", {"relays": through(o79=[b"\0\1"])}),
        ("remote-id", {"relays": through(o37=[b"\0\0\0\7"])}),
        ("subscriber-id", {"relays": through(o38=[MAC])}),
        ("docsis-modem", {"options": {17: [b"\0\0\0\7\0\x24\0\6" + MAC]}}),
    ],
)
def test_what_is_not_there_is_not_known(name: str, more: dict[str, object]) -> None:
    assert found(name, **more) == NOT_KNOWN  # type: ignore[arg-type]


def test_the_first_source_that_knows_it_counts() -> None:
    assert found("ipv6-link-local", "duid", duid=DUID, source=NOWHERE) == (HW, 2)
    other = b"\1\2\3\4\5\6\7"
    assert found("any", duid=DUID, mac=other) == (other, 1)


def test_of_several_relays_the_one_nearest_to_the_client_is_asked() -> None:
    near, far = through(o79=[b"\0\1" + MAC])[0], through(o79=[b"\0\1abcdef"])[0]
    assert found("client-link-addr-option", relays=(far, near)) == (HW, 8)
    assert found("client-link-addr-option", relays=(near, through()[0])) == NOT_KNOWN
