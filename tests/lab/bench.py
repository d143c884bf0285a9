"""kea_mp and real Kea, side by side in one run, on memfile or on a database.

perfdhcp steps the offered rate; a server's figure is the highest rate offered at which at least 99% of the exchanges
complete. The servers alternate, so that a change of the machine's load meets both; the load is noted.

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

from tests.lab import many, peer, perfdhcp
from tests.lab.bench_servers import BACKENDS, MEMFILE, Contender, contenders
from tests.lab.daemon import KeaMp
from tests.lab.net import Lab
from tests.lab.peer import Peer

COMPLETE = 0.99
FIRST_STEP, LAST_STEP = 1000, 100  #: exchanges/s: from which the search starts, to which it refines
CEILING = 40_000
TRIES = 2

console = Console(width=int(os.environ.get("COLUMNS", "100")))


@dataclass(frozen=True)
class Point:
    """One run of perfdhcp. offered: exchanges begun per second; load: the machine's load average before it; cpu_us:
    processor time of the server's whole tree per complete exchange, in microseconds."""

    offered: float
    complete: float
    average_ms: float
    maximum_ms: float
    overrun: int
    load: float
    cpu_us: float

    @property
    def passes(self) -> bool:
        return self.complete >= COMPLETE


@dataclass
class Round:
    """A search for one server: the points in the order they were tried."""

    contender: str
    number: int
    points: list[Point] = field(default_factory=list)

    @property
    def figure(self) -> float:
        return max((point.offered for point in self.points if point.passes), default=0.0)


@contextlib.contextmanager
def hosts() -> Iterator[tuple[str, str]]:
    with Lab() as lab:
        server, client = lab.hosts("server", "client")
        ends = ([f"{many.SERVER}/10"], [f"{many.RELAY}/10"])
        lab.link((server, "srv0"), (client, "cli0"), (many.SERVER_MAC, many.RELAY_MAC), ends)
        yield server, client


def processor_s(server: KeaMp | Peer) -> float:
    """Processor time that the server's processes have used so far."""
    assert server.process is not None
    return sum(times.user + times.system for p in server.process.tree() if (times := p.cpu_times()))


def offer(server: KeaMp | Peer, client: str, rate: int, seconds: int) -> Point:
    load, before = os.getloadavg()[0], processor_s(server)
    result = perfdhcp.run(client, rate, seconds)
    return Point(
        offered=round(result.offered_rate, 1),
        complete=round(result.complete, 5),
        average_ms=round(result.average_ms, 3),
        maximum_ms=round(result.maximum_ms, 3),
        overrun=result.overrun,
        load=load,
        cpu_us=round(1e6 * (processor_s(server) - before) / max(result.acks, 1), 1),
    )


def search(contender: Contender, number: int, seconds: int, start: int) -> Round:
    """Double from `start` until it fails (or halve until it passes), then bisect; a fresh server for each search."""
    found = Round(contender.name, number)
    with hosts() as (host, client), contender.start(host) as server:
        perfdhcp.run(client, FIRST_STEP, 2)  # warm

        def passes(rate: int) -> bool:
            """Tried twice before it fails: a hiccup of the machine is not the server's."""
            for _ in range(TRIES):
                point = offer(server, client, rate, seconds)
                found.points.append(point)
                console.log(f"{contender.name}: {rate}/s → {point.complete:.2%} complete, {point.average_ms:.1f} ms")
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


def table(rounds: list[Round]) -> Table:
    """A row per server: its figures, the median, the ratio to the best Kea."""
    shown = Table(title="highest offered rate with at least 99% of the exchanges complete (exchanges/s)")
    for name in ("server", "rounds", "median", "delay then", "CPU/exchange", "ratio to Kea's best"):
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
            f"{median / best:.2f}" if best else "-",
        )
    return shown


def numbers(text: str) -> tuple[int, ...]:
    """ "2,0" from the command line."""
    return tuple(int(number) for number in text.split(",") if number)


def best_kea(rounds: list[Round]) -> float:
    """The best median of Kea's settings."""
    figures: dict[str, list[float]] = {}
    for round in rounds:
        if round.contender.startswith("Kea"):
            figures.setdefault(round.contender, []).append(round.figure)
    return max((statistics.median(values) for values in figures.values()), default=0.0)


def plot(backend: str, rounds: list[Round], path: Path) -> None:
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
    figure.suptitle(f"DHCPv4 on {backend}, new four-way exchanges")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


@click.command()
@click.option("--backend", type=click.Choice(BACKENDS), default=MEMFILE, show_default=True, help="Where leases are.")
@click.option("--kea-schema", is_flag=True, help="Databases: kea_mp also on a schema made by Kea's script.")
@click.option("--rounds", default=3, show_default=True, help="Searches per server; they alternate.")
@click.option("--workers", default="2,1", show_default=True, help="kea_mp's settings to try: packet workers.")
@click.option("--peer-threads", default="2,0", show_default=True, help="Kea's settings to try; 0: single-threaded.")
@click.option("--seconds", default=10, show_default=True, help="Length of each run of perfdhcp.")
@click.option("--start", default=4000, show_default=True, help="Rate to begin the search with.")
@click.option("--quick", is_flag=True, help="One round, 4 s a run: for a first look.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("bench"), show_default=True, help="Folder.")
def main(
    backend: str, kea_schema: bool, rounds: int, workers: str, peer_threads: str, seconds: int, start: int, quick: bool,
    out: Path,
) -> None:  # fmt: skip
    """Measure kea_mp and real Kea; prints a table, writes bench-BACKEND.json and bench-BACKEND.png to --out."""
    if quick:
        rounds, seconds = 1, 4
    if not perfdhcp.available():
        raise click.ClickException("there is no perfdhcp: apt-get install kea-admin")
    servers = contenders(backend, numbers(workers), numbers(peer_threads), kea_schema)
    machine = {
        "backend": backend,
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
    done = [
        search(server, number, seconds, start)
        for number in range(rounds)
        for server in (servers if number % 2 == 0 else reversed(servers))
    ]
    out.mkdir(parents=True, exist_ok=True)
    results = [{**asdict(round), "figure": round.figure} for round in done]
    numbers_file, plot_file = out / f"bench-{backend}.json", out / f"bench-{backend}.png"
    numbers_file.write_text(json.dumps({"machine": machine, "rounds": results}, indent=1))
    plot(backend, done, plot_file)
    console.print(table(done))
    console.print(f"written: {numbers_file}, {plot_file}")


if __name__ == "__main__":
    main()
