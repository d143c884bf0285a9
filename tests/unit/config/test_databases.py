"""Access to a SQL database: what is taken, what is refused, and where passwords do not show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kea_mp.config.databases import lease_database_in
from kea_mp.config.load import config4_from_json
from kea_mp.config.model import SqlAccess
from kea_mp.errors import ConfigError


def access(folder: Path, daemon: str = "Dhcp4", **keys: Any) -> SqlAccess:
    database = {"type": "postgresql", "name": "kea", **{n.replace("_", "-"): v for n, v in keys.items()}}
    file = folder / "kea.conf"
    file.write_text(json.dumps({daemon: {"lease-database": database, "unknown": "is not looked at"}}))
    return lease_database_in(file)


def test_everything_is_taken_over(tmp_path: Path) -> None:
    found = access(
        tmp_path,
        type="mysql", host="db", port=3307, user="u", password="p", connect_timeout=7, read_timeout=8,
        write_timeout=9, trust_anchor="/ca", cert_file="/cert", key_file="/key", cipher_list="AES",
        max_reconnect_tries=3, reconnect_wait_time=400, on_fail="serve-retry-continue", retry_on_startup=True,
    )  # fmt: skip
    assert found == SqlAccess(
        type="mysql", name="kea", hosts=(("db", 3307),), user="u", password="p", connect_timeout_s=7, read_timeout_s=8,
        write_timeout_s=9, trust_anchor="/ca", cert_file="/cert", key_file="/key", cipher_list="AES",
        max_reconnect_tries=3, reconnect_wait_ms=400, on_fail="serve-retry-continue", retry_on_startup=True,
    )  # fmt: skip


def test_defaults_are_kea_s(tmp_path: Path) -> None:
    found = access(tmp_path)
    assert found == SqlAccess(type="postgresql", name="kea", hosts=(("localhost", 5432),))
    assert (found.connect_timeout_s, found.on_fail, found.retry_on_startup) == (5, "stop-retry-exit", False)
    assert access(tmp_path, type="mysql").hosts == (("localhost", 3306),)
    assert access(tmp_path, connect_timeout=0, host="", port=0) == found


def test_the_lease_database_of_dhcpv6_is_read_too(tmp_path: Path) -> None:
    assert access(tmp_path, "Dhcp6").name == "kea"


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("db1,db2", (("db1", 5432), ("db2", 5432))),
        ("db1:1000, db2", (("db1", 1000), ("db2", 5432))),
        ("2001:db8::1", (("2001:db8::1", 5432),)),
        ("[2001:db8::1],[2001:db8::2]:99", (("2001:db8::1", 5432), ("2001:db8::2", 99))),
        ("/run/postgresql", (("/run/postgresql", 5432),)),
    ],
)
def test_hosts_are_a_list(tmp_path: Path, text: str, hosts: tuple[tuple[str, int], ...]) -> None:
    assert access(tmp_path, host=text).hosts == hosts


@pytest.mark.parametrize("text", ["db1,", "db1:0", "db1:x", "db1:65536", "[::1", "[::1]x", "a b", ","])
def test_what_is_no_host_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"Dhcp4\.lease-database\.host"):
        access(tmp_path, host=text)


@pytest.mark.parametrize(
    ("keys", "where"),
    [
        ({"name": ""}, "name"),
        ({"password": "p", "password_file": "f"}, "password-file"),
        ({"password": "keatest"}, "password"),
        ({"read_timeout": 1}, "read-timeout"),
        ({"write_timeout": 1}, "write-timeout"),
        ({"type": "mysql", "tcp_user_timeout": 1}, "tcp-user-timeout"),
        ({"connect_timeout": 0x80000000}, "connect-timeout"),
        ({"connect_timeout": -1}, "connect-timeout"),
        ({"port": 65536}, "port"),
        ({"on_fail": "panic"}, "on-fail"),
        ({"ssl_mode": "maybe"}, "ssl-mode"),
        ({"readonly": True}, "readonly"),
        ({"surprise": 1}, "surprise"),
        ({"type": "oracle"}, "type"),
        ({"type": "memfile"}, "type"),
    ],
)
def test_contradictions_are_refused_with_their_place(tmp_path: Path, keys: dict[str, Any], where: str) -> None:
    with pytest.raises(ConfigError) as raised:
        access(tmp_path, **keys)
    assert raised.value.path == f"Dhcp4.lease-database.{where}"


def test_zero_timeouts_of_the_other_type_do_no_harm(tmp_path: Path) -> None:
    assert access(tmp_path, read_timeout=0, write_timeout=0) == access(tmp_path)


def test_a_file_without_a_lease_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "kea.conf"
    contents: tuple[Any, ...] = ({"Dhcp4": {}}, [], {"Dhcp4": {"lease-database": {"name": "kea"}}})
    for content in contents:
        file.write_text(json.dumps(content))
        with pytest.raises(ConfigError):
            lease_database_in(file)


def test_a_password_is_never_printed(tmp_path: Path) -> None:
    assert "hidden" not in repr(access(tmp_path, password="hidden"))
    with pytest.raises(ConfigError) as raised:
        access(tmp_path, password="hidden", password_file="f")
    assert "hidden" not in str(raised.value)


def test_the_daemon_checks_an_access_before_it_says_what_it_serves() -> None:
    def load(**keys: Any) -> ConfigError:
        with pytest.raises(ConfigError) as raised:
            config4_from_json({"Dhcp4": {"lease-database": {"type": "mysql", **keys}}})
        return raised.value

    assert load().path == "Dhcp4.lease-database"
    assert load(name="kea", **{"tcp-user-timeout": 1}).path == "Dhcp4.lease-database.tcp-user-timeout"
