"""What triggers and functions of our schema do, Kea's own do as well: audit, class order, limits, dump and upload."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from tests.interop.schema_pair import Pair, Row, do, make_pair
from tests.lab.databases import Server

pytestmark = [pytest.mark.peer, pytest.mark.root, pytest.mark.timeout(300)]

Both = tuple[Connection, Connection]


@pytest.fixture(scope="module")
def pair(database_server: Server) -> Pair:
    return make_pair(database_server)


@pytest.fixture
def both(pair: Pair) -> Iterator[Both]:
    """Kea's and ours; whatever a test does is rolled back."""
    with pair.connections() as connections:
        for connection in connections:
            connection.begin()
        yield connections
        for connection in connections:
            connection.rollback()


def same(both: Both, statement: str) -> list[Row] | str:
    """The statement has the same outcome in both."""
    kea, ours = (do(connection, statement) for connection in both)
    assert kea == ours, statement
    return ours


class Script:
    """Statements of a configuration backend in one dialect, each run in both databases; after each, the tables that
    it may have touched are compared."""

    def __init__(self, both: Both, dialect: str, v: int) -> None:
        self.both, self.dialect, self.v = both, dialect, v

    def call(self, procedure: str, *arguments: object) -> list[Row] | str:
        word = "SELECT" if self.dialect == "postgresql" else "CALL"
        return self.run(f"{word} {procedure}({', '.join(map(str, arguments))})")

    def run(self, statement: str) -> list[Row] | str:
        outcome = same(self.both, statement.format(v=self.v))
        self.compare()
        return outcome

    def compare(self) -> None:
        v = self.v
        for query in (
            f"SELECT id, object_type, object_id, modification_type, revision_id FROM dhcp{v}_audit ORDER BY id",
            f"SELECT id, log_message, server_id FROM dhcp{v}_audit_revision ORDER BY id",
            f"SELECT subnet_id, shared_network_name FROM dhcp{v}_subnet ORDER BY 1",
            f"SELECT option_id, scope_id, pool_id FROM dhcp{v}_options ORDER BY 1",
            f"SELECT id, subnet_id FROM dhcp{v}_pool ORDER BY 1",
            f"SELECT class_id, order_index, depend_on_known_indirectly FROM dhcp{v}_client_class_order ORDER BY 1",
        ):
            same(self.both, query)

    def audited(self) -> list[Row]:
        """(object type, modification) of all entries: 0 create, 1 update, 2 delete."""
        entries = same(self.both, f"SELECT object_type, modification_type FROM dhcp{self.v}_audit ORDER BY id")
        assert isinstance(entries, list)
        return [(str(kind).removeprefix(f"dhcp{self.v}_"), change) for kind, change in entries]

    def revision(self, log: str, cascade: bool = False, tag: str = "all") -> None:
        made = self.call(f"createAuditRevisionDHCP{self.v}", "now()", f"'{tag}'", f"'{log}'", str(cascade).lower())
        assert made != "refused"

    def address(self, host: int) -> str:
        if self.v == 6:
            return f"'2001:db8::{host:x}'"
        written = f"'192.0.2.{host}'"
        return written if self.dialect == "postgresql" else f"INET_ATON({written})"

    def subnet(self, number: int, network: str = "NULL") -> None:
        prefix = f"192.0.{number}.0/24" if self.v == 4 else f"2001:db8:{number}::/64"
        self.run(
            "INSERT INTO dhcp{v}_subnet (subnet_id, subnet_prefix, modification_ts, shared_network_name)"
            f" VALUES ({number}, '{prefix}', now(), {network})"
        )

    def pool(self, subnet: int) -> None:
        self.run(
            "INSERT INTO dhcp{v}_pool (start_address, end_address, subnet_id, modification_ts)"
            f" VALUES ({self.address(10)}, {self.address(20)}, {subnet}, now())"
        )

    def option(self, scope: int, **owner: object) -> None:
        columns = "".join(f", {name}" for name in owner)
        values = "".join(f", {value}" for value in owner.values())
        self.run(
            f"INSERT INTO dhcp{{v}}_options (code, scope_id, modification_ts{columns})"
            f" VALUES (6, {scope}, now(){values})"
        )

    def last(self, table: str) -> object:
        found = same(self.both, f"SELECT max(id) FROM {table}")
        assert isinstance(found, list)
        return found[0][0]


