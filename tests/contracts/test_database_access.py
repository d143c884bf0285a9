"""How the lease stores get at their database: hosts, passwords, encryption, clocks, times."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kea_mp.config.model import Lifetime, Parameters4, Pool4, SqlAccess, Subnet4
from kea_mp.errors import ExitCode
from kea_mp.leases.link import Link, Lost, Mismatch
from kea_mp.leases.model import Lease4
from kea_mp.leases.open_sql import link_to, open_sql
from kea_mp.leases.sql_store import SqlLeaseStore
from kea_mp.leases.store import ClaimLease, FindLeases, Found, Stored
from kea_mp.values import INFINITY, address4
from tests.lab import databases
from tests.lab.certificates import Authority, Pair
from tests.lab.databases import PASSWORD, SERVERS, USER, Server, free_port
from tests.lab.lease_database import Database, database_on

NOW = 1_800_000_000
FIRST = address4("192.0.2.10")
SUBNET = Subnet4(1, address4("192.0.2.0"), 24, (Pool4(FIRST, FIRST + 9),), Parameters4(Lifetime(3600, 3600, 3600)))
KINDS = ["postgresql", "mysql"]


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest) -> Database:
    found: Database = request.getfixturevalue(f"{request.param}_database")
    found.clear()
    return found


def connected(access: SqlAccess) -> Link:
    link = link_to(access)
    link.connect()
    return link


def opened(access: SqlAccess) -> SqlLeaseStore:
    """A store that is connected; an empty database gets the schema."""
    store = open_sql(access, (SUBNET,))
    store.renew()
    return store


def refused(access: SqlAccess) -> str:
    with pytest.raises(Lost) as caught:
        connected(access)
    return str(caught.value)


def changed(database: Database, **changes: Any) -> SqlAccess:
    return database.server.access(database.name, **changes)


# ---- hosts and passwords ------------------------------------------------------------------------------------


def test_the_next_host_is_tried_when_one_cannot_be_reached(database: Database) -> None:
    nobody = ("127.0.0.1", free_port())
    connected(changed(database, hosts=(nobody, ("127.0.0.1", database.server.port)))).close()
    assert str(nobody[1]) in refused(changed(database, hosts=(nobody,)))


def test_the_first_line_of_a_password_file_is_read_at_every_connect(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "password"
    access = changed(database, password="", password_file=str(file))
    assert "password-file" in refused(access)
    file.write_text("wrong\n")
    refused(access)
    file.write_text(f"{PASSWORD}\nsecond line\n")
    connected(access).close()


def test_no_error_shows_the_password(database: Database) -> None:
    assert "hunter2" not in refused(changed(database, password="hunter2"))


def test_a_server_that_takes_no_changes_is_not_used(database: Database) -> None:
    server = database.server
    on, off = {
        "postgresql": (f"ALTER DATABASE {database.name} SET default_transaction_read_only = on",
                       f"ALTER DATABASE {database.name} RESET default_transaction_read_only"),
        "mysql": ("SET GLOBAL read_only = 1", "SET GLOBAL read_only = 0"),
    }[server.type]  # fmt: skip
    first = "postgres" if server.type == "postgresql" else "mysql"
    server.run(first, on)
    try:
        assert "read-only" in refused(changed(database))
    finally:
        server.run(first, off)


# ---- schema -------------------------------------------------------------------------------------------------


def test_an_empty_database_gets_the_schema_unless_the_password_is_in_a_file(database: Database, tmp_path: Path) -> None:
    empty = database.server.database()
    file = tmp_path / "password"
    file.write_text(PASSWORD)
    with pytest.raises(Mismatch):
        opened(database.server.access(empty, password="", password_file=str(file)))
    store = opened(database.server.access(empty))
    assert store.execute([FindLeases(b"\x01\x02", b"", (1,), NOW)]) == [Found(())]
    store.close()


def test_a_database_with_other_tables_is_left_alone(database: Database) -> None:
    name = database.server.database()
    database.server.run(name, "CREATE TABLE other (a INTEGER)")
    with pytest.raises(Mismatch) as caught:
        opened(database.server.access(name))
    assert caught.value.code == ExitCode.SCHEMA


# ---- times --------------------------------------------------------------------------------------------------


def end_in(database: Database) -> int:
    epoch = "extract(epoch from expire)::bigint" if database.server.type == "postgresql" else "UNIX_TIMESTAMP(expire)"
    return int(database.query(f"SELECT {epoch} FROM lease4")[0][0])


@pytest.fixture
def far_away(database: Database) -> Iterator[Database]:
    """The database thinks that it is in New York."""
    server = database.server
    if server.type == "postgresql":
        server.run("postgres", f"ALTER DATABASE {database.name} SET timezone = 'America/New_York'")
        yield database
        server.run("postgres", f"ALTER DATABASE {database.name} RESET timezone")
    else:
        server.run("mysql", "SET GLOBAL time_zone = '-05:00'")
        yield database
        server.run("mysql", "SET GLOBAL time_zone = SYSTEM")


@pytest.mark.parametrize("cltt", [NOW, 1_774_746_000, 1_793_501_000])  # the hours when summer time begins and ends
def test_times_do_not_depend_on_the_time_zone_of_the_database(far_away: Database, cltt: int) -> None:
    store = opened(far_away.access)
    mine = Lease4(FIRST, b"\x01\x02\x00\x00\x00\x00\x01", b"", 3600, cltt, 1)
    assert store.execute([ClaimLease(mine)]) == [Stored(mine)]
    assert end_in(far_away) == cltt + 3600
    assert store.execute([FindLeases(mine.hw, b"", (1,), cltt)]) == [Found((mine,))]
    store.close()


def test_a_row_that_kea_wrote_in_local_time_is_read_right(far_away: Database) -> None:
    """Kea sends the time of day of its own zone, which has to be the session's."""
    empty = "''" if far_away.server.type == "postgresql" else "NULL"
    with far_away.server.connection(far_away.name) as connection:
        connection.exec_driver_sql(
            "INSERT INTO lease4 (address, hwaddr, client_id, valid_lifetime, expire, subnet_id, fqdn_fwd, fqdn_rev, "
            f"hostname, state, user_context) VALUES ({FIRST}, 'abcdef', {empty}, 3600, '2027-01-15 04:00:00', 1, "
            f"{'false, false' if empty != 'NULL' else '0, 0'}, '', 0, {empty})"
        )
        connection.commit()
    store = opened(far_away.access)
    (found,) = store.execute([FindLeases(b"\x01abcdef", b"", (1,), NOW)])
    assert isinstance(found, Found)
    assert found.mine[0].cltt == NOW  # 2027-01-15 03:00 in New York
    store.close()


