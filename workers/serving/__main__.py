"""A packet worker: one shard of the clients, received, answered by the engine, never touching a backend itself.

Runs in: serving
"""

from __future__ import annotations

import gc

from kea_mp.bus.sockets import ChildBus
from kea_mp.supervisor.start_record import StartRecord
from workers.serving.engine.exchange import Engine4
from workers.serving.lane import SocketLane
from workers.serving.loop import Serving
from workers.serving.packets import open_port
from workers.start import leaving


def run(start: StartRecord) -> None:
    """Serve as `start` says until the supervisor says EXIT or a SIGTERM comes."""
    bus = ChildBus(start.endpoints, start.child)
    try:
        serving = Serving(
            start.child,
            start.generation,
            bus,
            SocketLane(start.lanes[0]),
            [open_port(dhcp) for dhcp in start.dhcp_sockets],
            Engine4(
                start.config,
                {address for dhcp in start.dhcp_sockets for address in dhcp.addresses},
                -(-start.config.remembered_leases // start.workers),
            ),
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
