"""From checked JSON to Config4: the parts that stand for themselves, and all of it together.

Runs in: any
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kea_mp.config import keys4
from kea_mp.config.check import Complaints, check_map
from kea_mp.config.classes4 import classes
from kea_mp.config.databases import sql_access
from kea_mp.config.folders import data_dir, run_dir
from kea_mp.config.hooks4 import libraries
from kea_mp.config.hosts4 import HostTable
from kea_mp.config.model import (
    Compatibility,
    Config4,
    ControlSocket,
    ExpiredLeases,
    Interfaces,
    LeaseDatabase,
    Logger,
    LogOutput,
    MemfileAccess,
)
from kea_mp.config.networks4 import Subnets
from kea_mp.config.options4 import OptionEncoder, definitions, option_defs
from kea_mp.config.parameters4 import parameters
from kea_mp.config.scope import Json, Level
from kea_mp.config.show4 import Display, digest

_HTTP_ONLY = ("socket-address", "socket-port", "authentication", "trust-anchor", "cert-file", "key-file",
              "cert-required", "http-headers")  # fmt: skip
_SOCKET_PATH_LIMIT = 107  #: bytes of sun_path without its final zero
_SEVERITIES = ("DEBUG", "INFO", "WARN", "ERROR", "FATAL", "NONE")
_MOST_WORKERS = 256


def build4(dhcp4: Json, complaints: Complaints) -> Config4:
    """The configuration in the map `Dhcp4`, whose keys, types and ranges are checked already."""
    defaults = Level(keys4.GLOBAL_DEFAULTS, ("Dhcp4",), complaints)
    top = Level(dhcp4, ("Dhcp4",), complaints, defaults)
    _check_ddns_connection(top)
    own = _own_settings(top)
    encoder = OptionEncoder(definitions(top))
    hosts = HostTable(encoder, top.find("ip-reservations-unique"))
    global_parameters = parameters(top)
    threads = _Threads.of(top)
    subnets = Subnets(hosts, encoder).add_all(top, global_parameters)
    config = Config4(
        raw={},
        digest="",
        interfaces=_interfaces(top),
        lease_database=_lease_database(top, own.get("memfile-sync", "batch")),
        expired=_expired(top),
        subnets=subnets,
        global_parameters=global_parameters,
        global_hosts=hosts.add_all(top, 0, None),
        options=encoder.options(top),
        option_defs=option_defs(encoder.known),
        classes=classes(top, encoder),
        host_identifiers=_host_identifiers(top),
        control_sockets=_control_sockets(top),
        loggers=_loggers(top),
        compatibility=Compatibility(**{name.replace("-", "_"): v for name, v in _part(top, "compatibility").items()}),
        echo_client_id=top.find("echo-client-id"),
        decline_probation_period=top.find("decline-probation-period"),
        server_tag=top.find("server-tag"),
        stash_agent_options=top.find("stash-agent-options"),
        early_global_reservations=top.find("early-global-reservations-lookup"),
        # Kea with several threads always looks for reservations first.
        reservations_first=threads.enabled or top.find("reservations-lookup-first"),
        workers=own.get("workers") or threads.workers,
        libraries=libraries(top),
        warnings=tuple(complaints.warnings),
    )
    raw = Display(encoder).top(dhcp4)
    return replace(config, raw=raw, digest=digest(raw))


def _part(top: Level, name: str) -> Json:
    """A map of the top level with Kea's defaults."""
    return {**keys4.MAP_DEFAULTS.get(name, {}), **top.json.get(name, {})}


def _own_settings(top: Level) -> Json:
    """What only kea_mp knows, in the map `kea-mp` of the top level's user-context."""
    settings: Any = top.json.get("user-context", {}).get("kea-mp", {})
    check_map(settings, keys4.SCOPES["kea-mp"], (*top.path, "user-context", "kea-mp"), top.complaints)
    return settings  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class _Threads:
    """multi-threading: Kea's threads are our packet workers."""

    enabled: bool
    workers: int | None

    @staticmethod
    def of(top: Level) -> _Threads:
        part = _part(top, "multi-threading")
        if not part["enable-multi-threading"]:
            return _Threads(False, 1)
        if "packet-queue-size" in top.json.get("multi-threading", {}):
            steps = ("multi-threading", "packet-queue-size")
            top.warn("KEA_MP_CONFIG_NO_EFFECT", "has no effect: packets wait in the sockets' buffers", *steps)
        size = part["thread-pool-size"]
        if size > _MOST_WORKERS:
            problem = f"{size} is out of range: kea_mp has at most {_MOST_WORKERS} workers"
            raise top.error(problem, "multi-threading", "thread-pool-size")
        return _Threads(True, size or None)


