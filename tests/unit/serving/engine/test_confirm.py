"""What clients are told while the lease database cannot be asked."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from kea_mp.dhcp.message4 import ACK, DECLINE, DISCOVER, INFORM, RELEASE
from kea_mp.leases.model import RELEASED
from kea_mp.leases.store import ClaimLease, Failed, RemoveLease, Stored
from kea_mp.values import INFINITY, packed4
from tests.unit.serving.engine.test_states import rebinding, rebooting, renewing, selecting
from tests.unit.serving.engine.world import (
    CLIENT_ID,
    NOW,
    OTHER_HW,
    Answer,
    Drop,
    Engine4,
    Store,
    a,
    answered,
    config,
    dropped,
    host,
    lease,
    packet,
    parameters,
    run,
    subnet,
)

AWAY = Store(fails=True)


def made(*subnets, **more) -> Engine4:
    return Engine4(config(*subnets, **more), remembered=10)


@pytest.fixture
def engine() -> Engine4:
    """Has acknowledged 192.0.2.10 to the client at NOW for 3600 seconds."""
    engine = made()
    assert answered(engine, selecting(".10"))[51] == packed4(3600)
    return engine


def why(outcome: Answer | Drop) -> str:
    assert isinstance(outcome, Drop)
    assert outcome.statistic == "pkt4-processing-failed"
    drop, reason = outcome.statistics
    assert drop == "pkt4-receive-drop"
    return reason.removeprefix("kea-mp-unanswered-")


@pytest.mark.parametrize("ask", [renewing, rebinding, rebooting])
@pytest.mark.parametrize("later", [0, 1, 1800, 3599])
def test_a_lease_seen_committed_is_confirmed_for_the_time_that_is_left(engine, ask, later):
    answer = answered(engine, ask(".10"), AWAY, NOW + later)
    assert (answer.reply.kind, answer.message.yiaddr) == (ACK, a(".10"))
    assert answer[51] == packed4(3600 - later)
    assert answer.reply.statistics == ("kea-mp-lease-confirmed",)


def test_the_answer_is_the_usual_one_but_for_the_times(engine):
    usual = answered(engine, renewing(".10"))
    away = answered(engine, renewing(".10"), AWAY, NOW + 600)
    assert usual.codes == away.codes
    assert {code for code in usual.codes if usual[code] != away[code]} == {51}


def test_renewal_times_shrink_in_proportion():
    times = parameters(renew_timer=900, rebind_timer=1800)
    engine = made(subnet(parameters=times))
    answered(engine, selecting(".10"))
    answer = answered(engine, renewing(".10"), AWAY, NOW + 2400)
    assert (answer[51], answer[58], answer[59]) == (packed4(1200), packed4(300), packed4(600))


def test_an_unlimited_lease_stays_unlimited():
    engine = made()
    endless = lease(".10", valid_lft=INFINITY)
    answered(engine, renewing(".10"), Store.of(endless))
    engine.saw(ClaimLease(endless), Failed("x"))
    engine.committed.forget(a(".10"))
    run(engine, packet(DISCOVER), Store.of(endless))
    assert answered(engine, renewing(".10"), AWAY)[51] == packed4(INFINITY)


def test_a_lease_that_a_discover_has_found_is_known():
    engine = made()
    run(engine, packet(DISCOVER), Store.of(lease(".10", age=1000)))
    assert answered(engine, renewing(".10"), AWAY)[51] == packed4(2600)


def test_nothing_is_written_to_confirm(engine):
    store = Store(fails=True)
    answered(engine, renewing(".10"), store)
    assert store.writes == []


def test_when_only_the_write_fails_the_row_that_was_read_is_confirmed():
    class ReadOnly(Store):
        def answer(self, request):
            return Failed("disk full") if isinstance(request, ClaimLease | RemoveLease) else super().answer(request)

    engine = made()
    store = ReadOnly.of(lease(".10", age=1000))
    assert answered(engine, renewing(".10"), store)[51] == packed4(2600)
    assert why(run(engine, selecting(".11", mac=b"\x02\x02\x02\x02\x02\x02"), store)) == "new-lease"


@pytest.mark.parametrize("ask", [renewing, rebinding, rebooting])
def test_an_ended_lease_is_neither_confirmed_nor_refused(engine, ask):
    assert why(run(engine, ask(".10"), AWAY, NOW + 3600)) == "ended-lease"


@pytest.mark.parametrize("ask", [renewing, rebinding, rebooting])
def test_an_unknown_lease_is_neither_confirmed_nor_refused(engine, ask):
    assert why(run(engine, ask(".11"), AWAY)) == "unknown-lease"


def test_nobody_is_confirmed_what_is_anothers(engine):
    assert why(run(engine, renewing(".10", mac=OTHER_HW[1:]), AWAY)) == "unknown-lease"


def test_the_client_id_decides_who_it_is():
    engine = made()
    answered(engine, selecting(".10", opts={61: CLIENT_ID}))
    moved = renewing(".10", mac=OTHER_HW[1:], opts={61: CLIENT_ID})
    assert answered(engine, moved, AWAY).message.yiaddr == a(".10")
    assert why(run(engine, renewing(".10", opts={61: b"\x01other"}), AWAY)) == "unknown-lease"


def test_who_wants_a_new_lease_waits(engine):
    assert why(run(engine, packet(DISCOVER), AWAY)) == "new-lease"
    assert why(run(engine, selecting(".10"), AWAY)) == "new-lease"


def test_inform_is_served(engine):
    answer = answered(engine, packet(INFORM, ciaddr=a(".10"), source=a(".10")), AWAY)
    assert answer.reply.kind == ACK
    assert 51 not in answer


def test_a_release_is_not_confirmed_and_the_lease_is_not_either_afterwards(engine):
    class Broken(Store):
        def answer(self, request):
            return Failed("lost") if isinstance(request, ClaimLease | RemoveLease) else super().answer(request)

    there = Broken.of(replace(lease(".10"), cltt=NOW))
    assert why(run(engine, packet(RELEASE, ciaddr=a(".10"), source=a(".10")), there)) == "release"
    assert why(run(engine, renewing(".10"), AWAY)) == "unknown-lease"


@pytest.mark.parametrize("affinity", [True, False])
def test_a_released_lease_is_not_confirmed(affinity):
    expired = config().expired
    if not affinity:
        expired = type(expired)(hold_reclaimed=0)
    engine, store = made(expired=expired), Store()
    answered(engine, selecting(".10"), store)
    run(engine, packet(RELEASE, ciaddr=a(".10"), source=a(".10")), store)
    assert a(".10") not in store.rows or store.rows[a(".10")].state == RELEASED
    assert why(run(engine, renewing(".10"), AWAY)) == "unknown-lease"


def test_a_declined_lease_is_not_confirmed(engine):
    store = Store.of(replace(lease(".10"), cltt=NOW))
    run(engine, packet(DECLINE, opts={50: packed4(a(".10"))}), store)
    assert why(run(engine, renewing(".10"), AWAY)) == "unknown-lease"


def test_a_decline_and_a_release_during_the_outage_are_not_confirmed(engine):
    assert why(run(engine, packet(DECLINE, opts={50: packed4(a(".10"))}), AWAY)) == "decline"
    assert why(run(engine, packet(RELEASE, ciaddr=a(".10"), source=a(".10")), AWAY)) == "release"
    assert why(run(engine, renewing(".10"), AWAY)) == "unknown-lease"


def test_a_lease_that_another_server_has_taken_away_is_not_confirmed(engine):
    run(engine, rebooting(".10"), Store.of(lease(".10", hw=OTHER_HW, age=10)))
    assert why(run(engine, renewing(".10"), AWAY)) == "unknown-lease"


def test_what_the_configuration_keeps_for_others_is_not_confirmed():
    engine = made(subnet(hosts=(host(".10", value=OTHER_HW[1:]),)))
    mine = replace(lease(".10"), cltt=NOW)
    engine.saw(ClaimLease(mine), Stored(mine))
    assert why(run(engine, renewing(".10"), AWAY)) == "forbidden-lease"


def test_an_address_that_left_the_pools_is_not_confirmed(engine):
    mine = replace(lease(".99"), cltt=NOW)
    engine.saw(ClaimLease(mine), Stored(mine))
    assert why(run(engine, renewing(".99"), AWAY)) == "forbidden-lease"


def test_a_reserved_address_outside_the_pools_is_confirmed():
    engine = made(subnet(hosts=(host(".99"),)))
    mine = replace(lease(".99"), cltt=NOW)
    engine.saw(ClaimLease(mine), Stored(mine))
    assert answered(engine, renewing(".99"), AWAY).message.yiaddr == a(".99")


def test_packets_of_an_outage_are_counted_and_not_logged_one_by_one(engine, caplog):
    for _ in range(5):
        dropped(engine, packet(DISCOVER), AWAY)
        answered(engine, renewing(".10"), AWAY)
        dropped(engine, packet(RELEASE, ciaddr=a(".11"), source=a(".11")), AWAY)
    assert [line.partition(" ")[0] for line in caplog.messages] == ["KEA_MP_LEASES_UNREACHABLE"]
    answered(engine, packet(DISCOVER))
    assert not engine.outage.begun
