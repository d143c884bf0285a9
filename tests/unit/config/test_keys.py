"""The tables of both families agree with each other."""

from __future__ import annotations

import pytest

from kea_mp.config.keys import LIST, MAP, STRING, Key, Scope, Tables
from kea_mp.config.keys4 import TABLES4
from kea_mp.config.keys6 import TABLES6

FAMILIES = [pytest.param(tables, id=tables.family.name) for tables in (TABLES4, TABLES6)]
SCOPES = [(tables, scope) for tables in (TABLES4, TABLES6) for scope in tables.scopes.values()]
ROWS = [(tables, key) for tables, scope in SCOPES for key in scope.keys.values()]


@pytest.mark.parametrize(("tables", "key"), [row for row in ROWS if row[1].items], ids=lambda v: getattr(v, "name", ""))
def test_what_a_row_says_about_its_inside_exists(tables: Tables, key: Key) -> None:
    assert key.items == STRING or key.items in tables.scopes
    assert key.type in (MAP, LIST)


@pytest.mark.parametrize("scope", [scope for _, scope in SCOPES], ids=lambda scope: scope.name)
def test_required_keys_are_keys(scope: Scope) -> None:
    assert set(scope.required) <= scope.keys.keys()


@pytest.mark.parametrize("tables", FAMILIES)
def test_defaults_are_for_keys_that_exist(tables: Tables) -> None:
    top = tables.scopes[tables.family.top].keys
    assert tables.defaults.keys() <= top.keys()
    for name, defaults in tables.map_defaults.items():
        assert defaults.keys() <= tables.scopes[top[name].items].keys.keys()


@pytest.mark.parametrize("tables", FAMILIES)
def test_what_is_inherited_may_stand_at_every_level(tables: Tables) -> None:
    for scope in (tables.family.top, "shared-network", f"subnet{tables.family.number}"):
        assert set(tables.copied_down) | tables.network <= tables.scopes[scope].keys.keys()


@pytest.mark.parametrize("key", [key for _, key in ROWS if key.refuse], ids=lambda key: key.name)
def test_a_refusal_is_a_sentence_about_the_key(key: Key) -> None:
    assert key.refuse.startswith("is ")
