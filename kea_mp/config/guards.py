"""Classes that a client must have to be served in a subnet, of either family.

Runs in: any
"""

from __future__ import annotations

from kea_mp.config.model import Subnet

Guards = tuple[frozenset[str], ...]  #: of each of these sets, a class


def guards_of(subnet: Subnet) -> Guards:
    """Those of the subnet, those of its network."""
    return tuple(frozenset(names) for names in (subnet.classes, subnet.network_classes) if names)


def let_in(guards: Guards, classes: frozenset[str]) -> bool:
    """Whether guards let a client of these classes in."""
    return all(not guard.isdisjoint(classes) for guard in guards)
