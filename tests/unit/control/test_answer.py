from __future__ import annotations

import json

from kea_mp.control.answer import Answer, Result, error, success


def test_an_answer_has_only_the_members_it_needs() -> None:
    assert json.loads(success().to_json()) == {"result": 0}
    assert json.loads(error("no").to_json()) == {"result": 1, "text": "no"}
    assert json.loads(Answer(Result.EMPTY, "none", []).to_json()) == {"result": 3, "text": "none", "arguments": []}


def test_bytes_of_a_file_that_are_no_utf_8_come_out_as_they_were() -> None:
    name = b"M\xfcller".decode("utf-8", "surrogateescape")
    assert b'"M\xfcller"' in success(arguments={"name": name, "other": "ü"}).to_json()
