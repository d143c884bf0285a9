"""The lease4-* commands against leases that are asked through the bus."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kea_mp.control import lease_cmds
from kea_mp.control.answer import Answer, Result, error
from kea_mp.control.daemon import Ordered, Wait
from kea_mp.leases.model import DECLINED, Lease4
from kea_mp.values import address4, text4
from tests.unit.control.fake_daemon import LIBRARIES, FakeDaemon, Outcome, command, configuration, ordered
from tests.unit.fake_leases import FakeLeases, lease

NEW = {"ip-address": "192.0.2.20", "hw-address": "1a:1b:1c:1d:1e:1f"}
THERE = lease("198.51.100.9", subnet_id=7, hostname="a.", client_id=b"\x01\x02")


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEA_MP_DATA_DIR", "/d")


def outcome(leases: FakeLeases, name: str, *arguments: Any) -> Outcome:
    def worth(wait: Wait) -> Answer:
        assert isinstance(wait, Ordered)
        return ordered(leases, wait)

    given = arguments[0] if arguments else msgspec.UNSET
    return command(FakeDaemon(configuration(**LIBRARIES)), name, given, worth)


def asked(leases: FakeLeases, name: str, *arguments: Any) -> tuple[int, str, Any]:
    """Result, text, and arguments as a client reads them."""
    answer = msgspec.json.decode(outcome(leases, name, *arguments).answer.to_json())
    return answer["result"], answer.get("text", ""), answer.get("arguments")


def found(leases: FakeLeases, name: str, *arguments: Any) -> list[str]:
    """The addresses in the answer, whose result and text say how many there are."""
    result, text, shown = asked(leases, name, *arguments)
    addresses = [one["ip-address"] for one in shown["leases"]]
    assert (result, text) == (0 if addresses else Result.EMPTY, f"{len(addresses)} IPv4 lease(s) found.")
    return addresses


def many(count: int, *, subnet_id: int = 1, first: str = "192.0.2.1") -> list[Lease4]:
    return [lease(text4(address4(first) + number), subnet_id=subnet_id) for number in range(count)]


# ---- changes ----------------------------------------------------------------------------------------------------


def test_a_lease_is_added_once() -> None:
    leases = FakeLeases()
    assert asked(leases, "lease4-add", NEW) == (0, "Lease for address 192.0.2.20, subnet-id 1 added.", None)
    assert leases.by_address[address4("192.0.2.20")] == lease(valid_lft=7200)
    assert asked(leases, "lease4-add", NEW | {"state": 1})[0] == Result.CONFLICT
    assert len(leases.executed) == 1


def test_a_lease_is_updated_when_it_is_there() -> None:
    leases = FakeLeases().put(lease())
    assert asked(leases, "lease4-update", NEW | {"hostname": "New."}) == (0, "IPv4 lease updated.", None)
    assert leases.by_address[address4("192.0.2.20")].hostname == "new."
    assert asked(leases, "lease4-update", NEW | {"ip-address": "192.0.2.21"})[0] == Result.CONFLICT
    assert len(leases.by_address) == 1


def test_an_update_makes_the_lease_when_that_is_wanted() -> None:
    leases = FakeLeases()
    assert asked(leases, "lease4-update", NEW | {"force-create": True}) == (0, "IPv4 lease added.", None)
    assert asked(leases, "lease4-update", NEW | {"force-create": True}) == (0, "IPv4 lease updated.", None)


def test_a_lease_is_deleted_by_address_or_identity() -> None:
    leases = FakeLeases().put(lease(), THERE)
    by_identity = {"subnet-id": 7, "identifier-type": "client-id", "identifier": "01:02"}
    for arguments in ({"ip-address": "192.0.2.20"}, by_identity):
        assert asked(leases, "lease4-del", arguments) == (0, "IPv4 lease deleted.", None)
        assert asked(leases, "lease4-del", arguments) == (Result.EMPTY, "IPv4 lease not found.", None)
    assert leases.by_address == {}


def test_the_log_says_what_was_changed(caplog: pytest.LogCaptureFixture) -> None:
    leases = FakeLeases()
    by_identity = {"subnet-id": 1, "identifier-type": "hw-address", "identifier": NEW["hw-address"]}
    with caplog.at_level(1):
        for name, arguments in (
            ("add", NEW),
            ("update", NEW),
            ("del", by_identity),
            ("del", by_identity),
            ("wipe", {}),
        ):
            asked(leases, f"lease4-{name}", arguments)
    said = [record.getMessage() for record in caplog.records if record.name == "kea-dhcp4.lease-cmds-hooks"]
    assert said == [
        "LEASE_CMDS_ADD4 lease4-add command successful (address: 192.0.2.20)",
        "LEASE_CMDS_UPDATE4 lease4-update command successful (address: 192.0.2.20)",
        "LEASE_CMDS_DEL4 lease4-del command successful (address: 192.0.2.20)",
        "LEASE_CMDS_WIPE4 lease4-wipe command successful: Deleted 0 IPv4 lease(s) from subnet(s) 1 7",
    ]


def test_a_backend_that_cannot_write_is_said_to_be_down() -> None:
    leases = FakeLeases(down="lease file: No space left on device").put(lease())
    for name, arguments in (
        ("lease4-add", NEW | {"ip-address": "192.0.2.21"}),
        ("lease4-update", NEW),
        ("lease4-del", {"ip-address": "192.0.2.20"}),
        ("lease4-wipe", {}),
    ):
        assert asked(leases, name, arguments)[:2] == (Result.ERROR, "lease file: No space left on device")
    assert len(leases.by_address) == 1


def test_all_leases_of_a_subnet_are_wiped() -> None:
    leases = FakeLeases().put(*many(20), THERE)
    assert asked(leases, "lease4-wipe", {"subnet-id": 1}) == (0, "Deleted 20 IPv4 lease(s) from subnet(s) 1", None)
    assert list(leases.by_address.values()) == [THERE]
    assert asked(leases, "lease4-wipe", {"subnet-id": 1})[0] == Result.EMPTY


def test_without_subnet_the_leases_of_all_configured_subnets_are_wiped() -> None:
    other = lease("10.0.0.1", subnet_id=99)
    leases = FakeLeases().put(*many(3), THERE, other)
    assert asked(leases, "lease4-wipe")[:2] == (0, "Deleted 4 IPv4 lease(s) from subnet(s) 1 7")
    assert list(leases.by_address.values()) == [other]


def test_no_dns_updates_are_sent_again() -> None:
    assert asked(FakeLeases(), "lease4-resend-ddns", {"ip-address": "192.0.2.20"})[0] == Result.CONFLICT
    assert asked(FakeLeases(), "lease4-resend-ddns", {"ip-address": "x"})[0] == Result.ERROR


def test_leases_are_written_into_the_folder_of_lease_files() -> None:
    for name in ("dump.csv", "/d/dump.csv"):
        waits: list[Wait] = []

        def worth(wait: Wait, waits: list[Wait] = waits) -> Answer:
            waits.append(wait)
            return Answer(0, "", {})

        daemon = FakeDaemon(configuration(**LIBRARIES))
        answer = command(daemon, "lease4-write", {"filename": name}, worth).answer
        assert (answer.result, answer.text) == (0, "IPv4 lease database into '/d/dump.csv'.")
        (wait,) = waits
        assert isinstance(wait, Ordered)
        assert (wait.command, wait.arguments) == ("lease-write", {"path": "/d/dump.csv"})


@pytest.mark.parametrize(
    "name",
    ["", "/tmp/x", "../x", "a/../../x", "sub/x", "x/", "kea-leases4.csv", "kea-leases4.csv.2", "/d/./kea-leases4.csv"],
)
def test_leases_are_written_nowhere_else_and_not_over_the_lease_file(name: str) -> None:
    assert outcome(FakeLeases(), "lease4-write", {"filename": name}).waits == []
    assert asked(FakeLeases(), "lease4-write", {"filename": name})[0] == Result.ERROR


# ---- questions --------------------------------------------------------------------------------------------------


def test_one_lease_is_shown() -> None:
    leases = FakeLeases().put(lease(state=DECLINED))
    result, text, shown = asked(leases, "lease4-get", {"ip-address": "192.0.2.20"})
    assert (result, text, shown["hw-address"], shown["state"]) == (0, "IPv4 lease found.", "1a:1b:1c:1d:1e:1f", 1)
    assert asked(leases, "lease4-get", {"ip-address": "192.0.2.21"}) == (Result.EMPTY, "Lease not found.", None)


def test_a_lease_is_found_by_identity_however_far_it_is() -> None:
    leases = FakeLeases().put(*many(50), THERE)
    given = {"subnet-id": 7, "identifier-type": "client-id", "identifier": "0102"}
    assert asked(leases, "lease4-get", given)[2]["ip-address"] == "198.51.100.9"
    assert asked(leases, "lease4-get", given | {"subnet-id": 1})[0] == Result.EMPTY
    assert asked(leases, "lease4-get", given | {"subnet-id": 0})[0] == Result.EMPTY


def test_all_leases_are_shown_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_cmds, "PAGE", 4)
    leases = FakeLeases(looks=100).put(*many(10), THERE)
    assert found(leases, "lease4-get-all") == [*(f"192.0.2.{n}" for n in range(1, 11)), "198.51.100.9"]
    assert len(outcome(leases, "lease4-get-all").waits) == 3


def test_leases_of_subnets_are_shown_in_the_order_of_the_request() -> None:
    leases = FakeLeases().put(*many(2), THERE, lease("10.0.0.1", subnet_id=99))
    assert found(leases, "lease4-get-all", {"subnets": [7, 1, 7, 3]}) == [
        "198.51.100.9", "192.0.2.1", "192.0.2.2", "198.51.100.9",
    ]  # fmt: skip
    for subnets in ([], [0], [-1], [1 << 40]):
        assert found(leases, "lease4-get-all", {"subnets": subnets}) == []


def test_get_all_with_arguments_wants_subnets() -> None:
    for arguments in ({}, 5, {"subnets": 1}, {"subnets": ["1"]}, {"subnets": [1.5]}):
        assert asked(FakeLeases(), "lease4-get-all", arguments)[0] == Result.ERROR


def test_a_page_has_its_limit_and_is_counted() -> None:
    leases = FakeLeases(looks=2).put(*many(10))
    start = {"from": "start", "limit": 5}
    assert found(leases, "lease4-get-page", start) == [f"192.0.2.{n}" for n in range(1, 6)]
    assert asked(leases, "lease4-get-page", start)[2]["count"] == 5
    assert found(leases, "lease4-get-page", {"from": "192.0.2.8", "limit": 5}) == ["192.0.2.9", "192.0.2.10"]
    assert asked(leases, "lease4-get-page", {"from": "192.0.2.10", "limit": 5})[::2] == (3, {"count": 0, "leases": []})


def test_leases_are_found_by_what_clients_are_called() -> None:
    leases = FakeLeases().put(*many(5), THERE)
    assert found(leases, "lease4-get-by-client-id", {"client-id": "01:02"}) == ["198.51.100.9"]
    assert found(leases, "lease4-get-by-hostname", {"hostname": "A."}) == ["198.51.100.9"]
    assert len(found(leases, "lease4-get-by-hw-address", {"hw-address": "1A:1b:1c:1d:1e:1f"})) == 6
    assert found(leases, "lease4-get-by-hw-address", {"hw-address": ""}) == []
    assert asked(leases, "lease4-get-by-hostname", {"hostname": ""})[0] == Result.ERROR


def test_a_name_that_is_no_unicode_is_shown_as_it_is() -> None:
    leases = FakeLeases().put(lease(hostname="a\udcff"))
    for name, arguments in (
        ("lease4-get", {"ip-address": "192.0.2.20"}),
        ("lease4-get-page", {"from": "start", "limit": 1}),
    ):
        assert b'"hostname":"a\xff"' in outcome(leases, name, arguments).answer.to_json().replace(b": ", b":")


def test_what_the_owner_of_the_leases_refuses_is_the_answer() -> None:
    daemon = FakeDaemon(configuration(**LIBRARIES))
    down = error("lease-database is not running")
    asking: tuple[tuple[str, Any], ...] = (
        ("lease4-get-all", msgspec.UNSET), ("lease4-add", NEW), ("lease4-write", {"filename": "x"}),
    )  # fmt: skip
    for name, arguments in asking:
        answer = command(daemon, name, arguments, lambda _: down).answer
        assert (answer.result, answer.text) == (Result.ERROR, "lease-database is not running")
