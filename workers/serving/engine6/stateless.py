"""CONFIRM and INFORMATION-REQUEST, which are answered from the configuration alone.

Runs in: serving
"""

from __future__ import annotations

from kea_mp.dhcp.message6 import IA_NA, REPLY, StatusCode, pack_status
from kea_mp.values import text6
from workers.serving.engine.packet import Drop
from workers.serving.engine6.assign import settle
from workers.serving.engine6.context import Exchange6
from workers.serving.engine6.packet import Reply6
from workers.serving.engine6.reply import answer6, template_for


def information(x: Exchange6) -> Reply6:
    """INFORMATION-REQUEST: options without a lease."""
    settle(x)
    return answer6(x, REPLY, template_for(x))


def on_link(x: Exchange6) -> Reply6 | Drop:
    """CONFIRM: whether all addresses belong to the client's link. One without addresses is left to nobody."""
    settle(x)
    addresses = [leased.address for ia in x.message.ias if ia.code == IA_NA for leased in ia.leases]
    if not addresses:
        return Drop("", "KEA_MP_CONFIRM_WITHOUT_ADDRESS", x.statistics)
    code, text = _verdict(x, addresses)
    return answer6(x, REPLY, template_for(x), status=pack_status(code, text))


def _verdict(x: Exchange6, addresses: list[bytes]) -> tuple[int, str]:
    plan = x.plan
    if plan is None:
        return StatusCode.NOT_ON_LINK, "No subnet selected"
    for address in addresses:
        if not plan.contains(address):
            return StatusCode.NOT_ON_LINK, f"Address {text6(address)} is not on link."
    return StatusCode.SUCCESS, "All addresses are on-link"
