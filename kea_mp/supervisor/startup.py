"""From the command line to a running daemon, and back to an exit code.

The order is Kea's: log to stdout, PID file, configuration, its loggers, DHCP sockets, children. Whatever fails on the
way is one FATAL or ERROR line and the exit code that the nanny is promised.

Runs in: supervisor
"""

from __future__ import annotations

import gc
import logging
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from kea_mp import __version__
from kea_mp.bus.sockets import ParentBus
from kea_mp.config.folders import run_dir
from kea_mp.config.load import config4_from_file, config_from_file
from kea_mp.config.model import Config, Config4, MemfileAccess
from kea_mp.errors import ConfigError, ExitCode, ExitWith
from kea_mp.family import DHCP4, Family
from kea_mp.supervisor import interfaces, outputs
from kea_mp.supervisor.checks import check_lease_file
from kea_mp.supervisor.daemon import RunningDaemon
from kea_mp.supervisor.dhcp_sockets import DhcpSockets
from kea_mp.supervisor.loop import Loop, Signals
from kea_mp.supervisor.outputs import SupervisorLog
from kea_mp.supervisor.parcel import Parcel
from kea_mp.supervisor.pidfile import PidFile
from kea_mp.supervisor.processes import CHECKER, table
from kea_mp.supervisor.reconfigure import worker_count
from kea_mp.supervisor.spawn import Outfit, Processes

logger = logging.getLogger("kea-dhcp4.dhcp4")


@dataclass(frozen=True, slots=True)
class Options:
    """The command line of `kea-mp dhcp4`. workers None: from the configuration, else the number of cores."""

    config_file: Path
    verbose: bool = False
    server_port: int = 67
    client_port: int = 68
    workers: int | None = None


def check(config_file: Path, with_backends: bool, family: Family = DHCP4) -> int:
    """-t and -T: whether the configuration could be used; with_backends: interfaces and the lease database too."""
    try:
        config = config_from_file(config_file, family)
        outputs.check(config.loggers)
        if with_backends:
            interfaces.chosen(config.interfaces.names, interfaces.present(), config.interfaces.socket_type)
            return _check_backend(config, config_file)
    except ConfigError as error:
        print(f"Error encountered: {error}", file=sys.stderr)  # noqa: T201
        return ExitCode.CONFIG
    except ExitWith as end:
        print(f"Error encountered: {end}", file=sys.stderr)  # noqa: T201
        return end.code
    return ExitCode.OK


def run(options: Options) -> int:
    """The daemon, from its first line of log to its exit code."""
    os.umask(0o027)  # as Kea: nothing that we make is for others
    log = SupervisorLog(options.verbose)
    code = _outcome(options, log)
    if not log.close():
        # An output is stuck and its thread holds a lock that the interpreter's own end would wait for.
        os._exit(code)
    return code


def _outcome(options: Options, log: SupervisorLog) -> int:
    try:
        return _serve(options, log)
    except ConfigError as error:
        logger.error(
            "DHCP4_CONFIG_LOAD_FAIL configuration error using file: %s, reason: %s", options.config_file, error
        )
        logger.error("DHCP4_INIT_FAIL failed to initialize Kea server: configuration error")
        log.tell_console(f"configuration error in {options.config_file}: {error}")
        return ExitCode.CONFIG
    except ExitWith as end:
        logger.critical("%s %s", end.identifier, end)
        log.tell_console(f"{end.identifier} {end}")
        return end.code
    except Exception:  # the outermost loop of this process
        logger.critical("DHCP4_SERVER_FAILED server failed: an error in the program", exc_info=True)
        return ExitCode.SOFTWARE


def _serve(options: Options, log: SupervisorLog) -> int:
    signals = Signals()  # from here on a signal waits for the loop
    logger.info("DHCP4_STARTING kea_mp DHCPv4 server version %s starting", __version__)
    if os.geteuid() == 0:
        logger.warning("DHCP4_ROOT_USER_SECURITY_WARNING kea-dhcp4 running as root user!")
    folder = _run_folder()
    pid_file = PidFile(folder, options.config_file)
    try:
        config = config4_from_file(options.config_file)
        log.configure(config.loggers)
        for warning in config.warnings:
            logger.warning("%s", warning)
        logger.info("DHCP4_CONFIG_COMPLETE DHCPv4 server has completed configuration: %s", summary(config))
        return _run_children(options, config, log, folder, signals)
    finally:
        pid_file.remove()


def _run_children(options: Options, config: Config4, log: SupervisorLog, folder: Path, signals: Signals) -> int:
    workers = worker_count(options.workers, config)
    sockets = DhcpSockets(config.interfaces, workers, (options.server_port, options.client_port))
    bus = _bus(folder)
    specs = table(workers)
    lean = replace(config, raw={})  # config-get is answered here, and it is half of the size
    outfit = Outfit(Parcel(lean), 1, bus.endpoints, log.open, log.opened, sockets.of_worker)
    processes = Processes(specs, outfit)
    daemon = RunningDaemon(config, options.config_file, specs, sockets)
    loop = Loop(daemon, bus, processes, sockets, signals, log, options.workers)
    gc.freeze()  # looking through a large configuration for garbage would hold the loop up again and again
    try:
        sockets.open(daemon.clock())
        code = loop.run(folder, config.control_sockets)
        logger.info("DHCP4_SHUTDOWN server shutdown")
        return code
    finally:
        processes.kill_all()
        outfit.config.close()
        loop.close()
        sockets.close()
        bus.close()


def _bus(folder: Path) -> ParentBus:
    try:
        return ParentBus(folder)
    except OSError as error:
        text = f"the bus in {folder} cannot be opened: {error}"
        raise ExitWith(ExitCode.OS_ERROR, "DHCP4_INIT_FAIL", text) from error


def _run_folder() -> Path:
    folder = run_dir()
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        code = ExitCode.NO_PERMISSION if isinstance(error, PermissionError) else ExitCode.OS_ERROR
        text = f"the run folder {folder} cannot be made: {error.strerror}"
        raise ExitWith(code, "DHCP4_INIT_FAIL", text) from error
    return folder


def summary(config: Config4) -> str:
    """The configuration in a line, as Kea says it."""
    subnets = len(config.subnets) or "no"
    return f"added IPv4 subnets: {subnets}; DDNS: disabled"


def _check_backend(config: Config, config_file: Path) -> int:
    """Whether the leases can be had now, never waiting for a retry: the exit code. ExitWith for a lease file."""
    access = config.lease_database
    if isinstance(access, MemfileAccess):
        check_lease_file(access, config.family)
        return ExitCode.OK
    # In a process of its own, for no database driver is ever loaded in this one.
    return subprocess.run([sys.executable, "-m", CHECKER, str(config_file)], check=False).returncode
