"""Configured options of a DHCPv6 reply, by Kea's rules, packed once per combination and kept.

Kea sends options in ascending order of code, so a reply is made of ready pieces between the few options that differ
from client to client: `Template6`.

Which options: those of the ORO (6) and always-send, less never-send, each from the first level that has it:
reservation, pools, subnet, shared network, classes in their order, global. Options of enterprises (16, 17) are found by
enterprise number.

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kea_mp.config.model import OptionData, OptionSet
from kea_mp.config.model6 import ClientClass6, Config6, Host6
from kea_mp.dhcp.message6 import IA_NA, IA_PD, IA_TA, STATUS_CODE, pack_option6
from kea_mp.dhcp.special import SkippedRest
from kea_mp.dhcp.special6 import parse_codes, parse_vendor_opts
from workers.serving.engine.classes import Classes
from workers.serving.engine.options import allowed, flagged_codes, is_for, of_enterprise
from workers.serving.engine6.plan import AnyPool6, SubnetPlan6

MOST_KEPT = 8192  #: templates; about 1 kB each

SPACE = "dhcp6"
CLIENT_ID, SERVER_ID, ORO, RAPID_COMMIT, FQDN = 1, 2, 6, 14, 39
VENDOR_CLASS, VENDOR_OPTS = 16, 17
CABLE_LABS, CABLE_LABS_REQUESTED = 4491, 1  #: DOCSIS clients have a request list of their own in option 17
OWN = (CLIENT_ID, SERVER_ID, IA_NA, IA_TA, STATUS_CODE, RAPID_COMMIT, IA_PD, FQDN)  #: the reply's, if it has them


class Template6(NamedTuple):
    """a … d: packed options between the codes 0, 13, 14, 25, 39 and behind. own: configured options that stand in
    for one of `OWN` when the reply has none itself."""

    a: bytes
    b: bytes
    c: bytes
    d: bytes
    own: dict[int, bytes]


class Wanted6(NamedTuple):
    """What the client says about options. asked: ORO; vendor_class, vendor_opts: options 16 and 17 as received."""

    plan: SubnetPlan6 | None
    asked: bytes
    vendor_class: tuple[bytes, ...]
    vendor_opts: tuple[bytes, ...]


#: What a template depends on: the subnet, the pools that the client gets something from by id(), class names, id() of
#: the reservation, ORO, options 16 and 17 as received. A plain tuple is made much faster than a named one.
Key6 = tuple[SubnetPlan6 | None, tuple[int, ...], tuple[str, ...], int, bytes, tuple[bytes, ...], tuple[bytes, ...]]


class OptionBook6:
    """Makes templates and keeps them. server_id: option 2, packed."""

    __slots__ = ("_config", "_kept", "server_id")

    def __init__(self, config: Config6, server_duid: bytes) -> None:
        self._config = config
        self._kept: dict[Key6, Template6] = {}
        self.server_id = pack_option6(SERVER_ID, server_duid)

    def template(
        self, key: Key6, pools: Sequence[AnyPool6], classes: Classes[ClientClass6], host: Host6 | None
    ) -> Template6:
        """The template for a key. pools, classes, host: what the key names."""
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            found = self._kept[key] = self._make(Wanted6(key[0], *key[4:]), pools, classes, host)
        return found

    def _make(
        self, wanted: Wanted6, pools: Sequence[AnyPool6], classes: Classes[ClientClass6], host: Host6 | None
    ) -> Template6:
        levels = self._levels(wanted.plan, pools, classes, host)
        chosen = _chosen(wanted, classes.members, levels) if levels else {}
        own = {code: chosen.pop(code) for code in OWN if code in chosen}
        a, b, c, d = (_between(chosen, low, high) for low, high in _EDGES)
        return Template6(a, b, c, d, own)

    def _levels(
        self,
        plan: SubnetPlan6 | None,
        pools: Sequence[AnyPool6],
        classes: Classes[ClientClass6],
        host: Host6 | None,
    ) -> list[OptionSet]:
        """Option sets from the most specific to the global one."""
        levels = [host.options] if host is not None else []
        if plan is not None:
            levels += [pool.options for pool in pools]
            levels += plan.chain
        levels += [definition.options for definition in classes.defined]
        levels.append(self._config.options)
        return [level for level in levels if level]


_EDGES = ((0, STATUS_CODE), (RAPID_COMMIT, IA_PD), (IA_PD, FQDN), (FQDN, 1 << 16))


def _chosen(wanted: Wanted6, members: frozenset[str], levels: list[OptionSet]) -> dict[int, bytes]:
    """Code → the option as it is sent; for 16 and 17 possibly several in a row."""
    requested = set(parse_codes(wanted.asked)) | flagged_codes(levels, SPACE, "always_send")
    requested -= flagged_codes(levels, SPACE, "never_send")
    chosen: dict[int, bytes] = {}
    for code in requested - {VENDOR_CLASS, VENDOR_OPTS}:
        for level in levels:
            row = allowed(level.get(SPACE, {}).get(code, ()), members)
            if row is not None:
                chosen[code] = pack_option6(code, row.data)
                break
    if VENDOR_CLASS in requested:
        classes = _by_enterprise(levels, VENDOR_CLASS, members)
        if classes:
            chosen[VENDOR_CLASS] = b"".join(pack_option6(VENDOR_CLASS, row.data) for row in classes.values())
    if wanted.plan is not None:
        _choose_vendor_opts(chosen, levels, members, wanted, VENDOR_OPTS in requested)
    return chosen


def _by_enterprise(levels: list[OptionSet], code: int, members: frozenset[str]) -> dict[int, OptionData]:
    """Enterprise → its option of this code, of the most specific level."""
    found: dict[int, OptionData] = {}
    for level in levels:
        for row in level.get(SPACE, {}).get(code, ()):
            if is_for(row, members) and len(row.data) >= 4:
                found.setdefault(int.from_bytes(row.data[:4], "big"), row)
    return found


def _choose_vendor_opts(
    chosen: dict[int, bytes], levels: list[OptionSet], members: frozenset[str], wanted: Wanted6, asked: bool
) -> None:
    """Option 17 for the enterprises of the configured ones (if asked for) and of the client, with the sub-options of
    the spaces vendor-<enterprise>."""
    found: dict[int, dict[int, bytes]] = {}
    if asked:
        found = {enterprise: {} for enterprise in _by_enterprise(levels, VENDOR_OPTS, members)}
    theirs = _requested_by(wanted.vendor_opts)
    named = {int.from_bytes(payload[:4], "big") for payload in wanted.vendor_class if len(payload) >= 4}
    for enterprise in sorted({*found, *theirs, *named}):
        codes = flagged_codes(levels, f"vendor-{enterprise}", "always_send") | theirs.get(enterprise, set())
        parts = of_enterprise(levels, enterprise, codes, members, pack_option6)
        if parts:
            found.setdefault(enterprise, {}).update(parts)
    if found:
        chosen[VENDOR_OPTS] = b"".join(
            pack_option6(VENDOR_OPTS, enterprise.to_bytes(4, "big") + b"".join(parts[code] for code in sorted(parts)))
            for enterprise, parts in found.items()
        )


def _requested_by(payloads: Iterable[bytes]) -> dict[int, set[int]]:
    """Enterprise → the sub-options that the client asks for, in its options 17. Only DOCSIS has a way to ask."""
    found: dict[int, set[int]] = {}
    for payload in payloads:
        try:
            enterprise, options = parse_vendor_opts(payload)
        except SkippedRest:
            continue
        codes = found.setdefault(enterprise, set())
        asked = options.get(CABLE_LABS_REQUESTED, [b""])[0] if enterprise == CABLE_LABS else b""
        if not len(asked) % 2:
            codes.update(parse_codes(asked))
    return found


def _between(chosen: dict[int, bytes], low: int, high: int) -> bytes:
    """The options with codes between the two, both excluded."""
    return b"".join(chosen[code] for code in sorted(chosen) if low < code < high)
