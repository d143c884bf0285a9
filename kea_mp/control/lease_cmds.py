"""The commands of Kea's library lease_cmds: lease4-* and lease6-*.

The connection worker that owns the leases does the work. What may be long is asked for page by page, so that neither a
bus message grows nor the packets wait; leases come as JSON, ready for the answer.

Runs in: supervisor
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Raw, UnsetType

from kea_mp.config.folders import data_dir
from kea_mp.config.model import Config4
from kea_mp.config.model6 import Config6
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
from kea_mp.control.lease_arguments6 import (
    BulkLeases,
    Duid,
    NewLease6,
    OneLease6,
    Place6,
    address6_of,
    duid_of,
    lease6_of,
    which6,
)
from kea_mp.errors import CommandError
from kea_mp.leases.json6 import TYPES
from kea_mp.leases.model import NA, PD, Lease4, Lease6
from kea_mp.leases.store import Wanted, Wanted6
from kea_mp.values import colons, text4, text6

PAGE = 256  #: leases per order: one to two milliseconds of the connection worker
WRITE_S = 600.0  #: how long writing all leases to a file may take

Parts = list[tuple[int, int, bytes]]  #: subnet id, number of leases, their JSON without brackets
Asking = Generator[Ordered, Answer, dict[str, Any]]


class Subnets(msgspec.Struct, frozen=True):
    """lease4-get-all, lease6-get-all. Without arguments: leases of all subnets."""

    subnets: tuple[I64, ...]


class PageOf(msgspec.Struct, frozen=True, rename={"start": "from"}):
    """lease4-get-page, lease6-get-page. start: the address before the page, or "start"."""

    start: str
    limit: Annotated[int, msgspec.Meta(ge=1, le=0xFFFFFFFF)]


class HwAddress(msgspec.Struct, frozen=True, rename="kebab"):
    """lease4-get-by-hw-address."""

    hw_address: str


class ClientId(msgspec.Struct, frozen=True, rename="kebab"):
    """lease4-get-by-client-id."""

    client_id: str


class Hostname(msgspec.Struct, frozen=True):
    """lease4-get-by-hostname, lease6-get-by-hostname."""

    hostname: str


class Address(msgspec.Struct, frozen=True, rename="kebab"):
    """lease4-resend-ddns, lease6-resend-ddns."""

    ip_address: str


class OneSubnet(msgspec.Struct, frozen=True, rename="kebab"):
    """lease4-wipe, lease6-wipe. subnet_id 0: all configured subnets."""

    subnet_id: U32 = 0


class FileName(msgspec.Struct, frozen=True):
    """lease4-write, lease6-write."""

    filename: str


# ---- changes ----------------------------------------------------------------------------------------------------


def lease_add(daemon: Daemon, arguments: NewLease | NewLease6) -> Handling:
    lease = _lease(daemon, arguments)
    done = yield from _asked("lease-put", lease=lease, absent=True, present=False)
    if not done["stored"]:
        raise CommandError(f"there is an {_IP[daemon.family]} lease already", Result.CONFLICT)
    _debug(daemon, "ADD", arguments.ip_address)
    what = f"address {arguments.ip_address}"
    if isinstance(lease, Lease6):
        what = f"{_PLACES[lease.lease_type]} {text6(lease.address)}"
        what += f"/{lease.prefix_len}" if lease.lease_type == PD else ""
    return success(f"Lease for {what}, subnet-id {lease.subnet_id} added.")


def lease_update(daemon: Daemon, arguments: NewLease | NewLease6) -> Handling:
    lease = _lease(daemon, arguments)
    done = yield from _asked("lease-put", lease=lease, absent=arguments.force_create, present=True)
    if not done["stored"]:
        text = f"there is no lease for {arguments.ip_address}, or it has changed meanwhile; a retry might succeed"
        raise CommandError(text, Result.CONFLICT)
    _debug(daemon, "UPDATE", arguments.ip_address)
    return success(f"{_IP[daemon.family]} lease {'updated' if done['present'] else 'added'}.")


def lease_del(daemon: Daemon, arguments: OneLease) -> Handling:
    place, lease_type = _place(arguments)
    missing = Answer(Result.EMPTY, f"{_IP[daemon.family]} lease not found.")
    if place is None:
        return missing
    done = yield from _asked("lease-remove", place=place, type=lease_type)
    if done["removed"] is None:
        return missing
    _debug(daemon, "DEL", _TEXT[daemon.family](done["removed"]))
    return success(f"{_IP[daemon.family]} lease deleted.")


def lease_wipe(daemon: Daemon, arguments: OneSubnet) -> Handling:
    ids = (arguments.subnet_id,) if arguments.subnet_id else tuple(subnet.id for subnet in daemon.config.subnets)
    count, after = 0, _BEGINNING[daemon.family] if ids else None
    while after is not None:
        done = yield from _asked("lease-wipe", wanted=_wanted(daemon, subnets=ids), after=after, limit=PAGE)
        count, after = count + done["count"], done["after"]
    ip = _IP[daemon.family]
    text = f"Deleted {count} {ip} lease(s) from subnet(s){''.join(f' {id_}' for id_ in sorted(ids))}"
    _logger(daemon).info(
        "LEASE_CMDS_WIPE%s lease%s-wipe command successful: %s", daemon.family, daemon.family, text
    )  # fmt: skip
    return Answer(Result.SUCCESS if count else Result.EMPTY, text)


def lease6_bulk_apply(daemon: Daemon, arguments: BulkLeases) -> Handling:
    """Deletes leases, then writes others whether they are there or not. All arguments are looked at before anything is
    changed; what cannot be carried out then is told of in the answer."""
    deleted, new = arguments.deleted_leases, arguments.leases
    if isinstance(deleted, UnsetType) and isinstance(new, UnsetType):
        raise CommandError("neither 'deleted-leases' nor 'leases' is given")
    assert isinstance(daemon.config, Config6)
    config, now = daemon.config, int(daemon.now)
    try:
        places = [] if isinstance(deleted, UnsetType) else [which6(one) for one in deleted]
        leases = [] if isinstance(new, UnsetType) else [lease6_of(one, config, now) for one in new]
    except CommandError as refusal:  # whatever it is, in Kea it is no conflict here
        raise CommandError(refusal.text) from refusal
    addresses: list[tuple[bytes, int]] = []
    for place, lease_type in places:
        address = place if isinstance(place, bytes) else None
        if isinstance(place, Wanted6):
            address = (yield from _asked("lease-find", place=place, type=lease_type))["address"]
        if address is not None:
            addresses.append((address, lease_type))
    removed: list[bool] = []
    for start in range(0, len(addresses), PAGE):
        done = yield from _asked("lease-remove-all", places=addresses[start : start + PAGE])
        removed += done["removed"]
    problems: list[str] = []
    for start in range(0, len(leases), PAGE):
        done = yield from _asked("lease-put-all", leases=leases[start : start + PAGE])
        problems += done["problems"]
    return _applied(daemon, addresses, removed, leases, problems)


def _applied(
    daemon: Daemon, addresses: list[tuple[bytes, int]], removed: list[bool], leases: list[Lease6], problems: list[str]
) -> Answer:
    failed: dict[str, Any] = {}
    missing = [
        {"type": _type_name(lease_type), "ip-address": text6(address), "result": 3, "error-message": "lease not found"}
        for (address, lease_type), done in zip(addresses, removed, strict=True)
        if not done
    ]
    unwritten = [
        {
            "type": _type_name(lease.lease_type), "ip-address": text6(lease.address), "duid": colons(lease.duid),
            "result": 1, "error-message": problem,
        }
        for lease, problem in zip(leases, problems, strict=True)
        if problem
    ]  # fmt: skip
    if missing:
        failed["failed-deleted-leases"] = missing
    if unwritten:
        failed["failed-leases"] = unwritten
    count = sum(removed) + problems.count("")
    _logger(daemon).debug("LEASE_CMDS_BULK_APPLY6 lease6-bulk-apply command successful (applied addresses count: %s)",
                          count)  # fmt: skip
    text = f"Bulk apply of {count} IPv6 leases completed."
    return Answer(Result.SUCCESS if count else Result.EMPTY, text, failed or None)


def lease_resend_ddns(daemon: Daemon, arguments: Address) -> Answer:
    """The configuration cannot enable DNS updates yet, so this is what Kea answers without them."""
    _address(daemon, arguments.ip_address)
    raise CommandError("DDNS updating is not enabled", Result.CONFLICT)


def lease_write(daemon: Daemon, arguments: FileName) -> Handling:
    """Writes a file in Kea's format into the folder of our lease files, and keeps a former one as FILE.bak<pid>."""
    path = _dump_path(arguments.filename, daemon.config.lease_database.name)
    yield from _asked("lease-write", patience_s=WRITE_S, path=str(path))
    return success(f"{_IP[daemon.family]} lease database into '{path}'.")


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


