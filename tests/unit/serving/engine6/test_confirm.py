"""What is answered while the lease database cannot be asked.

Runs in: any
"""

from __future__ import annotations

import pytest

from kea_mp.dhcp.message6 import (
    CONFIRM,
    DECLINE,
    IA_NA,
    IA_PD,
    INFORMATION_REQUEST,
    REBIND,
    RELEASE,
    RENEW,
    REPLY,
    REQUEST,
    SOLICIT,
)
from kea_mp.leases.model import Lease6
from kea_mp.values import INFINITY
from tests.unit.serving.engine6.world import (
    NOW,
    OTHER_DUID,
    SERVER_DUID,
    Engine6,
    Store,
    a,
    answered,
    config,
    dropped,
    host,
    lease,
    na,
    packet,
    pd,
    pd_pool,
    prefix,
    subnet,
)

AWAY = Store(fails=True)


def knowing(*leases: Lease6, **more: object) -> Engine6:
    """An engine that has seen these leases committed."""
    return learnt(Engine6(config(subnet(pd_pools=(pd_pool(),), **more)), SERVER_DUID, remembered=100), *leases)


def learnt(server: Engine6, *leases: Lease6) -> Engine6:
    for one in leases:
        server.committed._learn(one)
    return server


@pytest.mark.parametrize("kind", [RENEW, REBIND])
def test_a_lease_that_is_known_is_confirmed_for_the_time_that_is_left(kind: int) -> None:
    answer = answered(knowing(lease("::10", age=1000)), packet(kind, na(1, "::10")), AWAY)
    assert answer.type == REPLY
    assert (answer.address.preferred, answer.address.valid) == (2000, 3000)
    assert (answer.ia().t1, answer.ia().t2) == (1125, 1800)
    assert answer.reply.statistics == ("kea-mp-lease-confirmed",)


def test_a_lease_that_is_no_longer_preferred_is_valid_still() -> None:
    answer = answered(knowing(lease("::10", age=3500)), packet(RENEW, na(1, "::10")), AWAY)
    assert (answer.address.preferred, answer.address.valid) == (0, 500)


def test_an_unlimited_lease_stays_unlimited() -> None:
    server = knowing(lease("::10", pref_lft=INFINITY, valid_lft=INFINITY))
    assert answered(server, packet(RENEW, na(1, "::10")), AWAY).address.valid == INFINITY


def test_prefixes_are_confirmed_as_well() -> None:
    server = knowing(prefix("2001:db8:8000::", iaid=2))
    answer = answered(server, packet(RENEW, pd(2, "2001:db8:8000::")), AWAY)
    assert (answer.prefix.address, answer.prefix.valid) == (a("2001:db8:8000::"), 3000)


def test_only_the_associations_that_are_known_are_answered() -> None:
    answer = answered(
        knowing(lease("::10")), packet(RENEW, na(1, "::10"), na(2, "::11"), pd(3, "2001:db8:8000::")), AWAY
    )
    assert [(ia.code, ia.iaid) for ia in answer.message.ias] == [(IA_NA, 1)]
    assert IA_PD not in answer


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (None, "unknown-lease"),
        (lease("::10", duid=OTHER_DUID), "unknown-lease"),
        (lease("::10", iaid=2), "unknown-lease"),
        (lease("::10", subnet_id=9), "unknown-lease"),
        (lease("::10", age=4000), "ended-lease"),
        (lease("::99"), "unknown-lease"),
    ],
)
def test_what_is_not_known_is_not_answered(row: Lease6 | None, why: str) -> None:
    server = knowing(row) if row is not None else knowing()
    drop = dropped(server, packet(RENEW, na(1, "::10")), AWAY)
    assert drop.statistic == "pkt6-processing-failed"
    assert drop.statistics == ("pkt6-receive-drop", f"kea-mp-unanswered-{why}")


@pytest.mark.parametrize("more", [{"hosts": (host("::10", value=OTHER_DUID),)}, {"pools": ()}])
def test_what_the_configuration_forbids_is_not_confirmed(more: dict[str, object]) -> None:
    drop = dropped(knowing(lease("::10"), **more), packet(RENEW, na(1, "::10")), AWAY)
    assert "kea-mp-unanswered-forbidden-lease" in drop.statistics


@pytest.mark.parametrize("kind", [SOLICIT, REQUEST])
def test_new_leases_are_not_given(kind: int) -> None:
    drop = dropped(knowing(lease("::10")), packet(kind, na(1, "::10")), AWAY)
    assert "kea-mp-unanswered-new-lease" in drop.statistics


@pytest.mark.parametrize("kind", [RELEASE, DECLINE])
def test_a_lease_that_is_given_back_is_not_confirmed_any_more(kind: int) -> None:
    server = knowing(lease("::10"))
    dropped(server, packet(kind, na(1, "::10")), AWAY)
    dropped(server, packet(RENEW, na(1, "::10")), AWAY)


def test_what_needs_no_store_is_served() -> None:
    answered(knowing(), packet(CONFIRM, na(1, "::10")), AWAY)
    answered(knowing(), packet(INFORMATION_REQUEST), AWAY)


def test_a_lease_that_was_stored_is_known() -> None:
    server, store = knowing(), Store()
    answered(server, packet(REQUEST, na(1, "::10")), store)
    assert answered(server, packet(RENEW, na(1, "::10")), AWAY, NOW + 100).address.valid == 3900


def test_a_lease_that_was_taken_away_is_not_known_any_more() -> None:
    server = knowing(lease("::99"))
    answered(server, packet(REQUEST, na()), Store.of(lease("::99")))
    assert server.committed.get(a("::99")) is None


def test_the_outage_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    server = knowing(lease("::10"))
    for _ in range(3):
        answered(server, packet(RENEW, na(1, "::10")), AWAY)
    assert sum("KEA_MP_LEASES_UNREACHABLE" in line for line in caplog.messages) == 1