@pytest.fixture(params=[4, 6])
def script(both: Both, pair: Pair, request: pytest.FixtureRequest) -> Script:
    return Script(both, pair.dialect, request.param)


# ---- audit -----------------------------------------------------------------------------------------------------------


def test_objects_without_parts_are_audited(script: Script) -> None:
    script.revision("a server")
    script.run("INSERT INTO dhcp{v}_server (tag, description, modification_ts) VALUES ('one', 'x', now())")
    script.revision("changes of one", tag="one")
    script.run("UPDATE dhcp{v}_server SET description = 'y' WHERE tag = 'one'")
    script.run(
        "INSERT INTO dhcp{v}_global_parameter (name, value, parameter_type, modification_ts)"
        " VALUES ('a', '1', 0, now()), ('b', '2', 0, now())"
    )
    script.run("UPDATE dhcp{v}_global_parameter SET value = '3'")
    script.run("DELETE FROM dhcp{v}_global_parameter WHERE name = 'a'")
    definition = "(code, name, space, type, is_array, encapsulate, modification_ts)"
    script.run(f"INSERT INTO dhcp{{v}}_option_def {definition} VALUES (200, 'o', 's', 1, false, '', now())")
    script.run("UPDATE dhcp{v}_option_def SET name = 'p'")
    script.run("DELETE FROM dhcp{v}_option_def")
    script.run("DELETE FROM dhcp{v}_server WHERE tag = 'one'")
    assert script.audited() == [
        ("server", 0),
        ("server", 1),
        *[("global_parameter", 0)] * 2,
        *[("global_parameter", 1)] * 2,
        ("global_parameter", 2),
        ("option_def", 0),
        ("option_def", 1),
        ("option_def", 2),
        ("server", 2),
    ]


def test_an_unknown_server_makes_a_revision_of_nobody(script: Script) -> None:
    script.revision("who?", tag="nobody")
    script.run("INSERT INTO dhcp{v}_server (tag, modification_ts) VALUES ('x', now())")


def test_options_are_audited_as_changes_of_their_owner(script: Script) -> None:
    script.revision("networks")
    script.run("INSERT INTO dhcp{v}_shared_network (name, modification_ts) VALUES ('net', now())")
    script.subnet(1, "'net'")
    script.pool(1)
    script.revision("options")
    pool = script.last(f"dhcp{script.v}_pool")
    script.option(0)
    script.option(1, **{f"dhcp{script.v}_subnet_id": 1})
    script.option(4, shared_network_name="'net'")
    script.option(5, pool_id=pool)
    script.option(2)
    expected = ["options", "subnet", "shared_network", "subnet"]
    assert [kind for kind, _ in script.audited()[-4:]] == expected
    script.run("UPDATE dhcp{v}_options SET formatted_value = 'x'")
    script.run("DELETE FROM dhcp{v}_options WHERE scope_id IN (0, 1)")
    script.revision("parts of something", cascade=True)
    script.option(0)
    script.option(1, **{f"dhcp{script.v}_subnet_id": 1})
    script.run("DELETE FROM dhcp{v}_options WHERE scope_id = 5")


def test_prefix_pools_and_their_options(both: Both, pair: Pair) -> None:
    script = Script(both, pair.dialect, 6)
    script.revision("prefixes")
    script.subnet(1)
    script.run(
        "INSERT INTO dhcp6_pd_pool (prefix, prefix_length, delegated_prefix_length, excluded_prefix_length, subnet_id,"
        " modification_ts) VALUES ('2001:db8:1::', 48, 64, 0, 1, now())"
    )
    script.option(6, pd_pool_id=script.last("dhcp6_pd_pool"))
    assert script.audited() == [("subnet", 0), ("subnet", 1)]
    script.run("DELETE FROM dhcp6_pd_pool")
    script.subnet(2)
    script.revision("deletions", cascade=True)
    script.run("DELETE FROM dhcp6_subnet WHERE subnet_id = 1")


