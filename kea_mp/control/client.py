"""A client of the control channel: one command, one answer, over a UNIX socket.

Runs in: the command line
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import msgspec

from kea_mp.config.folders import run_dir
from kea_mp.config.parse import load_file
from kea_mp.control.answer import to_json
from kea_mp.errors import ConfigError, KeaMpError

CONNECT_S = 2.0
ANSWER_S = 70.0  #: a command may wait for a child for a minute
LONGEST_PATH = 107  #: bytes of a path in a UNIX socket address


class NotReachable(KeaMpError):
    """No daemon answers; the text says what to look at."""


def ask(path: Path, name: str, arguments: Any = msgspec.UNSET, patience_s: float = ANSWER_S) -> dict[str, Any]:
    """Send a command, return the answer. NotReachable when there is none."""
    request: dict[str, Any] = {"command": name}
    if arguments is not msgspec.UNSET:
        request["arguments"] = arguments
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            _connect(connection, path)
            connection.settimeout(patience_s)
            connection.sendall(to_json(request))
            received = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    except OSError as problem:
        raise NotReachable(f"{path}: {_advice(path, problem, patience_s)}") from problem
    try:
        # Kea and we send back bytes of a configuration file as they are, and these may be in another encoding.
        return msgspec.json.decode(received.decode("utf-8", "replace"), type=dict[str, Any])
    except msgspec.DecodeError as problem:
        said = "closed the connection without an answer" if not received else f"answered no JSON map ({problem})"
        raise NotReachable(f"{path}: the daemon {said}; its log may say why") from problem


def _connect(connection: socket.socket, path: Path) -> None:
    connection.settimeout(CONNECT_S)
    if len(os.fsencode(path)) <= LONGEST_PATH:
        connection.connect(os.fsencode(path))
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        connection.connect(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)


def _advice(path: Path, problem: OSError, patience_s: float) -> str:
    match problem:
        case FileNotFoundError():
            return "no such socket: is the daemon running, and with the same KEA_MP_RUN_DIR or configuration?"
        case PermissionError():
            return f"permission denied: the daemon belongs to another user ({_owner(path)}), try as that user or root"
        case ConnectionRefusedError():
            return "nobody listens: the daemon has ended without removing its socket (killed?)"
        case TimeoutError():
            return f"no answer within {patience_s:.0f} s: the daemon hangs or is stopped, look at its log and process"
    return problem.strerror or str(problem)


def _owner(path: Path) -> str:
    try:
        return path.parent.owner()
    except (OSError, KeyError):
        return "unknown"


def socket_path(config: Path | None, path: Path | None, family: int | None) -> Path:
    """The socket to ask: as named; or the configuration file's; or the one that is always in the run folder.

    A configuration file is only read, not checked: status must work when the file has been broken meanwhile. Raises
    NotReachable when it cannot be read or when it is not clear which daemon is meant.
    """
    if path is not None:
        return path
    names = [f"dhcp{family}"] if family else ["dhcp4", "dhcp6"]
    if config is not None:
        names, candidates = _of_config(config, names)
    else:
        candidates = []
    candidates += [run_dir() / f"{name}.sock" for name in names]
    present = [candidate for candidate in candidates if os.path.exists(candidate)]  # also False when it may not be seen
    if config is None and len(present) > 1:
        raise NotReachable(f"DHCPv4 and DHCPv6 have a socket in {run_dir()}: say --family 4 or --family 6")
    return present[0] if present else candidates[0]


def _of_config(config: Path, names: list[str]) -> tuple[list[str], list[Path]]:
    """Which of the daemons the file is for, and the sockets it names."""
    try:
        document, _ = load_file(config)
    except ConfigError as problem:
        raise NotReachable(f"{problem}; --socket names a socket without reading the configuration") from problem
    found = [name for name in names if isinstance(document, dict) and name.capitalize() in document]
    if not found:
        raise NotReachable(f"{config}: no {' or '.join(map(str.capitalize, names))} in this file")
    sockets = [path for name in found for path in unix_sockets(document[name.capitalize()])]
    return found, sockets


def unix_sockets(daemon: Any) -> list[Path]:
    """UNIX sockets that the map of a daemon names (Kea control-socket, control-sockets)."""
    if not isinstance(daemon, dict):
        return []
    entries = daemon.get("control-sockets")
    entries = [*entries] if isinstance(entries, list) else []
    entries.append(daemon.get("control-socket"))
    named = (entry for entry in entries if isinstance(entry, dict) and entry.get("socket-type", "unix") == "unix")
    return [run_dir() / name for entry in named if isinstance(name := entry.get("socket-name"), str) and name]
