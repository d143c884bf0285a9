"""Commands that change whether and how long DHCP is served: dhcp-disable, dhcp-enable, shutdown, and leases-reclaim.

Runs in: supervisor
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from kea_mp.control.answer import Answer, success
from kea_mp.control.daemon import LEASE_DATABASE, SERVE, Acknowledged, Daemon, Handling, Ordered, PauseReason
from kea_mp.errors import CommandError

USER, HA_LOCAL, HA_REMOTE, DATABASE = 1, 1000, 2000, 3000  #: first origin id of each kind, as in Kea

ORIGINS = {"user": USER, "ha-partner": HA_REMOTE}  #: `origin` by name, as Kea's partners before 2.5.8 send it

Origin = Annotated[int, msgspec.Meta(ge=0, le=0xFFFFFFFF)]


class DhcpEnable(msgspec.Struct, frozen=True, rename="kebab"):
    """origin_id has precedence over origin; without both it is the user."""

    origin: str | Origin | msgspec.UnsetType = msgspec.UNSET
    origin_id: Origin | msgspec.UnsetType = msgspec.UNSET


class DhcpDisable(DhcpEnable, frozen=True, rename="kebab"):
    """max_period: seconds after which the service is enabled again by itself."""

    max_period: Annotated[int, msgspec.Meta(gt=0, le=2**63 - 1)] | msgspec.UnsetType = msgspec.UNSET


class LeasesReclaim(msgspec.Struct, frozen=True):
    """remove: reclaimed leases are deleted, not kept in the state expired-reclaimed."""

    remove: bool


class Shutdown(msgspec.Struct, frozen=True, rename="kebab"):
    """exit_value: of the daemon; a process can only end with 0 to 255."""

    exit_value: Annotated[int, msgspec.Meta(ge=0, le=255)] = 0


def origin_of(arguments: DhcpEnable) -> int:
    """Kea's origin id. CommandError for a name that Kea does not know."""
    if not isinstance(arguments.origin_id, msgspec.UnsetType):
        return arguments.origin_id
    origin = arguments.origin
    if isinstance(origin, msgspec.UnsetType):
        return USER
    if isinstance(origin, int):
        return origin
    if origin not in ORIGINS:
        raise CommandError(f"'origin' must be a number or one of {', '.join(ORIGINS)}, not {origin!r}")
    return ORIGINS[origin]


def dhcp_disable(daemon: Daemon, arguments: DhcpDisable) -> Handling:
    """Answers when every packet worker has really stopped."""
    origin = origin_of(arguments)
    limit = None if isinstance(arguments.max_period, msgspec.UnsetType) else arguments.max_period
    if limit is not None and origin >= DATABASE:
        raise CommandError("'max-period' is not possible for a database's origin (3000 and above)")
    daemon.disable(origin, limit)
    yield Acknowledged()
    return success(f"DHCPv{daemon.family} service disabled" + (f" for {limit} seconds" if limit else ""))


def dhcp_enable(daemon: Daemon, arguments: DhcpEnable) -> Handling:
    """Withdraws the dhcp-disable of one origin. A pause for a backend is not one of those and stays."""
    daemon.enable(origin_of(arguments))
    yield Acknowledged()
    state = daemon.snapshot()
    if state.mode == SERVE:
        return success(f"DHCPv{daemon.family} service enabled")
    left = "; ".join(in_words(reason) for reason in state.reasons) or "the daemon is leaving"
    return success(f"DHCPv{daemon.family} service is still disabled: {left}")


def in_words(reason: PauseReason) -> str:
    """Who pauses the service and why."""
    return f"{reason.who} ({reason.text})" if reason.text else reason.who


def leases_reclaim(_: Daemon, arguments: LeasesReclaim) -> Handling:
    """Processes all expired leases now. Result 1 when the lease backend cannot be asked."""
    answer: Answer = yield Ordered(LEASE_DATABASE, "leases-reclaim", {"remove": arguments.remove}, patience_s=60.0)
    return answer


def shutdown(daemon: Daemon, arguments: Shutdown) -> Answer:
    daemon.stop(arguments.exit_value)
    return success(f"DHCPv{daemon.family} server is shutting down")
