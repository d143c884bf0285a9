"""The arguments of the lease4-* commands: their types, and the lease, address or identity that they mean; and what the
arguments of lease6-* (`lease_arguments6`) have in common with them.

Runs in: supervisor
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar, cast

import msgspec
from msgspec import UNSET, UnsetType

from kea_mp.config.model import Config4, Subnet4
from kea_mp.config.model6 import Subnet6
from kea_mp.control.answer import Result
from kea_mp.errors import CommandError
from kea_mp.leases.json4 import Context, kea_json, with_extended_info
from kea_mp.leases.model import DECLINED, RELEASED, Lease4
from kea_mp.leases.store import Wanted
from kea_mp.values import address4, text4

ETHERNET = b"\x01"
#: what `type` may say, and the lease type (None: V4)
TYPES: dict[str, int | None] = {
    "V4": None, "3": None, "IA_NA": 0, "0": 0, "IA_TA": 1, "1": 1, "IA_PD": 2, "2": 2,
}  # fmt: skip
HW_LIMIT = 20  #: octets

A = TypeVar("A", int, bytes)  #: an address
S = TypeVar("S", bound=Subnet4 | Subnet6)

U8 = Annotated[int, msgspec.Meta(ge=0, le=0xFF)]
U32 = Annotated[int, msgspec.Meta(ge=0, le=0xFFFFFFFF)]
I64 = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]

_OCTETS = re.compile(r"[0-9A-Fa-f]{1,2}(?::[0-9A-Fa-f]{1,2})*|[0-9A-Fa-f]{1,2}(?: [0-9A-Fa-f]{1,2})*")
_DIGITS = re.compile(r"(?:0x)?([0-9A-Fa-f]+)")


class AnyLease(msgspec.Struct, frozen=True, rename="kebab", kw_only=True):
    """What both families say of a new lease. expire: seconds since the epoch; without it the lease begins now.
    force_create: an update makes the lease when there is none."""

    ip_address: str
    subnet_id: U32 = 0
    pool_id: U32 = 0
    valid_lft: U32 | UnsetType = UNSET
    expire: I64 | UnsetType = UNSET
    fqdn_fwd: bool = False
    fqdn_rev: bool = False
    hostname: str = ""
    state: U8 = 0
    user_context: dict[str, Any] | UnsetType = UNSET
    comment: Any = UNSET
    force_create: bool = False


class NewLease(AnyLease, frozen=True, rename="kebab", kw_only=True):
    """lease4-add, lease4-update."""

    hw_address: str
    client_id: str | UnsetType = UNSET


class OneLease(msgspec.Struct, frozen=True, rename="kebab"):
    """lease4-get, lease4-del: by address, or by identity in a subnet, which are looked at without an address only.
    type has no effect on IPv4, update_ddns has none at all: no DNS updates are sent."""

    ip_address: str | UnsetType = UNSET
    subnet_id: Any = UNSET
    identifier_type: Any = UNSET
    identifier: Any = UNSET
    type: str | UnsetType = UNSET
    update_ddns: bool = False


def lease_of(arguments: NewLease, config: Config4, now: int) -> Lease4:
    """The lease to be written. CommandError: conflict when it fits no subnet, otherwise what is wrong with it."""
    address = address_of(arguments.ip_address)
    hw = hw_of(arguments.hw_address)
    subnet = subnet_for(arguments.subnet_id, address, config.subnets, text4)
    client_id = b"" if isinstance(arguments.client_id, UnsetType) else client_id_of(arguments.client_id)
    valid_lft = arguments.valid_lft
    if isinstance(valid_lft, UnsetType):
        valid_lft = subnet.parameters.valid_lifetime.default
    if arguments.state > RELEASED:
        raise CommandError(f"'state' is 0 (default), 1 (declined), 2 (expired-reclaimed) or 3 (released), "
                           f"not {arguments.state}")  # fmt: skip
    require_hostname(arguments)
    if not hw and not client_id and arguments.state != DECLINED:
        raise CommandError(f"the lease for {text4(address)} has neither hardware address nor client-id")
    context, relay_id, remote_id = with_extended_info(context_in(arguments))
    return Lease4(
        address=address,
        hw=hw,
        client_id=client_id,
        valid_lft=valid_lft,
        cltt=now if isinstance(arguments.expire, UnsetType) else begin(arguments.expire, valid_lft, text4(address)),
        subnet_id=subnet.id,
        fqdn_fwd=arguments.fqdn_fwd,
        fqdn_rev=arguments.fqdn_rev,
        hostname=arguments.hostname.lower(),
        state=arguments.state,
        user_context=kea_json(context) if context else "",
        pool_id=arguments.pool_id,
        relay_id=relay_id,
        remote_id=remote_id,
    )


def subnet_for(wanted: int, address: A, subnets: Sequence[S], text_of: Callable[[A], str], anywhere: bool = False) -> S:
    """The subnet with this id, which must have the address unless a lease of it may be `anywhere`; without an id, the
    one that has the address. CommandError (conflict)."""
    if not wanted:
        for subnet in subnets:
            if _holds(subnet, address) and not subnet.classes and not subnet.network_classes:
                return subnet
        raise CommandError(f"no 'subnet-id', and no subnet for address {text_of(address)}", Result.CONFLICT)
    found = next((subnet for subnet in subnets if subnet.id == wanted), None)
    if found is None:
        raise CommandError(f"there is no subnet with 'subnet-id' {wanted}", Result.CONFLICT)
    if not anywhere and not _holds(found, address):
        place = f"{text_of(cast(A, found.prefix))}/{found.length}, 'subnet-id' {wanted}"
        raise CommandError(f"the address {text_of(address)} is not in subnet {place}", Result.CONFLICT)
    return found


def _holds(subnet: Subnet4 | Subnet6, address: int | bytes) -> bool:
    return cast(Any, subnet).contains(address)  # type: ignore[no-any-return]


def begin(expire: int, valid_lft: int, address: str) -> int:
    """When a lease began that ends at `expire`. CommandError."""
    if expire <= 0:
        raise CommandError(f"'expire' must be positive for address {address}")
    if expire < valid_lft:
        raise CommandError(f"'expire' must not be less than the valid lifetime for address {address}")
    return expire - valid_lft


def require_hostname(arguments: AnyLease) -> None:
    """CommandError for a lease with names in the DNS and none."""
    if not arguments.hostname and (arguments.fqdn_fwd or arguments.fqdn_rev):
        raise CommandError("a lease with 'fqdn-fwd' or 'fqdn-rev' needs a 'hostname'")


def context_in(arguments: AnyLease) -> Context:
    """The user context with the comment in it. CommandError."""
    context: Context = {} if isinstance(arguments.user_context, UnsetType) else arguments.user_context
    if arguments.comment is UNSET:
        return context
    if "comment" in context:
        raise CommandError("'comment' is there twice, also in 'user-context'")
    return {**context, "comment": arguments.comment}


def address_of(text: str, name: str = "ip-address") -> int:
    """An IPv4 address. CommandError that calls it `name`."""
    try:
        address = address4(text)
    except ValueError:
        address = -1
    if address < 0 or text4(address) != text:
        raise CommandError(f"{name!r}: {text!r} is not an IPv4 address")
    return address


def hw_of(text: str, name: str = "hw-address") -> bytes:
    """Ethernet's htype and the address, whose octets stand between colons; b"" for no text. CommandError."""
    if text and (not _OCTETS.fullmatch(text) or " " in text):
        raise CommandError(f"{name!r}: {text!r} is not hexadecimal octets between colons")
    octets = bytes(int(octet, 16) for octet in text.split(":")) if text else b""
    if len(octets) > HW_LIMIT:
        raise CommandError(f"{name!r}: a hardware address has at most {HW_LIMIT} octets")
    return ETHERNET + octets if octets else b""


