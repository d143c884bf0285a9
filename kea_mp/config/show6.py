"""What config-get shows of DHCPv6 alone. Kea writes IPv6 addresses anew, in their short form.

Runs in: any
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kea_mp.config.keys6 import TABLES6
from kea_mp.config.networks import without_blanks
from kea_mp.config.options import OptionEncoder
from kea_mp.config.scope import Json
from kea_mp.config.show import Display, renamed
from kea_mp.values import address6, text6


def _address(text: str) -> str:
    return text6(address6(text))


def _prefix(text: str) -> str:
    address_text, _, length = without_blanks(text).partition("/")
    return f"{_address(address_text)}/{int(length)}"


def _pool(text: str) -> str:
    if "/" in text:
        return _prefix(text)
    first, _, last = without_blanks(text).partition("-")
    return f"{_address(first)}-{_address(last)}"


@dataclass(frozen=True, slots=True)
class Display6(Display):
    @staticmethod
    def of(encoder: OptionEncoder) -> Display6:
        return Display6(encoder, TABLES6, ("valid-lifetime", "preferred-lifetime"))

    def top(self, configured: Json) -> Json:
        result = Display.top(self, configured)
        for subnet in result["subnet6"]:  # those of a shared network inherit it
            subnet.setdefault("rapid-commit", False)
        return result

    def network(self, item: Json, outer: Json) -> Json:
        result = Display.network(self, item, outer)
        result.setdefault("rapid-commit", False)
        return result

    def subnet(self, item: Json, outer: Json) -> Json:
        result = Display.subnet(self, item, outer)
        result["subnet"] = _prefix(result["subnet"])
        result["pd-pools"] = [self.pd_pool(pool) for pool in item.get("pd-pools", ())]
        return result

    def pool(self, item: Json) -> Json:
        result = Display.pool(self, item)
        return {**result, "pool": _pool(result["pool"])}

    def pd_pool(self, item: Json) -> Json:
        result = Display.pool(self, item)
        for name in ("prefix", "excluded-prefix"):
            if name in result:
                result[name] = _address(result[name])
        return result

    def reservation(self, item: Json) -> Json:
        result: dict[str, Any] = {"hostname": "", "client-classes": [], **renamed(item)}
        result["ip-addresses"] = [_address(text) for text in item.get("ip-addresses", ())]
        result["prefixes"] = [_prefix(text) for text in item.get("prefixes", ())]
        return {**result, "option-data": self.options(item)}

    def client_class(self, item: Json) -> Json:
        return {**renamed(item), "option-data": self.options(item)}
