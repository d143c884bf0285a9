"""Where files live: the one place that reads KEA_MP_RUN_DIR and KEA_MP_DATA_DIR.

Runs in: any
"""

from __future__ import annotations

import os
from pathlib import Path


def run_dir() -> Path:
    """Sockets and PID files; relative socket names of the configuration are under it."""
    return Path(os.environ.get("KEA_MP_RUN_DIR") or "/run/kea-mp").absolute()


def data_dir() -> Path:
    """Lease files; relative lease and log file names of the configuration are under it."""
    return Path(os.environ.get("KEA_MP_DATA_DIR") or "/var/lib/kea-mp").absolute()
