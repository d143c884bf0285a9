"""RELEASE and DECLINE.

Runs in: any
"""

from __future__ import annotations

import pytest

from kea_mp.config.model import ExpiredLeases
from kea_mp.dhcp.message6 import DECLINE, IA_NA, IA_PD, RELEASE, REPLY, StatusCode, decode6
from kea_mp.dhcp.message6 import read_status as status_of
from kea_mp.dhcp.special6 import sub_options6
from kea_mp.leases.model import DECLINED, RECLAIMED, REGISTERED, RELEASED
from kea_mp.values import INFINITY
from tests.unit.serving.engine6.world import (
    NOW,
    OTHER_DUID,
    Store,
    a,
    answered,
    dropped,
    engine,
    lease,
    na,
    packet,
    pd,
    prefix,
)

NO_AFFINITY = ExpiredLeases(hold_reclaimed=0)


def test_a_released_lease_is_kept_for_its_client() -> None:
    store = Store.of(lease("::10"))
    answer = answered(engine(), packet(RELEASE, na(1, "::10")), store)
    assert answer.type == REPLY
    assert answer.codes == [1, 2, IA_NA, 13]
    assert answer.status() == StatusCode.SUCCESS
    assert status_of(answer[13]).code == StatusCode.SUCCESS
    assert store.rows[a("::10")] == lease("::10", state=RELEASED, valid_lft=0, pref_lft=0)


@pytest.mark.parametrize("more", [{"expired": NO_AFFINITY}, {"expired": ExpiredLeases(flush_wait=0)}])
def test_without_affinity_a_released_lease_is_removed(more: dict[str, ExpiredLeases]) -> None:
    store = Store.of(lease("::10"))
    answered(engine(**more), packet(RELEASE, na(1, "::10")), store)
    assert not store.rows


def test_an_unlimited_lease_that_is_released_is_removed() -> None:
    store = Store.of(lease("::10", valid_lft=INFINITY))
    answered(engine(), packet(RELEASE, na(1, "::10")), store)
    assert not store.rows


def test_addresses_and_prefixes_are_released_in_two_round_trips() -> None:
    store = Store.of(lease("::10"), prefix("2001:db8:8000::", iaid=2))
    answer = answered(engine(), packet(RELEASE, na(1, "::10"), pd(2, "2001:db8:8000::")), store)
    assert answer.status(IA_PD) == StatusCode.SUCCESS
    assert {row.state for row in store.rows.values()} == {RELEASED}
    assert store.trips == 2


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (None, "Sorry, no known leases for this duid/iaid, can't release."),
        (lease("::10", duid=OTHER_DUID), "This address does not belong to you, you can't release it"),
        (lease("::10", iaid=2), "This is your address, but you used wrong IAID"),
    ],
)
def test_what_is_not_the_associations_is_not_released(row: object, text: str) -> None:
    store = Store.of(row) if row is not None else Store()  # type: ignore[arg-type]
    before = dict(store.rows)
    answer = answered(engine(), packet(RELEASE, na(1, "::10")), store)
    assert answer.ia().status is not None
    assert (answer.ia().status.code, answer.ia().status.text) == (StatusCode.NO_BINDING, text)  # type: ignore[union-attr]
    assert status_of(answer[13]).code == StatusCode.NO_BINDING
    assert store.rows == before


@pytest.mark.parametrize("state", [DECLINED, REGISTERED])
def test_what_is_not_leased_is_not_released(state: int) -> None:
    answer = answered(engine(), packet(RELEASE, na(1, "::10")), Store.of(lease("::10", state=state)))
    assert answer.status() == StatusCode.NO_BINDING


@pytest.mark.parametrize("state", [RELEASED, RECLAIMED])
def test_a_second_release_goes_as_well_as_the_first(state: int) -> None:
    store = Store.of(lease("::10", state=state))
    assert answered(engine(), packet(RELEASE, na(1, "::10")), store).status() == StatusCode.SUCCESS
    assert not store.writes


def test_an_association_without_address_is_told_so() -> None:
    answer = answered(engine(), packet(RELEASE, na(1), pd(2)))
    assert (answer.status(IA_NA), answer.status(IA_PD)) == (StatusCode.NO_BINDING, StatusCode.NO_BINDING)


def test_one_failure_makes_the_summary_fail() -> None:
    answer = answered(engine(), packet(RELEASE, na(1, "::10"), na(2, "::11")), Store.of(lease("::10")))
    assert [answer.status(IA_NA, n) for n in (0, 1)] == [StatusCode.SUCCESS, StatusCode.NO_BINDING]
    assert status_of(answer[13]).code == StatusCode.NO_BINDING


def test_a_release_of_a_lease_that_changes_meanwhile_is_tried_again() -> None:
    store = Store.of(lease("::10"))
    store.intruder = lease("::10", age=0)
    assert answered(engine(), packet(RELEASE, na(1, "::10")), store).status() == StatusCode.SUCCESS
    assert store.rows[a("::10")].state == RELEASED


def test_a_declined_address_goes_on_probation() -> None:
    store = Store.of(lease("::10", hostname="x."))
    answer = answered(engine(decline_probation_period=777), packet(DECLINE, na(1, "::10")), store)
    assert answer.codes == [1, 2, IA_NA]
    assert answer.status() == StatusCode.SUCCESS
    assert store.rows[a("::10")] == lease(
        "::10", duid=b"\0\0\0", hw=b"", hw_source=0, pref_lft=0, valid_lft=777, cltt=NOW, state=DECLINED
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (lease("::10", age=5000), "Server does not know about such an address."),
        (lease("::10", duid=OTHER_DUID), "This address does not belong to you, you can't decline it"),
        (lease("::10", iaid=2), "This is your address, but you used wrong IAID"),
    ],
)
def test_what_is_not_the_associations_is_not_declined(row: object, text: str) -> None:
    store = Store.of(row)  # type: ignore[arg-type]
    answer = answered(engine(), packet(DECLINE, na(1, "::10")), store)
    assert answer.ia().status is not None
    assert (answer.ia().status.code, answer.ia().status.text) == (StatusCode.NO_BINDING, text)  # type: ignore[union-attr]
    assert not store.writes


def test_a_decline_without_address_is_told_so() -> None:
    answer = answered(engine(), packet(DECLINE, na()))
    assert answer.ia().status is not None
    assert answer.ia().status.text == "No addresses sent in IA_NA"  # type: ignore[union-attr]


def test_prefixes_cannot_be_declined() -> None:
    store = Store.of(prefix("2001:db8:8000::"))
    assert answered(engine(), packet(DECLINE, pd(1, "2001:db8:8000::")), store).codes == [1, 2]
    assert not store.writes


def test_several_declined_addresses_are_each_answered() -> None:
    store = Store.of(lease("::10"), lease("::11"))
    answer = answered(engine(), packet(DECLINE, na(1, "::10", "::11")), store)
    (payload,) = answer.message.options[IA_NA]
    assert len(sub_options6(payload, 12)[0][13]) == 2
    assert {row.state for row in store.rows.values()} == {DECLINED}
    assert decode6(answer.reply.payload).type == REPLY


def test_a_release_that_the_store_cannot_carry_out_is_not_answered() -> None:
    store = Store.of(lease("::10"))
    store.fails = True
    assert "kea-mp-unanswered-release" in dropped(engine(), packet(RELEASE, na(1, "::10")), store).statistics
    assert "kea-mp-unanswered-decline" in dropped(engine(), packet(DECLINE, na(1, "::10")), store).statistics