def test_deletions_take_parts_along_and_are_audited_in_order(script: Script) -> None:
    script.revision("networks")
    script.run("INSERT INTO dhcp{v}_shared_network (name, modification_ts) VALUES ('net', now())")
    for number in (1, 2):
        script.subnet(number, "'net'")
        script.pool(number)
        script.option(5, pool_id=script.last(f"dhcp{script.v}_pool"))
        script.option(1, **{f"dhcp{script.v}_subnet_id": number})
    script.option(4, shared_network_name="'net'")
    script.revision("deletions", cascade=True)
    script.run("DELETE FROM dhcp{v}_pool WHERE subnet_id = 1")
    script.run("DELETE FROM dhcp{v}_subnet WHERE subnet_id = 1")
    script.run("DELETE FROM dhcp{v}_shared_network")
    script.run("DELETE FROM dhcp{v}_subnet")
    left = same(script.both, f"SELECT count(*) FROM dhcp{script.v}_options")
    assert left == [(0,)]


def test_audit_can_be_turned_off(script: Script, pair: Pair) -> None:
    if pair.dialect == "postgresql":
        off, on = (
            "SELECT set_session_value('kea.disable_audit', true)",
            "SELECT set_session_value('kea.disable_audit', false)",
        )
    else:
        off, on = "SET @disable_audit = 1", "SET @disable_audit = 0"
    script.run(off)
    script.revision("not written")
    script.run("INSERT INTO dhcp{v}_server (tag, modification_ts) VALUES ('x', now())")
    script.run(on)
    assert script.audited() == []
    script.revision("written")
    script.run("DELETE FROM dhcp{v}_server WHERE tag = 'x'")
    assert script.audited() == [("server", 2)]


# ---- client classes --------------------------------------------------------------------------------------------------


class Classes(Script):
    def add(self, name: str, follow: str = "", known: bool = False) -> list[Row] | str:
        return self.run(
            "INSERT INTO dhcp{v}_client_class (name, follow_class_name, depend_on_known_directly, modification_ts)"
            f" VALUES ('{name}', {self.text(follow)}, {str(known).lower()}, now())"
        )

    def move(self, name: str, follow: str) -> list[Row] | str:
        return self.run(
            f"UPDATE dhcp{{v}}_client_class SET follow_class_name = {self.text(follow)} WHERE name = '{name}'"
        )

    def know(self, name: str, known: bool) -> list[Row] | str:
        value = str(known).lower()
        return self.run(f"UPDATE dhcp{{v}}_client_class SET depend_on_known_directly = {value} WHERE name = '{name}'")

    def depend(self, name: str, on: str) -> list[Row] | str:
        return self.run(
            "INSERT INTO dhcp{v}_client_class_dependency (class_id, dependency_id)"
            f" SELECT c.id, d.id FROM dhcp{{v}}_client_class c, dhcp{{v}}_client_class d"
            f" WHERE c.name = '{name}' AND d.name = '{on}'"
        )

    def order(self) -> list[str]:
        found = same(
            self.both,
            f"SELECT c.name FROM dhcp{self.v}_client_class c JOIN dhcp{self.v}_client_class_order o"
            " ON o.class_id = c.id ORDER BY o.order_index, c.id",
        )
        assert isinstance(found, list)
        return [str(name) for (name,) in found]

    @staticmethod
    def text(value: str) -> str:
        return f"'{value}'" if value else "NULL"


@pytest.fixture(params=[4, 6])
def classes(both: Both, pair: Pair, request: pytest.FixtureRequest) -> Classes:
    made = Classes(both, pair.dialect, request.param)
    made.revision("classes")
    return made


