"""The server's DUID and its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kea_mp.config.load import config4_from_text, config6_from_json
from kea_mp.dhcp.duid import duid_text
from kea_mp.errors import ConfigError
from kea_mp.supervisor.interfaces import Interface
from kea_mp.supervisor.server_id import server_duid_of

NOW = 1_700_000_000
LOOPBACK = Interface("lo", 1, bytes(6), (), frozenset({"up", "running", "loopback"}))
NONE_SUCH = "kmp-none-such"  #: its hardware type is not known here, and its address is as good as any
LINK = Interface(NONE_SUCH, 2, bytes.fromhex("020000000001"), (), frozenset({"up", "running"}))


def duid(folder: Path, **wanted: Any) -> bytes:
    value = {"lease-database": {"type": "memfile"}, "data-directory": str(folder), "server-id": wanted}
    return server_duid_of(config6_from_json({"Dhcp6": value}), [LOOPBACK, LINK], NOW)


def kept(folder: Path) -> str:
    return (folder / "kea-dhcp6-serverid").read_text()


def test_what_was_chosen_once_stays(tmp_path: Path) -> None:
    first = duid(tmp_path, type="EN")
    assert kept(tmp_path) == duid_text(first)
    assert duid(tmp_path, type="EN") == first


def test_an_interface_lends_its_address(tmp_path: Path) -> None:
    assert duid(tmp_path, type="LL")[4:] == LINK.mac


def test_a_file_of_kea_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "kea-dhcp6-serverid").write_text("00:02:00:00:09:bf:01:02:03:04:05:06\n")
    assert duid(tmp_path, type="EN") == bytes.fromhex("0002000009bf010203040506")


def test_another_type_replaces_the_file(tmp_path: Path) -> None:
    duid(tmp_path, type="EN")
    second = duid(tmp_path, type="LL")
    assert kept(tmp_path) == duid_text(second)


def test_a_broken_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "kea-dhcp6-serverid").write_text("no DUID")
    made = duid(tmp_path, type="EN")
    assert kept(tmp_path) == duid_text(made)


def test_nothing_is_kept_when_it_shall_not_be(tmp_path: Path) -> None:
    assert duid(tmp_path, type="EN", persist=False)[:2] == b"\0\2"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_told_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="kea-dhcp6-serverid: No such file or directory"):
        duid(tmp_path / "missing", type="EN")


def test_no_interface_that_could_lend_an_address_is_told() -> None:
    value = {"lease-database": {"type": "memfile"}, "server-id": {"type": "LL", "persist": False}}
    config = config6_from_json({"Dhcp6": value})
    with pytest.raises(ConfigError, match="unable to configure server identifier"):
        server_duid_of(config, [LOOPBACK], NOW)


def test_dhcpv4_has_none() -> None:
    config = config4_from_text('{"Dhcp4": {"lease-database": {"type": "memfile"}}}', "")
    assert server_duid_of(config, [], NOW) == b""
