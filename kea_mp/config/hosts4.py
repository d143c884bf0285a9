"""DHCPv4 reservations.

Runs in: any
"""

from __future__ import annotations

from kea_mp.config.hosts import HostTable
from kea_mp.config.keys4 import TABLES4
from kea_mp.config.model import Host4
from kea_mp.config.scope import Level
from kea_mp.values import text4

_Prefix = tuple[int, int]  #: address and length


class HostTable4(HostTable[Host4, _Prefix]):
    @property
    def _unique(self) -> tuple[str, ...]:
        return TABLES4.host_identifiers

    def _host(self, level: Level, subnet_id: int, inside: _Prefix | None) -> Host4:
        common = self._common_values(level, subnet_id)
        address = _reserved_address(level, inside)
        if address and self.unique_addresses:
            self._take(level, subnet_id, address, f"{text4(address)} is reserved already", "ip-address")
        next_server = level.address("next-server") if "next-server" in level.json else 0
        if next_server == 0xFFFFFFFF:
            raise level.error("must not be the broadcast address", "next-server")
        return Host4(
            **common,
            address=address,
            next_server=next_server,
            server_hostname=level.json.get("server-hostname", ""),
            boot_file_name=level.json.get("boot-file-name", ""),
        )


def _reserved_address(level: Level, prefix: _Prefix | None) -> int:
    if "ip-address" not in level.json:
        return 0
    address = level.address("ip-address")
    if address in (0, 0xFFFFFFFF):
        raise level.error(f"{text4(address)} must not be reserved", "ip-address")
    if prefix is not None and (address ^ prefix[0]) >> (32 - prefix[1]):
        raise level.error(f"{text4(address)} is not within the subnet {text4(prefix[0])}/{prefix[1]}", "ip-address")
    return address
