"""`kea-mp dhcp4 -t` and `kea-mp dhcp6 -t` as a shell sees them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kea_mp.errors import ExitCode

SUBNETS = {
    "dhcp4": '"subnet4": [{"id": 1, "subnet": "192.0.2.0/24"}]',
    "dhcp6": '"subnet6": [{"id": 1, "subnet": "::/1"}]',
}


def checked(server: str, file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kea_mp", server, "-t", str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.mark.parametrize("server", SUBNETS)
def test_each_server_checks_its_own_configuration(tmp_path: Path, server: str) -> None:
    good, other = tmp_path / "good.conf", tmp_path / "other.conf"
    good.write_text(f'{{"{server.capitalize()}": {{{SUBNETS[server]}}}}}')
    other.write_text('{"Dhcp5": {}}')
    assert checked(server, good).returncode == ExitCode.OK
    refused = checked(server, other)
    assert refused.returncode == ExitCode.CONFIG
    assert f'{other}:1:11: Dhcp5: only "{server.capitalize()}" may stand here' in refused.stderr
