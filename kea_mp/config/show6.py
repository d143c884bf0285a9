"""What config-get shows of DHCPv6 alone.

Runs in: any
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kea_mp.config.keys6 import TABLES6
from kea_mp.config.networks import without_blanks
from kea_mp.config.options import OptionEncoder
from kea_mp.config.prefixes6 import ADDRESS_BITS
from kea_mp.config.scope import Json
from kea_mp.config.show import Display, renamed
from kea_mp.values import address6, text6


@dataclass(frozen=True, slots=True)
class Display6(Display):
    @staticmethod
    def of(encoder: OptionEncoder) -> Display6:
        return Display6(encoder, TABLES6, ("valid-lifetime", "preferred-lifetime"), ADDRESS_BITS)

    def address(self, text: str) -> int:
        return int.from_bytes(address6(text), "big")

    def text(self, address: int) -> str:
        return text6(address.to_bytes(16, "big"))

    def top(self, configured: Json) -> Json:
        result = Display.top(self, configured)
        for subnet in result["subnet6"]:  # those of a shared network inherit it
            subnet.setdefault("rapid-commit", False)
        identifier: str = result["server-id"]["identifier"]
        result["server-id"]["identifier"] = "".join(identifier.split()).upper()
        return result

    def network(self, item: Json, outer: Json) -> Json:
        result = Display.network(self, item, outer)
        result.setdefault("rapid-commit", False)
        return _without_empty(result)

    def subnet(self, item: Json, outer: Json) -> Json:
        result = Display.subnet(self, item, outer)
        result["subnet"] = self._prefix(result["subnet"])
        pools = sorted(item.get("pd-pools", ()), key=lambda pool: self.address(pool["prefix"]))
        result["pd-pools"] = [self.pd_pool(pool) for pool in pools]
        return _without_empty(result)

    def pd_pool(self, item: Json) -> Json:
        result = self.pool(item)
        if not result.get("excluded-prefix-len"):
            result.pop("excluded-prefix", None)
            result.pop("excluded-prefix-len", None)
        for name in ("prefix", "excluded-prefix"):
            if name in result:
                result[name] = self.text(self.address(result[name]))
        return result

    def reservation(self, item: Json) -> Json:
        result: dict[str, Any] = {"hostname": "", "client-classes": [], **renamed(item)}
        result["ip-addresses"] = [self.text(self.address(text)) for text in item.get("ip-addresses", ())]
        result["prefixes"] = [self._prefix(text) for text in item.get("prefixes", ())]
        excluded = result.pop("excluded-prefixes", ())
        if any(excluded):
            result["excluded-prefixes"] = [text and self._prefix(text) for text in excluded]
        return {**result, "option-data": self.options(item)}

    def client_class(self, item: Json) -> Json:
        return {**renamed(item), "option-data": self.options(item)}

    def _prefix(self, text: str) -> str:
        address_text, _, length = without_blanks(text).partition("/")
        return f"{self.text(self.address(address_text))}/{int(length)}"


def _without_empty(result: Json) -> Json:
    return {name: value for name, value in result.items() if name != "interface-id" or value}
