"""The packet worker's loop: directives, then results, then packets; then out with requests and reports.

Each round reads all directives before anything else, so that no packet is answered on an old one; an answer leaves only
while the last directive is fresh, even when this process was stopped in the middle of a round. A pause lets the
exchanges at hand finish for a moment, and is acknowledged when the last of them has gone.

Runs in: serving
"""

from __future__ import annotations

import logging
import os
import select
import time
from collections.abc import Sequence
from typing import Protocol

from kea_mp import log
from kea_mp.bus.messages import Answered, Directive, Down, Health, Up
from kea_mp.dhcp.frames import Datagram
from kea_mp.dhcp.message4 import DISCOVER, Message4, decode4
from kea_mp.errors import WireError
from kea_mp.leases.store import ClaimLease, FindLeases, RemoveLease
from kea_mp.values import text4
from workers.serving.engine.packet import Packet4, Reply4
from workers.serving.engine.trace import label
from workers.serving.gate import Gate, Mode, hear, mode, serves_until, woken
from workers.serving.lane import Lane
from workers.serving.overload import CALM, Shed, is_discover, looked, shed
from workers.serving.packets import Port, SendFailed
from workers.serving.scheduler import Engine, Limits, Scheduler
from workers.serving.statistics import INITIAL, RECEIVED, SENT

logger = logging.getLogger("kea-dhcp4.dhcp4")
packets = logging.getLogger("kea-dhcp4.packets")
bad_packets = logging.getLogger("kea-dhcp4.bad-packets")

PACKETS = 64  #: per socket and round, so that directives and results are never far away
DRAIN_S = 0.5  #: how long exchanges at hand may take to finish when a pause or the end has come
RETRY_S = 0.005  #: between two tries to send on a lane that had no room
COMPLAINT_S = 10.0  #: between two log lines about lost packets
LISTEN_S = 0.02  #: the bus is looked at this often even when its descriptor is silent (it is edge-triggered)

_PACKETS, _DROPS, _BASIC = log.debug(40), log.debug(15), log.debug(0)


class Bus(Protocol):
    """What the loop needs of `ChildBus`."""

    def fileno(self) -> int: ...
    def receive(self) -> list[Down]: ...
    def send(self, message: Up) -> None: ...


class Leaving(Protocol):
    """Whether this process was asked to end; readable when it was."""

    @property
    def asked(self) -> bool: ...
    def fileno(self) -> int: ...


