"""kea_mp and real Kea, side by side in one run, on memfile or on a database.

perfdhcp steps the offered rate; a server's figure is the highest rate offered at which at least 99% of the exchanges
complete. The servers alternate, so that a change of the machine's load meets both; the load is noted. A second search
offers as many renewals as new exchanges. Then, at a tenth of our highest rate, the latencies of both servers; on a
database also the same statements in a bare loop, which is the ceiling.

Runs in: any (root)
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from kea_mp.family import DHCP4, DHCP6, Family
from tests.lab import many, peer, perfdhcp
from tests.lab.bench_extras import Ceiling, Latency, ceiling, latency
from tests.lab.bench_servers import BACKENDS, MEMFILE, RELAY6, SERVER6, Contender, Running, contenders
from tests.lab.daemon import KeaMp
from tests.lab.net import Lab
from tests.lab.peer import Peer

COMPLETE = 0.99
FIRST_STEP, LAST_STEP = 1000, 100  #: exchanges/s: from which the search starts, to which it refines
CEILING = 40_000
TRIES = 2
ASKS = ("address-only", "prefix-only", "address-and-prefix")  #: of perfdhcp -e

console = Console(width=int(os.environ.get("COLUMNS", "100")))


@dataclass(frozen=True)
class Point:
    """One run of perfdhcp. offered: exchanges begun per second; load: the machine's load average before it; cpu_us:
    processor time of all processes of the server and of its database per complete exchange, in microseconds;
    database_us: that of the database alone; batch: requests that kea_mp carries out at once (0: Kea). With renewals,
    `complete` is of the worse of both kinds."""

    offered: float
    complete: float
    average_ms: float
    maximum_ms: float
    overrun: int
    load: float
    cpu_us: float
    database_us: float = 0.0
    batch_p50: float = 0.0
    batch_p99: float = 0.0

    @property
    def passes(self) -> bool:
        return self.complete >= COMPLETE


@dataclass
class Round:
    """A search for one server: the points in the order they were tried."""

    contender: str
    number: int
    renewals: bool = False
    points: list[Point] = field(default_factory=list)

    @property
    def figure(self) -> float:
        return max((point.offered for point in self.points if point.passes), default=0.0)


@contextlib.contextmanager
def hosts(family: Family) -> Iterator[tuple[str, str]]:
    with Lab() as lab:
        server, client = lab.hosts("server", "client")
        six = family == DHCP6
        ends = ([f"{SERVER6}/64"], [f"{RELAY6}/64"]) if six else ([f"{many.SERVER}/10"], [f"{many.RELAY}/10"])
        lab.link((server, "srv0"), (client, "cli0"), (many.SERVER_MAC, many.RELAY_MAC), ends, ipv6=six)
        yield server, client


def batch_sizes(server: KeaMp | Peer) -> tuple[float, float]:
    """The median and the 99th percentile of late."""
    if isinstance(server, Peer):
        return 0.0, 0.0
    gauges: dict[str, float] = {}
    for process in server.status()["processes"]:
        gauges |= process["gauges"]
    return gauges.get("batch-size-p50", 0.0), gauges.get("batch-size-p99", 0.0)


def offer(running: Running, client: str, rate: int, seconds: int, renewals: bool, asks: str) -> Point:
    load, before, database = os.getloadavg()[0], running.processor_s(), running.database_s()
    more = ("-f", str(rate)) if renewals else ()
    result = perfdhcp.run(client, rate, seconds, arguments=more, family=running.server.family, asks=asks)
    complete = result.complete
    if renewals:  # also those that perfdhcp did not come to send count as missing
        complete = min(complete, result.renewed / max(result.renewals, 0.9 * result.acks, 1))
    middle, most = batch_sizes(running.server)
    return Point(
        offered=round(result.offered_rate, 1),
        complete=round(complete, 5),
        batch_p50=middle,
        batch_p99=most,
        average_ms=round(result.average_ms, 3),
        maximum_ms=round(result.maximum_ms, 3),
        overrun=result.overrun,
        load=load,
        cpu_us=round(1e6 * (running.processor_s() - before) / max(result.acks, 1), 1),
        database_us=round(1e6 * (running.database_s() - database) / max(result.acks, 1), 1),
    )


def search(
    contender: Contender, number: int, seconds: int, start: int, family: Family, asks: str, renewals: bool = False
) -> Round:
    """Double from `start` until it fails (or halve until it passes), then bisect; a fresh server for each search."""
    found = Round(contender.name, number, renewals)
    with hosts(family) as (host, client), contender.start(host) as running:
        perfdhcp.run(client, FIRST_STEP, 2, family=family, asks=asks)  # warm

        def passes(rate: int) -> bool:
            """Tried twice before it fails: a hiccup of the machine is not the server's."""
            for _ in range(TRIES):
                point = offer(running, client, rate, seconds, renewals, asks)
                found.points.append(point)
                kind = " + as many renewals" if renewals else ""
                console.log(
                    f"{contender.name}: {rate}/s{kind} → {point.complete:.2%} complete, {point.average_ms:.1f} ms"
                )
                # perfdhcp that cannot offer what it should says nothing about a higher rate.
                if point.passes and point.offered > 0.9 * rate:
                    return True
            return False

        low, high = 0, start
        while passes(high) and high < CEILING:
            low, high = high, high * 5 // 4
        if low == 0:
            while high > LAST_STEP and not passes(high // 2):
                high //= 2
            low = high // 2
        while high - low > max(LAST_STEP, low // 25):
            middle = (low + high) // 2
            low, high = (middle, high) if passes(middle) else (low, middle)
    return found


def table(title: str, rounds: list[Round]) -> Table:
    """A row per server: its figures, the median, the ratio to the best Kea."""
    shown = Table(title=title)
    for name in (
        "server",
        "rounds",
        "median",
        "delay then",
        "CPU/exchange",
        "of it database",
        "batch p50/p99",
        "ratio to Kea's best",
    ):
        shown.add_column(name, justify="left" if name == "server" else "right")
    best = best_kea(rounds)
    for name in dict.fromkeys(round.contender for round in rounds):
        own = [round for round in rounds if round.contender == name]
        median = statistics.median(round.figure for round in own)
        best_points = [p for r in own for p in r.points if p.offered == r.figure and p.passes]
        shown.add_row(
            name,
            " ".join(f"{round.figure:,.0f}" for round in own),
            f"{median:,.0f}",
            f"{statistics.median(p.average_ms for p in best_points):.1f} ms" if best_points else "-",
            f"{statistics.median(p.cpu_us for p in best_points):.0f} µs" if best_points else "-",
            f"{statistics.median(p.database_us for p in best_points):.0f} µs" if best_points else "-",
            f"{max(p.batch_p50 for p in best_points):.0f}/{max(p.batch_p99 for p in best_points):.0f}"
            if best_points and best_points[0].batch_p50 else "-",
            f"{median / best:.2f}" if best else "-",
        )  # fmt: skip
    return shown


def latency_table(latencies: list[Latency]) -> Table:
    shown = Table(title="latency of whole exchanges at a tenth of our highest rate")
    for name in ("server", "exchanges/s", "lost", "mean", "median", "99th percentile"):
        shown.add_column(name, justify="left" if name == "server" else "right")
    for one in latencies:
        times = (f"{value:.2f} ms" for value in (one.mean_ms, one.p50_ms, one.p99_ms))
        shown.add_row(one.contender, f"{one.rate:,}", f"{one.lost} of {one.exchanges}", *times)
    return shown


def ceiling_table(ceilings: list[Ceiling], rounds: list[Round]) -> Table:
    shown = Table(title="the same statements in a bare loop (leases/s)")
    for name in ("schema", "new", "renewed", "our best share of new"):
        shown.add_column(name, justify="left" if name == "schema" else "right")
    for one in ceilings:
        on_kea = one.made_by == "kea"
        own = [
            r for r in rounds if not r.contender.startswith("Kea") and r.contender.endswith("on Kea schema") == on_kea
        ]
        share = f"{_best(own) / one.new:.0%}" if own else "-"
        shown.add_row("made by " + one.made_by, f"{one.new:,.0f}", f"{one.renewed:,.0f}", share)
    return shown


def latencies_of(servers: list[Contender], rounds: list[Round], seconds: int, family: Family) -> list[Latency]:
    """The best of ours and the best of Kea's, at the same rate."""
    ours = [name for name in _medians(rounds) if not name.startswith("Kea")]
    theirs = [name for name in _medians(rounds) if name.startswith("Kea")]
    found = []
    for names in (ours, theirs):
        if not names:
            continue
        best = max(names, key=_medians(rounds).__getitem__)
        server = next(one for one in servers if one.name == best)
        with hosts(family) as (host, client), server.start(host):
            rate = max(10, int(_best([r for r in rounds if r.contender in ours])) // 10)
            found.append(latency(best, client, rate, seconds, family))
    return found


def numbers(text: str) -> tuple[int, ...]:
    """ "2,0" from the command line."""
    return tuple(int(number) for number in text.split(",") if number)


def _medians(rounds: list[Round]) -> dict[str, float]:
    """Server → the median of its figures."""
    figures: dict[str, list[float]] = {}
    for round in rounds:
        figures.setdefault(round.contender, []).append(round.figure)
    return {name: statistics.median(values) for name, values in figures.items()}


def _best(rounds: list[Round]) -> float:
    """The best median."""
    return max(_medians(rounds).values(), default=0.0)


def best_kea(rounds: list[Round]) -> float:
    """The best median of Kea's settings."""
    return _best([round for round in rounds if round.contender.startswith("Kea")])


def plot(title: str, rounds: list[Round], path: Path) -> None:
    """Completed part over offered rate, all points of all rounds."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (above, below) = pyplot.subplots(2, 1, sharex=True, figsize=(9, 7))
    for name in dict.fromkeys(round.contender for round in rounds):
        points = sorted((p for r in rounds if r.contender == name for p in r.points), key=lambda p: p.offered)
        offered = [point.offered for point in points]
        above.plot(offered, [100 * point.complete for point in points], "o-", label=name, markersize=4)
        below.plot(offered, [point.average_ms for point in points], "o-", label=name, markersize=4)
    above.axhline(100 * COMPLETE, color="grey", linewidth=0.8, linestyle="--")
    above.set_ylabel("exchanges complete (%)")
    above.legend()
    below.set_ylabel("mean delay of both halves (ms)")
    below.set_yscale("log")
    below.set_xlabel("offered (exchanges/s)")
    figure.suptitle(f"{title}, new four-way exchanges")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


@click.command()
@click.option("--backend", type=click.Choice(BACKENDS), default=MEMFILE, show_default=True, help="Where leases are.")
@click.option("-6", "six", is_flag=True, help="DHCPv6 instead of DHCPv4.")
@click.option("--asks", type=click.Choice(ASKS), default=ASKS[0], show_default=True, help="DHCPv6: for what.")
@click.option("--kea-schema", is_flag=True, help="Databases: kea_mp also on a schema made by Kea's script.")
@click.option("--rounds", default=3, show_default=True, help="Searches per server; they alternate.")
@click.option("--workers", default="2,1", show_default=True, help="kea_mp's settings to try: packet workers.")
@click.option("--peer-threads", default="2,0", show_default=True, help="Kea's settings to try; 0: single-threaded.")
@click.option("--seconds", default=10, show_default=True, help="Length of each run of perfdhcp.")
@click.option("--start", default=4000, show_default=True, help="Rate to begin the search with.")
@click.option("--renewals/--no-renewals", default=True, show_default=True, help="Also a search with `perfdhcp -f`.")
@click.option("--latency/--no-latency", "latencies", default=True, show_default=True, help="At a tenth of our rate.")
@click.option(
    "--ceiling/--no-ceiling", "ceilings", default=True, show_default=True, help="DHCPv4, databases: a bare loop."
)
@click.option("--quick", is_flag=True, help="One round, 4 s a run: for a first look.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("bench"), show_default=True, help="Folder.")
def main(
    backend: str, six: bool, asks: str, kea_schema: bool, rounds: int, workers: str, peer_threads: str, seconds: int,
    start: int, renewals: bool, latencies: bool, ceilings: bool, quick: bool, out: Path,
) -> None:  # fmt: skip
    """Measure kea_mp and real Kea; prints a table, writes bench-BACKEND.json and .png (bench6-… with -6) to --out."""
    family = DHCP6 if six else DHCP4
    if quick:
        rounds, seconds = 1, 4
    if not perfdhcp.available():
        raise click.ClickException("there is no perfdhcp: apt-get install kea-admin")
    servers = contenders(backend, numbers(workers), numbers(peer_threads), kea_schema, family)
    machine = {
        "backend": backend,
        "protocol": family.protocol,
        "asked for": asks if six else "address-only",
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "kea": peer.version() if peer.available() else None,
        "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "load before": os.getloadavg()[0],
    }
    console.print(machine)
    if os.getloadavg()[0] > 0.5:
        console.print("[yellow]the machine is not idle: compare only what was measured in one run[/]")
    done, renewing = (
        [
            search(server, number, seconds, start, family, asks, kind)
            for number in range(rounds if wanted else 0)
            for server in (servers if number % 2 == 0 else reversed(servers))
        ]
        for kind, wanted in ((False, True), (True, renewals))
    )
    waits = latencies_of(servers, done, seconds, family) if latencies else []
    made_by = ("us", "kea") if kea_schema else ("us",)
    limits = [ceiling(backend, by) for by in made_by] if ceilings and backend != MEMFILE and not six else []
    out.mkdir(parents=True, exist_ok=True)
    results = [{**asdict(round), "figure": round.figure} for round in done + renewing]
    name = f"bench{'6' * six}-{backend}"
    numbers_file, plot_file = out / f"{name}.json", out / f"{name}.png"
    machine["load after"] = os.getloadavg()[0]
    extras = {"latencies": [asdict(one) for one in waits], "ceilings": [asdict(one) for one in limits]}
    numbers_file.write_text(json.dumps({"machine": machine, "rounds": results, **extras}, indent=1))
    plot(f"{family.protocol} on {backend}", done, plot_file)
    console.print(table("new exchanges: highest offered rate with at least 99% complete (exchanges/s)", done))
    if renewing:
        console.print(
            table("new exchanges and as many renewals: highest rate with at least 99% of both (pairs/s)", renewing)
        )
    if waits:
        console.print(latency_table(waits))
    if limits:
        console.print(ceiling_table(limits, done))
    console.print(f"written: {numbers_file}, {plot_file}")


if __name__ == "__main__":
    main()
