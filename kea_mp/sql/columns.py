"""Column types of Kea's schema, each with its PostgreSQL and its MySQL form, and what SQLAlchemy cannot say by itself.

A column may exist in one dialect only or stand elsewhere in the other, and some defaults differ. `column.info` says
so: `dialect` (the only one that has it), `postgresql_default`, `mysql_default` (SQL text); `table.info["last"]` names
MySQL's columns that stand at the end there. The compilers below obey.

Runs in: any
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
)
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateColumn, CreateTable
from sqlalchemy.sql.compiler import DDLCompiler
from sqlalchemy.types import TypeEngine

Type = TypeEngine[Any]


def _pair(postgresql_type: Type, mysql_type: Type) -> Type:
    return postgresql_type.with_variant(mysql_type, "mysql")


U32 = _pair(BigInteger(), mysql.INTEGER(unsigned=True))  #: subnet-id, address, lifetime of a lease
U64 = _pair(BigInteger(), mysql.BIGINT(unsigned=True))  #: reference to a row with a SERIAL64 key
I64 = BigInteger()
SERIAL64 = _pair(Integer(), mysql.BIGINT(unsigned=True))
SERIAL32 = _pair(Integer(), mysql.INTEGER(unsigned=True))
SECONDS = _pair(BigInteger(), mysql.INTEGER(10))  #: a time of the configuration
FLAG = _pair(Boolean(), mysql.TINYINT(1))
WIDE_FLAG = _pair(Boolean(), mysql.TINYINT(4))
SMALL = _pair(SmallInteger(), mysql.TINYINT(3))
SMALL_UNSIGNED = _pair(SmallInteger(), mysql.TINYINT(3, unsigned=True))
SMALL_WIDE = _pair(SmallInteger(), mysql.TINYINT(4))
REAL = _pair(Double(), mysql.FLOAT())
STAMP = _pair(postgresql.TIMESTAMP(timezone=True), mysql.TIMESTAMP())
TEXT = Text()
LONG_TEXT = _pair(Text(), mysql.LONGTEXT())
JSON = _pair(postgresql.JSON(), mysql.LONGTEXT())
BLOB = _pair(LargeBinary(), mysql.BLOB())
INET4 = _pair(postgresql.INET(), mysql.INTEGER(unsigned=True))
INET6 = _pair(postgresql.INET(), mysql.BINARY(16))
INET6_TEXT = _pair(postgresql.INET(), mysql.VARCHAR(45))


def chars(length: int, in_mysql: int | None = None) -> Type:
    """A text of limited length; the limits of the two dialects differ here and there."""
    return _pair(String(length), mysql.VARCHAR(in_mysql or length))


def octets(length: int) -> Type:
    return _pair(LargeBinary(), mysql.VARBINARY(length))


def column(name: str, kind: Type, *, null: bool = True, default: str = "", **info: str) -> Column[Any]:
    """One column. default: SQL text for both dialects; info: see the module."""
    if default:
        info = {"postgresql_default": default, "mysql_default": default, **info}
    return Column(name, kind, nullable=null, autoincrement=False, info=info)


def flag(name: str, kind: Type = FLAG) -> Column[Any]:
    """A switch that is off unless set."""
    return column(name, kind, null=False, postgresql_default="false", mysql_default="0")


def stamp(name: str = "modification_ts") -> Column[Any]:
    """The time of a change: PostgreSQL fills it in, MySQL expects it from the writer."""
    return column(name, STAMP, null=False, postgresql_default="CURRENT_TIMESTAMP")


@compiles(CreateTable, "postgresql", "mysql")
def _create_table(create: CreateTable, compiler: DDLCompiler, **options: Any) -> str:
    dialect = compiler.dialect.name
    last = create.element.info.get("last", ()) if dialect == "mysql" else ()
    mine = [each for each in create.columns if each.element.info.get("dialect", dialect) == dialect]
    create.columns = sorted(mine, key=lambda each: last.index(each.element.name) if each.element.name in last else -1)
    return str(compiler.visit_create_table(create, **options))  # type: ignore[no-untyped-call]


@compiles(CreateColumn, "postgresql", "mysql")
def _create_column(create: CreateColumn, compiler: DDLCompiler, **options: Any) -> str:
    text = compiler.visit_create_column(create, **options)  # type: ignore[no-untyped-call]
    default = create.element.info.get(f"{compiler.dialect.name}_default")
    return f"{text} DEFAULT {default}" if default else str(text)
