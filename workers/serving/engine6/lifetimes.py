"""How long a DHCPv6 lease lasts, when it is to be renewed, and when an old one is given out again without writing.

Runs in: serving
"""

from __future__ import annotations

from kea_mp.config.model import Lifetime
from kea_mp.config.model6 import Parameters6
from kea_mp.dhcp.message6 import Leased
from kea_mp.leases.model import DEFAULT, Lease6
from kea_mp.values import INFINITY
from workers.serving.engine.lifetimes import is_young
from workers.serving.engine6.context import Exchange6

Lifetimes = tuple[int, int]  #: preferred and valid, seconds


def lifetimes(x: Exchange6, parameters: Parameters6, hint: Leased | None) -> Lifetimes:
    """What the client asks for within the limits of its first class that has any, or of the subnet; else the default
    of these. A preferred lifetime that is not set, or longer than the valid one, is 5/8 of that."""
    prefers, lasts = parameters.preferred_lifetime, parameters.valid_lifetime
    if x.classes.defined:
        defined = x.classes.defined
        prefers = next((one.preferred_lifetime for one in defined if _is_set(one.preferred_lifetime)), prefers)
        lasts = next(
            (one.valid_lifetime for one in defined if one.valid_lifetime and one.valid_lifetime.default), lasts
        )
    valid = _within(lasts, hint.valid if hint is not None else 0)
    preferred = _within(prefers, hint.preferred if hint is not None else 0) if prefers is not None else 0
    if not preferred or preferred > valid:
        preferred = valid * 5 // 8 if valid != INFINITY else INFINITY
    return preferred, valid


def _is_set(lifetime: Lifetime | None) -> bool:
    return lifetime is not None and lifetime.default > 0


def _within(limits: Lifetime, wanted: int) -> int:
    if not wanted:
        return limits.default
    return min(max(wanted, limits.min), limits.max)


def tee_times6(parameters: Parameters6, preferred: int) -> tuple[int, int]:
    """T1 and T2 in seconds for an IA with this preferred lifetime; 0 leaves it to the client (RFC 8415 14.2). T1 must
    be below T2, which may be anything."""
    t1 = t2 = 0
    if parameters.rebind_timer is not None:
        t2 = parameters.rebind_timer
    elif parameters.calculate_tee_times:
        t2 = int(parameters.t2_percent * preferred + 0.5)
    if parameters.renew_timer is not None:
        t1 = parameters.renew_timer
    elif parameters.calculate_tee_times:
        t1 = int(parameters.t1_percent * preferred + 0.5)
    return (t1 if t1 < t2 else 0), t2


def reusable(old: Lease6, valid: int, now: int, parameters: Parameters6) -> Lifetimes | None:
    """What is left of an unchanged lease that is young enough to be given out again as it is (cache-threshold,
    cache-max-age); None: write it anew. valid: the lifetime that a new lease would have."""
    age = now - old.cltt
    if old.state != DEFAULT or not is_young(age, old.valid_lft, valid, parameters):
        return None
    preferred = old.pref_lft
    if preferred not in (0, INFINITY):
        if preferred <= age:
            return None
        preferred -= age
    return preferred, INFINITY if old.valid_lft == INFINITY else old.valid_lft - age
