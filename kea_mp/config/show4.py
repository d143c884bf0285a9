"""What config-get shows of DHCPv4 alone.

Runs in: any
"""

from __future__ import annotations

from dataclasses import dataclass

from kea_mp.config.keys4 import TABLES4
from kea_mp.config.networks import without_blanks
from kea_mp.config.options import OptionEncoder
from kea_mp.config.scope import Json
from kea_mp.config.show import Display, renamed
from kea_mp.values import quick4, text4

_BOOT_DEFAULTS = {"next-server": "0.0.0.0", "server-hostname": "", "boot-file-name": ""}


@dataclass(frozen=True, slots=True)
class Display4(Display):
    @staticmethod
    def of(encoder: OptionEncoder) -> Display4:
        return Display4(encoder, TABLES4, ("valid-lifetime",), 32)

    def address(self, text: str) -> int:
        return quick4(text)

    def text(self, address: int) -> str:
        return text4(address)

    def subnet(self, item: Json, outer: Json) -> Json:
        result = Display.subnet(self, item, outer)
        result["subnet"] = without_blanks(result["subnet"])
        for name in ("4o6-interface", "4o6-interface-id", "4o6-subnet"):
            result.setdefault(name, "")
        return result

    def reservation(self, item: Json) -> Json:
        result = {**_BOOT_DEFAULTS, "hostname": "", "client-classes": [], **renamed(item)}
        return {**result, "option-data": self.options(item)}

    def client_class(self, item: Json) -> Json:
        result = {**_BOOT_DEFAULTS, **renamed(item)}
        result["option-def"] = [self._definition(definition) for definition in item.get("option-def", ())]
        return {**result, "option-data": self.options(item, result["option-def"])}
