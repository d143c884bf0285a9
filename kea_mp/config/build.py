"""From checked JSON to the configuration: the parts that stand for themselves, for both families.

Runs in: any
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kea_mp.config.check import check_map
from kea_mp.config.databases import sql_access
from kea_mp.config.folders import data_dir, run_dir
from kea_mp.config.hooks import libraries
from kea_mp.config.keys import MEMFILE_IDLE, NOT_HERE
from kea_mp.config.model import (
    Compatibility,
    ControlSocket,
    ExpiredLeases,
    Interfaces,
    LeaseDatabase,
    Logger,
    LogOutput,
    MemfileAccess,
)
from kea_mp.config.options import OptionEncoder, option_defs
from kea_mp.config.scope import Json, Level

_HTTP_ONLY = ("socket-address", "socket-port", "authentication", "trust-anchor", "cert-file", "key-file",
              "cert-required", "http-headers")  # fmt: skip
_SOCKET_PATH_LIMIT = 107  #: bytes of sun_path without its final zero
_SEVERITIES = ("DEBUG", "INFO", "WARN", "ERROR", "FATAL", "NONE")
_MOST_WORKERS = 256
_MULTICAST = 0xFF  #: first byte of an IPv6 multicast address
_REMEMBERED = 200_000  #: kea-mp.remembered-leases


def common_values(top: Level, encoder: OptionEncoder, folder: Path) -> dict[str, Any]:
    """The fields of Config except those that are known last: raw, digest, warnings. folder: of lease files."""
    _check_ddns_connection(top)
    own, threads = _own_settings(top), _Threads.of(top)
    return {
        "interfaces": _interfaces(top),
        "lease_database": _lease_database(top, own, folder),
        "expired": _expired(top),
        "options": encoder.options(top),
        "option_defs": option_defs(encoder.known),
        "host_identifiers": _host_identifiers(top),
        "control_sockets": _control_sockets(top),
        "loggers": _loggers(top),
        "compatibility": Compatibility(**{k.replace("-", "_"): v for k, v in part(top, "compatibility").items()}),
        "decline_probation_period": top.find("decline-probation-period"),
        "server_tag": top.find("server-tag"),
        "early_global_reservations": top.find("early-global-reservations-lookup"),
        # Kea with several threads always looks for reservations first.
        "reservations_first": threads.enabled or top.find("reservations-lookup-first"),
        "workers": own.get("workers") or threads.workers,
        "remembered_leases": own.get("remembered-leases", _REMEMBERED),
        "libraries": libraries(top),
    }


def part(top: Level, name: str) -> Json:
    """A map of the top level with Kea's defaults."""
    return {**top.tables.map_defaults.get(name, {}), **top.json.get(name, {})}


def _own_settings(top: Level) -> Json:
    """What only kea_mp knows, in the map `kea-mp` of the top level's user-context."""
    settings: Any = top.json.get("user-context", {}).get("kea-mp", {})
    scopes = top.tables.scopes
    check_map(settings, scopes["kea-mp"], (*top.path, "user-context", "kea-mp"), top.complaints, scopes)
    return settings  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class _Threads:
    """multi-threading: Kea's threads are our packet workers."""

    enabled: bool
    workers: int | None

    @staticmethod
    def of(top: Level) -> _Threads:
        found = part(top, "multi-threading")
        if not found["enable-multi-threading"]:
            return _Threads(False, 1)
        if "packet-queue-size" in top.json.get("multi-threading", {}):
            steps = ("multi-threading", "packet-queue-size")
            top.warn("KEA_MP_CONFIG_NO_EFFECT", "has no effect: packets wait in the sockets' buffers", *steps)
        size = found["thread-pool-size"]
        if size > _MOST_WORKERS:
            problem = f"{size} is out of range: kea_mp has at most {_MOST_WORKERS} workers"
            raise top.error(problem, "multi-threading", "thread-pool-size")
        return _Threads(True, size or None)


