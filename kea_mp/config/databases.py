"""Access to a database: the map that lease-database, hosts-databases and config-databases have in common.

Keys, types and ranges are checked already (keys.DATABASE); here is what needs two keys or the type.

Runs in: any
"""

from __future__ import annotations

from pathlib import Path

from kea_mp.config.check import Complaints, check_map, path_text
from kea_mp.config.keys import U16
from kea_mp.config.keys4 import TABLES4
from kea_mp.config.keys6 import TABLES6
from kea_mp.config.model import SqlAccess
from kea_mp.config.parse import load_file
from kea_mp.config.scope import Level
from kea_mp.errors import ConfigError

DEFAULT_PORTS = {"mysql": 3306, "postgresql": 5432}
DEFAULT_TIMEOUT_S = 5  #: connect-timeout when it is not given or 0
KNOWN_PASSWORDS = ("1234", "*****", "keatest")  #: of examples: Kea refuses to connect with them
_TIMEOUT_LIMIT = 0x7FFFFFFF
_ONLY = {"read-timeout": "mysql", "write-timeout": "mysql", "tcp-user-timeout": "postgresql"}
_IDLE = {  # taken and without effect, by type
    "mysql": ("persist", "lfc-interval", "max-row-errors", "ssl-mode"),
    "postgresql": ("persist", "lfc-interval", "max-row-errors", "cipher-list"),
}


def sql_access(level: Level, *steps: str | int) -> SqlAccess:
    """The access in the map that stands at `steps` below `level`, of type mysql or postgresql."""
    part = level.json
    for step in steps:
        part = part[step]  # type: ignore[index]
    access = level.inner(part, *steps)
    kind = part["type"]
    _refuse_contradictions(access, kind)
    for name in _IDLE[kind]:
        if name in part:
            access.warn("KEA_MP_CONFIG_NO_EFFECT", f"has no effect with type {kind}", name)
    port = part.get("port") or DEFAULT_PORTS[kind]
    return SqlAccess(
        type=kind,
        name=part["name"],
        hosts=hosts(access, part.get("host") or "localhost", port),
        user=part.get("user", ""),
        password=part.get("password", ""),
        password_file=part.get("password-file", ""),
        connect_timeout_s=part.get("connect-timeout") or DEFAULT_TIMEOUT_S,
        read_timeout_s=part.get("read-timeout", 0),
        write_timeout_s=part.get("write-timeout", 0),
        tcp_user_timeout_s=part.get("tcp-user-timeout", 0),
        trust_anchor=part.get("trust-anchor", ""),
        cert_file=part.get("cert-file", ""),
        key_file=part.get("key-file", ""),
        cipher_list=part.get("cipher-list", ""),
        ssl_mode=part.get("ssl-mode", ""),
        readonly=part.get("readonly", False),
        max_reconnect_tries=part.get("max-reconnect-tries", 0),
        reconnect_wait_ms=part.get("reconnect-wait-time", 0),
        on_fail=part.get("on-fail", "stop-retry-exit"),
        retry_on_startup=part.get("retry-on-startup", False),
    )


def _refuse_contradictions(access: Level, kind: str) -> None:
    part = access.json
    if not part.get("name"):
        raise access.error(f"a database of type {kind} needs a name", *(("name",) if "name" in part else ()))
    if "password" in part and "password-file" in part:
        raise access.error("password and password-file must not both be given", "password-file")
    if part.get("password") in KNOWN_PASSWORDS:
        raise access.error("is a password of examples that everybody knows: choose another one", "password")
    for name, only in _ONLY.items():
        if part.get(name) and kind != only:
            raise access.error(f"is for type {only}", name)
    for name in ("connect-timeout", *_ONLY):
        if part.get(name, 0) > _TIMEOUT_LIMIT:
            raise access.error(f"{part[name]} is out of range: must be at most {_TIMEOUT_LIMIT}", name)


def hosts(access: Level, text: str, default_port: int) -> tuple[tuple[str, int], ...]:
    """The hosts of "db1,db2:5433,[2001:db8::1]:5433", in order. A name with several colons and no brackets is an
    IPv6 address; a name that starts with "/" a folder with a UNIX socket."""
    found = []
    for entry in text.split(","):
        name, port = entry.strip(), str(default_port)
        if name.startswith("["):
            name, bracket, rest = name[1:].partition("]")
            if not bracket or (rest and not rest.startswith(":")):
                raise access.error(f"{entry!r} is not a host: a bracket without its fellow", "host")
            port = rest[1:] or port
        elif name.count(":") == 1 and not name.startswith("/"):
            name, _, port = name.partition(":")
        if not name or any(c.isspace() for c in name):
            raise access.error(f"{entry!r} is not a host", "host")
        if not (port.isascii() and port.isdigit() and 0 < int(port) <= U16):
            raise access.error(f"{entry!r} has no valid port: must be at least 1 and at most {U16}", "host")
        found.append((name, int(port)))
    return tuple(found)


def lease_database_in(path: Path) -> SqlAccess:
    """The lease database of a configuration file, Dhcp4 or Dhcp6; nothing else in the file is looked at.

    ConfigError without a lease database of type mysql or postgresql.
    """
    value, positions = load_file(path)
    complaints = Complaints(positions)
    for tables in (TABLES4, TABLES6):
        daemon = tables.family.top
        top = value.get(daemon) if type(value) is dict else None
        if type(top) is dict and "lease-database" in top:
            steps = (daemon, "lease-database")
            check_map(top["lease-database"], tables.scopes["lease-database"], steps, complaints, tables.scopes)
            if top["lease-database"]["type"] == "memfile":
                raise complaints.error((*steps, "type"), "is memfile: there is no database")
            return sql_access(Level(top, (daemon,), complaints, tables), "lease-database")
    raise ConfigError(f"{path_text(('Dhcp4', 'lease-database'))} is missing", where=str(path))
