"""Statistics of changes that commands make."""

from __future__ import annotations

from msgspec.structs import replace

from kea_mp.leases.model import DECLINED, DEFAULT, NA, RECLAIMED, RELEASED, Lease4, Lease6
from kea_mp.leases.tally import Tally, Tally6
from tests.unit.fake_leases import lease


def counted(*changes: tuple[Lease4 | None, Lease4 | None]) -> dict[str, int]:
    """What has changed from nothing, of subnet 1."""
    tally = Tally(())
    tally.by_hand = True
    for old, new in changes:
        tally.changed(old, new)
    named = tally.levels() | tally.counts()
    return {
        name: value for name, value in named.items() if value and name.startswith("subnet[1].") and "pool" not in name
    }


def test_a_command_counts_in_the_levels_only() -> None:
    assert counted((None, lease())) == {"subnet[1].assigned-addresses": 1}
    both = {"subnet[1].assigned-addresses": 1, "subnet[1].declined-addresses": 1}
    assert counted((None, lease(state=DECLINED))) == both
    assert counted((None, lease(state=RECLAIMED))) == counted((None, lease(state=RELEASED))) == {}


def test_an_update_moves_the_levels() -> None:
    for state in (DEFAULT, DECLINED, RECLAIMED, RELEASED):
        for other in (DEFAULT, DECLINED, RECLAIMED, RELEASED):
            steps = ((None, lease(state=state)), (lease(state=state), lease(state=other)))
            assert counted(*steps) == counted((None, lease(state=other)))
            assert counted(*steps, (lease(state=other), None)) == {}


def test_an_update_of_a_lease_that_has_ended_reclaims_nothing() -> None:
    ended = lease(cltt=0, valid_lft=1)
    assert counted((None, ended), (ended, lease())) == {"subnet[1].assigned-addresses": 1}


def test_the_leases_in_use_of_some_subnets() -> None:
    tally = Tally(())
    for number, (subnet_id, state) in enumerate(
        ((1, DEFAULT), (1, DECLINED), (1, DEFAULT), (2, DEFAULT), (9, DEFAULT))
    ):
        tally.changed(None, lease(f"192.0.2.{number}", subnet_id=subnet_id, state=state, pool_id=number))
    assert tally.in_use(1, 2) == {1: (2, 1), 2: (1, 0)}


def test_a_client_of_dhcpv6_that_gets_back_what_it_had_reclaims_nothing() -> None:
    had = Lease6(b"a" * 16, b"duid", 1, NA, 128, 1, 1, cltt=0, subnet_id=1)
    again = replace(had, cltt=10, valid_lft=100)
    ended = Tally6(())
    ended.changed(had, again)
    assert not any(ended.counts().values())
    released = Tally6(())
    released.changed(replace(had, state=RELEASED), again)
    assert [name for name, value in released.counts().items() if value and "pool" not in name] == [
        "cumulative-assigned-nas",
        "subnet[1].cumulative-assigned-nas",
    ]


def test_another_client_of_dhcpv6_has_the_lease_reclaimed_first() -> None:
    tally = Tally6(())
    had = Lease6(b"a" * 16, b"duid", 1, NA, 128, 1, 1, cltt=0, subnet_id=1)
    tally.changed(had, replace(had, duid=b"other", cltt=10, valid_lft=100))
    assert tally.counts()["reclaimed-leases"] == 1
