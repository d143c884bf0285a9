"""A packet worker: one shard of the clients, received, answered by the engine, never touching a backend itself.

Runs in: serving
"""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import Any

from kea_mp.bus.sockets import ChildBus
from kea_mp.config.model6 import Config6
from kea_mp.supervisor.start_record import StartRecord
from workers.serving.engine.exchange import Engine4
from workers.serving.engine6.exchange import Engine6
from workers.serving.lane import SocketLane
from workers.serving.loop import Serving
from workers.serving.packets import Port, open_port
from workers.serving.packets6 import Port6
from workers.serving.scheduler import Engine
from workers.serving.traffic import Traffic
from workers.serving.traffic4 import TRAFFIC4
from workers.serving.traffic6 import TRAFFIC6
from workers.start import leaving


def run(start: StartRecord) -> None:
    """Serve as `start` says until the supervisor says EXIT or a SIGTERM comes."""
    bus = ChildBus(start.endpoints, start.child, generation=start.generation)
    try:
        traffic, ports, engine = _of_family(start)
        serving = Serving(
            start.child,
            start.generation,
            bus,
            traffic,
            SocketLane(start.lanes[0], start.config.family),
            ports,
            engine,
            leaving,
            lenient=start.config.compatibility.lenient_option_parsing,
            heartbeat_s=start.heartbeat_s,
            silence_s=start.silence_s,
        )
        # The configuration lives as long as the process; looking through it for garbage again and again costs packets.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 50, 100)
        serving.run()
    finally:
        bus.close()


def _of_family(start: StartRecord) -> tuple[Traffic, Sequence[Port], Engine[Any, Any]]:
    """What differs: the messages, the sockets, the engine."""
    config = start.config
    remembered = -(-config.remembered_leases // start.workers)
    if isinstance(config, Config6):
        ports6 = [Port6(dhcp) for dhcp in start.dhcp_sockets6]
        return TRAFFIC6, ports6, Engine6(config, start.server_duid, remembered)
    ports4 = [open_port(dhcp) for dhcp in start.dhcp_sockets]
    ours = {address for dhcp in start.dhcp_sockets for address in dhcp.addresses}
    return TRAFFIC4, ports4, Engine4(config, ours, remembered)
