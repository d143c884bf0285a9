"""Kea and its tools work on a schema that we have made."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from kea_mp.errors import ExitCode
from kea_mp.sql import schema
from kea_mp.sql.cli import db
from tests.lab import databases, peer
from tests.lab.clients import Dhclient
from tests.lab.databases import PASSWORD, USER, Server
from tests.lab.net import Lab
from tests.lab.peer import kea_admin

HOOKS = "/usr/lib/x86_64-linux-gnu/kea/hooks"

pytestmark = [pytest.mark.root, pytest.mark.timeout(240)]


@pytest.fixture
def database(database_server: Server) -> str:
    """The name of a database with our schema."""
    name = database_server.database()
    with database_server.connection(name) as connection:
        assert schema.initialise(connection)
    return name


# ---- kea-admin -------------------------------------------------------------------------------------------------------


@pytest.mark.peer
def test_kea_admin_reads_the_version(database_server: Server, database: str) -> None:
    assert (
        kea_admin(database_server, database, "db-version")
        .strip()
        .endswith(str(schema.expected_version(database_server.type)))
    )


@pytest.mark.peer
def test_kea_admin_dumps_and_uploads_leases(database_server: Server, database: str) -> None:
    header = (
        "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id"
    )
    line = "192.0.2.7,08:00:27:25:d3:01,01:02,3600,1893456000,1,0,0,host,0,,0"
    with tempfile.TemporaryDirectory(prefix="kmp-", dir=peer.ROOT / "tmp") as folder:
        inside = f"/tmp/{Path(folder).name}"
        (Path(folder) / "in.csv").write_text(f"{header}\n{line}\n")
        kea_admin(database_server, database, "lease-upload", "-4", "-i", f"{inside}/in.csv")
        kea_admin(database_server, database, "lease-dump", "-4", "-o", f"{inside}/out.csv")
        assert (Path(folder) / "out.csv").read_text().splitlines() == [header, line]
    with database_server.connection(database) as connection:
        assert connection.execute(text("SELECT subnet_id, state, leases FROM lease4_stat")).all() == [(1, 0, 1)]


@pytest.mark.peer
def test_kea_admin_recounts(database_server: Server, database: str) -> None:
    with database_server.connection(database) as connection:
        connection.execute(
            text("INSERT INTO lease4 (address, subnet_id, pool_id, state) VALUES (1, 1, 2, 0), (2, 1, 2, 1)")
        )
        connection.execute(text("UPDATE lease4_stat SET leases = 77"))
        connection.execute(text("DELETE FROM lease4_pool_stat"))
        connection.commit()
        kea_admin(database_server, database, "stats-recount")
        counts = connection.execute(text("SELECT subnet_id, state, leases FROM lease4_stat ORDER BY state")).all()
        assert counts == [(1, 0, 1), (1, 1, 1)]
        counts = connection.execute(text("SELECT pool_id, state, leases FROM lease4_pool_stat ORDER BY state")).all()
        assert counts == [(2, 0, 1), (2, 1, 1)]


# ---- Kea -------------------------------------------------------------------------------------------------------------


@pytest.mark.peer
@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_kea_serves_on_our_schema(kind: str, tmp_path: Path) -> None:
    if not databases.available(kind):
        pytest.skip(f"no {kind} server can be started here: scripts/test installs it")
    if not Dhclient.available():
        pytest.skip("dhclient is not installed: scripts/test installs it")
    with Lab() as lab:
        server_host, client_host = lab.hosts("server", "client")
        lab.link((server_host, "srv0"), (client_host, "cli0"), addresses=(["192.0.2.1/24"], []))
        with databases.running(kind, namespace=server_host) as server:
            name = server.database()
            with server.connection(name) as connection:
                assert schema.initialise(connection)
            library = {"postgresql": "libdhcp_pgsql.so", "mysql": "libdhcp_mysql.so"}[kind]
            config: dict[str, Any] = {
                "interfaces-config": {"interfaces": ["srv0"]},
                "lease-database": {
                    "type": kind, "name": name, "host": "127.0.0.1", "port": server.port, "user": USER,
                    "password": PASSWORD,
                },
                "hooks-libraries": [{"library": f"{HOOKS}/{library}"}],
                "subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.100 - 192.0.2.109"}]}],
            }  # fmt: skip
            with peer.Peer(config, server_host):
                client = Dhclient(client_host, "cli0", tmp_path)
                try:
                    address = client.get()
                    assert client.renew() == address
                    with server.connection(name) as connection:
                        assert connection.execute(text("SELECT count(*) FROM lease4 WHERE state = 0")).scalar() == 1
                        stat = text("SELECT subnet_id, state, leases FROM lease4_stat")
                        assert connection.execute(stat).all() == [(1, 0, 1)]
                finally:
                    client.stop()


@pytest.mark.peer
@pytest.mark.parametrize("v", [4, 6])
def test_kea_prepares_all_its_statements_on_our_schema(database_server: Server, database: str, v: int) -> None:
    """-T opens the database for leases, hosts and configuration and fetches the latter."""
    access = {
        "type": database_server.type, "name": database, "host": "127.0.0.1", "port": database_server.port,
        "user": USER, "password": PASSWORD,
    }  # fmt: skip
    library = {"postgresql": "libdhcp_pgsql.so", "mysql": "libdhcp_mysql.so"}[database_server.type]
    config = {
        "lease-database": access,
        "hosts-databases": [access],
        "config-control": {"config-databases": [access]},
        "hooks-libraries": [{"library": f"{HOOKS}/{library}"}, {"library": f"{HOOKS}/libdhcp_limits.so"}],
        "server-tag": "one",
    }
    with tempfile.TemporaryDirectory(prefix="kmp-", dir=peer.ROOT / "tmp") as folder:
        (Path(folder) / "kea.conf").write_text(json.dumps({f"Dhcp{v}": config}))
        done = subprocess.run(
            ["chroot", str(peer.ROOT), f"/usr/sbin/kea-dhcp{v}", "-T", f"/tmp/{Path(folder).name}/kea.conf"],
            capture_output=True, text=True, check=False, timeout=60, env={**os.environ, "KEA_LOCKFILE_DIR": "none"},
        )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "ERROR" not in said, said
    assert f"DHCPSRV_CFGMGR_CONFIG{v}_MERGED" in said, said


# ---- kea-mp db -------------------------------------------------------------------------------------------------------


def configuration(folder: Path, server: Server, database: str, **changes: object) -> str:
    access = {
        "type": server.type, "name": database, "host": server.address, "port": server.port, "user": USER,
        "password": PASSWORD, **changes,
    }  # fmt: skip
    path = folder / "kea.conf"
    path.write_text(json.dumps({"Dhcp4": {"lease-database": access, "anything": "else"}}))
    return str(path)


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(db, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_db_makes_a_schema_once_and_checks_it(database_server: Server, tmp_path: Path) -> None:
    file = configuration(tmp_path, database_server, database_server.database())
    wanted = str(schema.expected_version(database_server.type))
    assert run("version", "-c", file) == (ExitCode.SCHEMA, f"expected {wanted}\nfound    none\n")
    assert run("init", "-c", file) == (ExitCode.OK, f"schema {wanted} made\n")
    assert run("init", "-c", file) == (ExitCode.OK, f"schema {wanted} is there already\n")
    assert run("version", "-c", file) == (ExitCode.OK, f"expected {wanted}\nfound    {wanted}\n")
    assert run("check", "-c", file) == (ExitCode.OK, f"schema {wanted}: no differences\n")


def test_db_leaves_another_version_alone(database_server: Server, database: str, tmp_path: Path) -> None:
    with database_server.connection(database) as connection:
        connection.execute(text("UPDATE schema_version SET version = 99"))
        connection.commit()
    file = configuration(tmp_path, database_server, database)
    for command in ("init", "check", "version"):
        code, said = run(command, "-c", file)
        assert code == ExitCode.SCHEMA
        assert "99.0" in said


def test_db_says_which_database_cannot_be_reached_and_why(database_server: Server, tmp_path: Path) -> None:
    host = f"127.0.0.1:1,127.0.0.1:{database_server.port}"
    file = configuration(tmp_path, database_server, "nowhere", host=host)
    code, said = run("version", "-c", file)
    assert code == ExitCode.UNAVAILABLE
    assert "nowhere" in said
    assert PASSWORD not in said
    file = configuration(tmp_path, database_server, database_server.database(), host=host)
    code, said = run("init", "-c", file)
    assert code == ExitCode.OK, said


def test_a_password_may_stand_in_a_file(database_server: Server, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    file = configuration(tmp_path, database_server, database_server.database())
    changed = json.loads(Path(file).read_text())
    access = changed["Dhcp4"]["lease-database"]
    del access["password"]
    access["password-file"] = str(secret)
    Path(file).write_text(json.dumps(changed))
    assert run("version", "-c", file)[0] == ExitCode.CONFIG
    secret.write_text(f"{PASSWORD}\nnot this\n")
    assert run("init", "-c", file)[0] == ExitCode.OK


def test_require_version_ends_the_process_with_expected_and_found(database_server: Server, database: str) -> None:
    from kea_mp.errors import ExitWith

    with database_server.connection(database) as connection:
        schema.require_version(connection, "the database")
        connection.execute(text("UPDATE schema_version SET version = 13, minor = 1"))
        with pytest.raises(ExitWith) as raised:
            schema.require_version(connection, "the database")
    assert raised.value.code == ExitCode.SCHEMA
    for part in ("13.1", str(schema.expected_version(database_server.type)), "the database"):
        assert part in str(raised.value)
