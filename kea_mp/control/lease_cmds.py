"""The commands of Kea's library lease_cmds for DHCPv4: lease4-*.

The connection worker that owns the leases does the work. What may be long is asked for page by page, so that neither a
bus message grows nor the packets wait; leases come as JSON, ready for the answer.

Runs in: supervisor
"""

from __future__ import annotations

import logging
import os
from collections.abc import Generator
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Raw

from kea_mp.config.folders import data_dir
from kea_mp.control.answer import Answer, Result, success
from kea_mp.control.daemon import LEASE_DATABASE, Daemon, Handling, Ordered
from kea_mp.control.lease_arguments import (
    I64,
    U32,
    NewLease,
    OneLease,
    address_of,
    client_id_of,
    hw_of,
    lease_of,
    which,
)
from kea_mp.errors import CommandError
from kea_mp.leases.store import Wanted
from kea_mp.values import text4

logger = logging.getLogger("kea-dhcp4.lease-cmds-hooks")

PAGE = 256  #: leases per order: one to two milliseconds of the connection worker
WRITE_S = 600.0  #: how long writing all leases to a file may take

Parts = list[tuple[int, int, bytes]]  #: subnet id, number of leases, their JSON without brackets
Asking = Generator[Ordered, Answer, dict[str, Any]]


class Subnets(msgspec.Struct, frozen=True):
    """lease4-get-all. Without arguments: leases of all subnets."""

    subnets: tuple[I64, ...]


class PageOf(msgspec.Struct, frozen=True, rename={"start": "from"}):
    """lease4-get-page. start: the address before the page, or "start"."""

    start: str
    limit: Annotated[int, msgspec.Meta(ge=1, le=0xFFFFFFFF)]


class HwAddress(msgspec.Struct, frozen=True, rename="kebab"):
    """lease4-get-by-hw-address."""

    hw_address: str


class ClientId(msgspec.Struct, frozen=True, rename="kebab"):
    """lease4-get-by-client-id."""

    client_id: str


class Hostname(msgspec.Struct, frozen=True):
    """lease4-get-by-hostname."""

    hostname: str


class Address(msgspec.Struct, frozen=True, rename="kebab"):
    """lease4-resend-ddns."""

    ip_address: str


class OneSubnet(msgspec.Struct, frozen=True, rename="kebab"):
    """lease4-wipe. subnet_id 0: all configured subnets."""

    subnet_id: U32 = 0


class FileName(msgspec.Struct, frozen=True):
    """lease4-write."""

    filename: str


# ---- changes ----------------------------------------------------------------------------------------------------


def lease4_add(daemon: Daemon, arguments: NewLease) -> Handling:
    lease = lease_of(arguments, daemon.config, int(daemon.now))
    done = yield from _asked("lease-put", lease=lease, absent=True, present=False)
    if not done["stored"]:
        raise CommandError("there is an IPv4 lease already", Result.CONFLICT)
    logger.debug("LEASE_CMDS_ADD4 lease4-add command successful (address: %s)", arguments.ip_address)
    return success(f"Lease for address {arguments.ip_address}, subnet-id {lease.subnet_id} added.")


def lease4_update(daemon: Daemon, arguments: NewLease) -> Handling:
    lease = lease_of(arguments, daemon.config, int(daemon.now))
    done = yield from _asked("lease-put", lease=lease, absent=arguments.force_create, present=True)
    if not done["stored"]:
        text = f"there is no lease for {arguments.ip_address}, or it has changed meanwhile; a retry might succeed"
        raise CommandError(text, Result.CONFLICT)
    logger.debug("LEASE_CMDS_UPDATE4 lease4-update command successful (address: %s)", arguments.ip_address)
    return success("IPv4 lease updated." if done["present"] else "IPv4 lease added.")


def lease4_del(_: Daemon, arguments: OneLease) -> Handling:
    place = which(arguments)
    if place is None:
        return Answer(Result.EMPTY, "IPv4 lease not found.")
    done = yield from _asked("lease-remove", place=place)
    if done["removed"] is None:
        return Answer(Result.EMPTY, "IPv4 lease not found.")
    logger.debug("LEASE_CMDS_DEL4 lease4-del command successful (address: %s)", text4(done["removed"]))
    return success("IPv4 lease deleted.")


def lease4_wipe(daemon: Daemon, arguments: OneSubnet) -> Handling:
    ids = (arguments.subnet_id,) if arguments.subnet_id else tuple(subnet.id for subnet in daemon.config.subnets)
    count, after = 0, -1 if ids else None
    while after is not None:
        done = yield from _asked("lease-wipe", wanted=Wanted(ids), after=after, limit=PAGE)
        count, after = count + done["count"], done["after"]
    text = f"Deleted {count} IPv4 lease(s) from subnet(s){''.join(f' {id_}' for id_ in sorted(ids))}"
    logger.info("LEASE_CMDS_WIPE4 lease4-wipe command successful: %s", text)
    return Answer(Result.SUCCESS if count else Result.EMPTY, text)