def _interfaces(top: Level) -> Interfaces:
    found = part(top, "interfaces-config")
    seen: set[tuple[str, object]] = set()  #: name and address, None when there is none
    names = []
    for index, text in enumerate(found["interfaces"]):
        name, slash, address_text = (piece.strip() for piece in text.partition("/"))
        steps = ("interfaces-config", "interfaces", index)
        if not name:
            raise top.error("the interface name is empty", *steps)
        if slash and name == "*":
            raise top.error("* cannot have an address", *steps)
        address = _interface_address(top, address_text, *steps) if slash else None
        full = f"{name}/{address_text}" if slash else name
        # Of IPv4 a whole interface stands for all its addresses; of IPv6, for what is sent to all servers.
        both = (name, None) in seen if slash else any(other == name for other, _ in seen)
        if (name, address) in seen or (both and top.tables.family.number == 4):
            raise top.error(f"interface {full!r} is selected already", *steps)
        seen.add((name, address))
        names.append(full)
    return Interfaces(
        names=tuple(names),
        socket_type=found.get("dhcp-socket-type", "raw"),
        outbound_interface=found.get("outbound-interface", "same-as-inbound"),
        re_detect=found["re-detect"] and "interfaces-config" in top.json,  # Kea looks for none without the map
        require_all=found.get("service-sockets-require-all", False),
        max_retries=found.get("service-sockets-max-retries", 0),
        retry_wait_ms=found.get("service-sockets-retry-wait-time", 5000),
    )


def _interface_address(top: Level, text: str, *steps: str | int) -> object:
    if top.tables.family.number == 4:
        return top.address_of(text, *steps)
    address = top.address6_of(text, *steps)
    if address[0] == _MULTICAST:
        raise top.error(f"{text} is not a unicast address", *steps)
    return address


def _lease_database(top: Level, own: Json, folder: Path) -> LeaseDatabase:
    access = part(top, "lease-database")
    if access["type"] != "memfile":
        return replace(sql_access(top, "lease-database"), allow_clear_text=own.get("allow-clear-text", False))
    for name in ("read-timeout", "write-timeout", "tcp-user-timeout"):
        if access.get(name):
            raise top.error("is not for type memfile", "lease-database", name)
    for name in sorted(MEMFILE_IDLE & access.keys()):
        top.warn("KEA_MP_CONFIG_NO_EFFECT", "has no effect with type memfile", "lease-database", name)
    return MemfileAccess(
        name=str(folder / (access.get("name") or top.tables.family.lease_file)),
        persist=access.get("persist", True),
        lfc_interval=access.get("lfc-interval", 3600),
        max_row_errors=access.get("max-row-errors", 0),
        sync=own.get("memfile-sync", "batch"),
        lease_checks=part(top, "sanity-checks")["lease-checks"],
        on_fail=access.get("on-fail", "stop-retry-exit"),
    )


def _expired(top: Level) -> ExpiredLeases:
    found = part(top, "expired-leases-processing")
    return ExpiredLeases(
        reclaim_wait=found["reclaim-timer-wait-time"],
        flush_wait=found["flush-reclaimed-timer-wait-time"],
        hold_reclaimed=found["hold-reclaimed-time"],
        max_leases=found["max-reclaim-leases"],
        max_time_ms=found["max-reclaim-time"],
        unwarned_cycles=found["unwarned-reclaim-cycles"],
    )


def _host_identifiers(top: Level) -> tuple[str, ...]:
    names = top.find("host-reservation-identifiers")
    for index, name in enumerate(names):
        steps = ("host-reservation-identifiers", index)
        if name not in top.tables.host_identifiers:
            raise top.error(f"{name!r} is none of: {', '.join(top.tables.host_identifiers)}", *steps)
        if name in names[:index]:
            raise top.error(f"{name!r} is there twice", *steps)
    return tuple(names)


