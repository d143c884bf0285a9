"""What systemd is told (sd_notify): that we are ready, how it is in one line, that the loop still turns.

READY=1 comes when the beginning is over: DHCP is served, or it is paused and known why (retry-on-startup), for then all
that a start can do is done. STATUS= follows the state of the service. WATCHDOG=1 comes from the loop itself, twice per
WatchdogSec, so that a loop that hangs ends as silence. Without NOTIFY_SOCKET nothing happens.

Runs in: supervisor
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import MutableMapping
from dataclasses import dataclass

from kea_mp.bus.messages import PAUSE
from kea_mp.supervisor import recovery
from kea_mp.supervisor.core import Core, described

_VARIABLES = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


@dataclass(frozen=True, slots=True)
class Standing:
    """ready: the beginning is over. reloading: one configuration gives way to the next. leaving: the daemon ends.
    text: one line for people."""

    ready: bool = False
    reloading: bool = False
    leaving: bool = False
    text: str = ""


def standing(core: Core) -> Standing:
    """How the daemon is now."""
    return Standing(core.started, core.changing, core.service.leaving, _in_words(core))


def _in_words(core: Core) -> str:
    if core.service.leaving:
        return "stopping"
    if core.service.mode == PAUSE:
        return f"{'paused' if core.started else 'starting'}: {described(core.service)}"
    away = [
        f"{child.removeprefix('connection-')}: {state.shown}"
        for child, state in core.backends.states.items()
        if state.phase is not recovery.Phase.UP
    ]
    return f"serving without {'; '.join(away)}" if away else "serving"


def messages(before: Standing, after: Standing, now: float) -> list[str]:
    """What to say about a change. now: monotonic seconds."""
    said = []
    if after.text != before.text:
        said.append("STATUS=" + " ".join(after.text.split()))
    if after.leaving:
        return said if before.leaving else [*said, "STOPPING=1"]
    if after.reloading and not before.reloading:
        return [*said, f"RELOADING=1\nMONOTONIC_USEC={int(now * 1e6)}"]
    ready_before = before.ready and not before.reloading
    if after.ready and not after.reloading and not ready_before:
        said.append("READY=1")
    return said


class Nanny:
    """Whoever has started us, if they want to know. path "": nobody does."""

    def __init__(self, path: str, logger: logging.Logger, watchdog_s: float = 0.0) -> None:
        """path: of a datagram socket, with @ in front an abstract one. watchdog_s: how long we may be silent; 0: for
        ever."""
        self._logger = logger
        self._address = "\0" + path[1:] if path.startswith("@") else path
        self._every_s = watchdog_s / 2
        self._alive_at = 0.0
        self._before = Standing()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) if path else None
        if self._socket is not None:
            self._socket.setblocking(False)

    @classmethod
    def of(cls, environment: MutableMapping[str, str], logger: logging.Logger) -> Nanny:
        """As systemd says it; taken out of the environment, for it is not our children's business."""
        path, period, pid = (environment.pop(name, "") for name in _VARIABLES)
        meant = period.isdigit() and pid in ("", str(os.getpid()))
        return cls(path, logger, int(period) / 1e6 if meant else 0.0)

    def follow(self, now_is: Standing, now: float) -> None:
        """To be called at each turn of the loop. now: monotonic seconds."""
        if self._socket is None:
            return
        said = messages(self._before, now_is, now)
        self._before = now_is
        if self._every_s and now - self._alive_at >= self._every_s:
            self._alive_at = now
            said.append("WATCHDOG=1")
        if said:
            self._send("\n".join(said))

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def _send(self, text: str) -> None:
        assert self._socket is not None
        try:
            self._socket.sendto(text.encode(), self._address)
        except OSError as error:
            self._logger.warning(
                "KEA_MP_NOTIFY_FAILED NOTIFY_SOCKET %s cannot be told %r: %s", self._address, text, error
            )
