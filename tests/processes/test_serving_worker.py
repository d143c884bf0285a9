"""A real packet worker in a real namespace: the test is its supervisor, its connection worker and its clients."""

from __future__ import annotations

import logging
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import TracebackType

import msgspec
import psutil
import pytest

from kea_mp.bus.messages import EXIT, PAUSE, SERVE, Answered, Directive, Health, Order
from kea_mp.bus.sockets import ParentBus
from kea_mp.config.load import config4_from_json
from kea_mp.leases.model import Lease4
from kea_mp.leases.store import Batch, BatchDone, ClaimLease, FindLeases, Found, RemoveLease, Request, Result, Stored
from kea_mp.log import Channel
from kea_mp.supervisor.entry import enter
from kea_mp.supervisor.interfaces import Target
from kea_mp.supervisor.sockets import Opened, made4
from kea_mp.supervisor.start_record import DhcpSocket, LogChannel, StartRecord
from kea_mp.values import address4, from_colons
from tests.lab.net import Lab, inside, ip
from tests.lab.packets import ACK, DISCOVER, OFFER, REQUEST, Answer, Bootp, ip_bytes
from tests.lab.waiting import eventually
from tests.lab.wire_client import WireClient

pytestmark = pytest.mark.root

SERVER, SERVER_MAC, CLIENT_MAC = "192.0.2.1", "02:00:00:00:aa:01", "02:00:00:00:aa:02"
FIRST = address4("192.0.2.100")
HEARTBEAT_S, SILENCE_S = 0.1, 1.0
MODULE = os.environ.get("KEA_MP_TEST_MODULE", "workers.serving.__main__")


class Store:
    """The other end of the lane: leases in a dict, as long as `hold` is not set."""

    def __init__(self, end: socket.socket) -> None:
        self.leases: dict[int, Lease4] = {}
        self.batches: list[int] = []  #: how many requests each had
        self.hold = threading.Event()
        self._end = end
        self._next = FIRST
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        self._end.setblocking(True)
        self._end.settimeout(0.05)
        decoder = msgspec.msgpack.Decoder(Batch[Request])
        while not self._stop.is_set():
            try:
                batch = decoder.decode(self._end.recv(1 << 20))
            except TimeoutError:
                continue
            self.batches.append(len(batch.requests))
            while self.hold.is_set() and not self._stop.is_set():
                time.sleep(0.01)
            results = tuple(self._result(request) for request in batch.requests)
            self._end.send(msgspec.msgpack.encode(BatchDone(batch.number, results)))

    def _result(self, request: Request) -> Result:
        match request:
            case FindLeases():
                mine = tuple(lease for lease in self.leases.values() if lease.hw == request.hw)
                free = 0
                if request.pools and not mine:
                    free, self._next = self._next, self._next + 1
                return Found(mine, self.leases.get(request.address), free)
            case ClaimLease():
                self.leases[request.lease.address] = request.lease
                return Stored(request.lease)
            case RemoveLease():
                return Stored(self.leases.pop(request.seen.address))


class Supervisor:
    """Publishes the directive in `said` every heartbeat, unless frozen, and collects the reports."""

    def __init__(self, folder: Path) -> None:
        self.bus = ParentBus(folder)
        self.said = Directive(1, SERVE, 1)
        self.frozen = threading.Event()
        self.reports: list[Health] = []
        self.answers: list[Answered] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._publish, self._collect)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.bus.close()

    def say(self, mode: str, report: int = 0) -> None:
        self.said = Directive(self.said.epoch + 1, mode, 1, report)

    def last(self, pid: int) -> Health:
        return next(report for report in reversed(self.reports) if report.pid == pid)

    def _publish(self) -> None:
        while not self._stop.wait(HEARTBEAT_S):
            if not self.frozen.is_set():
                self.bus.publish(self.said)

    def _collect(self) -> None:
        while not self._stop.wait(0.005):
            for record in self.bus.receive():
                (self.reports if isinstance(record, Health) else self.answers).append(record)  # type: ignore[arg-type]