def _interfaces(top: Level) -> Interfaces:
    part = _part(top, "interfaces-config")
    seen: set[str] = set()
    names = []
    for index, text in enumerate(part["interfaces"]):
        name, slash, address_text = (piece.strip() for piece in text.partition("/"))
        steps = ("interfaces-config", "interfaces", index)
        if not name:
            raise top.error("the interface name is empty", *steps)
        if slash and name == "*":
            raise top.error("* cannot have an address", *steps)
        full = name
        if slash:
            top.address_of(address_text, *steps)
            full = f"{name}/{address_text}"
        # name after name/address, too, is a duplicate for Kea
        if full in seen or name in seen or (not slash and any(other.startswith(f"{name}/") for other in seen)):
            raise top.error(f"interface {full!r} is selected already", *steps)
        seen.add(full)
        names.append(full)
    return Interfaces(
        names=tuple(names),
        socket_type=part.get("dhcp-socket-type", "raw"),
        outbound_interface=part.get("outbound-interface", "same-as-inbound"),
        re_detect=part["re-detect"],
        require_all=part.get("service-sockets-require-all", False),
        max_retries=part.get("service-sockets-max-retries", 0),
        retry_wait_ms=part.get("service-sockets-retry-wait-time", 5000),
    )


def _lease_database(top: Level, sync: str) -> LeaseDatabase:
    part = _part(top, "lease-database")
    if part["type"] != "memfile":
        return sql_access(top, "lease-database")
    for name in ("read-timeout", "write-timeout", "tcp-user-timeout"):
        if part.get(name):
            raise top.error("is not for type memfile", "lease-database", name)
    for name in sorted(keys4.MEMFILE_IDLE & part.keys()):
        top.warn("KEA_MP_CONFIG_NO_EFFECT", "has no effect with type memfile", "lease-database", name)
    return MemfileAccess(
        name=str(data_dir() / (part.get("name") or "kea-leases4.csv")),
        persist=part.get("persist", True),
        lfc_interval=part.get("lfc-interval", 3600),
        max_row_errors=part.get("max-row-errors", 0),
        sync=sync,
        lease_checks=_part(top, "sanity-checks")["lease-checks"],
    )


def _expired(top: Level) -> ExpiredLeases:
    part = _part(top, "expired-leases-processing")
    return ExpiredLeases(
        reclaim_wait=part["reclaim-timer-wait-time"],
        flush_wait=part["flush-reclaimed-timer-wait-time"],
        hold_reclaimed=part["hold-reclaimed-time"],
        max_leases=part["max-reclaim-leases"],
        max_time_ms=part["max-reclaim-time"],
        unwarned_cycles=part["unwarned-reclaim-cycles"],
    )


def _host_identifiers(top: Level) -> tuple[str, ...]:
    names = top.find("host-reservation-identifiers")
    for index, name in enumerate(names):
        steps = ("host-reservation-identifiers", index)
        if name not in keys4.HOST_IDENTIFIERS:
            raise top.error(f"{name!r} is none of: {', '.join(keys4.HOST_IDENTIFIERS)}", *steps)
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
        raise level.error(f"a control socket of type {kind} {keys4.NOT_HERE}: only unix is", "socket-type")
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
    part = level.json
    output = part["output"]
    if output not in ("stdout", "stderr", "syslog") and not output.startswith("syslog:"):
        output = str(data_dir() / output)
    return LogOutput(
        output=output,
        flush=part.get("flush", True),
        max_size=part.get("maxsize", 10240000),
        max_versions=part.get("maxver", 1),
        pattern=part.get("pattern", ""),
    )


def _check_ddns_connection(top: Level) -> None:
    """dhcp-ddns has no effect while updates are off, but its addresses must be addresses, as in Kea."""
    part = _part(top, "dhcp-ddns")
    for name in ("server-ip", "sender-ip"):
        if part[name]:
            try:
                ipaddress.ip_address(part[name])
            except ValueError as error:
                raise top.error(str(error), "dhcp-ddns", name) from error