def lease_get(daemon: Daemon, arguments: OneLease) -> Handling:
    place, lease_type = _place(arguments)
    found = None
    if place is not None:
        found = (yield from _asked("lease-get", place=place, type=lease_type))["lease"]
    if found is None:
        return Answer(Result.EMPTY, "Lease not found.")
    return success(f"{_IP[daemon.family]} lease found.", Raw(found))


def lease_get_all(daemon: Daemon, arguments: Subnets | None) -> Handling:
    """All leases in the order of their addresses, or those of some subnets in the order in which these are given."""
    if arguments is None:
        return _found(daemon, (yield from _pages(daemon)))
    ids = tuple(sorted({subnet_id for subnet_id in arguments.subnets if 0 < subnet_id <= 0xFFFFFFFF}))
    parts = (yield from _pages(daemon, subnets=ids)) if ids else []
    by_subnet: dict[int, Parts] = {}
    for part in parts:
        by_subnet.setdefault(part[0], []).append(part)
    return _found(daemon, [part for subnet_id in arguments.subnets for part in by_subnet.get(subnet_id, ())])


def lease_get_page(daemon: Daemon, arguments: PageOf) -> Handling:
    start = _FIRST[daemon.family] if arguments.start == "start" else _address(daemon, arguments.start, "from")
    return _found(daemon, (yield from _pages(daemon, start, arguments.limit)), counted=True)


