"""What the drivers are given for an access."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kea_mp.config.model import SqlAccess
from kea_mp.errors import ConfigError
from kea_mp.sql.engine import mysql_arguments, mysql_socket, password, postgresql_arguments, where


def access(kind: str = "postgresql", **more: Any) -> SqlAccess:
    return SqlAccess(type=kind, name="kea", **{"hosts": (("db", 5432),), "user": "u", "password": "p", **more})


def test_postgresql_gets_what_is_given_and_no_more() -> None:
    assert postgresql_arguments(access(), "db", 5432) == {
        "host": "db", "port": 5432, "dbname": "kea", "user": "u", "password": "p", "connect_timeout": 5,
        "application_name": "kea_mp",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "mode"),
    [
        ({"trust_anchor": "/ca"}, "verify-ca"),
        ({"cert_file": "/cert", "key_file": "/key"}, "require"),
        ({"trust_anchor": "/ca", "ssl_mode": "verify-full"}, "verify-full"),
        ({"ssl_mode": "prefer"}, "prefer"),
    ],
)
def test_encryption_of_postgresql_follows_what_is_given(settings: dict[str, Any], mode: str) -> None:
    found = postgresql_arguments(access(**settings), "db", 1)
    assert (found["sslmode"], found["gssencmode"]) == (mode, "disable")


def test_timeouts_in_the_units_of_the_drivers() -> None:
    assert postgresql_arguments(access(tcp_user_timeout_s=3), "db", 1)["tcp_user_timeout"] == 3000
    found = mysql_arguments(access("mysql", read_timeout_s=3, write_timeout_s=4), "db", 1)
    assert (found["read_timeout"], found["write_timeout"]) == (3, 4)


def test_encryption_of_mysql_takes_a_file_or_a_folder(tmp_path: Path) -> None:
    assert "ssl" not in mysql_arguments(access("mysql"), "db", 1)
    assert mysql_arguments(access("mysql", trust_anchor="/ca.pem"), "db", 1)["ssl"] == {"ca": "/ca.pem"}
    folder = mysql_arguments(access("mysql", trust_anchor=str(tmp_path), cipher_list="AES"), "db", 1)["ssl"]
    assert folder == {"capath": str(tmp_path), "cipher": "AES"}


def test_localhost_is_a_socket_for_mysql(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    socket = tmp_path / "s"
    socket.touch()
    monkeypatch.setenv("MYSQL_UNIX_PORT", str(socket))
    assert mysql_socket("localhost") == str(socket)
    assert mysql_socket("127.0.0.1") == ""
    assert mysql_socket("/elsewhere") == "/elsewhere"


def test_the_password_is_the_first_line_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("first\nsecond\n")
    assert password(access(password="", password_file=str(file))) == "first"
    for missing in (tmp_path, tmp_path / "none"):
        with pytest.raises(ConfigError, match="password-file"):
            password(access(password="", password_file=str(missing)))


def test_a_database_is_named_for_people() -> None:
    assert where(access(), "db", 5432) == "postgresql kea at db:5432"
    assert where(access(), "::1", 5432) == "postgresql kea at [::1]:5432"
