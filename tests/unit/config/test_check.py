"""How a value that does not fit its row is named."""

from typing import Any

import pytest

from kea_mp.config.check import Complaints, check_map, path_text
from kea_mp.config.keys import BOOLEAN, INTEGER, LIST, MAP, REAL, STRING, Key, Scope
from kea_mp.config.keys4 import TABLES4
from kea_mp.config.parse import Positions
from kea_mp.errors import ConfigError

ROWS = (
    Key("number", INTEGER, low=1, high=9),
    Key("share", REAL, low=0, high=1, above_low=True, below_high=True),
    Key("flag", BOOLEAN),
    Key("text", STRING, low=1, high=4),
    Key("word", STRING, choices=("a", "b")),
    Key("names", LIST, items=STRING, empty=False),
    Key("free", MAP),
    Key("later", INTEGER, refuse="is not supported", harmless=(0,)),
)
SCOPE = Scope("test", {key.name: key for key in ROWS}, required=("flag",))


def refused(value: Any) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        check_map(value, SCOPE, ("Top",), Complaints(Positions(), "command"), {})
    return caught.value


def test_what_fits_is_taken() -> None:
    value = {"number": 9, "share": 0.5, "flag": True, "text": "abcd", "word": "b", "names": ["x"], "free": {"y": 1}}
    check_map({**value, "later": 0}, SCOPE, ("Top",), Complaints(Positions()), {})


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("number", 0, "0 is out of range: must be at least 1 and at most 9"),
        ("number", 10, "10 is out of range: must be at least 1 and at most 9"),
        ("number", True, "must be an integer, not a boolean"),
        ("number", 1.0, "must be an integer, not a number with a decimal point"),
        ("share", 0.0, "0.0 is out of range: must be above 0 and below 1"),
        ("share", 1, "must be a number with a decimal point, not an integer"),
        ("flag", None, "must be a boolean, not null"),
        ("text", "", "must not be empty"),
        ("text", "ééé", "must be at most 4 bytes long"),
        ("word", "c", "'c' is none of: a, b"),
        ("names", [], "must not be empty"),
        ("free", [], "must be a map, not a list"),
        ("later", 1, "is not supported"),
        ("other", 1, "unknown key in a test map"),
    ],
)
def test_a_problem_is_told_at_its_key(name: str, value: Any, problem: str) -> None:
    error = refused({name: value, "flag": True} if name != "flag" else {name: value})
    assert (error.path, error.problem, error.where) == (f"Top.{name}", problem, "command")


def test_an_item_of_a_list_has_its_index() -> None:
    assert refused({"names": ["x", 2]}).path == "Top.names[1]"


def test_a_missing_key_and_an_empty_map_are_told_at_the_map() -> None:
    assert str(refused({"number": 1})) == "command: Top: the key 'flag' is missing"
    assert str(refused({})) == "command: Top: must not be empty"


def test_an_open_scope_takes_other_keys() -> None:
    scope = TABLES4.scopes["dhcp-queue-control"]
    check_map({"enable-queue": False, "anything": [1]}, scope, (), Complaints(Positions()), {})


def test_a_path_reads_as_in_javascript() -> None:
    assert path_text(("Dhcp4", "subnet4", 0, "pools", 1, "pool")) == "Dhcp4.subnet4[0].pools[1].pool"


def test_a_warning_says_kea_s_identifier_the_place_and_the_path() -> None:
    complaints = Complaints(Positions(), "command")
    complaints.warn(("Dhcp4", "x"), "DHCP4_SOMETHING", "is odd")
    assert complaints.warnings == ["DHCP4_SOMETHING command: Dhcp4.x: is odd"]
