from __future__ import annotations

import logging

from kea_mp.supervisor.notify import Nanny, Standing, messages

NEW = Standing()
SERVING = Standing(ready=True, text="serving")


def test_a_start_is_told_as_status_until_it_is_over() -> None:
    starting = Standing(text="starting: lease-database: connecting")
    assert messages(NEW, starting, 1.0) == ["STATUS=starting: lease-database: connecting"]
    assert messages(starting, SERVING, 2.0) == ["STATUS=serving", "READY=1"]


def test_nothing_is_said_twice() -> None:
    assert messages(SERVING, SERVING, 1.0) == []


def test_a_pause_is_no_end_of_being_ready() -> None:
    paused = Standing(ready=True, text="paused: user: dhcp-disable")
    assert messages(SERVING, paused, 1.0) == ["STATUS=paused: user: dhcp-disable"]
    assert messages(paused, SERVING, 1.0) == ["STATUS=serving"]


def test_a_status_is_one_line() -> None:
    assert messages(NEW, Standing(text="paused:\n  why"), 1.0) == ["STATUS=paused: why"]


def test_a_reconfiguration_is_told_with_its_time_and_its_end() -> None:
    reloading = Standing(ready=True, reloading=True, text="serving")
    assert messages(SERVING, reloading, 2.5) == ["RELOADING=1\nMONOTONIC_USEC=2500000"]
    assert messages(reloading, SERVING, 3.0) == ["READY=1"]


def test_the_end_is_told_once() -> None:
    leaving = Standing(ready=True, leaving=True, text="stopping")
    assert messages(SERVING, leaving, 1.0) == ["STATUS=stopping", "STOPPING=1"]
    assert messages(leaving, leaving, 1.0) == []


def test_the_environment_of_children_does_not_have_it() -> None:
    environment = {"NOTIFY_SOCKET": "", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1", "PATH": "/bin"}
    Nanny.of(environment, logging.getLogger("kea-dhcp4.dhcp4")).follow(SERVING, 1.0)
    assert environment == {"PATH": "/bin"}
