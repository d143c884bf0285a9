"""The commands of Kea's library stat_cmds: stat-lease4-get and stat-lease6-get.

Runs in: supervisor
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from kea_mp.control.answer import Answer, Result, success
from kea_mp.control.daemon import LEASE_DATABASE, Daemon, Handling, Ordered, Reported
from kea_mp.errors import CommandError

#: by family. A number is the place in what the lease database counts (`LeaseReports.counts`), a text the statistic of
#: the subnet
COLUMNS: dict[int, dict[str, int | str]] = {
    4: {
        "total-addresses": "total-addresses",
        "cumulative-assigned-addresses": "cumulative-assigned-addresses",
        "assigned-addresses": 0,
        "declined-addresses": 1,
    },
    6: {
        "total-nas": "total-nas",
        "cumulative-assigned-nas": "cumulative-assigned-nas",
        "assigned-nas": 0,
        "declined-addresses": 1,
        "total-pds": "total-pds",
        "cumulative-assigned-pds": "cumulative-assigned-pds",
        "assigned-pds": 2,
    },
}

_NOTHING = (0,) * 6

SubnetId = Annotated[int, msgspec.Meta(ge=1, le=(1 << 63) - 1)]


class Range(msgspec.Struct, frozen=True, rename="kebab"):
    """Subnets by their ids, both ends included."""

    first_subnet_id: SubnetId
    last_subnet_id: SubnetId


class Selection(msgspec.Struct, frozen=True, rename="kebab"):
    """One subnet, some, or all."""

    subnet_id: SubnetId | UnsetType = UNSET
    subnet_range: Range | UnsetType = UNSET


def stat_lease_get(daemon: Daemon, arguments: Selection) -> Handling:
    """One row for each configured subnet, as the lease database counts now. Here, as in Kea 3.0, declined addresses are
    not among the assigned ones, while the statistic assigned-addresses has them."""
    logger = logging.getLogger(daemon.config.family.logger("stat-cmds-hooks"))
    name = f"stat-lease{daemon.family}-get"
    first, last, text = _selected(arguments)
    ids = sorted(subnet.id for subnet in daemon.config.subnets if first <= subnet.id <= last)
    if not ids:
        missing = f"subnet-id: {first} does not exist" if first == last else "there is no such subnet"
        logger.info("STAT_CMDS_LEASE%s_GET_NO_SUBNETS %s, parameters: [%s], %s", daemon.family, name, text, missing)
        return Answer(Result.EMPTY, f"{name}[{text}]: no matching data, {missing}", {})
    yield Reported()
    answer: Answer = yield Ordered(LEASE_DATABASE, "lease-counts", {"first": ids[0], "last": ids[-1]})
    if answer.result != Result.SUCCESS:
        return answer
    counts = {subnet_id: numbers for subnet_id, *numbers in answer.arguments["counts"]}
    rows = [_row(daemon, subnet_id, counts.get(subnet_id, _NOTHING)) for subnet_id in ids]
    logger.info(
        "STAT_CMDS_LEASE%s_GET %s command successful, parameters: [%s] rows found: %s",
        daemon.family, name, text, len(rows),
    )  # fmt: skip
    now = datetime.fromtimestamp(daemon.now, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    found: dict[str, Any] = {
        "result-set": {"columns": ["subnet-id", *COLUMNS[daemon.family]], "rows": rows, "timestamp": now}
    }
    return success(f"{name}[{text}]: {len(rows)} rows found", found)


def _row(daemon: Daemon, subnet_id: int, counted: Sequence[int]) -> list[int]:
    values = (
        counted[source] if isinstance(source, int) else daemon.statistics().value(f"subnet[{subnet_id}].{source}")
        for source in COLUMNS[daemon.family].values()
    )
    return [subnet_id, *map(int, values)]


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
