"""The tables and what belongs to them, as far as they can be judged without a server."""

from __future__ import annotations

import pytest
from sqlalchemy.dialects.mysql.base import MySQLDialect
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateTable

from kea_mp.sql import catalog, reference, schema, tables

DIALECTS: dict[str, type[Dialect]] = {"postgresql": PGDialect, "mysql": MySQLDialect}


def made(table: str, dialect: str) -> str:
    compiler: Dialect = DIALECTS[dialect]()
    return " ".join(str(CreateTable(tables.metadata.tables[table]).compile(dialect=compiler)).split())


@pytest.mark.parametrize(("dialect", "count"), [("postgresql", 60), ("mysql", 59)])
def test_a_dialect_has_as_many_tables_as_kea(dialect: str, count: int) -> None:
    assert len(tables.tables_of(dialect)) == count


def test_a_column_has_the_type_of_its_dialect() -> None:
    assert "address BIGINT NOT NULL" in made("lease4", "postgresql")
    assert "address INTEGER UNSIGNED NOT NULL" in made("lease4", "mysql")
    assert "address INET NOT NULL" in made("lease6", "postgresql")
    assert "address BINARY(16) NOT NULL" in made("lease6", "mysql")


def test_a_column_may_be_of_one_dialect_only() -> None:
    assert "interface_4o6" in made("dhcp4_subnet", "postgresql")
    assert "4o6_interface" not in made("dhcp4_subnet", "postgresql")
    assert "`4o6_interface`" in made("dhcp4_subnet", "mysql")


def test_columns_stand_in_the_order_of_their_dialect() -> None:
    def order(dialect: str) -> bool:
        text = made("lease6", dialect)
        return text.index("state ") < text.index("hwaddr ")

    assert (order("postgresql"), order("mysql")) == (True, False)


def test_defaults_are_those_of_the_dialect() -> None:
    assert "modification_ts TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT CURRENT_TIMESTAMP" in made(
        "dhcp4_pool", "postgresql"
    )
    assert "modification_ts TIMESTAMP NOT NULL," in made("dhcp4_pool", "mysql")


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
def test_every_routine_and_trigger_is_there_once(dialect: str) -> None:
    statements = list(schema.statements(dialect))
    assert len(statements) == len(set(statements))
    wanted = schema.expected_catalog(dialect)
    assert len(wanted.triggers) == {"postgresql": 81, "mysql": 55}[dialect]
    assert catalog.differences(wanted, wanted) == []


def test_the_version_row_is_kea_3_0_s() -> None:
    assert [str(schema.expected_version(dialect)) for dialect in ("postgresql", "mysql")] == ["29.0", "30.0"]
    assert reference.version_row("mysql")[1] == {"version": 30, "minor": 0}


def test_optional_lines_may_be_missing_or_not() -> None:
    one = catalog.Catalog(frozenset(), frozenset(), frozenset(), frozenset({"f", "g"}))
    other = catalog.Catalog(frozenset(), frozenset(), frozenset(), frozenset({"f", "h"}))
    assert catalog.differences(one, other) == ["missing routines: g", "besides routines: h"]
    assert catalog.differences(one, other, frozenset({"g", "h"})) == []
