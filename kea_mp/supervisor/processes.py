"""The process table: which children a configuration wants, and which program each runs.

Programs are named by strings, for kea_mp never imports its children.

Runs in: supervisor
"""

from __future__ import annotations

from dataclasses import dataclass

from kea_mp.supervisor.children import Kind

LAUNCHER = "workers.start"  #: its `launch(module, start)` is the first thing each child runs

CHECKER = "workers.connection.check"  #: run with a configuration file, says whether its lease database can be used


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """A kind of child. module: has `run(start)`. names: one child each, in the order of their index."""

    kind: Kind
    module: str
    names: tuple[str, ...]


def table(workers: int) -> tuple[ChildSpec, ...]:
    """The children of a daemon with this many packet workers; the lease database is the first connection worker."""
    return (
        ChildSpec(Kind.CONNECTION, "workers.connection.__main__", ("connection-lease-database",)),
        ChildSpec(Kind.SERVING, "workers.serving.__main__", tuple(f"serving-{n}" for n in range(workers))),
    )
