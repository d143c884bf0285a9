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
from typing import Generic, Protocol

from kea_mp import log
from kea_mp.bus.messages import Answered, Directive, Down, Health, Up
from kea_mp.errors import WireError
from kea_mp.leases.store import ClaimLease, FindLeases, FindLeases6, RemoveLease
from workers.serving.gate import Gate, Mode, hear, mode, serves_until, woken
from workers.serving.lane import Lane
from workers.serving.overload import CALM, Shed, looked, shed
from workers.serving.packets import Arrived, Port, SendFailed
from workers.serving.scheduler import Engine, Limits, Scheduler
from workers.serving.traffic import P, R, Traffic

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


class Serving(Generic[P, R]):
    """One packet worker. `run` returns when it has left; everything else is told through the bus."""

    def __init__(
        self,
        child: str,
        generation: int,
        bus: Bus,
        traffic: Traffic[P, R],
        lane: Lane,
        ports: Sequence[Port],
        engine: Engine[P, R],
        leaving: Leaving,
        *,
        lenient: bool = False,
        heartbeat_s: float = 0.25,
        silence_s: float = 2.0,
        limits: Limits | None = None,
    ) -> None:
        now = time.monotonic()
        self.counters = dict.fromkeys(traffic.counted, 0)
        self._traffic, self._logger = traffic, logging.getLogger(traffic.family.logger())
        self._name_names()
        self._child, self._bus, self._lane, self._ports, self._leaving = child, bus, lane, tuple(ports), leaving
        self._lenient, self._heartbeat_s = lenient, heartbeat_s
        self._committed = engine.committed
        routes: dict[type, Lane] = dict.fromkeys((FindLeases, FindLeases6, ClaimLease, RemoveLease), lane)
        self._scheduler = Scheduler(traffic, engine, routes, self._deliver, self.counters, limits or Limits())
        self._gate = Gate(generation, silence_s, heartbeat_s, started=now)
        self._mode, self._word = Mode.HOLD, Mode.HOLD.word
        self._answers_until = 0.0  #: monotonic; no answer leaves after it
        self._looked = self._listened = now
        self._seq = 0
        self._said: tuple[int, str, int] = (0, "", 0)  #: epoch, mode and report number of the last report
        self._next_report = self._next_complaint = now
        self._error = ""
        self._debug_packets = traffic.packets.isEnabledFor(_PACKETS)
        self._debug_drops = traffic.bad_packets.isEnabledFor(_DROPS)
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

    def _name_names(self) -> None:
        """Names of statistics, looked up once."""
        name = self._traffic.statistic
        self._received, self._unknown, self._sent = name("received"), name("unknown-received"), name("sent")
        self._disabled, self._dropped, self._unreadable = (
            name("service-disabled"), name("receive-drop"), name("parse-failed"),
        )  # fmt: skip

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
            self._logger.info("KEA_MP_SERVICE_PAUSED %s drops packets: %s", self._child, reason)
        elif wanted is Mode.SERVE:
            self._logger.info("KEA_MP_SERVICE_RESUMED %s answers packets", self._child)
        else:
            self._logger.log(
                _BASIC, "KEA_MP_SERVICE_HELD %s leaves packets in their sockets (%s)", self._child, wanted.value
            )

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
        counters, traffic = self.counters, self._traffic
        counters[self._received] += len(datagrams)
        shedding = Shed.NOTHING
        if len(datagrams) == limit or self._queues[port.fileno()] is not CALM:
            shedding = self._judge(port, port.waited(wall) if len(datagrams) == limit else 0.0, now)
            if shedding is not Shed.NOTHING:
                datagrams = self._shed(port, datagrams, shedding, now)
        start, lenient, read = self._scheduler.start, self._lenient, traffic.read
        received, unknown, first = traffic.received, self._unknown, traffic.first
        for datagram in datagrams:
            try:
                packet = read(port, datagram, lenient)
            except WireError as error:
                self._refuse(port, datagram, error)
                continue
            except Exception:  # noqa: BLE001  the outermost loop of one packet: whatever it does, it ends alone
                counters[self._unreadable] += 1
                counters[self._dropped] += 1
                text, identifier = "%s %s: exception occurred", traffic.family.message("PACKET_PROCESS_STD_EXCEPTION")
                traffic.packets.exception(text, identifier, datagram.payload.hex())
                continue
            kind = packet.message.type
            if kind == first and shedding is Shed.FIRSTS:
                self._count_shed(1)
                continue
            counters[received.get(kind, unknown)] += 1
            if self._debug_packets:
                self._say_received(port, datagram, packet)
            start(port, packet, kind, now, wall)

    def _judge(self, port: Port, waited_s: float, now: float) -> Shed:
        """What to do with packets of which the newest has waited for so long."""
        queue = looked(self._queues[port.fileno()], waited_s, now)
        self._queues[port.fileno()] = CALM if queue == CALM else queue
        return shed(queue, waited_s)

    def _shed(self, port: Port, datagrams: Sequence[Arrived], what: Shed, now: float) -> Sequence[Arrived]:
        """The packets without those that are left unanswered."""
        looks_first = self._traffic.looks_first
        left = [] if what is Shed.ALL else [one for one in datagrams if not looks_first(one.payload)]
        self._count_shed(len(datagrams) - len(left))
        if now >= self._next_complaint:
            self._next_complaint = now + COMPLAINT_S
            text = "KEA_MP_OVERLOAD %s cannot keep up on %s: %s that wait for too long are not answered, %d so far"
            which = self._traffic.firsts if what is Shed.FIRSTS else what.value
            self._logger.warning(text, self._child, port.interface, which, self.counters["kea-mp-overload-shed"])
        return left

    def _count_shed(self, count: int) -> None:
        self.counters[self._dropped] += count
        self.counters["kea-mp-overload-shed"] = self.counters.get("kea-mp-overload-shed", 0) + count

    def _refuse(self, port: Port, datagram: Arrived, error: WireError) -> None:
        self.counters[self._unreadable] += 1
        self.counters[self._dropped] += 1
        if self._debug_drops:
            traffic, text = self._traffic, "%s failed to parse packet from %s to %s, interface %s, reason: %s"
            source, destination = traffic.text(datagram.source), traffic.text(datagram.destination)
            identifier = traffic.identifiers.unreadable
            traffic.bad_packets.log(_DROPS, text, identifier, source, destination, port.interface, error)

    def _discard(self, port: Port) -> None:
        """The service is paused: read and drop, so that no client is answered long after it has given up."""
        count = port.discard(PACKETS)
        for statistic in (self._received, self._disabled, self._dropped):
            self.counters[statistic] += count
        if count and self._debug_drops:
            text, identifier = "%s %d packets: DHCP service is globally disabled", self._traffic.identifiers.disabled
            self._traffic.bad_packets.log(_DROPS, text, identifier, count)

    def _say_problem(self, port: Port) -> None:
        text = "%s error on attempt to receive packet on %s: %s"
        self._logger.error(text, self._traffic.identifiers.receive_failed, port.interface, port.problem)
        self._error, port.problem = f"{port.interface}: {port.problem}", ""

    def _deliver(self, port: Port, packet: P, reply: R) -> None:
        counters = self.counters
        # A process that is stopped here, between directive and answer, must not answer when it is continued.
        if time.monotonic() > self._answers_until:
            counters[self._disabled] += 1
            counters[self._dropped] += 1
            return
        traffic = self._traffic
        try:
            port.send(packet, reply)
        except SendFailed as error:
            counters["kea-mp-send-failed"] = counters.get("kea-mp-send-failed", 0) + 1
            text = f"%s %s: failed to send {traffic.family.protocol} packet to %s"
            identifier = traffic.family.message("PACKET_SEND_FAIL")
            traffic.packets.error(text, identifier, traffic.label(packet.message), error)
            return
        counters[self._sent] += 1
        if reply.kind in traffic.sent:
            counters[traffic.sent[reply.kind]] += 1
        if self._debug_packets:
            self._say_sent(port, packet, reply)

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
            self._logger.warning(
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

    def _say_sent(self, port: Port, packet: P, reply: R) -> None:
        traffic = self._traffic
        text, identifier = "%s %s: type %d to %s:%d on interface %s", traffic.family.message("PACKET_SEND")
        target, who = traffic.text(reply.destination), traffic.label(packet.message)
        traffic.packets.log(_PACKETS, text, identifier, who, reply.kind, target, reply.port, port.interface)

    def _say_received(self, port: Port, datagram: Arrived, packet: P) -> None:
        traffic, message = self._traffic, packet.message
        text, identifier = (
            "%s %s: type %d received from %s to %s on interface %s",
            traffic.family.message("PACKET_RECEIVED"),
        )
        source, destination = traffic.text(datagram.source), traffic.text(datagram.destination)
        who = traffic.label(message)
        traffic.packets.log(_PACKETS, text, identifier, who, message.type, source, destination, port.interface)
