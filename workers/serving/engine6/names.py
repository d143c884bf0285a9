"""Client FQDN (option 39) in DHCPv6: what the client gets back and what its leases keep.

Kea's rules for a server that sends no DNS updates, which both families share (`client_names`). In DHCPv6 a client that
sends no FQDN gets none; a name that ends up empty is made from the first address in a REPLY, in an ADVERTISE it stays
empty.

Runs in: serving
"""

from __future__ import annotations

from typing import NamedTuple

from kea_mp.config.model import Ddns
from kea_mp.config.model6 import Pool6
from kea_mp.dhcp.message6 import Option6
from kea_mp.dhcp.names import FLAG6_N, FLAG6_O, Fqdn6, parse_fqdn6
from kea_mp.errors import WireError
from kea_mp.leases.model import NA
from kea_mp.values import text6
from workers.serving.engine.client_names import adjusted, generated, qualified
from workers.serving.engine6.context import Exchange6


class Names6(NamedTuple):
    """fqdn: payload of option 39 of the reply, None: not sent. stored: for all leases of the exchange. made: for the
    lease at the first address instead, "" when no name was made."""

    fqdn: bytes | None
    stored: str
    made: str = ""


NO_NAMES6 = Names6(None, "")


def client_names6(x: Exchange6, address: bytes, makes_names: bool) -> Names6:
    """The names for this client by the settings of the pool of its first address, or of its subnet. address: the first
    of the first IA_NA, b"" if it has none. makes_names: the answer is one in which names are made."""
    payload = x.message.option(Option6.CLIENT_FQDN)
    host = x.host() if x.hosts else None
    reserved = host.hostname if host is not None else ""
    if payload is None:
        return Names6(None, reserved) if reserved else NO_NAMES6
    try:
        fqdn = parse_fqdn6(payload, x.know.config.compatibility.lenient_option_parsing)
    except WireError:
        return Names6(None, reserved)
    return _with_fqdn(fqdn, reserved, _rules(x, address), address if makes_names else b"")


def _rules(x: Exchange6, address: bytes) -> Ddns:
    plan = x.plan
    if plan is None:
        return Ddns()
    if address and plan.pools_ddns:
        pool = plan.pool_at(NA, address)
        if isinstance(pool, Pool6) and pool.ddns is not None:
            return pool.ddns
    return plan.ddns


def _with_fqdn(fqdn: Fqdn6, reserved: str, rules: Ddns, address: bytes) -> Names6:
    name = qualified(reserved, rules.qualifying_suffix, True) if reserved else adjusted(fqdn, rules)
    if name is None:
        return NO_NAMES6
    stored = name.lower()
    made = generated(text6(address), rules, True).lower() if not stored and address else ""
    told = made or stored
    try:
        answer = Fqdn6(FLAG6_N | (FLAG6_O if fqdn.s else 0), told.removesuffix("."), bool(told)).pack()
    except ValueError:  # cleaning may leave what is no name: Kea then answers without the option
        return NO_NAMES6
    return Names6(answer, stored, made)
