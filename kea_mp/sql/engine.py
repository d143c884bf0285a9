"""Connections to a database as its configuration says: which host, which password, which encryption.

`postgresql_arguments` and `mysql_arguments` say what the drivers take; `opened` gives a SQLAlchemy connection to the
first host that serves, for the work on the schema. The lease store uses the drivers themselves.

Runs in: connection, the `db` command
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.engine import URL

from kea_mp.config.model import SqlAccess
from kea_mp.errors import BackendDown, ConfigError
from kea_mp.sql.errors import DatabaseRefused, said, translated

#: Where MySQL's own clients look for the socket when the host is "localhost".
MYSQL_SOCKETS = ("/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock")
_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}


def password(access: SqlAccess) -> str:
    """The password, or the first line of the file with it, which is read anew at every connect."""
    if not access.password_file:
        return access.password
    path = Path(access.password_file)
    if not path.is_file():
        raise ConfigError(f"password-file {str(path)!r} is not a regular file")
    try:
        with path.open(encoding="utf-8") as text:
            return text.readline().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"password-file {str(path)!r} cannot be read: {error}") from error


def where(access: SqlAccess, host: str, port: int) -> str:
    """A database for people: `postgresql kea at db1:5432`."""
    return f"{access.type} {access.name} at {f'[{host}]' if ':' in host else host}:{port}"


def postgresql_arguments(access: SqlAccess, host: str, port: int) -> dict[str, Any]:
    """Keywords for psycopg.connect. Encryption is libpq's business: any TLS setting without ssl-mode means verify-ca
    with a trust anchor and require without."""
    given: dict[str, Any] = {
        "host": host,
        "port": port,
        "dbname": access.name,
        "user": access.user,
        "password": password(access),
        "connect_timeout": access.connect_timeout_s,
        "application_name": "kea_mp",
        "sslrootcert": access.trust_anchor,
        "sslcert": access.cert_file,
        "sslkey": access.key_file,
        "sslmode": access.ssl_mode,
    }
    if not access.ssl_mode and (access.trust_anchor or access.cert_file or access.key_file):
        given["sslmode"] = "verify-ca" if access.trust_anchor else "require"
    if given["sslmode"]:
        given["gssencmode"] = "disable"
    if access.tcp_user_timeout_s:
        given["tcp_user_timeout"] = access.tcp_user_timeout_s * 1000
    return {name: value for name, value in given.items() if value != ""}


def in_clear(access: SqlAccess) -> SqlAccess:
    """The same without encryption, for a server that has none."""
    return replace(access, trust_anchor="", cert_file="", key_file="", cipher_list="")


def mysql_arguments(access: SqlAccess, host: str, port: int) -> dict[str, Any]:
    """Keywords for pymysql.connect. Any TLS setting means that encryption is required, none that there is none."""
    given: dict[str, Any] = {
        "host": host,
        "port": port,
        "database": access.name,
        "user": access.user,
        "password": password(access),
        "connect_timeout": access.connect_timeout_s,
        "charset": "utf8mb4",
    }
    socket = mysql_socket(host)
    if socket:
        given["unix_socket"] = socket
    for name, seconds in (("read_timeout", access.read_timeout_s), ("write_timeout", access.write_timeout_s)):
        if seconds:
            given[name] = seconds
    anchor = access.trust_anchor
    encryption = {
        "capath" if anchor and Path(anchor).is_dir() else "ca": anchor,
        "cert": access.cert_file,
        "key": access.key_file,
        "cipher": access.cipher_list,
    }
    if any(encryption.values()):
        given["ssl"] = {name: value for name, value in encryption.items() if value}
    else:
        given["ssl_disabled"] = True  # else PyMySQL encrypts when the server can, which takes 20 ms at each connect
    return {name: value for name, value in given.items() if value != ""}


def mysql_socket(host: str) -> str:
    """The UNIX socket that a host means: itself when it is a path, the usual one for "localhost"; "" for TCP."""
    if host.startswith("/"):
        return host
    if host != "localhost":
        return ""
    usual = (os.environ.get("MYSQL_UNIX_PORT", ""), *MYSQL_SOCKETS)
    return next((path for path in usual if path and Path(path).exists()), "")


_ARGUMENTS = {"postgresql": postgresql_arguments, "mysql": mysql_arguments}


def connect(access: SqlAccess, host: str, port: int) -> Connection:
    """A connection to one host; BackendDown or DatabaseRefused says which and why."""
    arguments = _ARGUMENTS[access.type](access, host, port)
    # The URL carries nothing: everything, and above all the password, goes to the driver directly.
    engine = create_engine(
        URL.create(_DRIVERS[access.type]), connect_args=arguments, poolclass=NullPool, hide_parameters=True
    )
    with translated(where(access, host, port)):
        try:
            return engine.connect()
        except OSError as error:  # certificates are read before there is a connection
            raise DatabaseRefused(f"{where(access, host, port)}: {said(error)}") from error


@contextmanager
def opened(access: SqlAccess) -> Iterator[Connection]:
    """A connection to the first of the hosts that can be reached, closed at the end; BackendDown names them all."""
    problems = []
    for host, port in access.hosts:
        try:
            connection = connect(access, host, port)
        except BackendDown as problem:
            problems.append(str(problem))
            continue
        with connection, translated(where(access, host, port)):
            yield connection
        return
    raise BackendDown("; ".join(problems))
