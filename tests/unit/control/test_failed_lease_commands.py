"""A lease command that fails is in the log under the identifier that Kea has for it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.control.fake_daemon import LIBRARIES, FakeDaemon, command, configuration


@pytest.mark.parametrize(
    ("name", "arguments", "identifier"),
    [
        ("lease4-add", {}, "LEASE_CMDS_ADD4_FAILED"),
        ("lease4-update", {}, "LEASE_CMDS_UPDATE4_FAILED"),
        ("lease4-del", {}, "LEASE_CMDS_DEL4_FAILED"),
        ("lease4-get-by-hw-address", {}, "LEASE_CMDS_GET4_FAILED"),
        ("lease4-wipe", {"subnet-id": "x"}, "LEASE_CMDS_WIPE4_FAILED"),
        ("lease4-resend-ddns", {}, "LEASE_CMDS_RESEND_DDNS4_FAILED"),
        ("stat-lease4-get", {"subnet-id": "x"}, "STAT_CMDS_LEASE4_GET_FAILED"),
    ],
)
def test_a_refused_command_is_said(
    name: str, arguments: dict[str, Any], identifier: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = command(FakeDaemon(configuration(**LIBRARIES)), name, arguments).answer
    said = [record.getMessage() for record in caplog.records if record.name.endswith("-cmds-hooks")]
    assert said == [f"{identifier} {name} command failed: {answer.text}"]


def test_a_command_of_no_library_has_no_other_line(caplog: pytest.LogCaptureFixture) -> None:
    command(FakeDaemon(configuration(**LIBRARIES)), "statistic-get", {})
    assert not [record for record in caplog.records if record.name.endswith("-hooks")]
