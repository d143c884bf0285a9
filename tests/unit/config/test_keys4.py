"""The tables agree with each other."""

import pytest

from kea_mp.config import keys4

ROWS = [(scope.name, key) for scope in keys4.SCOPES.values() for key in scope.keys.values()]


@pytest.mark.parametrize("key", [key for _, key in ROWS if key.items], ids=lambda key: key.name)
def test_what_a_row_says_about_its_inside_exists(key: keys4.Key) -> None:
    assert key.items == keys4.STRING or key.items in keys4.SCOPES
    assert key.type in (keys4.MAP, keys4.LIST)


@pytest.mark.parametrize("scope", keys4.SCOPES.values(), ids=lambda scope: scope.name)
def test_required_keys_are_keys(scope: keys4.Scope) -> None:
    assert set(scope.required) <= scope.keys.keys()


def test_defaults_are_for_keys_that_exist() -> None:
    top = keys4.SCOPES["Dhcp4"].keys
    assert keys4.GLOBAL_DEFAULTS.keys() <= top.keys()
    for name, defaults in keys4.MAP_DEFAULTS.items():
        assert defaults.keys() <= keys4.SCOPES[top[name].items].keys.keys()


def test_what_is_copied_down_may_stand_at_every_level() -> None:
    for scope in ("Dhcp4", "shared-network", "subnet4"):
        assert set(keys4.COPIED_DOWN) <= keys4.SCOPES[scope].keys.keys()


@pytest.mark.parametrize("key", [key for _, key in ROWS if key.refuse], ids=lambda key: key.name)
def test_a_refusal_is_a_sentence_about_the_key(key: keys4.Key) -> None:
    assert key.refuse.startswith("is ")
