"""What the bench shows besides the highest rates: latencies when there is little to do, and the ceiling that the
database itself sets.

Runs in: any (root)
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kea_mp.config.model import Lifetime, Parameters4, Pool4, Subnet4
from kea_mp.family import DHCP6, Family
from kea_mp.leases.model import Lease4
from kea_mp.leases.open_sql import open_sql
from kea_mp.leases.sql_store import SqlLeaseStore
from kea_mp.leases.store import ClaimLease, FindLeases, Found, Request, Result, Stored
from kea_mp.values import address4
from tests.lab import many
from tests.lab.bench_servers import DURABLE, RELAY6, SERVER6
from tests.lab.lease_database import lease_database
from tests.lab.load import Load
from tests.lab.load6 import Load6
from tests.lab.waiting import eventually

LOST = 0.001  #: part of the exchanges that may be lost at a tenth of the highest rate
BATCH = 128  #: requests of each kind in a batch of the bare loop
CEILING_LEASES = 20_000

POOL = (address4("10.65.0.0"), address4("10.127.255.254"))
SUBNET = Subnet4(
    1, address4("10.64.0.0"), 10, (Pool4(*POOL),), Parameters4(Lifetime(7200, 7200, 7200))
)  # fmt: skip


@dataclass(frozen=True)
class Latency:
    """Of whole exchanges, from the DISCOVER that is sent to the ACK that has come, in ms."""

    contender: str
    rate: int
    exchanges: int
    lost: int
    mean_ms: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Ceiling:
    """Leases per second that the store's own statements reach in a loop without any DHCP. made_by: the schema."""

    made_by: str
    new: float
    renewed: float


def latency(contender: str, client: str, rate: int, seconds: int, family: Family) -> Latency:
    """Exchanges at this rate for a while; the first second, in which caches fill, does not count."""
    kind, ends = (Load6, (RELAY6, SERVER6)) if family == DHCP6 else (Load, (many.RELAY, many.SERVER))
    with kind(client, *ends, rate) as load:
        eventually(lambda: len(load.exchanges) >= rate * (seconds + 1), 5 * seconds + 10, "the load is over")
    counted = load.exchanges[rate : rate * (seconds + 1)]
    took = sorted(1000 * (one.acknowledged - one.began) for one in counted if one.acknowledged)
    if len(took) < 2:
        return Latency(contender, rate, len(counted), len(counted) - len(took), 0.0, 0.0, 0.0)
    return Latency(
        contender, rate, len(counted), len(counted) - len(took), round(statistics.fmean(took), 3),
        round(took[len(took) // 2], 3), round(took[int(0.99 * (len(took) - 1))], 3),
    )  # fmt: skip


def ceiling(backend: str, made_by: str) -> Ceiling:
    """Run the statements of new exchanges, then those of renewals, on a durable database of their own."""
    with lease_database(backend, made_by, durable=True, options=DURABLE[backend]) as database:
        store = open_sql(database.access, (SUBNET,))
        try:
            now = int(time.time())
            _run(store, range(10 * BATCH), lambda number: _find(number, now, POOL), now)  # warm
            numbers = range(1 << 20, (1 << 20) + CEILING_LEASES)
            new = _run(store, numbers, lambda number: _find(number, now, POOL), now)
            renewed = _run(store, numbers, lambda number: _find(number, now + 10, ()), now + 10)
        finally:
            store.close()
    return Ceiling(made_by, round(CEILING_LEASES / new), round(CEILING_LEASES / renewed))


def _find(number: int, now: int, pool: tuple[int, ...]) -> FindLeases:
    return FindLeases(b"\x01" + many.mac_of(number), b"", (1,), now, 0, pool)


def _run(store: SqlLeaseStore, numbers: Sequence[int], find: Callable[[int], FindLeases], now: int) -> float:
    """Look up and claim in batches, each with the claims that the one before has led to, as in the daemon; seconds."""
    begun = time.perf_counter()
    claims: list[ClaimLease] = []
    for start in range(0, len(numbers) + BATCH, BATCH):
        finds = [find(number) for number in numbers[start : start + BATCH]]
        requests: list[Request] = [*finds, *claims]
        results = store.execute(requests)
        if not all(isinstance(result, Stored) for result in results[len(finds) :]):
            raise RuntimeError("a claim of the bare loop did not hold")
        claims = [_claim(one, result, now) for one, result in zip(finds, results, strict=False)]
    return time.perf_counter() - begun


def _claim(asked: FindLeases, result: Result, now: int) -> ClaimLease:
    assert isinstance(result, Found)
    seen = result.mine[0] if result.mine else None
    address = seen.address if seen is not None else result.free
    return ClaimLease(Lease4(address, asked.hw, b"", 7200, now, 1), seen)
