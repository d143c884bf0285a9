"""One identity association of a message on its way to an answer, and how the store is asked.

Runs in: serving
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, cast

import msgspec

from kea_mp.dhcp.message6 import IA_NA, IA_PD, Ia, Leased
from kea_mp.errors import BackendDown
from kea_mp.leases.model import NA, PD, Lease6
from kea_mp.leases.store import FindLeases6, Found6, Request6, Result6
from workers.serving.engine6.context import Exchange6, Place
from workers.serving.engine6.plan import ADDRESS_BITS, AnyPool6, SubnetPlan6
from workers.serving.engine6.reach import Ranges6

if TYPE_CHECKING:
    from workers.serving.engine6.grant import Grant6

KIND_OF = {IA_NA: NA, IA_PD: PD}  #: IA_TA is not served, as in Kea
UNSPECIFIED = bytes(16)

Ask = Request6 | tuple[Request6, ...]  #: what an exchange yields; of a tuple all may go to the store at once
Told = Result6 | tuple[Result6, ...]  #: what it is sent: the result, or one for each in a tuple


class Choice6(msgspec.Struct, frozen=True, gc=False):
    """What the client gets for an association. address: of a prefix the first. plan: its subnet. seen: the row there.
    own: that row is the association's, so that this is a renewal. pool: where it lies, None: to be looked for."""

    address: bytes
    length: int
    plan: SubnetPlan6
    seen: Lease6 | None = None
    own: bool = False
    pool: AnyPool6 | None = None


class Association(msgspec.Struct, gc=False):
    """kind: NA or PD. hint, wish: what the client asks for; length: of the prefix that it wants, 0: any.

    asked: about which address the store was asked at first, b"" for none; ranges: where it was asked for a free one.
    found: what it said. recalled: that was remembered, and may be out of date. choices: what the client gets.
    gone: leases that it loses. plan: the subnet that its times come from. grants: what comes of the choices.
    """

    ia: Ia
    kind: int
    hint: Leased | None
    wish: bytes
    length: int
    asked: bytes = b""
    ranges: Ranges6 = ()
    found: Found6 | None = None
    recalled: bool = False
    choices: list[Choice6] = []
    gone: list[Lease6] = []
    plan: SubnetPlan6 | None = None
    grants: list[Grant6] = []

    def begin(self) -> None:
        """Forget what was decided."""
        self.choices, self.gone = [], []


def associations_of(x: Exchange6) -> list[Association]:
    """Those that are served, in the order of the answer: addresses before prefixes. One that comes again with its IAID
    is the same association."""
    found: list[Association] = []
    for code, kind in KIND_OF.items():
        for ia in x.message.ias:
            if ia.code == code:
                same = [one for one in found if one.kind == kind and one.ia.iaid == ia.iaid] if found else ()
                found.append(same[0] if same else _association(ia, kind))
    return found


def _association(ia: Ia, kind: int) -> Association:
    if not ia.leases:
        return Association(ia, kind, None, b"", 0)
    hint = ia.leases[0]
    length = hint.length if kind == PD and hint.length < ADDRESS_BITS else 0
    return Association(ia, kind, hint, hint.address if hint.address != UNSPECIFIED else b"", length)


def distinct(associations: list[Association]) -> list[Association]:
    """Each association once."""
    return list({id(one): one for one in associations}.values()) if len(associations) > 1 else associations


def found_in(result: Result6) -> Found6:
    """The answer to a FindLeases6."""
    if type(result) is Found6:
        return result
    raise BackendDown(getattr(result, "reason", "the lease store gave no answer to a lookup"))


def asked_for(requests: Sequence[Request6]) -> Generator[Ask, Told, tuple[Result6, ...]]:
    """The results of several requests that need not wait for each other."""
    if not requests:
        return ()
    if len(requests) == 1:
        return (cast(Result6, (yield requests[0])),)
    return cast(tuple[Result6, ...], (yield tuple(requests)))


def row_at(x: Exchange6, kind: int, address: bytes) -> Generator[Ask, Told, Lease6 | None]:
    """The row at an address, or of the prefix that begins there."""
    result = yield FindLeases6(b"", 0, kind, (), x.now, address)
    return found_in(cast(Result6, result)).at


def is_taken(x: Exchange6, kind: int, address: bytes) -> bool:
    """Whether another association of the same message gets it."""
    place: Place = (kind, address)
    return place in x.places
