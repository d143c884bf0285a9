"""IPv6 prefixes in the configuration, and what may be excluded from one that is delegated (RFC 6603).

Runs in: any
"""

from __future__ import annotations

from kea_mp.config.scope import Level
from kea_mp.values import masked6, text6

ADDRESS_BITS = 128


def prefix_of(level: Level, text: str, *steps: str | int) -> tuple[bytes, int]:
    """Address and length of a prefix "address/length" that stands at `steps`; its host bits must be clear."""
    address_text, slash, length_text = text.partition("/")
    if not slash:
        raise level.error(f"{text!r} is not of the form prefix/length", *steps)
    if not (length_text.isascii() and length_text.isdigit() and 1 <= int(length_text) <= ADDRESS_BITS):
        raise level.error(f"{length_text!r} is not a prefix length between 1 and {ADDRESS_BITS}", *steps)
    prefix, length = level.address6_of(address_text, *steps), int(length_text)
    check_host_bits(level, prefix, length, *steps)
    return prefix, length


def check_host_bits(level: Level, prefix: bytes, length: int, *steps: str | int) -> None:
    if masked6(prefix, length) != prefix:
        problem = f"{text6(prefix)} is not the first address of a prefix of length {length}"
        raise level.error(problem, *steps)


def check_excluded(level: Level, delegated: tuple[bytes, int], excluded: tuple[bytes, int], *steps: str | int) -> None:
    """RFC 6603 4.2: what is excluded is a part of what is delegated."""
    if excluded[1] <= delegated[1]:
        problem = f"a prefix of length {excluded[1]} cannot be excluded from one of length {delegated[1]}"
        raise level.error(problem, *steps)
    if masked6(excluded[0], delegated[1]) != delegated[0]:
        problem = f"{text6(excluded[0])}/{excluded[1]} is not within {text6(delegated[0])}/{delegated[1]}"
        raise level.error(problem, *steps)
