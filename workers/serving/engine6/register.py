"""ADDR-REG-INFORM (RFC 9686): a client says which address it has chosen itself, and the server notes it.

Runs in: serving
"""

from __future__ import annotations

from kea_mp.dhcp.message6 import ADDR_REG_REPLY, IA_NA, IA_PD, IA_TA, IAADDR, pack_option6
from kea_mp.errors import BackendDown
from kea_mp.leases.model import NA, REGISTERED, Lease6
from kea_mp.leases.store import ClaimLease, Failed, Stored
from kea_mp.values import text6
from workers.serving.engine.packet import Drop
from workers.serving.engine6 import trace
from workers.serving.engine6.admit import RECEIVE_DROP
from workers.serving.engine6.assign import Answering6, settle
from workers.serving.engine6.association import asked_for, row_at
from workers.serving.engine6.context import Exchange6
from workers.serving.engine6.names import client_names6
from workers.serving.engine6.plan import ADDRESS_BITS
from workers.serving.engine6.reply import answer6, template_for

MOST_TRIES = 3
_DISABLED = "DHCP6_ADDR6_REGISTER_DISABLED_DROP"
_FAIL = "DHCP6_ADDR_REG_INFORM_FAIL"


def register(x: Exchange6) -> Answering6:
    """The address is kept as registered for the lifetimes that the client tells."""
    if not x.know.config.allow_address_registration:
        return Drop(RECEIVE_DROP, _DISABLED, x.statistics)
    if x.plan is None:
        return Drop("", "DHCP6_SUBNET_SELECTION_FAILED", x.statistics)
    relays = x.message.relays
    address = relays[-1].peer if relays else x.packet.source
    problem = _problem(x, address)
    if problem:
        return _refused(x, address, problem)
    for _ in range(MOST_TRIES):
        row = yield from row_at(x, NA, address)
        if row is not None and row.state != REGISTERED:
            return _refused(x, address, "already in use")
        if address in x.know.plan.reserved:
            return _refused(x, address, "reserved")
        if row is not None and row.duid != x.duid:
            text = "DHCP6_ADDR_REG_INFORM_CLIENT_CHANGE %s: %s was registered by another client"
            trace.packets.info(text, trace.label6(x.message), text6(address))
        lease, fqdn = _registered(x, address)
        (result,) = yield from asked_for([ClaimLease(lease, row)])
        if type(result) is Failed:
            raise BackendDown(result.reason)
        if type(result) is Stored:
            settle(x)
            option = pack_option6(IAADDR, x.message.options[IAADDR][0])
            return answer6(x, ADDR_REG_REPLY, template_for(x), addresses=option, fqdn=fqdn)
    return Drop("", "DHCP6_REGISTERED_LEASE_UPDATE_FAIL", x.statistics)


def _problem(x: Exchange6, address: bytes) -> str:
    """Why the message is no registration, or ""."""
    options, plan = x.message.options, x.plan
    for code, name in ((IA_NA, "IA_NA"), (IA_TA, "IA_TA"), (IA_PD, "IA_PD")):
        if code in options:
            return f"unexpected {name} option"
    named = options.get(IAADDR, ())
    if len(named) != 1:
        return f"exactly 1 IAADDR option is expected, not {len(named)}"
    if named[0][:16] != address:
        return f"it names another address, {text6(named[0][:16])}"
    return "" if plan is not None and plan.contains(address) else "not in the subnet"


def _refused(x: Exchange6, address: bytes, why: str) -> Drop:
    trace.packets.info("%s %s: %s: %s", _FAIL, trace.label6(x.message), text6(address), why)
    return Drop(RECEIVE_DROP, _FAIL, x.statistics)


def _registered(x: Exchange6, address: bytes) -> tuple[Lease6, bytes | None]:
    """The row, and the client FQDN of the answer. As in Kea no name is made for a client without one."""
    assert x.plan is not None
    named = x.message.options[IAADDR][0]
    preferred, valid = int.from_bytes(named[16:20], "big"), int.from_bytes(named[20:24], "big")
    names = client_names6(x, b"", False)
    lease = Lease6(
        address, x.duid, 0, NA, ADDRESS_BITS, preferred, valid, x.now, x.plan.id, False, False,
        names.stored, REGISTERED, "", 0, x.hw, x.hw_source,
    )  # fmt: skip
    return lease, names.fqdn
