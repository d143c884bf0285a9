"""Runs the exchanges: each packet's generator until it yields, what they yielded as one batch, its results back in.

An exchange is in one of three places: `_Outbox.askers` (has yielded, not sent), `_Outbox.sent` (its batch is with the
backend) or nowhere (done). Everything is bounded: exchanges at hand, their age, the size of a batch, one waiting packet
per client. An answer leaves only as the value that the engine returned.

A connection worker answers the batches of a lane in their order, so that a batch which a later one has overtaken is
lost: it was in the hands of a process that died. It is asked again, which is safe because every change is conditional
on what the row was before, and because the original cannot be carried out any more. A change whose first try was
committed and not answered meets its own row, and counts as done. When nothing else is to be asked, an empty batch
finds out.

A backend that is away says so with each answer and when it goes and comes (`BatchDone.away`). Until it is back its
requests fail here at once: it is not asked, for it may be busy with a connection that does not come about.

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast

import msgspec

from kea_mp import log
from kea_mp.leases.store import BatchDone, Changed, ClaimLease, Failed, RemoveLease, Stored
from workers.serving.committed import Committed
from workers.serving.engine.packet import Drop
from workers.serving.lane import AnyRequest, AnyResult, Lane, TooLarge
from workers.serving.packets import Port
from workers.serving.traffic import Answer, P, R, Received, Traffic

_DROPS = log.debug(15)

Exchange = Generator[Any, Any, R | Drop]
PIn = TypeVar("PIn", contravariant=True, bound=Received)
ROut = TypeVar("ROut", covariant=True, bound=Answer)
Counters = dict[str, int]


class Engine(Protocol[PIn, ROut]):
    """What the scheduler needs of `Engine4` and `Engine6`. respond yields a request and is sent its result, or a tuple
    of requests, never an empty one, and is sent the tuple of their results. saw: told each result, one by one."""

    @property
    def committed(self) -> Committed[Any]: ...

    def respond(self, packet: PIn, now: float) -> Exchange[ROut]: ...

    def saw(self, request: Any, result: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds. exchanges: at hand at once. batch: requests in one. batches: with one backend at once, while more wait.
    stall_s: a batch unanswered for so long may be lost, and holds nothing up any more. probe_s: between two batches
    that are sent to find out. patience_s: a client has tried again by then, so that an older exchange goes on as if its
    backend were away."""

    exchanges: int = 1024
    batch: int = 128
    batches: int = 4
    stall_s: float = 0.25
    probe_s: float = 1.0
    patience_s: float = 4.0


class _Exchange(msgspec.Struct, gc=False):
    """One packet being answered. key: the client, b"" when it may have several at once. started: monotonic seconds.
    request: what it has yielded; again: that is asked a second time."""

    generator: Exchange[Any]
    packet: Any
    port: Port
    key: bytes
    started: float
    request: Any
    again: bool = False


class _Together(msgspec.Struct, gc=False):
    """The requests that an exchange has yielded at once: their results, None for those that have yet to come, and how
    many these are. over: the exchange was given up."""

    exchange: _Exchange
    results: list[Any]
    missing: int
    over: bool = False


class _Part(msgspec.Struct, gc=False):
    """One of these requests. place: which one; the rest as in `_Exchange`."""

    together: _Together
    place: int
    started: float
    request: Any
    again: bool = False


_Asker = _Exchange | _Part


