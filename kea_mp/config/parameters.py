"""Parameters that global, shared network and subnet share, with inheritance and the checks between them.

Runs in: any
"""

from __future__ import annotations

import re
from typing import Any

from kea_mp.config import keys
from kea_mp.config.model import Ddns, Lifetime
from kea_mp.config.scope import Level

_DDNS_KEYS = frozenset(key.name for key in keys.DDNS) | {"ddns-use-conflict-resolution"}
_POSIX_CLASSES = {
    "alnum": "A-Za-z0-9", "alpha": "A-Za-z", "blank": r" \t", "cntrl": r"\x00-\x1f\x7f", "digit": "0-9",
    "graph": r"\x21-\x7e", "lower": "a-z", "print": r"\x20-\x7e", "punct": r"!-/:-@\[-`{-~", "space": r"\s",
    "upper": "A-Z", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_PARAMETERS = (
    ("calculate_tee_times", "calculate-tee-times"),
    ("t1_percent", "t1-percent"),
    ("t2_percent", "t2-percent"),
    ("cache_threshold", "cache-threshold"),
    ("reservations_global", "reservations-global"),
    ("reservations_in_subnet", "reservations-in-subnet"),
    ("reservations_out_of_pool", "reservations-out-of-pool"),
    ("allocator", "allocator"),
    ("store_extended_info", "store-extended-info"),
)
_DDNS = (
    ("send_updates", "ddns-send-updates"),
    ("override_no_update", "ddns-override-no-update"),
    ("override_client_update", "ddns-override-client-update"),
    ("replace_client_name", "ddns-replace-client-name"),
    ("generated_prefix", "ddns-generated-prefix"),
    ("qualifying_suffix", "ddns-qualifying-suffix"),
    ("update_on_renew", "ddns-update-on-renew"),
    ("hostname_char_replacement", "hostname-char-replacement"),
)


def sets_parameters(level: Level) -> bool:
    """Whether the map has any of the parameters that subnets inherit; without one, what holds outside holds here."""
    return not level.tables.network.isdisjoint(level.json)


def common_values(level: Level, inherited: Ddns | None) -> dict[str, Any]:
    """The fields of Parameters at this level. inherited: the outer level's names policy, None at the outermost one,
    which has Kea's defaults as its `outer`, so that every parameter is found."""
    values: dict[str, Any] = {field: level.find(name) for field, name in _PARAMETERS}
    _check_percents(level, values)
    renew, rebind = level.find("renew-timer"), level.find("rebind-timer")
    if renew is not None and rebind is not None and renew > rebind:
        text = f"the value of renew-timer {renew} is greater than the value of rebind-timer {rebind}, it is ignored"
        level.warn("DHCPSRV_CFGMGR_RENEW_GTR_REBIND", text)
    max_age = level.find("cache-max-age")
    if max_age == 0:  # said outright it turns caching off, as a lease of any age is too old
        values["cache_threshold"] = 0.0
    return {
        **values,
        "renew_timer": renew,
        "rebind_timer": rebind,
        "cache_max_age": max_age or 0,
        "valid_lifetime": inherited_lifetime(level, "valid-lifetime"),
        "ddns": ddns(level) if inherited is None or sets_ddns(level) else inherited,
    }


def inherited_lifetime(level: Level, name: str) -> Lifetime | None:
    """The lifetime `name` with its min- and max-, each inherited on its own, as Kea does before it checks them; None
    when none of them is given."""
    default, low, high = (level.find(prefix + name) for prefix in ("", "min-", "max-"))
    return _lifetime(level, name, low, default, high)


def own_lifetime(level: Level, name: str) -> Lifetime | None:
    """The same of what this map sets for itself."""
    default, low, high = (level.json.get(prefix + name) for prefix in ("", "min-", "max-"))
    return _lifetime(level, name, low, default, high)


def _lifetime(level: Level, name: str, low: int | None, default: int | None, high: int | None) -> Lifetime | None:
    """One of the three is enough, except min and max without default."""
    if default is None and low is not None and high is not None:
        raise level.error(f"min-{name} and max-{name} are given without {name}")
    default = next((value for value in (default, low, high) if value is not None), None)
    if default is None:
        return None
    low, high = (default if low is None else low), (default if high is None else high)
    if low <= default <= high:
        return Lifetime(default, low, high)
    given = next((key for key in (f"min-{name}", f"max-{name}", name) if key in level.json), "")
    problem = f"min-{name} ({low}), {name} ({default}), max-{name} ({high}) must not descend"
    raise level.error(problem, *((given,) if given else ()))


def _check_percents(level: Level, values: dict[str, Any]) -> None:
    if not values["calculate_tee_times"]:
        return
    for name in ("t1-percent", "t2-percent"):
        percent = level.find(name)
        if not 0.0 < percent < 1.0:
            raise level.error(f"{percent} is out of range: must be above 0.0 and below 1.0", name)
    if values["t1_percent"] >= values["t2_percent"]:
        name = next((n for n in ("t1-percent", "t2-percent") if n in level.json), "calculate-tee-times")
        raise level.error(
            f"t1-percent ({values['t1_percent']}) must be less than t2-percent ({values['t2_percent']})", name
        )


def ddns(level: Level) -> Ddns:
    """The ddns-* and hostname-char-* parameters that hold at this level."""
    check_ttl(level)
    check_conflict_resolution(level)
    return Ddns(
        hostname_char_set=_char_set(level),
        **{field: level.find(name) for field, name in _DDNS},
    )


def sets_ddns(level: Level) -> bool:
    """Whether the map has a ddns parameter of its own (most have none)."""
    return not _DDNS_KEYS.isdisjoint(level.json)


def check_ttl(level: Level) -> None:
    """Lifetimes of DNS records have no effect while updates are not sent, but must make sense as in Kea."""
    json = level.json
    if "ddns-ttl" in json:
        for name in ("ddns-ttl-percent", "ddns-ttl-min", "ddns-ttl-max"):
            if name in json:
                raise level.error(f"{name} and ddns-ttl must not both be given", name)
    if "ddns-ttl-max" in json and json["ddns-ttl-max"] < json.get("ddns-ttl-min", 0):
        raise level.error("ddns-ttl-max must not be below ddns-ttl-min", "ddns-ttl-max")


def check_conflict_resolution(level: Level) -> None:
    old, new = "ddns-use-conflict-resolution", "ddns-conflict-resolution-mode"
    if old in level.json:
        if new in level.json:
            raise level.error(f"{old} and {new} must not both be given", old)
        level.warn(level.tables.family.message("CONFIG_SYNTAX_WARNING"), f"{old} is deprecated: use {new}", old)


def _char_set(level: Level) -> str:
    """hostname-char-set as a regular expression of Python: POSIX classes are spelt out."""
    holder = level.holder("hostname-char-set")
    if holder is None:
        return ""
    text: str = holder.json["hostname-char-set"]
    for name, characters in _POSIX_CLASSES.items():
        text = text.replace(f"[:{name}:]", characters)
    if "[:" in text:
        raise holder.error("not a valid regular expression: unknown character class", "hostname-char-set")
    try:
        re.compile(text)
    except re.error as error:
        raise holder.error(f"not a valid regular expression: {error}", "hostname-char-set") from error
    return text
