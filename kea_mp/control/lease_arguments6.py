"""The arguments of the lease6-* commands: their types, and the lease, address or identity that they mean.

Runs in: supervisor
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from kea_mp.config.model6 import Config6
from kea_mp.control.lease_arguments import (
    TYPES,
    U8,
    U32,
    AnyLease,
    OneLease,
    begin,
    context_in,
    hw_of,
    identifier_of,
    identity_in,
    require_hostname,
    subnet_for,
)
from kea_mp.errors import CommandError
from kea_mp.leases.json4 import kea_json
from kea_mp.leases.json6 import with_relay_info
from kea_mp.leases.model import DECLINED, NA, PD, REGISTERED, Lease6
from kea_mp.leases.store import Wanted6
from kea_mp.values import address6, masked6, text6

NO_TYPE = -1  #: a lease type that no lease has

Place6 = bytes | Wanted6


class NewLease6(AnyLease, frozen=True, rename="kebab", kw_only=True):
    """lease6-add, lease6-update."""

    duid: str
    iaid: U32
    type: str = "IA_NA"
    prefix_len: U8 | UnsetType = UNSET
    preferred_lft: U32 | UnsetType = UNSET
    hw_address: str = ""


class OneLease6(OneLease, frozen=True, rename="kebab"):
    """lease6-get, lease6-del. iaid: with an identity (Kea: 0 when it is not given)."""

    iaid: Any = UNSET


class BulkLeases(msgspec.Struct, frozen=True, rename="kebab"):
    """lease6-bulk-apply."""

    deleted_leases: tuple[OneLease6, ...] | UnsetType = UNSET
    leases: tuple[NewLease6, ...] | UnsetType = UNSET


class Duid(msgspec.Struct, frozen=True):
    """lease6-get-by-duid."""

    duid: str


def lease6_of(arguments: NewLease6, config: Config6, now: int) -> Lease6:
    """The lease to be written. CommandError: conflict when it fits no subnet, otherwise what is wrong with it. As in
    Kea the preferred lifetime that is not given is the subnet's valid one."""
    address = address6_of(arguments.ip_address)
    duid = duid_of(arguments.duid)
    lease_type, length = _type_and_length(arguments)
    if not arguments.subnet_id and lease_type == PD:
        raise CommandError("a lease of a prefix needs a 'subnet-id'")
    subnet = subnet_for(arguments.subnet_id, address, config.subnets, text6, lease_type == PD)
    usual = subnet.parameters.valid_lifetime.default
    valid_lft = usual if isinstance(arguments.valid_lft, UnsetType) else arguments.valid_lft
    pref_lft = usual if isinstance(arguments.preferred_lft, UnsetType) else arguments.preferred_lft
    if arguments.state > REGISTERED:
        raise CommandError(f"'state' is 0 (default), 1 (declined), 2 (expired-reclaimed), 3 (released) or 4 "
                           f"(registered), not {arguments.state}")  # fmt: skip
    if arguments.state == DECLINED and lease_type == PD:
        raise CommandError("a prefix is never declined")
    require_hostname(arguments)
    if masked6(address, length) != address:
        raise CommandError(f"'ip-address': {text6(address)} is not the first address of a prefix of length {length}")
    context = with_relay_info(context_in(arguments))
    expire = arguments.expire
    return Lease6(
        address=address,
        duid=duid,
        iaid=arguments.iaid,
        lease_type=lease_type,
        prefix_len=length,
        pref_lft=pref_lft,
        valid_lft=valid_lft,
        cltt=now if isinstance(expire, UnsetType) else begin(expire, valid_lft, text6(address)),
        subnet_id=subnet.id,
        fqdn_fwd=arguments.fqdn_fwd,
        fqdn_rev=arguments.fqdn_rev,
        hostname=arguments.hostname.lower(),
        state=arguments.state,
        user_context=kea_json(context) if context else "",
        pool_id=arguments.pool_id,
        hw=hw_of(arguments.hw_address),
    )


def _type_and_length(arguments: NewLease6) -> tuple[int, int]:
    if arguments.type == "IA_NA":
        return NA, 128
    if arguments.type != "IA_PD":
        raise CommandError(f"'type' is IA_NA or IA_PD, not {arguments.type!r}")
    if isinstance(arguments.prefix_len, UnsetType):
        raise CommandError("a lease of a prefix needs a 'prefix-len'")
    if not 1 <= arguments.prefix_len <= 128:
        raise CommandError(f"'prefix-len' is 1 to 128, not {arguments.prefix_len}")
    return PD, arguments.prefix_len


def address6_of(text: str, name: str = "ip-address") -> bytes:
    """An IPv6 address. CommandError that calls it `name`."""
    try:
        return address6(text)
    except ValueError as error:
        raise CommandError(f"{name!r}: {error}") from error


def duid_of(text: str, name: str = "duid") -> bytes:
    """3 to 130 octets, between colons or blanks, or digits without either. CommandError."""
    return identifier_of(text, name, "DUID", 3, 130)


def which6(arguments: OneLease6) -> tuple[Place6 | None, int]:
    """The address, or the identity and subnet (None: no lease can have these), and the lease type. CommandError."""
    lease_type: int | None = NA
    if not isinstance(arguments.type, UnsetType):
        if arguments.type not in TYPES:
            raise CommandError(f"'type' is none of IA_NA, IA_TA, IA_PD and V4, but {arguments.type!r}")
        lease_type = TYPES[arguments.type]
    wanted_type = NO_TYPE if lease_type is None else lease_type
    if not isinstance(arguments.ip_address, UnsetType):
        return address6_of(arguments.ip_address), wanted_type
    subnet_id, kind, text = identity_in(arguments)
    if kind != "duid":
        raise CommandError(f"'identifier-type' must be duid, not {kind!r}")
    duid = duid_of(text, "identifier")
    iaid = 0 if arguments.iaid is UNSET else arguments.iaid
    if type(iaid) is not int:
        raise CommandError("'iaid' must be an integer")
    possible = 0 < subnet_id <= 0xFFFFFFFF and 0 <= iaid <= 0xFFFFFFFF and wanted_type != NO_TYPE
    return Wanted6((subnet_id,), duid, iaid, wanted_type) if possible else None, wanted_type