def _control_sockets(top: Level) -> tuple[ControlSocket, ...]:
    levels = top.items("control-sockets")
    if "control-socket" in top.json:
        if "control-sockets" in top.json:
            raise top.error("control-socket and control-sockets must not both be given", "control-socket")
        levels = [top.inner(top.json["control-socket"], "control-socket")]
    if len(levels) > 1 and all(level.json["socket-type"] == "unix" for level in levels):
        raise levels[1].error("there is a control socket of type unix already", "socket-type")
    return tuple(_control_socket(level) for level in levels)


def _control_socket(level: Level) -> ControlSocket:
    kind = level.json["socket-type"]
    if kind != "unix":
        raise level.error(f"a control socket of type {kind} {NOT_HERE}: only unix is", "socket-type")
    for name in _HTTP_ONLY:
        if name in level.json:
            raise level.error("is not for a control socket of type unix", name)
    file_name = level.json.get("socket-name")
    if not file_name or not Path(file_name).name:
        raise level.error("the name of the socket is missing", *(("socket-name",) if file_name is not None else ()))
    path = str(run_dir() / file_name)
    if len(path.encode()) > _SOCKET_PATH_LIMIT:
        problem = f"{path} is longer than the {_SOCKET_PATH_LIMIT} bytes that the system takes"
        raise level.error(problem, "socket-name")
    return ControlSocket(path)


def _loggers(top: Level) -> tuple[Logger, ...]:
    """A logger without a severity has that of the nearest logger above it, as in Kea, otherwise INFO."""
    levels = top.items("loggers")
    given = {level.json["name"]: level for level in levels if "severity" in level.json}
    loggers = []
    for level in levels:
        name = level.json["name"]
        nearest = next((given[above] for above in _upwards(name) if above in given), None)
        loggers.append(
            Logger(
                name=name,
                outputs=tuple(_log_output(output) for output in _outputs(level)),
                severity=_severity(nearest) if nearest else "INFO",
                debug_level=(nearest or level).json.get("debuglevel", 0),
            )
        )
    return tuple(loggers)


def _upwards(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:size]) for size in range(len(parts), 0, -1)]


def _severity(level: Level) -> str:
    severity: str = level.json["severity"].upper()
    if severity not in _SEVERITIES:
        raise level.error(f"{level.json['severity']!r} is none of: {', '.join(_SEVERITIES)}", "severity")
    return severity


def _outputs(level: Level) -> list[Level]:
    if "output_options" not in level.json:
        return level.items("output-options")
    if "output-options" in level.json:
        raise level.error("output_options and output-options must not both be given", "output_options")
    level.warn("DCTL_DEPRECATED_OUTPUT_OPTIONS", "use output-options instead", "output_options")
    return level.items("output_options")


def _log_output(level: Level) -> LogOutput:
    found = level.json
    output = found["output"]
    if output not in ("stdout", "stderr", "syslog") and not output.startswith("syslog:"):
        output = str(data_dir() / output)
    return LogOutput(
        output=output,
        flush=found.get("flush", True),
        max_size=found.get("maxsize", 10240000),
        max_versions=found.get("maxver", 1),
        pattern=found.get("pattern", ""),
    )


def _check_ddns_connection(top: Level) -> None:
    """dhcp-ddns has no effect while updates are off, but its addresses must make sense, as in Kea."""
    found = part(top, "dhcp-ddns")
    addresses = {}
    for name in ("server-ip", "sender-ip"):
        if found[name]:
            try:
                addresses[name] = ipaddress.ip_address(found[name])
            except ValueError as error:
                raise top.error(str(error), "dhcp-ddns", name) from error
    server, sender = addresses.get("server-ip"), addresses.get("sender-ip")
    if server is None or sender is None:
        return
    if server.version != sender.version:
        raise top.error("is not of the family of server-ip", "dhcp-ddns", "sender-ip")
    if server == sender and found["server-port"] == found["sender-port"]:
        raise top.error("server and sender cannot have the same address and port", "dhcp-ddns", "sender-ip")
