"""status-get for people: one screen that says what is wrong first.

Runs in: the command line
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import IntEnum
from itertools import pairwise
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from kea_mp.control.daemon import PAUSE, SERVE

Json = dict[str, Any]

_KINDS = {4: {"addresses": "addresses"}, 6: {"nas": "addresses", "pds": "prefixes"}}  #: of leases, by family
SILENT_S = 2.0  #: the silence limit: a worker that is not heard for so long does not count as serving


class Verdict(IntEnum):
    """How the service is; also the exit code of `kea-mp status`."""

    SERVING = 0
    DEGRADED = 1
    PAUSED = 2
    NOT_REACHABLE = 3


_COLOURS = {
    Verdict.SERVING: "bold green",
    Verdict.DEGRADED: "bold yellow",
    Verdict.PAUSED: "bold red",
    Verdict.NOT_REACHABLE: "bold red",
}


def verdict(status: Json) -> Verdict:
    """The verdict on the arguments of a status-get answer."""
    if status["kea-mp"]["service"]["state"] != SERVE:
        return Verdict.PAUSED
    return Verdict.DEGRADED if any(complaints(status)) else Verdict.SERVING


def complaints(status: Json) -> Iterator[str]:
    """What is not as it should be although DHCP is served."""
    own = status["kea-mp"]
    for backend in own["backends"]:
        if backend["state"] != "up":
            yield backend["summary"]
    for process in own["processes"]:
        if process["state"] != "running":
            yield f"{process['name']} is {process['state']} ({process['restarts']} restarts)"
        elif process["silent-s"] >= SILENT_S:
            yield f"{process['name']} (pid {process['pid']}) is silent for {process['silent-s']:.1f} s"
        elif process["name"].startswith("serving-") and process["mode"] != own["service"]["state"]:
            yield f"{process['name']} (pid {process['pid']}) does not follow yet: {process['mode'] or 'not heard'}"
    if status["sockets"]["status"] != "ready":
        yield f"DHCP sockets: {status['sockets']['status']}, {'; '.join(status['sockets'].get('errors', []))}"


def screen(status: Json) -> RenderableType:
    """The whole screen."""
    return Group(*_top(status), Text(), _backends(status), Text(), _processes(status), Text(), *_foot(status))


def _top(status: Json) -> Iterator[RenderableType]:
    own, service = status["kea-mp"], status["kea-mp"]["service"]
    result = verdict(status)
    state = {SERVE: "SERVING", PAUSE: "PAUSED"}.get(service["state"], "LEAVING")
    state = "SERVING, BUT DEGRADED" if result is Verdict.DEGRADED else state
    line = Text.assemble(
        (f"DHCPv{own['family']} ", "bold"), (state, _COLOURS[result]), f" for {_ago(own, service['since'])}"
    )
    if not service["acknowledged"]:
        line.append("  not followed by every worker yet", "yellow")
    yield line
    if result is Verdict.PAUSED:
        yield Text("DHCP packets are read and dropped, clients get no answer, because of:", "red")
        for reason in service["reasons"]:
            yield Text.assemble("  • ", (reason["who"], "bold"), _reason(own, reason))
    told = {reason["text"] for reason in service["reasons"]}
    for complaint in complaints(status):
        if complaint not in told:
            yield Text.assemble("  • ", (complaint, "yellow"))


def _reason(own: Json, reason: Json) -> str:
    text = f", {reason['text'].removeprefix(reason['who']).strip()}" if reason["text"] else ""
    left = f", ends by itself in {age(reason['until'] - own['now'])}" if "until" in reason else ""
    return f" since {_ago(own, reason['since'])}{text}{left}"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", show_edge=False)
    for column in columns:
        number = column.startswith(">")
        table.add_column(column.lstrip(">"), justify="right" if number else "left", overflow="fold", no_wrap=number)
    return table


def _backends(status: Json) -> Table:
    own = status["kea-mp"]
    table = _table("backend", "type", "where", "state", ">since", ">batch", ">ms p50/p99")
    for backend in own["backends"]:
        host = f"{backend['host']}{':' + str(backend['port']) if backend['port'] else ''} " if backend["host"] else ""
        tls = f" ({backend['tls']})" if backend["tls"] else ""
        table.add_row(
            backend["role"],
            backend["type"],
            escape(f"{host}{backend['name']}{tls}"),
            _tries(backend),
            _ago(own, backend["since"]),
            _gauge(backend, "batch-size-p50", ".0f"),
            "/".join(_gauge(backend, f"batch-latency-ms-{share}", ".1f") for share in ("p50", "p99")),
        )
    return table


def _tries(backend: Json) -> Text:
    """The state, and how far the tries are."""
    if backend["state"] == "up":
        return Text("up", "green")
    number, most, wait = backend["try"], backend["max-reconnect-tries"], backend["next-try-ms"]
    tries = f" {number}/{most}" if most and number else ""
    return Text(f"{backend['state']}{tries}{f', next in {wait / 1000:.0f} s' if wait is not None else ''}", "red")


def _gauge(backend: Json, name: str, form: str) -> str:
    value = backend["gauges"].get(name)
    return "-" if value is None else format(value, form)


def _processes(status: Json) -> Table:
    own = status["kea-mp"]
    table = _table("process", ">pid", "state", ">packets", ">cpu", ">memory", ">age")
    for process in own["processes"]:
        packets = process["counters"].get(f"pkt{own['family']}-received")
        table.add_row(
            process["name"].removeprefix("connection-"),
            str(process["pid"] or "-"),
            _state(own, process),
            "" if packets is None else f"{packets:,}",
            f"{process['cpu-percent']:.0f} %",
            f"{process['memory'] / (1 << 20):.0f} MiB",
            _ago(own, process["started"]) if process["pid"] else "-",
        )
    return table


def _state(own: Json, process: Json) -> Text:
    """Running or not; what a packet worker follows; restarts and silence when there are any."""
    well = process["state"] == "running" and process["mode"] in ("", own["service"]["state"])
    words = [process["mode"] if process["mode"] and process["state"] == "running" else process["state"]]
    if process["restarts"]:
        words.append(f"{process['restarts']} restarts")
    if process["silent-s"] >= SILENT_S:
        well = False
        words.append(f"silent for {process['silent-s']:.1f} s")
    return Text(", ".join(words), "green" if well else "red")


def _foot(status: Json) -> Iterator[RenderableType]:
    own, leases = status["kea-mp"], status["kea-mp"]["leases"]
    declined = f", {leases['declined-addresses']:,} declined" if leases["declined-addresses"] else ""
    title = "leases         "
    for kind, name in _KINDS[own["family"]].items():
        total, assigned = leases[f"total-{kind}"], leases[f"assigned-{kind}"]
        share = f" ({100 * assigned / total:.1f} %)" if total else ""
        full = "bold red" if total and assigned >= total else "yellow" if total and assigned > 0.9 * total else ""
        yield Text.assemble((title, "dim"), (f"{assigned:,} of {_large(total)} {name}{share}{declined}", full))
        title, declined = " " * len(title), ""
    if "server-duid" in own:
        yield Text.assemble(("server-id      ", "dim"), own["server-duid"])
    configuration = own["configuration"]
    taken = f"{configuration['hash'][:12]}… from {configuration['file']}, {_ago(own, configuration['since'])} ago"
    yield Text.assemble(("configuration  ", "dim"), taken)
    if "refused" in configuration:
        refused = configuration["refused"]
        yield Text(f"               {refused['hash'][:12]}… was refused: {refused['why']}", "yellow")
    up = f"kea_mp {own['version']}, pid {status['pid']}, up {age(status['uptime'])}, {datetime.now():%Y-%m-%d %H:%M:%S}"
    yield Text.assemble(("daemon         ", "dim"), up)


def _large(number: int) -> str:
    """A number in full while it can be read."""
    return (
        f"{number:,}"
        if number < 10**12
        else f"2^{number.bit_length() - 1}"
        if number.bit_count() == 1
        else f"{number:.1e}"
    )


def _ago(own: Json, moment: float) -> str:
    return age(own["now"] - moment)


def age(seconds: float) -> str:
    """A duration in the two largest units that matter: "12 s", "3 min 20 s", "4 h 5 min", "2 d 3 h"."""
    left = max(0, int(seconds))
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    for (large, size), (small, part) in pairwise(units):
        if left >= size:
            rest = left % size // part
            return f"{left // size} {large}" + (f" {rest} {small}" if rest else "")
    return f"{left} s"
