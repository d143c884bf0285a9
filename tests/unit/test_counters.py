from __future__ import annotations

from collections.abc import Mapping

import pytest

from kea_mp.config.load import config4_from_json, config6_from_json
from kea_mp.config.model import Config4
from kea_mp.counters import INCARNATIONS, SAMPLES, Limit, Statistics, timestamp

RECEIVED, ASSIGNED = "pkt4-received", "subnet[1].assigned-addresses"


def configuration(*ids: int, **changes: object) -> Config4:
    subnets = [
        {
            "id": number,
            "subnet": f"192.0.{number}.0/24",
            "pools": [{"pool": f"192.0.{number}.0/25"}, {"pool": f"192.0.{number}.200-192.0.{number}.209"}],
        }
        for number in ids
    ]
    return config4_from_json({"Dhcp4": {"lease-database": {"type": "memfile"}, "subnet4": subnets, **changes}})


class Clocked:
    """Statistics with a clock that ticks with each report."""

    def __init__(self, config: Config4) -> None:
        self.now = 0.0
        self.statistics = Statistics()
        self.statistics.configured(config, self.now)

    def heard(
        self,
        counters: Mapping[str, int],
        gauges: Mapping[str, float] | None = None,
        child: str = "serving-0",
        pid: int = 7,
    ) -> None:
        self.now += 1.0
        self.statistics.heard(child, pid, counters, gauges or {}, self.now)

    def value(self, name: str) -> int:
        return self.statistics.value(name)


@pytest.fixture
def clocked() -> Clocked:
    return Clocked(configuration(1))


def test_counts_of_all_workers_are_added(clocked: Clocked) -> None:
    clocked.heard({RECEIVED: 3}, child="serving-0", pid=1)
    clocked.heard({RECEIVED: 4}, child="serving-1", pid=2)
    clocked.heard({RECEIVED: 5}, child="serving-0", pid=1)
    assert clocked.value(RECEIVED) == 9


def test_a_dead_process_leaves_its_counts_behind(clocked: Clocked) -> None:
    clocked.heard({RECEIVED: 100}, pid=1)
    clocked.heard({RECEIVED: 2}, pid=2)
    assert clocked.value(RECEIVED) == 102


def test_a_report_of_a_dead_process_that_comes_late_counts_what_is_new_in_it(clocked: Clocked) -> None:
    clocked.heard({RECEIVED: 100}, pid=1)
    clocked.heard({RECEIVED: 2}, pid=2)
    clocked.heard({RECEIVED: 103}, pid=1)
    clocked.heard({RECEIVED: 4}, pid=2)
    assert clocked.value(RECEIVED) == 107


def test_a_child_that_is_restarted_for_ever_needs_no_more_memory(clocked: Clocked) -> None:
    for pid in range(1, 50):
        clocked.heard({RECEIVED: 1}, pid=pid)
    assert clocked.value(RECEIVED) == 49
    assert len(clocked.statistics._totals["serving-0"]) == INCARNATIONS


def test_a_reset_counts_again_from_zero(clocked: Clocked) -> None:
    clocked.heard({RECEIVED: 10})
    clocked.statistics.reset(RECEIVED, 5.0)
    clocked.heard({RECEIVED: 12})
    assert clocked.value(RECEIVED) == 2


def test_a_removed_statistic_comes_back_with_the_next_event(clocked: Clocked) -> None:
    clocked.heard({RECEIVED: 10})
    clocked.statistics.remove(RECEIVED)
    clocked.heard({RECEIVED: 10})
    assert clocked.statistics.get(RECEIVED) is None
    clocked.heard({RECEIVED: 13})
    assert clocked.value(RECEIVED) == 3


def test_a_level_replaces_the_one_before(clocked: Clocked) -> None:
    clocked.heard({}, {ASSIGNED: 10})
    clocked.heard({}, {ASSIGNED: 4})
    assert clocked.value(ASSIGNED) == 4


def test_a_level_does_not_jump_when_its_reporter_is_restarted(clocked: Clocked) -> None:
    clocked.heard({}, {ASSIGNED: 10}, "connection-lease-database", 1)
    clocked.heard({}, {ASSIGNED: 10}, "connection-lease-database", 2)
    assert clocked.statistics.get(ASSIGNED) == [[10, timestamp(1.0)], [0, timestamp(0.0)]]