def test_classes_stand_behind_those_they_follow(classes: Classes) -> None:
    for name, follow in (("a", ""), ("b", ""), ("c", ""), ("d", "a"), ("e", "c"), ("f", "d")):
        assert classes.add(name, follow) != "refused"
    assert classes.order() == ["a", "d", "f", "b", "c", "e"]
    assert classes.add("g", "nobody") == "refused"
    for name, follow in (("e", "a"), ("a", "b"), ("a", ""), ("b", "c"), ("b", "c"), ("b", "")):
        assert classes.move(name, follow) != "refused"
    classes.run("DELETE FROM dhcp{v}_client_class WHERE name = 'd'")
    classes.run("UPDATE dhcp{v}_client_class SET test = 'x'")


def test_a_class_depends_only_on_earlier_ones(classes: Classes) -> None:
    for name in "abc":
        classes.add(name)
    assert classes.depend("b", "a") != "refused"
    assert classes.depend("a", "b") == "refused"
    assert classes.depend("a", "a") == "refused"
    assert classes.depend("c", "b") != "refused"
    assert classes.move("a", "c") == "refused"
    assert classes.run("DELETE FROM dhcp{v}_client_class WHERE name = 'a'") == "refused"
    for pair in ("NULL, 1", "1, NULL", "1, 99999", "99999, 1"):
        classes.run(f"INSERT INTO dhcp{{v}}_client_class_dependency (class_id, dependency_id) VALUES ({pair})")


def test_all_servers_of_a_class_must_have_what_it_depends_on(classes: Classes) -> None:
    classes.run("INSERT INTO dhcp{v}_server (tag, modification_ts) VALUES ('one', now()), ('two', now())")
    for name in "abcd":
        classes.add(name)
    for name, tag in (("a", "one"), ("b", "two"), ("c", "all"), ("d", "one")):
        classes.run(
            "INSERT INTO dhcp{v}_client_class_server (class_id, server_id, modification_ts)"
            f" SELECT c.id, s.id, now() FROM dhcp{{v}}_client_class c, dhcp{{v}}_server s"
            f" WHERE c.name = '{name}' AND s.tag = '{tag}'"
        )
    assert classes.depend("b", "a") == "refused"
    assert classes.depend("c", "a") == "refused"
    assert classes.depend("d", "a") != "refused"
    assert classes.depend("d", "c") != "refused"
    assert classes.depend("d", "b") == "refused"


def test_dependency_on_known_is_passed_on(classes: Classes) -> None:
    classes.add("a", known=True)
    classes.add("b")
    classes.add("c")
    classes.add("d")
    for name, on in (("b", "a"), ("c", "b"), ("d", "d")):
        classes.depend(name, on)
    indirectly = same(
        classes.both, f"SELECT count(*) FROM dhcp{classes.v}_client_class_order WHERE depend_on_known_indirectly"
    )
    assert indirectly == [(2,)]
    classes.run("UPDATE dhcp{v}_client_class SET test = 'x' WHERE name = 'c'")


def test_dependency_on_known_must_not_change_under_others(classes: Classes, pair: Pair) -> None:
    check = f"checkDHCPv{classes.v}ClientClassKnownDependencyChange"
    classes.add("a", known=True)
    classes.add("b")
    classes.know("b", True)
    classes.call(check)
    classes.depend("b", "a")
    outcomes = []
    for known in (True, False):
        classes.know("a", known)
        if pair.dialect == "mysql":
            outcomes.append(classes.call(check))
        else:  # Kea's function takes its own variable for a column and fails whenever there is something to check
            assert do(classes.both[0], f"SELECT {check}()") == "refused"
            outcomes.append(do(classes.both[1], f"SELECT {check}()"))
    assert [outcome == "refused" for outcome in outcomes] == [False, True]


# ---- functions -------------------------------------------------------------------------------------------------------


