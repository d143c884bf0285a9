"""Kea's JSON: values, places, warnings, includes."""

from pathlib import Path

import pytest

from kea_mp.config.parse import load_file, parse_text
from kea_mp.errors import ConfigError


def test_every_kind_of_value_is_read() -> None:
    value, _ = parse_text('{"a": [1, -2, 2.5, 3e2, true, false, null, "x"], "b": {}}', "f")
    assert value == {"a": [1, -2, 2.5, 300.0, True, False, None, "x"], "b": {}}
    assert [type(item) for item in value["a"][:4]] == [int, int, float, float]


def test_comments_of_three_kinds_are_skipped_but_not_inside_strings() -> None:
    value, _ = parse_text('# "a"\n{ // b\n"c": /* d " */ "e # f // g /* h */" }', "f")
    assert value == {"c": "e # f // g /* h */"}


def test_escapes_are_those_of_kea() -> None:
    assert parse_text(r'"\"\\\/\b\f\n\r\t\u0041\u00e9"', "f")[0] == '"\\/\b\f\n\r\tAé'


def test_a_place_is_file_line_and_column() -> None:
    _, positions = parse_text('{\n  "a": [1,\n    {"b": 2}]\n}', "f.conf")
    assert positions.where(()) == "f.conf:1:1"
    assert positions.where(("a",)) == "f.conf:2:8"
    assert positions.where(("a", 1)) == "f.conf:3:5"
    assert positions.where(("a", 1, "b")) == "f.conf:3:11"


def test_a_value_that_is_not_there_has_the_place_of_what_surrounds_it() -> None:
    _, positions = parse_text('{"a": [1, {"b": 2}]}', "f")
    assert positions.where(("a", 1, "c", 7)) == positions.where(("a", 1))
    assert positions.where(("a", 5)) == positions.where(("a",))


def test_extraneous_commas_are_warned_about_where_they_stand() -> None:
    value, positions = parse_text('{"a": [1,,2,],\n}', "f")
    assert value == {"a": [1, 2]}
    assert [warning.partition(": ")[0] for warning in positions.warnings] == ["f:1:9", "f:1:12", "f:1:14"]
    assert all("Extraneous comma" in warning for warning in positions.warnings)


def test_leading_zeros_are_taken_with_a_warning() -> None:
    value, positions = parse_text("[007, 0, -012]", "f")
    assert value == [7, 0, -12]
    assert len(positions.warnings) == 2


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("", "f:1:1", "expecting a value"),
        ("[1 2]", "f:1:4", "unexpected"),
        ("{1: 2}", "f:1:2", "a key in quotes"),
        ('{"a" 1}', "f:1:6", "expecting :"),
        ('{"a": 1,\n "a": 2}', "f:2:2", "previous at f:1:7"),
        ("[1]]", "f:1:4", "end of file"),
        ("[nul]", "f:1:2", "Invalid character: n"),
        ("[Null]", "f:1:2", "lower case only"),
        ("[.]", "f:1:2", "Failed to convert"),
        ("[1.2.3]", "f:1:2", "Failed to convert"),
        ("[$]", "f:1:2", "Invalid character: $"),
        ('["a]', "f:1:2", "closing quote"),
        ("[1] /* a", "f:1:5", "Comment not closed"),
        ("<?import x?>", "f:1:1", "directive"),
        ("[" * 300, "f:1:201", "nested deeper"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, place: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_text(text, "f")
    assert caught.value.where == place
    assert problem in caught.value.problem


def test_an_include_stands_for_the_text_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "inner").write_text('# pools\n"x", {"y":\n 1}')
    outer = tmp_path / "outer"
    outer.write_text(f'{{"a": [<?include "{tmp_path}/inner"?>,\n 5], "b": 6}}')
    value, positions = load_file(outer)
    assert value == {"a": ["x", {"y": 1}, 5], "b": 6}
    assert positions.where(("a", 1, "y")) == f"{tmp_path}/inner:3:2"
    assert positions.where(("a", 2)) == f"{outer}:2:2"
    assert positions.where(("b",)) == f"{outer}:2:11"


def test_an_include_that_cannot_be_read_is_refused_where_it_stands() -> None:
    with pytest.raises(ConfigError, match="cannot read '/no/such': No such file") as caught:
        parse_text('[\n<?include "/no/such"?>]', "f")
    assert caught.value.where.startswith("f:2:")


def test_a_file_that_includes_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(f'[<?include "{tmp_path}/a"?>]')
    with pytest.raises(ConfigError, match="Too many nested include"):
        load_file(tmp_path / "a")


def test_a_missing_file_and_a_folder_are_configuration_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_file(tmp_path / "none")
    with pytest.raises(ConfigError, match="directory"):
        load_file(tmp_path)