def test_an_end_beyond_2038_is_stored_or_shortened_but_never_wrong(database: Database) -> None:
    store = opened(database.access)
    late = Lease4(FIRST, b"\x01\x02\x00\x00\x00\x00\x01", b"", 1_000_000_000, NOW, 1)
    (stored,) = store.execute([ClaimLease(late)])
    assert isinstance(stored, Stored)
    assert stored.lease.valid_lft == (late.valid_lft if database.server.type == "postgresql" else 2**31 - 1 - NOW)
    assert store.execute([FindLeases(late.hw, b"", (1,), NOW)]) == [Found((stored.lease,))]
    for_ever = Lease4(FIRST + 1, b"\x01\x02\x00\x00\x00\x00\x02", b"", INFINITY, NOW, 1)
    assert store.execute([ClaimLease(for_ever)]) == [Stored(for_ever)]
    store.close()


# ---- encryption ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def server_with(kind: str, authority: Authority, pair: Pair) -> Server:
    """A server that shows this certificate and accepts clients of the authority."""
    server = SERVERS[kind]()
    user = pwd.getpwnam(server.account)
    for name, path in (("ca.pem", authority.anchor), ("cert.pem", pair.cert), ("key.pem", pair.key)):
        shutil.copyfile(path, server.folder / name)
        os.chown(server.folder / name, user.pw_uid, user.pw_gid)
        (server.folder / name).chmod(0o600)
    folder = server.folder
    server.options = {
        "postgresql": ("ssl=on", f"ssl_ca_file={folder}/ca.pem", f"ssl_cert_file={folder}/cert.pem",
                       f"ssl_key_file={folder}/key.pem"),
        "mysql": (f"ssl-ca={folder}/ca.pem", f"ssl-cert={folder}/cert.pem", f"ssl-key={folder}/key.pem"),
    }[kind]  # fmt: skip
    return server


