"""Host name (option 12) and client FQDN (option 81): what the client gets back and what the lease keeps.

Kea's rules for a server that sends no DNS updates: the FQDN flags say so, the names are cleaned and qualified all the
same. A name that ends up empty is made from the address (ddns-generated-prefix). Names are text; the
bytes of a host name are taken one to one (latin-1).

Runs in: serving
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from kea_mp.config.model import Ddns
from kea_mp.dhcp.names import FLAG_E, FLAG_N, FLAG_O, Fqdn4, Fqdn6, name_to_wire, parse_fqdn4
from kea_mp.errors import WireError
from kea_mp.values import text4
from workers.serving.engine.context import Exchange
from workers.serving.engine.plan import SUPPLIES_MISSING

BLANKS = " \t\n"
REPLACES_GIVEN = ("always", "when-present")
GENERATE = "."  #: the host name for which one is to be made


class Names(NamedTuple):
    """hostname, fqdn: payloads of option 12 and 81 of the reply, None: not sent. stored: for the lease.
    asked: what would be stored if nothing were generated, for comparing with an older lease."""

    hostname: bytes | None
    fqdn: bytes | None
    stored: str
    asked: str


NO_NAMES = Names(None, None, "", "")


def client_names(x: Exchange, address: int) -> Names:
    """The names for this client at this address, by the settings of its pool or subnet."""
    plan = x.plan
    assert plan is not None
    options = x.options
    nameless = 81 not in options and 12 not in options
    if nameless and not plan.supplies_names and not x.hosts:
        return NO_NAMES
    pool = plan.pool_at(address)
    rules = plan.ddns if pool is None or pool.ddns is None else pool.ddns
    host = x.host()
    reserved = host.hostname if host is not None else ""
    if nameless and not reserved and rules.replace_client_name not in SUPPLIES_MISSING:
        return NO_NAMES
    fqdn = _parsed(options.get(81), x.know.config.compatibility.lenient_option_parsing)
    if fqdn is not None:
        return _with_fqdn(fqdn, reserved, rules, address)
    return _with_hostname(options.get(12), reserved, rules, address)


def _parsed(payload: bytes | None, lenient: bool) -> Fqdn4 | None:
    if payload is None:
        return None
    try:
        return parse_fqdn4(payload, lenient)
    except WireError:
        return None


def _with_fqdn(fqdn: Fqdn4, reserved: str, rules: Ddns, address: int) -> Names:
    name = qualified(reserved, rules.qualifying_suffix, True) if reserved else adjusted(fqdn, rules)
    if name is None:
        return NO_NAMES
    asked = name.lower()
    stored = asked or generated(text4(address), rules, True)
    flags = FLAG_N | (FLAG_O if fqdn.s else 0) | (fqdn.flags & FLAG_E)
    try:
        reply = Fqdn4(flags, stored.lower().removesuffix("."), True, fqdn.rcode1, fqdn.rcode2).pack()
    except ValueError:  # cleaning may leave what is no name: Kea then answers without the option
        return NO_NAMES
    return Names(None, reply, stored, asked)


def adjusted(fqdn: Fqdn4 | Fqdn6, rules: Ddns) -> str | None:
    """The client's name, cleaned and complete, with final dot. "": make one. None: nothing is left of it."""
    if rules.replace_client_name in REPLACES_GIVEN or not fqdn.name:
        return ""
    name = fqdn.name + "."
    if rules.hostname_char_set:
        labels = [scrubbed(label, rules) for label in _raw_labels(fqdn.name)]
        name = ".".join((*labels, ""))
        if name in ("", "."):
            return None
    return name if fqdn.full else qualified(name.removesuffix("."), rules.qualifying_suffix, True)


def _raw_labels(name: str) -> list[str]:
    """Labels without escapes."""
    wire, at = name_to_wire(name), 0
    labels: list[str] = []
    while wire[at]:
        labels.append(wire[at + 1 : at + 1 + wire[at]].decode("latin-1"))
        at += 1 + wire[at]
    return labels


