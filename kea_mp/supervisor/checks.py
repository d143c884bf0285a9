"""What can be known of a configuration before anything of it is used.

Runs in: supervisor
"""

from __future__ import annotations

import os
from pathlib import Path

from kea_mp.config.model import LeaseDatabase, MemfileAccess
from kea_mp.errors import ExitCode, ExitWith
from kea_mp.family import Family


def check_lease_file(access: LeaseDatabase, family: Family) -> None:
    """ExitWith 73 when there is a lease file and it could not be written."""
    if not isinstance(access, MemfileAccess) or not access.persist:
        return
    file = Path(access.name)
    usable = os.access(file, os.R_OK | os.W_OK) if file.exists() else os.access(file.parent, os.W_OK | os.X_OK)
    if not usable:
        text = f"Unable to open database: the lease file {file} is not writable"
        raise ExitWith(ExitCode.CANT_CREATE, family.message("INIT_FAIL"), text)
