"""The lease commands answer alike whatever the leases are kept in."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.interop.lease_steps import ADDING, ASKING, CHANGING, CONFIG, NONE, Step, comparable
from tests.lab import databases
from tests.lab.daemon import KeaMp
from tests.lab.lease_database import lease_database
from tests.lab.net import Lab
from tests.lab.sql_daemon import access

pytestmark = pytest.mark.root

WRITE = "lease4-write"  #: memfile only, as in Kea


@pytest.fixture(params=["postgresql", "mysql"])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[KeaMp, KeaMp]]:
    """One daemon on memfile, one on a database."""
    if not databases.available(request.param):
        pytest.skip(f"no {request.param} server can be started here")
    with Lab() as lab, lease_database(request.param) as database:
        first, second = lab.hosts("memfile", "sql")
        sql = CONFIG | {"lease-database": access(database)}
        with KeaMp(CONFIG, first) as on_memfile, KeaMp(sql, second) as on_sql:
            yield on_memfile, on_sql


def asked(daemon: KeaMp, step: Step) -> object:
    name, arguments = step
    answer = daemon.command(name) if arguments is NONE else daemon.command(name, arguments)
    return comparable(answer)


def test_a_database_answers_as_memfile_does(pair: tuple[KeaMp, KeaMp]) -> None:
    wrong = []
    for step in (*ADDING, *ASKING, *CHANGING):
        if step[0] == WRITE:
            continue
        on_memfile, on_sql = (asked(daemon, step) for daemon in pair)
        if on_memfile != on_sql:
            shown = "" if step[1] is NONE else json.dumps(step[1])
            wrong.append(f"{step[0]} {shown}\n  memfile {on_memfile}\n  sql     {on_sql}")
    assert not wrong, "\n".join(wrong)
    assert pair[1].command(WRITE, {"filename": "copy.csv"})["result"] == 1
