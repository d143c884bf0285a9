"""How long a lease lasts, when it is to be renewed, and when an old one is given out again without writing.

Runs in: serving
"""

from __future__ import annotations

from kea_mp.config.model import Lifetime, Parameters, Parameters4
from kea_mp.leases.model import DEFAULT, Lease4
from kea_mp.values import INFINITY
from workers.serving.engine.context import Exchange


def valid_lifetime(x: Exchange, parameters: Parameters4) -> int:
    """Seconds: what the client asks for (option 51) within the limits of its first class that has any, or of the
    subnet; else the default of these."""
    lifetime = parameters.valid_lifetime
    if x.classes.defined:
        lifetime = _of_class(x) or lifetime
    asked = x.options.get(51)
    if asked is None:
        return lifetime.default
    wanted = int.from_bytes(asked[:4], "big")
    if not wanted:
        return lifetime.default
    return min(max(wanted, lifetime.min), lifetime.max)


def _of_class(x: Exchange) -> Lifetime | None:
    for definition in x.classes.defined:
        if definition.valid_lifetime is not None:
            return definition.valid_lifetime if definition.valid_lifetime.default else None
    return None


def offer_lifetime(x: Exchange, parameters: Parameters4) -> int:
    """Seconds for which an offered address is kept in the lease store, 0: it is not."""
    for definition in x.classes.defined:
        if definition.offer_lifetime is not None:
            return definition.offer_lifetime
    return parameters.offer_lifetime


def tee_times(parameters: Parameters4, valid: int) -> tuple[int, int]:
    """T1 and T2 in seconds, 0 for one that is not sent: T2 must be below the lifetime, T1 below what T2 leaves."""
    t1 = t2 = 0
    ceiling = valid
    if parameters.rebind_timer is not None:
        t2 = parameters.rebind_timer
    elif parameters.calculate_tee_times:
        t2 = int(parameters.t2_percent * valid + 0.5)
    if 0 < t2 < ceiling:
        ceiling = t2
    else:
        t2 = 0
    if parameters.renew_timer is not None:
        t1 = parameters.renew_timer
    elif parameters.calculate_tee_times:
        t1 = int(parameters.t1_percent * valid + 0.5)
    return (t1 if 0 < t1 < ceiling else 0), t2


def reusable_lifetime(old: Lease4, valid: int, now: int, parameters: Parameters4) -> int:
    """Seconds left of an unchanged lease that is young enough to be given out again as it is (cache-threshold,
    cache-max-age); 0: write it anew. valid: the lifetime that a new lease would have."""
    if old.state != DEFAULT:
        return 0
    if valid == INFINITY:
        return INFINITY
    age = now - old.cltt
    return old.valid_lft - age if is_young(age, old.valid_lft, valid, parameters) else 0


def is_young(age: int, lasts: int, valid: int, parameters: Parameters) -> bool:
    """Whether a lease that was written `age` seconds ago for `lasts` need not be written anew for `valid`."""
    if age < 0 or age >= lasts:
        return False
    if parameters.cache_max_age and age > parameters.cache_max_age:
        return False
    threshold = parameters.cache_threshold
    if not 0.0 < threshold <= 1.0:
        return False
    limit = int(valid * threshold)
    return 0 < limit >= age