class Rig:
    """One worker between two hosts. kind: raw or udp."""

    def __init__(self, kind: str) -> None:
        self._stack = ExitStack()
        self.kind = kind

    def __enter__(self) -> Rig:
        lab = self._stack.enter_context(Lab())
        self.server, client = lab.hosts("server", "client")
        lab.link(
            (self.server, "srv0"), (client, "cli0"), (SERVER_MAC, CLIENT_MAC), ([f"{SERVER}/24"], ["192.0.2.2/24"])
        )
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="kmp-"))
        self.supervisor = Supervisor(Path(folder))
        self._stack.callback(self.supervisor.close)
        with inside(self.server):
            target = Target("srv0", socket.if_nametoindex("srv0"), from_colons(SERVER_MAC), (address4(SERVER),))
            self.opened: Opened[DhcpSocket] = made4(target, self.kind, 1, 67, 68)
            self.opened.bind()
        self._stack.callback(self.opened.close)
        ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._stack.callback(self._theirs.close)
        self._stack.callback(ours.close)
        self.store = Store(ours)
        self._stack.callback(self.store.close)
        self.client = WireClient(client, "cli0", CLIENT_MAC, SERVER_MAC)
        self._stack.callback(self.client.close)
        self.config = config4_from_json(
            {
                "Dhcp4": {
                    "interfaces-config": {"interfaces": ["srv0"], "dhcp-socket-type": self.kind},
                    "lease-database": {"type": "memfile", "persist": False},
                    "subnet4": [{"id": 1, "subnet": "192.0.0.0/16", "pools": [{"pool": "192.0.2.100 - 192.0.20.255"}]}],
                }
            }
        )
        self.process = self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        self.show_log()
        self._stack.close()

    def start(self) -> SpawnProcess:
        context = get_context("spawn")
        self.log = Channel()
        self._stack.callback(self.log.close)
        self._stack.callback(self.log.theirs.close)
        record = StartRecord(
            child="serving-0", index=0, workers=1, config=self.config, generation=1,
            endpoints=self.supervisor.bus.endpoints, parent=os.getpid(),
            log=LogChannel(self.log.theirs, (("kea-dhcp4", 10),)),
            lanes=(self._theirs,), dhcp_sockets=tuple(self.opened.shards[0]),
            heartbeat_s=HEARTBEAT_S, silence_s=SILENCE_S,
        )  # fmt: skip
        process = context.Process(target=enter, args=("workers.start", MODULE, record))
        process.start()
        return process

    def show_log(self) -> None:
        """For the report of a test that failed."""
        while self.log.qsize():
            for line in self.log.get(0):
                if "DHCP4_LEASE_" not in line.text:
                    print(logging.getLevelName(line.levelno), line.text, line.exc_text)

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def health(self) -> Health:
        return self.supervisor.last(self.pid)

    def wait(self, condition: Callable[[Health], bool], timeout: float = 10.0) -> Health:
        def reported() -> Health | None:
            try:
                health = self.health()
            except StopIteration:
                return None
            return health if condition(health) else None

        found = eventually(reported, timeout, "a report that shows it", every=0.005)
        assert found is not None
        return found

    def serving(self) -> None:
        self.wait(lambda health: health.mode == SERVE)

    def ask(self, kind: int, xid: int, *options: tuple[int, bytes], mac: str = CLIENT_MAC, flags: int = 0x8000) -> None:
        message = Bootp(xid=xid, flags=flags, chaddr=from_colons(mac), options=((53, bytes([kind])), *options))
        self.client.send(message.encode(), mac=mac)

    def answer(self, xid: int, timeout: float = 5.0) -> Answer | None:
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            answer = self.client.receive(left)
            if answer is not None and answer.xid == xid:
                return answer
        return None

    def ticks_in_a_second(self) -> int:
        """Processor time, in hundredths of a second."""
        process = psutil.Process(self.pid)
        before = process.cpu_times()
        time.sleep(1.0)
        after = process.cpu_times()
        return round(100 * (after.user + after.system - before.user - before.system))

    def exit_code(self, timeout: float = 10.0) -> int | None:
        self.process.join(timeout)
        return self.process.exitcode


@pytest.fixture(params=["raw", "udp"])
def any_rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with Rig(request.param) as rig:
        yield rig


@pytest.fixture
def rig() -> Iterator[Rig]:
    with Rig("raw") as rig:
        yield rig


def test_a_client_gets_an_offer_and_then_its_lease(any_rig: Rig) -> None:
    rig = any_rig
    rig.ask(DISCOVER, 1)
    offer = rig.answer(1)
    assert offer is not None
    assert (offer.type, offer.yiaddr, offer.ip_source) == (OFFER, "192.0.2.100", SERVER)
    assert offer.checksums or rig.kind == "udp"  # the kernel leaves UDP's to the network card, which a veth has not
    assert (offer.ip_destination, offer.port_destination) == ("255.255.255.255", 68)
    rig.ask(REQUEST, 2, (50, ip_bytes(offer.yiaddr)), (54, ip_bytes(SERVER)))
    ack = rig.answer(2)
    assert ack is not None
    assert (ack.type, ack.yiaddr) == (ACK, "192.0.2.100")
    assert list(rig.store.leases) == [FIRST]
    rig.supervisor.say(SERVE, report=7)
    counters = rig.wait(lambda health: health.report == 7).counters
    assert counters["pkt4-received"] == counters["pkt4-sent"] == 2
    assert [
        counters[f"pkt4-{name}"] for name in ("discover-received", "offer-sent", "request-received", "ack-sent")
    ] == [1] * 4
    assert counters["pkt4-receive-drop"] == 0


