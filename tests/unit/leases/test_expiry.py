"""When leases end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kea_mp.leases.expiry import AT_ONCE, Expiry

NOW = 1_800_000_000
A, B = 0x0A000001, 0x0A000002


def end(expiry: Expiry, now: int, ends: dict[int, int]) -> list[int]:
    found: list[int] = []
    while True:
        found += expiry.end(now, ends.get)
        if not expiry.has_more(now):
            return found


def test_a_lease_ends_at_its_second() -> None:
    expiry, ends = Expiry(NOW), {A: NOW + 100}
    expiry.watch(A, ends[A])
    assert end(expiry, NOW + 99, ends) == []
    assert end(expiry, NOW + 100, ends) == [A]
    assert end(expiry, NOW + 101, ends) == []


def test_leases_come_in_the_order_of_their_ends() -> None:
    expiry, ends = Expiry(NOW), {A: NOW + 100, B: NOW + 90}
    for address in ends:
        expiry.watch(address, ends[address])
    assert end(expiry, NOW + 1000, ends) == [B, A]
    assert list(expiry.ended) == [B, A]


def test_a_renewed_lease_is_told_once_and_late() -> None:
    expiry, ends = Expiry(NOW), {A: NOW + 100}
    expiry.watch(A, ends[A])
    ends[A] = NOW + 500
    expiry.watch(A, ends[A])
    assert end(expiry, NOW + 499, ends) == []
    assert end(expiry, NOW + 500, ends) == [A]


def test_a_lease_of_years_is_looked_at_once_a_day() -> None:
    expiry, ends = Expiry(NOW), {A: NOW + 10 * 365 * 86400}
    expiry.watch(A, ends[A])
    for day in range(1, 5):
        assert end(expiry, NOW + day * 86400 + 120, ends) == []
    assert end(expiry, ends[A] - 1, ends) == []
    assert end(expiry, ends[A], ends) == [A]


def test_a_lease_that_is_gone_is_not_told() -> None:
    expiry = Expiry(NOW)
    expiry.watch(A, NOW + 100)
    assert end(expiry, NOW + 200, {}) == []


def test_releasing_and_leasing_again_for_years_leaves_nothing_behind() -> None:
    expiry, ends = Expiry(NOW), {A: NOW}
    now = NOW
    for _ in range(2000):
        ends[A] = now + 3600
        expiry.watch(A, ends[A])
        now += 600
        ends[A] = now  # released
        expiry.watch(A, ends[A])
        assert end(expiry, now, ends) == [A]
        now += 600
    assert sum(len(bucket) for bucket in expiry._buckets.values()) + len(expiry._soon) < 20


def test_a_minute_with_very_many_leases_is_looked_through_in_steps() -> None:
    expiry = Expiry(NOW)
    ends = {A + number: NOW + 3600 for number in range(3 * AT_ONCE)}
    for address, moment in ends.items():
        expiry.watch(address, moment)
    assert len(expiry.end(NOW + 7200, ends.get)) == AT_ONCE
    assert expiry.has_more(NOW + 7200)
    assert len(end(expiry, NOW + 7200, ends)) == 2 * AT_ONCE


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-100, 200_000), st.integers(0, 100_000)), max_size=40))
def test_nothing_ends_early_or_is_forgotten(steps: list[tuple[int, int, int]]) -> None:
    expiry, ends, now = Expiry(NOW), dict[int, int](), NOW
    for number, lifetime, passing in steps:
        ends[A + number] = now + lifetime
        expiry.watch(A + number, now + lifetime)
        now += passing
        found = end(expiry, now, ends)
        assert set(found) == {address for address, moment in ends.items() if moment <= now}
        for address in set(found):
            del ends[address]


def test_reclaimed_rows_come_when_their_leases_ended_long_enough_ago() -> None:
    expiry, ends = Expiry(NOW), {A: NOW - 30, B: NOW + 30}
    for address in ends:
        expiry.keep_reclaimed(address, ends[address])
    assert expiry.reclaimed_until(NOW - 31, ends.get) == []
    assert expiry.reclaimed_until(NOW - 30, ends.get) == [A]
    assert expiry.reclaimed_until(NOW + 30, ends.get) == [B]


def test_reclaimed_rows_come_in_slices() -> None:
    expiry = Expiry(NOW)
    ends = {A + number: NOW for number in range(10)}
    for address in ends:
        expiry.keep_reclaimed(address, NOW)
    assert [len(expiry.reclaimed_until(NOW + 60, ends.get, 4)) for _ in range(4)] == [4, 4, 2, 0]


def test_a_row_reclaimed_anew_comes_by_its_new_end_only() -> None:
    expiry, ends = Expiry(NOW), {A: NOW + 600}
    expiry.keep_reclaimed(A, NOW)
    expiry.keep_reclaimed(A, NOW + 600)
    assert expiry.reclaimed_until(NOW + 500, ends.get) == []
    assert expiry.reclaimed_until(NOW + 600, ends.get) == [A]
