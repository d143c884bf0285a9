from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kea_mp.control.client import NotReachable, socket_path, unix_sockets


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KEA_MP_RUN_DIR", str(tmp_path))
    return tmp_path


def config_file(folder: Path, text: str) -> Path:
    path = folder / "kea.conf"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("daemon", "names"),
    [
        ({}, []),
        ({"control-socket": {"socket-type": "unix", "socket-name": "/a"}}, ["/a"]),
        ({"control-sockets": [{"socket-type": "unix", "socket-name": "/a"}, {"socket-type": "http"}]}, ["/a"]),
        ({"control-socket": "broken", "control-sockets": 5}, []),
        (5, []),
    ],
)
def test_unix_sockets_are_found_even_in_a_broken_configuration(daemon: Any, names: list[str]) -> None:
    assert unix_sockets(daemon) == [Path(name) for name in names]


def test_a_relative_socket_is_under_the_run_folder(run: Path) -> None:
    assert unix_sockets({"control-socket": {"socket-type": "unix", "socket-name": "kea4"}}) == [run / "kea4"]


def test_a_named_socket_is_taken_as_it_is(run: Path) -> None:
    assert socket_path(run / "missing.conf", Path("/x"), None) == Path("/x")


def test_without_anything_the_socket_in_the_run_folder_is_asked(run: Path) -> None:
    assert socket_path(None, None, None) == run / "dhcp4.sock"
    (run / "dhcp6.sock").touch()
    assert socket_path(None, None, None) == run / "dhcp6.sock"


def test_with_both_daemons_the_family_decides(run: Path) -> None:
    (run / "dhcp4.sock").touch()
    (run / "dhcp6.sock").touch()
    assert socket_path(None, None, 6) == run / "dhcp6.sock"
    with pytest.raises(NotReachable, match="--family"):
        socket_path(None, None, None)


def test_a_configuration_file_names_its_socket(run: Path) -> None:
    (run / "mine").touch()
    file = config_file(run, '{"Dhcp4": {"control-socket": {"socket-type": "unix", "socket-name": "mine"}}} # done')
    assert socket_path(file, None, None) == run / "mine"


def test_when_the_configured_socket_is_not_there_the_default_one_is_asked(run: Path) -> None:
    (run / "dhcp4.sock").touch()
    file = config_file(run, '{"Dhcp4": {"control-socket": {"socket-type": "unix", "socket-name": "mine"}}}')
    assert socket_path(file, None, None) == run / "dhcp4.sock"


def test_a_configuration_file_tells_the_family(run: Path) -> None:
    (run / "dhcp4.sock").touch()
    assert socket_path(config_file(run, '{"Dhcp6": {}}'), None, None) == run / "dhcp6.sock"


@pytest.mark.parametrize("text", ["{", '{"Control-agent": {}}', "[]"])
def test_a_file_that_is_no_configuration_is_named(run: Path, text: str) -> None:
    with pytest.raises(NotReachable, match=r"kea\.conf"):
        socket_path(config_file(run, text), None, None)
