"""Records of the bus survive the journey, and garbage is a WireError."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kea_mp.bus.codec import decode_down, decode_up, encode
from kea_mp.bus.messages import PAUSE, Answered, Directive, Health, Order
from kea_mp.errors import WireError

DOWN = [Directive(7, PAUSE, 3, report=9), Order("serving-0", 4, "leases-reclaim", {"remove": True})]
UP = [
    Health("serving-1", 4711, 12, epoch=7, generation=3, mode="serve", counters={"pkt4-received": 5}),
    Answered("connection-lease-database", 4, 1, "lost", None),
]


@pytest.mark.parametrize("message", DOWN, ids=lambda m: type(m).__name__)
def test_a_downward_record_comes_back_as_it_was(message: Directive | Order) -> None:
    assert decode_down(encode(message)) == message


@pytest.mark.parametrize("message", UP, ids=lambda m: type(m).__name__)
def test_an_upward_record_comes_back_as_it_was(message: Health | Answered) -> None:
    assert decode_up(encode(message)) == message


def test_a_record_of_another_version_is_refused() -> None:
    with pytest.raises(WireError, match="version"):
        decode_down(b"\x63" + encode(DOWN[0])[1:])


def test_an_upward_record_is_no_directive() -> None:
    with pytest.raises(WireError):
        decode_down(encode(UP[0]))


@given(st.binary(max_size=200))
def test_any_bytes_give_a_record_or_a_wire_error(data: bytes) -> None:
    for decode in (decode_down, decode_up):
        try:
            decode(b"\x01" + data)
        except WireError:
            continue
