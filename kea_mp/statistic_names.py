"""Kea's names of statistics: which of them a daemon of each family has from the start, with a given configuration.

Runs in: supervisor
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from kea_mp.config.model import Config4, Subnet4
from kea_mp.config.model6 import Config6, Subnet6
from kea_mp.family import DHCP4, DHCP6, Family

AnyConfig = Config4 | Config6
Sizes = Iterable[tuple[int, int]]  #: (pool id, how many leases fit into the pool), one per pool


@dataclass(frozen=True, slots=True)
class PoolKind:
    """One kind of pools. key: "pool" in subnet[1].pool[0]; total: name of their size; names: of each pool besides."""

    key: str
    total: str
    names: tuple[str, ...]
    sizes: Callable[[Subnet4 | Subnet6], Sizes]


@dataclass(frozen=True, slots=True)
class Names:
    """Those of one family. daemon: of the whole server; leases: of the whole server too, out of the lease backend;
    subnet: of a subnet besides the totals of its pools, anew with each configuration; lasting: of a subnet, going on
    when a configuration is applied."""

    daemon: tuple[str, ...]
    leases: tuple[str, ...]
    subnet: tuple[str, ...]
    lasting: tuple[str, ...]
    pools: tuple[PoolKind, ...]


_ADDRESSES4 = (
    "assigned-addresses",
    "cumulative-assigned-addresses",
    "declined-addresses",
    "reclaimed-declined-addresses",
    "reclaimed-leases",
)
_ADDRESSES6 = (
    "assigned-nas",
    "cumulative-assigned-nas",
    "declined-addresses",
    "reclaimed-declined-addresses",
    "reclaimed-leases",
)
_PREFIXES6 = ("assigned-pds", "cumulative-assigned-pds", "reclaimed-leases")


def _addresses4(subnet: Subnet4 | Subnet6) -> Iterator[tuple[int, int]]:
    assert isinstance(subnet, Subnet4)
    return ((pool.pool_id, pool.last - pool.first + 1) for pool in subnet.pools)


def _addresses6(subnet: Subnet4 | Subnet6) -> Iterator[tuple[int, int]]:
    assert isinstance(subnet, Subnet6)
    for pool in subnet.pools:
        yield pool.pool_id, int.from_bytes(pool.last, "big") - int.from_bytes(pool.first, "big") + 1


def _prefixes6(subnet: Subnet4 | Subnet6) -> Iterator[tuple[int, int]]:
    assert isinstance(subnet, Subnet6)
    return ((pool.pool_id, 1 << pool.delegated_length - pool.length) for pool in subnet.pd_pools)


NAMES: dict[Family, Names] = {
    DHCP4: Names(
        daemon=(
            "pkt4-ack-received",
            "pkt4-ack-sent",
            "pkt4-decline-received",
            "pkt4-discover-received",
            "pkt4-inform-received",
            "pkt4-nak-received",
            "pkt4-nak-sent",
            "pkt4-offer-received",
            "pkt4-offer-sent",
            "pkt4-parse-failed",
            "pkt4-receive-drop",
            "pkt4-received",
            "pkt4-release-received",
            "pkt4-request-received",
            "pkt4-sent",
            "pkt4-unknown-received",
            "v4-allocation-fail",
            "v4-allocation-fail-classes",
            "v4-allocation-fail-no-pools",
            "v4-allocation-fail-shared-network",
            "v4-allocation-fail-subnet",
            "v4-lease-reuses",
            "v4-reservation-conflicts",
        ),
        leases=(
            "cumulative-assigned-addresses",
            "declined-addresses",
            "reclaimed-declined-addresses",
            "reclaimed-leases",
        ),
        subnet=_ADDRESSES4,
        lasting=("v4-lease-reuses", "v4-reservation-conflicts"),
        pools=(PoolKind("pool", "total-addresses", _ADDRESSES4, _addresses4),),
    ),
    DHCP6: Names(
        daemon=(
            "pkt6-addr-reg-inform-received",
            "pkt6-addr-reg-reply-received",
            "pkt6-addr-reg-reply-sent",
            "pkt6-advertise-received",
            "pkt6-advertise-sent",
            "pkt6-decline-received",
            "pkt6-dhcpv4-query-received",
            "pkt6-dhcpv4-response-received",
            "pkt6-dhcpv4-response-sent",
            "pkt6-infrequest-received",
            "pkt6-parse-failed",
            "pkt6-rebind-received",
            "pkt6-receive-drop",
            "pkt6-received",
            "pkt6-release-received",
            "pkt6-renew-received",
            "pkt6-reply-received",
            "pkt6-reply-sent",
            "pkt6-request-received",
            "pkt6-sent",
            "pkt6-solicit-received",
            "pkt6-unknown-received",
            "v6-allocation-fail",
            "v6-allocation-fail-classes",
            "v6-allocation-fail-no-pools",
            "v6-allocation-fail-shared-network",
            "v6-allocation-fail-subnet",
            "v6-ia-na-lease-reuses",
            "v6-ia-pd-lease-reuses",
        ),
        leases=(
            "cumulative-assigned-nas",
            "cumulative-assigned-pds",
            "cumulative-registered-nas",
            "declined-addresses",
            "reclaimed-declined-addresses",
            "reclaimed-leases",
        ),
        subnet=(
            *_ADDRESSES6,
            "assigned-pds",
            "cumulative-assigned-pds",
            "cumulative-registered-nas",
            "registered-nas",
        ),
        lasting=("v6-ia-na-lease-reuses", "v6-ia-pd-lease-reuses"),
        pools=(
            PoolKind("pool", "total-nas", _ADDRESSES6, _addresses6),
            PoolKind("pd-pool", "total-pds", _PREFIXES6, _prefixes6),
        ),
    ),
}

#: last part of a name: a state, not a count
LEVELS = frozenset({"assigned-addresses", "declined-addresses", "assigned-nas", "assigned-pds", "registered-nas"})

#: ours, there from the first event on: what became of packets while leases could not be asked for
OURS = ("kea-mp-lease-confirmed", "kea-mp-unanswered-")

_BEGINNINGS = ("pkt4-", "pkt6-", "v4-", "v6-", "subnet[", *OURS)
_LEASES = frozenset(name for names in NAMES.values() for name in names.leases)


def is_statistic(name: str) -> bool:
    """Whether a name that a child reports is shown as a statistic; the rest is for status only."""
    return name.startswith(_BEGINNINGS) or name in _LEASES


def is_level(name: str) -> bool:
    return name.rpartition(".")[2] in LEVELS


def of_daemon(config: AnyConfig) -> Iterator[str]:
    """Names that do not depend on the configuration."""
    names = NAMES[config.family]
    yield from names.daemon
    yield from names.leases


def totals(config: AnyConfig) -> dict[str, int]:
    """Sizes by statistic name: of each subnet, and of its pools, where pools with one id count together."""
    sizes: dict[str, int] = {}
    for kind in NAMES[config.family].pools:
        for subnet in config.subnets:
            whole = f"subnet[{subnet.id}].{kind.total}"
            sizes[whole] = 0
            for pool_id, size in kind.sizes(subnet):
                sizes[whole] += size
                name = f"subnet[{subnet.id}].{kind.key}[{pool_id}].{kind.total}"
                sizes[name] = sizes.get(name, 0) + size
    return sizes


def of_subnets(config: AnyConfig) -> Iterator[str]:
    """Names of subnets and pools that start anew with a configuration, without totals."""
    names = NAMES[config.family]
    for subnet in config.subnets:
        for name in names.subnet:
            yield f"subnet[{subnet.id}].{name}"
        for kind in names.pools:
            for pool_id in {pool_id for pool_id, _ in kind.sizes(subnet)}:
                for name in kind.names:
                    yield f"subnet[{subnet.id}].{kind.key}[{pool_id}].{name}"


def lasting(config: AnyConfig) -> Iterator[str]:
    """Names of subnets that go on counting when a configuration is applied."""
    for subnet in config.subnets:
        for name in NAMES[config.family].lasting:
            yield f"subnet[{subnet.id}].{name}"
