"""CONFIRM and INFORMATION-REQUEST.

Runs in: any
"""

from __future__ import annotations

from kea_mp.dhcp.message6 import CONFIRM, INFORMATION_REQUEST, REPLY, StatusCode
from kea_mp.dhcp.message6 import read_status as status_of
from tests.unit.serving.engine6.world import (
    Store,
    a,
    answered,
    dropped,
    engine,
    na,
    option,
    options,
    packet,
    pd,
    subnet,
)


def test_addresses_of_the_link_are_confirmed_without_asking_the_store() -> None:
    store = Store()
    answer = answered(engine(), packet(CONFIRM, na(1, "::10", "::ff"), na(2, "::20")), store)
    assert answer.type == REPLY
    assert answer.codes == [1, 2, 13]
    status = status_of(answer[13])
    assert (status.code, status.text) == (StatusCode.SUCCESS, "All addresses are on-link")
    assert not store.asked


def test_an_address_of_another_link_is_told() -> None:
    status = status_of(answered(engine(), packet(CONFIRM, na(1, "::10", "2001:db8:1::1")))[13])
    assert (status.code, status.text) == (StatusCode.NOT_ON_LINK, "Address 2001:db8:1::1 is not on link.")


def test_without_a_subnet_nothing_is_on_link() -> None:
    status = status_of(answered(engine(subnet(interface="eth9")), packet(CONFIRM, na(1, "::10")))[13])
    assert (status.code, status.text) == (StatusCode.NOT_ON_LINK, "No subnet selected")


def test_a_confirm_without_addresses_is_not_answered() -> None:
    assert dropped(engine(), packet(CONFIRM)).statistic == ""
    assert dropped(engine(), packet(CONFIRM, na())).statistic == ""
    assert dropped(engine(), packet(CONFIRM, pd(1, "2001:db8:8000::"))).statistic == ""


def test_an_information_request_gets_options_only() -> None:
    server = engine(options=options(option(23, a("::53"))))
    answer = answered(server, packet(INFORMATION_REQUEST, opts={6: b"\0\x17"}))
    assert answer.type == REPLY
    assert answer.codes == [1, 2, 23]


def test_an_information_request_without_a_subnet_gets_global_options() -> None:
    server = engine(subnet(interface="eth9"), options=options(option(23, a("::53"))))
    assert answered(server, packet(INFORMATION_REQUEST, opts={6: b"\0\x17"})).codes == [1, 2, 23]
