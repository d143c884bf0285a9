"""The command of Kea's library stat_cmds for DHCPv4: stat-lease4-get.

Runs in: supervisor
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from kea_mp.control.answer import Answer, Result, success
from kea_mp.control.daemon import LEASE_DATABASE, Daemon, Handling, Ordered, Reported
from kea_mp.errors import CommandError

logger = logging.getLogger("kea-dhcp4.stat-cmds-hooks")

COLUMNS = [
    "subnet-id", "total-addresses", "cumulative-assigned-addresses", "assigned-addresses", "declined-addresses",
]  # fmt: skip

SubnetId = Annotated[int, msgspec.Meta(ge=1, le=(1 << 63) - 1)]


class Range(msgspec.Struct, frozen=True, rename="kebab"):
    """Subnets by their ids, both ends included."""

    first_subnet_id: SubnetId
    last_subnet_id: SubnetId


class Selection(msgspec.Struct, frozen=True, rename="kebab"):
    """One subnet, some, or all."""

    subnet_id: SubnetId | UnsetType = UNSET
    subnet_range: Range | UnsetType = UNSET


def stat_lease4_get(daemon: Daemon, arguments: Selection) -> Handling:
    """One row for each configured subnet, as the lease database counts now. Here, as in Kea 3.0, declined addresses are
    not among the assigned ones, while the statistic assigned-addresses has them."""
    first, last, text = _selected(arguments)
    ids = sorted(subnet.id for subnet in daemon.config.subnets if first <= subnet.id <= last)
    if not ids:
        missing = f"subnet-id: {first} does not exist" if first == last else "there is no such subnet"
        logger.info("STAT_CMDS_LEASE4_GET_NO_SUBNETS stat-lease4-get, parameters: [%s], %s", text, missing)
        return Answer(Result.EMPTY, f"stat-lease4-get[{text}]: no matching data, {missing}", {})
    yield Reported()
    answer: Answer = yield Ordered(LEASE_DATABASE, "lease-counts", {"first": ids[0], "last": ids[-1]})
    if answer.result != Result.SUCCESS:
        return answer
    counts = {subnet_id: (assigned, declined) for subnet_id, assigned, declined in answer.arguments["counts"]}
    rows = [_row(daemon, subnet_id, *counts.get(subnet_id, (0, 0))) for subnet_id in ids]
    logger.info(
        "STAT_CMDS_LEASE4_GET stat-lease4-get command successful, parameters: [%s] rows found: %s", text, len(rows)
    )
    now = datetime.fromtimestamp(daemon.now, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    found: dict[str, Any] = {"result-set": {"columns": COLUMNS, "rows": rows, "timestamp": now}}
    return success(f"stat-lease4-get[{text}]: {len(rows)} rows found", found)


def _row(daemon: Daemon, subnet_id: int, assigned: int, declined: int) -> list[int]:
    def value(name: str) -> int:
        return int(daemon.statistics().value(f"subnet[{subnet_id}].{name}"))

    total, cumulative = value("total-addresses"), value("cumulative-assigned-addresses")
    return [subnet_id, total, cumulative, assigned, declined]


def _selected(arguments: Selection) -> tuple[int, int, str]:
    """First and last subnet id, and how Kea says it. CommandError."""
    one, some = arguments.subnet_id, arguments.subnet_range
    if not isinstance(some, UnsetType):
        if not isinstance(one, UnsetType):
            raise CommandError("'subnet-id' and 'subnet-range' must not both be given")
        first, last = some.first_subnet_id, some.last_subnet_id
        if last <= first:
            raise CommandError("'last-subnet-id' must be greater than 'first-subnet-id'")
        return first, last, f"subnets {first} through {last}"
    if not isinstance(one, UnsetType):
        return one, one, f"subnet-id={one}"
    return 0, 0xFFFFFFFF, "all subnets"
