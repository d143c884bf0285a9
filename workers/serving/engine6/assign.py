"""SOLICIT, REQUEST, RENEW and REBIND: leases for all associations of a message, and the answer.

What all of them need to know is asked at once, and so is what is to be written. An association whose row was changed
by somebody else in between is decided anew.

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from kea_mp.dhcp.message6 import ADVERTISE, REBIND, REQUEST, SOLICIT
from kea_mp.errors import BackendDown
from kea_mp.leases.model import NA, PD, Lease6
from kea_mp.leases.store import Changed, ClaimLease, Failed, Found6, RemoveLease, Request6, Result6
from kea_mp.values import INFINITY, text6
from workers.serving import clients
from workers.serving.engine.memory import Seen
from workers.serving.engine.packet import Drop
from workers.serving.engine6 import trace
from workers.serving.engine6.admit import RECEIVE_DROP
from workers.serving.engine6.allocate import decide, lookup
from workers.serving.engine6.association import Ask, Association, Told, asked_for, associations_of, distinct, found_in
from workers.serving.engine6.context import Exchange6
from workers.serving.engine6.grant import (
    NO_SUBNET_TO_ASSIGN,
    NO_SUBNET_TO_EXTEND,
    Grant6,
    advertised,
    assigned_ia,
    extended_ia,
    granted6,
    refused_ia,
)
from workers.serving.engine6.names import Names6, client_names6
from workers.serving.engine6.packet import Reply6
from workers.serving.engine6.reply import answer6, pools_of, template_for
from workers.serving.engine6.trace import listening

MOST_TRIES = 4  #: times that a claim may be refused because somebody else was faster

Answering6 = Generator[Ask, Told, Reply6 | Drop]


def lease_for(x: Exchange6, kind: int, extends: bool, rapid_commit: bool = False) -> Answering6:
    """kind: of the answer; an ADVERTISE writes nothing. extends: RENEW and REBIND."""
    told = associations_of(x)
    if x.plan is None:
        return _placeless(x, kind, told, extends, rapid_commit)
    work = distinct(told)
    if x.type == REQUEST:
        _recall(x, work)
    names = yield from _settled(x, kind, work, extends)
    if isinstance(names, Drop):
        return names
    if kind == ADVERTISE:
        for one in work:
            _remember(x, one)
    settle(x)
    if listening.info:
        for one in work:
            _say(x, kind, one, extends)
    pack = extended_ia if extends else assigned_ia
    addresses = b"".join([pack(x, one, one.grants) for one in told if one.kind == NA])
    prefixes = b"".join([pack(x, one, one.grants) for one in told if one.kind == PD])
    return answer6(
        x, kind, template_for(x), addresses=addresses, prefixes=prefixes, rapid_commit=rapid_commit, fqdn=names.fqdn
    )  # fmt: skip


def _settled(
    x: Exchange6, kind: int, work: list[Association], extends: bool
) -> Generator[Ask, Told, Names6 | Drop]:  # fmt: skip
    """Decide and write, until nobody else is in between."""
    start = x.plan
    assert start is not None
    waiting = work
    done: list[Association] = []
    for _ in range(MOST_TRIES):
        x.plan, x.statistics = start, ()
        x.places = tuple((one.kind, choice.address) for one in done for choice in one.choices)
        yield from _look(x, waiting)
        for one in waiting:
            yield from decide(x, one, extends)
        waiting_again = [one for one in waiting if one.recalled and not one.choices]
        if waiting_again:  # the memory was of no use
            _forget_found(waiting_again)
            continue
        names = _grant(x, kind, work, waiting, extends)
        beaten = yield from _write(x, kind, waiting)
        if not beaten:
            return names
        done += [one for one in waiting if not any(one is other for other in beaten)]
        waiting = beaten
        _forget_found(waiting)
    trace.alloc_engine.error(
        "ALLOC_ENGINE_V6_ALLOC_ERROR %s: %d times another client was faster", trace.label6(x.message), MOST_TRIES
    )
    return Drop(RECEIVE_DROP, "ALLOC_ENGINE_V6_ALLOC_ERROR", x.statistics)


def _forget_found(work: list[Association]) -> None:
    for one in work:
        one.found, one.recalled = None, False


def _look(x: Exchange6, work: list[Association]) -> Generator[Ask, Told, None]:
    """The first lookups."""
    unknown = [one for one in work if one.found is None]
    if unknown:
        spoken_for = {address for _, address in x.places}
        results = yield from asked_for([lookup(x, one, spoken_for) for one in unknown])
        for one, result in zip(unknown, results, strict=True):
            one.found = found_in(result)


def _grant(x: Exchange6, kind: int, work: list[Association], waiting: list[Association], extends: bool) -> Names6:
    """Fill `grants` from the choices."""
    first = next((one for one in work if one.kind == NA), None)
    address = first.choices[0].address if first is not None and first.choices else b""
    names = client_names6(x, address, kind != ADVERTISE and x.type != SOLICIT)
    for one in waiting:
        if kind == ADVERTISE:
            one.grants = [advertised(x, one, choice) for choice in one.choices]
        else:
            one.grants = [
                granted6(
                    x, one, choice, names.made if names.made and choice.address == address else names.stored, extends
                )
                for choice in one.choices
            ]
    return names


def _write(x: Exchange6, kind: int, work: list[Association]) -> Generator[Ask, Told, list[Association]]:
    """Write what is granted and remove what is lost. Returns the associations whose rows have changed meanwhile."""
    requests: list[Request6] = []
    askers: list[Association | None] = []
    for one in work:
        if kind != ADVERTISE:
            for grant in one.grants:
                if not grant.reused:
                    requests.append(ClaimLease(grant.lease, grant.seen))
                    askers.append(one)
        for lease in one.gone:
            x.know.committed.forget(lease.address)
            _say_lost(x, one, lease)
            requests.append(RemoveLease(lease))
            askers.append(None)  # whoever changed it meanwhile may keep it
    results = yield from asked_for(requests)
    _raise_failed(results)
    beaten = [one for one, result in zip(askers, results, strict=True) if one is not None and type(result) is Changed]
    return list({id(one): one for one in beaten}.values())


def _raise_failed(results: Sequence[Result6]) -> None:
    for result in results:
        if type(result) is Failed:
            raise BackendDown(result.reason)


def _recall(x: Exchange6, work: list[Association]) -> None:
    """What the SOLICIT has found is taken for what is there; the claim says so if it is not."""
    for one in work:
        if one.wish:
            seen = x.know.memory.recall((x.duid, one.ia.iaid, one.kind), one.wish, x.now)
            if seen is not None:
                one.found = Found6((seen.mine,) if seen.mine is not None else (), seen.at)
                one.asked, one.recalled = one.wish, True


def _remember(x: Exchange6, one: Association) -> None:
    if len(one.choices) != 1 or one.gone or one.found is None:
        return
    choice = one.choices[0]
    mine = choice.seen if choice.own else None
    if len(one.found.mine) == (mine is not None):
        key = (x.duid, one.ia.iaid, one.kind)
        x.know.memory.remember(key, Seen(choice.address, choice.seen, mine, x.now))


def settle(x: Exchange6) -> None:
    """Classes that depend on the final subnet and pools: of the reservation there, and the additional ones."""
    plan = x.plan
    if plan is None or not (plan.additional or x.hosts):
        return
    clients.settle(x, pools_of(x) if plan.additional else ())


def _placeless(
    x: Exchange6, kind: int, work: list[Association], extends: bool, rapid_commit: bool
) -> Reply6 | Drop:  # fmt: skip
    """From a network that is not configured. A REBIND with prefixes is left to servers that may know them."""
    if x.type == REBIND and any(one.kind == PD for one in work):
        return Drop(RECEIVE_DROP, "DHCP6_PACKET_PROCESS_FAIL", x.statistics)
    texts = NO_SUBNET_TO_EXTEND if extends else NO_SUBNET_TO_ASSIGN
    addresses = b"".join([refused_ia(one, *texts[NA]) for one in work if one.kind == NA])
    prefixes = b"".join([refused_ia(one, *texts[PD]) for one in work if one.kind == PD])
    names = client_names6(x, b"", False)
    return answer6(
        x, kind, template_for(x), addresses=addresses, prefixes=prefixes, rapid_commit=rapid_commit, fqdn=names.fqdn
    )  # fmt: skip


def place_text(lease: Lease6) -> str:
    """An address, or a prefix with its length, for people."""
    return text6(lease.address) if lease.lease_type == NA else f"{text6(lease.address)}/{lease.prefix_len}"


def _say_lost(x: Exchange6, one: Association, lease: Lease6) -> None:
    identifier = "ALLOC_ENGINE_V6_REVOKED_ADDR_LEASE" if one.kind == NA else "ALLOC_ENGINE_V6_REVOKED_PREFIX_LEASE"
    text = "%s %s: lease %s is no longer for this client: reserved for another one, or in no pool for it"
    trace.alloc_engine.info(text, identifier, trace.label6(x.message), place_text(lease))


def _say(x: Exchange6, kind: int, one: Association, extends: bool) -> None:
    """One line for each lease, or that there is none."""
    who, what = trace.label6(x.message), "LEASE" if one.kind == NA else "PD_LEASE"
    doing = "ADVERT" if kind == ADVERTISE else "RENEW" if extends else "ALLOC"
    if not one.grants:
        trace.leases.debug("DHCP6_%s_%s_FAIL %s: nothing for iaid=%d", what, doing, who, one.ia.iaid)
    for grant in one.grants:
        _say_grant(who, what, "REUSE" if grant.reused and kind != ADVERTISE else doing, one.ia.iaid, grant)


def _say_grant(who: str, what: str, doing: str, iaid: int, grant: Grant6) -> None:
    told = "infinity" if grant.valid == INFINITY else f"{grant.valid} seconds"
    text = "DHCP6_%s_%s %s: lease for %s and iaid=%d: %s"
    trace.leases.info(text, what, doing, who, place_text(grant.lease), iaid, told)
