"""hooks-libraries: which of Kea's hook libraries a configuration lists. What they do is built in here.

A library is known by its file name, whatever the folder; no file is opened. Its commands exist when it is listed.

Runs in: any
"""

from __future__ import annotations

from kea_mp.config.keys import NOT_YET
from kea_mp.config.scope import Level

LEASE_CMDS, STAT_CMDS = "libdhcp_lease_cmds.so", "libdhcp_stat_cmds.so"

KNOWN = (LEASE_CMDS, STAT_CMDS, "libdhcp_mysql.so", "libdhcp_pgsql.so")


def libraries(top: Level) -> tuple[str, ...]:
    """The file names of the listed libraries, each once. ConfigError for one that is not built in, and for a parameter
    that would have no effect."""
    names = []
    for level in top.items("hooks-libraries"):
        path = level.json["library"].strip()
        name = path.rpartition("/")[2]
        if name not in KNOWN:
            raise level.error(f"{path!r} {NOT_YET}: the hook libraries built in are {', '.join(KNOWN)}", "library")
        for parameter, value in level.json.get("parameters", {}).items():
            if (name, parameter, value) == (LEASE_CMDS, "binding-variables", []):
                continue
            why = NOT_YET if (name, parameter) == (LEASE_CMDS, "binding-variables") else f"is none of {name}"
            raise level.error(why, "parameters", parameter)
        names.append(name)
    return tuple(dict.fromkeys(names))
