"""Lines of log for what happens to backends, under Kea's message identifiers. An error names the server by itself.

Runs in: supervisor
"""

from __future__ import annotations

import logging

from kea_mp.family import Family
from kea_mp.supervisor.backends import Backend, Role
from kea_mp.supervisor.recovery import News, Tell

_PREFIXES = {"mysql": "MYSQL", "postgresql": "PGSQL", "memfile": "KEA_MP_MEMFILE"}
_RETRY_FIRST = {
    Role.LEASES: "DHCPSRV_LEASE_MGR_DB_OPEN_CONNECTION_WITH_RETRY_FAILED",
    Role.HOSTS: "DHCPSRV_HOST_MGR_DB_OPEN_CONNECTION_WITH_RETRY_FAILED",
    Role.CONFIG: "DCTL_DB_OPEN_CONNECTION_WITH_RETRY_FAILED",
}

Line = tuple[int, str, str]  #: level, identifier, text


def line(family: Family, backend: Backend, tell: Tell) -> Line:
    """The line of log."""
    role = backend.role
    policy, exits = backend.policy, backend.policy.exits
    failure = family.message("FATAL_DB_RECONNECT" if exits else "DB_RECONNECT")
    level = logging.CRITICAL if exits else logging.ERROR
    then = "the daemon ends" if exits else "the service goes on without it, and it is looked for now and then"
    match tell.news:
        case News.CANNOT_START | News.WRONG_SCHEMA:
            text = f"failed to initialize Kea server: Unable to open database: {role}: {tell.error}"
            return logging.CRITICAL, family.message("INIT_FAIL"), text
        case News.RETRY_FIRST:
            return logging.WARNING, _RETRY_FIRST[backend.kind], f"Failed to connect to {role}: {tell.error}"
        case News.CANNOT_RECONFIGURE:
            text = f"Unable to open database: {role}: {tell.error}; DHCP is paused until a configuration succeeds"
            return logging.CRITICAL, family.message("DYNAMIC_RECONFIGURATION_FAIL"), text
        case News.LOST:
            text = f"database connection lost: {role}: {tell.error}"
            return logging.ERROR, family.message("DB_RECONNECT_LOST_CONNECTION"), text
        case News.NOT_CONFIGURED:
            tries = f"max-reconnect-tries {policy.tries}, reconnect-wait-time {1000 * policy.wait_s:.0f}"
            return level, f"{failure}_DISABLED", f"recovery of {role} is not configured ({tries}): {then}"
        case News.ATTEMPT_FAILED:
            text = f"try {tell.tries} of {policy.tries} to reach {role} failed: {tell.error}"
            return logging.ERROR, _attempt(family, backend, "ATTEMPT_FAILED"), text
        case News.SCHEDULED:
            text = (
                f"scheduling attempt {tell.tries} of {policy.tries} for {role} in {1000 * tell.wait_s:.0f} milliseconds"
            )
            return logging.INFO, _attempt(family, backend, "ATTEMPT_SCHEDULE"), text
        case News.PROBE_FAILED:
            text = f"{role} is still away, next probe in {tell.wait_s:.1f} s: {tell.error}"
            return logging.ERROR, "KEA_MP_DB_PROBE_FAILED", text
        case News.EXHAUSTED:
            text = f"all {policy.tries} tries to reach {role} ({backend.place}) have failed: {then}"
            return level, f"{failure}_FAILED", text
        case News.RECOVERED:
            after = f" after {tell.tries} of {policy.tries} tries" if tell.tries else ""
            text = f"database connection recovered: {role}{after}"
            return logging.INFO, family.message("DB_RECONNECT_SUCCEEDED"), text


def _attempt(family: Family, backend: Backend, what: str) -> str:
    """ "PGSQL_LB_DB_RECONNECT_ATTEMPT_FAILED", "MYSQL_CB_RECONNECT_ATTEMPT_FAILED6"."""
    prefix = _PREFIXES[backend.type]
    if backend.kind is Role.CONFIG:
        return f"{prefix}_CB_RECONNECT_{what}{family.number}"
    return f"{prefix}_{backend.kind.letters}_DB_RECONNECT_{what}"
