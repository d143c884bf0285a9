"""All that the stages share: the configuration, prepared, and what is remembered between exchanges.

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Iterable

from kea_mp.config.model import Config4
from kea_mp.leases.model import Lease4
from workers.serving.committed import Committed
from workers.serving.engine.admit import ServerIdentifiers
from workers.serving.engine.allocate import Reach
from workers.serving.engine.classes import ClassBook
from workers.serving.engine.memory import Memory
from workers.serving.engine.options import OptionBook
from workers.serving.engine.plan import Plan, SubnetPlan
from workers.serving.engine.subnets import SubnetSelection


class Knowledge:
    """committed: leases that may be confirmed while the lease database cannot be asked. full_said: when it was last
    said that a subnet has no free address, by its id, in seconds since the epoch.
    by_routes: replies to relays go where the routes say. times: options 51, 58 and 59, packed, by (subnet, seconds
    told, seconds kept). reaches: which subnets may serve whom, by (selected subnet, classes). used: subnets of shared
    networks, a higher number for a later proposal."""

    __slots__ = (
        "any_hosts", "by_routes", "classes", "committed", "config", "full_said", "memory", "options", "plan", "reaches",
        "servers", "subnets", "times", "used",
    )  # fmt: skip

    def __init__(self, config: Config4, addresses: Iterable[int], remembered: int) -> None:
        self.config = config
        self.committed: Committed[Lease4] = Committed(remembered)
        self.full_said: dict[int, int] = {}
        self.plan = Plan(config)
        self.any_hosts = bool(config.global_hosts) or any(subnet.hosts for subnet in config.subnets)
        interfaces = config.interfaces
        self.by_routes = interfaces.socket_type == "udp" and interfaces.outbound_interface == "use-routing"
        self.classes = ClassBook(config.classes)
        self.options = OptionBook(config)
        self.servers = ServerIdentifiers(config, addresses)
        self.subnets = SubnetSelection(self.plan, config)
        self.memory = Memory()
        self.reaches: dict[tuple[SubnetPlan, tuple[str, ...]], Reach] = {}
        self.times: dict[tuple[SubnetPlan, int, int], tuple[bytes, bytes]] = {}
        self.used: dict[SubnetPlan, int] = {}

    def mark_used(self, plan: SubnetPlan) -> None:
        """An address was proposed from this subnet just now."""
        self.used[plan] = max(self.used.values(), default=0) + 1
