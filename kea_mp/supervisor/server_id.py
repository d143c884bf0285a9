"""The server's DUID over restarts: read from its file, chosen, written back.

The file is Kea's `kea-dhcp6-serverid` and holds the DUID as text. It is replaced as a whole, so that whoever is killed
over it leaves the old one.

Runs in: supervisor
"""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from kea_mp.config.model import Config
from kea_mp.config.model6 import Config6, ServerId
from kea_mp.dhcp.duid import RANDOM_BYTES, TYPES, Link, duid_from_text, duid_text, server_duid
from kea_mp.errors import ConfigError
from kea_mp.supervisor.interfaces import Interface

WHERE = "Dhcp6.server-id"


def server_duid_of(config: Config, found: Sequence[Interface], now: int) -> bytes:
    """The DUID of the server with this configuration, kept when it says so; b"" in DHCPv4. ConfigError. found: the
    interfaces of this machine, one of which may lend its address; now: seconds since 1970."""
    if not isinstance(config, Config6):
        return b""
    wanted, family = config.server_id, config.family
    stored = _stored(wanted) if wanted.persist else b""
    try:
        duid = server_duid(
            TYPES[wanted.type],
            htype=wanted.htype,
            time=wanted.time,
            identifier=wanted.identifier,
            enterprise=wanted.enterprise_id,
            stored=stored,
            links=[_link(interface) for interface in found],
            now=now,
            random=secrets.token_bytes(RANDOM_BYTES),
        )
    except ValueError as problem:
        raise ConfigError(f"unable to configure server identifier: {problem}", WHERE) from problem
    if wanted.persist and duid != stored:
        _store(Path(wanted.file), duid)
    where = f"keeps it in the file {wanted.file}" if wanted.persist else "does not keep it"
    text = "%s server is using server-id %s and %s"
    logging.getLogger(family.logger()).info(text, family.message("USING_SERVERID"), duid_text(duid), where)
    return duid


def _stored(wanted: ServerId) -> bytes:
    """What the file holds; as in Kea nothing when that is no DUID. ConfigError when it cannot be read."""
    try:
        return duid_from_text(Path(wanted.file).read_text(errors="replace"))
    except (FileNotFoundError, ValueError):
        return b""
    except OSError as problem:
        raise ConfigError(f"unable to read the DUID file {wanted.file}: {problem.strerror}", WHERE) from problem


def _store(file: Path, duid: bytes) -> None:
    draft = file.with_name(f"{file.name}.new")
    try:
        with draft.open("w") as writing:
            writing.write(duid_text(duid))
            writing.flush()
            os.fsync(writing.fileno())
        draft.replace(file)
    except OSError as problem:
        raise ConfigError(f"unable to write the DUID file {file}: {problem.strerror}", WHERE) from problem


def _link(interface: Interface) -> Link:
    hardware = Path(f"/sys/class/net/{interface.name}/type")
    try:
        htype = int(hardware.read_text())
    except (OSError, ValueError):  # it has gone meanwhile
        htype = 0
    return Link(htype, interface.mac, "up" in interface.flags, "loopback" in interface.flags)
