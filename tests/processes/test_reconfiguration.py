"""Another configuration while the daemon runs: by command, by file and by signal, with clients that go on asking."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from copy import deepcopy
from itertools import pairwise
from typing import Any

import pytest

from tests.lab import databases, unixcontrol
from tests.lab.daemon import KeaMp
from tests.lab.lease_database import database_on
from tests.lab.load import Load
from tests.lab.net import Lab
from tests.lab.sql_daemon import access
from tests.lab.waiting import eventually

pytestmark = [pytest.mark.root, pytest.mark.timeout(180)]

RATE = 200
SERVER, RELAY = "10.64.0.1", "10.64.0.2"
SERVER_2, RELAY_2 = "10.128.0.1", "10.128.0.2"
MACS, MACS_2 = ("02:5e:00:00:00:01", "02:c1:00:00:00:02"), ("02:5e:00:00:01:01", "02:c1:00:00:01:02")


def config(workers: int = 1, **more: Any) -> dict[str, Any]:
    """pool: of the first subnet."""
    pool = more.pop("pool", "10.65.0.0 - 10.65.255.254")
    return {
        "interfaces-config": {"interfaces": ["srv0"], "dhcp-socket-type": "raw"},
        "valid-lifetime": 7200,
        "user-context": {"kea-mp": {"workers": workers}},
        "subnet4": [
            {"id": 1, "subnet": "10.64.0.0/10", "pools": [{"pool": pool}]},
            {"id": 2, "subnet": "10.128.0.0/10", "pools": [{"pool": "10.129.0.0/16"}]},
        ],
        **more,
    }


@pytest.fixture
def hosts() -> Iterator[tuple[str, str]]:
    with Lab() as lab:
        server, client = lab.hosts("server", "client")
        lab.link((server, "srv0"), (client, "cli0"), MACS, ([f"{SERVER}/10"], [f"{RELAY}/10"]))
        lab.link((server, "srv1"), (client, "cli1"), MACS_2, ([f"{SERVER_2}/10"], [f"{RELAY_2}/10"]))
        yield server, client


def with_own(server: KeaMp, changed: dict[str, Any]) -> dict[str, Any]:
    """As it would be in the file: lease database and loggers of the running one."""
    return {"Dhcp4": {**{key: server.config[key] for key in ("lease-database", "loggers")}, **changed}}


def apply(server: KeaMp, changed: dict[str, Any]) -> None:
    answer = server.command("config-set", with_own(server, changed))
    assert answer["result"] == 0, f"{answer}\n{server.output()[-3000:]}"
    assert server.command("config-hash-get")["arguments"] == answer["arguments"]


def acknowledged_more(load: Load) -> None:
    """Some clients are served that have begun from now on."""
    begun = len(load.exchanges)
    eventually(lambda: sum(bool(e.acknowledged) for e in load.exchanges[begun:]) > 20, 10.0, "clients are served")


def longest_gap(load: Load) -> float:
    moments = sorted(exchange.acknowledged for exchange in load.acknowledged)
    return max((after - before for before, after in pairwise(moments)), default=0.0)


def test_under_load_a_change_of_pool_loses_nothing_and_answers_nobody_twice(hosts: tuple[str, str]) -> None:
    with KeaMp(config(2), hosts[0], workers=0) as server:
        with Load(hosts[1], RELAY, SERVER, RATE) as load:
            acknowledged_more(load)
            apply(server, config(2, pool="10.66.0.0 - 10.66.255.254"))
            acknowledged_more(load)
            load.finish(2.0)
        leases = server.leases()
    print(f"longest gap between two acknowledgements: {longest_gap(load) * 1000:.0f} ms")
    assert (load.surprises, load.given_twice(), load.missing_in(leases)) == ([], [], [])
    assert len(load.unanswered) <= 2, f"{len(load.unanswered)} of {len(load.exchanges)} clients were left unanswered"
    assert any(exchange.address >> 16 == 0x0A42 for exchange in load.acknowledged), "the new pool is not used"


def test_under_load_the_number_of_workers_changes_up_and_down(hosts: tuple[str, str]) -> None:
    with KeaMp(config(1), hosts[0], workers=0) as server:
        with Load(hosts[1], RELAY, SERVER, RATE) as load:
            for workers in (3, 1):
                acknowledged_more(load)
                apply(server, config(workers))
                assert len(server.worker_pids()) == workers
            acknowledged_more(load)
            load.finish(2.0)
        leases = server.leases()
    assert (load.surprises, load.given_twice(), load.missing_in(leases)) == ([], [], [])


def test_an_interface_is_taken_up_and_another_given_up(hosts: tuple[str, str]) -> None:
    with KeaMp(config(1), hosts[0], workers=0) as server:
        apply(server, config(1, **{"interfaces-config": {"interfaces": ["srv1"], "dhcp-socket-type": "raw"}}))
        with Load(hosts[1], RELAY_2, SERVER_2, 50) as there, Load(hosts[1], RELAY, SERVER, 50, first=100000) as gone:
            acknowledged_more(there)
        assert gone.acknowledged == []


def test_a_refused_configuration_leaves_the_old_one_and_its_processes_untouched(hosts: tuple[str, str]) -> None:
    with KeaMp(config(1), hosts[0], workers=0) as server:
        before, processes = server.command("config-get"), server.worker_pids()
        wrong = config(1)
        wrong["subnet4"][0]["pools"] = [{"pool": "9.9.9.9-9.9.9.10"}]
        elsewhere = config(1, **{"interfaces-config": {"interfaces": ["nowhere"]}})
        closed = config(1, loggers=[{"name": "kea-dhcp4", "output-options": [{"output": "/nowhere/log"}]}])
        deaf = config(1, **{"control-socket": {"socket-type": "unix", "socket-name": "nowhere/control"}})
        for refused, word in ((wrong, "pools[0]"), (elsewhere, "nowhere"), (closed, "/nowhere/log"), (deaf, "control")):
            answer = server.command("config-set", with_own(server, refused))
            assert (answer["result"], word in answer["text"]) == (1, True), answer
            assert server.status()["configuration"]["refused"]["why"] == answer["text"]
        assert (server.command("config-get"), server.worker_pids()) == (before, processes)
        assert server.service()["state"] == "serve"


def test_a_control_socket_moves_and_the_command_that_moved_it_is_answered(hosts: tuple[str, str]) -> None:
    def named(name: str) -> dict[str, Any]:
        return config(1, **{"control-socket": {"socket-type": "unix", "socket-name": name}})

    with KeaMp(named("one"), hosts[0], workers=0) as server:
        answer = unixcontrol.ask(server.run / "one", "config-set", with_own(server, named("two")))
        assert answer["result"] == 0
        assert unixcontrol.ask(server.run / "two", "config-hash-get")["result"] == 0
        assert not (server.run / "one").exists()
        assert server.command("config-hash-get")["result"] == 0  # the default socket is always there


def test_loggers_change_and_no_file_is_left_open(hosts: tuple[str, str]) -> None:
    with KeaMp(config(1), hosts[0], workers=0) as server:
        for name in ("one.log", "two.log"):
            output = {"output": str(server.data / name)}
            apply(server, config(1, loggers=[{"name": "kea-dhcp4", "severity": "INFO", "output-options": [output]}]))
        assert server.process is not None
        pid = server.process.pid

        def open_logs() -> set[str]:
            files = (os.readlink(entry.path) for entry in os.scandir(f"/proc/{pid}/fd") if os.path.islink(entry.path))
            return {os.path.basename(file) for file in files if file.endswith(("one.log", "two.log"))}

        eventually(lambda: open_logs() == {"two.log"}, 10.0, "the old log is closed")
        eventually(lambda: "SERVICE_RESUMED" in (server.data / "two.log").read_text(), 10.0, "children write there")


def test_hook_libraries_add_and_remove_commands(hosts: tuple[str, str]) -> None:
    with KeaMp(config(1), hosts[0], workers=0) as server:
        assert "lease4-get" not in server.command("list-commands")["arguments"]
        apply(server, config(1, **{"hooks-libraries": [{"library": "libdhcp_lease_cmds.so"}]}))
        assert "lease4-get" in server.command("list-commands")["arguments"]
        apply(server, config(1))
        assert "lease4-get" not in server.command("list-commands")["arguments"]


def test_a_backend_that_cannot_be_reached_pauses_until_a_better_configuration(hosts: tuple[str, str]) -> None:
    away = {"type": "postgresql", "name": "kea", "user": "kea", "host": "127.0.0.1", "port": 1}
    with KeaMp(config(1), hosts[0], workers=0) as server:
        changed = with_own(server, config(1, **{"lease-database": away}))
        answer = server.command("config-set", changed)
        assert (answer["result"], "lease-database" in answer["text"]) == (1, True)
        service = server.service()
        assert (service["state"], [reason["who"] for reason in service["reasons"]]) == ("pause", ["reconfiguration"])
        assert "FATAL" in server.output()
        assert "DHCP4_DYNAMIC_RECONFIGURATION_FAIL" in server.output()

        retrying = deepcopy(changed)
        retrying["Dhcp4"]["lease-database"] |= {
            "retry-on-startup": True, "max-reconnect-tries": 100, "reconnect-wait-time": 60000,
        }  # fmt: skip
        assert server.command("config-set", retrying)["result"] == 0
        assert [reason["who"] for reason in server.service()["reasons"]] == ["lease-database"]

        apply(server, config(1))  # the recovery under way ends with its configuration
        eventually(lambda: server.service()["state"] == "serve", 10.0, "it serves again")
        assert server.service()["reasons"] == []


def test_sighup_reads_the_file_again_and_a_bad_file_changes_nothing(hosts: tuple[str, str]) -> None:
    with KeaMp(config(1), hosts[0], workers=0) as server:
        assert server.process is not None
        before = server.command("config-hash-get")
        server.config_file.write_text('{"Dhcp4": {\n  "bogus": 1\n}}')
        os.kill(server.process.pid, signal.SIGHUP)
        eventually(lambda: "DHCP4_DYNAMIC_RECONFIGURATION_FAIL" in server.output(), 10.0, "the file is refused")
        assert f"{server.config_file}:2:" in server.status()["configuration"]["refused"]["why"]
        assert server.command("config-hash-get") == before
        server.config_file.write_text(json.dumps(with_own(server, config(2))))
        os.kill(server.process.pid, signal.SIGHUP)
        eventually(lambda: "DHCP4_DYNAMIC_RECONFIGURATION_SUCCESS" in server.output(), 20.0, "the file is in force")
        assert len(server.worker_pids()) == 2
        assert "refused" not in server.status()["configuration"]


def test_config_write_writes_what_config_get_shows_and_it_can_be_reloaded(hosts: tuple[str, str]) -> None:
    with KeaMp(config(1), hosts[0], workers=0) as server:
        server.config_file.chmod(0o604)
        apply(server, config(1, pool="10.67.0.0/16"))
        shown = server.command("config-get")["arguments"]
        answer = server.command("config-write")
        assert answer["arguments"] == {
            "size": server.config_file.stat().st_size, "filename": str(server.config_file),
        }  # fmt: skip
        assert json.loads(server.config_file.read_text()) == {"Dhcp4": shown["Dhcp4"]}
        assert server.config_file.stat().st_mode & 0o777 == 0o604
        assert server.command("config-reload")["arguments"] == {"hash": shown["hash"]}
        for name in ("/tmp/x.conf", "../x.conf", "a/x.conf", ".", "..", f"{server.folder}/"):
            assert server.command("config-write", {"filename": name})["result"] == 1
        assert server.command("config-write", {"filename": "other.conf"})["result"] == 0
        assert sorted(file.name for file in server.folder.iterdir() if file.suffix in (".conf", ".new")) == [
            "kea-dhcp4.conf", "other.conf",
        ]  # fmt: skip


@pytest.mark.skipif(not databases.available("postgresql"), reason="no PostgreSQL server can be started here")
def test_leases_move_to_a_database_and_back(hosts: tuple[str, str]) -> None:
    """Each backend keeps its own: what is acknowledged is in the one that was in force."""
    with databases.running("postgresql") as running, KeaMp(config(1), hosts[0], workers=0) as server:
        apply(server, config(1, **{"lease-database": access(database_on(running))}))
        with Load(hosts[1], RELAY, SERVER, 50) as load:
            acknowledged_more(load)
        assert (load.surprises, server.leases()) == ([], {})
        apply(server, config(1))
        with Load(hosts[1], RELAY, SERVER, 50, first=100000) as load:
            acknowledged_more(load)
        assert (load.surprises, load.missing_in(server.leases())) == ([], [])


def test_a_large_configuration_does_not_silence_the_daemon(hosts: tuple[str, str]) -> None:
    """Commands are answered while thousands of subnets are read and put in force."""
    large = config(1)
    large["subnet4"] += [{"id": n, "subnet": f"172.{16 + (n >> 8)}.{n & 255}.0/24"} for n in range(10, 4000)]
    with KeaMp(config(1), hosts[0], workers=0) as server:
        done: list[Any] = []
        setting = threading.Thread(target=lambda: done.append(server.command("config-set", with_own(server, large))))
        setting.start()
        longest = 0.0
        while setting.is_alive():
            begun = time.monotonic()
            server.command("config-hash-get")
            longest = max(longest, time.monotonic() - begun)
            time.sleep(0.02)
        print(f"longest wait for a command: {longest * 1000:.0f} ms")
        assert done[0]["result"] == 0, done
        assert longest < 1.5
        assert not any("silent" in line for line in server.output().splitlines())