def lease4_get_by_hw_address(daemon: Daemon, arguments: HwAddress) -> Handling:
    hw = hw_of(arguments.hw_address)
    return _found(daemon, (yield from _pages(daemon, hw=hw)) if hw else [])


def lease4_get_by_client_id(daemon: Daemon, arguments: ClientId) -> Handling:
    return _found(daemon, (yield from _pages(daemon, client_id=client_id_of(arguments.client_id))))


def lease6_get_by_duid(daemon: Daemon, arguments: Duid) -> Handling:
    return _found(daemon, (yield from _pages(daemon, duid=duid_of(arguments.duid))))


def lease_get_by_hostname(daemon: Daemon, arguments: Hostname) -> Handling:
    if not arguments.hostname:
        raise CommandError("'hostname' must not be empty")
    return _found(daemon, (yield from _pages(daemon, hostname=arguments.hostname.lower())))


def _found(daemon: Daemon, parts: Parts, counted: bool = False) -> Answer:
    """The answer with these leases. counted: it says their number too."""
    count = sum(number for _, number, _ in parts)
    arguments: dict[str, Any] = {"count": count} if counted else {}
    arguments["leases"] = Raw(b"[" + b",".join(part for _, _, part in parts) + b"]")
    text = f"{count} {_IP[daemon.family]} lease(s) found."
    return Answer(Result.SUCCESS if count else Result.EMPTY, text, arguments)


def _pages(
    daemon: Daemon, start: int | bytes | None = None, limit: int = 1 << 32, **wanted: Any
) -> Generator[Ordered, Answer, Parts]:
    """All these leases behind an address, page by page, up to a limit."""
    parts: Parts = []
    after = _BEGINNING[daemon.family] if start is None else start
    while after is not None and limit > 0:
        asked = _wanted(daemon, **wanted)
        page = yield from _asked("lease-page", wanted=asked, after=after, limit=min(PAGE, limit))
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


# ---- what differs between the families --------------------------------------------------------------------------

_IP = {4: "IPv4", 6: "IPv6"}
_PLACES = {NA: "address", PD: "prefix"}
_BEGINNING: dict[int, int | bytes] = {4: -1, 6: b""}  #: behind it are all addresses
_FIRST: dict[int, int | bytes] = {4: 0, 6: bytes(16)}  #: where Kea's pages begin: behind this address
_TEXT: dict[int, Callable[[Any], str]] = {4: text4, 6: text6}
_WANTED: dict[int, type[Wanted | Wanted6]] = {4: Wanted, 6: Wanted6}


def _wanted(daemon: Daemon, **wanted: Any) -> Wanted | Wanted6:
    return _WANTED[daemon.family](**wanted)


def _lease(daemon: Daemon, arguments: NewLease | NewLease6) -> Lease4 | Lease6:
    if isinstance(arguments, NewLease6):
        assert isinstance(daemon.config, Config6)
        return lease6_of(arguments, daemon.config, int(daemon.now))
    assert isinstance(daemon.config, Config4)
    return lease_of(arguments, daemon.config, int(daemon.now))


def _place(arguments: OneLease) -> tuple[int | Wanted | Place6 | None, int | None]:
    """Where a lease is, or whose it is, and of which type it must be."""
    return which6(arguments) if isinstance(arguments, OneLease6) else (which(arguments), None)


def _address(daemon: Daemon, text: str, name: str = "ip-address") -> int | bytes:
    return address6_of(text, name) if daemon.family == 6 else address_of(text, name)


def _type_name(lease_type: int) -> str:
    return TYPES.get(lease_type, "V4")


def _logger(daemon: Daemon) -> logging.Logger:
    return logging.getLogger(daemon.config.family.logger("lease-cmds-hooks"))


def _debug(daemon: Daemon, what: str, address: str) -> None:
    _logger(daemon).debug("LEASE_CMDS_%s%s lease%s-%s command successful (address: %s)", what, daemon.family,
                          daemon.family, what.lower(), address)  # fmt: skip