def lease4_resend_ddns(_: Daemon, arguments: Address) -> Answer:
    """The configuration cannot enable DNS updates yet, so this is what Kea answers without them."""
    address_of(arguments.ip_address)
    raise CommandError("DDNS updating is not enabled", Result.CONFLICT)


def lease4_write(daemon: Daemon, arguments: FileName) -> Handling:
    """Writes a file in Kea's format into the folder of our lease files, and keeps a former one as FILE.bak<pid>."""
    path = _dump_path(arguments.filename, daemon.config.lease_database.name)
    yield from _asked("lease-write", patience_s=WRITE_S, path=str(path))
    return success(f"IPv4 lease database into '{path}'.")


def _dump_path(name: str, lease_file: str) -> Path:
    """The absolute path. CommandError for one elsewhere, and for those that belong to the lease file."""
    folder = data_dir()
    path = Path(os.path.normpath(folder / name))
    if not name or name.endswith("/"):
        raise CommandError(f"'filename': {name!r} has no file name")
    if path.parent != folder:
        raise CommandError(f"'filename': {name!r} is not in {folder}, where all lease files are")
    if str(path) == lease_file or str(path).startswith(f"{lease_file}."):
        raise CommandError(f"'filename': {name!r} is the lease file in use, or one that belongs to it")
    return path


# ---- questions --------------------------------------------------------------------------------------------------


def lease4_get(_: Daemon, arguments: OneLease) -> Handling:
    place = which(arguments)
    found = (yield from _asked("lease-get", place=place))["lease"] if place is not None else None
    if found is None:
        return Answer(Result.EMPTY, "Lease not found.")
    return success("IPv4 lease found.", Raw(found))


def lease4_get_all(_: Daemon, arguments: Subnets | None) -> Handling:
    """All leases in the order of their addresses, or those of some subnets in the order in which these are given."""
    if arguments is None:
        return _found((yield from _pages(Wanted())))
    ids = tuple(sorted({subnet_id for subnet_id in arguments.subnets if 0 < subnet_id <= 0xFFFFFFFF}))
    parts = (yield from _pages(Wanted(ids))) if ids else []
    by_subnet: dict[int, Parts] = {}
    for part in parts:
        by_subnet.setdefault(part[0], []).append(part)
    return _found([part for subnet_id in arguments.subnets for part in by_subnet.get(subnet_id, ())])


def lease4_get_page(_: Daemon, arguments: PageOf) -> Handling:
    start = 0 if arguments.start == "start" else address_of(arguments.start, "from")
    return _found((yield from _pages(Wanted(), start, arguments.limit)), counted=True)


def lease4_get_by_hw_address(_: Daemon, arguments: HwAddress) -> Handling:
    hw = hw_of(arguments.hw_address)
    return _found((yield from _pages(Wanted(hw=hw))) if hw else [])


def lease4_get_by_client_id(_: Daemon, arguments: ClientId) -> Handling:
    return _found((yield from _pages(Wanted(client_id=client_id_of(arguments.client_id)))))


def lease4_get_by_hostname(_: Daemon, arguments: Hostname) -> Handling:
    if not arguments.hostname:
        raise CommandError("'hostname' must not be empty")
    return _found((yield from _pages(Wanted(hostname=arguments.hostname.lower()))))


def _found(parts: Parts, counted: bool = False) -> Answer:
    """The answer with these leases. counted: it says their number too."""
    count = sum(number for _, number, _ in parts)
    arguments: dict[str, Any] = {"count": count} if counted else {}
    arguments["leases"] = Raw(b"[" + b",".join(part for _, _, part in parts) + b"]")
    return Answer(Result.SUCCESS if count else Result.EMPTY, f"{count} IPv4 lease(s) found.", arguments)


def _pages(wanted: Wanted, after: int | None = -1, limit: int = 1 << 32) -> Generator[Ordered, Answer, Parts]:
    """All these leases behind an address, page by page, up to a limit."""
    parts: Parts = []
    while after is not None and limit > 0:
        page = yield from _asked("lease-page", wanted=wanted, after=after, limit=min(PAGE, limit))
        parts += page["parts"]
        limit -= sum(number for _, number, _ in page["parts"])
        after = page["after"]
    return parts


def _asked(command: str, patience_s: float = 10.0, **arguments: Any) -> Asking:
    """What the owner of the leases answers. CommandError when it could not do it."""
    answer = yield Ordered(LEASE_DATABASE, command, arguments, patience_s)
    if answer.result != Result.SUCCESS:
        raise CommandError(answer.text, answer.result)
    found: dict[str, Any] = answer.arguments
    return found
