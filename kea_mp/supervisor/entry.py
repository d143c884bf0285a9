"""Where a child begins: imports its program by name and runs it. Kept tiny, for it is the first thing a child loads.

Runs in: any
"""

from __future__ import annotations

import importlib

from kea_mp.supervisor.start_record import StartRecord


def enter(launcher: str, module: str, start: StartRecord) -> None:
    """Run `launcher.launch(module, start)`, which runs `module.run(start)`; the process ends with it."""
    importlib.import_module(launcher).launch(module, start)
