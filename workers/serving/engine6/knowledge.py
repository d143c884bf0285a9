"""All that the stages share: the configuration, prepared, and what is remembered between exchanges.

Runs in: serving
"""

from __future__ import annotations

from kea_mp.config.model6 import ClientClass6, Config6
from kea_mp.leases.model import Lease6
from workers.serving.committed import Committed
from workers.serving.engine.classes import ClassBook
from workers.serving.engine.memory import Memory
from workers.serving.engine6.hardware import sources_of
from workers.serving.engine6.options import OptionBook6
from workers.serving.engine6.plan import Plan6, SubnetPlan6
from workers.serving.engine6.reach import Reach6, ReachKey
from workers.serving.engine6.subnets import SubnetSelection6


class Knowledge6:
    """committed: leases that may be confirmed while the lease database cannot be asked. full_said: when it was last
    said that a subnet has nothing left, by its id, in seconds since the epoch. reaches: which subnets may serve whom.
    used: subnets of shared networks by type of lease, a higher number for a later proposal."""

    __slots__ = (
        "any_hosts", "classes", "committed", "config", "full_said", "memory", "options", "plan", "reaches",
        "server_duid", "sources", "subnets", "used",
    )  # fmt: skip

    def __init__(self, config: Config6, server_duid: bytes, remembered: int) -> None:
        self.config, self.server_duid = config, server_duid
        self.committed: Committed[Lease6] = Committed(remembered)
        self.full_said: dict[int, int] = {}
        self.plan = Plan6(config)
        self.any_hosts = bool(config.global_hosts) or any(subnet.hosts for subnet in config.subnets)
        self.classes: ClassBook[ClientClass6] = ClassBook(config.classes)
        self.options = OptionBook6(config, server_duid)
        self.sources = sources_of(config.mac_sources)
        self.subnets = SubnetSelection6(self.plan)
        self.memory: Memory[Lease6] = Memory()
        self.reaches: dict[ReachKey, Reach6] = {}
        self.used: dict[tuple[int, SubnetPlan6], int] = {}

    def mark_used(self, kind: int, plan: SubnetPlan6) -> None:
        """An address or a prefix was proposed from this subnet just now."""
        self.used[kind, plan] = max(self.used.values(), default=0) + 1