def test_a_raw_answer_reaches_a_client_that_has_no_address_yet(rig: Rig) -> None:
    mac = "02:00:00:00:bb:01"
    rig.ask(DISCOVER, 1, mac=mac, flags=0)
    offer = rig.answer(1)
    assert offer is not None
    assert (offer.mac_source, offer.mac_destination) == (SERVER_MAC, mac)
    assert offer.ip_destination == offer.yiaddr
    assert offer.checksums


def test_a_burst_is_answered_in_few_batches(rig: Rig) -> None:
    rig.serving()
    rig.store.hold.set()
    for number in range(100):
        rig.ask(DISCOVER, 1000 + number, mac=f"02:00:00:00:cc:{number:02x}")
    rig.store.hold.clear()
    offers = {rig.answer(1000 + number).yiaddr for number in range(100)}  # type: ignore[union-attr]
    assert len(offers) == 100
    assert len(rig.store.batches) < 50


def test_a_pause_is_acknowledged_and_packets_are_counted_and_dropped_until_it_ends(any_rig: Rig) -> None:
    rig = any_rig
    rig.serving()
    rig.supervisor.say(PAUSE)
    rig.wait(lambda health: health.mode == PAUSE and health.epoch == 2)
    rig.ask(DISCOVER, 1)
    counters = rig.wait(lambda health: health.counters["pkt4-service-disabled"] == 1).counters
    assert counters["pkt4-received"] == counters["pkt4-receive-drop"] == 1
    assert rig.store.batches == []
    rig.supervisor.say(SERVE)
    rig.wait(lambda health: health.mode == SERVE and health.epoch == 3)
    rig.ask(DISCOVER, 2)
    assert rig.answer(2) is not None
    assert rig.client.drain() == []


def test_an_exchange_at_hand_is_finished_before_a_pause_is_acknowledged(rig: Rig) -> None:
    rig.serving()
    rig.store.hold.set()
    rig.ask(DISCOVER, 1)
    eventually(lambda: rig.store.batches)
    rig.supervisor.say(PAUSE)
    time.sleep(2 * HEARTBEAT_S)
    assert rig.health().mode == SERVE
    rig.store.hold.clear()
    assert rig.answer(1) is not None
    rig.wait(lambda health: health.mode == PAUSE and health.epoch == 2)


def test_a_pause_does_not_wait_for_ever_for_a_backend(rig: Rig) -> None:
    rig.serving()
    rig.store.hold.set()
    rig.ask(DISCOVER, 1)
    eventually(lambda: rig.store.batches)
    rig.supervisor.say(PAUSE)
    rig.wait(lambda health: health.mode == PAUSE and health.epoch == 2, timeout=2.0)
    rig.store.hold.clear()
    assert rig.answer(1, timeout=0.5) is None


def test_a_worker_that_starts_late_serves_what_waits_in_its_socket(rig: Rig) -> None:
    rig.serving()
    os.kill(rig.pid, signal.SIGKILL)
    assert rig.exit_code() == -signal.SIGKILL
    for number in range(20):
        rig.ask(DISCOVER, 100 + number, mac=f"02:00:00:00:dd:{number:02x}")
    rig.process = rig.start()
    assert all(rig.answer(100 + number) for number in range(20))


def test_a_worker_that_was_stopped_across_a_pause_answers_nothing_when_continued(rig: Rig) -> None:
    rig.serving()
    os.kill(rig.pid, signal.SIGSTOP)
    for number in range(20):
        rig.ask(DISCOVER, 100 + number, mac=f"02:00:00:00:dd:{number:02x}")
    time.sleep(0.3)
    rig.supervisor.say(PAUSE)
    time.sleep(SILENCE_S / 2)
    os.kill(rig.pid, signal.SIGCONT)
    counters = rig.wait(lambda health: health.mode == PAUSE and health.counters["pkt4-service-disabled"] == 20).counters
    assert counters["pkt4-sent"] == 0
    assert rig.client.drain() == []
    rig.supervisor.say(SERVE)
    rig.wait(lambda health: health.mode == SERVE and health.epoch == 3)
    rig.ask(DISCOVER, 2)
    assert rig.answer(2) is not None


