"""Configured options of a reply, by Kea's rules, packed once per combination and kept.

Kea sends options in ascending order of code (after the message type, and relay information last), so a reply is made
of ready pieces between the few options that differ from client to client: `Template`.

Which options: those of the request list (55) and always-send, less never-send, each from the first level that has it:
reservation, pool, subnet, shared network, classes in their order, global. Router, name servers, domain name and server
identifier need not be asked for. Options of enterprises (124, 125) are found by enterprise number.

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from kea_mp.config.model import Config4, Host4, OptionData, OptionSet
from kea_mp.dhcp.message4 import pack_option
from kea_mp.values import packed4
from workers.serving.engine.agent import parts_of
from workers.serving.engine.classes import Classes
from workers.serving.engine.plan import SubnetPlan

MOST_KEPT = 8192  #: templates; about 1 kB each

SUBNET_MASK, HOST_NAME, LEASE_TIME, SERVER_ID, RENEWAL, REBINDING, CLIENT_ID = 1, 12, 51, 54, 58, 59, 61
FQDN, AGENT, V6_ONLY, SELECTION, VIVCO, VIVSO = 81, 82, 108, 118, 124, 125
BASIC = (3, 6, 15, SERVER_ID)  #: sent when configured, asked for or not
CABLE_LABS, CABLE_LABS_REQUESTED = 4491, 1  #: DOCSIS clients have a request list of their own in option 125
OWN = (HOST_NAME, LEASE_TIME, RENEWAL, REBINDING, CLIENT_ID, FQDN, AGENT, SELECTION)  #: the reply's, if it has them


class Template(NamedTuple):
    """a … g: packed options between the codes 12, 51, 58/59, 61, 81 and 118. own: configured options that stand in
    for one of `OWN` when the reply has none itself. has_v6_only: option 108 is in it. siaddr, sname, file: header.
    plain: finished options of replies that have of `OWN` only the times, by these and the message type."""

    a: bytes
    b: bytes
    c: bytes
    d: bytes
    e: bytes
    f: bytes
    g: bytes
    own: dict[int, bytes]
    has_v6_only: bool
    siaddr: int
    sname: bytes
    file: bytes
    plain: dict[tuple[int, bytes, bytes], bytes]


class Wanted(NamedTuple):
    """What a template depends on. pool: index or -1. asked: option 55. vendors: options 124 and 125 as received.
    lease: the reply has a lease (and so a subnet mask). local: our address, the server identifier."""

    plan: SubnetPlan | None
    pool: int
    classes: tuple[str, ...]
    host: int
    asked: bytes
    vivco: bytes
    vivso: bytes
    lease: bool
    local: int


Key = tuple[SubnetPlan | None, int, tuple[str, ...], int, bytes, bytes, bytes, bool, int]


class OptionBook:
    """Makes templates and keeps them."""

    __slots__ = ("_config", "_kept")

    def __init__(self, config: Config4) -> None:
        self._config = config
        self._kept: dict[Key, Template] = {}

    def template(self, key: Key, classes: Classes, host: Host4 | None) -> Template:
        """key: the fields of a `Wanted` (a plain tuple is made much faster)."""
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            found = self._kept[key] = self._make(Wanted(*key), classes, host)
        return found

    def _make(self, wanted: Wanted, classes: Classes, host: Host4 | None) -> Template:
        levels = self._levels(wanted, classes, host)
        chosen = _chosen(wanted, classes, levels) if levels else {}
        chosen.setdefault(SERVER_ID, pack_option(SERVER_ID, packed4(wanted.local)))
        if wanted.lease and wanted.plan is not None:
            chosen[SUBNET_MASK] = pack_option(SUBNET_MASK, packed4(wanted.plan.mask))
        siaddr, sname, file = fixed_fields(wanted.plan, classes, host)
        own = {code: chosen.pop(code) for code in OWN if code in chosen}
        a, b, c, d, e, f, g = (_between(chosen, low, high) for low, high in _EDGES)
        return Template(a, b, c, d, e, f, g, own, V6_ONLY in chosen, siaddr, sname, file, {})

    def _levels(self, wanted: Wanted, classes: Classes, host: Host4 | None) -> list[OptionSet]:
        """Option sets from the most specific to the global one. Without a subnet Kea sends none."""
        plan = wanted.plan
        if plan is None:
            return []
        levels = [host.options] if host is not None else []
        if wanted.pool >= 0:
            levels.append(plan.pools[wanted.pool].options)
        levels += plan.chain
        levels += [definition.options for definition in classes.defined]
        levels.append(self._config.options)
        return [level for level in levels if level]


_EDGES = ((0, 12), (12, 51), (51, 58), (59, 61), (61, 81), (82, 118), (118, 256))


def _chosen(wanted: Wanted, classes: Classes, levels: list[OptionSet]) -> dict[int, bytes]:
    """Code → the option as it is sent; for 124 and 125 possibly several in a row."""
    members = classes.members
    requested = set(wanted.asked) | flagged_codes(levels, "dhcp4", "always_send")
    requested -= flagged_codes(levels, "dhcp4", "never_send")
    chosen: dict[int, bytes] = {}
    for code in requested - {VIVCO, VIVSO}:
        _choose(chosen, levels, code, members)
    if VIVCO in requested:
        _choose_vivco(chosen, levels, members)
    _choose_vivso(chosen, levels, members, wanted, VIVSO in requested)
    for code in BASIC:
        if code not in chosen:
            _choose(chosen, levels, code, members)
    return chosen


def _choose(chosen: dict[int, bytes], levels: list[OptionSet], code: int, members: frozenset[str]) -> None:
    for level in levels:
        row = allowed(level.get("dhcp4", {}).get(code, ()), members)
        if row is not None:
            chosen[code] = pack_option(code, row.data)
            return


def _choose_vivco(chosen: dict[int, bytes], levels: list[OptionSet], members: frozenset[str]) -> None:
    """One option 124 for each enterprise, of the most specific level."""
    found: dict[bytes, bytes] = {}
    for level in levels:
        for row in level.get("dhcp4", {}).get(VIVCO, ()):
            if is_for(row, members):
                found.setdefault(row.data[:4], pack_option(VIVCO, row.data))
    if found:
        chosen[VIVCO] = b"".join(found.values())


def _choose_vivso(
    chosen: dict[int, bytes], levels: list[OptionSet], members: frozenset[str], wanted: Wanted, asked: bool
) -> None:
    """Option 125 for the enterprises of the configured ones (if asked for) and of the client, with the
    sub-options of the spaces vendor-<enterprise>."""
    found: dict[int, dict[int, bytes]] = {}
    if asked:
        for level in levels:
            for row in level.get("dhcp4", {}).get(VIVSO, ()):
                if is_for(row, members) and len(row.data) >= 4:
                    found.setdefault(int.from_bytes(row.data[:4], "big"), {})
    theirs = _enterprises(wanted.vivso)
    for enterprise in sorted({*found, *theirs, *_enterprises(wanted.vivco)}):
        codes = flagged_codes(levels, f"vendor-{enterprise}", "always_send")
        if enterprise == CABLE_LABS:
            for payload in theirs.get(enterprise, ()):
                codes.update(*(body for code, body in parts_of(payload) if code == CABLE_LABS_REQUESTED))
        parts = of_enterprise(levels, enterprise, codes, members, pack_option)
        if parts:
            found.setdefault(enterprise, {}).update(parts)
    if found:
        chosen[VIVSO] = b"".join(pack_option(VIVSO, _of_vendor(number, parts)) for number, parts in found.items())


def of_enterprise(
    levels: list[OptionSet],
    enterprise: int,
    codes: set[int],
    members: frozenset[str],
    pack: Callable[[int, bytes], bytes],
) -> dict[int, bytes]:
    """Code → the packed option, of those in the space of an enterprise. codes: those that are wanted."""
    space = f"vendor-{enterprise}"
    parts: dict[int, bytes] = {}
    for code in sorted(codes - flagged_codes(levels, space, "never_send")):
        for level in levels:
            row = allowed(level.get(space, {}).get(code, ()), members)
            if row is not None:
                parts[code] = pack(code, row.data)
                break
    return parts


def _between(chosen: dict[int, bytes], low: int, high: int) -> bytes:
    """The options with codes between the two, both excluded."""
    return b"".join(chosen[code] for code in sorted(chosen) if low < code < high)


def allowed(rows: Iterable[OptionData], members: frozenset[str]) -> OptionData | None:
    """Of several options of one code the one for this client: the first that is tagged with a class of it
    (option-data client-classes), else the last without any tag."""
    untagged: OptionData | None = None
    for row in rows:
        if not row.classes:
            untagged = row
        elif not members.isdisjoint(row.classes):
            return row
    return untagged


def is_for(row: OptionData, members: frozenset[str]) -> bool:
    """Whether a client of these classes may have the option."""
    return not row.classes or not members.isdisjoint(row.classes)


def flagged_codes(levels: list[OptionSet], space: str, flag: str) -> set[int]:
    """Codes of which some level has an option with this flag."""
    return {
        code
        for level in levels
        for code, rows in level.get(space, {}).items()
        if any(getattr(row, flag) for row in rows)
    }


def _enterprises(payload: bytes) -> dict[int, list[bytes]]:
    """Enterprise number → its data in option 124 or 125 of the client."""
    found: dict[int, list[bytes]] = {}
    for number, data in _blocks(payload):
        found.setdefault(number, []).append(data)
    return found


def _blocks(payload: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 < len(payload):
        stop = at + 5 + payload[at + 4]
        yield int.from_bytes(payload[at : at + 4], "big"), payload[at + 5 : stop]
        at = stop


def _of_vendor(enterprise: int, parts: dict[int, bytes]) -> bytes:
    body = b"".join(parts[code] for code in sorted(parts))
    return enterprise.to_bytes(4, "big") + bytes((len(body) & 0xFF,)) + body


def fixed_fields(plan: SubnetPlan | None, classes: Classes, host: Host4 | None) -> tuple[int, bytes, bytes]:
    """siaddr, sname, file: of the reservation, else the first class that has one, else the subnet's."""
    sources: list[tuple[int, str, str]] = []
    if host is not None:
        sources.append((host.next_server, host.server_hostname, host.boot_file_name))
    sources += [(row.next_server, row.server_hostname, row.boot_file_name) for row in classes.defined]
    if plan is not None:
        own = plan.parameters
        sources.append((own.next_server, own.server_hostname, own.boot_file_name))
    siaddr = next((row[0] for row in sources if row[0]), 0)
    sname = next((row[1] for row in sources if row[1]), "")
    file = next((row[2] for row in sources if row[2]), "")
    return siaddr, sname.encode(), file.encode()
