"""docs/faults.md, written by the suite: each part by the tests that measured it, the other parts stay as they are.

Runs in: any
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.faults.cells import NEW, RENEWALS, WAIT_S, Seen
from tests.faults.table import FAULTS, ON_FAILS
from tests.lab import databases, peer

PAGE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
CELLS, BESIDE = "cells", "beside"  #: parts of the page
_KINDS = ("postgresql", "mysql", "memfile")
_COLUMNS = ("backend", "fault", "on-fail", "seen", "end", "back", "confirmed", "commands", "wrong", "lost", "busy")
_HEAD = """# What faults cost

Written by `scripts/test --all tests/faults`; do not edit. How it is measured: `tests/faults`, CONNECTIVITY §10.

"""
_PART = "<!-- {0} -->\n{1}\n<!-- end of {0} -->\n"


def write(returned: Sequence[Seen], given_up: Sequence[Seen]) -> None:
    """The table of cells."""
    ends = {(seen.fault, seen.kind, seen.on_fail): seen for seen in given_up}
    others = {(seen.fault, seen.kind, seen.on_fail): seen for seen in returned}
    faults = [fault.name for fault in FAULTS]
    keys = sorted({*others, *ends}, key=lambda k: (_KINDS.index(k[1]), faults.index(k[0]), ON_FAILS.index(k[2])))
    rows = [_row(key, others.get(key), ends.get(key)) for key in keys]
    everything = [*returned, *given_up]
    broken = [f"- {_name(seen)}: {'; '.join(seen.broken)}" for seen in everything if seen.broken]
    late = [
        f"- {_name(seen)}: {'; '.join(seen.late)} (machine busy: {100 * seen.busy:.0f}%)"
        for seen in everything
        if seen.late
    ]
    text = "\n".join([
        "## Faults of the lease database",
        "",
        f"{circumstances()} Under each fault {NEW} new exchanges/s and {RENEWALS} renewals/s, `status-get` and"
        f" `lease4-get` every 50 ms; reconnect-wait-time {1000 * WAIT_S:.0f} ms.",
        "",
        "*seen*: state of the backend, service, and after how many ms (commands ask every 10 ms). *end*: when the fault"
        " outlasts max-reconnect-tries. *back*: ms from the moment when the database can be used again to the first"
        f" new lease (promised: {1000 * WAIT_S:.0f} + 500). *confirmed*: renewals answered during 1 s of the outage,"
        " with the time that is left. *commands*: the longest, and 99 of 100, ms. *wrong*: forbidden answers. *lost*:"
        " acknowledged leases that are missing or end too soon in the database, of all acknowledged. *busy*: for what"
        " part of the time anything on the machine waited for a processor.",
        "",
        *table(_COLUMNS, rows),
        "",
        *(["Not as promised:", "", *broken] if broken else ["Every promise was kept in every cell."]),
        *(["", "Later than promised:", "", *late] if late else ["Every bound of time held in every cell."]),
    ])  # fmt: skip
    put(CELLS, text)


def _row(key: tuple[str, str, str], back: Seen | None, end: Seen | None) -> tuple[str, ...]:
    both = [seen for seen in (back, end) if seen is not None]
    first = back or end
    assert first is not None
    noticed = f", {1000 * back.noticed_s:.0f}" if back is not None and back.noticed_s is not None else ""
    return (
        key[1],
        key[0],
        key[2],
        f"{first.state}, {first.service}{noticed}" if first.state else "",
        "" if end is None else f"exit {end.exit_code}" if end.exit_code is not None else f"{end.state}, {end.service}",
        "" if back is None or back.first_answer_s is None else f"{1000 * max(0.0, back.first_answer_s):.0f}",
        "" if first.confirmed is None else str(first.confirmed),
        f"{1000 * max(s.longest_s for s in both):.0f}, {1000 * max(s.slow_part_s for s in both):.0f}",
        str(sum(seen.wrong for seen in both)),
        f"{sum(seen.lost for seen in both)} of {sum(seen.acknowledged for seen in both)}",
        f"{100 * max(seen.busy for seen in both):.0f}%",
    )


def _name(seen: Seen) -> str:
    return f"{seen.kind}, {seen.fault}, {seen.on_fail}"


def circumstances() -> str:
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, {os.cpu_count()} cores shared by daemon, databases and"
        f" load (load average at the end {load}), Linux {platform.release()}, Python {platform.python_version()};"
        f" {versions()}."
    )


def versions() -> str:
    programs = {"postgresql": [str(databases.postgresql_programs() / "postgres"), "-V"],
                "mysql": ["/usr/sbin/mariadbd", "-V"]}  # fmt: skip
    found = []
    for kind, command in programs.items():
        if databases.available(kind):
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            number = re.search(r"\d+\.\d+(\.\d+)?", said)
            found.append(
                f"{'PostgreSQL' if kind == 'postgresql' else 'MariaDB'} {number[0] if number else said.strip()}"
            )
    if peer.available():
        found.append(f"Kea {peer.version()}")
    return ", ".join(found)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]


def put(part: str, text: str) -> None:
    """Replace one part of the page."""
    parts = {CELLS: "", BESIDE: ""}
    if PAGE.exists():
        for name, found in re.findall(r"<!-- (\w+) -->\n(.*?)\n<!-- end of \1 -->", PAGE.read_text(), re.DOTALL):
            parts[name] = found
    parts[part] = text
    PAGE.write_text(_HEAD + "\n".join(_PART.format(name, body) for name, body in parts.items() if body))
