"""Reservations of the configuration, indexed by who and by what.

Identifiers are keyed without the hardware type, because Kea compares only the address bytes of "hw-address".

Runs in: any
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from kea_mp.config.model import Config4, Host4

Identifier = tuple[str, bytes]  #: ("hw-address", address without htype), ("client-id", …), ("duid", …), …

GLOBAL = 0  #: subnet id of the global reservations


class Reservations(NamedTuple):
    """The reservations of one subnet, or the global ones.

    by_identifier: the first host of an identifier wins, as Kea takes the first it finds.
    by_address: all hosts that reserve the address (several with ip-reservations-unique false).
    """

    by_identifier: dict[Identifier, Host4]
    by_address: dict[int, tuple[Host4, ...]]

    def of_others(self, address: int, mine: Iterable[Identifier]) -> bool:
        """Whether the address is reserved, and for none of these identifiers."""
        hosts = self.by_address.get(address)
        if hosts is None:
            return False
        wanted = [key_of(host) for host in hosts]
        return not any(identifier in wanted for identifier in mine)


def key_of(host: Host4) -> Identifier:
    """The identifier as the index has it."""
    kind, value = host.identifier
    return (kind, value[1:]) if kind == "hw-address" else (kind, value)


def indexed(hosts: Iterable[Host4]) -> Reservations:
    """An index of these hosts."""
    by_identifier: dict[Identifier, Host4] = {}
    by_address: dict[int, tuple[Host4, ...]] = {}
    for host in hosts:
        by_identifier.setdefault(key_of(host), host)
        if host.address:
            by_address[host.address] = (*by_address.get(host.address, ()), host)
    return Reservations(by_identifier, by_address)


def reservations_by_subnet(config: Config4) -> dict[int, Reservations]:
    """Subnet id → its reservations, `GLOBAL` → the global ones."""
    found = {subnet.id: indexed(subnet.hosts) for subnet in config.subnets}
    found[GLOBAL] = indexed(config.global_hosts)
    return found