def _with_hostname(payload: bytes | None, reserved: str, rules: Ddns, address: int) -> Names:
    if reserved:
        name: str | None = qualified(reserved, rules.qualifying_suffix, False).lower()
    elif payload is None:
        name = GENERATE if rules.replace_client_name in SUPPLIES_MISSING else None
    else:
        name = _cleaned(payload.rstrip(b"\0").decode("latin-1").strip(BLANKS), rules)
    if name is None:
        return NO_NAMES
    if name == GENERATE:
        made = generated(text4(address), rules, False)
        return Names(made.encode("latin-1", "replace"), None, made, "")
    return Names(name.encode("latin-1", "replace"), None, name, name)


def _cleaned(name: str, rules: Ddns) -> str | None:
    labels = label_count(name)
    if labels == 0:
        return None
    if rules.replace_client_name in REPLACES_GIVEN or labels < 2:
        return GENERATE
    if rules.hostname_char_set:
        name = scrubbed(name, rules)
        if not name:
            return None
    name = name.lower()
    return qualified(name, rules.qualifying_suffix, False) if labels == 2 else name


@lru_cache(maxsize=4096)
def label_count(name: str) -> int:
    """Labels of a name with the root label counted, as Kea counts; 0: empty or no name."""
    if not name:
        return 0
    try:
        wire, labels, at = name_to_wire(name.encode("latin-1")), 1, 0
    except ValueError:
        return 0
    while wire[at]:
        labels, at = labels + 1, at + 1 + wire[at]
    return labels


def qualified(name: str, suffix: str, final_dot: bool) -> str:
    """The name with ddns-qualifying-suffix, unless it is complete or ends in it; with or without final dot."""
    if suffix and not name.endswith("."):
        tail = suffix.removesuffix(".")
        if not (name == tail or name.endswith("." + tail)):
            name = f"{name}.{suffix}"
    if final_dot:
        return name if name.endswith(".") else name + "."
    return name.removesuffix(".")


def generated(address: str, rules: Ddns, final_dot: bool) -> str:
    """A name made from an address: myhost-192-0-2-1, myhost-2001-db8--1."""
    name = f"{rules.generated_prefix}-{address.replace('.', '-').replace(':', '-')}"
    if name.endswith("-"):
        name += "0"
    return qualified(name, rules.qualifying_suffix, final_dot)


def scrubbed(name: str, rules: Ddns) -> str:
    """hostname-char-set: what matches is replaced by hostname-char-replacement, in which "$&" is what matched."""
    replacement = rules.hostname_char_replacement
    if "$" in replacement:
        return _pattern(rules.hostname_char_set).sub(lambda found: _filled(replacement, found), name)
    return _pattern(rules.hostname_char_set).sub(lambda _: replacement, name)


def _filled(replacement: str, found: re.Match[str]) -> str:
    """ECMAScript's replacement marks, as far as a set of characters can have them: $& and $$."""
    return _MARK.sub(lambda mark: found.group(0) if mark.group(0) == "$&" else "$", replacement)


_MARK = re.compile(r"\$[&$]")


@lru_cache(maxsize=256)
def _pattern(expression: str) -> re.Pattern[str]:
    return re.compile(python_pattern(expression))


_POSIX_CLASSES = {
    "alpha": "A-Za-z", "digit": "0-9", "alnum": "A-Za-z0-9", "upper": "A-Z", "lower": "a-z", "space": r"\s",
    "blank": r" \t", "punct": r"!-/:-@\[-`{-~", "xdigit": "0-9A-Fa-f", "cntrl": r"\x00-\x1f\x7f", "print": r"\x20-\x7e",
    "graph": r"\x21-\x7e",
}  # fmt: skip

_BRACKET = re.compile(r"\[(\^?)(\]?(?:\[:\w+:\]|[^\]])*)\]")
_INSIDE = re.compile(r"\[:(\w+):\]|\\|\[|\]")


def python_pattern(expression: str) -> str:
    """A POSIX extended expression for Python: in brackets a backslash is itself, and there are named classes."""

    def inside(found: re.Match[str]) -> str:
        name = found.group(1)
        return _POSIX_CLASSES.get(name, "") if name else "\\" + found.group(0)

    return _BRACKET.sub(lambda found: f"[{found.group(1)}{_INSIDE.sub(inside, found.group(2))}]", expression)