@pytest.fixture(scope="module", params=KINDS)
def encrypted(request: pytest.FixtureRequest, authority: Authority) -> Iterator[Database]:
    if not databases.available(request.param):
        pytest.skip(f"no {request.param} server can be started here")
    server = server_with(request.param, authority, authority.sign("server", "DNS:localhost,IP:127.0.0.1"))
    try:
        server.start()
        yield database_on(server)
    finally:
        server.remove()


def test_a_trust_anchor_means_an_encrypted_connection(encrypted: Database, authority: Authority) -> None:
    link = connected(changed(encrypted, trust_anchor=str(authority.anchor)))
    assert link.tls.startswith("TLSv1.")
    link.close()


def test_another_authority_is_not_trusted(encrypted: Database, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other", "other")
    assert "certificate verify failed" in refused(changed(encrypted, trust_anchor=str(other.anchor)))


def test_a_folder_of_authorities_is_a_trust_anchor_for_mysql(encrypted: Database, authority: Authority) -> None:
    if encrypted.server.type == "postgresql":
        pytest.skip("libpq knows no folders")
    connected(changed(encrypted, trust_anchor=str(authority.folder_of_anchors))).close()


def test_a_cipher_list_that_names_nothing_is_an_error(encrypted: Database, authority: Authority) -> None:
    if encrypted.server.type == "postgresql":
        pytest.skip("libpq has no cipher list")
    access = changed(encrypted, trust_anchor=str(authority.anchor), cipher_list="NO-SUCH-CIPHER")
    assert "cipher" in refused(access)
    connected(changed(encrypted, trust_anchor=str(authority.anchor), cipher_list="ECDHE+AESGCM")).close()


def test_a_client_certificate_is_shown(encrypted: Database, authority: Authority) -> None:
    server = encrypted.server
    client = authority.sign(USER)
    if server.type == "postgresql":
        rules = server.folder / "data/pg_hba.conf"
        before = rules.read_text()
        rules.write_text(f"hostssl all {USER} all scram-sha-256 clientcert=verify-ca\nlocal all all trust\n"
                         "host all postgres all trust\n")  # fmt: skip
        demand, undo = "SELECT pg_reload_conf()", "SELECT pg_reload_conf()"
    else:
        demand, undo = f"ALTER USER '{USER}'@'%' REQUIRE X509", f"ALTER USER '{USER}'@'%' REQUIRE NONE"
    first = "postgres" if server.type == "postgresql" else "mysql"
    server.run(first, demand)
    try:
        anchor = {"trust_anchor": str(authority.anchor)}
        refused(changed(encrypted, **anchor))
        connected(changed(encrypted, **anchor, cert_file=str(client.cert), key_file=str(client.key))).close()
    finally:
        if server.type == "postgresql":
            rules.write_text(before)
        server.run(first, undo)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", ["expired", "other host"])
def test_a_certificate_that_is_not_good_is_refused(kind: str, fault: str, authority: Authority) -> None:
    if not databases.available(kind):
        pytest.skip(f"no {kind} server can be started here")
    names = "DNS:elsewhere.example" if fault == "other host" else "IP:127.0.0.1"
    server = server_with(kind, authority, authority.sign(f"{kind}-{fault[:5]}", names, expired=fault == "expired"))
    try:
        server.start()
        name = server.database()
        mode = {"ssl_mode": "verify-full"} if kind == "postgresql" else {}
        problem = refused(server.access(name, trust_anchor=str(authority.anchor), **mode))
        assert ("certificate" in problem) if fault == "expired" else ("127.0.0.1" in problem)
    finally:
        server.remove()


def test_a_mysql_server_without_encryption_is_used_when_that_is_allowed_and_it_is_said(
    database: Database, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    if database.server.type == "postgresql":
        pytest.skip("ssl-mode prefer is PostgreSQL's way")
    link = connected(changed(database, trust_anchor=str(authority.anchor), allow_clear_text=True))
    assert link.tls == ""
    link.close()
    assert "MYSQL_LB_NO_TLS" in caplog.text


def test_a_server_without_encryption_is_refused_when_it_is_configured(database: Database, authority: Authority) -> None:
    problem = refused(changed(database, trust_anchor=str(authority.anchor)))
    assert "SSL" in problem or "TLS" in problem
