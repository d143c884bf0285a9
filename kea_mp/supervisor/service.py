"""Whether DHCP is served: the set of reasons against it, and the directive that follows from it.

The mode is derived, never stored: `exit` when the daemon is leaving, `pause` while there is any reason, else `serve`. A
reason belongs to whoever made it and only they take it away: a child of a backend that is not up, a dhcp-disable with
its origin and perhaps a time limit, a reconfiguration. The epoch grows with each change of mode or generation.

Runs in: supervisor
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from kea_mp.bus.messages import EXIT, PAUSE, SERVE, Directive, Health

_NOTHING: Mapping[str, Reason] = MappingProxyType({})
_NO_ATTEMPTS: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the service is paused. since, until: monotonic seconds; until None: until it is taken away."""

    since: float
    until: float | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """The reasons, by who made them, and the numbers of the directive. since: of the mode, monotonic seconds. attempts:
    the connection attempts that are wanted, by child."""

    reasons: Mapping[str, Reason] = field(default_factory=lambda: _NOTHING)
    leaving: bool = False
    epoch: int = 1
    generation: int = 1
    report: int = 0
    since: float = 0.0
    attempts: Mapping[str, int] = field(default_factory=lambda: _NO_ATTEMPTS)

    @property
    def mode(self) -> str:
        return EXIT if self.leaving else PAUSE if self.reasons else SERVE

    @property
    def directive(self) -> Directive:
        return Directive(self.epoch, self.mode, self.generation, self.report, dict(self.attempts))

    @property
    def next_end(self) -> float | None:
        """When the next time limit of a reason passes."""
        return min((r.until for r in self.reasons.values() if r.until is not None), default=None)


def paused(service: Service, who: str, now: float, until: float | None = None, text: str = "") -> Service:
    """With a reason more. One that is there already keeps its beginning and takes the new limit and text."""
    known = service.reasons.get(who)
    reason = Reason(known.since if known else now, until, text)
    return _changed(service, now, reasons={**service.reasons, who: reason})


def resumed(service: Service, who: str, now: float) -> Service:
    """Without the reason of `who`, if there is one."""
    if who not in service.reasons:
        return service
    return _changed(service, now, reasons={k: r for k, r in service.reasons.items() if k != who})


def ended(service: Service, now: float) -> Service:
    """Without the reasons whose time limit has passed."""
    left = {k: r for k, r in service.reasons.items() if r.until is None or r.until > now}
    return service if len(left) == len(service.reasons) else _changed(service, now, reasons=left)


def leaving(service: Service, now: float) -> Service:
    """The daemon ends; nothing brings it back."""
    return _changed(service, now, leaving=True)


def reconfigured(service: Service, generation: int) -> Service:
    """Under a new configuration, of which nobody has acknowledged anything."""
    return replace(service, generation=generation, epoch=service.epoch + 1)


def wanting(service: Service, attempts: Mapping[str, int]) -> Service:
    """These connection attempts are wanted now."""
    return service if attempts == service.attempts else replace(service, attempts=MappingProxyType(dict(attempts)))


def asked_to_report(service: Service) -> Service:
    """Every child sends its Health at once, with the new report number."""
    return replace(service, report=service.report + 1)


def acknowledged(directive: Directive, report: Health | None, silent_s: float, limit_s: float) -> bool:
    """Whether a packet worker follows the directive: it says so, or has been silent for so long that it does not serve
    and will take the newest directive before anything else. A worker that was never heard does not serve either, nor
    does one that has heard SERVE but holds back."""
    if report is None or silent_s > limit_s:
        return directive.mode != SERVE
    if directive.mode == SERVE and report.mode != SERVE:
        return False
    return report.epoch >= directive.epoch and report.generation >= directive.generation


def _changed(
    service: Service, now: float, *, reasons: Mapping[str, Reason] | None = None, leaving: bool | None = None
) -> Service:
    after = replace(
        service,
        reasons=service.reasons if reasons is None else MappingProxyType(dict(reasons)),
        leaving=service.leaving if leaving is None else leaving,
    )
    if after.mode == service.mode:
        return after
    return replace(after, epoch=service.epoch + 1, since=now)
