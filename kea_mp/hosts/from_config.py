"""Reservations of the configuration, indexed by who and by what.

Identifiers are keyed without the hardware type, because Kea compares only the address bytes of "hw-address".

Runs in: any
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, NamedTuple

from typing_extensions import TypeVar

from kea_mp.config.model import Config4, Host, Host4
from kea_mp.config.model6 import Config6, Host6

Identifier = tuple[str, bytes]  #: ("hw-address", address without htype), ("client-id", …), ("duid", …), …

GLOBAL = 0  #: subnet id of the global reservations


H = TypeVar("H", bound=Host, default=Host4)
A = TypeVar("A", bound=int | bytes, default=int)


class Reservations(NamedTuple, Generic[H, A]):
    """The reservations of one subnet, or the global ones.

    by_identifier: the first host of an identifier wins, as Kea takes the first it finds.
    by_address: all hosts that reserve the address, or a prefix that begins there (several with ip-reservations-unique
    false).
    """

    by_identifier: dict[Identifier, H]
    by_address: dict[A, tuple[H, ...]]

    def of_others(self, address: A, mine: Iterable[Identifier]) -> bool:
        """Whether the address is reserved, and for none of these identifiers."""
        hosts = self.by_address.get(address)
        if hosts is None:
            return False
        wanted = [key_of(host) for host in hosts]
        return not any(identifier in wanted for identifier in mine)


def key_of(host: Host) -> Identifier:
    """The identifier as the index has it."""
    kind, value = host.identifier
    return (kind, value[1:]) if kind == "hw-address" else (kind, value)


def indexed(hosts: Iterable[H], reserved: Callable[[H], Iterable[A]]) -> Reservations[H, A]:
    """An index of these hosts. reserved: the addresses and prefixes of one."""
    by_identifier: dict[Identifier, H] = {}
    by_address: dict[A, tuple[H, ...]] = {}
    for host in hosts:
        by_identifier.setdefault(key_of(host), host)
        for address in reserved(host):
            by_address[address] = (*by_address.get(address, ()), host)
    return Reservations(by_identifier, by_address)


def reservations_by_subnet(config: Config4) -> dict[int, Reservations]:
    """Subnet id → its reservations, `GLOBAL` → the global ones."""
    lists = {GLOBAL: config.global_hosts, **{subnet.id: subnet.hosts for subnet in config.subnets}}
    return {id: indexed(hosts, _reserved4) for id, hosts in lists.items()}


def reservations_by_subnet6(config: Config6) -> dict[int, Reservations[Host6, bytes]]:
    """As `reservations_by_subnet`."""
    lists = {GLOBAL: config.global_hosts, **{subnet.id: subnet.hosts for subnet in config.subnets}}
    return {id: indexed(hosts, _reserved6) for id, hosts in lists.items()}


def _reserved4(host: Host4) -> tuple[int, ...]:
    return (host.address,) if host.address else ()


def _reserved6(host: Host6) -> tuple[bytes, ...]:
    return (*host.addresses, *(reserved.prefix for reserved in host.prefixes))