def test_limits_are_judged_alike(both: Both) -> None:
    for v, kind in ((4, ""), (6, ", lease_type")):
        value = ", 0" if v == 6 else ""
        same(both, f"INSERT INTO lease{v}_stat (subnet_id, state, leases{kind}) VALUES (1, 0, 5{value})")
        same(both, f"INSERT INTO lease{v}_stat_by_client_class (client_class, leases{kind}) VALUES ('foo', 3{value})")
        if v == 6:
            same(both, "INSERT INTO lease6_stat (subnet_id, state, leases, lease_type) VALUES (1, 0, 2, 2)")
            same(both, "INSERT INTO lease6_stat_by_client_class VALUES ('foo', 2, 1)")
        said = set()
        for limits in (
            '{"subnet": {"id": 1, "address-limit": 5}}',
            '{"subnet": {"id": 1, "address-limit": 6}}',
            '{"subnet": {"id": 2, "address-limit": 0}}',
            '{"subnet": {"id": 1, "prefix-limit": 2, "address-limit": 9}}',
            '{"client-classes": [{"name": "foo", "address-limit": 3}]}',
            '{"client-classes": [{"name": "foo", "address-limit": 4}, {"name": "new", "address-limit": 0}]}',
            '{"client-classes": [{"name": "foo", "prefix-limit": 1}]}',
            '{"client-classes": [{"name": "foo"}], "subnet": {"id": 1, "address-limit": 1}}',
            "{}",
        ):
            context = f'{{"ISC": {{"limits": {limits}}}}}'
            outcome = same(both, f"SELECT checkLease{v}Limits('{context}')")
            assert isinstance(outcome, list)
            said.add(outcome[0][0])
        assert 'address limit 3 for client class "foo", current lease count 3' in said
        assert "" in said
        for context in ("{}", '{"other": 1}'):
            assert same(both, f"SELECT checkLease{v}Limits('{context}')") == [("",)]


UPLOADED = {
    4: (
        "'192.0.2.1', '08:00:27:25:d3:01', '01:02:03', 3600, 1790000000, 1, 1, 0, 'a&#x2cb', 0, "
        '\'{ "x": 1&#x2c "y": 2 }\', 7',
        "'192.0.2.2', '08:00:27:25:d3:02', '', 3600, 1790000000, 1, 0, 0, '', 1, '', 0",
        "'255.255.255.254', '', 'ff', 4294967295, 1, 4294967295, 0, 1, 'h', 2, '{ }', 0",
    ),
    6: (
        "'2001:db8::1', '01:02:03', 3600, 1790000000, 1, 1800, 0, 12, 128, 1, 0, 'a&#x2cb', '08:00:27', 0, '', 1, 4, 7",
        "'2001:db8:1::', '01:02:03:04', 3600, 1790000000, 1, 1800, 2, 12, 56, 0, 0, '', '', 1, '{ }', 1, 0, 0",
    ),
}


@pytest.mark.parametrize("v", [4, 6])
def test_leases_are_uploaded_and_dumped_alike(both: Both, pair: Pair, v: int) -> None:
    postgresql = pair.dialect == "postgresql"
    for values in UPLOADED[v]:
        assert same(both, f"{'SELECT' if postgresql else 'CALL'} lease{v}Upload({values})") != "refused"
    header = same(both, f"SELECT lease{v}DumpHeader()" if postgresql else f"CALL lease{v}DumpHeader()")
    assert isinstance(header, list)
    assert str(header[0][0]).startswith("address,")
    dumped = same(both, f"SELECT * FROM lease{v}DumpData()" if postgresql else f"CALL lease{v}DumpData()")
    assert len(dumped) == len(UPLOADED[v])
    if postgresql:  # what an older Kea calls, before there were pools
        older = UPLOADED[4][0].replace("192.0.2.1", "192.0.2.9").rpartition(",")[0]
        assert same(both, f"SELECT lease4Upload({older})") != "refused"


