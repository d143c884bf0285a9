"""What an option needs that no list of fields describes, and what becomes of an option that is not in order.

Runs in: any
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kea_mp.errors import WireError


class SkippedOption(WireError):
    """The option is to be left out, the message stays good."""


class SkippedRest(WireError):
    """The option and all that follow it are to be left out, the message stays good."""


@dataclass(frozen=True, slots=True)
class Special:
    """The format of one option, as far as it is its own; None: as the fields of its definition say.

    encode: from the values of a configuration (ValueError). conform: as `options.conform` (data, lenient). decode: the
    values of a payload (WireError). check: what a configured payload must suit besides (ValueError). between: what
    stands between two values in a configuration.
    """

    encode: Callable[[list[str]], bytes] | None = None
    conform: Callable[[bytes, bool], bytes] | None = None
    decode: Callable[[bytes], list[str]] | None = None
    check: Callable[[bytes], None] | None = None
    between: str = ", "


NOTHING_SPECIAL = Special()
