"""`kea-mp db init|version|check -c FILE`: the schema of the lease database that a configuration file names.

Exit codes: 0 done and well; 69 the database cannot be reached; 76 the schema is not what it should be; 78 the
configuration does not name a database.

Runs in: the `db` command
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import Connection

from kea_mp.config.databases import lease_database_in
from kea_mp.errors import BackendDown, ConfigError, ExitCode
from kea_mp.sql import engine, schema
from kea_mp.sql.errors import DatabaseRefused

_FILE = click.option(
    "-c", "config_file", required=True, type=click.Path(path_type=Path), metavar="FILE", help="Kea configuration."
)
_SETTINGS = {"help_option_names": ["-h", "--help"]}


@click.group(context_settings=_SETTINGS)
def db() -> None:
    """Make or check the database schema of a configuration's lease-database."""


@contextmanager
def _database(config_file: Path) -> Iterator[Connection]:
    """A connection to the lease database; problems end the command with one line and their exit code."""
    try:
        with engine.opened(lease_database_in(config_file)) as connection:
            yield connection
    except ConfigError as problem:
        _end(ExitCode.CONFIG, problem)
    except (BackendDown, DatabaseRefused) as problem:
        _end(ExitCode.UNAVAILABLE, problem)


def _end(code: ExitCode, problem: Exception | str) -> None:
    click.echo(f"kea-mp db: {problem}", err=True)
    sys.exit(code)


@db.command(context_settings=_SETTINGS)
@_FILE
def init(config_file: Path) -> None:
    """Make the schema in an empty database. A database that holds tables is left alone."""
    with _database(config_file) as connection:
        wanted = schema.expected_version(connection.dialect.name)
        if schema.initialise(connection):
            click.echo(f"schema {wanted} made")
            return
        held = schema.read_version(connection)
        if held != wanted:
            _end(ExitCode.SCHEMA, f"the database is not empty: it holds {_named(held)}, not {wanted}; nothing was done")
        click.echo(f"schema {wanted} is there already")


@db.command(context_settings=_SETTINGS)
@_FILE
def version(config_file: Path) -> None:
    """Print the schema version that is needed and the one that is there."""
    with _database(config_file) as connection:
        wanted, held = schema.expected_version(connection.dialect.name), schema.read_version(connection)
        click.echo(f"expected {wanted}\nfound    {held or 'none'}")
        if held != wanted:
            sys.exit(ExitCode.SCHEMA)


@db.command(context_settings=_SETTINGS)
@_FILE
def check(config_file: Path) -> None:
    """Compare tables, columns, indexes, triggers and routines with what Kea 3.0 has."""
    with _database(config_file) as connection:
        wanted, held = schema.expected_version(connection.dialect.name), schema.read_version(connection)
        if held != wanted:
            _end(ExitCode.SCHEMA, f"the database holds {_named(held)}, not {wanted}")
        lines = schema.differences(connection)
        for line in lines:
            click.echo(line)
        if lines:
            _end(ExitCode.SCHEMA, f"{len(lines)} differences")
        click.echo(f"schema {wanted}: no differences")


def _named(version: schema.Version | None) -> str:
    return f"schema {version}" if version else "no schema version"
