"""The shard hash of DHCPv6: Python and BPF agree, clients are spread, and every message has one owner."""

from __future__ import annotations

import random

import pytest

from kea_mp.dhcp.message6 import pack_option6
from kea_mp.supervisor.shard6 import group_selector6, shard6, udp_filter6
from kea_mp.values import address6
from tests.unit.supervisor.bpf import ran

LINK_LOCAL, RELAY, LINK = address6("fe80::7"), address6("2001:db8:9::1"), address6("2001:db8::1")
CHOSEN = random.Random(6)


def ip6(source: bytes) -> bytes:
    """An IPv6 header as far as the programs look at it."""
    return bytes(8) + source + bytes(16)


def solicit(duid: bytes, before: bytes = b"") -> bytes:
    return b"\1abc" + before + pack_option6(1, duid) + pack_option6(8, b"\0\0")


def relayed(message: bytes, peer: bytes, hops: int = 0) -> bytes:
    return bytes((12, hops)) + LINK + peer + pack_option6(18, b"eth0") + pack_option6(9, message)


def eui64(number: int) -> tuple[bytes, bytes]:
    """A hardware address and the link-local address that is made of it."""
    mac = b"\x02\x0c" + (0x01020304 + number).to_bytes(4, "big")
    return mac, address6("fe80::")[:8] + bytes((mac[0] ^ 2,)) + mac[1:3] + b"\xff\xfe" + mac[3:]


MESSAGES = {
    "solicit": solicit(bytes(10)),
    "relayed": relayed(solicit(bytes(10)), LINK_LOCAL),
    "twice relayed": relayed(relayed(solicit(bytes(10)), LINK_LOCAL), RELAY, 1),
    "without options": b"\x0babc",
    "nothing": b"",
    "one byte": b"\1",
    "one option's code": b"\1abc\0\1",
    "an empty identifier": b"\1abc\0\1\0\0",
    "a short identifier": solicit(b"abc"),
    "the shortest identifier that counts": solicit(b"abcd"),
    "an identifier cut off": b"\1abc\0\1\0\x0aabcdefghi",
    "an identifier of all that is there": b"\1abc\0\1\0\x0aabcdefghij",
    "an identifier longer than any datagram": b"\1abc\0\1\xff\xffabcdefghij",
    "another option first": solicit(bytes(10), pack_option6(8, b"\0\0")),
    "a relay header cut off": relayed(b"", LINK_LOCAL)[:33],
    "a bare relay header": relayed(b"", LINK_LOCAL)[:34],
    "a relay's answer": b"\x0d" + relayed(solicit(bytes(10)), LINK_LOCAL)[1:],
}


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES.keys())
def test_every_message_has_one_owner_on_which_all_agree(message: bytes, workers: int) -> None:
    for source in (LINK_LOCAL, RELAY, *(CHOSEN.randbytes(16) for _ in range(20))):
        owner = shard6(source, message, workers)
        assert ran(group_selector6(workers), message, network=ip6(source)) == owner
        passed = [w for w in range(workers) if ran(udp_filter6(w, workers), bytes(8) + message, network=ip6(source))]
        assert passed == [owner]


def test_the_packet_is_passed_whole() -> None:
    assert ran(udp_filter6(0, 1), bytes(8) + MESSAGES["solicit"], network=ip6(LINK_LOCAL)) == 0xFFFFFFFF


@pytest.mark.parametrize("workers", [2, 3, 4, 8])
@pytest.mark.parametrize("kind", ["DUID-LL", "DUID-LLT", "information request", "relayed", "one address", "random"])
def test_clients_are_spread_evenly(kind: str, workers: int) -> None:
    counts = [0] * workers
    for number in range(4000):
        mac, address = eui64(number)
        source, message = {
            "DUID-LL": (address, solicit(b"\0\3\0\1" + mac)),
            "DUID-LLT": (address, solicit(b"\0\1\0\1\x2a\0\0\1" + mac)),
            "information request": (address, b"\x0babc" + pack_option6(6, b"\0\x17")),
            "relayed": (RELAY, relayed(solicit(b"\0\3\0\1" + mac), address)),
            "one address": (LINK_LOCAL, solicit(b"\0\3\0\1" + mac)),
            "random": (address[:8] + CHOSEN.randbytes(8), solicit(CHOSEN.randbytes(18))),
        }[kind]
        counts[shard6(source, message, workers)] += 1
    assert min(counts) > 0.85 * 4000 / workers


def test_a_client_is_with_one_worker_whatever_it_says() -> None:
    duid = b"\0\3\0\1" + bytes(6)
    owners = {
        shard6(LINK_LOCAL, bytes((kind,)) + b"xyz" + pack_option6(1, duid) + b"more", 7) for kind in (1, 3, 5, 6, 8)
    }
    assert len(owners) == 1


def test_a_relayed_client_is_with_one_worker_whichever_relay_it_is_heard_from() -> None:
    message = relayed(solicit(bytes(10)), LINK_LOCAL)
    assert len({shard6(CHOSEN.randbytes(16), message, 7) for _ in range(50)}) == 1


def test_several_relays_count_by_the_one_next_to_the_client_s() -> None:
    def owner(client: bytes, inner: bytes) -> int:
        return shard6(LINK, relayed(relayed(solicit(client), client.ljust(16)), inner, 1), 7)

    behind_one = {owner(CHOSEN.randbytes(10), RELAY) for _ in range(50)}
    behind_many = {owner(b"0123456789", CHOSEN.randbytes(16)) for _ in range(50)}
    assert len(behind_one) == 1
    assert len(behind_many) > 3