def test_small_functions_answer_alike(both: Both, pair: Pair) -> None:
    for value in ("''", "'a'", "'AB'", "'abc'", "'0102030405'", "NULL", f"'{'ab' * 21}'"):
        same(both, f"SELECT colonSeparatedHex({value})")
    same(both, "SELECT isJsonSupported()")
    if pair.dialect == "mysql":
        return
    for value in ("''", "'{\"a\": 1}'", "NULL", "'broken'"):
        same(both, f"SELECT json_cast({value})::text")
        same(both, f"SELECT textToJsonList({value})")
    same(both, "SET timezone = 'Asia/Kolkata'")
    same(both, "SELECT gmt_epoch('2024-07-01 12:00:00+02'), gmt_epoch(NULL)")
    for kind, value in (("text", "'x'"), ("bigint", "12"), ("boolean", "true"), ("text", "NULL"), ("bigint", "NULL")):
        for statement in (
            f"SELECT set_session_value('kea.test', {value}::{kind})",
            "SELECT get_session_value('kea.test')",
            "SELECT get_session_big_int('kea.test')",
            "SELECT get_session_boolean('kea.test')",
        ):
            same(both, statement)
    same(
        both,
        "SELECT get_session_value('kea.unset'), get_session_big_int('kea.unset'), get_session_boolean('kea.unset')",
    )


@pytest.mark.parametrize("v", [4, 6])
def test_the_functions_for_one_row_count_alike(both: Both, pair: Pair, v: int) -> None:
    """Scripts for Kea may call them, and Kea's upgrades build on them."""
    word = "SELECT" if pair.dialect == "postgresql" else "CALL"
    small = "::smallint" if pair.dialect == "postgresql" else ""
    kind = f", 0{small}" if v == 6 else ""
    context = '\'{"ISC": {"client-classes": ["a", "b"]}}\''
    other = '\'{"ISC": {"client-classes": ["b", "c"]}}\''
    for call in (
        f"lease{v}_AINS_lease{v}_stat(0, 1{kind})",
        f"lease{v}_AINS_lease{v}_stat(4, 1{kind})",
        f"lease{v}_AINS_lease{v}_pool_stat(1, 1, 2{kind})",
        f"lease{v}_AINS_lease{v}_pool_stat(4, 1, 2{kind})",
        f"lease{v}_AINS_lease{v}_stat_by_client_class(0, {context}{kind})",
        f"lease{v}_AUPD_lease{v}_stat(0, 1{kind}, 1, 1{kind})",
        f"lease{v}_AUPD_lease{v}_stat(2, 1{kind}, 0, 3{kind})",
        f"lease{v}_AUPD_lease{v}_pool_stat(1, 1, 2{kind}, 0, 1, 2{kind})",
        f"lease{v}_AUPD_lease{v}_stat_by_client_class(0, {context}{kind}, 0, {other}{kind})",
        f"lease{v}_ADEL_lease{v}_stat(1, 1{kind})",
        f"lease{v}_ADEL_lease{v}_stat(1, 1{kind})",
        f"lease{v}_ADEL_lease{v}_pool_stat(0, 1, 2{kind})",
        f"lease{v}_ADEL_lease{v}_stat_by_client_class(0, {other}{kind})",
        f"lease{v}_ADEL_lease{v}_stat_by_client_class(0, NULL{kind})",
    ):
        assert same(both, f"{word} {call}") != "refused", call
        for table in (f"lease{v}_stat", f"lease{v}_pool_stat", f"lease{v}_stat_by_client_class"):
            same(both, f"SELECT * FROM {table} ORDER BY 1, 2")


def test_what_kea_s_upgrade_replaces_does_not_stop_our_triggers(database_server: Server, tmp_path: Path) -> None:
    """Kea's scripts for later versions replace the trigger functions for one row and drop isJsonSupported."""
    if database_server.type != "postgresql":
        pytest.skip("MySQL's scripts replace the triggers themselves")
    pair = make_pair(database_server)
    with database_server.connection(pair.ours) as ours:
        ours.begin()
        body = "BEGIN PERFORM lease4_AINS_lease4_stat(NEW.state, NEW.subnet_id); RETURN NULL; END"
        for statement in (
            f"CREATE OR REPLACE FUNCTION func_lease4_AINS() RETURNS trigger LANGUAGE plpgsql AS '{body}'",
            "DROP FUNCTION isJsonSupported()",
            "INSERT INTO lease4 (address, subnet_id, state) VALUES (1, 1, 0)",
        ):
            assert do(ours, statement) != "refused", statement
        assert do(ours, "SELECT subnet_id, state, leases FROM lease4_stat") == [(1, 0, 1)]
