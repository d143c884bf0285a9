"""Option data at load: payloads, sub-options of encapsulated spaces, definitions."""

from typing import Any

import pytest

from kea_mp.config.load import config4_from_json
from kea_mp.config.model import Config4, OptionData, OptionDef, OptionSet
from kea_mp.errors import ConfigError


def config(options: list[dict[str, Any]], definitions: list[dict[str, Any]] | None = None, **rest: Any) -> Config4:
    return config4_from_json({"Dhcp4": {"option-data": options, "option-def": definitions or [], **rest}})


def payload(found: OptionSet, code: int, space: str = "dhcp4") -> bytes:
    (option,) = found[space][code]
    return option.data


def definition(name: str, code: int, type_: str, space: str = "dhcp4", **rest: Any) -> dict[str, Any]:
    return {"name": name, "code": code, "type": type_, "space": space, **rest}


def test_an_option_is_encoded_with_its_flags() -> None:
    item = {"name": "routers", "data": "192.0.2.1", "always-send": True, "client-classes": ["a"]}
    assert config([item]).options == {
        "dhcp4": {3: (OptionData("dhcp4", 3, "routers", b"\xc0\0\2\1", True, False, ("a",)),)}
    }


def test_options_of_one_code_stay_in_their_order() -> None:
    found = config([{"name": "domain-name", "data": text} for text in ("a", "b")]).options
    assert [option.data for option in found["dhcp4"][15]] == [b"a", b"b"]


def test_an_option_that_is_never_sent_needs_no_value() -> None:
    (option,) = config([{"code": 3, "never-send": True}]).options["dhcp4"][3]
    assert (option.never_send, option.data, option.name) == (True, b"", "routers")


def test_sub_options_follow_the_fields_of_their_parent_in_the_order_of_codes() -> None:
    found = config(
        [
            {"name": "parent", "data": "9"},
            {"name": "two", "space": "inner", "data": "2"},
            {"name": "one", "space": "inner", "data": "1"},
        ],
        [
            definition("parent", 222, "uint8", encapsulate="inner"),
            definition("one", 1, "uint8", "inner"),
            definition("two", 2, "uint16", "inner"),
        ],
    ).options
    assert payload(found, 222) == b"\x09" + b"\x01\x01\x01" + b"\x02\x02\x00\x02"


def test_sub_options_may_have_sub_options_but_never_themselves() -> None:
    found = config(
        [
            {"name": "parent"},
            {"name": "child", "space": "inner"},
            {"name": "grandchild", "space": "innermost", "data": "7"},
        ],
        [
            definition("parent", 222, "empty", encapsulate="inner"),
            definition("child", 1, "empty", "inner", encapsulate="innermost"),
            definition("grandchild", 5, "uint8", "innermost", encapsulate="inner"),
        ],
    ).options
    assert payload(found, 222) == b"\x01\x03\x05\x01\x07"


def test_option_43_carries_the_vendor_encapsulated_space() -> None:
    found = config(
        [{"code": 43}, {"name": "x", "space": "vendor-encapsulated-options-space", "data": "5"}],
        [definition("x", 4, "uint8", "vendor-encapsulated-options-space")],
    ).options
    assert payload(found, 43) == b"\x04\x01\x05"


def test_sub_options_without_their_parent_are_kept_but_not_sent_by_themselves() -> None:
    found = config(
        [{"name": "x", "space": "vendor-encapsulated-options-space", "data": "5"}],
        [definition("x", 4, "uint8", "vendor-encapsulated-options-space")],
    ).options
    assert "dhcp4" not in found


def test_sub_options_of_another_level_are_not_appended() -> None:
    found = config(
        [{"name": "x", "space": "vendor-encapsulated-options-space", "data": "5"}],
        [definition("x", 4, "uint8", "vendor-encapsulated-options-space")],
        subnet4=[{"id": 1, "subnet": "192.0.2.0/24", "option-data": [{"code": 43}]}],
    )
    assert payload(found.subnets[0].options_chain[0], 43) == b""


def test_a_vendor_s_space_stays_separate() -> None:
    found = config([{"name": "tftp-servers", "space": "vendor-4491", "data": "192.0.2.9"}]).options
    assert payload(found, 2, "vendor-4491") == b"\xc0\0\2\x09"


def test_a_sub_option_that_is_too_long_is_refused() -> None:
    with pytest.raises(ConfigError, match="more than 255"):
        config(
            [{"code": 43}, {"name": "x", "space": "vendor-encapsulated-options-space", "data": "x" * 256}],
            [definition("x", 4, "string", "vendor-encapsulated-options-space")],
        )


def test_definitions_are_listed() -> None:
    found = config([], [definition("r", 224, "record", **{"record-types": "uint8, string"})])
    assert found.option_defs == (OptionDef("dhcp4", 224, "r", "record", record_types=("uint8", "string")),)


def test_a_class_has_definitions_of_its_own_before_the_global_ones() -> None:
    own = definition("y", 224, "uint16")
    found = config(
        [],
        [definition("y", 224, "uint8")],
        **{
            "client-classes": [
                {"name": "a", "option-def": [own], "option-data": [{"name": "y", "data": "3"}]},
                {"name": "b", "option-data": [{"name": "y", "data": "3"}]},
            ]
        },
    ).classes
    assert [payload(item.options, 224) for item in found] == [b"\x00\x03", b"\x03"]


def test_options_are_shown_with_code_and_name() -> None:
    shown = config([{"code": 3, "data": "192.0.2.1"}]).raw["option-data"]
    assert shown == [
        {
            "always-send": False, "code": 3, "csv-format": True, "data": "192.0.2.1", "name": "routers",
            "never-send": False, "space": "dhcp4",
        }
    ]  # fmt: skip
