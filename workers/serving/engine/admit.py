"""Which messages are for us at all, in the order in which Kea asks.

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Iterable

from kea_mp.config.model import Config4, OptionSet
from kea_mp.dhcp.message4 import DECLINE, DISCOVER, INFORM, RELEASE, REQUEST
from workers.serving.engine.agent import SERVER_ID_OVERRIDE, sub_option
from workers.serving.engine.context import Exchange
from workers.serving.engine.packet import Drop

SERVED = frozenset((DISCOVER, REQUEST, DECLINE, RELEASE, INFORM))
TYPES_END = 19  #: Kea's DHCP_TYPES_EOF: types from here on do not exist
RECEIVE_DROP = "pkt4-receive-drop"

NO_TYPE = Drop(RECEIVE_DROP, "DHCP4_PACKET_DROP_0009")
UNSUPPORTED_TYPE = Drop(RECEIVE_DROP, "DHCP4_PACKET_DROP_0006")
UNKNOWN_TYPE = Drop(RECEIVE_DROP, "DHCP4_PACKET_DROP_0005")
INFORM_FROM_NOWHERE = Drop(RECEIVE_DROP, "DHCP4_PACKET_DROP_0002")
OTHER_SERVER = Drop(RECEIVE_DROP, "DHCP4_PACKET_DROP_0003")
DROP_CLASS = Drop(RECEIVE_DROP, "DHCP4_PACKET_DROP_0013")
DROP_CLASS_EARLY = Drop(RECEIVE_DROP, "DHCP4_PACKET_DROP_0014")
UNPROCESSABLE = Drop(RECEIVE_DROP, "DHCP4_PACKET_DROP_0007")


class ServerIdentifiers:
    """The addresses that a client may name in option 54 and mean us.

    Ours are those of all sockets and those of configured dhcp-server-identifier options, wherever they stand,
    except in reservations (as Kea) and in classes, which count only for their members.
    """

    __slots__ = ("_any", "_ours")

    def __init__(self, config: Config4, addresses: Iterable[int]) -> None:
        self._any = config.compatibility.ignore_dhcp_server_identifier
        self._ours = set(addresses)
        for subnet in config.subnets:
            for options in subnet.options_chain:
                self._ours.update(configured(options))
        self._ours.update(configured(config.options))

    def accept(self, x: Exchange) -> bool:
        """Whether the message names us as its server, or nobody."""
        payload = x.options.get(54)
        if payload is None or self._any:
            return True
        if len(payload) < 4:
            return False
        server = int.from_bytes(payload[:4], "big")
        if server == x.local or server in self._ours:
            return True
        if x.agent and sub_option(x.agent, SERVER_ID_OVERRIDE) == payload[:4]:
            return True
        return any(server in configured(definition.options) for definition in x.classes.defined)


def configured(options: OptionSet) -> list[int]:
    """The first dhcp-server-identifier of an option set, as a list of at most one."""
    rows = options.get("dhcp4", {}).get(54, ())
    return [int.from_bytes(row.data[:4], "big") for row in rows[:1]]


def refusal(x: Exchange, servers: ServerIdentifiers) -> Drop | None:
    """Why the message is not looked at any further, if so."""
    kind = x.type
    if kind not in SERVED:
        if kind == 0:
            return NO_TYPE
        return UNKNOWN_TYPE if kind >= TYPES_END else UNSUPPORTED_TYPE
    message = x.message
    if kind == INFORM and not (message.giaddr or x.packet.source or message.ciaddr):
        return INFORM_FROM_NOWHERE
    if 54 in x.options and not servers.accept(x):
        return OTHER_SERVER
    return None


def is_insane(x: Exchange) -> bool:
    """What breaks the protocol: a DISCOVER that names a server, or a client that cannot be told apart.

    Kea 3.0 counts such a message as dropped and then goes on with it as if it came from no known subnet.
    """
    if x.type == DISCOVER and 54 in x.options:
        return True
    return not x.hw and not x.client_id
