"""The parts of a configuration that stand for themselves."""

from typing import Any

import pytest

from kea_mp.config.load import config4_from_json
from kea_mp.config.model import Config4, ExpiredLeases, Logger, LogOutput


def config(**dhcp4: Any) -> Config4:
    return config4_from_json({"Dhcp4": {"server-tag": "", **{n.replace("_", "-"): v for n, v in dhcp4.items()}}})


@pytest.fixture(autouse=True)
def _folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEA_MP_RUN_DIR", "/r")
    monkeypatch.setenv("KEA_MP_DATA_DIR", "/d")


def test_relative_paths_are_under_our_folders() -> None:
    found = config(
        control_sockets=[{"socket-type": "unix", "socket-name": "k.sock"}],
        lease_database={"type": "memfile", "name": "l.csv"},
        loggers=[{"name": "kea-dhcp4", "output-options": [{"output": "k.log"}, {"output": "/v/k.log"}]}],
    )
    assert found.control_sockets[0].path == "/r/k.sock"
    assert found.lease_database.name == "/d/l.csv"
    assert [output.output for output in found.loggers[0].outputs] == ["/d/k.log", "/v/k.log"]


def test_absolute_paths_stay() -> None:
    found = config(control_socket={"socket-type": "unix", "socket-name": "/x/k"})
    assert found.control_sockets[0].path == "/x/k"


def test_without_a_name_leases_are_in_kea_s_file() -> None:
    found = config().lease_database
    assert (found.name, found.persist, found.lfc_interval) == ("/d/kea-leases4.csv", True, 3600)
    assert (found.max_row_errors, found.sync, found.lease_checks) == (0, "batch", "warn")


def test_database_keys_without_effect_are_warned_about() -> None:
    (warning,) = config(lease_database={"type": "memfile", "host": "h"}).warnings
    assert "Dhcp4.lease-database.host" in warning


@pytest.mark.parametrize(
    ("settings", "workers"),
    [
        ({}, None),
        ({"multi_threading": {"enable-multi-threading": True, "thread-pool-size": 0}}, None),
        ({"multi_threading": {"enable-multi-threading": True, "thread-pool-size": 4}}, 4),
        ({"multi_threading": {"enable-multi-threading": False, "thread-pool-size": 4}}, 1),
        ({"user_context": {"kea-mp": {"workers": 3}}}, 3),
        (
            {
                "user_context": {"kea-mp": {"workers": 3}},
                "multi_threading": {"enable-multi-threading": True, "thread-pool-size": 4},
            },
            3,
        ),
    ],
)
def test_workers_are_ours_then_kea_s_threads_then_left_open(settings: dict[str, Any], workers: int | None) -> None:
    assert config(**settings).workers == workers


def test_reservations_come_first_with_several_threads_as_in_kea() -> None:
    single = {"enable-multi-threading": False}
    assert config().reservations_first
    assert not config(multi_threading=single).reservations_first
    assert config(multi_threading=single, reservations_lookup_first=True).reservations_first


def test_expiry_has_its_six_parameters() -> None:
    assert config().expired == ExpiredLeases()
    part = {
        "reclaim-timer-wait-time": 1,
        "flush-reclaimed-timer-wait-time": 2,
        "hold-reclaimed-time": 3,
        "max-reclaim-leases": 4,
        "max-reclaim-time": 5,
        "unwarned-reclaim-cycles": 6,
    }
    assert config(expired_leases_processing=part).expired == ExpiredLeases(1, 2, 3, 4, 5, 6)


def test_interfaces_are_as_written_without_blanks() -> None:
    part = {
        "interfaces": [" eth0 ", "eth1 / 10.0.0.1"],
        "dhcp-socket-type": "udp",
        "outbound-interface": "use-routing",
        "service-sockets-require-all": True,
        "service-sockets-max-retries": 2,
        "service-sockets-retry-wait-time": 30,
    }
    found = config(interfaces_config=part).interfaces
    assert found.names == ("eth0", "eth1/10.0.0.1")
    assert (found.socket_type, found.outbound_interface, found.require_all) == ("udp", "use-routing", True)
    assert (found.max_retries, found.retry_wait_ms) == (2, 30)


def test_a_logger_without_severity_has_that_of_the_one_above_it() -> None:
    found = config(
        loggers=[
            {"name": "kea-dhcp4.leases.x"},
            {"name": "kea-dhcp4", "severity": "debug", "debuglevel": 40, "output-options": [{"output": "stdout"}]},
            {"name": "other"},
        ]
    ).loggers
    assert found == (
        Logger("kea-dhcp4.leases.x", (), "DEBUG", 40),
        Logger("kea-dhcp4", (LogOutput("stdout"),), "DEBUG", 40),
        Logger("other"),
    )


def test_compatibility_flags_are_taken() -> None:
    found = config(compatibility={"exclude-first-last-24": True, "ignore-dhcp-server-identifier": True}).compatibility
    assert found.exclude_first_last_24
    assert found.ignore_dhcp_server_identifier
    assert not found.lenient_option_parsing


def test_warnings_of_the_syntax_come_first_with_kea_s_identifier() -> None:
    from kea_mp.config.load import config4_from_text

    (warning,) = config4_from_text('{"Dhcp4": {"server-tag": "x",}}', "f").warnings
    assert warning.startswith("DHCP4_CONFIG_SYNTAX_WARNING f:1:")


def test_the_digest_depends_on_the_meaning_only() -> None:
    assert config(valid_lifetime=7200).digest == config().digest != config(valid_lifetime=1).digest
    assert len(config().digest) == 64
    assert config().digest == config().digest.upper()