class Serving:
    """One packet worker. `run` returns when it has left; everything else is told through the bus."""

    def __init__(
        self,
        child: str,
        generation: int,
        bus: Bus,
        lane: Lane,
        ports: Sequence[Port],
        engine: Engine,
        leaving: Leaving,
        *,
        lenient: bool = False,
        heartbeat_s: float = 0.25,
        silence_s: float = 2.0,
        limits: Limits | None = None,
    ) -> None:
        now = time.monotonic()
        self.counters = dict.fromkeys(INITIAL, 0)
        self._child, self._bus, self._lane, self._ports, self._leaving = child, bus, lane, tuple(ports), leaving
        self._lenient, self._heartbeat_s = lenient, heartbeat_s
        self._committed = engine.committed
        routes: dict[type, Lane] = {FindLeases: lane, ClaimLease: lane, RemoveLease: lane}
        self._scheduler = Scheduler(engine, routes, self._deliver, self.counters, limits or Limits())
        self._gate = Gate(generation, silence_s, heartbeat_s, started=now)
        self._mode, self._word = Mode.HOLD, Mode.HOLD.word
        self._answers_until = 0.0  #: monotonic; no answer leaves after it
        self._looked = self._listened = now
        self._seq = 0
        self._said: tuple[int, str, int] = (0, "", 0)  #: epoch, mode and report number of the last report
        self._next_report = self._next_complaint = now
        self._error = ""
        self._debug_packets = packets.isEnabledFor(_PACKETS)
        self._debug_drops = bad_packets.isEnabledFor(_DROPS)
        self._epoll = select.epoll()
        self._bus_fd, self._lane_fd = bus.fileno(), lane.fileno()
        self._leaving_fd = leaving.fileno()
        for fd in (self._bus_fd, self._lane_fd, self._leaving_fd):
            self._epoll.register(fd, select.EPOLLIN)
        self._by_fd = {port.fileno(): port for port in self._ports}
        self._queues = dict.fromkeys(self._by_fd, CALM)
        self._watched = False
        for fd in self._by_fd:
            self._epoll.register(fd, 0)

    def run(self) -> None:
        """Serve until told to leave."""
        try:
            while not (self._mode is Mode.EXIT and not self._scheduler.at_hand):
                self.round()
        finally:
            self._epoll.close()

    def round(self) -> None:
        """Wait for something and do everything that is due."""
        ready = [fd for fd, _ in self._epoll.poll(self._patience())]
        now = time.monotonic()
        self._listen(now, ready)
        scheduler = self._scheduler
        if self._lane_fd in ready:
            scheduler.resume(now)
        self._take(ready, now)
        scheduler.flush(now)
        self._watch(self._mode is Mode.PAUSE or (self._mode is Mode.SERVE and scheduler.room > 0))
        self._report(now)

    def _patience(self) -> float:
        """Seconds until something is due."""
        now = time.monotonic()
        until = self._next_report
        if self._scheduler.at_hand or self._mode is Mode.SERVE:
            until = min(until, self._answers_until)
            if self._scheduler.stuck:
                until = min(until, now + RETRY_S)
        return max(0.0, until - now)

    def _listen(self, now: float, ready: list[int]) -> None:
        """Hear what the supervisor says and do as it says."""
        gate = woken(self._gate, self._looked, now)
        self._looked = now
        if self._bus_fd in ready or now - self._listened >= LISTEN_S:
            self._listened = now
            for record in self._bus.receive():
                if isinstance(record, Directive):
                    gate = hear(gate, record, now)
                else:
                    text = f"'{record.command}' is not carried out by packet workers"
                    self._bus.send(Answered(self._child, record.number, 2, text))
        self._gate = gate
        wanted = Mode.EXIT if self._leaving.asked else mode(gate, now)
        if wanted is Mode.SERVE:
            self._answers_until = serves_until(gate)
        elif self._mode is Mode.SERVE:
            self._answers_until = min(now + DRAIN_S, serves_until(gate))
        if wanted is not self._mode:
            self._say_mode(wanted, now)
            self._mode, self._word = wanted, wanted.word
            if wanted is Mode.EXIT:
                self._epoll.modify(self._leaving_fd, 0)  # it stays readable, and is not needed any more
        if wanted is not Mode.SERVE and self._scheduler.at_hand and now >= self._answers_until:
            self._scheduler.abandon()

    def _say_mode(self, wanted: Mode, now: float) -> None:
        if wanted is Mode.PAUSE:
            silent = now - (self._gate.heard_at or self._gate.started)
            reason = (
                f"the supervisor has been silent for {silent:.1f} s"
                if silent > self._gate.silence_s
                else "this process was stopped" if self._gate.quiet_since is not None else "by directive"
            )  # fmt: skip
            logger.info("KEA_MP_SERVICE_PAUSED %s drops packets: %s", self._child, reason)
        elif wanted is Mode.SERVE:
            logger.info("KEA_MP_SERVICE_RESUMED %s answers packets", self._child)
        else:
            logger.log(_BASIC, "KEA_MP_SERVICE_HELD %s leaves packets in their sockets (%s)", self._child, wanted.value)

    def _take(self, ready: list[int], now: float) -> None:
        """Do with the packets that have arrived as the mode says."""
        wall = time.time()
        for fd in ready:
            if fd in self._by_fd:
                port = self._by_fd[fd]
                if not self._watched:
                    port.look()
                elif self._mode is Mode.SERVE:
                    self._serve(port, now, wall)
                elif self._mode is Mode.PAUSE:
                    self._discard(port)
                if port.problem:
                    self._say_problem(port)

    def _serve(self, port: Port, now: float, wall: float) -> None:
        """Start the exchanges of the packets that have arrived."""
        limit = min(PACKETS, self._scheduler.room)
        datagrams = port.receive(limit)
        counters = self.counters
        counters["pkt4-received"] += len(datagrams)
        shedding = Shed.NOTHING
        if len(datagrams) == limit or self._queues[port.fileno()] is not CALM:
            shedding = self._judge(port, port.waited(wall) if len(datagrams) == limit else 0.0, now)
            if shedding is not Shed.NOTHING:
                datagrams = self._shed(port, datagrams, shedding, now)
        start, lenient = self._scheduler.start, self._lenient
        interface, index, raw = port.interface, port.index, port.raw
        address, addresses = port.address, port.addresses
        for datagram in datagrams:
            try:
                message = decode4(datagram.payload, lenient)
            except WireError as error:
                self._refuse(port, datagram, error)
                continue
            except Exception:  # noqa: BLE001  the outermost loop of one packet: whatever it does, it ends alone
                counters["pkt4-parse-failed"] += 1
                counters["pkt4-receive-drop"] += 1
                packets.exception("DHCP4_PACKET_PROCESS_STD_EXCEPTION %s: exception occurred", datagram.payload.hex())
                continue
            kind = message.type
            if kind == DISCOVER and shedding is Shed.DISCOVERS:
                self._count_shed(1)
                continue
            counters[RECEIVED[kind] if kind < 9 else "pkt4-unknown-received"] += 1
            if self._debug_packets:
                _say_received(port, datagram, message)
            # A client that was told another address of ours as server identifier goes on with that.
            destination = datagram.destination
            local = destination if destination in addresses else address
            start(
                port,
                Packet4(message, interface, index, local, datagram.source, destination, datagram.source_port,
                        datagram.source_mac, raw),
                kind,
                now,
                wall,
            )  # fmt: skip

    def _judge(self, port: Port, waited_s: float, now: float) -> Shed:
        """What to do with packets of which the newest has waited for so long."""
        queue = looked(self._queues[port.fileno()], waited_s, now)
        self._queues[port.fileno()] = CALM if queue == CALM else queue
        return shed(queue, waited_s)

    def _shed(self, port: Port, datagrams: list[Datagram], what: Shed, now: float) -> list[Datagram]:
        """The packets without those that are left unanswered."""
        left = [] if what is Shed.ALL else [one for one in datagrams if not is_discover(one.payload)]
        self._count_shed(len(datagrams) - len(left))
        if now >= self._next_complaint:
            self._next_complaint = now + COMPLAINT_S
            text = "KEA_MP_OVERLOAD %s cannot keep up on %s: %s that wait for too long are not answered, %d so far"
            logger.warning(text, self._child, port.interface, what.value, self.counters["kea-mp-overload-shed"])
        return left

    def _count_shed(self, count: int) -> None:
        self.counters["pkt4-receive-drop"] += count
        self.counters["kea-mp-overload-shed"] = self.counters.get("kea-mp-overload-shed", 0) + count

    def _refuse(self, port: Port, datagram: Datagram, error: WireError) -> None:
        self.counters["pkt4-parse-failed"] += 1
        self.counters["pkt4-receive-drop"] += 1
        if self._debug_drops:
            bad_packets.log(
                _DROPS, "DHCP4_PACKET_DROP_0001 failed to parse packet from %s to %s, interface %s, reason: %s",
                text4(datagram.source), text4(datagram.destination), port.interface, error)  # fmt: skip

    def _discard(self, port: Port) -> None:
        """The service is paused: read and drop, so that no client is answered long after it has given up."""
        count = port.discard(PACKETS)
        for statistic in ("pkt4-received", "pkt4-service-disabled", "pkt4-receive-drop"):
            self.counters[statistic] += count
        if count and self._debug_drops:
            bad_packets.log(_DROPS, "DHCP4_PACKET_DROP_0008 %d packets: DHCP service is globally disabled", count)

    def _say_problem(self, port: Port) -> None:
        logger.error(
            "DHCP4_BUFFER_RECEIVE_FAIL error on attempt to receive packet on %s: %s", port.interface, port.problem
        )
        self._error, port.problem = f"{port.interface}: {port.problem}", ""

    def _deliver(self, port: Port, packet: Packet4, reply: Reply4) -> None:
        counters = self.counters
        # A process that is stopped here, between directive and answer, must not answer when it is continued.
        if time.monotonic() > self._answers_until:
            counters["pkt4-service-disabled"] += 1
            counters["pkt4-receive-drop"] += 1
            return
        try:
            port.send(packet, reply)
        except SendFailed as error:
            counters["kea-mp-send-failed"] = counters.get("kea-mp-send-failed", 0) + 1
            packets.error("DHCP4_PACKET_SEND_FAIL %s: failed to send DHCPv4 packet to %s", label(packet.message), error)
            return
        counters["pkt4-sent"] += 1
        if reply.kind in SENT:
            counters[SENT[reply.kind]] += 1
        if self._debug_packets:
            _say_sent(port, packet, reply)

    def _watch(self, wanted: bool) -> None:
        """Whether the DHCP sockets wake us: not while their packets are to stay there."""
        if wanted is not self._watched:
            self._watched = wanted
            for fd in self._by_fd:
                self._epoll.modify(fd, select.EPOLLIN if wanted else 0)

    def _report(self, now: float) -> None:
        """Tell the supervisor how it is: every heartbeat, when asked, and when a directive has been carried out."""
        heard = self._gate.heard
        epoch, word, _ = self._said
        if self._mode is Mode.SERVE or not self._scheduler.at_hand:
            epoch, word = heard.epoch if heard else 0, self._word
        saying = epoch, word, heard.report if heard else 0
        if saying == self._said and now < self._next_report:
            return
        if now >= self._next_report:
            self._next_report = now + self._heartbeat_s
            self._scheduler.expire(now)
            self._tally(now)
        self._said = saying
        self._seq += 1
        self._bus.send(
            Health(self._child, os.getpid(), self._seq, epoch=epoch, generation=self._gate.generation, mode=word,
                   report=saying[2], counters=self.counters, gauges=self._gauges(), error=self._error)
        )  # fmt: skip
        self._error = ""

    def _tally(self, now: float) -> None:
        """Bring the counters up to date that others keep."""
        counters = self.counters
        counters["kea-mp-frame-malformed"] = sum(port.malformed for port in self._ports)
        counters["kea-mp-lane-garbage"] = self._lane.garbage
        counters["kea-mp-remembered-evicted"] = self._committed.evicted
        counters["kea-mp-log-dropped"] = log.dropped_records()
        lost = sum(port.overrun() for port in self._ports)
        counters["kea-mp-socket-overrun"] = counters.get("kea-mp-socket-overrun", 0) + lost
        if lost and now >= self._next_complaint:
            self._next_complaint = now + COMPLAINT_S
            logger.warning(
                "KEA_MP_SOCKET_OVERRUN %s cannot keep up: packets were lost in full socket buffers, %d in all",
                self._child,
                counters["kea-mp-socket-overrun"],
            )

    def _gauges(self) -> dict[str, float]:
        scheduler = self._scheduler
        gauges: dict[str, float] = {
            "kea-mp-exchanges-at-hand": scheduler.at_hand,
            "kea-mp-remembered-leases": len(self._committed),
        }
        if scheduler.answered:
            gauges["kea-mp-batch-ms"] = 1000 * scheduler.waited_s / scheduler.answered
            scheduler.waited_s, scheduler.answered = 0.0, 0
        return gauges


def _say_sent(port: Port, packet: Packet4, reply: Reply4) -> None:
    source, target = text4(reply.source), text4(reply.destination)
    packets.log(_PACKETS, "DHCP4_PACKET_SEND %s: type %d from %s to %s:%d on interface %s", label(packet.message),
                reply.kind, source, target, reply.port, port.interface)  # fmt: skip


def _say_received(port: Port, datagram: Datagram, message: Message4) -> None:
    packets.log(_PACKETS, "DHCP4_PACKET_RECEIVED %s: type %d received from %s to %s on interface %s", label(message),
                message.type, text4(datagram.source), text4(datagram.destination), port.interface)  # fmt: skip
