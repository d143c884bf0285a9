"""Relay agent information (option 82): looking into it, and echoing it as Kea does.

A sub-option that the end cuts off is ignored.

Runs in: serving
"""

from __future__ import annotations

from functools import lru_cache

MOST_KEPT = 4096  #: options 82 remembered: each is looked into several times per message

CIRCUIT_ID, REMOTE_ID, LINK_SELECTION, SERVER_ID_OVERRIDE, RELAY_ID, RELAY_PORT = 1, 2, 5, 11, 12, 19


def parts_of(agent: bytes) -> list[tuple[int, bytes]]:
    """Sub-options in their order, each with its payload."""
    parts: list[tuple[int, bytes]] = []
    at, end = 0, len(agent)
    while at + 1 < end:
        stop = at + 2 + agent[at + 1]
        if stop > end:
            break
        parts.append((agent[at], agent[at + 2 : stop]))
        at = stop
    return parts


@lru_cache(maxsize=MOST_KEPT)
def _joined(agent: bytes) -> dict[int, bytes]:
    """Sub-options by code; several of the same code are joined (RFC 3396)."""
    joined: dict[int, bytes] = {}
    for code, payload in parts_of(agent):
        joined[code] = joined.get(code, b"") + payload
    return joined


def sub_option(agent: bytes, code: int) -> bytes | None:
    """One sub-option, None when it is missing."""
    return _joined(agent).get(code)


@lru_cache(maxsize=MOST_KEPT)
def echoed(agent: bytes) -> bytes:
    """The payload as it goes back: Kea takes it apart and puts it together again, sub-options in ascending order."""
    joined = _joined(agent)
    return b"".join(_packed(code, joined[code]) for code in sorted(joined))


def _packed(code: int, payload: bytes) -> bytes:
    pieces = [payload[at : at + 255] for at in range(0, len(payload), 255)] or [b""]
    return b"".join(b"%c%c%b" % (code, len(piece), piece) for piece in pieces)
