"""The shard hash: Python and BPF agree, and each program lets through what it should (in a small simulator)."""

from __future__ import annotations

import random
import struct

import pytest

from kea_mp.supervisor.shard import DROP_ALL, group_selector, packed, raw_filter, shard, udp_filter
from tests.unit.supervisor.bpf import ran

SERVER, BROADCAST = 0xC0000201, 0xFFFFFFFF


def dhcp(chaddr: bytes) -> bytes:
    return (
        bytes([1, 1, len(chaddr), 0])
        + bytes(24)
        + chaddr.ljust(16, b"\0")
        + bytes(192)
        + b"\x63\x82\x53\x63\x35\x01\x01\xff"
    )


def udp(payload: bytes, port: int = 67) -> bytes:
    return struct.pack("!HHHH", 68, port, 8 + len(payload), 0) + payload


def ip(
    payload: bytes, destination: int = BROADCAST, options: bytes = b"", fragment: int = 0, protocol: int = 17
) -> bytes:
    words = 5 + len(options) // 4
    head = struct.pack(
        "!BBHHHBBHII", 0x40 | words, 0, words * 4 + len(payload), 0, fragment, 64, protocol, 0, 0, destination
    )
    return head + options + payload


def frame(payload: bytes, kind: int = 0x0800) -> bytes:
    return bytes(12) + struct.pack("!H", kind) + payload


def addresses(count: int) -> list[bytes]:
    chosen = random.Random(4)
    return [chosen.randbytes(6) for _ in range(count)]


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 7, 16])
def test_all_programs_agree_with_python(workers: int) -> None:
    for chaddr in addresses(200):
        owner = shard(chaddr, workers)
        message = dhcp(chaddr)
        assert ran(group_selector(workers), message) == owner
        for worker in range(workers):
            passes = worker == owner
            assert bool(ran(raw_filter(67, (SERVER,), worker, workers), frame(ip(udp(message))))) == passes
            assert bool(ran(udp_filter(worker, workers), udp(message))) == passes


@pytest.mark.parametrize("chaddr", [b"", b"\1", bytes(16), b"\xff" * 16, b"\2" * 8])
def test_hardware_addresses_of_any_length_have_one_owner(chaddr: bytes) -> None:
    owners = [w for w in range(5) if ran(raw_filter(67, (), w, 5), frame(ip(udp(dhcp(chaddr)))))]
    assert owners == [shard(chaddr, 5)]


@pytest.mark.parametrize("workers", [2, 3, 4, 8])
def test_addresses_that_count_upwards_are_spread_evenly(workers: int) -> None:
    counts = [0] * workers
    for number in range(4000):
        counts[shard(b"\x00\x0c" + (0x01020304 + number).to_bytes(4, "big"), workers)] += 1
    assert min(counts) > 0.9 * 4000 / workers


def test_options_in_the_ip_header_move_everything() -> None:
    chaddr = b"\x02\0\0\0\0\x07"
    data = frame(ip(udp(dhcp(chaddr)), options=bytes(8)))
    assert [bool(ran(raw_filter(67, (), w, 3), data)) for w in range(3)] == [w == shard(chaddr, 3) for w in range(3)]


GOOD = udp(dhcp(b"\2\0\0\0\0\1"))


@pytest.mark.parametrize(
    ("data", "vlan"),
    [
        (frame(ip(GOOD), 0x86DD), False),
        (frame(ip(GOOD, protocol=6)), False),
        (frame(ip(GOOD, fragment=0x0001)), False),
        (frame(ip(GOOD, destination=SERVER + 1)), False),
        (frame(ip(udp(dhcp(b"\2\0\0\0\0\1"), port=68))), False),
        (frame(ip(GOOD)), True),
        (frame(ip(GOOD[:40])), False),
        (frame(b""), False),
        (b"", False),
    ],
    ids=["not IPv4", "not UDP", "later fragment", "other address", "other port", "VLAN", "short", "no IP", "empty"],
)
def test_the_raw_filter_drops_what_is_not_for_us(data: bytes, vlan: bool) -> None:
    assert ran(raw_filter(67, (SERVER,), 0, 1), data, vlan=vlan) == 0


@pytest.mark.parametrize("destination", [BROADCAST, SERVER, SERVER + 7])
def test_the_raw_filter_passes_broadcasts_and_each_of_our_addresses(destination: int) -> None:
    data = frame(ip(GOOD, destination=destination, fragment=0x4000))
    assert ran(raw_filter(67, (SERVER, SERVER + 7), 0, 1), data) == 0xFFFFFFFF


def test_another_server_port_is_honoured() -> None:
    data = frame(ip(udp(dhcp(b"\2\0\0\0\0\1"), port=10067)))
    assert ran(raw_filter(10067, (), 0, 1), data)
    assert not ran(raw_filter(67, (), 0, 1), data)


def test_a_udp_socket_for_broadcasts_drops_unicasts() -> None:
    program = udp_filter(0, 1, (BROADCAST,))
    assert ran(program, GOOD, network=ip(GOOD))
    assert not ran(program, GOOD, network=ip(GOOD, destination=SERVER))


def test_the_guard_drops_everything() -> None:
    assert ran(DROP_ALL, GOOD) == 0


def test_an_instruction_is_packed_as_the_kernel_reads_it() -> None:
    assert packed(DROP_ALL) == struct.pack("=HBBI", 6, 0, 0, 0)
