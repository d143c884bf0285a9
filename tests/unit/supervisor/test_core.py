"""The core: events → actions, in a world that is a dictionary."""

from __future__ import annotations

import logging
from dataclasses import replace
from itertools import product

import msgspec
import pytest

from kea_mp.bus.messages import EXIT, PAUSE, SCHEMA_MISMATCH, SERVE, Directive, Health
from kea_mp.supervisor.backends import Backend, Role
from kea_mp.supervisor.children import Kill, Kind, Phase, Start, Terminate
from kea_mp.supervisor.core import (
    HEARTBEAT_S,
    HURRY_S,
    READY_S,
    AskReports,
    CallOff,
    Core,
    Died,
    Disable,
    Discard,
    Enable,
    Event,
    Exit,
    Heard,
    Leave,
    Publish,
    Reconfigured,
    Replace,
    Say,
    Started,
    Switch,
    Tick,
)
from kea_mp.supervisor.fleets import DRAIN_S, STOP_S
from kea_mp.supervisor.recovery import GRACE_S, OnFail, Policy

LEASES = "connection-lease-database"
NAMES = ((LEASES, Kind.CONNECTION), ("serving-0", Kind.SERVING), ("serving-1", Kind.SERVING))
POLICY = Policy(OnFail.STOP_EXIT, 3, 1.0)