class _Outbox:
    """What one backend is to be asked (`requests`, of `askers`) and has been asked (`sent`). away: why it cannot be
    asked now, as it says itself, "" when it can; then what is waiting has failed."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.away = ""
        self.probed = 0.0  #: when it was last asked whether it is back, monotonic seconds
        self.requests: list[AnyRequest] = []
        self.askers: list[_Asker] = []
        #: batch number → when it was sent, and whose results will come; None for an exchange that was given up
        self.sent: dict[int, tuple[float, list[_Asker | None]]] = {}


class Scheduler(Generic[P, R]):
    """The exchanges of one packet worker.

    traffic: the messages of its family. routes: which lane a type of request goes to. deliver: takes the answers.
    counters: Kea's statistics, raised here for packets that get none.
    """

    def __init__(
        self,
        traffic: Traffic[P, R],
        engine: Engine[P, R],
        routes: Mapping[type, Lane],
        deliver: Callable[[Port, P, R], None],
        counters: Counters,
        limits: Limits,
    ) -> None:
        self._traffic = traffic
        self._key = traffic.key
        self._engine = engine
        self._deliver = deliver
        self._counters = counters
        self._limits = limits
        outboxes = {id(lane): _Outbox(lane) for lane in routes.values()}
        self._outboxes = tuple(outboxes.values())
        self._outbox_of = {kind: outboxes[id(lane)] for kind, lane in routes.items()}
        self._busy: set[bytes] = set()  #: clients with an exchange at hand
        self._next: dict[bytes, tuple[Port, P, int, float, float]] = {}  #: the newest packet of a busy client
        self.at_hand = 0  #: exchanges that have yielded and are not done
        self.stuck = False  #: requests wait because a lane had no room: only a new `flush` will send them
        self.waited_s, self.answered = 0.0, 0  #: for the mean time of a batch, since they were last set to 0

    @property
    def room(self) -> int:
        """How many more exchanges may be started."""
        return self._limits.exchanges - self.at_hand

    def start(self, port: Port, packet: P, kind: int, now: float, wall: float) -> None:
        """Begin an exchange. kind: DHCP message type; now: monotonic, wall: since the epoch.

        As in Kea, a client's packets that change leases are handled one after the other, and of those that come
        meanwhile only the newest is kept.
        """
        key = self._key(packet, kind)
        if key and key in self._busy:
            if key in self._next:
                self._drop(self._next[key][1], self._traffic.duplicate)
            self._next[key] = (port, packet, kind, now, wall)
            return
        try:
            generator = self._engine.respond(packet, wall)
            request = next(generator)
        except StopIteration as end:
            self._finish(port, packet, end.value)
        except Exception:  # noqa: BLE001  the outermost loop of one exchange: a bad packet must not end them all
            self._fail(packet)
        else:
            self.at_hand += 1
            if key:
                self._busy.add(key)
            self._ask(_Exchange(generator, packet, port, key, now, request))

    def _ask(self, exchange: _Exchange) -> None:
        """Put what an exchange has yielded where it will be sent from."""
        request = exchange.request
        if type(request) is tuple:
            self._ask_together(exchange, request)
        else:
            outbox = self._outbox_of[type(request)]
            outbox.requests.append(request)
            outbox.askers.append(exchange)

    def _ask_together(self, exchange: _Exchange, requests: tuple[AnyRequest, ...]) -> None:
        together = _Together(exchange, [None] * len(requests), len(requests))
        for place, request in enumerate(requests):
            outbox = self._outbox_of[type(request)]
            outbox.requests.append(request)
            outbox.askers.append(_Part(together, place, exchange.started, request))

    def resume(self, now: float) -> None:
        """Take what the lanes have brought and let those exchanges go on."""
        for outbox in self._outboxes:
            for done in outbox.lane.receive():
                self._take(outbox, done, now)

    def flush(self, now: float) -> None:
        """Send what is waiting, as far as the lanes have room."""
        self.stuck = False
        for outbox in self._outboxes:
            if outbox.away:
                self._do_without(outbox, now)
                continue
            size = self._limits.batch
            while outbox.requests and self._may_send(outbox, now):
                requests, askers = outbox.requests[:size], outbox.askers[:size]
                try:
                    number = outbox.lane.send(requests)
                except TooLarge as error:
                    if (size := len(requests) // 2) == 0:
                        del outbox.requests[0], outbox.askers[0]
                        self._go_on(askers[0], Failed(str(error)))
                        size = 1
                    continue
                if number is None:
                    self._count("kea-mp-lane-full")
                    self.stuck = True
                    break
                del outbox.requests[:size], outbox.askers[:size]
                outbox.sent[number] = (now, list(askers))
            if outbox.sent and not outbox.requests:
                self._probe(outbox, now)

    def _do_without(self, outbox: _Outbox, now: float) -> None:
        """The backend is away: what would be asked has failed, so that nothing piles up. An empty batch now and then
        finds out whether it is back, in case that it could not say so."""
        failed = Failed(outbox.away)
        while outbox.askers:
            askers, outbox.requests, outbox.askers = outbox.askers, [], []
            for asker in askers:
                self._go_on(asker, failed)
        if now - outbox.probed >= self._limits.probe_s:
            outbox.probed = now
            self._ask_nothing(outbox, now)

    def _probe(self, outbox: _Outbox, now: float) -> None:
        """Find out whether what was sent long ago is lost."""
        when, askers = next(reversed(outbox.sent.values()))
        if now - when >= (self._limits.stall_s if askers else self._limits.probe_s):
            self._ask_nothing(outbox, now)

    def _ask_nothing(self, outbox: _Outbox, now: float) -> None:
        number = outbox.lane.send(())
        if number is not None:
            outbox.sent[number] = (now, [])

    def _may_send(self, outbox: _Outbox, now: float) -> bool:
        """Whether one more batch may be under way. Those that a dead connection worker took with it do not count."""
        if len(outbox.sent) < self._limits.batches:
            return True
        return sum(now - when < self._limits.stall_s for when, _ in outbox.sent.values()) < self._limits.batches

    def expire(self, now: float) -> None:
        """End exchanges that are older than a client's patience."""
        before = now - self._limits.patience_s
        for outbox in self._outboxes:
            if any(asker.started < before for asker in outbox.askers):
                pairs = list(zip(outbox.requests, outbox.askers, strict=True))
                outbox.requests = [request for request, asker in pairs if asker.started >= before]
                outbox.askers = [asker for _, asker in pairs if asker.started >= before]
                for _, asker in pairs:
                    if asker.started < before:
                        self._end_without(asker)
            for number, (when, askers) in list(outbox.sent.items()):
                for place, sent in enumerate(askers):
                    if sent is not None and sent.started < before:
                        askers[place] = None
                        self._end_without(sent)
                if not any(askers) and (askers or when < before):
                    del outbox.sent[number]

    def abandon(self) -> None:
        """Give up everything at hand: no answer may leave any more."""
        for _, packet, *_ in self._next.values():
            self._drop(packet, self._traffic.given_up)
        self._next.clear()
        for outbox in self._outboxes:
            given_up = [*outbox.askers, *(asker for _, sent in outbox.sent.values() for asker in sent)]
            outbox.requests, outbox.askers, outbox.sent = [], [], {}
            for asker in given_up:
                if asker is not None:
                    self._give_up(asker)

    def _take(self, outbox: _Outbox, done: BatchDone[AnyResult], now: float) -> None:
        outbox.away = done.away
        if done.gone:
            self._engine.committed.forget(*done.gone)
        if not done.number:
            return
        sent = outbox.sent.pop(done.number, None)
        if sent is None:
            self._count("kea-mp-batch-unknown")  # it was for the worker before us, or we gave up on it
            return
        when, askers = sent
        while outbox.sent and (oldest := next(iter(outbox.sent))) < done.number:
            self._ask_again(outbox, outbox.sent.pop(oldest)[1])
        self.waited_s += now - when
        self.answered += 1
        if len(askers) != len(done.results):
            self._count("kea-mp-batch-unknown")
            self._traffic.packets.error(
                "KEA_MP_BATCH_MISMATCH a batch of %d requests came back with %d results; its packets are dropped",
                len(askers),
                len(done.results),
            )
            for asker in askers:
                if asker is not None:
                    self._give_up(asker)
            return
        for asker, result in zip(askers, done.results, strict=True):
            if asker is not None:
                self._go_on(asker, result)

    def _ask_again(self, outbox: _Outbox, askers: list[_Asker | None]) -> None:
        """These were in a batch that is lost; first of all that waits, for they have waited the longest."""
        left = [asker for asker in askers if asker is not None]
        for asker in left:
            asker.again = True
        outbox.requests[:0] = [asker.request for asker in left]
        outbox.askers[:0] = left
        if left:
            self._count("kea-mp-batch-repeated")

    def _go_on(self, asker: _Asker, result: Any) -> None:
        if asker.again:
            asker.again = False
            result = _with_first_try(asker.request, result)
        self._engine.saw(asker.request, result)
        if type(asker) is _Exchange:
            exchange = asker
        else:
            together = cast(_Part, asker).together
            together.results[cast(_Part, asker).place] = result
            together.missing -= 1
            if together.missing or together.over:
                return
            exchange, result = together.exchange, tuple(together.results)
        try:
            request = exchange.generator.send(result)
        except StopIteration as end:
            self._finish(exchange.port, exchange.packet, end.value)
            self._release(exchange)
        except Exception:  # noqa: BLE001  as in start
            self._fail(exchange.packet)
            self._release(exchange)
        else:
            exchange.request = request
            self._ask(exchange)

    def _release(self, exchange: _Exchange) -> None:
        """The exchange is over: the client's next packet may be handled."""
        self.at_hand -= 1
        key = exchange.key
        if key:
            self._busy.remove(key)
            if key in self._next:
                self.start(*self._next.pop(key))

    def _finish(self, port: Port, packet: P, outcome: R | Drop) -> None:
        for statistic in outcome.statistics:
            self._count(statistic)
        if not isinstance(outcome, Drop):
            self._deliver(port, packet, outcome)
        elif outcome.statistic:
            self._count(outcome.statistic)

    def _end_without(self, asker: _Asker) -> None:
        """The backend has not answered in time: what the engine makes of that is the last word."""
        failed: Any = Failed(f"no answer within {self._limits.patience_s:g} s")
        if isinstance(asker, _Part):
            together, exchange = asker.together, asker.together.exchange
            if together.over:
                return
            together.over = True
            failed = tuple(failed if result is None else result for result in together.results)
        else:
            exchange = asker
        try:
            exchange.generator.send(failed)
        except StopIteration as end:
            self._count("kea-mp-exchange-given-up")
            self._finish(exchange.port, exchange.packet, end.value)
            self._release(exchange)
        except Exception:  # noqa: BLE001  as in start
            self._fail(exchange.packet)
            self._release(exchange)
        else:
            self._give_up(exchange)

    def _give_up(self, asker: _Asker) -> None:
        if isinstance(asker, _Part):
            if asker.together.over:
                return
            asker.together.over = True
            asker = asker.together.exchange
        exchange = asker
        exchange.generator.close()
        self._drop(exchange.packet, self._traffic.given_up)
        self._release(exchange)

    def _fail(self, packet: P) -> None:
        traffic = self._traffic
        text = "%s %s: exception occurred during packet processing"
        identifier = traffic.family.message("PACKET_PROCESS_STD_EXCEPTION")
        traffic.packets.exception(text, identifier, traffic.label(packet.message))
        self._drop(packet, traffic.failed)

    def _drop(self, packet: P, drop: Drop) -> None:
        """Not answered, and not by the engine's decision (which says so itself)."""
        self._count(drop.statistic)
        for statistic in drop.statistics:
            self._count(statistic)
        traffic = self._traffic
        if drop.identifier and traffic.bad_packets.isEnabledFor(_DROPS):
            text = "%s %s: dropped, %s"
            traffic.bad_packets.log(_DROPS, text, drop.identifier, traffic.label(packet.message), drop.statistic)

    def _count(self, statistic: str) -> None:
        self._counters[statistic] = self._counters.get(statistic, 0) + 1


def _with_first_try(request: Any, result: Any) -> Any:
    """The result of a request that was asked twice: a change that the first try has made is done."""
    match request, result:
        case ClaimLease(lease=lease), Changed(current=current) if current == lease:
            return Stored(lease)
        case RemoveLease(seen=seen), Changed(current=None):
            return Stored(seen)
    return result