def client_id_of(text: str, name: str = "client-id") -> bytes:
    """2 to 255 octets; see `identifier_of`."""
    return identifier_of(text, name, "client-id", 2, 255)


def identifier_of(text: str, name: str, kind: str, least: int, most: int) -> bytes:
    """Octets between colons or blanks, or digits without either. CommandError."""
    if _OCTETS.fullmatch(text):
        octets = bytes(int(octet, 16) for octet in re.split("[: ]", text))
    elif digits := _DIGITS.fullmatch(text):
        octets = bytes.fromhex("0" * (len(digits[1]) % 2) + digits[1])
    elif not text:
        octets = b""
    else:
        raise CommandError(f"{name!r}: {text!r} is not hexadecimal")
    if not least <= len(octets) <= most:
        raise CommandError(f"{name!r}: a {kind} has {least} to {most} octets, not {len(octets)}")
    return octets


def identity_in(arguments: OneLease) -> tuple[int, str, str]:
    """Subnet id, kind of identifier and its text, where no address is given. CommandError."""
    subnet_id, kind, text = arguments.subnet_id, arguments.identifier_type, arguments.identifier
    if subnet_id is UNSET:
        raise CommandError("neither 'ip-address' nor 'subnet-id' is given")
    if type(subnet_id) is not int:
        raise CommandError("'subnet-id' must be an integer")
    if not isinstance(kind, str) or not isinstance(text, str):
        raise CommandError("without 'ip-address', 'identifier-type' and 'identifier' must be strings")
    return subnet_id, kind, text


def which(arguments: OneLease) -> int | Wanted | None:
    """The address, or the identity and subnet; None: no lease can have these. CommandError."""
    if arguments.type is not UNSET and arguments.type not in TYPES:
        raise CommandError(f"'type' is none of IA_NA, IA_TA, IA_PD and V4, but {arguments.type!r}")
    if not isinstance(arguments.ip_address, UnsetType):
        return address_of(arguments.ip_address)
    subnet_id, kind, text = identity_in(arguments)
    if kind == "hw-address":
        wanted = Wanted((subnet_id,), hw=hw_of(text, "identifier"))
    elif kind == "client-id":
        wanted = Wanted((subnet_id,), client_id=client_id_of(text, "identifier"))
    else:
        raise CommandError(f"'identifier-type' must be hw-address or client-id, not {kind!r}")
    return wanted if (wanted.hw or wanted.client_id) and 0 < subnet_id <= 0xFFFFFFFF else None
