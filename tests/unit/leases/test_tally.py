"""Statistics of changes that commands make."""

from __future__ import annotations

from kea_mp.leases.model import DECLINED, DEFAULT, RECLAIMED, RELEASED, Lease4
from kea_mp.leases.tally import Tally
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
