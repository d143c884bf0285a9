"""Commands that say how the daemon is: status-get, version-get, build-report.

status-get has Kea's fields, and under `kea-mp` what Kea does not tell: the service's state and who pauses it since
when, each backend, each process, which configuration is in force. Packet workers are processes here, so
multi-threading-enabled is false and the fields that Kea adds with threads are absent.

Runs in: supervisor
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib import metadata
from typing import Any

from kea_mp import KEA_COMPATIBLE, __version__
from kea_mp.control.answer import Answer, success
from kea_mp.control.daemon import SERVE, BackendStatus, Daemon, PauseReason, ProcessStatus, Snapshot
from kea_mp.control.service import DATABASE, HA_LOCAL, HA_REMOTE, USER
from kea_mp.dhcp.duid import duid_text

_LEASES = {
    4: ("total-addresses", "assigned-addresses", "declined-addresses"),
    6: ("total-nas", "assigned-nas", "total-pds", "assigned-pds", "declined-addresses"),
}  #: how full the pools are, by Kea's statistics of each subnet
LIBRARIES = ("click", "msgspec", "multiprocessing-logging", "psutil", "pyzmq", "rich")


def version_get(daemon: Daemon, _: None) -> Answer:
    extended = f"kea_mp {__version__}, DHCPv{daemon.family}, follows Kea {KEA_COMPATIBLE}\n{lease_backends()}"
    return success(__version__, {"extended": extended})


def build_report(_: Daemon, __: None) -> Answer:
    return success(build_text())


def lease_backends() -> str:
    return "lease backends:\n- memfile"


def build_text() -> str:
    """What this installation is made of (also for the flag -W)."""
    libraries = "\n".join(f"  {name} {metadata.version(name)}" for name in LIBRARIES)
    return (
        f"kea_mp {__version__}, follows Kea {KEA_COMPATIBLE}\n"
        f"Python: {platform.python_implementation()} {platform.python_version()}\n"
        f"System: {platform.system()} {platform.release()} {platform.machine()}\n"
        f"Libraries:\n{libraries}\n{lease_backends()}"
    )


def status_get(daemon: Daemon, _: None) -> Answer:
    state = daemon.snapshot()
    sockets: dict[str, Any] = {"status": state.sockets.status}
    tables = {"extended-info-tables": False} if daemon.family == 6 else {}  # those of Bulk Leasequery
    if state.sockets.errors:
        sockets["errors"] = list(state.sockets.errors)
    return success(
        arguments={
            "pid": daemon.pid,
            "uptime": int(state.now - daemon.started),
            "reload": int(state.now - daemon.reloaded),
            "multi-threading-enabled": False,
            "dhcp-state": dhcp_state(state),
            "sockets": sockets,
            **tables,
            "kea-mp": own_state(daemon, state),
        }
    )


def dhcp_state(state: Snapshot) -> dict[str, Any]:
    """Kea's view of who disabled the service: origin ids by kind."""

    def origins(first: int, last: int) -> list[int]:
        return sorted(reason.origin for reason in state.reasons if first <= reason.origin <= last)

    return {
        "globally-disabled": state.mode != SERVE,
        "disabled-by-user": bool(origins(USER, USER)),
        "disabled-by-local-command": origins(HA_LOCAL, HA_REMOTE - 1),
        "disabled-by-remote-command": origins(HA_REMOTE, DATABASE - 1),
        "disabled-by-db-connection": origins(DATABASE, 0xFFFFFFFF),
    }


def own_state(daemon: Daemon, state: Snapshot) -> dict[str, Any]:
    """Our own part of status-get. Times are seconds since the epoch."""
    configuration: dict[str, Any] = {"file": daemon.config_file, "hash": daemon.config.digest, "since": daemon.reloaded}
    if state.refused_digest or state.refused_why:
        configuration["refused"] = {"hash": state.refused_digest, "why": state.refused_why}
    return {
        "version": __version__,
        "family": daemon.family,
        "now": state.now,
        "started": daemon.started,
        "service": {
            "state": state.mode,
            "since": state.since,
            "epoch": state.epoch,
            "generation": state.generation,
            "acknowledged": state.acknowledged,
            "reasons": [_reason(reason) for reason in state.reasons],
        },
        "backends": [_backend(backend) for backend in state.backends],
        "processes": [_process(process) for process in state.processes],
        "configuration": configuration,
        "leases": _leases(daemon),
    } | ({"server-duid": duid_text(daemon.server_duid)} if daemon.family == 6 else {})


def _reason(reason: PauseReason) -> dict[str, Any]:
    shown: dict[str, Any] = {"who": reason.who, "origin": reason.origin, "since": reason.since, "text": reason.text}
    if reason.until is not None:
        shown["until"] = reason.until
    return shown


def _backend(backend: BackendStatus) -> dict[str, Any]:
    """last-error is the last one also when it is overcome; summary is there only while the backend is away."""
    shown: dict[str, Any] = {
        "role": backend.role,
        "type": backend.type,
        "name": backend.name,
        "host": backend.host,
        "port": backend.port,
        "tls": backend.tls,
        "state": backend.state,
        "since": backend.since,
        "on-fail": backend.on_fail,
        "try": backend.tries,
        "max-reconnect-tries": backend.max_tries,
        "next-try-ms": backend.next_try_ms,
        "last-error": backend.error,
        "last-error-class": backend.error_class,
        "queue-depth": backend.queue_depth,
        "gauges": _own(backend.gauges),
    }
    return shown | {"summary": backend.summary} if backend.summary else shown


def _process(process: ProcessStatus) -> dict[str, Any]:
    return {
        "name": process.name,
        "pid": process.pid,
        "state": process.state,
        "mode": process.mode,
        "epoch": process.epoch,
        "generation": process.generation,
        "started": process.started,
        "restarts": process.restarts,
        "silent-s": round(process.silent_s, 3),
        "cpu-percent": round(process.cpu_percent, 1),
        "memory": process.memory_bytes,
        "counters": _own(process.counters),
        "gauges": _own(process.gauges),
    }


def _own(values: Mapping[str, float]) -> dict[str, float]:
    """Without the numbers of single subnets, which are thousands on a large site: statistic-get-all has them."""
    return {name: value for name, value in values.items() if not name.startswith("subnet[")}


def _leases(daemon: Daemon) -> dict[str, int]:
    """How full the pools are, over all subnets."""
    statistics = daemon.statistics()
    return {
        name: sum(statistics.value(f"subnet[{subnet.id}].{name}") for subnet in daemon.config.subnets)
        for name in _LEASES[daemon.family]
    }
