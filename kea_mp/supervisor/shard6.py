"""Which packet worker a DHCPv6 client belongs to: one hash of its address and DUID, in Python and as classic BPF.

- A message that comes from the client itself is hashed by its source address, which is the client's link-local one
  (RFC 8415 13.1), and the end of its DUID, if the client identifier is the first option: then clients that share an
  address (a load generator's) are spread as well.
- A message from a relay is hashed by the peer-address in the outermost relay header: the client's link-local address,
  also with a lightweight relay agent in between (RFC 6221). With several relays on the way this is the address of the
  relay next to the client's, and all clients behind that one share a worker.

A client always uses the same address and the same first option, so it always meets the same worker. Were it not so it
would still be answered once, since every message has one owner.

The hash: the four words of the address exclusive-or'ed, times K; then plus the last four bytes of the DUID, times K
again; the upper half of it modulo the number of workers. Plus, because an EUI-64 address and a DUID of the same
hardware address would cancel each other out.

Runs in: supervisor
"""

from __future__ import annotations

from dataclasses import replace

from kea_mp.dhcp.message6 import RELAY_FORW, Option6
from kea_mp.supervisor.shard import (
    ADD_K,
    ADD_X,
    JA,
    JEQ_K,
    JGE_K,
    JGE_X,
    LD_B_ABS,
    LD_H_ABS,
    LD_LEN,
    LD_MEM,
    LD_W_ABS,
    LD_W_IND,
    LDX_MEM,
    MUL_K,
    MULTIPLIER,
    NETWORK_LAYER,
    RSH_K,
    ST,
    TAX,
    UDP,
    XOR_X,
    Instruction,
    Program,
    owned,
    selected,
)

RELAY_HEADER, PEER = 34, 18  #: of a relay header: its length, where its peer-address is
FIRST_OPTION, FIRST_PAYLOAD = 4, 8  #: of a client's message: where its first option and that option's payload begin
_SOURCE = 8  # in the IPv6 header
_HASH, _LENGTH = 0, 1  # cells of BPF's memory
_LEAVE = 255  # a jump to behind its block, until its length is known


def shard6(source: bytes, payload: bytes, workers: int) -> int:
    """The worker, 0 .. workers - 1, that gets a message. source: IPv6 source of the datagram, 16 bytes."""
    if len(payload) >= RELAY_HEADER and payload[0] == RELAY_FORW:
        return (_mixed(payload[PEER : PEER + 16]) >> 16) % workers
    mixed = _mixed(source)
    duid = _first_client_id(payload)
    if len(duid) >= 4:
        mixed = (mixed + int.from_bytes(duid[-4:], "big")) * MULTIPLIER & 0xFFFFFFFF
    return (mixed >> 16) % workers


def _mixed(address: bytes) -> int:
    folded = 0
    for at in range(0, 16, 4):
        folded ^= int.from_bytes(address[at : at + 4], "big")
    return folded * MULTIPLIER & 0xFFFFFFFF


def _first_client_id(payload: bytes) -> bytes:
    """The client identifier if it is the first option and whole, else nothing."""
    head = payload[FIRST_OPTION:FIRST_PAYLOAD]
    end = FIRST_PAYLOAD + int.from_bytes(head[2:], "big")
    whole = len(head) == 4 and int.from_bytes(head[:2], "big") == Option6.CLIENT_ID and end <= len(payload)
    return payload[FIRST_PAYLOAD:end] if whole else b""


def udp_filter6(worker: int, workers: int) -> Program:
    """Of the datagrams on a UDP socket: this worker's shard."""
    return owned(_hash(UDP), worker, workers)


def group_selector6(workers: int) -> Program:
    """Which socket of a SO_REUSEPORT group gets a unicast datagram: the one that was bound as number `shard6`."""
    return selected(_hash(0), workers)


def _hash(base: int) -> Program:
    """Code that leaves the hash, not yet reduced, in A. base: where the message begins in the packet."""
    relayed = _address(base + PEER)
    direct = (*_address(NETWORK_LAYER + _SOURCE), *_duid(base))
    at_direct = len(relayed) + 1
    return (
        Instruction(LD_LEN),
        Instruction(JGE_K, base + RELAY_HEADER, 0, at_direct + 2),
        Instruction(LD_B_ABS, base),
        Instruction(JEQ_K, RELAY_FORW, 0, at_direct),
        *relayed,
        Instruction(JA, len(direct)),
        *direct,
        Instruction(LD_MEM, _HASH),
        Instruction(RSH_K, 16),
    )


def _address(offset: int) -> Program:
    """Code that hashes the address at this offset."""
    code = [Instruction(LD_W_ABS, offset)]
    for word in (4, 8, 12):
        code += [Instruction(TAX), Instruction(LD_W_ABS, offset + word), Instruction(XOR_X)]
    return (*code, Instruction(MUL_K, MULTIPLIER), Instruction(ST, _HASH))


def _duid(base: int) -> Program:
    """Code that mixes the end of the DUID into the hash, if there is one where it should be."""
    code = (
        Instruction(LD_LEN),
        Instruction(JGE_K, base + FIRST_PAYLOAD, 0, _LEAVE),
        Instruction(LD_H_ABS, base + FIRST_OPTION),
        Instruction(JEQ_K, Option6.CLIENT_ID, 0, _LEAVE),
        Instruction(LD_H_ABS, base + FIRST_OPTION + 2),
        Instruction(JGE_K, 4, 0, _LEAVE),
        Instruction(ST, _LENGTH),
        Instruction(ADD_K, base + FIRST_PAYLOAD),
        Instruction(TAX),
        Instruction(LD_LEN),
        Instruction(JGE_X, 0, 0, _LEAVE),
        Instruction(LDX_MEM, _LENGTH),
        Instruction(LD_W_IND, base + FIRST_PAYLOAD - 4),
        Instruction(TAX),
        Instruction(LD_MEM, _HASH),
        Instruction(ADD_X),
        Instruction(MUL_K, MULTIPLIER),
        Instruction(ST, _HASH),
    )
    last = len(code) - 1
    return tuple(replace(i, jf=last - at) if i.jf == _LEAVE else i for at, i in enumerate(code))