class World:
    """Does what the core says, with processes that are numbers."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.now = 100.0
        rows = (Backend(LEASES, Role.LEASES, "postgresql", "kea", hosts=(("db1", 5432),), policy=policy),)
        self.core = Core(NAMES, rows, "1.0", self.now, draw=lambda: 0.0)
        self.processes: dict[int, dict[str, int]] = {}  #: by generation
        self.last_state: dict[int, str] = {}
        self.attempts: dict[int, int] = {}
        self.terminated: list[str] = []
        self.published: list[Directive] = []
        self.said: list[Say] = []
        self.exit_code: int | None = None
        self.switched: list[int] = []
        self.called_off: list[str] = []
        self.leases_died = 0.0
        self._pids = 1000

    def feed(self, event: Event) -> None:
        for action in self.core.receive(event, self.now):
            match action:
                case Start(child, generation):
                    processes = self.of(generation)
                    assert child not in processes, "two processes for one child"
                    assert not self.core.service.leaving, "a start on the way out"
                    self._pids += 1
                    processes[child] = self._pids
                    self.feed(Started(child, self._pids, generation))
                case Terminate(child, generation):
                    assert child in self.of(generation)
                    self.terminated.append(child if generation == 1 else f"{child} of {generation}")
                case Kill(child, generation):
                    self.die(child, -9, generation)
                case Publish(directive):
                    self.publish(directive)
                case Say():
                    self.said.append(action)
                case Switch(generation):
                    assert not any(self.of(number) for number in self.processes if number < generation)
                    self.switched.append(generation)
                case CallOff(_, why):
                    self.called_off.append(why)
                case Discard(generation):
                    assert not self.processes.pop(generation), "processes are left behind"
                case Exit(code):
                    assert not any(self.processes.values()), "processes are left behind"
                    self.exit_code = code

    def of(self, generation: int) -> dict[str, int]:
        return self.processes.setdefault(generation, {})

    @property
    def alive(self) -> dict[str, int]:
        """The processes of the generation in force."""
        return self.of(self.core.fleets.generation)

    def publish(self, directive: Directive) -> None:
        if self.published:
            before = self.published[-1]
            assert directive.epoch >= before.epoch
            same = (directive.mode, directive.generation) == (before.mode, before.generation)
            assert (directive.epoch == before.epoch) == same
        if directive.mode == SERVE and self.now >= self.leases_died + GRACE_S:
            assert self.last_state.get(self.alive.get(LEASES, 0)) == "up", "served without leases"
        self.published.append(directive)

    def die(self, child: str, code: int, generation: int | None = None) -> None:
        generation = self.core.fleets.generation if generation is None else generation
        if self.of(generation).pop(child, None):
            if child == LEASES and self.core.service.mode == SERVE and self.now >= self.leases_died + GRACE_S:
                self.leases_died = self.now
            self.feed(Died(child, code, generation))

    def health(self, child: str, state: str = "", follow: bool = True, error_class: str = "") -> None:
        pid = self.alive.get(child)
        if pid is None:
            return
        self.last_state[pid] = state
        directive = self.core.service.directive
        epoch, mode = (directive.epoch, directive.mode) if follow else (0, PAUSE)
        report = directive.report if follow else 0
        attempt = self.attempts[pid] = directive.attempts.get(child, self.attempts.get(pid, 0))
        health = Health(
            child,
            pid,
            1,
            epoch=epoch,
            generation=directive.generation,
            mode=mode,
            report=report,
            state=state,
            attempt=attempt,
        )
        self.feed(Heard(msgspec.structs.replace(health, error_class=error_class)))

    @property
    def identifiers(self) -> list[str]:
        return [say.identifier for say in self.said]

    def pass_time(self, seconds: float) -> None:
        """Until then, calling at each deadline as the loop does."""
        until = self.now + seconds
        while self.exit_code is None and self.core.next_deadline(self.now) <= until:
            self.now = max(self.core.next_deadline(self.now), self.now + 0.001)
            self.feed(Tick())
        self.now = until

    @property
    def mode(self) -> str:
        return self.published[-1].mode


@pytest.fixture
def world() -> World:
    made = World()
    made.feed(Tick())
    return made


@pytest.fixture
def serving(world: World) -> World:
    world.health(LEASES, "up")
    world.health("serving-0")
    world.health("serving-1")
    return world


def test_all_children_are_started_at_once_and_paused(world: World) -> None:
    assert set(world.alive) == {name for name, _ in NAMES}
    assert world.mode == PAUSE


def test_it_serves_once_the_lease_database_is_up(world: World) -> None:
    world.health("serving-0")
    assert world.mode == PAUSE
    world.health(LEASES, "up")
    assert world.mode == SERVE


def test_started_is_said_once_when_all_workers_follow(world: World) -> None:
    world.health(LEASES, "up")
    world.health("serving-0")
    assert "DHCP4_STARTED" not in [say.identifier for say in world.said]
    world.health("serving-1")
    world.health("serving-1")
    assert [say.identifier for say in world.said] == ["DHCP4_STARTED"]


def test_the_directive_is_repeated_each_heartbeat(serving: World) -> None:
    before = len(serving.published)
    serving.pass_time(HEARTBEAT_S * 4)
    assert len(serving.published) - before == 4


def test_a_change_is_published_at_once(serving: World) -> None:
    before = len(serving.published)
    serving.feed(Disable("user"))
    assert [d.mode for d in serving.published[before:]] == [PAUSE]


def test_a_newcomer_hears_the_directive_at_once(world: World) -> None:
    before = len(world.published)
    world.health("serving-0", follow=False)
    assert len(world.published) == before + 1


def test_losing_the_backend_pauses_and_its_return_serves(serving: World) -> None:
    serving.health(LEASES, "lost")
    assert serving.mode == PAUSE
    serving.health(LEASES, "up")
    assert serving.mode == SERVE
    assert serving.identifiers[1:] == [
        "DHCP4_DB_RECONNECT_LOST_CONNECTION",
        "KEA_MP_SERVICE_PAUSED",
        "DHCP4_DB_RECONNECT_SUCCEEDED",
        "KEA_MP_SERVICE_RESUMED",
    ]


def test_a_connection_worker_may_be_replaced_within_a_grace_without_a_pause(serving: World) -> None:
    serving.die(LEASES, -9)
    assert LEASES in serving.alive
    serving.health(LEASES, "connecting")
    serving.pass_time(GRACE_S - 0.1)
    serving.health(LEASES, "up")
    serving.pass_time(GRACE_S)
    assert {directive.mode for directive in serving.published[3:]} == {SERVE}


def test_the_service_pauses_when_the_successor_is_not_up_within_the_grace(serving: World) -> None:
    serving.die(LEASES, -9)
    serving.pass_time(GRACE_S - 0.01)
    assert serving.mode == SERVE
    serving.pass_time(0.02)
    assert serving.mode == PAUSE
    serving.health(LEASES, "up")
    assert serving.mode == SERVE


def test_a_second_death_does_not_prolong_the_grace(serving: World) -> None:
    serving.die(LEASES, -9)
    serving.pass_time(GRACE_S / 2)
    serving.die(LEASES, -9)
    serving.pass_time(GRACE_S / 2 + 0.01)
    assert serving.mode == PAUSE


def test_a_successor_that_finds_its_backend_gone_pauses_at_once(serving: World) -> None:
    serving.die(LEASES, -9)
    serving.health(LEASES, "failed")
    assert serving.mode == PAUSE


def test_a_connection_worker_that_dies_while_its_backend_is_gone_has_no_grace(serving: World) -> None:
    serving.health(LEASES, "lost")
    serving.die(LEASES, -9)
    assert serving.mode == PAUSE


def test_a_connection_worker_that_dies_at_the_start_of_the_daemon_has_no_grace(world: World) -> None:
    world.die(LEASES, -9)
    assert world.mode == PAUSE


def test_the_death_of_a_packet_worker_does_not_pause_the_others(serving: World) -> None:
    serving.die("serving-1", -9)
    assert serving.mode == SERVE
    assert "serving-1" in serving.alive


def test_enabling_does_not_lift_the_pause_of_a_backend(serving: World) -> None:
    serving.feed(Disable("user"))
    serving.health(LEASES, "lost")
    serving.feed(Enable("user"))
    assert serving.mode == PAUSE


def test_a_time_limit_ends_the_pause_by_itself(serving: World) -> None:
    serving.feed(Disable("user", 5))
    serving.pass_time(4.9)
    assert serving.mode == PAUSE
    serving.pass_time(0.2)
    assert serving.mode == SERVE


def test_a_pause_is_acknowledged_when_every_worker_has_said_so(serving: World) -> None:
    serving.feed(Disable("user"))
    assert not serving.core.acknowledged(serving.now)
    serving.health("serving-0")
    assert not serving.core.acknowledged(serving.now)
    serving.health("serving-1")
    assert serving.core.acknowledged(serving.now)


def test_a_pause_is_acknowledged_for_a_worker_that_has_been_silent_for_long(serving: World) -> None:
    serving.feed(Disable("user"))
    serving.pass_time(1.9)
    assert not serving.core.acknowledged(serving.now)
    serving.pass_time(0.2)
    assert serving.core.acknowledged(serving.now)


def test_a_request_for_reports_is_published_at_once_with_the_same_epoch(serving: World) -> None:
    before = serving.published[-1]
    serving.feed(AskReports())
    after = serving.published[-1]
    assert (after.epoch, after.report) == (before.epoch, before.report + 1)


def test_leaving_asks_packet_workers_first_and_then_connection_workers(serving: World) -> None:
    serving.feed(Leave(7))
    assert (serving.mode, sorted(serving.terminated)) == (EXIT, ["serving-0", "serving-1"])
    serving.die("serving-0", 0)
    serving.die("serving-1", 0)
    assert serving.terminated[-1] == LEASES
    serving.die(LEASES, 0)
    assert serving.exit_code == 7


def test_leaving_kills_what_does_not_leave(serving: World) -> None:
    serving.feed(Leave(0))
    serving.pass_time(DRAIN_S + STOP_S + 1)
    assert serving.exit_code == 0


def test_only_the_first_leave_decides_the_code(serving: World) -> None:
    serving.feed(Leave(3))
    serving.feed(Leave(0))
    serving.pass_time(DRAIN_S + STOP_S + 1)
    assert serving.exit_code == 3


def test_a_child_that_says_no_use_ends_the_daemon_with_its_code(world: World) -> None:
    world.die(LEASES, 73)
    world.pass_time(DRAIN_S + 1)
    assert world.exit_code == 73
    assert world.said[0].level == logging.CRITICAL


def test_a_crash_loop_ends_the_daemon_with_70(world: World) -> None:
    for _ in range(20):
        world.die("serving-0", -11)
        world.pass_time(9.0)
    world.pass_time(STOP_S + DRAIN_S)
    assert world.exit_code == 70


def test_a_replaced_worker_leaves_and_comes_back(serving: World) -> None:
    before = serving.alive["serving-0"]
    serving.feed(Replace("serving-0"))
    assert serving.terminated == ["serving-0"]
    serving.die("serving-0", 0)
    assert serving.alive["serving-0"] != before
    assert "KEA_MP_CHILD_DIED" not in [say.identifier for say in serving.said]


def test_a_replacement_during_the_way_out_is_not_started(serving: World) -> None:
    serving.feed(Replace("serving-0"))
    serving.feed(Leave(0))
    serving.pass_time(DRAIN_S + STOP_S + 1)
    assert serving.exit_code == 0


def ended(world: World) -> int | None:
    for name in ("serving-0", "serving-1", LEASES):
        if name in world.alive:
            world.die(name, 0)
    return world.exit_code


def test_a_start_without_the_database_ends_the_daemon_with_69(world: World) -> None:
    world.health(LEASES, "failed")
    assert (world.mode, world.identifiers) == (EXIT, ["DHCP4_INIT_FAIL"])
    assert ended(world) == 69


def test_a_start_on_another_schema_ends_the_daemon_with_76(world: World) -> None:
    world.health(LEASES, "failed", error_class=SCHEMA_MISMATCH)
    assert ended(world) == 76


def test_a_start_with_retry_on_startup_is_started_and_paused() -> None:
    world = World(replace(POLICY, retry_first=True))
    world.feed(Tick())
    world.health(LEASES, "failed")
    world.health("serving-0")
    world.health("serving-1")
    assert world.mode == PAUSE
    assert world.identifiers[-2:] == ["DHCP4_STARTED", "KEA_MP_SERVICE_PAUSED"]
    world.health(LEASES, "up")
    assert (world.mode, world.identifiers[-1]) == (SERVE, "KEA_MP_SERVICE_RESUMED")


def test_tries_that_are_used_up_end_the_daemon_with_75(serving: World) -> None:
    serving.health(LEASES, "lost")
    for _ in range(POLICY.tries):
        assert serving.exit_code is None
        serving.health(LEASES, "failed")
        serving.pass_time(POLICY.wait_s)
    assert ended(serving) == 75
    assert "DHCP4_FATAL_DB_RECONNECT_FAILED" in serving.identifiers


def test_thirty_reports_of_one_loss_use_one_try(serving: World) -> None:
    for _ in range(30):
        serving.health(LEASES, "lost")
    assert serving.core.backends.states[LEASES].tries == 1
    assert serving.identifiers.count("DHCP4_DB_RECONNECT_LOST_CONNECTION") == 1


def test_a_connection_worker_that_is_killed_during_the_recovery_goes_on_with_it(serving: World) -> None:
    serving.health(LEASES, "lost")
    serving.die(LEASES, -9)
    serving.pass_time(POLICY.wait_s)
    assert serving.core.backends.states[LEASES].tries == 2
    serving.health(LEASES, "failed")
    serving.pass_time(POLICY.wait_s)
    serving.health(LEASES, "failed")
    assert ended(serving) == 75


def test_directives_follow_each_other_fast_until_the_attempt_is_begun(serving: World) -> None:
    serving.health(LEASES, "lost")
    before = len(serving.published)
    serving.pass_time(2 * HURRY_S + 0.01)
    assert len(serving.published) - before == 2


STEPS = {
    "leases up": lambda w: w.health(LEASES, "up"),
    "leases lost": lambda w: w.health(LEASES, "lost"),
    "leases failed": lambda w: w.health(LEASES, "failed"),
    "leases killed": lambda w: w.die(LEASES, -9),
    "worker heard": lambda w: w.health("serving-0"),
    "worker killed": lambda w: w.die("serving-0", -9),
    "worker left": lambda w: w.die("serving-1", 0),
    "replace": lambda w: w.feed(Replace("serving-0")),
    "disable": lambda w: w.feed(Disable("user", 1)),
    "enable": lambda w: w.feed(Enable("user")),
    "leave": lambda w: w.feed(Leave(5)),
    "time": lambda w: w.pass_time(2.0),
}


def test_the_invariants_hold_in_every_sequence_of_three_steps() -> None:
    """Those that World asserts; and from every state the way out leads to an exit with nothing left behind."""
    for steps in product(STEPS, repeat=3):
        world = World()
        world.feed(Tick())
        for step in steps:
            if world.exit_code is None:
                STEPS[step](world)
        world.feed(Leave(5))
        world.pass_time(DRAIN_S + STOP_S + 1)
        assert world.exit_code in (5, 69, 75), steps  # the last two: by the recovery, which was first
        assert all(child.phase is Phase.ENDED for child in world.core.children.values())


# ---- another configuration ------------------------------------------------------------------------------------------

ROW = Backend(LEASES, Role.LEASES, "postgresql", "kea", hosts=(("db2", 5432),), policy=POLICY)
MORE = (*NAMES, ("serving-2", Kind.SERVING))


@pytest.fixture
def preparing(serving: World) -> World:
    serving.feed(Reconfigured((ROW,), MORE))
    return serving


@pytest.fixture
def changing(preparing: World) -> World:
    preparing.leases_died = preparing.now  # for a moment packets wait
    report_next(preparing, 2)
    return preparing


def report_next(world: World, generation: int) -> None:
    for child, pid in list(world.of(generation).items()):
        world.feed(Heard(Health(child, pid, 1, mode=PAUSE, state="idle" if child == LEASES else "")))


def end_old(world: World, *, code: int = 0) -> None:
    for child in ("serving-0", "serving-1", LEASES):
        world.die(child, code, 1)


def test_the_next_children_start_beside_those_in_force_which_go_on(preparing: World) -> None:
    assert set(preparing.of(2)) == {name for name, _ in MORE}
    assert (preparing.terminated, preparing.core.changing) == ([], True)
    assert (preparing.mode, preparing.published[-1].generation) == (SERVE, 1)
    preparing.die("serving-0", -11)
    assert set(preparing.alive) == {name for name, _ in NAMES}  # a dead one is started again, as it was


def test_when_all_are_there_the_old_end_workers_first(changing: World) -> None:
    assert changing.terminated == ["serving-0", "serving-1"]
    changing.die("serving-0", 0, 1)
    changing.die("serving-1", 0, 1)
    assert changing.terminated[2:] == [LEASES]
    assert (changing.switched, changing.core.changing) == ([], True)
    changing.die(LEASES, 0, 1)
    assert (changing.switched, changing.core.changing) == ([2], False)
    assert set(changing.alive) == {name for name, _ in MORE}


def test_packets_are_held_for_the_next_configuration_and_not_dropped(changing: World) -> None:
    assert (changing.mode, changing.published[-1].generation) == (SERVE, 2)
    changing.pass_time(GRACE_S + 0.1)
    assert changing.mode == PAUSE  # it takes too long: clients should not wait for ever


def test_no_connection_is_wanted_while_the_process_before_may_have_one(changing: World) -> None:
    assert changing.published[-1].attempts == {}
    end_old(changing)
    assert changing.published[-1].attempts == {LEASES: 2}


def test_the_directive_is_not_followed_while_an_old_worker_finishes(changing: World) -> None:
    changing.feed(Disable("user"))
    for child in ("serving-0", "serving-1", "serving-2"):
        changing.health(child)
    assert not changing.core.acknowledged(changing.now)
    end_old(changing)
    assert changing.core.acknowledged(changing.now)


def test_a_process_that_ends_badly_on_the_way_out_ends_nothing(changing: World) -> None:
    end_old(changing, code=73)
    assert (changing.exit_code, changing.switched) == (None, [2])


def test_children_that_cannot_be_started_call_the_change_off_and_the_old_go_on(preparing: World) -> None:
    preparing.die("serving-2", 78, 2)
    assert "serving-2 ended before it was ready, exit code 78" in preparing.called_off[0]
    assert preparing.terminated == [f"serving-{n} of 2" for n in (0, 1)]
    for child in list(preparing.of(2)):
        preparing.die(child, 0, 2)
    assert (preparing.core.changing, preparing.switched, preparing.mode) == (False, [], SERVE)
    assert (preparing.published[-1].generation, set(preparing.alive)) == (1, {name for name, _ in NAMES})
    preparing.feed(Reconfigured((ROW,), MORE))  # the next is another one
    preparing.leases_died = preparing.now
    report_next(preparing, 3)
    end_old(preparing)
    assert preparing.switched == [3]


def test_children_that_are_never_there_call_the_change_off(preparing: World) -> None:
    until = preparing.now + READY_S
    while preparing.now < until:
        for child in (LEASES, "serving-0", "serving-1"):
            preparing.health(child, "up" if child == LEASES else "")
        assert preparing.called_off == []
        preparing.pass_time(5.0)
    assert preparing.called_off == [f"its processes were not there after {READY_S:.0f} s"]


def test_leaving_goes_before_a_change(changing: World) -> None:
    changing.feed(Leave())
    end_old(changing)
    for child, _ in MORE:
        changing.die(child, 0, 2)
    assert (changing.exit_code, changing.switched) == (0, [])


def test_leaving_ends_those_that_get_ready_too(preparing: World) -> None:
    preparing.feed(Leave())
    for generation, names in ((1, NAMES), (2, MORE)):
        for child, kind in names:
            if kind is Kind.SERVING:
                preparing.die(child, 0, generation)
    assert set(preparing.terminated) >= {LEASES, f"{LEASES} of 2"}
    preparing.die(LEASES, 0, 1)
    preparing.die(LEASES, 0, 2)
    assert (preparing.exit_code, preparing.switched) == (0, [])


def test_a_lease_file_that_the_next_configuration_cannot_use_pauses_and_ends_nothing(changing: World) -> None:
    end_old(changing)
    changing.die(LEASES, 73)
    assert changing.exit_code is None
    assert set(changing.core.service.reasons) == {"reconfiguration"}
    assert LEASES not in changing.alive
