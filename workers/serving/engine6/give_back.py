"""RELEASE and DECLINE: the client gives leases back, or says that somebody else uses its addresses.

As Kea, the lease is looked for by its address, wherever the client is.

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Callable, Generator

import msgspec
from msgspec.structs import replace

from kea_mp.dhcp.message6 import IA_NA, REPLY, Ia, StatusCode, pack_ia, pack_status
from kea_mp.errors import BackendDown
from kea_mp.leases.model import DECLINED, DEFAULT, NA, PD, RECLAIMED, RELEASED, Lease6
from kea_mp.leases.store import Changed, ClaimLease, Failed, FindLeases6, RemoveLease, Request6, Result6
from kea_mp.values import INFINITY, text6
from workers.serving.engine6 import trace
from workers.serving.engine6.admit import NO_DUID
from workers.serving.engine6.assign import Answering6, place_text, settle
from workers.serving.engine6.association import KIND_OF, Ask, Told, asked_for, found_in
from workers.serving.engine6.context import Exchange6
from workers.serving.engine6.reply import NO_TEMPLATE, answer6

MOST_TRIES = 3

Status6 = tuple[StatusCode, str]
NO_BINDING, SUCCESS, UNSPEC_FAIL = StatusCode.NO_BINDING, StatusCode.SUCCESS, StatusCode.UNSPEC_FAIL
RELEASED_WELL: Status6 = (SUCCESS, "Lease released. Thank you, please come again.")
NOT_RELEASED: Status6 = (UNSPEC_FAIL, "Server failed to release a lease")
DECLINED_WELL: Status6 = (SUCCESS, "Lease declined. Hopefully the next one will be better.")
NOTHING_NAMED = {
    NA: (NO_BINDING, "You did not include an address in your RELEASE"),
    PD: (NO_BINDING, "You did not include a prefix in your RELEASE"),
}
NOTHING_DECLINED: Status6 = (NO_BINDING, "No addresses sent in IA_NA")
UNKNOWN_LEASE: Status6 = (NO_BINDING, "Sorry, no known leases for this duid/iaid, can't release.")
NOT_YOURS: Status6 = (NO_BINDING, "This address does not belong to you, you can't release it")
OTHER_IAID: Status6 = (NO_BINDING, "This is your address, but you used wrong IAID")
UNKNOWN_ADDRESS: Status6 = (NO_BINDING, "Server does not know about such an address.")
NOT_YOURS_TO_DECLINE: Status6 = (NO_BINDING, "This address does not belong to you, you can't decline it")
SUMMARY = "Summary status for all processed IA_NAs"


class Return(msgspec.Struct, gc=False):
    """An address or prefix that an association gives back. status: what becomes of it, None while that is open."""

    ia: Ia
    kind: int
    address: bytes
    status: Status6 | None = None


def release(x: Exchange6) -> Answering6:
    """The leases end: kept as released when affinity is on (hold-reclaimed-time and flush-reclaimed-timer-wait-time are
    not 0), so that the client gets its address again; else removed. Of each IA only the first address counts."""
    settle(x)
    named = [ia for code in KIND_OF for ia in x.message.ias if ia.code == code]
    returns = [Return(ia, KIND_OF[ia.code], ia.leases[0].address) for ia in named if ia.leases]
    yield from _carry_out(x, returns, _releasing)
    by_ia = {id(one.ia): one for one in returns}
    packed = {NA: b"", PD: b""}
    general = SUCCESS
    for ia in named:
        kind = KIND_OF[ia.code]
        status = by_ia[id(ia)].status if id(ia) in by_ia else NOTHING_NAMED[kind]
        code, text = status or NOT_RELEASED
        if code != SUCCESS:
            general = code
        packed[kind] += pack_ia(ia.code, ia.iaid, 0, 0, pack_status(code, text))
    summary = pack_status(general, SUMMARY)
    return answer6(x, REPLY, NO_TEMPLATE, addresses=packed[NA], prefixes=packed[PD], status=summary)


def decline(x: Exchange6) -> Answering6:
    """The addresses go on probation (decline-probation-period) and belong to nobody for that time."""
    settle(x)
    named = [ia for ia in x.message.ias if ia.code == IA_NA]
    returns = [Return(ia, NA, leased.address) for ia in named for leased in ia.leases]
    yield from _carry_out(x, returns, _declining)
    packed = b""
    for ia in named:
        statuses = [one.status or NOT_RELEASED for one in returns if one.ia is ia] or [NOTHING_DECLINED]
        packed += pack_ia(IA_NA, ia.iaid, 0, 0, b"".join([pack_status(*status) for status in _told(statuses)]))
    return answer6(x, REPLY, NO_TEMPLATE, addresses=packed)


def _told(statuses: list[Status6]) -> list[Status6]:
    """As in Kea a refusal of an unknown address replaces what was said before it."""
    told: list[Status6] = []
    for status in statuses:
        told = [status] if status in (UNKNOWN_ADDRESS, OTHER_IAID) else [*told, status]
    return told


Change = Callable[[Exchange6, Return, Lease6 | None], Request6 | Status6]


def _carry_out(x: Exchange6, returns: list[Return], change: Change) -> Generator[Ask, Told, None]:
    """Look for all leases at once, change them at once; those that somebody else has changed meanwhile once more."""
    waiting = returns
    for one in returns:
        _forget(x, one)
    for _ in range(MOST_TRIES):
        looks = [FindLeases6(b"", 0, one.kind, (), x.now, one.address) for one in waiting]
        rows = [found_in(result).at for result in (yield from asked_for(looks))]
        asked: list[tuple[Return, Request6]] = []
        for one, row in zip(waiting, rows, strict=True):
            wanted = change(x, one, row)
            if isinstance(wanted, tuple):
                one.status = wanted
            else:
                asked.append((one, wanted))
        results = yield from asked_for([request for _, request in asked])
        waiting = [
            one for (one, request), result in zip(asked, results, strict=True) if _is_beaten(x, one, request, result)
        ]
        if not waiting:
            return


def _forget(x: Exchange6, one: Return) -> None:
    """Whatever comes of it, the client is not told that this lease goes on."""
    lease = x.know.committed.get(one.address)
    if lease is not None and lease.duid == x.duid:
        x.know.committed.forget(one.address)


def _is_beaten(x: Exchange6, one: Return, request: Request6, result: Result6) -> bool:
    """Whether somebody else was faster; else the status is known."""
    if type(result) is Failed:
        raise BackendDown(result.reason)
    if type(result) is Changed:
        return True
    declines = isinstance(request, ClaimLease) and request.lease.state == DECLINED
    one.status = DECLINED_WELL if declines else RELEASED_WELL
    identifier = "DHCP6_DECLINE_LEASE" if declines else f"DHCP6_RELEASE_{'NA' if one.kind == NA else 'PD'}"
    if trace.listening.info and not isinstance(request, FindLeases6):
        who, seen = trace.label6(x.message), request.seen
        trace.leases.info("%s %s: %s", identifier, who, place_text(seen) if seen is not None else "")
    return False


def _releasing(x: Exchange6, one: Return, lease: Lease6 | None) -> Request6 | Status6:
    """What a RELEASE does with the row, or why it does nothing. As in Kea 3.0 one that was given back already is given
    back well, for the first answer may have been lost."""
    if lease is None or lease.state not in (DEFAULT, RELEASED, RECLAIMED):
        return _refused(x, one, "FAIL_NOT_ASSIGNED", UNKNOWN_LEASE)
    if lease.duid != x.duid:
        return _refused(x, one, "FAIL_WRONG_DUID", NOT_YOURS)
    if lease.iaid != one.ia.iaid:
        return _refused(x, one, "FAIL_WRONG_IAID", OTHER_IAID)
    if lease.state != DEFAULT:
        return RELEASED_WELL
    expired = x.know.config.expired
    if expired.flush_wait and expired.hold_reclaimed and lease.valid_lft != INFINITY:
        return ClaimLease(replace(lease, valid_lft=0, pref_lft=0, state=RELEASED), lease)
    return RemoveLease(lease)


def _refused(x: Exchange6, one: Return, why: str, status: Status6) -> Status6:
    if trace.listening.info:
        identifier = f"DHCP6_RELEASE_{'NA' if one.kind == NA else 'PD'}_{why}"
        trace.leases.info("%s %s: %s", identifier, trace.label6(x.message), text6(one.address))
    return status


def _declining(x: Exchange6, one: Return, lease: Lease6 | None) -> Request6 | Status6:
    """The same for a DECLINE."""
    who, info = trace.label6(x.message), trace.leases.info
    if lease is None or lease.expire < x.now or lease.state != DEFAULT:
        info("DHCP6_DECLINE_FAIL_NO_LEASE %s: no lease at %s", who, text6(one.address))
        return UNKNOWN_ADDRESS
    if lease.duid != x.duid:
        info("DHCP6_DECLINE_FAIL_DUID_MISMATCH %s: %s is another client's", who, text6(one.address))
        return NOT_YOURS_TO_DECLINE
    if lease.iaid != one.ia.iaid:
        info("DHCP6_DECLINE_FAIL_IAID_MISMATCH %s: %s has iaid %d", who, text6(one.address), lease.iaid)
        return OTHER_IAID
    return ClaimLease(declined6(lease, x.know.config.decline_probation_period, x.now), lease)


def declined6(lease: Lease6, probation: int, now: int) -> Lease6:
    """The row of an address on probation."""
    return replace(
        lease, duid=NO_DUID, hw=b"", hw_source=0, pref_lft=0, valid_lft=probation, cltt=now, fqdn_fwd=False,
        fqdn_rev=False, hostname="", state=DECLINED, user_context="",
    )  # fmt: skip