def test_a_reset_level_moves_with_its_changes_as_in_kea(clocked: Clocked) -> None:
    clocked.heard({}, {ASSIGNED: 10})
    clocked.statistics.reset(ASSIGNED, 5.0)
    clocked.heard({}, {ASSIGNED: 11})
    assert clocked.value(ASSIGNED) == 1


def test_what_is_no_statistic_is_left_to_status(clocked: Clocked) -> None:
    before = set(clocked.statistics.all())
    clocked.heard({"batches": 5}, {"queue-depth": 3.0, "assigned-addresses": 4})
    assert set(clocked.statistics.all()) == before


def test_an_unchanged_value_makes_no_sample(clocked: Clocked) -> None:
    clocked.heard({RECEIVED: 1})
    clocked.heard({RECEIVED: 1})
    assert clocked.statistics.get(RECEIVED) == [[1, timestamp(1.0)], [0, timestamp(0.0)]]


def test_the_newest_twenty_samples_are_kept(clocked: Clocked) -> None:
    for total in range(1, 40):
        clocked.heard({RECEIVED: total})
    shown = clocked.statistics.get(RECEIVED) or []
    assert [value for value, _ in shown] == list(range(39, 39 - SAMPLES, -1))


def test_samples_can_be_limited_in_age(clocked: Clocked) -> None:
    clocked.statistics.limit(RECEIVED, Limit(None, 3.0))
    for total in range(1, 10):
        clocked.heard({RECEIVED: total})
    assert [value for value, _ in clocked.statistics.get(RECEIVED) or []] == [9, 8, 7, 6]


def test_the_configuration_says_how_many_samples_are_kept() -> None:
    clocked = Clocked(configuration(1, **{"statistic-default-sample-count": 2}))
    for total in range(1, 5):
        clocked.heard({RECEIVED: total})
    assert [value for value, _ in clocked.statistics.get(RECEIVED) or []] == [4, 3]


def test_a_sample_count_of_zero_means_that_the_age_holds() -> None:
    limits = {"statistic-default-sample-count": 0, "statistic-default-sample-age": 2}
    clocked = Clocked(configuration(1, **limits))
    for total in range(1, 6):
        clocked.heard({RECEIVED: total})
    assert [value for value, _ in clocked.statistics.get(RECEIVED) or []] == [5, 4, 3]


def test_pools_of_one_id_count_together(clocked: Clocked) -> None:
    assert clocked.value("subnet[1].pool[0].total-addresses") == 138
    assert clocked.value("subnet[1].total-addresses") == 138


def test_a_new_configuration_begins_the_counts_of_its_subnets_and_keeps_the_others(clocked: Clocked) -> None:
    clocked.heard({RECEIVED: 5, "subnet[1].cumulative-assigned-addresses": 8, "subnet[1].v4-lease-reuses": 3})
    clocked.heard({}, {ASSIGNED: 6})
    clocked.statistics.configured(configuration(1, 2), 9.0)
    assert clocked.value(RECEIVED) == 5
    assert clocked.value("subnet[1].v4-lease-reuses") == 3
    assert clocked.value("subnet[1].cumulative-assigned-addresses") == 0
    assert clocked.value(ASSIGNED) == 6
    assert clocked.value("subnet[2].total-addresses") == 138


def test_a_subnet_that_is_gone_takes_its_statistics_with_it(clocked: Clocked) -> None:
    clocked.statistics.configured(configuration(2), 9.0)
    assert clocked.statistics.get("subnet[1].total-addresses") is None
    assert clocked.statistics.get(ASSIGNED) is None


def test_addresses_and_prefixes_of_dhcpv6_are_counted_by_pools_of_both_kinds() -> None:
    subnet = {
        "id": 4,
        "subnet": "2001:db8::/32",
        "pools": [{"pool": "2001:db8:1::/64"}, {"pool": "2001:db8:2::/120", "pool-id": 5}],
        "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 48, "delegated-len": 56, "pool-id": 7}],
    }
    statistics = Statistics()
    statistics.configured(config6_from_json({"Dhcp6": {"lease-database": {"type": "memfile"}, "subnet6": [subnet]}}), 0)
    assert statistics.value("subnet[4].total-nas") == 2**64 + 256
    assert statistics.value("subnet[4].pd-pool[7].total-pds") == statistics.value("subnet[4].total-pds") == 256
    names = statistics.all()
    assert "subnet[4].pd-pool[7].assigned-pds" in names
    assert "subnet[4].pool[5].assigned-nas" in names
    assert "pkt6-solicit-received" in names
    assert not any(name.startswith(("pkt4", "v4")) for name in names)
