"""Which packet worker a DHCPv4 client belongs to: one hash of chaddr, in Python and as classic BPF.

The hash is over the first six bytes of chaddr: `((bytes 0..3 as u32) ^ (bytes 4..5 as u16)) * K mod 2**32 >> 16`,
modulo the number of workers. A client whose hardware has no address in chaddr (hlen 0) always goes to the same worker.

Three programs are made of it: the socket filter of an AF_PACKET socket (which also tells DHCP from other traffic), the
socket filter of a UDP socket (its data begins with the UDP header), and the group selector of SO_REUSEPORT (its data
begins behind it).

Runs in: supervisor
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

MULTIPLIER = 0x9E3779B1  # 2**32 divided by the golden ratio, odd: spreads MAC addresses that count upwards
CHADDR = 28  #: offset in the BOOTP message
_ETHERNET, UDP = 14, 8

# classic BPF, linux/filter.h and linux/bpf_common.h
LD_W_ABS, LD_H_ABS, LD_B_ABS = 0x20, 0x28, 0x30
LD_W_IND, LD_H_IND = 0x40, 0x48
LD_MEM, ST = 0x60, 0x02
LD_LEN, LDX_MEM = 0x80, 0x61
LDX_MSH, TAX = 0xB1, 0x07
XOR_X, MUL_K, RSH_K, MOD_K, ADD_K, ADD_X = 0xAC, 0x24, 0x74, 0x94, 0x04, 0x0C
JA, JEQ_K, JSET_K, JGE_K, JGE_X = 0x05, 0x15, 0x45, 0x35, 0x3D
RET_K, RET_A = 0x06, 0x16
NETWORK_LAYER = 0x100000000 - 0x100000  # SKF_NET_OFF
_VLAN_TAG_PRESENT = 0x100000000 - 0x1000 + 48  # SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT

_ETHERTYPE_IP, _PROTO_UDP, _BROADCAST = 0x0800, 17, 0xFFFFFFFF
ALL, NONE = 0xFFFFFFFF, 0  #: what a filter returns: the whole packet, nothing of it


@dataclass(frozen=True, slots=True)
class Instruction:
    """One BPF instruction. jt, jf: how many instructions to skip when the comparison holds, or not."""

    code: int
    k: int = 0
    jt: int = 0
    jf: int = 0


Program = tuple[Instruction, ...]

DROP_ALL: Program = (Instruction(RET_K, NONE),)


def shard(chaddr: bytes, workers: int) -> int:
    """The worker, 0 .. workers - 1, of a client; chaddr is padded with zeros to 16 bytes as in the message."""
    padded = chaddr[:6].ljust(6, b"\0")
    mixed = int.from_bytes(padded[:4], "big") ^ int.from_bytes(padded[4:], "big")
    return ((mixed * MULTIPLIER & 0xFFFFFFFF) >> 16) % workers


def raw_filter(port: int, addresses: tuple[int, ...], worker: int, workers: int) -> Program:
    """Of the frames on an interface: UDP over IPv4 to `port`, broadcast or to one of `addresses`, no later fragment, no
    VLAN tag (the kernel gives those to the VLAN interface), of this worker's shard."""
    hashing = _hash((Instruction(LDX_MSH, _ETHERNET),), LD_W_IND, LD_H_IND, _ETHERNET + UDP + CHADDR)
    checks = (
        (Instruction(LD_B_ABS, _VLAN_TAG_PRESENT), (0,)),
        (Instruction(LD_H_ABS, 12), (_ETHERTYPE_IP,)),
        (Instruction(LD_B_ABS, _ETHERNET + 9), (_PROTO_UDP,)),
        (Instruction(LD_W_ABS, _ETHERNET + 16), (_BROADCAST, *addresses)),
    )
    program: list[Instruction] = []
    for load, allowed in checks:
        program += [load, *one_of(allowed)]
    program += [Instruction(LD_H_ABS, _ETHERNET + 6), Instruction(JSET_K, 0x1FFF, 0, 1), Instruction(RET_K, NONE)]
    program += [Instruction(LDX_MSH, _ETHERNET), Instruction(LD_H_IND, _ETHERNET + 2), *one_of((port,))]
    return (*program, *owned(hashing, worker, workers))


def udp_filter(worker: int, workers: int, destinations: tuple[int, ...] = ()) -> Program:
    """Of the datagrams on a UDP socket: this worker's shard; with `destinations`, only those sent to one of them."""
    program: list[Instruction] = []
    if destinations:
        program += [Instruction(LD_W_ABS, NETWORK_LAYER + 16), *one_of(destinations)]
    return (*program, *owned(_hash((), LD_W_ABS, LD_H_ABS, UDP + CHADDR), worker, workers))


def group_selector(workers: int) -> Program:
    """Which socket of a SO_REUSEPORT group gets a unicast datagram: the one that was bound as number `shard`."""
    return selected(_hash((), LD_W_ABS, LD_H_ABS, CHADDR), workers)


def owned(hashing: Program, worker: int, workers: int) -> Program:
    """What `hashing` leaves in A decides: the whole packet when it is this worker's, else nothing."""
    return (*hashing, Instruction(MOD_K, workers), *one_of((worker,)), Instruction(RET_K, ALL))


def selected(hashing: Program, workers: int) -> Program:
    """What `hashing` leaves in A decides: the number of the worker."""
    return (*hashing, Instruction(MOD_K, workers), Instruction(RET_A))


def packed(program: Program) -> bytes:
    """The instructions as the kernel reads them (struct sock_filter), in this machine's byte order."""
    return b"".join(struct.pack("HBBI", i.code, i.jt, i.jf, i.k) for i in program)


def _hash(base: Program, word: int, half: int, offset: int) -> Program:
    """Code that leaves the hash, not yet reduced, in A. base: sets X, for loads that are relative to X."""
    return (
        *base,
        Instruction(half, offset + 4),
        Instruction(ST, 0),
        Instruction(word, offset),
        Instruction(ST, 1),
        Instruction(LD_MEM, 0),
        Instruction(TAX),
        Instruction(LD_MEM, 1),
        Instruction(XOR_X),
        Instruction(MUL_K, MULTIPLIER),
        Instruction(RSH_K, 16),
    )


def one_of(values: tuple[int, ...]) -> Program:
    """Go on behind this code when A is one of the values, else return 0."""
    tests = []
    for position, value in enumerate(values):
        rest = len(values) - 1 - position
        tests.append(Instruction(JEQ_K, value, rest + 1, 0))
    return (*tests, Instruction(RET_K, NONE))
