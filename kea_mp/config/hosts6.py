"""DHCPv6 reservations: any number of addresses and of prefixes for one client.

Runs in: any
"""

from __future__ import annotations

from kea_mp.config.hosts import HostTable
from kea_mp.config.model6 import Host6, ReservedPrefix, last_address
from kea_mp.config.prefixes6 import check_excluded, prefix_of
from kea_mp.config.scope import Level
from kea_mp.values import text6

_Prefix = tuple[bytes, int]  #: address and length
_MULTICAST = 0xFF


class HostTable6(HostTable[Host6, _Prefix]):
    @property
    def _unique(self) -> tuple[str, ...]:
        return ("hw-address", "duid")

    def _host(self, level: Level, subnet_id: int, inside: _Prefix | None) -> Host6:
        host = Host6(
            **self._common_values(level, subnet_id),
            addresses=_addresses(level, inside),
            prefixes=_prefixes(level),
        )
        if self.unique_addresses:
            for index, address in enumerate(host.addresses):
                self._take(level, subnet_id, address, f"{text6(address)} is reserved already", "ip-addresses", index)
            for index, reserved in enumerate(host.prefixes):
                said = f"{text6(reserved.prefix)} is reserved already"
                self._take(level, subnet_id, reserved.prefix, said, "prefixes", index)
        return host


def _addresses(level: Level, inside: _Prefix | None) -> tuple[bytes, ...]:
    found = []
    for index, text in enumerate(level.json.get("ip-addresses", ())):
        address = level.address6_of(text, "ip-addresses", index)
        _refuse_multicast(level, address, "ip-addresses", index)
        if inside is not None and not inside[0] <= address <= last_address(*inside):
            problem = f"{text} is not within the subnet {text6(inside[0])}/{inside[1]}"
            raise level.error(problem, "ip-addresses", index)
        found.append(address)
    return tuple(found)


def _prefixes(level: Level) -> tuple[ReservedPrefix, ...]:
    texts = level.json.get("prefixes", ())
    excluded = level.json.get("excluded-prefixes")
    if excluded is not None and (len(excluded) != len(texts) or "prefixes" not in level.json):
        problem = f'{len(excluded)} excluded prefixes for {len(texts)} prefixes: one each must be given, "" for none'
        raise level.error(problem, "excluded-prefixes")
    return tuple(_prefix(level, index, text, excluded[index] if excluded else "") for index, text in enumerate(texts))


def _prefix(level: Level, index: int, text: str, excluded: str) -> ReservedPrefix:
    prefix, length = prefix_of(level, text, "prefixes", index)
    _refuse_multicast(level, prefix, "prefixes", index)
    if not excluded:
        return ReservedPrefix(prefix, length)
    steps = ("excluded-prefixes", index)
    out, out_length = prefix_of(level, excluded, *steps)
    check_excluded(level, (prefix, length), (out, out_length), *steps)
    return ReservedPrefix(prefix, length, out, out_length)


def _refuse_multicast(level: Level, address: bytes, *steps: str | int) -> None:
    if address[0] == _MULTICAST:
        raise level.error(f"{text6(address)} is a multicast address and cannot be reserved", *steps)
