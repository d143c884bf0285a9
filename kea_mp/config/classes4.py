"""Client classes.

Runs in: any
"""

from __future__ import annotations

from kea_mp.config.model import ClientClass4
from kea_mp.config.options4 import OptionEncoder
from kea_mp.config.parameters4 import own_lifetime
from kea_mp.config.scope import Level

_BUILT_IN = ("ALL", "KNOWN", "UNKNOWN", "BOOTP")
_SPECIAL = ("DROP", "REJECT")


def classes(top: Level, encoder: OptionEncoder) -> tuple[ClientClass4, ...]:
    """client-classes in their order."""
    found: dict[str, ClientClass4] = {}
    for level in top.items("client-classes"):
        if level.json["name"] in found:
            raise level.error(f"there is another class {level.json['name']!r}", "name")
        found[level.json["name"]] = _class(level, encoder)
    return tuple(found.values())


def _class(level: Level, encoder: OptionEncoder) -> ClientClass4:
    json = level.json
    additional = _only_in_additional_list(level)
    if additional and json["name"] in _BUILT_IN + _SPECIAL:
        raise level.error(f"class {json['name']} cannot be only in the additional list", "name")
    next_server = level.address("next-server") if "next-server" in json else 0
    if next_server == 0xFFFFFFFF:
        raise level.error("must not be the broadcast address", "next-server")
    lifetime = own_lifetime(level)
    if additional and (lifetime or "offer-lifetime" in json):
        level.warn("DHCPSRV_CLASS_WITH_ADDITIONAL_AND_LIFETIMES", "its lifetimes have no effect")
    return ClientClass4(
        name=json["name"],
        options=encoder.for_class(level).options(level),
        next_server=next_server,
        server_hostname=json.get("server-hostname", ""),
        boot_file_name=json.get("boot-file-name", ""),
        valid_lifetime=lifetime,
        offer_lifetime=json.get("offer-lifetime"),
        only_in_additional_list=additional,
        user_context=level.user_context(),
    )


def _only_in_additional_list(level: Level) -> bool:
    old, new = "only-if-required", "only-in-additional-list"
    if old not in level.json:
        return bool(level.json.get(new, False))
    if new in level.json:
        raise level.error(f"{old} and {new} must not both be given", old)
    level.warn("DHCPSRV_ONLY_IF_REQUIRED_DEPRECATED", f"use {new} instead", old)
    return bool(level.json[old])
