"""A small simulator of classic BPF."""

from __future__ import annotations

from kea_mp.supervisor import shard as bpf
from kea_mp.supervisor.shard import Program

NETWORK_LAYER, VLAN_PRESENT = 0x100000000 - 0x100000, 0x100000000 - 0x1000 + 48


def ran(program: Program, data: bytes, network: bytes = b"", vlan: bool = False) -> int:
    """What the program returns for data; 0 when it loads beyond the end, as in the kernel."""
    a = x = 0
    memory = [0] * 16
    at = 0

    def load(offset: int, size: int) -> int:
        source = data
        if offset == VLAN_PRESENT:
            return int(vlan)
        if offset >= NETWORK_LAYER:
            source, offset = network, offset - NETWORK_LAYER
        if offset + size > len(source):
            raise IndexError
        return int.from_bytes(source[offset : offset + size], "big")

    try:
        while True:
            i = program[at]
            at += 1
            match i.code:
                case bpf.LD_W_ABS | bpf.LD_H_ABS | bpf.LD_B_ABS:
                    a = load(i.k, {bpf.LD_W_ABS: 4, bpf.LD_H_ABS: 2, bpf.LD_B_ABS: 1}[i.code])
                case bpf.LD_W_IND | bpf.LD_H_IND:
                    a = load(x + i.k, 4 if i.code == bpf.LD_W_IND else 2)
                case bpf.LD_MEM:
                    a = memory[i.k]
                case bpf.ST:
                    memory[i.k] = a
                case bpf.LD_LEN:
                    a = len(data)
                case bpf.LDX_MEM:
                    x = memory[i.k]
                case bpf.LDX_MSH:
                    x = (load(i.k, 1) & 0xF) * 4
                case bpf.TAX:
                    x = a
                case bpf.XOR_X:
                    a ^= x
                case bpf.ADD_K:
                    a = a + i.k & 0xFFFFFFFF
                case bpf.ADD_X:
                    a = a + x & 0xFFFFFFFF
                case bpf.MUL_K:
                    a = a * i.k & 0xFFFFFFFF
                case bpf.RSH_K:
                    a >>= i.k
                case bpf.MOD_K:
                    a %= i.k
                case bpf.JEQ_K:
                    at += i.jt if a == i.k else i.jf
                case bpf.JSET_K:
                    at += i.jt if a & i.k else i.jf
                case bpf.JGE_K:
                    at += i.jt if a >= i.k else i.jf
                case bpf.JGE_X:
                    at += i.jt if a >= x else i.jf
                case bpf.JA:
                    at += i.k
                case bpf.RET_K:
                    return i.k
                case bpf.RET_A:
                    return a
                case _:
                    raise AssertionError(f"instruction {i.code:#x}")
    except IndexError:
        return 0
