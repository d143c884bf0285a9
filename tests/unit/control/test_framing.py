from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kea_mp.control import framing
from kea_mp.control.framing import Framing
from kea_mp.errors import CommandError

REQUEST = b'{ "command": "x", "arguments": { "a": [1, "}]{\\"\\\\", {}] } }'

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_a_request_ends_where_its_json_ends() -> None:
    assert Framing().feed(REQUEST) == REQUEST


def test_a_request_may_come_byte_by_byte() -> None:
    frames = Framing()
    parts = [frames.feed(bytes([byte])) for byte in REQUEST]
    assert parts[:-1] == [None] * (len(REQUEST) - 1)
    assert parts[-1] == REQUEST


def test_what_follows_a_request_is_not_read() -> None:
    assert Framing().feed(REQUEST + b' {"command": garbage') == REQUEST


def test_blanks_before_a_request_are_skipped() -> None:
    assert Framing().feed(b"\r\n\t " + REQUEST) == REQUEST


@pytest.mark.parametrize("split", range(60))
def test_comments_are_left_out_wherever_they_are_cut(split: int) -> None:
    text = b'# a {\n{ // b }\n"c#//": /* d * / } **/ "/*e*/" }'
    frames = Framing()
    request = frames.feed(text[:split]) or frames.feed(text[split:])
    assert request is not None
    assert json.loads(request) == {"c#//": "/*e*/"}


@pytest.mark.parametrize("text", [b"garbage", b"5", b'"x"', b"}", b"\xff", b"/x"])
def test_what_begins_with_no_bracket_is_refused_at_once(text: bytes) -> None:
    with pytest.raises(CommandError) as refusal:
        Framing().feed(text)
    assert refusal.value.result == 1


def test_a_bracket_that_closes_another_kind_is_refused_at_once() -> None:
    with pytest.raises(CommandError, match="closed by"):
        Framing().feed(b'{"a": [}')


def test_a_request_that_is_nested_too_deep_is_refused() -> None:
    assert Framing().feed(b"[" * framing.DEEPEST) is None
    with pytest.raises(CommandError, match="nested"):
        Framing().feed(b"[" * (framing.DEEPEST + 1))


def test_a_request_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "LARGEST", 100)
    frames = Framing()
    assert frames.feed(b'{"a": "' + b"x" * 93) is None
    with pytest.raises(CommandError, match="longer"):
        frames.feed(b"x")


def test_a_silent_client_is_told_how_much_of_its_request_is_discarded() -> None:
    frames = Framing()
    frames.feed(b'{ "command": ')
    answer = frames.timed_out()
    assert (answer.result, "13 bytes" in answer.text) == (1, True)


def test_a_client_that_said_nothing_is_told_of_no_size() -> None:
    frames = Framing()
    frames.feed(b"// only a comment\n")
    assert "bytes" not in frames.timed_out().text


@given(st.dictionaries(st.text(), JSON, max_size=4), st.lists(st.integers(0, 400), max_size=4))
def test_any_map_cut_anywhere_comes_out_as_it_was(value: dict[str, object], cuts: list[int]) -> None:
    text = json.dumps(value).encode()
    frames, places = Framing(), sorted({0, *(cut for cut in cuts if cut < len(text)), len(text)})
    results = [frames.feed(text[start:end]) for start, end in pairwise(places)]
    assert results[:-1] == [None] * (len(results) - 1)
    assert json.loads(results[-1] or b"") == value


@given(st.binary(max_size=200), st.integers(0, 200))
def test_any_bytes_are_a_request_or_a_refusal_or_wait_for_more(data: bytes, cut: int) -> None:
    frames = Framing()
    with suppress(CommandError):
        if frames.feed(data[:cut]) is None:
            frames.feed(data[cut:])
