"""The configuration, prepared for questions that every packet asks: which pool, which siblings, whose address.

Built once per configuration; nothing in it changes afterwards.

Runs in: serving
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from kea_mp.config.guards import guards_of, let_in
from kea_mp.config.model import Config4, Ddns, OptionSet, Parameters4, Pool, Pool4, Subnet4
from kea_mp.hosts.from_config import GLOBAL, Reservations, reservations_by_subnet
from kea_mp.leases.store import FREE_QUEUE, ITERATIVE, RANDOM

ALLOCATORS = {"iterative": ITERATIVE, "random": RANDOM, "flq": FREE_QUEUE}
SUPPLIES_MISSING = ("always", "when-not-present")  #: ddns-replace-client-name, for a client that sends none
MOST_SKIPPED = 64  #: of more forbidden addresses none is named beforehand: a proposal of one is asked for again

Ranges = tuple[int, ...]  #: first, last, first, last, …


class SubnetPlan:
    """One subnet. circle: it and the subnets of its shared network, in the order in which Kea goes round.

    forbidden: pool addresses that may not be proposed, if they are few. protects_reserved: pool addresses may be
    reserved (out-of-pool promises that none is). additional: it or one of its pools has evaluate-additional-classes.
    supplies_names: clients that send no name get one (ddns-replace-client-name).
    """

    __slots__ = (
        "additional", "allocator", "chain", "circle", "ddns", "exclude_24", "first", "firsts", "forbidden", "guards",
        "hosts", "id", "last", "mask", "network", "out_of_pool", "parameters", "pools", "protects_reserved", "subnet",
        "supplies_names",
    )  # fmt: skip

    def __init__(self, subnet: Subnet4, hosts: Reservations, exclude_first_last_24: bool) -> None:
        self.subnet, self.id, self.parameters = subnet, subnet.id, subnet.parameters
        self.first, self.last = subnet.prefix, subnet.last
        self.network = subnet.network
        self.guards = guards_of(subnet)
        self.hosts = hosts
        self.pools = tuple(sorted(subnet.pools, key=lambda pool: pool.first))
        self.firsts = [pool.first for pool in self.pools]
        self.allocator = ALLOCATORS[subnet.parameters.allocator]
        self.chain: tuple[OptionSet, ...] = subnet.options_chain
        self.mask = (0xFFFFFFFF << (32 - subnet.length)) & 0xFFFFFFFF
        self.out_of_pool = subnet.parameters.reservations_out_of_pool
        self.ddns: Ddns = subnet.parameters.ddns
        self.exclude_24 = exclude_first_last_24 and subnet.length <= 24
        self.protects_reserved = subnet.parameters.reservations_in_subnet and not self.out_of_pool
        self.supplies_names = any(
            rules.replace_client_name in SUPPLIES_MISSING
            for rules in (self.ddns, *(pool.ddns for pool in self.pools if pool.ddns is not None))
        )
        self.additional = bool(subnet.additional_classes) or any(pool.additional_classes for pool in self.pools)
        self.forbidden = self._forbidden()
        self.circle: tuple[SubnetPlan, ...] = (self,)

    def supports(self, classes: frozenset[str]) -> bool:
        """Whether the guards of the subnet and of its network let a client of these classes in."""
        return let_in(self.guards, classes)

    def contains(self, address: int) -> bool:
        return self.first <= address <= self.last

    def pool_index(self, address: int) -> int:
        """Index of the pool that has the address, or -1."""
        at = bisect_right(self.firsts, address) - 1
        return at if at >= 0 and address <= self.pools[at].last else -1

    def pool_at(self, address: int) -> Pool4 | None:
        at = self.pool_index(address)
        return self.pools[at] if at >= 0 else None

    def in_pool(self, address: int, classes: frozenset[str] | None = None) -> bool:
        """Whether the address is in a pool, and with `classes`: in one that such a client may use."""
        at = bisect_right(self.firsts, address) - 1
        if at < 0 or address > (pool := self.pools[at]).last:
            return False
        return classes is None or not pool.classes or open_to(pool, classes)

    def ranges_for(self, classes: frozenset[str]) -> Ranges:
        """The pools that a client of these classes may use, in ascending order."""
        return tuple(edge for pool in self.pools if open_to(pool, classes) for edge in (pool.first, pool.last))

    def allowed(self, address: int) -> bool:
        """Whether a proposed address may be offered: reserved ones and, if so configured, .0 and .255 may not."""
        if self.exclude_24 and address & 0xFF in (0, 0xFF):
            return False
        return not self.protects_reserved or address not in self.hosts.by_address

    def forbidden_run(self, address: int, limit: int = 256) -> tuple[int, ...]:
        """The address and those after it that may not be offered either: what to skip when asking again."""
        run = [address]
        while len(run) < limit and self.in_pool(run[-1] + 1) and not self.allowed(run[-1] + 1):
            run.append(run[-1] + 1)
        return tuple(run)

    def _forbidden(self) -> tuple[int, ...]:
        found: list[int] = []
        for pool in self.pools:
            if self.protects_reserved:
                found += [address for address in self.hosts.by_address if pool.first <= address <= pool.last]
            if self.exclude_24:
                blocks = range(pool.first & ~0xFF, pool.last + 1, 256)[: MOST_SKIPPED + 1]
                edges = (edge for block in blocks for edge in (block, block + 255))
                found += [address for address in edges if pool.first <= address <= pool.last]
        return tuple(found) if len(found) <= MOST_SKIPPED else ()


def open_to(pool: Pool, classes: frozenset[str]) -> bool:
    """Whether a client of these classes may use the pool."""
    return not pool.classes or not classes.isdisjoint(pool.classes)


class Member(Protocol):
    """A prepared subnet of either family."""

    network: str


M = TypeVar("M", bound=Member)


def circles(subnets: Iterable[M]) -> Iterator[tuple[M, tuple[M, ...]]]:
    """Each subnet of a shared network, and all of them in the order in which Kea goes round from there."""
    networks: dict[str, list[M]] = {}
    for plan in subnets:
        if plan.network:
            networks.setdefault(plan.network, []).append(plan)
    for members in networks.values():
        for at, plan in enumerate(members):
            yield plan, (*members[at:], *members[:at])


class Plan:
    """All subnets in the order of the configuration, by id, and what is global."""

    __slots__ = ("by_id", "config", "global_hosts", "global_parameters", "subnets")

    def __init__(self, config: Config4) -> None:
        self.config = config
        hosts = reservations_by_subnet(config)
        exclude = config.compatibility.exclude_first_last_24
        self.subnets = tuple(SubnetPlan(subnet, hosts[subnet.id], exclude) for subnet in config.subnets)
        self.by_id = {plan.id: plan for plan in self.subnets}
        self.global_hosts = hosts[GLOBAL]
        self.global_parameters: Parameters4 = config.global_parameters
        for plan, circle in circles(self.subnets):
            plan.circle = circle
