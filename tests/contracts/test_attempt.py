"""One attempt to reach a database: threads that succeed, fail, or never come back."""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Callable
from typing import cast

import pytest

from kea_mp.errors import ExitCode
from kea_mp.leases.link import Link, Lost, Mismatch
from tests.lab.waiting import eventually
from tests.unit.leases.fake_link import FakeLink
from workers.connection.attempt import Attempt, Host

A, B = ("a", 1), ("b", 2)


def link() -> Link:
    return cast(Link, FakeLink())


def ended(attempt: Attempt) -> Link:
    """Drive it as a loop does."""
    poll = select.poll()
    poll.register(attempt.fileno(), select.POLLIN)
    while True:
        found = attempt.step(time.monotonic())
        if found is not None:
            return found
        poll.poll(max(0.0, attempt.deadline - time.monotonic()) * 1000 + 1)


def begun(call: Callable[[Host], Link], *hosts: Host, limit_s: float = 5.0) -> Attempt:
    return Attempt(lambda host, _: call(host), hosts, limit_s, time.monotonic())


def test_the_link_of_the_first_host_that_serves() -> None:
    wanted = link()

    def call(host: Host) -> Link:
        if host == A:
            raise Lost("a is down")
        return wanted

    attempt = begun(call, A, B)
    assert ended(attempt) is wanted
    assert attempt.place == "b:2"
    attempt.close()


def test_all_hosts_are_named_when_none_serves() -> None:
    def call(host: Host) -> Link:
        raise Lost(f"{host[0]} is down", "unreachable")

    attempt = begun(call, A, B)
    with pytest.raises(Lost, match="a is down; b is down") as caught:
        ended(attempt)
    assert caught.value.kind == "unreachable"
    attempt.close()


def test_another_schema_counts_more_than_a_host_that_is_down() -> None:
    def call(host: Host) -> Link:
        if host == A:
            raise Mismatch(ExitCode.SCHEMA, "DHCP4_INIT_FAIL", "another version")
        raise Lost("b is down")

    attempt = begun(call, A, B)
    with pytest.raises(Mismatch):
        ended(attempt)
    attempt.close()


def test_a_host_that_hangs_is_left_at_the_limit_and_what_it_still_brings_is_closed() -> None:
    late, release = FakeLink(), threading.Event()
    late.connected = True
    wanted = link()

    def call(host: Host) -> Link:
        if host == B:
            return wanted
        release.wait(10)
        return cast(Link, late)

    attempt = begun(call, A, B, limit_s=0.05)
    assert ended(attempt) is wanted
    attempt.close()
    release.set()
    assert eventually(lambda: not late.connected, 5)


def test_nothing_but_time_runs_out_when_everything_hangs() -> None:
    release = threading.Event()

    def call(host: Host) -> Link:
        release.wait(10)
        raise Lost(str(host))

    attempt = begun(call, A, limit_s=0.05)
    with pytest.raises(Lost, match="no connection within") as caught:
        ended(attempt)
    assert caught.value.kind == "timeout"
    attempt.close()
    release.set()


def test_an_error_in_the_program_is_not_taken_for_a_host_that_is_down() -> None:
    def call(host: Host) -> Link:
        raise ZeroDivisionError

    attempt = begun(call, A, B)
    with pytest.raises(ZeroDivisionError):
        ended(attempt)
    attempt.close()
