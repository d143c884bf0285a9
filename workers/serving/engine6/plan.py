"""The DHCPv6 configuration, prepared for questions that every packet asks: which pool, which siblings, whose address.

Built once per configuration; nothing in it changes afterwards.

Runs in: serving
"""

from __future__ import annotations

from bisect import bisect_right

from kea_mp.config.guards import guards_of
from kea_mp.config.model import OptionSet
from kea_mp.config.model6 import Config6, Host6, PdPool6, Pool6, Subnet6
from kea_mp.hosts.from_config import GLOBAL, Reservations, reservations_by_subnet6
from kea_mp.leases.model import NA, PD
from kea_mp.leases.store import Range6
from kea_mp.values import masked6
from workers.serving.engine.plan import ALLOCATORS, MOST_SKIPPED, circles, open_to

ADDRESS_BITS = 128
EQUAL, SHORTER, LONGER, ANY_LENGTH = "equal", "shorter", "longer", "any"  #: delegated lengths beside the one asked for

AnyPool6 = Pool6 | PdPool6


class PoolRow:
    """The pools of one kind of a subnet, in the order of their addresses. forbidden: reserved addresses and prefixes in
    them that nobody else may have, if they are few."""

    __slots__ = ("allocator", "firsts", "forbidden", "lasts", "pools")

    def __init__(self, pools: tuple[AnyPool6, ...], allocator: str, reserved: tuple[bytes, ...]) -> None:
        self.pools = pools
        self.firsts = [first_of(pool) for pool in pools]
        self.lasts = [pool.last for pool in pools]
        self.allocator = ALLOCATORS[allocator]
        found = tuple(address for address in reserved if self.index(address) >= 0)
        self.forbidden = found if len(found) <= MOST_SKIPPED else ()

    def index(self, address: bytes) -> int:
        """Which pool has the address, or the prefix that begins there; -1: none."""
        at = bisect_right(self.firsts, address) - 1
        return at if at >= 0 and address <= self.lasts[at] else -1


class SubnetPlan6:
    """One subnet. circle: it and the subnets of its shared network, in the order in which Kea goes round.

    rows: its pools by type of lease. protects_reserved: addresses in pools may be reserved (out-of-pool promises that
    none is). pools_tell: pools have options or additional classes of their own.
    """

    __slots__ = (
        "additional", "chain", "circle", "ddns", "first", "guards", "hosts", "id", "last", "length", "network",
        "out_of_pool", "parameters", "pools_ddns", "pools_tell", "protects_reserved", "rows", "subnet",
    )  # fmt: skip

    def __init__(self, subnet: Subnet6, hosts: Reservations[Host6, bytes]) -> None:
        self.subnet, self.id, self.parameters = subnet, subnet.id, subnet.parameters
        self.first, self.last, self.length = subnet.prefix, subnet.last, subnet.length
        self.network = subnet.network
        self.guards = guards_of(subnet)
        self.hosts = hosts
        self.chain: tuple[OptionSet, ...] = subnet.options_chain
        self.ddns = subnet.parameters.ddns
        self.out_of_pool = subnet.parameters.reservations_out_of_pool
        self.protects_reserved = subnet.parameters.reservations_in_subnet and not self.out_of_pool
        reserved = tuple(hosts.by_address) if self.protects_reserved else ()
        parameters = subnet.parameters
        self.rows = {
            NA: PoolRow(tuple(sorted(subnet.pools, key=first_of)), parameters.allocator, reserved),
            PD: PoolRow(tuple(sorted(subnet.pd_pools, key=first_of)), parameters.pd_allocator, reserved),
        }
        pools: tuple[AnyPool6, ...] = (*subnet.pools, *subnet.pd_pools)
        self.pools_tell = any(pool.options or pool.additional_classes for pool in pools)
        self.pools_ddns = any(pool.ddns is not None for pool in subnet.pools)
        self.additional = bool(subnet.additional_classes) or any(pool.additional_classes for pool in pools)
        self.circle: tuple[SubnetPlan6, ...] = (self,)

    def supports(self, classes: frozenset[str]) -> bool:
        """Whether the guards of the subnet and of its network let a client of these classes in."""
        return all(not guard.isdisjoint(classes) for guard in self.guards)

    def contains(self, address: bytes) -> bool:
        return self.first <= address <= self.last

    def pool_at(self, kind: int, address: bytes) -> AnyPool6 | None:
        """The pool that has the address, or the prefix that begins there. kind: NA or PD."""
        row = self.rows[kind]
        at = bisect_right(row.firsts, address) - 1
        return row.pools[at] if at >= 0 and address <= row.lasts[at] else None

    def open_pool_at(self, kind: int, address: bytes, classes: frozenset[str]) -> AnyPool6 | None:
        """The same, if a client of these classes may use it."""
        pool = self.pool_at(kind, address)
        return pool if pool is not None and (not pool.classes or open_to(pool, classes)) else None

    def ranges(self, kind: int, classes: frozenset[str], match: str, length: int) -> tuple[Range6, ...]:
        """The pools that a client of these classes may use, and whose prefixes are `match` as long as `length`."""
        pools = [pool for pool in self.rows[kind].pools if open_to(pool, classes) and fits(pool, match, length)]
        return tuple(range_of(pool) for pool in pools)

    def allowed(self, address: bytes) -> bool:
        """Whether a proposed address or prefix may be offered: reserved ones may not."""
        return not self.protects_reserved or address not in self.hosts.by_address


def first_of(pool: AnyPool6) -> bytes:
    return pool.prefix if isinstance(pool, PdPool6) else pool.first


def length_of(pool: AnyPool6) -> int:
    """Of what it gives out, in bits."""
    return pool.delegated_length if isinstance(pool, PdPool6) else ADDRESS_BITS


def range_of(pool: AnyPool6) -> Range6:
    if isinstance(pool, PdPool6):
        return Range6(pool.prefix, masked6(pool.last, pool.delegated_length), pool.delegated_length)
    return Range6(pool.first, pool.last)


def fits(pool: AnyPool6, match: str, length: int) -> bool:
    """Whether the prefixes of a pd-pool are of a length that is wanted now; addresses always are."""
    if match == ANY_LENGTH or not isinstance(pool, PdPool6):
        return True
    given = pool.delegated_length
    if match == EQUAL:
        return given == length
    return given < length if match == SHORTER else given > length


class Plan6:
    """All subnets in the order of the configuration, by id, and what is global."""

    __slots__ = ("by_id", "config", "global_hosts", "reserved", "subnets")

    def __init__(self, config: Config6) -> None:
        self.config = config
        hosts = reservations_by_subnet6(config)
        self.subnets = tuple(SubnetPlan6(subnet, hosts[subnet.id]) for subnet in config.subnets)
        self.by_id = {plan.id: plan for plan in self.subnets}
        self.global_hosts = hosts[GLOBAL]
        self.reserved = frozenset(address for found in hosts.values() for address in found.by_address)
        for plan, circle in circles(self.subnets):
            plan.circle = circle
