"""The DHCPv6 configuration as the program uses it. An address or prefix is its 16 bytes.

Built by `kea_mp.config` from the checked JSON; handed to children as it is (pickled at their start).
Nothing here reads a file, a clock or the environment.

Runs in: any
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from kea_mp.config.model import ClientClass, Config, Ddns, Host, Lifetime, Parameters, Pool, Subnet
from kea_mp.family import DHCP6, Family

_ALL_ONES = (1 << 128) - 1
ERP_LOCAL_DOMAIN_NAME = 65  #: the one option that a relay may always supply (RFC 6440)


def last_address(prefix: bytes, length: int) -> bytes:
    """The last address of a prefix whose host bits are clear."""
    return (int.from_bytes(prefix, "big") | (_ALL_ONES >> length)).to_bytes(16, "big")


@dataclass(frozen=True, slots=True)
class ReservedPrefix:
    """A delegated prefix in a reservation. excluded_length 0: nothing is excluded (RFC 6603)."""

    prefix: bytes
    length: int
    excluded: bytes = b""
    excluded_length: int = 0


@dataclass(frozen=True, slots=True)
class Host6(Host):
    """A DHCPv6 reservation: any number of addresses and of prefixes, in their order."""

    addresses: tuple[bytes, ...] = ()
    prefixes: tuple[ReservedPrefix, ...] = ()


@dataclass(frozen=True, slots=True)
class Pool6(Pool):
    """An address range, both ends included."""

    first: bytes
    last: bytes
    ddns: Ddns | None = None  #: the pool's own settings, where Kea 3.0 has them; None: as the subnet

    def contains(self, address: bytes) -> bool:
        return self.first <= address <= self.last


@dataclass(frozen=True, slots=True)
class PdPool6(Pool):
    """Prefixes of `delegated_length` out of prefix/length. excluded_length 0: nothing is excluded (RFC 6603)."""

    prefix: bytes
    length: int
    delegated_length: int
    excluded: bytes = b""
    excluded_length: int = 0

    @property
    def last(self) -> bytes:
        """The last address of the pool; the last prefix to delegate is the one that holds it."""
        return last_address(self.prefix, self.length)

    def contains(self, address: bytes) -> bool:
        """Whether an address, or a prefix by its first address, is out of this pool."""
        return self.prefix <= address <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters6(Parameters):
    """Those of DHCPv6. preferred_lifetime None: 5/8 of the valid lifetime that is given."""

    preferred_lifetime: Lifetime | None = None
    calculate_tee_times: bool = True
    t2_percent: float = 0.8
    pd_allocator: str = "iterative"


@dataclass(frozen=True, slots=True)
class Subnet6(Subnet):
    """A DHCPv6 subnet. interface, interface_id, relays, rapid_commit: the shared network's when it has none itself;
    interface_id is the payload of the option that a relay adds (b"": not selected by it). pools, pd_pools: in the order
    of their addresses. relays: link addresses, or addresses of relays, that select it (Kea `relay`)."""

    id: int
    prefix: bytes
    length: int
    pools: tuple[Pool6, ...]
    pd_pools: tuple[PdPool6, ...]
    parameters: Parameters6
    interface_id: bytes = b""
    relays: tuple[bytes, ...] = ()
    rapid_commit: bool = False
    hosts: tuple[Host6, ...] = ()

    @property
    def last(self) -> bytes:
        return last_address(self.prefix, self.length)

    def contains(self, address: bytes) -> bool:
        return self.prefix <= address <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientClass6(ClientClass):
    """What a class may set for DHCPv6 besides."""

    preferred_lifetime: Lifetime | None = None


@dataclass(frozen=True, slots=True)
class ServerId:
    """The `server-id` map: which DUID the server has, as far as it is configured (RFC 8415 11). type: LLT, EN or LL.
    Zero or empty: to be chosen. file: absolute path where it is kept, when `persist`."""

    file: str
    type: str = "LLT"
    htype: int = 0
    identifier: bytes = b""
    time: int = 0  #: seconds since 2000-01-01, as on the wire
    enterprise_id: int = 0
    persist: bool = True


@dataclass(frozen=True, slots=True)
class Config6(Config):
    """A DHCPv6 daemon's configuration. mac_sources: where a client's hardware address is looked for, in this order,
    under Kea's longer names: any, raw, duid, ipv6-link-local, client-link-addr-option, remote-id, subscriber-id,
    docsis-cmts, docsis-modem. relay_supplied_options: codes that a relay may supply (RFC 6422)."""

    family: ClassVar[Family] = DHCP6

    subnets: tuple[Subnet6, ...]
    global_parameters: Parameters6
    server_id: ServerId
    global_hosts: tuple[Host6, ...] = ()
    classes: tuple[ClientClass6, ...] = ()
    host_identifiers: tuple[str, ...] = field(default=("hw-address", "duid"), kw_only=True)
    mac_sources: tuple[str, ...] = ("any",)
    relay_supplied_options: frozenset[int] = frozenset((ERP_LOCAL_DOMAIN_NAME,))
    allow_address_registration: bool = True