def test_a_worker_stops_serving_when_the_supervisor_is_frozen_and_goes_on_when_it_is_back(rig: Rig) -> None:
    rig.serving()
    rig.supervisor.frozen.set()
    frozen = time.monotonic()
    rig.wait(lambda health: health.mode == PAUSE, timeout=SILENCE_S + HEARTBEAT_S + 1.0)
    assert time.monotonic() - frozen < SILENCE_S + 2 * HEARTBEAT_S + 0.5
    rig.ask(DISCOVER, 1)
    assert rig.answer(1, timeout=0.5) is None
    rig.supervisor.frozen.clear()
    rig.serving()
    rig.ask(DISCOVER, 2)
    assert rig.answer(2) is not None


def test_another_generation_is_not_served_and_its_packets_are_left_alone(rig: Rig) -> None:
    rig.serving()
    rig.supervisor.said = Directive(2, SERVE, generation=2)
    rig.wait(lambda health: health.mode == PAUSE and health.epoch == 2)
    rig.ask(DISCOVER, 1)
    assert rig.answer(1, timeout=0.5) is None
    rig.supervisor.said = Directive(3, SERVE, generation=1)
    assert rig.answer(1) is not None


@pytest.mark.parametrize("how", ["directive", "signal"])
def test_a_worker_that_is_told_to_leave_finishes_what_it_has(rig: Rig, how: str) -> None:
    rig.serving()
    rig.store.hold.set()
    rig.ask(DISCOVER, 1)
    eventually(lambda: rig.store.batches)
    if how == "directive":
        rig.supervisor.say(EXIT)
    else:
        os.kill(rig.pid, signal.SIGTERM)
    time.sleep(2 * HEARTBEAT_S)
    rig.store.hold.clear()
    assert rig.answer(1) is not None
    assert rig.exit_code() == 0
    rig.wait(lambda health: health.mode == EXIT)


def test_garbage_on_the_wire_is_counted_and_does_no_harm(any_rig: Rig) -> None:
    rig = any_rig
    rig.serving()
    good = Bootp(options=((53, b"\x01"),)).encode()
    for cut in (1, 40, 239):
        rig.client.send(good[:cut].ljust(28 + 6, b"\0"))
    rig.client.send(good[:236] + b"abcd" + good[240:])
    counters = rig.wait(lambda health: health.counters["pkt4-parse-failed"] == 4).counters
    assert counters["pkt4-receive-drop"] == 4
    rig.ask(DISCOVER, 2)
    assert rig.answer(2) is not None


def test_more_packets_than_can_be_at_hand_wait_in_the_socket(rig: Rig) -> None:
    rig.serving()
    rig.store.hold.set()
    macs = [f"02:00:00:01:{number >> 8:02x}:{number & 255:02x}" for number in range(1500)]
    for number, mac in enumerate(macs):
        rig.ask(DISCOVER, 5000 + number, mac=mac)
    rig.wait(lambda health: health.gauges["kea-mp-exchanges-at-hand"] == 1024)
    rig.store.hold.clear()
    counters = rig.wait(lambda health: health.counters["pkt4-sent"] == len(macs)).counters
    assert counters["pkt4-receive-drop"] == 0
    assert len(rig.client.drain()) > 100


def test_an_interface_that_goes_down_is_reported_and_served_again_when_it_is_up(any_rig: Rig) -> None:
    rig = any_rig
    rig.serving()
    ip("-n", rig.server, "link", "set", "srv0", "down")
    if rig.kind == "raw":
        eventually(lambda: any("srv0" in report.error for report in rig.supervisor.reports))
    ip("-n", rig.server, "link", "set", "srv0", "up")
    time.sleep(0.2)
    rig.ask(DISCOVER, 3)
    assert rig.answer(3) is not None


def test_an_interface_that_goes_down_while_packets_are_held_costs_no_processor_time(rig: Rig) -> None:
    rig.serving()
    rig.supervisor.said = Directive(2, SERVE, generation=2)
    rig.wait(lambda health: health.mode == PAUSE)
    ip("-n", rig.server, "link", "set", "srv0", "down")
    assert rig.ticks_in_a_second() <= 5


def test_an_order_that_nobody_carries_out_is_answered(rig: Rig) -> None:
    rig.serving()
    rig.supervisor.bus.publish(Order("serving-0", 5, "dance"))
    answer = eventually(lambda: rig.supervisor.answers)[0]
    assert (answer.number, answer.result) == (5, 2)


def test_a_quiet_worker_uses_no_processor_time(rig: Rig) -> None:
    rig.serving()
    rig.supervisor.say(PAUSE)
    rig.wait(lambda health: health.mode == PAUSE)
    assert rig.ticks_in_a_second() <= 5
