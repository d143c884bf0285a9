from __future__ import annotations

from typing import Any

import pytest

from kea_mp.control.daemon import Reported
from kea_mp.counters import timestamp
from tests.unit.control.fake_daemon import NOW, FakeDaemon, command


@pytest.fixture
def daemon() -> FakeDaemon:
    fake = FakeDaemon()
    fake.statistics().heard("serving-0", 100, {"pkt4-received": 5}, {}, NOW + 1)
    fake.now = NOW + 2
    return fake


def samples(daemon: FakeDaemon, name: str) -> Any:
    return command(daemon, "statistic-get", {"name": name}).answer.arguments


def test_statistic_get_shows_the_samples_newest_first(daemon: FakeDaemon) -> None:
    shown = {"pkt4-received": [[5, timestamp(NOW + 1)], [0, timestamp(NOW)]]}
    assert samples(daemon, "pkt4-received") == shown


def test_statistic_get_of_an_unknown_name_is_empty_and_no_error(daemon: FakeDaemon) -> None:
    outcome = command(daemon, "statistic-get", {"name": "nope"})
    assert (outcome.answer.result, outcome.answer.arguments) == (0, {})


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("statistic-get", {"name": "pkt4-sent"}),
        ("statistic-get-all", {}),
        ("statistic-reset", {"name": "pkt4-sent"}),
        ("statistic-reset-all", {}),
        ("statistic-remove", {"name": "pkt4-sent"}),
        ("statistic-remove-all", {}),
    ],
)
def test_exact_counters_are_waited_for(daemon: FakeDaemon, name: str, arguments: dict[str, Any]) -> None:
    outcome = command(daemon, name, arguments)
    assert (outcome.answer.result, outcome.waits) == (0, [Reported()])


def test_statistic_get_all_shows_every_name(daemon: FakeDaemon) -> None:
    shown = command(daemon, "statistic-get-all").answer.arguments
    assert shown["subnet[7].total-addresses"] == [[128, timestamp(NOW)]]
    assert len(shown) == 27 + 2 * (8 + 6) + 6


def test_statistic_reset_leaves_one_sample(daemon: FakeDaemon) -> None:
    command(daemon, "statistic-reset", {"name": "pkt4-received"})
    assert samples(daemon, "pkt4-received") == {"pkt4-received": [[0, timestamp(NOW + 2)]]}


def test_statistic_remove_all_leaves_nothing(daemon: FakeDaemon) -> None:
    command(daemon, "statistic-remove-all")
    assert command(daemon, "statistic-get-all").answer.arguments == {}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("statistic-reset", {"name": "nope"}),
        ("statistic-remove", {"name": "nope"}),
        ("statistic-sample-age-set", {"name": "nope", "duration": 10}),
        ("statistic-sample-count-set", {"name": "nope", "max-samples": 3}),
        ("statistic-get", {}),
        ("statistic-get", {"name": 5}),
        ("statistic-sample-age-set", {"name": "pkt4-sent"}),
        ("statistic-sample-age-set", {"name": "pkt4-sent", "duration": -4}),
        ("statistic-sample-count-set", {"name": "pkt4-sent", "max-samples": 0}),
        ("statistic-sample-count-set-all", {"max-samples": 0}),
        ("statistic-sample-count-set-all", {}),
        ("statistic-sample-age-set-all", {"duration": "x"}),
    ],
)
def test_what_cannot_be_done_is_an_error(daemon: FakeDaemon, name: str, arguments: dict[str, Any]) -> None:
    assert command(daemon, name, arguments).answer.result == 1


def test_the_number_of_samples_can_be_limited(daemon: FakeDaemon) -> None:
    command(daemon, "statistic-sample-count-set", {"name": "pkt4-received", "max-samples": 1})
    assert samples(daemon, "pkt4-received") == {"pkt4-received": [[5, timestamp(NOW + 1)]]}


def test_the_age_of_samples_can_be_limited_for_all(daemon: FakeDaemon) -> None:
    command(daemon, "statistic-sample-age-set-all", {"duration": 0})
    assert samples(daemon, "pkt4-received") == {"pkt4-received": [[5, timestamp(NOW + 1)]]}


def test_the_number_of_samples_can_be_limited_for_all(daemon: FakeDaemon) -> None:
    command(daemon, "statistic-sample-count-set-all", {"max-samples": 1})
    daemon.statistics().heard("serving-0", 100, {"pkt4-received": 5, "pkt4-service-disabled": 2}, {}, NOW + 3)
    daemon.statistics().heard("serving-0", 100, {"pkt4-received": 5, "pkt4-service-disabled": 3}, {}, NOW + 4)
    assert samples(daemon, "pkt4-service-disabled") == {"pkt4-service-disabled": [[3, timestamp(NOW + 4)]]}
