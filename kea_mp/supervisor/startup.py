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
import time
from dataclasses import dataclass, replace
from pathlib import Path

from kea_mp import __version__
from kea_mp.bus.sockets import ParentBus
from kea_mp.config.folders import run_dir
from kea_mp.config.load import config_from_file
from kea_mp.config.model import Config, Config4, MemfileAccess
from kea_mp.config.model6 import Config6
from kea_mp.errors import ConfigError, ExitCode, ExitWith
from kea_mp.family import Family
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
from kea_mp.supervisor.server_id import server_duid_of
from kea_mp.supervisor.spawn import Outfit, Processes


@dataclass(frozen=True, slots=True)
class Options:
    """The command line of `kea-mp dhcp4` or `dhcp6`. ports: of server and client. workers None: from the configuration,
    else the number of cores."""

    family: Family
    config_file: Path
    verbose: bool
    ports: tuple[int, int]
    workers: int | None = None

    @property
    def logger(self) -> logging.Logger:
        return logging.getLogger(self.family.logger())


def check(config_file: Path, with_backends: bool, family: Family) -> int:
    """-t and -T: whether the configuration could be used; with_backends: interfaces and the lease database too."""
    try:
        config = config_from_file(config_file, family)
        outputs.check(config.loggers, family.root)
        if with_backends:
            interfaces.check(config.interfaces, family)
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
    log = SupervisorLog(options.family.root, options.verbose)
    code = _outcome(options, log)
    if not log.close():
        # An output is stuck and its thread holds a lock that the interpreter's own end would wait for.
        os._exit(code)
    return code


def _outcome(options: Options, log: SupervisorLog) -> int:
    message, logger = options.family.message, options.logger
    try:
        return _serve(options, log)
    except ConfigError as error:
        text = "%s configuration error using file: %s, reason: %s"
        logger.error(text, message("CONFIG_LOAD_FAIL"), options.config_file, error)
        logger.error("%s failed to initialize Kea server: configuration error", message("INIT_FAIL"))
        log.tell_console(f"configuration error in {options.config_file}: {error}")
        return ExitCode.CONFIG
    except ExitWith as end:
        logger.critical("%s %s", end.identifier, end)
        log.tell_console(f"{end.identifier} {end}")
        return end.code
    except Exception:  # the outermost loop of this process
        logger.critical("%s server failed: an error in the program", message("SERVER_FAILED"), exc_info=True)
        return ExitCode.SOFTWARE


def _serve(options: Options, log: SupervisorLog) -> int:
    signals = Signals()  # from here on a signal waits for the loop
    family, logger = options.family, options.logger
    logger.info("%s kea_mp %s server version %s starting", family.message("STARTING"), family.protocol, __version__)
    if os.geteuid() == 0:
        logger.warning("%s %s running as root user!", family.message("ROOT_USER_SECURITY_WARNING"), family.root)
    folder = _run_folder(family)
    pid_file = PidFile(folder, options.config_file, family)
    try:
        config = config_from_file(options.config_file, family)
        log.configure(config.loggers)
        for warning in config.warnings:
            logger.warning("%s", warning)
        text = "%s %s server has completed configuration: %s"
        logger.info(text, family.message("CONFIG_COMPLETE"), family.protocol, summary(config))
        return _run_children(options, config, log, folder, signals)
    finally:
        pid_file.remove()


def _run_children(
    options: Options, config: Config4 | Config6, log: SupervisorLog, folder: Path, signals: Signals
) -> int:
    workers = worker_count(options.workers, config)
    duid = server_duid_of(config, interfaces.present(), int(time.time()))
    sockets = DhcpSockets(config.interfaces, workers, options.ports, options.family)
    bus = _bus(folder, options.family)
    specs = table(workers)
    lean = replace(config, raw={})  # config-get is answered here, and it is half of the size
    outfit = Outfit(Parcel(lean), 1, bus.endpoints, log.open, log.opened, sockets.of_worker, duid)
    processes = Processes(specs, outfit)
    daemon = RunningDaemon(config, options.config_file, specs, sockets, duid)
    loop = Loop(daemon, bus, processes, sockets, signals, log, options.workers)
    gc.freeze()  # looking through a large configuration for garbage would hold the loop up again and again
    try:
        sockets.open(daemon.clock())
        code = loop.run(folder, config.control_sockets)
        options.logger.info("%s server shutdown", options.family.message("SHUTDOWN"))
        return code
    finally:
        processes.close()
        loop.close()
        sockets.close()
        bus.close()


def _bus(folder: Path, family: Family) -> ParentBus:
    try:
        return ParentBus(folder)
    except OSError as error:
        text = f"the bus in {folder} cannot be opened: {error}"
        raise ExitWith(ExitCode.OS_ERROR, family.message("INIT_FAIL"), text) from error


def _run_folder(family: Family) -> Path:
    folder = run_dir()
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        code = ExitCode.NO_PERMISSION if isinstance(error, PermissionError) else ExitCode.OS_ERROR
        text = f"the run folder {folder} cannot be made: {error.strerror}"
        raise ExitWith(code, family.message("INIT_FAIL"), text) from error
    return folder


def summary(config: Config4 | Config6) -> str:
    """The configuration in a line, as Kea says it."""
    subnets = len(config.subnets) or "no"
    return f"added IPv{config.family.number} subnets: {subnets}; DDNS: disabled"


def _check_backend(config: Config, config_file: Path) -> int:
    """Whether the leases can be had now, never waiting for a retry: the exit code. ExitWith for a lease file."""
    access = config.lease_database
    if isinstance(access, MemfileAccess):
        check_lease_file(access, config.family)
        return ExitCode.OK
    # In a process of its own, for no database driver is ever loaded in this one.
    return subprocess.run([sys.executable, "-m", CHECKER, str(config_file)], check=False).returncode
